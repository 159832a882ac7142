"""Look without asking for too much: the hasty way back to the table is one that the limiter has to tame."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.messages import TaskSpec
from sim.tasks import look
from sim.tasks.base import Reward, Task
from sim.tasks.course import Course, Follower, Found, Seen

CONFIG = Reward(progress=0.3, limited=-0.5)
MAX_LIMITED = 0.01
"""Share of the episode's ticks on which the limiter may have had to change what was asked for."""


@dataclass(frozen=True)
class CarefulLook(Task):
    """A look from far aside."""

    def course(self, spec: TaskSpec) -> Follower:
        """Counts what the limiter had to change."""
        return Careful(Course(self.goals(spec), [thing.name for thing in spec.objects]))


class Careful:
    """A course that succeeds only if the limiter had next to nothing to do on the way."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._ticks = self._limited = 0

    @property
    def target(self) -> int | None:
        """Index of the object to look at."""
        return self._course.target

    def follow(self, seen: Seen) -> Found:
        """Go on by one decision."""
        self._ticks += len(seen.gaze)
        self._limited += seen.limited
        found = self._course.follow(seen)
        if found.tick < 0:
            return found
        share = self._limited / self._ticks
        found = replace(found, measure=share)
        if not found.success or share < MAX_LIMITED:
            return found
        return replace(found, success=False, event=f"{found.event}, limited on {share:.0%} of the ticks")


TASK = CarefulLook(
    name="safe",
    phrases=look.PHRASES,
    reward=CONFIG,
    about=(
        "As `look`, but the robot starts turned away by 65 to 100 degrees, with most objects beyond the edge "
        "of its view. Going home at once is faster than the body may turn, so that the limiter has to change "
        "what was asked for. A look by which that has happened on 1 % of the episode's ticks or more fails; "
        "each such tick costs reward as well."
    ),
    difficulty=3,
    looks=True,
    bow_fails=False,
    max_decisions=25,
    turned_deg=(65.0, 100.0),
    measures="share of the ticks on which the limiter had to change what was asked for",
    simulation_only="on a robot, policies that have yet to prove themselves meet tighter limits all the time",
)
