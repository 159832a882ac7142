"""An OpenAI-compatible HTTP endpoint as a speaker: one request, bounded in time and size."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from shared.errors import ConfigError

MAX_BYTES = 256 * 1024
_CHUNK = 16 * 1024


class NoAnswer(ConfigError):
    """The endpoint did not answer as it should."""


@dataclass(frozen=True)
class Endpoint:
    """Where a language model answers."""

    url: str
    """Base of the interface, as in `http://127.0.0.1:8000/v1`."""
    model: str
    key: str = ""
    """Sent as a bearer token where it is given."""
    timeout_s: float = 10.0
    """For the whole answer."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"{self.url!r:.100} is no http or https address; as in http://127.0.0.1:8000/v1"
            )
        if not self.timeout_s > 0.0:
            raise ConfigError(f"timeout_s = {self.timeout_s:g}; it has to be above 0")

    def say(self, instructions: str, text: str) -> str:
        """The first choice's message.

        Raises:
            NoAnswer: unreachable, too slow, too large, or another form than expected.
        """
        body = {
            "model": self.model,
            "temperature": 0,
            "response_format": {"type": "json_object"},
            "messages": [{"role": "system", "content": instructions}, {"role": "user", "content": text}],
        }
        try:
            message = json.loads(self._post(json.dumps(body).encode()))["choices"][0]["message"]["content"]
            json.dumps(message, ensure_ascii=False).encode()  # refuses halves of letters
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
            raise NoAnswer(
                f"{self.url} answered in another form than expected: {type(error).__name__}"
            ) from None
        if not isinstance(message, str):
            raise NoAnswer(f"{self.url} answered without a text")
        return message

    def _post(self, body: bytes) -> bytes:
        parts, ends = urlsplit(self.url), time.monotonic() + self.timeout_s
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        try:
            line = kind(parts.hostname or "", parts.port, timeout=self.timeout_s)
        except ValueError as error:
            raise NoAnswer(f"{self.url}: {error}") from None
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        try:
            line.request("POST", f"{parts.path.rstrip('/')}/chat/completions", body, headers)
            line.sock.settimeout(max(ends - time.monotonic(), 0.01))
            answer = line.getresponse()
            if answer.status != 200:
                raise NoAnswer(f"{self.url} answered {answer.status} {answer.reason}")
            return self._read(line, answer, ends)
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(f"{self.url} gave no answer within {self.timeout_s:g} s: {error}") from None
        finally:
            line.close()

    def _read(self, line: Any, answer: Any, ends: float) -> bytes:
        """The body, piece by piece: a server that drips must not hold us up beyond the time."""
        found = b""
        while True:
            left = ends - time.monotonic()
            if left <= 0.0:
                raise NoAnswer(f"{self.url} gave no whole answer within {self.timeout_s:g} s")
            if line.sock is not None:
                line.sock.settimeout(left)
            piece = answer.read1(_CHUNK)
            if not piece:
                return found
            found += piece
            if len(found) > MAX_BYTES:
                raise NoAnswer(f"{self.url} answered with more than {MAX_BYTES} bytes")
