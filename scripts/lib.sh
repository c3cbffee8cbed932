# shellcheck shell=bash
# What the scripts beside this file share: words to the reader, and packages of the system.
# Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export root

# What a script is doing now, on standard error so that output stays clean.
say() { printf '==> %s\n' "$*" >&2; }

# Ends the script with the reason and, on further lines, what to do about it.
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# install_packages PACKAGE…  Debian packages, as root or by sudo; otherwise says what is missing.
install_packages() {
  local as=()
  if ! has apt-get; then
    die "this needs the packages: $*" "Install them, or what your system calls them, and run the same command again."
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
  if ! "${as[@]}" install --no-install-recommends "$@" >/dev/null 2>&1; then
    "${as[@]}" update >/dev/null || true # the package list may be old or not there yet
    "${as[@]}" install --no-install-recommends "$@" >/dev/null || die "apt-get install $* failed"
  fi
}

# The Rust toolchain and a C compiler (SQLite and ring are built from source).
need_rust() {
  has cargo || die "cargo is missing" \
    "Install Rust $(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml") or newer with rustup: https://rustup.rs"
  has cc || install_packages build-essential
}

# Node.js, new enough for the console's build.
need_node() {
  has npm || install_packages nodejs npm
  local version
  version=$(node --version)
  version=${version#v}
  if [ "$(printf '%s\n20.19.0\n' "$version" | sort -V | head -n 1)" != 20.19.0 ]; then
    die "Node.js $version is too old to build the console; it takes 20.19 or newer" \
      "Without a console: cargo run"
  fi
}

# The path of a Chromium on standard output; installs one where there is none.
chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    [ -n "$name" ] && has "$name" && { command -v "$name"; return; }
  done
  install_packages chromium fonts-dejavu-core
  command -v chromium
}
