"""The baseline agent: coordinator, detections and the robot's own tools; nothing learned, nothing privileged.

All that it is given is what is said and what the robot observes: no target, no position, no verdict. Whether
a goal is reached it has to tell from its own camera.
"""

from __future__ import annotations

from learner.coordinator.acting import F32, Call, Gaze, Names, Search, call, use
from learner.coordinator.goals import Answer, Goal, Known, Look, Make, Tell, Use
from learner.coordinator.motions import nearest, taught
from learner.coordinator.planner import GrammarPlanner, Planner
from learner.coordinator.telling import Telling, work_at
from shared.spaces import slot_range

Workable = Look | Answer | Tell | Use
_DETECTIONS = slot_range("detections")
_HEAD_YAW = slot_range("head_rpy").start + 2


class Baseline:
    """One robot's agent.

    Args:
        names: what the detector can name.
        planner: who splits commands.
    """

    def __init__(self, names: Names, planner: Planner | None = None) -> None:
        self._names = names
        self._planner = planner or GrammarPlanner()
        self.reset()

    def reset(self) -> None:
        """Forget what was said: another episode begins."""
        self._said: str | None = None
        self._goals: tuple[Workable, ...] = ()
        self._at = self._done = 0
        self._work: Gaze | Search | Telling | None = None
        self._over = False

    def act(self, said: str, obs: F32) -> Call:
        """The next decision.

        Args:
            said: the instruction in force; another one than before is a new command.
            obs: (512,) what the robot observes.
        """
        if said != self._said:
            self._hear(said)
        if not self._goals:
            return call("wait")
        for _ in range(len(self._goals) + 1):
            goal = self._goals[self._at]
            if isinstance(goal, Use):
                self._reached(goal)
                return use(goal)
            made, done = self._step(goal, obs)
            if isinstance(goal, Look) and done:
                self._reached(goal)
                continue
            if done:
                self._reached(goal)
            break
        return made

    def _step(self, goal: Look | Answer | Tell, obs: F32) -> tuple[Call, bool]:
        """What to do for this goal, and whether it is reached: a look before that, an answer by that."""
        if self._work is None:
            self._work = work_at(goal, self._names)
        if isinstance(self._work, Telling):
            made = self._work.step(obs[_DETECTIONS], float(obs[_HEAD_YAW]))
        else:
            made = self._work.step(self._names.seen(obs[_DETECTIONS]))
        return made, self._work.done

    def _hear(self, said: str) -> None:
        plan = self._planner.plan(said, Known(self._names.names))
        goals = tuple(one for goal in plan.goals if (one := _workable(goal)) is not None)
        left = self._goals[self._at :] if plan.how == "append" and not self._over else ()
        self._said, self._goals = said, left + goals
        self._at = self._done = 0
        self._work, self._over = None, False

    def _reached(self, goal: Workable) -> None:
        self._work = None
        self._done += 1
        if isinstance(goal, Answer | Tell) or self._done >= goal.times:
            # All over, and nobody has said that it was right: the robot goes through it once more.
            self._at, self._done = (self._at + 1) % len(self._goals), 0
            self._over = self._over or self._at == 0


def _workable(goal: Goal) -> Workable | None:
    """A motion that no tool gives is one of the made tools that ship, or the nearest of the robot's own."""
    if isinstance(goal, Make):
        return taught(goal.request) or nearest(goal.request)
    return goal if isinstance(goal, Workable) else None
