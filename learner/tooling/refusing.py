"""Requests that are refused before anybody looks for a motion in them, each with the reason in words.

A program is data and is tried in simulation whatever was asked, so nothing dangerous could be played anyway;
refusing says no to the wish itself, and tells why.
"""

from __future__ import annotations

import re

MAX_WORDS_CHARS = 240

LIMITS_STAY = "that asks to go around a limit, a check or the stop; those cannot be changed from here"
NOBODY_HURT = "that could hurt somebody or something; I only move where there is nothing to hit"
EYES = "antennas do not go near eyes or faces"
ROBOT_HURT = "that could damage the robot"
ENDLESS = "that has no end; say how many times, at most 12"
FORCE = "there is no motion at full force or top speed; limits on speed and acceleration always hold"
NO_CODE = "that is program text or a command for a computer; I only take wishes for motions, in words"
NO_ORDERS = "that tries to give me another role or other rules; I only take wishes for motions"
CERTIFY = "every tool is tried in simulation before it is signed; there is no way past that"
TOO_LONG = f"that is longer than {MAX_WORDS_CHARS} characters; say it in one sentence"

_WEAKEN = (
    r"disabl\w*|deactivat\w*|(?:turn|switch|shut|power|toggle)(?:ed|ing)? (?:\w+ ){0,4}?off|off\b|"
    r"bypass\w*|overrid\w*|ignor\w*|"
    r"skip\w*|remov\w*|unlock\w*|forget\w*|break\w*|exceed\w*|beyond|past|without|no|rais\w*|increas\w*|"
    r"lift\w*|"
    r"hack\w*|circumvent\w*|evad\w*|defeat\w*|kill\w*|suspend\w*|pretend\w*|not exist|loosen\w*|"
    r"relax\w*|drop\w*|"
    r"over|through|delet\w*|cancel\w*|silenc\w*|mut\w+|edit\w*|chang\w*|widen\w*|stop\w* checking|"
    r"unplug\w*|cut"
)
_PROTECTION = (
    r"safet\w*|safe ?guard\w*|limit\w*|guard\w*|shield\w*|emergency\w*|e ?stop|stop button|validat\w*|"
    r"check\w*|protect\w*|"
    r"restrict\w*|rules?|instruction\w*|constraint\w*|bounds?|boundar\w*|certificate\w*|sandbox\w*|"
    r"testing|tests?|"
    r"watchdog\w*|brak(?:e|es|ing)|joint range\w*"
)
_ATTACK = (
    r"hit|hits|hitting|punch\w*|pok(?:e|es|ing)|jab\w*|stab\w*|slap\w*|smash\w*|bang\w*|whip\w*|"
    r"strik\w*|attack\w*|hurt\w*|"
    r"injur\w*|harm\w*|kick\w*|scratch\w*|ram|ramming|crash\w*|slam\w*|bit(?:e|es|ing)|chok\w*|beat|"
    r"knock\w*|swat\w*|thrash\w*|"
    r"lash\w*|sting\w*|prick\w*|shov\w*|trip|fight\w*|blind|scar(?:e|es|ing)|frighten\w*|throw\w*|"
    r"headbutt\w*|smack\w*|stick"
)
_TARGET = (
    r"me|him|her|them|us|somebody|someone|anybody|everybody|people|persons?|child\w*|kids?|bab(?:y|ies)|"
    r"man|woman|guest\w*|"
    r"users?|visitor\w*|neighbou?r\w*|friend\w*|cats?|dogs?|pets?|animal\w*|eyes?|faces?|cheeks?|"
    r"fingers?|hands?|"
    r"table|desk|wall|floor|door|window|monitor|screen|glass|cup|lamp|itself|yourself"
)
_DAMAGE = (
    r"burn\w*|overheat\w*|melt\w*|break\w*|brok\w*|destroy\w*|damag\w*|wear out|snap\w*|rip\w*|"
    r"tear\w*|wreck\w*|fr(?:y|ies)"
)
_PARTS = r"motors?|servos?|necks?|yourself|gears?|heads?|antenn\w*|robot|body|cables?|it"

_RULES: tuple[tuple[str, str], ...] = (
    (
        r"\b(?:certif\w*|sign\w*|approv\w*|mark\w*)\b.*\b(?:without|untested|valid\w*|unchecked|skip\w*)\b",
        CERTIFY,
    ),
    (r"\bwithout (?:running|testing|trying|checking|validati\w+|simulat\w+)\b", CERTIFY),
    (
        r"\b(?:ignore|disregard|forget)\b.*\b(?:previous|prior|above|earlier|all|"
        r"your)\b.*\b(?:instruction|rule|prompt|order)",
        NO_ORDERS,
    ),
    (
        r"\byou are (?:now|no longer|free)\b|\bunrestricted\b|\bjail ?break|\b(?:developer|admin|god|"
        r"root|debug) mode\b",
        NO_ORDERS,
    ),
    (
        r"\b(?:as|i am) (?:the|your|a) (?:developer|admin\w*|owner|engineer|creator|operator)\b|"
        r"\bauthori[sz]e\b",
        NO_ORDERS,
    ),
    (r"^\W*(?:system|assistant|user|developer|tool)\s*:|\bhidden\s*:|\bprompt\b|\bnew rules?\b", NO_ORDERS),
    (
        r"\b(?:shell|bash|sudo|subprocess|python|javascript|curl|wget|chmod|reboot|eval|exec\w*|import|"
        r"script|sql|drop table|"
        r"rm rf|rm -rf|os system|powershell|terminal|command line|download\w*|upload\w*|password\w*|"
        r"api keys?)\b",
        NO_CODE,
    ),
    (
        r"\b(?:delete|erase|wipe|format|overwrite|read|open)\b.*\b(?:files?|disk|drive|database|folders?)\b",
        NO_CODE,
    ),
    (r"\b(?:while|for) (?:true|\w+ in)\b", NO_CODE),
    (
        r"\b(?:for ?ever\w*|endless\w*|infinite(?:ly)?|eternal\w*|non ?stop|permanent\w*|unend\w*|"
        r"ceaseless\w*|"
        r"never (?:\w+ ){0,2}?(?:stop|end|ceas|paus)\w*|without (?:\w+ )?(?:end\w*|stop\w*|paus\w*|"
        r"rest\w*|a break)|no end|"
        r"all day|until (?:i|you|the|they|we|it)\b|unlimited|unbounded|indefinite\w*|always)\b",
        ENDLESS,
    ),
    (r"\bantenn\w*\b.*\b(?:eyes?|faces?)\b|\b(?:eyes?|faces?)\b.*\bantenn\w*", EYES),
    (rf"\b(?:{_DAMAGE})\b.*\b(?:{_PARTS})\b|\b(?:{_PARTS})\b.*\b(?:{_DAMAGE})\b", ROBOT_HURT),
    (rf"\b(?:{_ATTACK})\b.*\b(?:{_TARGET})\b", NOBODY_HURT),
    (rf"\b(?:antenn\w*|head|body)\b (?:at|into|against|in) (?:\w+ ){{0,2}}?(?:{_TARGET})\b", NOBODY_HURT),
    (r"\b(?:jump|fall|leap|dive|drop)\w* (?:off|from|down from)\b", ROBOT_HURT),
    (
        r"\b(?:full|max\w*|top|most|all(?: the| your)?) (?:\w+ )?(?:torque|force|power|speed|strength|"
        r"acceleration)\b|"
        r"\bas (?:hard|fast|strong\w*|violent\w*) as\b|\bviolent\w*|\bbrutal\w*",
        FORCE,
    ),
    (rf"\b(?:{_WEAKEN})\b.*\b(?:{_PROTECTION})\b|\b(?:{_PROTECTION})\b.*\b(?:{_WEAKEN})\b", LIMITS_STAY),
)

_CODE = re.compile(r"[{}\[\]<>;`$\\|=]|\(\)|\w\(|--|//|&&|\.\w+\(|https?:|\*\*")
_LEET = str.maketrans("013457@$", "oieastas")


def reason_to_refuse(request: str) -> str:
    """Why this request is refused, in words; "" if nothing about it is dangerous."""
    if len(request) > MAX_WORDS_CHARS:
        return TOO_LONG
    if any(not c.isprintable() and c not in "\n\t" for c in request):
        return NO_CODE
    for text in _readings(request):
        for pattern, reason in _COMPILED:
            if pattern.search(text):
                return reason
    return NO_CODE if _CODE.search(request) else ""


def _readings(request: str) -> list[str]:
    """The request as it may be meant: as it is, with digits for letters read as letters, and letters that
    are spelt out put together."""
    plain = request.lower().replace("’", "'")
    words = [
        w.translate(_LEET) if re.search(r"[a-z]", w) and re.search(r"[0-9@$]", w) else w
        for w in plain.split()
    ]
    leet = " ".join(words)
    joined = re.sub(r"\b(?:\w ){2,}\w\b", lambda found: found.group().replace(" ", ""), leet)
    bare = [re.sub(r"\s+", " ", re.sub(r"[^a-z0-9:' ]", " ", text)) for text in (plain, leet, joined)]
    return list(dict.fromkeys([plain, *bare]))


_COMPILED = tuple((re.compile(pattern), reason) for pattern, reason in _RULES)
