"""The trial in its own process: what passes, and what a bad file cannot do to the robot."""

import os
from pathlib import Path

import pytest

from robot_agent import trial
from robot_agent.rehearsal import REHEARSAL_KEY, random_bundle
from robot_agent.trial import try_out
from shared.errors import BundleError, UnknownSigner

TRUSTED = {REHEARSAL_KEY.public}
GOOD = random_bundle(5)


def test_a_good_one_passes():
    assert 0.0 < try_out(GOOD, 5, TRUSTED).latency_ms < 10.0


@pytest.mark.parametrize(
    ("data", "version", "trusted", "error", "reason"),
    [
        (GOOD[:-1], 5, TRUSTED, BundleError, "damaged"),
        (GOOD, 6, TRUSTED, BundleError, "announced as v6"),
        (GOOD, 5, {bytes(32)}, UnknownSigner, "keys trust"),
    ],
)
def test_the_reason_comes_back(data, version, trusted, error, reason):
    with pytest.raises(error, match=reason):
        try_out(data, version, trusted)


def test_one_that_takes_too_long_is_ended():
    with pytest.raises(BundleError, match=r"not through its trial after 0 s"):
        try_out(GOOD, 5, TRUSTED, timeout_s=0.01)


CHILD = """
import os, sys, {imports}
from robot_agent import trial
def examine(data, version, trusted):
    {act}
trial.examine = examine
sys.exit(trial.main(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("imports", "act", "reason"),
    [
        ("time", "bytearray(2 << 30)", "more memory"),
        ("time", "open('/etc/hostname')", "exit status 1"),
        ("time", "os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("time", "os._exit(0)", "no answer"),
        ("time", "os.write(1, b'x' * 10**6); os._exit(3)", "exit status 3"),
        (
            "resource",
            "resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n    while True: pass",
            "SIG(XCPU|KILL)",
        ),
    ],
)
def test_a_child_that_goes_wrong_is_only_a_refused_policy(monkeypatch, tmp_path, imports, act, reason):
    program = tmp_path / "child.py"
    program.write_text(CHILD.format(imports=imports, act=act))
    real = trial.subprocess.Popen

    def popen(command, **options):
        return real(
            [command[0], str(program), command[-1]],
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
            **options,
        )

    monkeypatch.setattr(trial.subprocess, "Popen", popen)
    with pytest.raises(BundleError, match=reason):
        try_out(GOOD, 5, TRUSTED)
