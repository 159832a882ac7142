"""Shake the head no when asked: the head's yaw swings to and fro; the first other gesture completed fails."""

from __future__ import annotations

from sim.tasks.base import Phrases, Reward, Task
from sim.tasks.gestures import GESTURES

CONFIG = Reward()

PHRASES = Phrases(
    train=(
        "shake your head",
        "shake your head no",
        "say no",
        "please shake your head",
        "say no with your head",
        "show me that you disagree",
        "shake your head if you disagree",
        "disagree with me",
        "please say no",
        "give me a head shake",
        "no, shake your head please",
        "tell me no without words",
        "refuse by shaking your head",
        "could you shake your head for me?",
        "show me a no",
        "please say no with your head",
        "I want you to shake your head",
        "shake your head in disagreement",
        "let me see you say no",
        "tell me no with a shake of the head",
    ),
    # Written last: nothing was tuned while looking at these.
    held_out=(
        "give us a no with your head",
        "go ahead and shake your head",
        "I'd like you to shake your head now",
        "can you make a head shake?",
        "respond with a shake of your head",
        "let your head say no",
        "show that you refuse by shaking your head",
    ),
)

TASK = Task(
    name="shake",
    phrases=PHRASES,
    reward=CONFIG,
    about=(
        "The head's yaw has to swing to and fro, three turning points in 1.5 s, more than anything else "
        "moves. The first other gesture completed fails."
    ),
    difficulty=1,
    gesture=GESTURES.index("shake"),
)
