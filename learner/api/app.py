"""The Litestar application: every controller, limits on what comes in, errors as problem details."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.plugins.problem_details import ProblemDetailsException
from litestar.plugins.prometheus import PrometheusConfig

from learner.api.docs import PlainRenderPlugin
from learner.api.episodes import EpisodesController
from learner.api.feedback import FeedbackController
from learner.api.health import HealthController
from learner.api.live import live
from learner.api.origin import same_origin
from learner.api.page import STATIC, page_handlers
from learner.api.policies import PoliciesController
from learner.api.problems import handle_http, handle_unexpected
from learner.api.reward import RewardController
from learner.api.robots import RobotsController
from learner.api.safety import SafetyController
from learner.api.steering import SteeringController, teleop
from learner.api.voice import VoiceController
from learner.service import Service
from shared import __version__

MAX_BODY_BYTES = 64 * 1024


def create_app(service: Service, static: Path = STATIC) -> Litestar:
    """The application over a running service."""
    api = Router(
        path="/api/v1",
        guards=[same_origin],
        route_handlers=[
            RobotsController,
            SafetyController,
            SteeringController,
            teleop,
            FeedbackController,
            RewardController,
            VoiceController,
            EpisodesController,
            PoliciesController,
            live,
        ],
    )
    handlers: list[Any] = [api, HealthController, *page_handlers(static)]
    return Litestar(
        route_handlers=handlers,
        dependencies={"service": Provide(lambda: service, sync_to_thread=False, use_cache=True)},
        signature_namespace={"Service": Service},
        exception_handlers={
            ProblemDetailsException: handle_http,
            HTTPException: handle_http,
            Exception: handle_unexpected,
        },
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=OpenAPIConfig(
            title="reachy-coach",
            version=__version__,
            description="Teach Reachy Mini by telling it how it did.",
            path="/schema",
            use_handler_docstrings=True,
            render_plugins=[PlainRenderPlugin()],
        ),
        middleware=[PrometheusConfig(app_name="reachy_coach_api", group_path=True).middleware],
        logging_config=None,
    )
