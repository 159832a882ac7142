"""A policy network that takes a tempo lesson: words become labels of its attempts, which it is cloned on.

It begins as a network that has learnt `nod` and `shake` from demonstrations at some tempo. Nothing but its
weights carries what it learns, and it acts by itself in scenes it has not seen.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from learner.lessons.belief import Belief
from learner.lessons.hearing import Listener
from learner.lessons.pupils import Lived
from learner.lessons.stage import CYCLES, TASKS, raw_for
from learner.rl.bc import BCConfig, Demonstrations, clone
from learner.rl.demos import demonstrate
from learner.rl.networks import ActorCritic, NumpyPolicy
from learner.rl.threads import one_thread
from shared.control.pilot import decide
from shared.tools import TOOL_INDEX
from sim.experts import CLEAR

F32 = NDArray[np.float32]

DEMONSTRATIONS = {"look": 15, "nod": 30, "shake": 30}
"""Episodes of each task, before the lesson."""
SCHOOL = BCConfig()
LESSON = BCConfig(steps=60, learning_rate=3e-4)
"""After each remark: gently, so that which tool to choose stays as it was learnt."""


@dataclass(frozen=True)
class Schooled:
    """A network before its lesson, and what it was cloned on."""

    model: ActorCritic
    demonstrations: Demonstrations


def school(start: float, seed: int) -> Schooled:
    """A network that looks, nods and shakes its head, the latter two with this raw parameter of tempo."""
    one_thread()
    torch.manual_seed(seed)
    shown = demonstrate(DEMONSTRATIONS, seed)
    for name in TASKS:
        rows = shown.tool == TOOL_INDEX[name]
        shown.params[rows, 0], shown.params[rows, CYCLES] = CLEAR, start
    model = ActorCritic()
    clone(model, shown, SCHOOL, np.random.default_rng(seed))
    return Schooled(model, shown)


class NetworkPupil:
    """One network in one lesson."""

    def __init__(
        self, gesture: str, schooled: Schooled, listener: Listener, rng: np.random.Generator
    ) -> None:
        self._gesture = gesture
        self._tool = TOOL_INDEX[gesture]
        self._model = copy.deepcopy(schooled.model)
        self._rows = replace(schooled.demonstrations, params=schooled.demonstrations.params.copy())
        self._listener = listener
        self._rng = rng
        self._belief = Belief()
        self._policy = NumpyPolicy(self._model)

    @property
    def policy(self) -> NumpyPolicy:
        """As it is now."""
        return self._policy

    def attempt(self, obs: F32) -> tuple[int, F32]:
        """What the network would do."""
        chosen = decide(self._policy(obs[None]), None, self._rng, deterministic=True)
        return int(chosen.tool[0]), chosen.params[0].astype(np.float32)

    def learn(self, lived: Lived) -> None:
        """Label this attempt, and every earlier one of the same gesture, with the tempo believed in; clone.

        Nothing is learnt from an attempt at which the gesture was not made: words about the tempo do not say
        what to do instead.
        """
        if not lived.shown_hz > 0.0:
            return
        self._belief.update(self._listener, lived.heard, lived.shown_hz)
        old = self._rows
        rows = Demonstrations(
            np.concatenate([old.obs, lived.obs[None]]),
            np.append(old.tool, lived.tool),
            np.concatenate([old.params, lived.params[None]]),
            episodes=old.episodes + 1,
        )
        mine = rows.tool == self._tool
        rows.params[mine, 0], rows.params[mine, CYCLES] = (
            CLEAR,
            raw_for(self._gesture, self._belief.wish_hz),
        )
        self._rows = rows
        clone(self._model, rows, LESSON, self._rng)
        self._policy = NumpyPolicy(self._model)
