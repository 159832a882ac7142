"""The wire in one table: what travels between robot and learner, which way, how often, and when it is
missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared import messages
from shared.messages import MESSAGES

WIRE_PORT = 5557
"""TCP port of the learner's end, unless it is told another."""
HEARTBEAT_MS = 1_000
"""ZeroMQ's own heartbeat, both ways."""
HEARTBEAT_TIMEOUT_MS = 5_000
"""Silence after which ZeroMQ gives a connection up."""

Direction = Literal["up", "down", "both"]


@dataclass(frozen=True)
class Topic:
    """One kind of message on the link."""

    name: str
    message: type
    direction: Direction
    """`up`: robot to learner; `down`: learner to robot."""
    rate_hz: float | None
    """How often it comes while both sides are well; None = when something happens."""
    timeout_s: float | None
    """Silence after which the receiver says so; for what wants an answer, how long its sender waits before it
    sends again (a stop: gives up). None = never."""


TOPICS: tuple[Topic, ...] = (
    Topic("hello", messages.Hello, "up", None, 2.0),
    Topic("welcome", messages.Welcome, "down", None, None),
    Topic("task", messages.TaskSpec, "down", None, 2.0),
    Topic("end_episode", messages.EndEpisode, "down", None, 2.0),
    Topic("transitions", messages.TransitionBatch, "up", None, 5.0),
    Topic("ack", messages.Ack, "down", None, None),
    Topic("status", messages.RobotStatus, "up", 10.0, 3.0),
    Topic("policy", messages.PolicyNotice, "down", None, 10.0),
    Topic("chunk_request", messages.ChunkRequest, "up", None, 2.0),
    Topic("chunk", messages.Chunk, "down", None, None),
    Topic("policy_result", messages.PolicyResult, "up", None, None),
    Topic("stop", messages.StopRequest, "down", None, 2.0),
    Topic("stop_confirm", messages.StopConfirm, "up", None, None),
    Topic("refusal", messages.Refusal, "both", None, None),
    Topic("anomaly", messages.Anomaly, "up", None, None),
    Topic("teleop", messages.TeleopTarget, "down", 25.0, 0.25),
    Topic("mode", messages.SetMode, "down", None, None),
    Topic("approval", messages.Approval, "down", None, None),
)

TOPIC_OF: dict[type, Topic] = {topic.message: topic for topic in TOPICS}

assert set(TOPIC_OF) == set(MESSAGES)


def period_s(message: type) -> float:
    """Time between two of these messages while both sides are well [s].

    Raises:
        ValueError: they come when something happens.
    """
    rate_hz = TOPIC_OF[message].rate_hz
    if rate_hz is None:
        raise ValueError(f"{message.__name__} has no rate")
    return 1.0 / rate_hz


def timeout_s(message: type) -> float:
    """Time after which its silence is told of, or the request is made again [s].

    Raises:
        ValueError: nobody waits for it, or for its answer.
    """
    found = TOPIC_OF[message].timeout_s
    if found is None:
        raise ValueError(f"{message.__name__} has no timeout")
    return found
