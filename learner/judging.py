"""Judges robot episodes record by record, with the tasks' own functions, and picks up after a restart.

A judge is a pure function of the trace so far, so one that is lost with the process is rebuilt by replaying
the episode's stored records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from numpy.typing import NDArray

from learner.store import queries
from learner.store.engine import AsyncStore
from shared.answers import spoken
from shared.codec import decode, unpack_transition
from shared.errors import CoachError
from shared.messages import SceneObject, TaskSpec, Transition

MAX_OPEN = 256
"""Judges kept in memory; the oldest makes room and would be rebuilt."""

log = structlog.get_logger("judge")


class Verdict(Protocol):
    """What a judge says after each decision; see `sim.tasks`."""

    @property
    def reward(self) -> float:
        """Of this decision."""
        ...

    @property
    def terminated(self) -> bool:
        """The episode is over."""
        ...

    @property
    def success(self) -> bool:
        """Meaningful once terminated."""
        ...


class Judge(Protocol):
    """Follows one episode's trace; see `sim.tasks`."""

    def step(self, joints: NDArray[Any], head: NDArray[Any], *, answer: str = "") -> Verdict:
        """The trace goes on by joints (k, 9) [rad], head poses (k, 7) [m, quaternion] and what was said."""
        ...


@dataclass
class _Open:
    judge: Judge | None
    """None: the episode is unknown or its task is; nothing can be said about it."""
    objects: Sequence[SceneObject] = ()
    """What can be named in it."""
    over: bool = False


@dataclass(frozen=True)
class Judged:
    """What one record came to."""

    r_task: float | None
    """None: not a decision to judge (closing, scripted, after the end, unknown episode)."""
    outcome: str | None = None
    """Set on the record that ends the episode: `success`, `failure` or `truncated`."""
    said: str = ""
    """What the robot said with this decision."""


NOT_JUDGED = Judged(None)


class Judging:
    """All open judges. Feed every record once, in order; `forget` an episode when its commit failed."""

    def __init__(self, store: AsyncStore, make_judge: Callable[[TaskSpec], Judge]) -> None:
        self._store = store
        self._make_judge = make_judge
        self._open: dict[str, _Open] = {}

    async def prepare(self, transitions: Sequence[Transition]) -> None:
        """Have a judge ready for each episode that these records belong to."""
        for episode_id in dict.fromkeys(t.episode_id for t in transitions):
            if episode_id not in self._open:
                while len(self._open) >= MAX_OPEN:
                    del self._open[next(iter(self._open))]
                self._open[episode_id] = await self._rebuild(episode_id)

    async def _rebuild(self, episode_id: str) -> _Open:
        episode = await self._store.read(queries.get_episode, episode_id)
        if episode is None:
            log.warning("record of an unknown episode", episode_id=episode_id)
            return _Open(None)
        spec = decode(episode.spec)
        assert isinstance(spec, TaskSpec)
        try:
            opened = _Open(self._make_judge(spec), spec.objects)
        except (CoachError, ValueError) as error:
            log.warning("an episode that cannot be judged", episode_id=episode_id, error=str(error))
            return _Open(None)
        for step in await self._store.read(queries.episode_steps, episode_id):
            self._advance(opened, unpack_transition(step.payload))
        opened.over = opened.over or episode.outcome is not None
        return opened

    def step(self, t: Transition) -> Judged:
        """Judge the next record of an episode that `prepare` has seen; a judge that fails judges no more."""
        opened = self._open[t.episode_id]
        try:
            return self._advance(opened, t)
        except Exception:
            log.exception("a judge failed; its episode gets no more reward", episode_id=t.episode_id)
            opened.judge = None
            return NOT_JUDGED

    @staticmethod
    def _advance(opened: _Open, t: Transition) -> Judged:
        if opened.over or opened.judge is None:
            return NOT_JUDGED
        if t.end_reason == "closing":
            opened.over = True
            return Judged(None, "truncated")
        if t.source == "script" or t.n_ticks == 0:
            return NOT_JUDGED
        said = spoken(t.tool, t.params, t.obs, opened.objects)
        verdict = opened.judge.step(t.joints, t.head, answer=said)
        if not verdict.terminated:
            return Judged(float(verdict.reward), said=said)
        opened.over = True
        return Judged(float(verdict.reward), "success" if verdict.success else "failure", said)

    def forget(self, episode_ids: Sequence[str]) -> None:
        """Drop judges that have seen records which were not committed after all."""
        for episode_id in episode_ids:
            self._open.pop(episode_id, None)
