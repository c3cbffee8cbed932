# shellcheck shell=bash
# Shared functions of the scripts in this folder: messages, and system packages.
# Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export root

# A clean clone is built once: what would speed up the second build only slows down the first.
[ -z "${CI:-}" ] || export CARGO_INCREMENTAL=0

# Prints what a script is doing, on standard error so that output stays clean.
say() { printf '==> %s\n' "$*" >&2; }

# Exits with the reason and, on further lines, what to do about it.
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# in_background FILE COMMAND [ARGUMENT…]  Starts the command in the background, with its output in the file. `$!` is its id and
# that of its process group, so that it ends if this script is stopped.
in_background() {
  local file=$1
  shift
  trap stop_background INT TERM HUP
  set -m
  "$@" >"$file" 2>&1 </dev/null &
  set +m
}

stop_background() {
  local id
  trap '' INT TERM HUP
  for id in $(jobs -p); do kill -- "-$id" 2>/dev/null; done
  exit 130
}

# install_packages PACKAGE…  Debian packages, as root or with sudo; otherwise prints what is missing.
install_packages() {
  local as=()
  if ! has apt-get; then
    die "this needs the packages: $*" "Install them, or your system's equivalents, and run the same command again."
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if has sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
      as=(sudo)
    else
      die "this needs the packages: $*" "As root: apt-get install $*"
    fi
  fi
  as+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y)
  say "installing $*"
  mkdir -p "$root/target"
  (
    # Two of these scripts may do this at once.
    flock 9
    "${as[@]}" install --no-install-recommends "$@" >/dev/null 2>&1 && exit
    "${as[@]}" update >/dev/null || true # the package list may be outdated or missing
    "${as[@]}" install --no-install-recommends "$@" >/dev/null
  ) 9>"$root/target/install-packages.lock" || die "apt-get install $* failed"
}

# The Rust toolchain and a C compiler (SQLite and ring are built from source).
need_rust() {
  has cargo || die "cargo is missing" \
    "Install Rust $(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml") or newer with rustup: https://rustup.rs"
  has cc || install_packages build-essential
}

# Whether the first version is at least the second.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

# Node.js, new enough to build the console. If the system's is older, one from the npm registry is installed in
# target/tools, only for these scripts.
need_node() {
  local oldest=20.19.0 own="$root/target/tools/node"
  [ ! -d "$own" ] || PATH="$own/node_modules/.bin:$PATH"
  has npm || install_packages nodejs npm
  local version
  version=$(node --version)
  if ! at_least "${version#v}" "$oldest"; then
    say "Node.js ${version#v} is too old to build the console: installing a newer one in target/tools"
    npm install --prefix "$own" --no-audit --no-fund --loglevel=error node@22 npm@11 >&2
    PATH="$own/node_modules/.bin:$PATH"
    hash -r
    version=$(node --version)
    at_least "${version#v}" "$oldest" || die "Node.js ${version#v} is too old; the console needs $oldest or newer" \
      "Without a console: cargo run"
  fi
}

# npm_packages FOLDER  Installs the packages of its package-lock.json, unless they are installed.
npm_packages() {
  local folder="$root/$1"
  need_node
  if [ ! -e "$folder/node_modules/.package-lock.json" ] || [ "$folder/package-lock.json" -nt "$folder/node_modules/.package-lock.json" ]; then
    say "installing the packages of $1"
    npm --prefix "$folder" ci --no-audit --no-fund --loglevel=error >&2
  fi
}

# Prints the path of a Chromium; installs one if there is none.
find_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    [ -n "$name" ] && has "$name" && { command -v "$name"; return; }
  done
  install_packages chromium fonts-dejavu-core
  command -v chromium
}
