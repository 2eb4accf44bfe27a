#!/usr/bin/env bash
# Brings .venv to what a make target needs: `base` segments and has no torch, `dev` trains and tests.
#
# A stamp in .venv holds a checksum of what the environment was made from, so that a second run
# costs nothing, and a changed pyproject.toml or constraints.txt, or a moved checkout, installs anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

kind=${1:-}
if [[ $kind != base && $kind != dev ]]; then
    echo "usage: tools/environment.sh base|dev" >&2
    exit 2
fi

environment_python=.venv/bin/python
version_of='import sys; print(*sys.version_info[:2])'

# True where .venv runs and, if the user named a Python, has that one's version.
environment_is_usable() {
    local has
    "$environment_python" -c 'import pip' 2>/dev/null || return 1
    has=$("$environment_python" -c "$version_of")
    [[ -z ${PYTHON:-} || $has == "$("$PYTHON" -c "$version_of" 2>/dev/null)" ]]
}

if ! environment_is_usable; then
    chosen=$(bash tools/find_python.sh)
    echo "Making the environment .venv with $chosen"
    "$chosen" -m venv --clear .venv
fi

made_from=$(printf '%s\n' "$PWD" | cat - pyproject.toml constraints.txt | cksum)
is_stamped() { [[ -f .venv/.omniseg-$1 && $(<".venv/.omniseg-$1") == "$made_from" ]]; }
stamp() { echo "$made_from" >".venv/.omniseg-$1"; }
install() {
    "$environment_python" -m pip install --quiet --disable-pip-version-check -c constraints.txt "$@"
}

if is_stamped "$kind"; then
    exit 0
fi
if [[ $kind == base ]]; then
    echo "Installing OmniSeg (about 700 MB on disk, a few minutes the first time)"
    install --editable .
else
    # torch goes first, alone and by its exact version: a range, or another package's wish for
    # torch, would let pip choose a newer build with gigabytes of GPU libraries.
    torch=$(grep '^torch==' constraints.txt)
    echo "Installing $torch"
    install "$torch"
    echo "Installing OmniSeg with its training and test tools (a few minutes the first time)"
    install --editable ".[napari,train,cluster,dev]"
    stamp base
fi
stamp "$kind"
