"""The wire in one table: what travels between robot and learner, which way, how often, and when it is
missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared import messages
from shared.messages import MESSAGES

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
    """Silence after which the receiver says so; for a request, how long to wait for its answer. None =
    never."""
    logged: bool
    """Whether the learner writes it into its event log."""


TOPICS: tuple[Topic, ...] = (
    Topic("hello", messages.Hello, "up", None, 5.0, True),
    Topic("welcome", messages.Welcome, "down", None, None, True),
    Topic("task", messages.TaskSpec, "down", None, None, True),
    Topic("end_episode", messages.EndEpisode, "down", None, None, True),
    Topic("transitions", messages.TransitionBatch, "up", None, 10.0, False),
    Topic("ack", messages.Ack, "down", None, None, False),
    Topic("status", messages.RobotStatus, "up", 10.0, 3.0, False),
    Topic("policy", messages.PolicyNotice, "down", None, None, True),
    Topic("chunk_request", messages.ChunkRequest, "up", None, 5.0, False),
    Topic("chunk", messages.Chunk, "down", None, None, False),
    Topic("policy_result", messages.PolicyResult, "up", None, None, True),
    Topic("stop", messages.StopRequest, "down", None, 1.0, True),
    Topic("stop_confirm", messages.StopConfirm, "up", None, None, True),
    Topic("refusal", messages.Refusal, "both", None, None, True),
)

TOPIC_OF: dict[type, Topic] = {topic.message: topic for topic in TOPICS}

assert set(TOPIC_OF) == set(MESSAGES)
