"""What a command comes to: goals in order, each a thing the robot can do, have made, or has to decline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.tools import TOOL_INDEX, TOOLS

MAX_GOALS = 24
"""Goals of one plan; more is no command but a script."""
MAX_TIMES = 30

How = Literal["new", "stop", "append"]
"""What becomes of the goals under way: `new` and `stop` drop them (`stop`: at once, somebody interrupts),
`append` comes after them."""


@dataclass(frozen=True)
class Look:
    """Rest the gaze on an object."""

    object: str
    slowly: bool = False
    follow: bool = False
    """Keep the gaze on it for a while, wherever it goes."""
    times: int = 1

    @property
    def brief(self) -> str:
        """As in the corpus: `look red ball slowly x2`, or `follow red ball`."""
        verb = "follow" if self.follow else "look"
        return f"{verb} {self.object}{' slowly' if self.slowly else ''}{_times(self.times)}"


@dataclass(frozen=True)
class Answer:
    """Nod if an object is there, shake the head if not."""

    object: str

    @property
    def brief(self) -> str:
        """As in the corpus: `answer apple`."""
        return f"answer {self.object}"


What = Literal["leftmost", "rightmost", "side"]


@dataclass(frozen=True)
class Tell:
    """Say in words what stands on the far left or right, or on which side an object is."""

    what: What
    object: str = ""
    """Whose side; "" where the name is what is asked for."""

    @property
    def brief(self) -> str:
        """As in the corpus: `tell leftmost`, or `tell side apple`."""
        return f"tell {self.what} {self.object}".rstrip()


@dataclass(frozen=True)
class Use:
    """One of the robot's own tools."""

    tool: str
    args: Mapping[str, float] = field(default_factory=dict)
    """In the tool's units; what is left out is at its usual value."""
    times: int = 1

    @property
    def brief(self) -> str:
        """As in the corpus: `turn_head yaw=15`."""
        told = "".join(f" {name}={value:g}" for name, value in self.args.items())
        return f"{self.tool}{told}{_times(self.times)}"


@dataclass(frozen=True)
class Made:
    """A made tool."""

    name: str
    digest: str = ""
    """Of its program; "": the version that counts."""
    times: int = 1

    @property
    def brief(self) -> str:
        """As in the corpus: `made circle`."""
        return f"made {self.name}{_times(self.times)}"


@dataclass(frozen=True)
class Make:
    """A skill that no tool gives: the tool maker is asked for it."""

    request: str

    @property
    def brief(self) -> str:
        """As in the corpus: `make draw a circle`."""
        return f"make {self.request}"


@dataclass(frozen=True)
class Cannot:
    """Something that cannot be done, and why, in words for the person who asked."""

    reason: str

    @property
    def brief(self) -> str:
        """As in the corpus, which leaves the reason open."""
        return "cannot"


Goal = Look | Answer | Tell | Use | Made | Make | Cannot


@dataclass(frozen=True)
class Plan:
    """What a command comes to."""

    goals: tuple[Goal, ...]
    how: How = "new"


@dataclass(frozen=True)
class Known:
    """What there is to be spoken of."""

    objects: tuple[str, ...]
    """Names of objects that can be looked at."""
    made: tuple[str, ...] = ()
    """Names of made tools."""


def problem_with(goal: Goal, known: Known) -> str:
    """Why a goal cannot be worked at; "" where it can. Whoever planned it, this has the last word."""
    if isinstance(goal, Look) and goal.object not in known.objects:
        return f"there is no object {goal.object!r:.60} here"
    if isinstance(goal, Tell) and (goal.what == "side") != bool(goal.object):
        return "only a side is asked for of an object"
    if isinstance(goal, Tell) and goal.object and goal.object not in known.objects:
        return f"there is no object {goal.object!r:.60} here"
    if isinstance(goal, Made) and goal.name not in known.made:
        return f"there is no made tool {goal.name!r:.60}"
    if isinstance(goal, Make) and not goal.request.strip():
        return "an empty request for a tool"
    if isinstance(goal, Look | Use | Made) and not 1 <= goal.times <= MAX_TIMES:
        return f"{goal.times} times is not within 1 .. {MAX_TIMES}"
    return _problem_with_use(goal) if isinstance(goal, Use) else ""


AIMED = {
    "look": "aimed by what the camera sees; name an object",
    "track": "aimed by what the camera sees; name an object to follow",
    "say": "chosen by what the camera sees; ask a question",
    "run_made": "for made tools; name one",
}
"""Tools whose parameters nobody can give beforehand."""


def _problem_with_use(goal: Use) -> str:
    if goal.tool not in TOOL_INDEX:
        return f"the robot has no tool {goal.tool!r:.60}"
    if goal.tool in AIMED:
        return f"{goal.tool} is {AIMED[goal.tool]}"
    params = {p.name: p for p in TOOLS[TOOL_INDEX[goal.tool]].params}
    for name, value in goal.args.items():
        if name not in params:
            return f"{goal.tool} has no parameter {name!r:.60}"
        if not params[name].low <= value <= params[name].high:
            low, high = params[name].low, params[name].high
            return f"{goal.tool}: {name} = {value:g} is outside {low:g} .. {high:g}"
    return ""


def _times(times: int) -> str:
    return f" x{times}" if times != 1 else ""
