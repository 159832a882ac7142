"""What remarks are worth, and which model says so."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from litestar import Controller, get, post
from litestar.exceptions import ValidationException
from litestar.openapi.spec import Example
from litestar.params import Body, Parameter

from learner.api.problems import conflict, not_found, unavailable
from learner.api.reward_payloads import MAX_REMARKS, Judged, RemarkGiven, RewardModelInfo, RewardModels
from learner.reward.encoding import describe
from learner.reward.model import Remark
from learner.reward.serving.checking import ModelRefused
from learner.reward.serving.service import Busy, Unavailable, UnknownModel
from learner.service import Service

MAX_BODY_BYTES = 1024 * 1024
"""Of a batch."""

Version = Annotated[str, Parameter(min_length=1, max_length=200)]

_ONE = {
    "text": "nice, but too fast",
    "context": {
        "instruction": "nod yes",
        "tool": "nod",
        "range_deg": 24.0,
        "speed_deg_s": 160.0,
        "duration_s": 1.2,
        "outcome": "success",
    },
}
_EXAMPLES = [
    Example("one", "one remark", value=_ONE),
    Example("many", "several at once", value=[_ONE, {"text": "meh", "rating": 2}, {"rating": 5}]),
]


class RewardController(Controller):
    """Words become rewards."""

    path = "/reward"
    tags = ("reward",)

    @post("/predict", status_code=200, request_max_body_size=MAX_BODY_BYTES)
    async def predict(
        self, service: Service, data: Annotated[RemarkGiven | list[RemarkGiven], Body(examples=_EXAMPLES)]
    ) -> Judged | list[Judged]:
        """What one remark, or each of up to 256, is worth; stores nothing and moves nothing."""
        given = data if isinstance(data, list) else [data]
        if not 1 <= len(given) <= MAX_REMARKS:
            raise ValidationException(f"{len(given)} remarks: send 1 to {MAX_REMARKS} at a time")
        remarks = [_remark(one, f"[{i}]: " if given is data else "") for i, one in enumerate(given)]
        try:
            judgements = await service.reward.judge(remarks)
        except Busy as error:
            raise unavailable(str(error), error.retry_after_s) from error
        except Unavailable as error:
            raise unavailable(str(error)) from error
        judged = [Judged.of(judgement) for judgement in judgements]
        return judged if isinstance(data, list) else judged[0]

    @get("/models")
    async def models(self, service: Service) -> RewardModels:
        """Which reward models there are, which one answers, and why others failed."""
        states = [RewardModelInfo(**asdict(state)) for state in service.reward.models()]
        return RewardModels(service.reward.version, service.reward.waiting, states)

    @post("/models/{version:str}/activate", status_code=200)
    async def activate(self, service: Service, version: Version) -> RewardModelInfo:
        """Put a model into use, by name or version, without losing a request; a broken one is refused, and
        the one in use stays.
        """
        try:
            return RewardModelInfo(**asdict(await service.reward.activate(version)))
        except UnknownModel as error:
            raise not_found("reward model", version, "GET /api/v1/reward/models lists them") from error
        except ModelRefused as error:
            raise conflict(str(error)) from error


def _remark(given: RemarkGiven, place: str) -> Remark:
    """As reward models take it.

    Raises:
        ValidationException: nothing was said, or the context is not one of this robot; names the place.
    """
    if not given.text.strip() and given.rating is None:
        raise ValidationException(f"{place}give a text, a rating or both")
    remark = given.remark()
    try:
        describe(remark.context)
    except ValueError as error:
        raise ValidationException(f"{place}{error}") from error
    return remark
