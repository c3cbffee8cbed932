#!/usr/bin/env bash
# run.sh [OPERATION-ID…]
# Schemathesis makes requests out of what the API says of itself, right ones and wrong ones, and sends them to a real server
# as an administrator and as an analyst: nothing that the description allows is refused, nothing that it refuses is
# taken, and every answer is described. Ends with a line "N passed, N failed", counted in requests.
# `CASES=10000` says how many requests it takes at least, `SEED=2` which ones; operations that are named are the only ones.
# What is excused, and why, is in exceptions.toml. What it installs lies in target/schema, the report of each run too.
# `SCHEMA_BINARY` is another server than that of target/debug.
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
# The binary that the Rust tests ran with: asked for like this, nothing is built twice.
[ -n "${SCHEMA_BINARY:-}" ] || cargo test --quiet --locked --workspace --tests --no-run
PYTHONDONTWRITEBYTECODE=1 "$work/venv/bin/python" "$here/check.py" "$work" "$binary" "$@"
