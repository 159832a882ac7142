"""What every language model offers here."""

from __future__ import annotations

from typing import Protocol


class Speaker(Protocol):
    """A language model, wherever it runs."""

    def say(self, instructions: str, text: str) -> str:
        """Its answer.

        Raises:
            CoachError: there is none, and why.
        """
