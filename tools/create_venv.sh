#!/usr/bin/env bash
# Create the virtual environment $1 from a Python >= 3.11; PYTHON=... names one.
set -euo pipefail

readonly directory=$1
candidates=(python3.13 python3.12 python3.11 python3 /usr/bin/python3)
[[ -n ${PYTHON:-} ]] && candidates=("$PYTHON")

# A name on the PATH may be a shim for a version that is not there, so each candidate is run.
is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

create() {
    local candidate
    for candidate in "${candidates[@]}"; do
        if is_recent "$candidate" && has_venv "$candidate"; then
            "$candidate" -m venv "$directory"
            return 0
        fi
    done
    return 1
}

create && exit 0

for candidate in "${candidates[@]}"; do
    is_recent "$candidate" || continue
    # Debian splits venv and ensurepip off its Python.
    if command -v apt-get >/dev/null && [[ $(id -u) == 0 ]]; then
        echo "installing python3-venv" >&2
        export DEBIAN_FRONTEND=noninteractive
        apt-get -qq update
        apt-get -qq install --no-install-recommends python3-venv >/dev/null
        create && exit 0
    fi
    echo "$candidate cannot create virtual environments; on Debian: sudo apt-get install python3-venv" >&2
    exit 1
done
echo "no Python >= 3.11 found (tried: ${candidates[*]}); name one with make PYTHON=/path/to/python" >&2
exit 1
