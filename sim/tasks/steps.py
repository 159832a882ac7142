"""Two steps in the order in which they were asked for: "nod, then look at the duck"."""

from __future__ import annotations

from sim.tasks.base import Phrases, Plan, Reward, Task, wordings

CONFIG = Reward(progress=0.6, step=0.3)

# Held-out wordings were written last: nothing was tuned while looking at these.
PLANS = (
    Plan(
        Phrases(
            train=(
                "nod, then look at the {object}",
                "first nod, then look at the {object}",
                "nod your head and then find the {object}",
                "say yes and then look at the {object}",
            ),
            held_out=(
                "begin with a nod, then turn to the {object}",
                "nod, and after that watch the {object}",
            ),
        ),
        ("nod", "{object}"),
    ),
    Plan(
        Phrases(
            train=(
                "shake your head, then look at the {object}",
                "first shake your head, then look at the {object}",
                "shake your head no and then find the {object}",
                "say no and then look at the {object}",
            ),
            held_out=(
                "begin by shaking your head, then turn to the {object}",
                "shake your head, and after that watch the {object}",
            ),
        ),
        ("shake", "{object}"),
    ),
    Plan(
        Phrases(
            train=(
                "look at the {object}, then nod",
                "first look at the {object}, then nod",
                "find the {object} and then nod your head",
                "look at the {object} and then say yes",
            ),
            held_out=("turn to the {object}, and end with a nod", "watch the {object}, and after that nod"),
        ),
        ("{object}", "nod"),
    ),
    Plan(
        Phrases(
            train=(
                "look at the {object}, then shake your head",
                "first look at the {object}, then shake your head",
                "find the {object} and then shake your head no",
                "look at the {object} and then say no",
            ),
            held_out=(
                "turn to the {object}, and end by shaking your head",
                "watch the {object}, and after that shake your head",
            ),
        ),
        ("{object}", "shake"),
    ),
)

TASK = Task(
    name="steps",
    phrases=wordings(PLANS),
    reward=CONFIG,
    about=(
        "A gesture and a look, in the order in which the instruction names them. A gesture before its turn, "
        "another gesture, or resting the gaze on another object while one is to be looked at fails. What is "
        "done may be done again."
    ),
    difficulty=4,
    bow_fails=False,
    max_decisions=25,
    plans=PLANS,
)
