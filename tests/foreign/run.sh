#!/usr/bin/env bash
# run.sh [install]
# The channels' output for hostile titles, read by third-party parsers: Slack's block models, the Standard
# Webhooks library and the mail parser of Python, Microsoft's renderer of Adaptive Cards; and calendar feeds, read by
# the library icalendar and the program khal. Ends with lines "N passed, N failed". Everything it installs is in
# target/foreign; `install` only installs.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
here="$root/tests/foreign"
work="$root/target/foreign"

venv() {
  has python3 || install_packages python3 python3-venv
  if ! cmp --silent "$here/requirements.txt" "$work/venv/requirements.txt"; then
    say "installing tests/foreign/requirements.txt into target/foreign/venv"
    rm -rf "$work/venv"
    python3 -m venv "$work/venv" 2>/dev/null || { install_packages python3-venv && python3 -m venv --clear "$work/venv"; }
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$work/venv/requirements.txt"
  fi
}

node_modules() {
  need_node
  if ! cmp --silent "$here/package-lock.json" "$work/node/package-lock.json"; then
    mkdir -p "$work/node"
    cp "$here/package.json" "$here/package-lock.json" "$work/node"
    say "installing the packages of tests/foreign into target/foreign/node"
    npm --prefix "$work/node" ci --no-audit --no-fund --loglevel=error >&2 || { rm -f "$work/node/package-lock.json"; return 1; }
  fi
}

# A picture of some cards, to look at: target/foreign/cards.png.
draw() {
  local golden="$root/crates/notify/tests/golden" chromium
  node "$here/cards.mjs" "$work/node/node_modules/adaptivecards/dist/adaptivecards.min.js" "$work/cards.html" \
    "$golden"/{finding.assigned,sla.breached,scan.completed,report.failed,finding.assigned.minimal,campanile.summary}.txt \
    "$fixtures"/teams/{003,076}.json
  chromium=$(find_chromium) || return 1
  timeout 60 "$chromium" --headless --no-sandbox --disable-gpu --disable-background-networking --hide-scrollbars \
    --window-size=1100,2800 --screenshot="$work/cards.png" "file://$work/cards.html" 2>/dev/null
}

mkdir -p "$work"
venv
node_modules
has khal || install_packages khal
[ "${1:-}" != install ] || exit 0
need_rust

fixtures="$work/fixtures"
rm -rf "$fixtures"
# With the whole workspace, so that its features match the other tests and nothing is built twice.
CAMPANILE_FIXTURES="$fixtures" cargo test --quiet --locked --workspace --test outbound -- fixtures::
CAMPANILE_FIXTURES="$fixtures" cargo test --quiet --locked --workspace --test it -- fixtures::
status=0
"$work/venv/bin/python" "$here/check.py" "$fixtures" || status=1
cp "$here/teams.mjs" "$work/node/teams.mjs" # next to its packages
"$work/venv/bin/python" "$here/feeds.py" "$fixtures/calendar" || status=1
node "$work/node/teams.mjs" "$fixtures" || status=1
draw || say "could not create a picture of the cards"
exit "$status"
