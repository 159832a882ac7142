"""The robot's twenty tools: what the policy may choose, with which parameters, in which units.

A tool is a fixed number of ticks of motion, played by `shared.control.motions` on robot and simulation alike;
only `run_made` lasts as long as the made tool that it plays. No tool may pick "the best match" by itself:
that would be the task solved by the interface.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.spaces import NUM_PARAMS, NUM_TOOLS


@dataclass(frozen=True)
class Param:
    """One continuous parameter; the policy gives a number in [-1, 1] that maps linearly onto [low, high]."""

    name: str
    unit: str
    low: float
    high: float

    def physical(self, raw: float) -> float:
        """[-1, 1] (clipped) -> [low, high] in `unit`."""
        clipped = min(max(raw, -1.0), 1.0)
        return self.low + (clipped + 1.0) * 0.5 * (self.high - self.low)

    def choice(self, raw: float) -> int:
        """[-1, 1] (clipped) -> the nearest whole number in [low, high]."""
        return round(self.physical(raw))

    def raw(self, physical: float) -> float:
        """[low, high] in `unit` (clipped) -> [-1, 1]."""
        return min(max(2.0 * (physical - self.low) / (self.high - self.low) - 1.0, -1.0), 1.0)


@dataclass(frozen=True)
class Tool:
    """A motion the robot can make."""

    name: str
    description: str
    """One sentence in plain words; its embedding gives the observation's tool_match slots."""
    ticks: int
    """Duration in guard ticks of 20 ms."""
    params: tuple[Param, ...] = ()
    gesture: bool = False
    """True where the motion means something to a person (nod, shake...)."""

    def __post_init__(self) -> None:
        if len(self.params) > NUM_PARAMS:
            raise ValueError(f"tool {self.name}: {len(self.params)} parameters, at most {NUM_PARAMS}")


def _gesture_params(
    unit: str, low: float, high: float, cycles: tuple[float, float] = (1.6, 2.2)
) -> tuple[Param, ...]:
    return (Param("amplitude", unit, low, high), Param("cycles", "1", *cycles))


MADE_PLACES = 8
"""Made tools that a policy can choose from."""
TOOLS: tuple[Tool, ...] = (
    Tool("wait", "stay still and wait", 10),
    Tool(
        "look",
        "look at the object, find it, face it",
        20,
        (Param("u", "image half-widths", -1.0, 1.0), Param("v", "image half-heights", -1.0, 1.0)),
    ),
    Tool("turn_head", "rotate the neck a few degrees sideways", 10, (Param("yaw", "deg", -15.0, 15.0),)),
    Tool("pitch_head", "tip the neck a few degrees up or down", 10, (Param("pitch", "deg", -10.0, 10.0),)),
    Tool("roll_head", "tilt the neck a few degrees to one side", 10, (Param("roll", "deg", -10.0, 10.0),)),
    Tool(
        "move_head",
        "shift the head a little up, down, forward, back or sideways",
        10,
        (Param("x", "mm", -6.0, 6.0), Param("y", "mm", -5.0, 5.0), Param("z", "mm", -8.0, 8.0)),
    ),
    Tool(
        "track",
        "follow the thing that moves, keep watching it",
        50,
        (
            Param("u", "image half-widths", -0.5, 0.5),
            Param("v", "image half-heights", -0.5, 0.5),
            Param("du", "deg/s", -20.0, 20.0),
            Param("dv", "deg/s", -20.0, 20.0),
        ),
    ),
    Tool("turn_body", "rotate the base a few degrees", 20, (Param("yaw", "deg", -20.0, 20.0),)),
    Tool("nod", "nod your head, tell me yes, agree", 60, _gesture_params("deg", 4.0, 17.0), gesture=True),
    Tool(
        "shake", "shake your head, tell me no, disagree", 60, _gesture_params("deg", 5.0, 25.0), gesture=True
    ),
    Tool(
        "wobble", "rock the head from ear to ear, unsure", 60, _gesture_params("deg", 4.0, 16.0), gesture=True
    ),
    Tool("bob", "bounce the head up and down happily", 60, _gesture_params("mm", 2.0, 7.0), gesture=True),
    Tool(
        "sway",
        "swing the body left and right, dance",
        60,
        _gesture_params("deg", 3.0, 6.5, (1.4, 1.7)),
        gesture=True,
    ),
    Tool(
        "wave_antennas", "wave the antennas, say hello", 60, _gesture_params("deg", 5.0, 25.0), gesture=True
    ),
    Tool(
        "set_antennas",
        "put the antennas in a position",
        30,
        (Param("right", "deg", -80.0, 80.0), Param("left", "deg", -80.0, 80.0)),
    ),
    Tool(
        "run_made",
        "make a move that you were taught",
        10,
        (Param("place", "choice", 0.0, MADE_PLACES - 1.0),),
    ),
    Tool("scan", "pan slowly across the room and back", 50, (Param("yaw", "deg", -40.0, 40.0),)),
    Tool("take_photo", "take a photo, save a picture", 20),
    Tool(
        "say",
        "answer in words, name what you see, left or right",
        20,
        (Param("word", "choice", 0.0, 7.0), Param("place", "choice", 0.0, 7.0)),
    ),
    Tool("go_home", "neutral rest position", 40),
)

TOOL_INDEX: dict[str, int] = {tool.name: index for index, tool in enumerate(TOOLS)}
MAX_TICKS = max(tool.ticks for tool in TOOLS)
"""Of the robot's own tools."""
MADE_TICKS = 200
"""Longest made tool that a policy can choose."""
TRACE_TICKS = max(MAX_TICKS, MADE_TICKS)
"""Longest decision."""
MOTIONS = tuple(tool.name for tool in TOOLS if tool.name not in ("run_made", "take_photo", "say"))
"""Tools that a made tool may use."""

assert len(TOOLS) == NUM_TOOLS
