"""Small made-up data, of which it is known what must come out."""

from learner.reward.data.example import Example
from learner.reward.model import Context

WORDS = ("good", "bad", "lovely turn", "awful turn", "nice and slow", "wrong way", "great", "terrible")


def human(number, split="test", source="tweets"):
    word = WORDS[number % len(WORDS)]
    label = 0.6 if number % 2 == 0 else -0.6
    ratings = (label, label + 0.25, label - 0.25)
    return Example(
        f"{word} {source} {number}",
        label,
        source,
        split,
        ratings=ratings,
        family=f"{source}:{split}:{number // 2}",
    )


def robot(number, split="test", kind="evaluative", language="en", **more):
    label = 0.5 if number % 2 == 0 else -0.5
    ratings = (label, label, label) if kind == "evaluative" else ()
    context = Context(
        "nod", "nod", turned_deg=20.0 if number % 2 == 0 else -20.0, range_deg=20.0, speed_deg_s=80.0
    )
    return Example(
        more.pop("text", f"{WORDS[number % len(WORDS)]} robot {number}"),
        label if kind == "evaluative" else 0.0,
        "robot",
        split,
        kind,
        ratings,
        context,
        style="child" if split == "test" else "plain",
        family=f"{split}/{number}",
        task="nod",
        language=language,
        synthetic=True,
    )
