#!/usr/bin/env bash
# The system libraries that Qt and the virtual screen Xvfb need, for the tests of windows.
#
# On Debian and Ubuntu as root the missing ones are installed; anywhere else, and with --check,
# they are named and the caller goes on: tests that open no window do not need them.
set -euo pipefail

# Debian's package, and the program or the library by which its presence is recognised: names of
# packages differ between releases (Ubuntu 24.04 has libglib2.0-0t64), names of libraries do not.
wanted="
xvfb Xvfb
xauth xauth
libdbus-1-3 libdbus-1.so.3
libegl1 libEGL.so.1
libfontconfig1 libfontconfig.so.1
libgl1 libGL.so.1
libglib2.0-0 libglib-2.0.so.0
libopengl0 libOpenGL.so.0
libxcb-cursor0 libxcb-cursor.so.0
libxcb-icccm4 libxcb-icccm.so.4
libxcb-image0 libxcb-image.so.0
libxcb-keysyms1 libxcb-keysyms.so.1
libxcb-randr0 libxcb-randr.so.0
libxcb-render-util0 libxcb-render-util.so.0
libxcb-shape0 libxcb-shape.so.0
libxcb-xinerama0 libxcb-xinerama.so.0
libxcb-xkb1 libxcb-xkb.so.1
libxkbcommon-x11-0 libxkbcommon-x11.so.0
"

if [[ $(uname -s) != Linux ]]; then
    exit 0
fi

# Sets `missing` to the packages whose program or library is not there.
look() {
    local libraries package evidence
    # An ordinary user's PATH often lacks /sbin, where ldconfig lies.
    libraries=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
    missing=()
    while read -r package evidence; do
        [[ -n $package ]] || continue
        if [[ $evidence == *.so.* ]]; then
            [[ $libraries == *"$evidence "* ]] || missing+=("$package")
        else
            command -v "$evidence" >/dev/null || missing+=("$package")
        fi
    done <<<"$wanted"
}

name_them() {
    echo "Tests that open windows need these system packages (Debian's names): ${missing[*]}"
}

look
if ((${#missing[@]} == 0)); then
    exit 0
fi
if [[ ${1:-} == --check || $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    name_them
    exit 0
fi

echo "Installing system packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get -qq update && apt-get -qq install --yes --no-install-recommends "${missing[@]}"; } \
    </dev/null >/dev/null; then
    echo "apt-get could not install all of them." >&2
fi
look
((${#missing[@]} == 0)) || name_them
