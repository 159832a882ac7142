"""Pick and place for a robot without arms, by gaze.

Pick: the gaze rests on the object, and a nod confirms it. Place: the gaze is carried to the named spot, and
rests there.
"""

from __future__ import annotations

from sim.tasks.base import Phrases, Plan, Reward, Task, wordings

CONFIG = Reward(progress=0.6, step=0.3)
SPOTS = ("book", "coffee mug", "flower pot")

PLANS = (
    Plan(
        Phrases(
            train=(
                "put the {object} next to the {spot}",
                "pick up the {object} and put it by the {spot}",
                "take the {object} to the {spot}",
                "carry the {object} over to the {spot}",
                "bring the {object} to the {spot}",
                "move the {object} beside the {spot}",
            ),
            # Written last: nothing was tuned while looking at these.
            held_out=(
                "grab the {object} and set it down near the {spot}",
                "the {object} belongs beside the {spot}",
                "place the {object} close to the {spot}",
            ),
        ),
        ("{object}", "nod", "{spot}"),
    ),
)

TASK = Task(
    name="carry",
    phrases=wordings(PLANS),
    reward=CONFIG,
    about=(
        "Pick and place by gaze, as this robot has no arms. Pick: the gaze rests on the named object for "
        "0.4 s, and a nod confirms it. Place: the gaze is carried to the named spot and rests there. Another "
        "gesture, or resting on an object that was not meant, fails. Held out are five types of object."
    ),
    difficulty=5,
    bow_fails=False,
    max_decisions=35,
    plans=PLANS,
    spots=SPOTS,
)
