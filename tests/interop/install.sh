#!/bin/sh
# System packages for the counterparts and the browser tests: a Java runtime, ip, tshark, chromium.
# Installs only what is missing, and only as root on a Debian-like machine; says what is missing otherwise.
# Exit code: 0 everything is there, 1 something is missing.
set -eu

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
}

look
if [ -n "$missing" ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    # shellcheck disable=SC2086  # a list of package names
    apt-get install -y --no-install-recommends $missing
    look
fi
if [ -n "$missing" ]; then
    echo "not installed:$missing" >&2
    exit 1
fi
