"""Look at the named object slowly: what a person who says "too fast" asks for.

This is the physical part of learning from such remarks: the pace is judged from the gaze's own motion, as no
tool has a speed to set.
"""

from __future__ import annotations

from sim.tasks.base import Phrases, Reward, Task

CONFIG = Reward(progress=0.6)

PHRASES = Phrases(
    train=(
        "slowly look at the {object}",
        "look at the {object}, slowly",
        "gently turn to the {object}",
        "turn to the {object} without haste",
        "take your time and look at the {object}",
        "look at the {object}, but not so fast",
        "move slowly and face the {object}",
        "calmly look over at the {object}",
        "easy, look at the {object}",
        "slow down and look at the {object}",
    ),
    # Written last: nothing was tuned while looking at these.
    held_out=(
        "no rush, turn your gaze to the {object}",
        "ease your eyes over to the {object}",
        "that was too fast, look at the {object} again",
        "smoothly and slowly aim at the {object}",
    ),
)

TASK = Task(
    name="slowly",
    phrases=PHRASES,
    reward=CONFIG,
    about=(
        "As `look`, but the gaze may never turn by more than 12 degrees within 0.2 s (60 degrees a second). "
        "Moving faster fails, as do gestures and resting on another object."
    ),
    difficulty=3,
    looks=True,
    bow_fails=False,
    max_decisions=25,
    max_gaze_deg_s=60.0,
)
