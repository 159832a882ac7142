"""Episodes, their steps, and what each step's reward is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from litestar import Controller, get
from litestar.params import Parameter

from learner.api import payloads
from learner.api.payloads import (
    AnomalyInfo,
    CreditedStep,
    EpisodeDetail,
    EpisodeInfo,
    EpisodePage,
    Reward,
    StepInfo,
)
from learner.api.problems import not_found
from learner.service import Service
from learner.store import queries
from learner.store.rows import Episode, Step
from shared.answers import spoken
from shared.codec import decode, unpack_transition
from shared.messages import SceneObject, TaskSpec
from shared.tools import TOOLS

MAX_LIMIT = 500

Key = Annotated[str, Parameter(min_length=1, max_length=200)]
Filter = Annotated[str | None, Parameter(max_length=200)]


class EpisodesController(Controller):
    """Episodes and steps."""

    tags = ("episodes",)

    @get("/episodes")
    async def episodes(
        self,
        service: Service,
        limit: Annotated[int, Parameter(ge=1, le=MAX_LIMIT)] = 50,
        offset: Annotated[int, Parameter(ge=0, le=2**63 - 1)] = 0,
        task: Filter = None,
        robot_id: Filter = None,
    ) -> EpisodePage:
        """Episodes, newest first."""
        rows = await service.store.read(
            queries.list_episodes, limit=limit, offset=offset, task=task, robot_id=robot_id
        )
        total = await service.store.read(queries.count_episodes, task=task, robot_id=robot_id)
        return EpisodePage(total, limit, offset, [EpisodeInfo(**_public(row)) for row in rows])

    @get("/episodes/{episode_id:str}")
    async def episode(self, service: Service, episode_id: Key) -> EpisodeDetail:
        """One episode with its decisions, their parameters in units and their rewards."""
        return await service.store.read(_detail, episode_id)

    @get("/steps/{step_id:int}/reward")
    async def reward(
        self, service: Service, step_id: Annotated[int, Parameter(ge=1, le=2**63 - 1)]
    ) -> Reward:
        """What one step's reward is made of, and what people said about it."""
        return await service.store.read(_step_reward, step_id)


def _public(episode: Episode) -> dict[str, Any]:
    row = asdict(episode)
    del row["spec"]
    return row


def _detail(connection: Any, episode_id: str) -> EpisodeDetail:
    episode = queries.get_episode(connection, episode_id)
    if episode is None:
        raise not_found("episode", episode_id, "GET /api/v1/episodes lists them")
    steps = [s for s in queries.episode_steps(connection, episode_id) if s.end_reason != "closing"]
    spec = decode(episode.spec)
    objects = spec.objects if isinstance(spec, TaskSpec) else ()
    flagged = queries.list_anomalies(connection, limit=MAX_LIMIT, episode_id=episode_id)
    return EpisodeDetail(
        **_public(episode),
        steps=[_step(connection, step, objects) for step in steps],
        anomalies=[AnomalyInfo(**asdict(row)) for row in flagged],
    )


def _step(connection: Any, step: Step, objects: Sequence[SceneObject]) -> StepInfo:
    tool = TOOLS[step.tool]
    record = unpack_transition(step.payload)
    raw = record.params
    return StepInfo(
        id=step.id,
        boot_epoch=step.boot_epoch,
        decision_seq=step.decision_seq,
        episode_step=step.episode_step,
        tool=tool.name,
        params=[
            payloads.Parameter(p.name, p.physical(float(raw[i])), p.unit) for i, p in enumerate(tool.params)
        ],
        said=spoken(step.tool, raw, record.obs, objects),
        source=step.source,
        end_reason=step.end_reason,
        n_ticks=step.n_ticks,
        policy_version=step.policy_version,
        limited_ticks=step.limited_ticks,
        violations=step.violations,
        time_unix_s=step.time_unix_s,
        reward=_reward(connection, step),
    )


def _step_reward(connection: Any, step_id: int) -> Reward:
    step = queries.get_step(connection, step_id)
    if step is None:
        raise not_found("step", step_id, "GET /api/v1/episodes/{id} lists an episode's steps")
    return _reward(connection, step)


def _reward(connection: Any, step: Step) -> Reward:
    parts = queries.get_step_reward(connection, step.id)
    said = [
        CreditedStep(c.step_id, c.feedback_id, c.weight, c.label)
        for c in queries.step_credits(connection, step.id)
    ]
    if parts is None:
        return Reward(step.id, step.r_task, None, None, None, None, None, None, said)
    return Reward(
        step_id=step.id,
        task=parts.r_task,
        human=parts.r_human,
        safety=parts.r_safety,
        total=parts.total,
        human_std=parts.r_human_std,
        taste_version=parts.taste_version,
        policy_version=parts.policy_version,
        feedback=said,
    )
