#!/usr/bin/env bash
# run.sh [install] [TOOL…]
# Real scanners (Bandit, Ruff, ESLint, Semgrep, Checkov) on a small source tree: unchanged, with three lines of
# comment on top of every file, then with one problem fixed, each in a separate folder. Their reports are imported into a
# real server: nothing is created twice, and exactly the fixed finding is closed. Ends with a line "N passed, N failed".
# What it installs is in target/scanners, the reports in target/scanners/reports. `UPDATE=1` writes those of three
# states to crates/formats/tests/samples/tools. If no tool is named, `TOOLS="bandit checkov"` selects them; without
# it all but Checkov, which takes minutes to install. `TOOLS_BINARY` selects a server other than that of target/debug.
# `install` only installs them.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
here="$root/tests/tools"
work="$root/target/scanners"

# venv NAME  Installs requirements/NAME.txt, each list in its own environment: the tools need different versions.
venv() {
  local list="$here/requirements/$1.txt" place="$work/$1"
  if ! cmp --silent "$list" "$place/requirements.txt"; then
    say "installing tests/tools/requirements/$1.txt into target/scanners/$1"
    rm -rf "$place"
    python3 -m venv "$place"
    # Compiled on first use: most of it is never used.
    "$place/bin/pip" install --quiet --disable-pip-version-check --no-compile --no-deps --requirement "$list"
    cp "$list" "$place/requirements.txt"
  fi
}

node_modules() {
  if ! cmp --silent "$here/package-lock.json" "$work/node/package-lock.json"; then
    mkdir -p "$work/node"
    cp "$here/package.json" "$here/package-lock.json" "$work/node"
    say "installing the packages of tests/tools into target/scanners/node"
    npm --prefix "$work/node" ci --no-audit --no-fund --loglevel=error >&2 || { rm -f "$work/node/package-lock.json"; return 1; }
  fi
}

# The folders of the named tools.
places() {
  local tool
  for tool in "$@"; do
    case $tool in
      bandit | ruff) echo lint ;;
      eslint) echo node ;;
      semgrep | checkov) echo "$tool" ;;
      *) die "no such tool: $tool" "Tools: bandit ruff eslint semgrep checkov" ;;
    esac
  done | sort -u
}

only=
[ "${1:-}" != install ] || { only=1 && shift; }
# shellcheck disable=SC2086 # a list of words
[ $# -gt 0 ] || set -- ${TOOLS:-bandit ruff eslint semgrep}
need_node
has python3 || install_packages python3 python3-venv
python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
mkdir -p "$work"
list=$(places "$@")
waiting=()
for place in $list; do
  if [ "$place" = node ]; then node_modules & else venv "$place" & fi
  waiting+=($!)
done
for one in "${waiting[@]}"; do wait "$one"; done
[ -z "$only" ] || exit 0
need_rust

binary=${TOOLS_BINARY:-$root/target/debug/campanile}
# Use the same binary as the Rust tests: with these arguments, nothing is built twice.
[ -n "${TOOLS_BINARY:-}" ] || cargo test --quiet --locked --workspace --tests --no-run
PYTHONDONTWRITEBYTECODE=1 python3 "$here/check.py" "$work" "$work/reports" "$binary" "$@"
