"""Look at the named object: the camera's axis within 5 degrees of it for 0.4 s, and never so at another.

Completing any gesture on the way fails too: the robot was asked to look, not to answer.
"""

from __future__ import annotations

from sim.tasks.base import Phrases, Reward, Task

CONFIG = Reward(progress=0.6)

PHRASES = Phrases(
    train=(
        "look at the {object}",
        "please look at the {object}",
        "turn your eyes to the {object}",
        "can you find the {object}?",
        "face the {object}",
        "show me where the {object} is by looking at it",
        "find the {object} and look at it",
        "point your camera at the {object}",
        "watch the {object}",
        "look over at the {object}, please",
        "turn to the {object}",
        "could you look towards the {object}?",
        "where is the {object}? look at it",
        "keep your eyes on the {object}",
        "have a look at the {object}",
        "fix your gaze on the {object}",
        "take a look over at the {object}",
        "do you see the {object}? look at it",
        "I would like you to look at the {object}",
        "direct your eyes towards the {object}",
        "gaze at the {object}",
    ),
    # Written last: nothing was tuned while looking at these.
    held_out=(
        "please turn your gaze to the {object}",
        "aim your face at the {object}",
        "spot the {object} for me",
        "rest your eyes on the {object}",
        "let me see you look at the {object}",
        "where did the {object} go? find it",
        "check out the {object}",
    ),
)

TASK = Task(
    name="look",
    phrases=PHRASES,
    reward=CONFIG,
    about=(
        "Three or four objects stand on the table. The camera's axis has to come within 5 degrees of the "
        "named one and rest there for 0.4 s. Resting on another object fails, and so does any gesture "
        "completed on the way."
    ),
    difficulty=1,
    looks=True,
    bow_fails=False,
)
