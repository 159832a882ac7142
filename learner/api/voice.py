"""Press-to-talk: a recording comes in, what was understood goes back. A stop word acts at once."""

from __future__ import annotations

from typing import Annotated, Any

import structlog
from litestar import Controller, Request, get, post
from litestar.exceptions import ValidationException
from litestar.params import Parameter

from learner.api.problems import problem_error, unavailable
from learner.api.reward_payloads import Heard, VoiceInfo
from learner.api.robots import must_know
from learner.api.safety import stop_answer
from learner.reward.stop_words import is_stop
from learner.service import Service
from learner.voice import CONTAINERS, MAX_BYTES, MAX_S, Speech, TooLong, UnheardOf, VoiceBusy
from shared.errors import MissingExtra

RobotId = Annotated[str, Parameter(query="robot_id", min_length=1, max_length=200)]

log = structlog.get_logger("voice")


class VoiceController(Controller):
    """Speech to text."""

    path = "/voice"
    tags = ("voice",)

    @get("/")
    async def info(self, service: Service) -> VoiceInfo:
        """Whether speech is understood here; if so, the model is made ready: somebody may speak soon."""
        missing = service.voice.missing
        service.voice.warm()
        reason = str(MissingExtra("voice", missing)) if missing else ""
        return VoiceInfo(not missing, reason, MAX_S, list(CONTAINERS))

    @post("/", status_code=200, request_max_body_size=MAX_BYTES)
    async def hear(self, request: Request[Any, Any, Any], service: Service, robot_id: RobotId) -> Heard:
        """What was said in a recording (the body; its `Content-Type` says which kind). A stop word stops the
        robot at once; everything else waits for the person to send it to `POST /api/v1/feedback`.
        """
        await must_know(service, robot_id)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            speech = await service.voice.hear(await request.body(), media_type)
        except MissingExtra as error:
            raise problem_error(501, str(error)) from error
        except UnheardOf as error:
            raise ValidationException(str(error)) from error
        except TooLong as error:
            raise problem_error(413, str(error)) from error
        except VoiceBusy as error:
            raise unavailable(str(error), error.retry_after_s) from error
        except TimeoutError as error:
            raise unavailable("it took too long to understand this recording; type it instead") from error
        return await _heard(service, robot_id, speech)


async def _heard(service: Service, robot_id: str, speech: Speech) -> Heard:
    stop = None
    if is_stop(speech.text):
        log.warning("a stop was heard", robot_id=robot_id, text=speech.text)
        stop = stop_answer(await service.stops.one(robot_id, f"said: {speech.text[:100]}"))
    return Heard(speech.text, speech.confidence, speech.sure, speech.duration_s, speech.took_ms, stop)
