#!/usr/bin/env bash
# run.sh [OPERATION-ID…]
# Schemathesis generates requests from the OpenAPI document, valid and invalid ones, and sends them to a real server as an
# administrator, as an analyst, and as a user who signs out: no valid request is refused, no invalid one is accepted, and
# every response is documented. Ends with a line "N passed, N failed", counted in requests.
# `CASES=10000` is the minimum number of requests that the administrator and the analyst each send; `SEED=2` selects others;
# if operations are named, only those are tested. exceptions.toml lists the exceptions and their reasons. What it installs is in
# target/schema, with the reports of each run. `SCHEMA_BINARY` selects a server other than that of target/debug.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
here="$root/tests/schema"
work="$root/target/schema"

venv() {
  has python3 || install_packages python3 python3-venv
  if ! cmp --silent "$here/requirements.txt" "$work/venv/requirements.txt"; then
    say "installing tests/schema/requirements.txt into target/schema/venv"
    rm -rf "$work/venv"
    python3 -m venv "$work/venv" 2>/dev/null || { install_packages python3-venv && python3 -m venv --clear "$work/venv"; }
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$work/venv/requirements.txt"
  fi
}

need_rust
mkdir -p "$work"
venv
binary=${SCHEMA_BINARY:-$root/target/debug/campanile}
# Use the same binary as the Rust tests: with these arguments, nothing is built twice.
[ -n "${SCHEMA_BINARY:-}" ] || cargo test --quiet --locked --workspace --tests --no-run
PYTHONDONTWRITEBYTECODE=1 "$work/venv/bin/python" "$here/check.py" "$work" "$binary" "$@"
