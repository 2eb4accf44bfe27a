#!/usr/bin/env bash
# Prints the path of the Python that the environment is made from.
#
# A name on PATH proves nothing: version managers leave shims that fail when run, and Debian's
# python3 comes without ensurepip. So every candidate is run, and the first one that answers and
# can make an environment is taken. PYTHON=/path/to/python overrides the search, not the check.
set -euo pipefail

probe='
import sys
found = ".".join(map(str, sys.version_info[:3]))
if not (3, 11) <= sys.version_info[:2] <= (3, 12):
    print("refused it is Python", found)
    sys.exit()
try:
    import ensurepip, venv
    ensurepip.version()
except Exception as error:
    print("refused it cannot make environments:", error, "(Debian, Ubuntu: install python3-venv)")
    sys.exit()
print("usable", sys.executable)
'

refusals=""

# Sets `usable` to the interpreter behind $1, or adds to `refusals` why it is not taken.
run_it() {
    local answer
    usable=""
    if ! answer=$("$1" -I -c "$probe" 2>/dev/null </dev/null); then
        refusals+="  $1: does not run"$'\n'
    elif [[ $answer == "usable "* ]]; then
        usable=${answer#usable }
    else
        refusals+="  $1: ${answer#refused }"$'\n'
    fi
}

if [[ -n ${PYTHON:-} ]]; then
    run_it "$PYTHON"
else
    for name in python3.11 python3.12 python3 python; do
        while IFS= read -r candidate; do
            [[ -n $candidate ]] || continue
            run_it "$candidate"
            [[ -z $usable ]] || break 2
        done <<<"$(type -ap "$name" || true)"
    done
fi

if [[ -z ${usable:-} ]]; then
    {
        echo "No usable Python found. OmniSeg needs Python 3.11 or 3.12 that can make environments."
        [[ -z $refusals ]] || printf 'Tried:\n%s' "$refusals"
        echo "Install one, or name one: make PYTHON=/path/to/python3.11 ..."
    } >&2
    exit 1
fi
echo "$usable"
