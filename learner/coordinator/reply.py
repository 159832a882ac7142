"""A language model's answer -> a plan: strict JSON against a schema, then against what there is."""

from __future__ import annotations

import json
import math
from typing import Any, get_args

from learner.coordinator.goals import (
    AIMED,
    MAX_GOALS,
    Answer,
    Cannot,
    Goal,
    How,
    Known,
    Look,
    Made,
    Make,
    Plan,
    Tell,
    Use,
    What,
    problem_with,
)
from learner.tooling.refusing import reason_to_refuse
from shared.errors import ConfigError
from shared.tools import TOOLS

MAX_REPLY_CHARS = 20_000
MAX_TEXT = 240

_KEYS: dict[str, tuple[set[str], set[str]]] = {
    "look": ({"object"}, {"slowly", "follow", "times"}),
    "answer": ({"object"}, set()),
    "tell": ({"what"}, {"object"}),
    "use": ({"tool"}, {"args", "times"}),
    "made": ({"name"}, {"times"}),
    "make": ({"request"}, set()),
    "cannot": ({"reason"}, set()),
}
"""Kind of goal -> keys that it has to have, and may have, beside `do`."""


class BadReply(ConfigError):
    """An answer that is no plan."""


def parse(reply: str, known: Known) -> Plan:
    """The plan in an answer.

    Raises:
        BadReply: it is no JSON of the schema, names what does not exist, or asks for what is refused.
    """
    if len(reply) > MAX_REPLY_CHARS:
        raise BadReply(f"the answer has {len(reply)} characters; at most {MAX_REPLY_CHARS}")
    try:
        body = json.loads(reply, parse_constant=_no_constant, object_pairs_hook=_no_twice)
    except (ValueError, RecursionError) as error:
        raise BadReply(f"the answer is no JSON: {error}") from None
    if not isinstance(body, dict) or body.keys() != {"how", "goals"}:
        raise BadReply("the answer is no object with exactly the keys how and goals")
    if body["how"] not in get_args(How):
        raise BadReply(f"how is {body['how']!r:.40}; expected {', '.join(get_args(How))}")
    goals = body["goals"]
    if not isinstance(goals, list) or len(goals) > MAX_GOALS:
        raise BadReply(f"goals is no list of at most {MAX_GOALS}")
    return Plan(tuple(_goal(one, known) for one in goals), body["how"])


def _goal(body: Any, known: Known) -> Goal:
    if not isinstance(body, dict) or not isinstance(body.get("do"), str) or body["do"] not in _KEYS:
        raise BadReply(f"a goal is {str(body)!r:.80}; expected an object with do: {', '.join(_KEYS)}")
    need, may = _KEYS[body["do"]]
    given = body.keys() - {"do"}
    if not need <= given <= need | may:
        raise BadReply(
            f"a goal {body['do']!r} has the keys {sorted(given)}; it needs {sorted(need)} and may have "
            f"{sorted(may)}"
        )
    goal = _built(body)
    problem = problem_with(goal, known)
    if isinstance(goal, Make):
        problem = problem or reason_to_refuse(goal.request)
    if problem:
        raise BadReply(problem)
    return goal


def _built(body: dict[str, Any]) -> Goal:
    kind = body["do"]
    if kind == "look":
        return Look(_text(body["object"]), _flag(body, "slowly"), _flag(body, "follow"), _times(body))
    if kind == "answer":
        return Answer(_text(body["object"]))
    if kind == "tell":
        if body["what"] not in get_args(What):
            raise BadReply(f"what is {body['what']!r:.40}; expected {', '.join(get_args(What))}")
        return Tell(body["what"], _text(body["object"]) if "object" in body else "")
    if kind == "use":
        return Use(_text(body["tool"]), _args(body.get("args", {})), _times(body))
    if kind == "made":
        return Made(_text(body["name"]), times=_times(body))
    return Make(_text(body["request"])) if kind == "make" else Cannot(_text(body["reason"]))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not value.isprintable():
        raise BadReply(f"{value!r:.60} is no text of 1 to {MAX_TEXT} printable characters")
    return value


def _flag(body: dict[str, Any], name: str) -> bool:
    flag = body.get(name, False)
    if not isinstance(flag, bool):
        raise BadReply(f"{name} is {flag!r:.40}; expected true or false")
    return flag


def _times(body: dict[str, Any]) -> int:
    times = body.get("times", 1)
    if type(times) is not int:
        raise BadReply(f"times is {times!r:.40}; expected a whole number")
    return times


def _args(value: Any) -> dict[str, float]:
    if not isinstance(value, dict):
        raise BadReply(f"args is {value!r:.60}; expected an object of numbers")
    for number in value.values():
        if type(number) not in (int, float) or not math.isfinite(number):
            raise BadReply(f"args holds {number!r:.40}; expected finite numbers")
    return {name: float(number) for name, number in value.items()}


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number here")


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def instructions(known: Known) -> str:
    """What a language model is told: the task, the schema, and everything that there is."""
    tools = "; ".join(
        f"{tool.name} ({tool.description}"
        + "".join(f"; {p.name} {p.low:g}..{p.high:g} {p.unit}" for p in tool.params)
        + ")"
        for tool in TOOLS
        if tool.name not in AIMED
    )
    return (
        "You split what a person says to a small desktop robot without hands into goals, in the order in "
        "which they are to be done. Answer with one JSON object and nothing else:\n"
        '{"how": "new" | "stop" | "append", "goals": [...]}\n'
        "how: stop if the person interrupts what the robot is doing, append if it is to be done after that, "
        "new otherwise. Each goal is one of\n"
        '{"do": "look", "object": NAME, "slowly": true | false, "follow": true | false, "times": N}\n'
        '{"do": "answer", "object": NAME} for a question whether it is there\n'
        '{"do": "tell", "what": "leftmost" | "rightmost"} for a question which thing stands there\n'
        '{"do": "tell", "what": "side", "object": NAME} for a question on which side it is\n'
        '{"do": "use", "tool": NAME, "args": {PARAMETER: NUMBER}, "times": N}\n'
        '{"do": "made", "name": NAME, "times": N}\n'
        '{"do": "make", "request": WORDS} for a motion that no tool gives\n'
        '{"do": "cannot", "reason": WORDS} for what the robot cannot do\n'
        "slowly, follow, args and times may be left out. To put an object next to another one: look at the "
        "one, use nod, look at the other.\n"
        f"Objects: {', '.join(known.objects) or 'none'}.\nTools: {tools}.\n"
        f"Made tools: {', '.join(known.made) or 'none'}."
    )
