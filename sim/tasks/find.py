"""Find an object that is out of view: the robot starts turned away from its table.

As in `look`, the camera's axis has to rest on the named object, and on no other one, and no gesture may be
completed on the way: turning to and fro in search of it reads as a shake or a sway.
"""

from __future__ import annotations

from sim.tasks.base import Phrases, Reward, Task

CONFIG = Reward(progress=0.3)

PHRASES = Phrases(
    train=(
        "where is the {object}?",
        "search for the {object}",
        "look around for the {object}",
        "find me the {object}",
        "the {object} is behind you, find it",
        "turn around and find the {object}",
        "go and find the {object}",
        "can you see the {object} anywhere?",
        "I cannot find the {object}, can you?",
        "look for the {object}",
    ),
    # Written last: nothing was tuned while looking at these.
    held_out=(
        "hunt for the {object}",
        "I have lost the {object}, where is it?",
        "seek out the {object}",
        "help me locate the {object}",
    ),
)

TASK = Task(
    name="find",
    phrases=PHRASES,
    reward=CONFIG,
    about=(
        "The robot starts turned away from its table by 105 to 125 degrees, so that no object is in view. It "
        "has to turn back, tell the named object from the others and rest its gaze on it for 0.4 s. Resting "
        "on another object fails, and so does any gesture completed on the way."
    ),
    difficulty=2,
    looks=True,
    bow_fails=False,
    max_decisions=25,
    turned_deg=(105.0, 125.0),
)
