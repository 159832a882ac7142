"""Five held-out English surface styles: functions of the text alone, as those of `styles`.

None adds a word that judges: they ramble, announce, file, respell and restart around what is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

Rng = np.random.Generator
Style = Callable[[Rng, str, float], str]
"""(rng, text, what it is worth) -> text."""


def _body(text: str) -> tuple[str, str]:
    """The text without its closing mark, and that mark: "?", "!" or "."."""
    stripped = text.rstrip()
    body = stripped.rstrip(".!?")
    if not body:
        return stripped, "."
    mark = "?" if "?" in stripped[len(body) :] else "!" if "!" in stripped[len(body) :] else "."
    return body, mark


def _pick(rng: Rng, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def grandparent(rng: Rng, text: str, value: float) -> str:
    """Somebody old and kindly who rambles."""
    openers = (
        "oh, now then, dear,",
        "come here and let Granny tell you,",
        "well now, poppet,",
        "where did I put my glasses, ah, here they are. So,",
        "in my day we only had a wireless, dear, but",
        "your grandad was just asking about you, and I told him,",
        "let me sit down first, my knees, you know. There. Now,",
        "as I was saying to the lady next door,",
        "I don't understand all these machines, sweetheart, but",
        "now listen to Grandpa, my boy,",
    )
    closers = (
        ", dear",
        ", poppet",
        ". And now I must see to my knitting",
        ". Your mother was the same at that age",
        ". Would you like a biscuit? Oh, of course, you don't eat",
        ". It reminds me of my sister's canary",
        ", as my old father used to say",
        ". Now what was I doing? Ah yes, the potatoes",
        ". I'll tell your uncle about it on Sunday",
        ", my treasure",
    )
    body, mark = _body(text)
    begin, end = rng.random() < 0.7, rng.random() < 0.65
    if not begin and not end:
        begin = True
    out = f"{_pick(rng, openers)} {body}" if begin else body
    if end:
        closer = _pick(rng, closers)
        if closer.startswith(".") and mark != ".":
            closer = mark + closer[1:]
        return f"{_capital(out)}{closer}."
    return _capital(out) + mark


_TOLD = (
    "went|took|moved|picked|did|made|stopped|headed|got|gave|missed|had|turned|"
    "looked|chose|found|hardly|barely"
)
"""Verbs that read the same after "you" and after a name."""


def commentator(rng: Rng, text: str, value: float) -> str:
    """On the microphone, as at a match."""
    openers = (
        "and here we are live at the desk,",
        "we're into the second half,",
        "let's see that on the replay, ladies and gentlemen:",
        "a hush in the stands,",
        "and the robot has the floor,",
        "as the minutes tick by,",
        "here at the desk-top arena:",
        "over to our expert at the edge of the desk, who says,",
        "and that's the whistle,",
        "for those just joining us,",
    )
    closers = (
        ", and we go to the replay",
        ", back to you in the studio",
        ", ladies and gentlemen",
        ", that's how it stands after forty minutes",
        ", with the substitutes warming up",
        ", and you heard it here live",
        ", stay with us after the break",
        ", here in front of a full house",
    )
    body, mark = _body(text)
    if len(re.findall(r"\byou(?:r|rself|'\w+)?\b", body, re.IGNORECASE)) == 1:
        name = _pick(rng, ("the little robot", "our robot", "number seven", "the robot in white"))
        body = re.sub(rf"\b[Yy]ou (?=(?:{_TOLD})\b)", f"{name} ", body)
    begin, end = rng.random() < 0.75, rng.random() < 0.55
    if not begin and not end:
        begin = True
    out = f"{_pick(rng, openers)} {body}" if begin else body
    if end and mark != "?":
        out += _pick(rng, closers)
    elif end and not begin:
        out = f"{_pick(rng, openers)} {out}"
    return _capital(out) + ("!" if mark != "?" and rng.random() < 0.5 else mark)


def engineer(rng: Rng, text: str, value: float) -> str:
    """A test report."""
    number = int(rng.integers(2, 60))
    openers: tuple[str, ...] = (
        f"Log entry {number}:",
        "Tester's remark:",
        f"Run {number}, verbatim:",
        "For the protocol:",
        f"Test case {number}, comment:",
        "Operator input:",
    )
    if value != 0.0:
        openers += ("Observation:", "Finding:", "Result of visual inspection:", f"Item {number}, evaluation:")
    closers = (
        "; logged for review",
        "; no further remarks",
        "; recommend keeping this entry on file",
        f" (ref. sheet {number})",
        "; end of entry",
        " (one observer, unaided eye)",
        "; ambient temperature 21 C",
        "; conditions as in the previous run",
    )
    body, mark = _body(text)
    total = len(re.findall(r"\byou(?:r|rself|'\w+)?\b", body, re.IGNORECASE))
    safe = rf"\byou (?=(?:{_TOLD}|should|could|would|must|will|can|never|set|settled|decided|carried|left)\b)"
    changed = body
    for pattern, instead in (
        (r"\byou were\b", "the unit was"),
        (r"\b(?:you're|you are)\b", "the unit is"),
        (r"\b(?:you've|you have)\b", "the unit has"),
        (safe, "the unit "),
        (r"\byourself\b", "itself"),
        (r"\byour\b", "its"),
    ):
        changed, count = re.subn(pattern, instead, changed, flags=re.IGNORECASE)
        total -= count
    if total == 0 and mark != "?" and "its" not in changed.split(" ")[:1]:
        body = changed
    out = f"{_pick(rng, openers)} {body}"
    if rng.random() < 0.6:
        return f"{out}{mark if mark == '?' else ''}{_pick(rng, closers)}."
    return out + ("?" if mark == "?" else ".")


_SCOTS = (
    (r"\b(was|did|do|is|could|would|should|has|does)(?:n't| not)\b", r"\1nae"),
    (r"\bdon't\b", "dinnae"),
    (r"\bcan(?:'t|not)\b", "cannae"),
    (r"\bwon't\b", "willnae"),
    (r"\byour\b", "yer"),
    (r"\byou\b", "ye"),
    (r"\bI\b", "Ah"),
    (r"\bmy\b", "ma"),
    (r"\bto\b", "tae"),
    (r"\bof\b", "o'"),
    (r"\bwith\b", "wi'"),
    (r"\band\b", "an'"),
    (r"\b(?:little|small)\b", "wee"),
    (r"\babout\b", "aboot"),
    (r"\bout\b", "oot"),
    (r"\bnow\b", "noo"),
    (r"\bdown\b", "doon"),
    (r"\bjust\b", "jist"),
    (r"\bwhat\b", "whit"),
    (r"\bone\b", "wan"),
    (r"\bfrom\b", "fae"),
    (r"\bknow\b", "ken"),
    (r"\bgood\b", "guid"),
    (r"\byes\b", "aye"),
    (r"\bsomething\b", "sumthin"),
    (r"\bnothing\b", "nuthin"),
    (r"\bhead\b", "heid"),
    (r"\bdo\b", "dae"),
    (r"\bmore\b", "mair"),
    (r"\bold\b", "auld"),
    (r"\bsuch\b", "sic"),
    (r"\bhave\b", "hae"),
)
_NORTHERN = (
    (r"\bwas\b", "were"),
    (r"\bwasn't\b", "weren't"),
    (r"\bnothing\b", "nowt"),
    (r"\bsomething\b", "summat"),
    (r"\banything\b", "owt"),
    (r"\bmy\b", "me"),
    (r"\bmyself\b", "meself"),
    (r"\byourself\b", "yersen"),
    (r"\b(to|in|on|at|for|with|of) the (?=\w)", r"\1 t'"),
    (r"\byes\b", "aye"),
    (r"\bhave\b", "'ave"),
    (r"\bhead\b", "'ead"),
    (r"\bhow\b", "'ow"),
    (r"\bhalf\b", "'alf"),
    (r"\bhad\b", "'ad"),
    (r"\bdo not\b", "dunt"),
    (r"\bisn't\b", "in't"),
    (r"\byou\b(?!')", "yer"),
    (r"\bwhile\b", "whilst"),
    (r"\bover there\b", "ower yonder"),
    (r"\bover\b", "ower"),
    (r"\btake\b", "tek"),
    (r"\bmake\b", "mek"),
    (r"\bwith\b", "wi'"),
    (r"\bold\b", "owd"),
)


def dialect(rng: Rng, text: str, value: float) -> str:
    """Written as spoken in Scotland or the north of England."""
    scots = rng.random() < 0.6
    out = text
    for pattern, instead in _SCOTS if scots else _NORTHERN:
        if rng.random() < 0.85:
            out = re.sub(pattern, instead, out)
    out = re.sub(r"\b(?!(?:any|some|every|no)thing\b)(\w{3,}[^aeiou\W])ing\b", r"\1in'", out)
    body, mark = _body(out)
    openers = (
        ("och,", "here, pal,", "see, it's like this,", "listen, hen,", "ken whit,", "Ah'll tell ye,")
        if scots
        else ("ey up,", "now then,", "sithee,", "'ere, love,", "I'll tell thee,")
    )
    closers = (
        (", pal", ", ken", ", so Ah'm tellin' ye", ", hen", ", son")
        if scots
        else (", lad", ", love", ", like", ", tha knows", ", petal")
    )
    if rng.random() < 0.45 or out == text:
        body = f"{_pick(rng, openers)} {body}"
    closer = _pick(rng, closers)
    if rng.random() < 0.35 and closer[2:] not in body:
        body += closer
    return body + ("" if mark == "." and rng.random() < 0.5 else mark)


def hesitant(rng: Rng, text: str, value: float) -> str:
    """Breaks off, restarts, looks for words."""
    restarts = (
        "sorry, let me start over",
        "hm, how do I say this",
        "let me put that differently",
        "sorry, I lost my thread",
        "what I mean is",
        "give me a second to find the words",
    )
    fillers = ("how shall I say", "what's the word", "let me think", "you know what I mean", "how to put it")
    openers = (
        "so, well... I mean...",
        "I was going to say...",
        "it's just... I mean...",
        "hm... how do I put it...",
        "I... well...",
        "about that... so...",
    )
    body, mark = _body(text)
    words = body.split()
    plain = all(re.fullmatch(r"[\w',-]+", word) for word in words)
    choice = rng.random()
    if len(words) < 3 or not plain or choice < 0.2:
        out = f"{_pick(rng, openers)} {body}"
    elif choice < 0.6:
        # Three words before the break are enough to be heard as a false start, and too few to say anything.
        begun = " ".join(words[: int(rng.integers(1, min(4, len(words))))]).rstrip(",")
        again = body if words[0].startswith("I") else body[:1].lower() + body[1:]
        if rng.random() < 0.5:
            out = f"{begun}... {_pick(rng, restarts)}... {again}"
        else:
            out = f"{begun} -- {begun.split()[0]} -- {_pick(rng, restarts)}: {again}"
    else:
        at = int(rng.integers(max(1, len(words) // 2), len(words)))
        head, tail = " ".join(words[:at]).rstrip(","), " ".join(words[at:])
        out = f"{head}... {_pick(rng, fillers)}... {tail}"
        if rng.random() < 0.4:
            out = f"{words[0].rstrip(',')}, {out}"
    if mark == "." and rng.random() < 0.5:
        return out + _pick(rng, ("...", "... that's what I wanted to say"))
    return out + mark


STYLES: dict[str, Style] = {
    "grandparent": grandparent,
    "commentator": commentator,
    "engineer": engineer,
    "dialect": dialect,
    "hesitant": hesitant,
}
