"""What people say about a tempo: (wish, degree) -> wordings. Synthetic, like the raters who use them.

`examples` is what the reader of directions learns from, `BOOK` what its errors are estimated on, and
`HELD_OUT` what raters say in lessons: no reader and no reward model has seen any of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Wish = Literal["slower", "keep", "faster"]
Degree = Literal["slight", "plain", "strong"]
Book = Mapping[tuple[Wish, Degree], tuple[str, ...]]
DIRECTION: dict[Wish, float] = {"slower": -1.0, "keep": 0.0, "faster": 1.0}

_TOO = ("too", "a bit too", "way too")
_MUCH = ("", "a little", "much")
_EXCESS = {
    "slower": ("fast", "quick", "rapid", "hasty", "rushed", "hectic"),
    "faster": ("slow", "sluggish", "lazy", "leisurely", "hesitant", "sleepy"),
}
_COMPARATIVE = {
    "slower": ("slower", "more slowly", "calmer", "more gently"),
    "faster": ("faster", "quicker", "more quickly", "more briskly"),
}
_ORDER = {
    "slower": ("slow down", "slow it down", "take your time", "go easy", "do not rush", "reduce the speed"),
    "faster": (
        "speed up",
        "speed it up",
        "hurry up",
        "get a move on",
        "do not dawdle",
        "increase the speed",
    ),
}
_LACK = {"slower": "slow", "faster": "fast"}
_PRAISE = ("good", "fine", "right", "perfect", "great", "lovely", "okay", "nice", "wonderful")
_ABOUT_EXCESS = (
    "{too} {word}",
    "that was {too} {word}",
    "your tempo is {too} {word}",
    "nice, but {too} {word}",
)
_ABOUT_MORE = ("{much} {word} please", "could you do it {much} {word}", "I want it {much} {word} next time")
_ABOUT_ORDER = ("{word}", "please {word}", "{word} a little", "you should {word} a lot", "nice, but {word}")
_ABOUT_PRAISE = (
    "{word}",
    "{word} speed",
    "the tempo is {word}",
    "that was {word}",
    "your pace is {word} now",
    "{word}, keep it so",
)


def examples() -> list[tuple[str, float]]:
    """Wordings with their direction: -1 slower, 0 neither, 1 faster. A grammar, all of it written out."""
    found: dict[str, float] = {}

    def say(wish: Wish, text: str) -> None:
        found[" ".join(text.split())] = DIRECTION[wish]

    wishes: tuple[Wish, Wish] = ("slower", "faster")
    for wish in wishes:
        for word in _EXCESS[wish]:
            for frame in _ABOUT_EXCESS:
                for too in _TOO:
                    say(wish, frame.format(too=too, word=word))
            say(wish, f"not so {word}")
            say(wish, f"less {word} please")
        for frame in ("not {} enough", "that was not {} enough", "it is still not {} enough for me"):
            say(wish, frame.format(_LACK[wish]))
        for word in _COMPARATIVE[wish]:
            for frame in _ABOUT_MORE:
                for much in _MUCH:
                    say(wish, frame.format(much=much, word=word))
        for word in _ORDER[wish]:
            for frame in _ABOUT_ORDER:
                say(wish, frame.format(word=word))
    for word in _PRAISE:
        for frame in _ABOUT_PRAISE:
            say("keep", frame.format(word=word))
    for fast, slow in (("fast", "slow"), ("quick", "sluggish")):
        say("keep", f"neither too {fast} nor too {slow}")
        say("keep", f"not too {fast}, not too {slow}")
    return list(found.items())


BOOK: Book = {
    ("slower", "slight"): (
        "a bit too fast",
        "slightly too quick",
        "a little slower",
        "just a touch slower please",
        "nearly, but a little fast",
        "almost right, only slightly too fast",
        "good, but you could slow down a bit",
        "a tad less speed",
    ),
    ("slower", "plain"): (
        "too fast!",
        "that was too quick for me",
        "slower please",
        "you are rushing",
        "take it slower",
        "not so fast, please",
        "don't hurry so",
        "less speed",
        "you are too hasty",
        "it is not slow enough",
        "you should go slower",
        "the tempo is too high",
    ),
    ("slower", "strong"): (
        "way too fast, really",
        "far too quick",
        "much slower please",
        "that was insanely fast",
        "you are racing",
        "slow down a lot",
        "nowhere near slow enough",
    ),
    ("keep", "slight"): ("okay", "fine", "that will do", "not bad", "pretty good", "close enough"),
    ("keep", "plain"): (
        "good one",
        "good speed now",
        "the pace is right",
        "well done",
        "that is the right tempo",
        "yes, like that",
        "exactly my tempo",
        "the speed is good",
    ),
    ("keep", "strong"): ("excellent", "just right", "wonderful, keep that speed", "lovely pace", "great nod"),
    ("faster", "slight"): (
        "a bit too slow",
        "slightly too sluggish",
        "a little faster",
        "just a touch faster please",
        "nearly, but a little slow",
        "almost right, only slightly too slow",
        "good, but you could speed up a bit",
        "a tad more speed",
    ),
    ("faster", "plain"): (
        "too slow!",
        "that was too slow for me",
        "faster please",
        "you are dawdling",
        "take it faster",
        "not so slow, please",
        "more speed",
        "get going",
        "you are too hesitant",
        "it is not fast enough",
        "you should go faster",
        "the tempo is too low",
    ),
    ("faster", "strong"): (
        "way too slow, really",
        "far too sluggish",
        "much faster please",
        "that was incredibly slow",
        "you are crawling",
        "speed up a lot",
        "nowhere near fast enough",
    ),
}

# Written last: nothing was tuned while looking at these.
HELD_OUT: Book = {
    ("slower", "slight"): (
        "a smidge slower if you can",
        "ever so slightly too brisk",
        "would you mind a little less haste",
        "lovely, only a little quick for my taste",
        "take the speed down a notch",
    ),
    ("slower", "plain"): (
        "that went too fast for me",
        "I prefer it slower than that",
        "you need to slow it down",
        "that's too swift",
        "why such a rush",
        "bring the pace down",
    ),
    ("slower", "strong"): (
        "whoa, this is way too fast",
        "crazy fast, please go a lot slower",
        "far, far too quick",
        "you are going at breakneck speed",
    ),
    ("keep", "slight"): ("that's alright", "it will do nicely", "an acceptable pace"),
    ("keep", "plain"): ("good, stay with this tempo", "yes, I like this pace", "nicely timed"),
    ("keep", "strong"): (
        "perfect, like that from now on",
        "spot on, don't change a thing",
        "brilliant, that is the tempo I want",
    ),
    ("faster", "slight"): (
        "a bit quicker please",
        "ever so slightly too slow",
        "would you mind a little more pace",
        "lovely, only a little slow for my taste",
        "take the speed up a notch",
    ),
    ("faster", "plain"): (
        "that went too slowly for me",
        "I prefer it faster than that",
        "you need to speed it up",
        "that's too lethargic",
        "why so slow",
        "bring the pace up",
    ),
    ("faster", "strong"): (
        "oh dear, this is way too slow",
        "dead slow, please go a lot faster",
        "far, far too slow",
        "you are moving at a glacial speed",
    ),
}
