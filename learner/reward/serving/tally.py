"""What the reward service has done since it started; `/metrics` shows it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass
class Latency:
    """A histogram of seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    """By bucket: up to each of BUCKETS_S, and above; not cumulative."""
    total_s: float = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.total_s += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """As Prometheus wants it: (upper bound, how many up to it)."""
        bounds = [*map(str, BUCKETS_S), "+Inf"]
        return [(bound, float(sum(self.counts[: i + 1]))) for i, bound in enumerate(bounds)]


@dataclass
class Tally:
    """Mutable counts; written on the event loop only."""

    requests: int = 0
    remarks: int = 0
    """Remarks that were answered."""
    cached: int = 0
    """Of those, from the cache."""
    batches: int = 0
    """Calls of a model."""
    refused: int = 0
    """Requests refused because too much was waiting."""
    failures: int = 0
    """Calls of a model that failed."""
    degraded: int = 0
    """Remarks that the fallback answered because the model in use had failed."""
    by_kind: dict[str, int] = field(default_factory=dict)
    """Answered remarks by kind; `abstained` counts those of any kind."""
    latency: Latency = field(default_factory=Latency)
    """[s] of requests that were answered, from call to answer."""
