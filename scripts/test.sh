#!/usr/bin/env bash
# All tests: first those that are sensitive to timing, one at a time; then all others, two at a time.
# Arguments go to both runs: scripts/test.sh --slow
set -uo pipefail
cd "$(dirname "$0")/.."
# Two workers share the cores: without this each would start as many threads as there are cores.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"

.venv/bin/python -m pytest -m alone "$@"
alone=$?
.venv/bin/python -m pytest -m "not alone" -n 2 --dist worksteal "$@"
together=$?
# 5: no test matched
exit $((together != 0 ? together : (alone == 5 ? 0 : alone)))
