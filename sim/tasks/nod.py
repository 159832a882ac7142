"""Nod yes when asked: the head's pitch swings to and fro; the first other gesture completed fails."""

from __future__ import annotations

from sim.tasks.base import Phrases, Reward, Task
from sim.tasks.gestures import GESTURES

CONFIG = Reward()

PHRASES = Phrases(
    train=(
        "nod",
        "nod yes",
        "please nod",
        "nod your head",
        "say yes with your head",
        "nod if you agree",
        "show me that you agree",
        "give me a nod",
        "please say yes",
        "agree with me",
        "nod your head to say yes",
        "yes, nod please",
        "tell me yes without words",
        "could you nod for me?",
        "show me a yes",
        "please say yes with your head",
        "I want you to nod",
        "nod in agreement",
        "give a nod of approval",
        "let me see you nod yes",
    ),
    # Written last: nothing was tuned while looking at these.
    held_out=(
        "give us a yes with your head",
        "go ahead and nod",
        "I'd like you to nod now",
        "can you make a nod?",
        "respond with a nod",
        "let your head say yes",
        "show that you approve by nodding",
    ),
)

TASK = Task(
    name="nod",
    phrases=PHRASES,
    reward=CONFIG,
    about=(
        "The head's pitch has to swing to and fro, three turning points in 1.5 s, more than anything else "
        "moves. The first other gesture completed fails."
    ),
    difficulty=1,
    gesture=GESTURES.index("nod"),
)
