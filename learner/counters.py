"""Counts of what happened in the learner process since it started; `/metrics` and the summary show them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Counters:
    """Mutable counts; written on the event loop only."""

    transitions: int = 0
    """Records committed."""
    duplicates: int = 0
    """Records that were already there."""
    refused_frames: int = 0
    """Frames that could not be used: malformed, oversized, of another version, not finite, out of place."""
    refused_keys: int = 0
    """Connection attempts with a key that is not on the allow-list."""
    refused_hellos: int = 0
    """Robots whose layout is another."""
    unsent: int = 0
    """Messages to robots that were not reachable; dropped, never queued."""
    policy_bytes: int = 0
    """Bytes of bundles served."""
    pictures: int = 0
    feedback: dict[str, int] = field(default_factory=lambda: {"tap": 0, "rating": 0, "text": 0, "undo": 0})
    anomalies: dict[str, int] = field(default_factory=dict)
    """By kind."""
    teleop: dict[str, int] = field(default_factory=lambda: {"sent": 0, "late": 0})
    """Targets from people that were sent on, and those that came too late and were dropped."""
    stops: dict[str, int] = field(default_factory=lambda: {"confirmed": 0, "unconfirmed": 0})
