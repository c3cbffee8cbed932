# Every target installs or starts what it needs. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help run test check lint format console openapi bench promises release audit clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build everything and start on SQLite in ./data with the demo company
	@scripts/run

test: ## run all tests, or some of them with ONLY="rust doc console foreign tools schema browser"
	@scripts/test $(ONLY)

check: ## check types, clippy and unit tests of what changed since the last commit
	@scripts/check

lint: ## format, clippy, licences and bans, the console's types and style
	@scripts/lint

format: ## format the sources
	@scripts/format

console: ## build the console into console/dist
	@scripts/console

openapi: ## generate openapi.json and the console's types
	@scripts/openapi

bench: ## run the load programs on this machine
	@scripts/bench $(ONLY)

promises: ## list each promise with its tests
	@scripts/promises

release: ## build what is shipped into target/release: server, debug information, notices, SBOM
	@scripts/release

audit: ## check dependencies for known vulnerabilities with RustSec (needs GitHub)
	@scripts/cargo-deny check advisories

clean: ## remove build output, not ./data
	@rm -rf target console/dist console/node_modules e2e/node_modules e2e/out
