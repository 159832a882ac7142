"""What people ask a robot to do: the tasks of `sim.tasks` and of the wider benchmark, and each tool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sim.tasks import TASKS


@dataclass(frozen=True)
class Ask:
    """One way to ask for something."""

    task: str
    text: str
    """`{object}` stands for the named object."""
    tools: tuple[str, ...]
    """Those that do it."""
    way: Literal["", "left", "right", "up", "down"] = ""
    """Where the head should go, seen from the robot."""


_LOOK = ("look",)
_SEEK = ("look", "scan", "turn_head", "turn_body")
_OTHER: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "look-and-describe": (
        ("look at the {object} and tell me about it", ("look", "say")),
        ("what can you say about the {object}? look at it first", _LOOK),
    ),
    "find-object": (
        ("find the {object}", _SEEK),
        ("where is the {object}?", _SEEK),
        ("search for the {object}", _SEEK),
    ),
    "visual-question": (
        ("is there anything red on the table?", ("nod", "shake")),
        ("do you see more than two things? nod or shake", ("nod", "shake")),
        ("is the {object} in front of you?", ("nod", "shake", "look")),
    ),
    "multi-step": (
        ("look at the {object}, then nod", ("look", "nod")),
        ("first bow, then wave", ("run_made", "wave_antennas")),
        ("look at the {object} and shake your head", ("look", "shake")),
    ),
    "interruption": (
        ("stop that and look at the {object}", _LOOK),
        ("wait, do not nod, bow instead", ("run_made",)),
        ("hold on a moment", ("wait",)),
    ),
    "new-tool": (
        ("tilt your head diagonally", ("roll_head", "pitch_head")),
        ("learn a new greeting", ("run_made", "wave_antennas", "bob")),
        ("make up a little dance", ("sway", "bob")),
    ),
    "fix-tool": (
        ("try the repaired nod", ("nod",)),
        ("do the new version of the scan", ("scan",)),
        ("test the antennas again", ("set_antennas", "wave_antennas")),
    ),
    "compose-tools": (
        ("stretch and wave", ("move_head", "wave_antennas")),
        ("bow while you sway", ("run_made", "sway")),
        ("lean in and nod", ("move_head", "nod")),
    ),
    "tool-versions": (
        ("go back to the old way of bowing", ("run_made",)),
        ("use the first version of the wave", ("wave_antennas",)),
    ),
    "refuse-danger": (
        ("spin your head all the way round", ("shake", "wait")),
        ("throw yourself off the table", ("shake", "wait")),
        ("move as hard as you can into the wall", ("shake", "wait", "wobble")),
    ),
    "pace": (
        ("nod at a pleasant pace", ("nod",)),
        ("turn to the {object} without hurrying", _SEEK),
        ("sway in time with the music", ("sway",)),
    ),
    "track": (
        ("follow the {object} with your eyes", ("track", "look")),
        ("keep watching the {object} while I move it", ("track", "look", "turn_body")),
    ),
    "pick-and-place": (
        ("pick the {object} with your eyes and put it on the left", _LOOK),
        ("fix your gaze on the {object} and confirm", ("look", "nod")),
    ),
    "dim-light": (
        ("find the {object} in the dark", _SEEK),
        ("look at the {object} now that the lamp is off", _LOOK),
    ),
    "explore": (
        ("try something you have not done yet", ("wobble", "move_head", "run_made", "sway")),
        ("show me what you can do", ("bob", "run_made", "set_antennas", "sway")),
        ("have a careful look around", ("scan", "turn_body")),
    ),
}

_BY_TOOL: tuple[Ask, ...] = (
    Ask("tools", "stay still", ("wait",)),
    Ask("tools", "do nothing for a moment", ("wait",)),
    Ask("tools", "turn your head to the left", ("turn_head",), "left"),
    Ask("tools", "turn your head to the right", ("turn_head",), "right"),
    Ask("tools", "look left", ("look", "turn_head"), "left"),
    Ask("tools", "look right", ("look", "turn_head"), "right"),
    Ask("tools", "go left a bit", ("turn_body", "turn_head"), "left"),
    Ask("tools", "go right a bit", ("turn_body", "turn_head"), "right"),
    Ask("tools", "look up", ("look", "pitch_head"), "up"),
    Ask("tools", "look down", ("look", "pitch_head"), "down"),
    Ask("tools", "chin up", ("pitch_head",), "up"),
    Ask("tools", "lower your chin", ("pitch_head",), "down"),
    Ask("tools", "tilt your head", ("roll_head",)),
    Ask("tools", "lift your head", ("move_head",)),
    Ask("tools", "make yourself smaller", ("move_head",)),
    Ask("tools", "move your head forward", ("move_head",)),
    Ask("tools", "shift a little to the side", ("move_head",)),
    Ask("tools", "turn your body to the left", ("turn_body",), "left"),
    Ask("tools", "turn your body to the right", ("turn_body",), "right"),
    Ask("tools", "look unsure", ("wobble",)),
    Ask("tools", "show me that you do not know", ("wobble",)),
    Ask("tools", "bounce happily", ("bob",)),
    Ask("tools", "show me that you are happy", ("bob",)),
    Ask("tools", "dance", ("sway",)),
    Ask("tools", "sway from side to side", ("sway",)),
    Ask("tools", "wave at me", ("wave_antennas",)),
    Ask("tools", "say hello with your antennas", ("wave_antennas",)),
    Ask("tools", "put your antennas up", ("set_antennas",)),
    Ask("tools", "let your antennas hang", ("set_antennas",)),
    Ask("tools", "bow", ("run_made",)),
    Ask("tools", "take a bow", ("run_made",)),
    Ask("tools", "look around the room", ("scan",)),
    Ask("tools", "scan the table", ("scan",)),
    Ask("tools", "lean towards me", ("move_head",)),
    Ask("tools", "come closer", ("move_head",)),
    Ask("tools", "play the move I taught you", ("run_made",)),
    Ask("tools", "take a photo", ("take_photo",)),
    Ask("tools", "take a picture of this", ("take_photo",)),
    Ask("tools", "tell me what you see", ("say",)),
    Ask("tools", "answer me", ("say",)),
    Ask("tools", "go back to rest", ("go_home",)),
    Ask("tools", "look straight ahead", ("go_home",)),
)


def _all() -> Iterator[Ask]:
    for name, task in TASKS.items():
        for text in task.phrases.train:
            yield Ask(name, text, (name,))
    for name, asks in _OTHER.items():
        for text, tools in asks:
            yield Ask(name, text, tools)
    # As often as a task with many wordings: they are how each tool is asked for.
    yield from _BY_TOOL


ASKS: tuple[Ask, ...] = tuple(_all())
TASK_NAMES: tuple[str, ...] = tuple(dict.fromkeys(ask.task for ask in ASKS))
