# Every target installs or starts what it needs. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help run test lint format console openapi bench promises release audit clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build all and start on SQLite in ./data with the demo company
	@scripts/run

test: ## every test; some of them with ONLY="rust doc console foreign tools schema browser"
	@scripts/test $(ONLY)

lint: ## format, clippy, licences and bans, the console's types and style
	@scripts/lint

format: ## write the sources the way lint wants them
	@scripts/format

console: ## build the console into console/dist
	@scripts/console

openapi: ## write openapi.json and the console's types made from it
	@scripts/openapi

bench: ## run the load programs on this machine
	@scripts/bench $(ONLY)

promises: ## each promise with the tests that name it
	@scripts/promises

release: ## the optimised binary with the console inside: target/release/campanile
	@scripts/console
	@cargo build --locked --release --package campanile

audit: ## ask the RustSec database for known holes in dependencies (needs GitHub)
	@scripts/cargo-deny check advisories

clean: ## remove what was built, not ./data
	@rm -rf target console/dist console/node_modules e2e/node_modules e2e/out
