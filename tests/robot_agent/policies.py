"""Policies for tests, and a source that hands them out without disk or processes."""

from pathlib import Path

import numpy as np

from robot_agent.candidates import Loaded, Restored
from robot_agent.chooser import Chooser
from robot_agent.ledger import Ledger
from robot_agent.succession import Succession
from shared.control.pilot import PolicyOutput
from shared.tools import TOOL_INDEX


class Given:
    """A source: `in_use` and `kept` were here before, `coming` are new; `made` belongs to the first."""

    def __init__(self, in_use=None, coming=(), kept=(), made=()):
        first = in_use and Loaded(in_use, made=made)
        self.restored = Restored(first, tuple(Loaded(policy) for policy in kept))
        self.coming = list(coming)
        self.wanted = True

    def take(self):
        return Loaded(self.coming.pop(0)) if self.coming else None


def chooser(in_use=None, *, coming=(), kept=(), made=(), deterministic=False, **options):
    """A chooser with its ledger (nothing is written) and its source."""
    ledger, source = Ledger(Path("/nowhere/ledger.json")), Given(in_use, coming, kept, made)
    mind = Chooser(deterministic, Succession(ledger, source), **options)
    return mind, ledger, source


def together(robot, made, ticks):
    """The two processes in step: the guard's state is answered before the next tick."""
    robot.silent = True
    for _ in range(ticks):
        seen = len(robot.records)
        state = robot.tick()
        for record in robot.records[seen:]:
            made.played(record)
        robot.action = made.action(state)


class Plain:
    """Always the same tool; subclasses say what is wrong with the answer."""

    def __init__(self, version=9, tool="turn_head", mean=0.0, log_std=-2.0, limits_profile=1.0):
        self.version, self.limits_profile = version, limits_profile
        self.tool, self.mean, self.log_std = TOOL_INDEX[tool], mean, log_std
        self.calls = 0

    def __call__(self, obs):
        self.calls += 1
        n = len(obs)
        logits = np.zeros((n, 20), np.float32)
        logits[:, self.tool] = 50.0
        mean = np.full((n, 20, 4), self.mean, np.float32)
        log_std = np.full((20, 4), self.log_std, np.float32)
        return PolicyOutput(logits, mean, log_std, np.zeros(n, np.float32))
