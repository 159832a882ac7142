"""One interface for whoever makes plans; the grammar is always there to fall back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import structlog

from learner.coordinator import grammar
from learner.coordinator.goals import Known, Plan
from learner.coordinator.reply import instructions, parse
from learner.speakers.speaker import Speaker
from learner.tooling.refusing import reason_to_refuse
from shared.errors import CoachError

log = structlog.get_logger()


class Planner(Protocol):
    """Whoever splits commands."""

    def plan(self, text: str, known: Known) -> Plan:
        """What a command comes to; never raises, whatever is said."""


class GrammarPlanner:
    """The grammar: at once, offline, the same answer every time."""

    def plan(self, text: str, known: Known) -> Plan:
        """See `learner.coordinator.grammar.plan`."""
        return grammar.plan(text, known)


@dataclass
class ModelPlanner:
    """A language model proposes; only a plan that passes every check is taken, else the grammar's."""

    speaker: Speaker
    fallbacks: int = 0
    """How often the grammar had to answer."""

    def plan(self, text: str, known: Known) -> Plan:
        """The model's plan, or the grammar's with the reason in the log."""
        plain = grammar.plan(text, known)
        # What the rules refuse is never put to a model; neither is what is too long.
        if reason_to_refuse(text) or len(text) > grammar.MAX_CHARS:
            return plain
        try:
            return parse(self.speaker.say(instructions(known), text), known)
        except CoachError as error:
            self.fallbacks += 1
            log.warning("planned by grammar", reason=str(error), said=text)
            return plain
