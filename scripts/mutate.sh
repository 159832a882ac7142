#!/usr/bin/env bash
# Mutation testing of the guard: changes every function in one place at a time and runs the tests that reach it.
# A change that no test notices survives; below 90 % killed is a failure. What is known stays in mutants/, so a second
# call goes on where the first ended. Parts and more processes: JOBS=8 scripts/mutate.sh 'robot_agent.guard.core*'
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1  # each mutant is a process of its own

nice -n 10 .venv/bin/mutmut run --max-children "${JOBS:-$(nproc)}" "$@"
.venv/bin/mutmut results | grep -v 'not checked' || true
.venv/bin/mutmut export-cicd-stats >/dev/null
.venv/bin/python - <<'PYTHON'
import json

with open("mutants/mutmut-cicd-stats.json") as file:
    count = json.load(file)
noticed = count["killed"] + count["timeout"] + count["segfault"]
tried = noticed + count["survived"] + count["no_tests"] + count["suspicious"]
share = noticed / tried if tried else 0.0
print(f"mutation score {100 * share:.1f} %: {noticed} of {tried} mutants noticed, {count['total']} exist")
raise SystemExit(share < 0.9)
PYTHON
