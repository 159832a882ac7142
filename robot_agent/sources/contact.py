"""What the buttons' process asks of a button, whatever it hangs on."""

from __future__ import annotations

from typing import Protocol

from shared.errors import CoachError


class ButtonLost(CoachError):
    """A configured button is not there, cannot be opened or is gone: the robot stops."""


class Contact(Protocol):
    """A button that can be waited for."""

    def read(self, timeout_s: float) -> list[tuple[float, bool]]:
        """Wait for up to `timeout_s`; the changes (monotonic time [s], pressed) since the last call.

        Raises:
            ButtonLost: it is gone.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
