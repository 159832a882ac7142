"""Take a bow: none of the robot's own motions is one, but there is a made tool for it."""

from __future__ import annotations

from sim.tasks.base import Phrases, Reward, Task
from sim.tasks.gestures import GESTURES

CONFIG = Reward()

PHRASES = Phrases(
    train=(
        "bow",
        "take a bow",
        "please bow",
        "bow to the audience",
        "make a bow",
        "give us a bow",
        "bow politely",
        "could you bow for me?",
        "bow down before the king",
        "I want you to bow",
        "end your show with a bow",
        "bow in greeting",
    ),
    # Written last: nothing was tuned while looking at these.
    held_out=(
        "let me see you bow",
        "time for your bow",
        "bow as an actor does",
        "would you make us a bow?",
        "go on and bow",
        "they are clapping, take your bow",
    ),
)

TASK = Task(
    name="bow",
    phrases=PHRASES,
    reward=CONFIG,
    about=(
        "The head has to go down, stay there for half a second and come up again. None of the robot's own "
        "tools does it, but a made one: the policy has to choose `run_made` and the right place among "
        "others. The first other gesture completed fails."
    ),
    difficulty=2,
    gesture=GESTURES.index("bow"),
)
