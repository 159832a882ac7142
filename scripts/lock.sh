#!/usr/bin/env bash
# Write requirements.lock: exact versions of everything that `make setup` installs, for Python 3.11 to 3.13 on Linux
# (x86_64, aarch64).
# Without options it keeps the versions that are locked already; `scripts/lock.sh --upgrade` takes the newest.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=.venv/bin/uv
[ -x "$uv" ] || uv=$(command -v uv) || { echo "lock: needs uv: pip install uv" >&2; exit 1; }

"$uv" pip compile --quiet --universal --python-version 3.11 --extra dev --extra gemma \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
    "$@" --output-file requirements.lock pyproject.toml

# The lock is for Linux anyway (tool.uv.environments): leave that condition unsaid.
sed -i -E -e "s/ and sys_platform == 'linux'//" -e "s/ ; sys_platform == 'linux'$//" requirements.lock
if grep -nE 'https?://|^--' requirements.lock; then
    echo "lock: the lines above name a host or an option; they do not belong in the lock" >&2
    exit 1
fi
echo "requirements.lock: $(grep -c == requirements.lock) pins"
