"""The coordinator's words: how order, manner, interruption, negation and repetition are said.

Every pattern reads lower-case text whose object names have already been replaced by tokens (`objects.py`).
"""

from __future__ import annotations

import re

from learner.tooling.words import COUNT_WORDS

_NUMBER = r"\d{1,2}|" + "|".join(COUNT_WORDS)

INTERRUPTS = re.compile(
    r"^[\s,.!]*(?:"
    r"no wait|no(?=[\s]*(?:[,.!]|$|no\b|not\b|stop\b))|nope|"
    r"stop(?: (?:that|this|it|now|there|everything|\w+ing))?|"
    r"wait(?=\s*[,.!])|hold on|hang on|never ?mind|cancel(?: (?:that|this|it|everything))?|"
    r"forget (?:[^,.;]*)|enough(?: of that)?|halt|quit(?: it| that)?|actually|scratch that|"
    r"(?:that is|that's|that was) (?:wrong|not it|not right)|wrong(?: one)?|not (?:that|this)(?: one)?|"
    r"on second thoughts?|(?:leave|drop) (?:it|that)|sorry"
    r")(?=[\s,.!]|$)"
)
"""One way to interrupt, at the start of what is said; several may follow one another."""
CONTINUES = re.compile(
    r"^[\s,]*(?:and )?(?:then|also|after (?:that|this|it)|afterwards|next(?! to)|in addition)\b[\s,]*|^and\b"
)
LINKS = re.compile(r"^(?:[\s,.!]|and\b|but\b|then\b|instead\b|rather\b)*")

MANNER = re.compile(
    r"[,\s]*(?:\bbut )?\b(?:not (?:so|too) (?:fast|quick\w*)|without (?:haste|hurry\w*|rush\w*)|"
    r"(?:there is )?no (?:rush|hurry|haste)|take your time(?: and| to)?|slow down(?: and)?|"
    r"was too (?:fast|quick)|move slowly(?: and)?|slow(?:ly|er)|gent(?:ly|le)|calmly|"
    r"smoothly(?: and slowly)?|easy(?=\s*,)|eas(?:e|ing)|leisurely|unhurried(?:ly)?|carefully|"
    r"steadily)\b[,\s]*"
)
"""Words for "slowly"; each becomes that one."""

ASIDE = re.compile(r"\byes or no\b[:,]?")
HASTE = re.compile(
    r"[,\s]*\b(?:hurry up(?: and)?|was too slow|speed it up|be quick(?: and)?|quick(?:ly|er)|fast(?:er)?|"
    r"rapidly|briskly)\b[,\s]*"
)
"""Words for "quickly"; each becomes that one."""
FOLLOW = re.compile(
    r"\b(?:do not|don't|never) lose (?:sight|track) of\b|\bkeep(?:ing)? (?:track of|watching|following)\b|"
    r"\bstay(?:ing)? with\b|\btrack(?:ing)?\b|\bfollow(?:ing)?\b"
)
FOLLOWED = re.compile(
    r"\b(?:while|as|where(?:ver)?|when) (?:it|he|she|the \w+)? ?(?:moves?|goes|is moving|is going)\b|"
    r"\bwhere(?:ver)? it (?:goes|moves)\b|\bmoving\b"
)
"""What tells that a thing is to be followed, beside the verb."""
THERE = re.compile(
    r"^(?:(?:yes or no|tell me|say|i wonder|would you say|do you know)\W*)*(?:whether |if |that )*"
    r"(?:(?:is|are) (?:there|the|a|an|any)\b|there (?:is|are)\b|(?:do|have) (?:we|you) (?:have|got|see)\b|"
    r"any\b|(?:can|do) you see (?:a|an|any)\b|(?:is|are) obj)"
)
"""How a question begins whether something is there."""
ASKED_THING = re.compile(r"\b(?:a|an|the|any|some) (?P<thing>[a-z]+(?: (?!here|there|in|on)[a-z]+)?)")
SIDE = re.compile(r"\bleft\b.*\bor\b.*\bright\b|\bright\b.*\bor\b.*\bleft\b|\b(?:which|what|the) side\b")
"""A question on which side something is."""
ASKS_NAME = re.compile(r"\b(?:what|which|name|say|tell)\b")
_END = (
    r"(?:\b(?:far|very|(?:furthest|farthest)) (?:to the )?{0}|\b{0} ?most|\b{0} (?:end|edge|side)|"
    r"\b(?:furthest|farthest) to (?:the|your) {0})\b"
)
LEFT_END, RIGHT_END = (re.compile(_END.format(side)) for side in ("left", "right"))
"""The place of what stands outermost."""
THEN = re.compile(
    r"[\s,]*(?:\band )?(?:\bthen\b|\bafter (?:that|this|which)\b|\bafterwards?\b|\bnext\b(?! to)|\bfinally\b|"
    r"\band last(?:ly)?\b|\blastly\b|\bfollowed by\b|"
    r"\bfinish(?:ing)?(?: off)? (?:by|with)\b|\bend(?:ing)? (?:by|with)\b|[;.?!](?=\s|$))[\s,]*(?:and\b)?\s*"
)
FIRST = re.compile(
    r"^[\s,]*(?:first(?:ly)?(?: of all)?|to begin with|(?:begin|start)(?:ning|ing)? (?:with|by)|begin|start)"
    r"\b[\s,]*"
)

_DOING = r"((?!look|see|find|watch|fac|turn|gaz|glanc|put|tak|carry|bring)\w+ing(?: (?:your|the) \w+)?)"
"""A motion as a noun, of which one can tell where it ends without a comma."""
# Two clauses whose order of speech is not the order of doing; group 1 is spoken first.
SECOND_COMES_FIRST = (
    re.compile(r"^(?:but )?(?:before|prior to)\b (.+?),\s*(.+)$"),
    re.compile(rf"^(?:before|prior to) {_DOING} (.+)$"),
    re.compile(r"^(.+?)[\s,]+(?:but |and )?(?:before (?:that|this)|first)\b[\s,]+(.+)$"),
    re.compile(r"^(.+?)[\s,]+(?:but )?(?:only )?(?:after|once|as soon as|when)\b (.+)$"),
)
FIRST_COMES_FIRST = (
    re.compile(r"^(?:after|once|when|as soon as|having|now that)\b (.+?),\s*(.+)$"),
    re.compile(rf"^after {_DOING} (.+)$"),
    re.compile(r"^(.+?)[\s,]+(?:before|prior to)\b (.+)$"),
)

NOT = re.compile(
    r"\b(?:do not|don't|dont|never|not|without|instead of|rather than|(?:anything|everything) but|"
    r"except(?: for)?)\b[^,;:.]*?(?=[,;:.]|\bbut\b|$)"
)
"""What is not wanted, up to the end of its clause."""
PIECES = re.compile(r"\s*(?:[,:&]|\band\b|\bbut\b|\bplus\b)\s*")
PAIRS = re.compile(
    r"\b(up|left|right|down|back|to|round|side) and (down|right|left|up|forth|fro|round|side)\b"
)
"""One motion although there is an "and" in it."""
TIMES = re.compile(rf"\b(?:(?P<n>{_NUMBER}) ?(?:times|x)|(?P<word>once|twice|thrice))\b")
AGAIN = re.compile(
    r"^(?=.*\b(?:again|repeat|once more|one more time)\b)"
    r"(?:(?:and|please|do|at|that|it|this|the same|repeat|once more|again|one more time)\s*)+$"
)
DIRECTION = re.compile(r"^(?:to the )?(?:up|down|left|right)$")
SECONDS = re.compile(rf"\b(?P<n>{_NUMBER}|an?) (?:seconds?|secs?|s)\b")

PLACE = re.compile(
    r"\b(?:put|place|set|lay|carry|bring|take|move|pick|grab|drag)(?: up| down)?(?: the| a| an)? "
    r"(?P<one>obj\d+)\b|(?P<other>obj\d+) (?:belongs|goes|should (?:be|go)|wants to (?:be|go))\b"
)
BESIDE = re.compile(
    r"\b(?:next to|beside|by|near|close to|over to|to|onto|on|at|with|alongside|towards?)(?: the| a| an)? "
    r"(?P<spot>obj\d+)\b"
)
BEYOND = re.compile(
    r"\b(?:open|close|shut|read|eat|drink|throw|toss|kick|push|pull|wash|clean|cook|bake|fill|buy|paint|write|give|"
    r"hand|fetch|bring|touch|hold|cut|peel|count|hide|catch|roll|steal|lift|drop)\b"
)
"""What this robot, without hands, cannot do with a thing."""
SIGHT = re.compile(
    r"\b(?:look\w*|see\w*|find\w*|fac\w+|watch\w*|gaz\w+|glanc\w+|star\w+|spot\w*|eyes?|check out|"
    r"locat\w+|aim\w*|search\w*|where|show|turn\w*|point\w*|view|peek\w*|notice)\b"
)
PRONOUN = re.compile(r"\b(?:it|them|that one|this one|there)\b")
UNKNOWN_THING = re.compile(
    r"\b(?:at|for|to|towards?|find|spot|watch|face|see|where is|where's|on|locate|show me)"
    r" (?:the|a|an|my|your|that|this|some)?\s*(?P<thing>[a-z]+(?: [a-z]+)?)\s*$"
)
DIRECTIONS = re.compile(
    r"\b(?:left|right|up|down|ceiling|floor|sky|ground|side|sides|front|back|ahead|forwards?|backwards?|home|me|you|"
    r"table|room|head|ear|nose|degrees|neutral|rest|position|yes|no)\b"
)
IDLE = re.compile(
    r"^(?:please|could|can|would|will|you|i|we|want|like|would|to|now|robot|reachy|hey|ok|okay|just|again|instead|"
    r"go|ahead|said|it|for|me|us|the|a|so|well|let|is|are|be|do|thanks|thank|kindly|i'd|too|as|both|turn|"
    r"around|come|on|have|done|that|\s)*$"
)
"""Words that ask for nothing by themselves."""


def number(text: str) -> int:
    """The number that a count is said with."""
    return int(text) if text.isdigit() else COUNT_WORDS.get(text, 1)


def times_in(text: str) -> tuple[int, str]:
    """How often, and the text without saying so; 1 where it is not said."""
    found = TIMES.search(text)
    if found is None:
        return 1, text
    return number(found["n"] or found["word"]), f"{text[: found.start()]} {text[found.end() :]}".strip(" ,")
