#!/usr/bin/env bash
# All tests: first on all cores, then those that are sensitive to timing, one at a time.
# Arguments go to both runs: scripts/test.sh --slow
set -uo pipefail
cd "$(dirname "$0")/.."
export MUJOCO_GL="${MUJOCO_GL:-egl}"

.venv/bin/python -m pytest -n 2 --dist worksteal -m "not alone" "$@"
together=$?
.venv/bin/python -m pytest -m alone "$@"
alone=$?
# 5: no test matched
exit $((together != 0 ? together : (alone == 5 ? 0 : alone)))
