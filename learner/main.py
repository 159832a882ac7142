"""The learner process: the link to robots, the store, the API and its pages, on one event loop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from learner import crediting
from learner.api.app import create_app
from learner.assign import Assigner, Task
from learner.config import LearnerConfig
from learner.counters import Counters
from learner.disliking import Dislikes
from learner.experience import Experience
from learner.judging import Judge, Judging
from learner.live import Hub, Live
from learner.pictures import Pictures, Renderer
from learner.policies import Policies
from learner.reward.model import RewardModel
from learner.reward.serving.catalogue import Catalogue
from learner.reward.serving.service import RewardService
from learner.robots import Robots
from learner.scoring import Scoring
from learner.service import Service
from learner.steering import Steering
from learner.stopping import Stops
from learner.store.engine import AsyncStore
from learner.summary import Summary
from learner.unlocking import Unlocking
from learner.voice import Voice
from learner.wire import AllowList, Wire
from shared.errors import AlreadyRunning
from shared.keys import ensure_keypair
from shared.messages import TaskSpec

log = structlog.get_logger("learner")


def run(config: LearnerConfig, on_ready: Callable[[str], None] | None = None) -> int:
    """Run until SIGINT or SIGTERM; gives the exit code.

    Args:
        config: see `LearnerConfig`.
        on_ready: called with the URL once everything listens; prints it by default.

    Raises:
        AlreadyRunning: a port is taken.
        StoreError: the store cannot be opened or is of another version.
        UnknownTask: the configuration names a task that does not exist.
        ConfigError: it names one that robots cannot be given.
    """
    return asyncio.run(serve(config, on_ready or _print_url))


def _print_url(url: str) -> None:
    sys.stdout.write(f"learner: {url}\n")
    sys.stdout.flush()


async def serve(config: LearnerConfig, on_ready: Callable[[str], None]) -> int:
    """The composition root."""
    from learner.tooling.places import take_up
    from learner.tooling.store import ToolStore
    from sim.tasks import tasks_for_robots
    from sim.tasks.judge import Judge as TaskJudge

    take_up(ToolStore(config.tools_dir))
    return await Learner(config, tasks_for_robots(config.tasks), TaskJudge, _make_renderer).serve(on_ready)


def _make_renderer() -> Renderer:
    from sim.camera import Renderer as SimRenderer  # needs OpenGL: only when somebody watches

    return SimRenderer()


def _open_reward_model(spec: str, data_dir: Path) -> RewardModel:
    from learner.reward.backends import open_model  # slow imports: only in the thread that loads a model

    return open_model(spec, data_dir, threads=os.cpu_count() or 1)


class Learner:
    """All parts, wired together."""

    def __init__(
        self,
        config: LearnerConfig,
        tasks: dict[str, Any] | dict[str, Task],
        make_judge: Callable[[TaskSpec], Judge],
        make_renderer: Callable[[], Renderer],
        open_reward_model: Callable[[str, Path], RewardModel] = _open_reward_model,
    ) -> None:
        self.config = config
        self.counters = Counters()
        self.stopping = asyncio.Event()
        self.listener = _listen(config.host, config.api_port)
        try:
            self.store = AsyncStore(config.store_path)
            config.allow_dir.mkdir(parents=True, exist_ok=True)
            _, secret = ensure_keypair(config.key_path)
            allow = AllowList(config.allow_dir, self.counters)
            self.wire = Wire(config.host, config.wire_port, secret.encode(), allow, self.counters)
        except BaseException:
            self.listener.close()
            raise
        self.robots = Robots(self.wire)
        self.stops = Stops(self.robots, self.store, self.counters)
        self.steering = Steering(self.robots, self.counters)
        self.hub = Hub()
        self.policies = Policies(self.store, self.robots, self.counters, config.learner_dir)
        self.unlocking = Unlocking(self.store, config.tasks, config.unlock)
        self.summary = Summary(
            store=self.store,
            robots=self.robots,
            policies=self.policies,
            unlocking=self.unlocking,
            counters=self.counters,
            tasks=config.tasks,
        )
        self.live = Live(self.hub, self.robots, self.store, self.summary)
        self.experience = Experience(
            wire=self.wire,
            robots=self.robots,
            store=self.store,
            judging=Judging(self.store, make_judge),
            policies=self.policies,
            stops=self.stops,
            counters=self.counters,
            on_status=self.live.status,
            on_anomaly=self.live.anomaly,
            on_said=self.live.said,
        )
        self.assigner = Assigner(
            store=self.store,
            robots=self.robots,
            tasks=tasks,
            unlocking=self.unlocking,
            seed=config.seed,
            held_out_every=config.held_out_every,
        )
        self.pictures = Pictures(
            hub=self.hub,
            robots=self.robots,
            counters=self.counters,
            make_renderer=make_renderer,
            fps=config.picture_fps,
            size=(config.picture_width, config.picture_height),
        )
        catalogue = Catalogue(config.data_dir, open_reward_model)
        self.reward = RewardService(catalogue.open, catalogue.names, config.reward_model)
        self.scoring = Scoring(self.store, self.reward)
        self.service = Service(
            config=config,
            store=self.store,
            robots=self.robots,
            policies=self.policies,
            stops=self.stops,
            steering=self.steering,
            dislikes=Dislikes(),
            ingest=self.experience.ingest,
            hub=self.hub,
            live=self.live,
            summary=self.summary,
            counters=self.counters,
            reward=self.reward,
            scoring=self.scoring,
            voice=Voice(),
        )

    def background(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Everything that runs beside the API."""
        return (
            self.experience.run(),
            self.experience.ingest.run(),
            self.policies.run(),
            self.stops.run(),
            self.assigner.run(),
            self.reward.run(),
            self.scoring.run(),
            crediting.run(self.store),
            self.live.run_summaries(),
            self.live.run_fates(),
            self.pictures.run(),
        )

    @property
    def url(self) -> str:
        """Where the page is, for a browser on this machine."""
        host = "127.0.0.1" if self.config.host in ("0.0.0.0", "::") else self.config.host  # noqa: S104
        return f"http://{host}:{self.listener.getsockname()[1]}"

    async def serve(self, on_ready: Callable[[str], None]) -> int:
        """Run until a signal; then let waiting records be committed, and close everything."""
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(self.service),
                log_config=None,
                lifespan="on",
                timeout_graceful_shutdown=2,
                ws="websockets-sansio",
            )
        )
        tasks = [asyncio.create_task(part) for part in self.background()]
        api = asyncio.create_task(server.serve(sockets=[self.listener]))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stopping.set)
        while not server.started and not api.done():
            await asyncio.sleep(0.01)
        log.info("learner runs", url=self.url, wire_port=self.wire.port, store=str(self.config.store_path))
        on_ready(self.url)
        stop = asyncio.create_task(self.stopping.wait())
        done, _ = await asyncio.wait([stop, api, *tasks], return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in done if task is not stop and not task.cancelled() and task.exception()]
        for task in failed:
            log.error("a part of the learner failed; ending", exc_info=task.exception())
        await self.experience.drain()
        server.should_exit = True
        for task in (stop, *tasks):
            task.cancel()
        await asyncio.gather(api, stop, *tasks, return_exceptions=True)
        self.pictures.close()
        self.wire.close()
        await self.store.close()
        log.info("learner ended")
        return 1 if failed else 0


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket for the API.

    Raises:
        AlreadyRunning: the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        with suppress(OSError):
            listener.close()
        raise AlreadyRunning(
            f"cannot listen on {host}:{port} for pages and API ({error.strerror}); "
            "is another learner running? choose another port with --port"
        ) from error
    return listener
