#!/bin/sh
# What the counterparts and the browser tests need: a Java runtime, ip, tshark, chromium, Node.js, cargo and ocppsim.
# Installs only what is missing, system packages only as root on a Debian-like machine; says what is missing otherwise.
# Exit code: 0 everything is there, 1 something is missing.
set -eu

PATH="${HOME:-/root}/.cargo/bin:$PATH" # the cargo of an old distribution may be too old: rustup's goes first

missing=""
need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

look() {
    missing=""
    need java openjdk-17-jre-headless
    need ip iproute2
    need tshark tshark
    need chromium chromium
    need node nodejs
    need npm npm
    need cargo cargo
}

look
if [ -n "$missing" ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    # shellcheck disable=SC2086  # a list of package names
    apt-get install -y --no-install-recommends $missing
    look
fi

# The simulator is a crate: built once (minutes) with the dependencies of its release, and kept below .counterparts.
version=0.3.0
home="$(cd "$(dirname "$0")/../.." && pwd)/.counterparts/ocppsim-$version"
if [ ! -x "$home/bin/ocppsim" ]; then
    nice -n 10 cargo install ocppsim --version "$version" --locked --root "$home" ||
        missing="$missing ocppsim"
fi

if [ -n "$missing" ]; then
    echo "not installed:$missing" >&2
    exit 1
fi
