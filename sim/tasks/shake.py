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
    ),
    held_out=(
        "could you shake your head for me?",
        "show me a no",
        "please say no with your head",
        "I want you to shake your head",
        "shake your head in disagreement",
        "let me see you say no",
        "tell me no with a shake of the head",
    ),
)

TASK = Task(name="shake", phrases=PHRASES, reward=CONFIG, gesture=GESTURES.index("shake"))
