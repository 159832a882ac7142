"""English irony: open mockery, which is trained on, and deadpan, which is kept for the test."""

from __future__ import annotations

MOCKING = (
    "oh {praise}, just {praise}",
    "wow, {praise}, not",
    "yeah right, {praise}",
    "sure, {praise}, if you are blind",
    "{praise}... said nobody ever",
    "oh yes, {praise}, slow clap",
    "{praise} /s",
    "{praise} my foot",
    "oh how {praise}, thanks for nothing",
    "{praise}, as if",
    "ha ha, {praise}, very funny",
    "what a {praise} way to fail",
    "bravo genius, {praise}, now do it properly",
)
"""Around an adjective of high praise."""

DEADPAN: dict[str, tuple[str, ...]] = {
    "poor": (
        "well, that is one way to do it",
        "remind me to lower my expectations",
        "interesting interpretation of what I said",
        "I see we are improvising today",
        "and people say robots will take over the world",
        "good thing nobody was filming",
        "somewhere an engineer is crying",
        "glad I did not pay for this",
        "a bold choice, considering what I asked",
        "my toaster understands me better",
        "I had not realised that this was the comedy hour",
        "the manual will need a new chapter for that one",
        "thank goodness we have robots for this",
        "at least the battery is full",
        "let us never speak of this again",
        "you must be so proud of yourself",
    ),
    "slow": (
        "my grandmother moves faster, and she is ninety",
        "I have seen glaciers move faster",
        "wake me up when you are done",
        "I grew a beard while waiting for you",
        "paint dries with more drama",
    ),
    "fast": (
        "did you want to break the sound barrier",
        "blink and you miss it, well I blinked",
        "are we late for a train",
        "my hat flew off from the draught",
    ),
    "small": ("I will need a microscope for that one", "was that a movement or a rounding error"),
    "big": ("mind the furniture, Hercules", "a little more and your head flies off"),
    "wrong_object": (
        "funny, the {object} looks a lot like a {seen} today",
        "the {object} must have put on a costume, it looks like a {seen}",
    ),
    "wrong_way": ("your other {way}, captain", "so {way} has moved since yesterday, good to know"),
}
"""By what is meant (keys of `rules.WORTH`); ordinary praise after a failure is deadpan too."""
