"""Commands -> plans by a small grammar: a pure function of the text and of what is known.

It knows the words of `phrases.py` and the tool maker's (`learner.tooling.words`). What it does not know, it
says: it is no language model.
"""

from __future__ import annotations

import re
from dataclasses import replace

from learner.coordinator import phrases
from learner.coordinator.goals import (
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
    problem_with,
)
from learner.coordinator.motions import own_tool, plain
from learner.coordinator.objects import TOKEN, Mentions
from learner.tooling.refusing import MAX_WORDS_CHARS, reason_to_refuse
from learner.tooling.words import Wishes, read

MAX_CHARS = MAX_WORDS_CHARS
_PICKED = Use("nod")
"""Without hands, to pick a thing is to rest the gaze on it and to confirm with a nod."""


def plan(text: str, known: Known) -> Plan:
    """What a command comes to; never raises, whatever is said."""
    if len(text) > MAX_CHARS:
        return Plan((Cannot(f"that is longer than {MAX_CHARS} characters; say it in fewer words"),))
    how, rest = opening(re.sub(r"\s+", " ", text.lower().replace("’", "'").replace(";", ".")).strip())
    refused = reason_to_refuse(rest)
    if refused:
        return Plan((Cannot(refused),), how)
    rest = phrases.ASIDE.sub(" ", rest)
    for pattern, word in (
        (phrases.MANNER, " slowly "),
        (phrases.HASTE, " quickly "),
        (phrases.FOLLOW, " follow "),
    ):
        rest = pattern.sub(word, rest)
    mentions = Mentions(phrases.PAIRS.sub(r"\1_and_\2", rest), known.objects)
    goals = [_checked(goal, known) for goal in _Reader(mentions, known).goals()]
    if len(goals) > MAX_GOALS:
        return Plan((Cannot(f"that is {len(goals)} steps; at most {MAX_GOALS} at once"),), how)
    if not goals and not (how == "stop" or phrases.NOT.search(mentions.text)):
        return Plan((Cannot("I heard nothing to do; name a motion, or an object to look at"),), how)
    return Plan(tuple(goals), how)


def opening(text: str) -> tuple[How, str]:
    """Whether somebody interrupts or goes on, and what is said beside that."""
    how: How = "new"
    while found := phrases.INTERRUPTS.match(text):
        how, text = "stop", phrases.LINKS.sub("", text[found.end() :])
    if how == "new" and (found := phrases.CONTINUES.match(text)):
        how, text = "append", text[found.end() :]
    return how, text


def ordered(text: str) -> list[str]:
    """Clauses in the order in which they are to be done."""
    found: list[str] = []
    for part in phrases.THEN.split(text):
        found += _arranged(phrases.FIRST.sub("", part.strip(" ,.")))
    return found


def _arranged(text: str) -> list[str]:
    for pattern in phrases.SECOND_COMES_FIRST:
        if two := pattern.match(text):
            return _arranged(two[2]) + _arranged(two[1])
    for pattern in phrases.FIRST_COMES_FIRST:
        if two := pattern.match(text):
            return _arranged(two[1]) + _arranged(two[2])
    return [text] if text else []


class _Reader:
    """Reads one command, piece by piece; a piece may refer to the goals before it."""

    def __init__(self, mentions: Mentions, known: Known) -> None:
        self._mentions, self._known = mentions, known
        self._goals: list[Goal] = []

    def goals(self) -> list[Goal]:
        for clause in ordered(self._mentions.text):
            self._clause(phrases.NOT.sub(" ", clause))
        return self._goals

    def _clause(self, clause: str) -> None:
        asked = self._asked(clause)
        if asked is not None:
            self._goals.append(asked)
            return
        carried = self._carry(clause)
        if carried is None:
            self._pieces(clause)
            return
        before, goals, after = carried
        self._pieces(before)
        self._goals += goals
        self._pieces(after)

    def _asked(self, clause: str) -> Goal | None:
        """A question that takes words to answer."""
        if phrases.SIDE.search(clause):
            meant = [names for names in self._mentions.of(clause) if names]
            if not meant:
                return Cannot("I do not know whose side you mean; name it")
            return Tell("side", meant[0][0]) if len(meant[0]) == 1 else _which(meant[0])
        if not phrases.ASKS_NAME.search(clause):
            return None
        left, right = phrases.LEFT_END.search(clause), phrases.RIGHT_END.search(clause)
        return Tell("leftmost" if left else "rightmost") if bool(left) != bool(right) else None

    def _pieces(self, clause: str) -> None:
        began, pending, bare = len(self._goals), 1, False
        for piece in phrases.PIECES.split(clause):
            text = piece.strip(" ,.!?")
            count, rest = phrases.times_in(text)
            if count > 1 and phrases.IDLE.match(rest):
                # "..., twice" is about all of the clause before it; "twice, ..." about what comes.
                if len(self._goals) > began:
                    self._goals += self._goals[began:] * (count - 1)
                else:
                    pending = count
                continue
            goals = self._piece(text, count, rest)
            said, bare = bare, text in ("yes", "no")
            looked = len(goals) == 1 and isinstance(goals[0], Look) and len(self._goals) > began
            if (said or bare or looked) and self._goals[-1:] == goals:
                continue  # "yes, nod" is one nod, "I meant the book, look at the book" one look
            self._goals += [_more(goal, pending) for goal in goals]
            pending = 1 if goals else pending

    def _carry(self, clause: str) -> tuple[str, list[Goal], str] | None:
        """Pick and place by gaze, where a clause asks for it: what is said before, its goals, what is said
        after."""
        verb = phrases.PLACE.search(clause)
        if verb is None:
            return None
        thing = self._looks(verb["one"] or verb["other"])
        spot = phrases.BESIDE.search(clause, verb.end())
        if spot is not None:
            goals = [*thing, _PICKED, *self._looks(spot["spot"])]
            return clause[: verb.start()], goals, clause[spot.end() :]
        if not verb[0].startswith("pick"):
            return None
        return clause[: verb.start()], [*thing, _PICKED], clause[verb.end() :]

    def _piece(self, text: str, count: int, rest: str) -> list[Goal]:
        if phrases.AGAIN.match(text):
            return self._again()
        if phrases.IDLE.match(text) or text in ("slowly", "quickly"):
            return []
        if phrases.THERE.match(text):
            return self._question(text)
        if phrases.DIRECTION.match(text):
            text = rest = f"look {text}"  # "look up and then down"
        if TOKEN.search(text):
            return self._about_objects(text, rest, count)
        if phrases.PRONOUN.search(text) and (phrases.SIGHT.search(text) or "follow" in text):
            return self._the_same(text)
        if unknown := self._unknown(text):
            return [unknown]
        return [self._motion(text, count, rest)]

    def _question(self, text: str) -> list[Goal]:
        """Whether something is there; a tag ("..., is there?") asks no second time."""
        meant = self._mentions.of(text)
        if meant:
            return [Answer(names[0]) if len(names) == 1 else _which(names) for names in meant[:1]]
        thing = phrases.ASKED_THING.search(text)
        if thing is not None:
            return [Answer(thing["thing"])]
        return [] if self._goals else [Cannot("I do not know what that refers to; name it")]

    def _the_same(self, text: str) -> list[Goal]:
        """ "it": what was to be looked at just before."""
        before = self._goals[-1] if self._goals else None
        if isinstance(before, Answer):
            before = Look(before.object)  # "do you see the apple? look at it" asks for no answer
        if not isinstance(before, Look):
            return [Cannot("I do not know what that refers to; name it")]
        self._goals[-1] = replace(before, follow=before.follow or _follows(text))
        return []

    def _again(self) -> list[Goal]:
        if not self._goals:
            return [Cannot("there is nothing yet that I could do again")]
        return [self._goals[-1]]

    def _about_objects(self, text: str, rest: str, count: int) -> list[Goal]:
        if phrases.BEYOND.search(TOKEN.sub(" ", text)):
            said = self._mentions.spoken(text)
            return [Cannot(f"{said!r}: I have no hands; I can look at things, move, and carry by gaze")]
        gesture = own_tool(TOKEN.sub(" ", rest).split(" at ")[0]) if not phrases.SIGHT.search(text) else None
        looks = self._looks(text, "slowly" in text, _follows(text))
        return [*looks, gesture] if gesture is not None else [_more(look, count) for look in looks]

    def _looks(self, text: str, slowly: bool = False, follow: bool = False) -> list[Goal]:
        return [
            Look(meant[0], slowly, follow) if len(meant) == 1 else _which(meant)
            for meant in self._mentions.of(text)
        ]

    def _unknown(self, text: str) -> Cannot | None:
        """A thing that is to be looked at, but is not known."""
        found = phrases.UNKNOWN_THING.search(text)
        if found is None or not phrases.SIGHT.search(text) or phrases.DIRECTIONS.search(found["thing"]):
            return None
        seen = ", ".join(self._known.objects) or "nothing"
        return Cannot(f"I know no {found['thing']!r} here; I know {seen}")

    def _motion(self, text: str, count: int, rest: str) -> Goal:
        if plain(text):
            own = own_tool(text)
            if own is not None:
                return own
            for name in sorted(self._known.made, key=len, reverse=True):
                if re.search(rf"\b{re.escape(name.replace('_', ' '))}\b", rest.replace("_", " ")):
                    return Made(name, times=count)
        if isinstance(read(text), Wishes):
            return Make(text.replace("_", " "))
        return Cannot(f"I do not know how to {text!r:.80}")


def _which(meant: tuple[str, ...]) -> Cannot:
    return Cannot(f"which one: {' or '.join(meant)}?")


def _follows(text: str) -> bool:
    return "follow" in text or phrases.FOLLOWED.search(text) is not None


def _more(goal: Goal, times: int) -> Goal:
    if times == 1 or not isinstance(goal, Look | Use | Made):
        return goal
    return replace(goal, times=goal.times * times)


def _checked(goal: Goal, known: Known) -> Goal:
    problem = problem_with(goal, known)
    return Cannot(problem) if problem else goal
