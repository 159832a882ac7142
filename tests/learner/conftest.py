"""A learner over real sockets and a real SQLite file, with a tiny task, and a robot's end of the wire."""

import asyncio
import contextlib
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import numpy as np
import pytest
import zmq
import zmq.asyncio

from learner.config import LearnerConfig
from learner.main import Learner
from learner.store.engine import Store
from shared.codec import decode, encode
from shared.keys import ensure_keypair, read_public
from shared.messages import Hello, RobotStatus, TaskSpec, TransitionBatch, Welcome
from shared.spaces import layout_hash
from tests.learner.speaking import serving
from tests.shared import samples

SPEC = TaskSpec(
    episode_id="e",
    task="tiny",
    instruction="lean over",
    embedding=np.eye(1, 384, dtype=np.float32)[0],
    tool_match=np.zeros(20, np.float32),
    objects=(),
    start_head_rpy=(0.0, 0.0, 0.0),
    start_body_yaw=0.0,
    start_antennas=(0.0, 0.0),
    max_decisions=5,
    seed=1,
)


class TinyTask:
    """Draws episodes whose success is a body yaw over 1 rad."""

    def reset(self, rng, split):
        return replace(SPEC, episode_id=uuid.uuid4().hex, seed=int(rng.integers(1000)), instruction=split)


@dataclass
class TinyVerdict:
    reward: float
    terminated: bool
    success: bool


class TinyJudge:
    """Rewards the sum of body yaw so far: it shows whether the whole trace was seen, once."""

    def __init__(self, spec):
        self.total = 0.0

    def step(self, joints, head, *, answer=""):
        self.total += float(joints[:, 0].sum())
        last = float(joints[-1, 0])
        return TinyVerdict(self.total, abs(last) > 1.0, last > 1.0)


class GreyRenderer:
    def show(self, objects):
        self.objects = objects

    def render(self, joints, *, width, height):
        return np.full((height, width, 3), 128, np.uint8)

    def close(self):
        pass


def transition(robot_id="mini", epoch=1, seq=0, episode_id="e", step=0, yaw=0.1, n=2, **changes):
    joints = np.zeros((n, 9), np.float32)
    joints[:, 0] = yaw
    head = np.zeros((n, 7), np.float32)
    head[:, 3] = 1.0
    values = {
        "robot_id": robot_id, "boot_epoch": epoch, "decision_seq": seq, "episode_id": episode_id,
        "episode_step": step, "time_unix_s": time.time(), "setpoints": joints, "joints": joints, "head": head,
        "obs": np.zeros(512, np.float32), "params": np.zeros(4, np.float32),  # short in a traceback
    }  # fmt: skip
    return samples.transition(n, **(values | changes))


def closing(**keys):
    return transition(n=0, end_reason="closing", **keys)


class Robot:
    """A robot's end of the wire."""

    def __init__(self, context, port, server_key, key_path, robot_id="mini"):
        self.robot_id = robot_id
        public, secret = ensure_keypair(key_path)
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.CURVE_SERVERKEY, server_key.encode())
        self.socket.setsockopt(zmq.CURVE_PUBLICKEY, public.encode())
        self.socket.setsockopt(zmq.CURVE_SECRETKEY, secret.encode())
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(f"tcp://127.0.0.1:{port}")
        self.inbox = []
        self.reading = asyncio.Lock()

    async def send(self, message):
        await self.socket.send(encode(message))

    async def raw(self, data):
        await self.socket.send(data)

    async def hear(self, kind, timeout=20.0):
        """The next message of a kind; others are kept, also for those who wait at the same time."""
        async with asyncio.timeout(timeout):
            while (found := self._heard(kind)) is None:
                async with self.reading:
                    if (found := self._heard(kind)) is not None:
                        return found
                    self.inbox.append(decode(await self.socket.recv()))
            return found

    def _heard(self, kind):
        for message in self.inbox:
            if isinstance(message, kind):
                self.inbox.remove(message)
                return message
        return None

    def hello(self, **changes):
        return replace(Hello(self.robot_id, 1, layout_hash(), "mujoco", "0", 1), **changes)

    def status(self, **changes):
        status = RobotStatus(
            robot_id=self.robot_id,
            state="ACTIVE",
            episode_id="",
            episode_step=0,
            boot_epoch=1,
            decision_seq=0,
            tool=8,
            policy_version=1,
            joints=np.zeros(9, np.float32),
            spooled=0,
            lost=0,
            limited_ticks=0,
            violations_applied=0,
            time_unix_s=time.time(),
        )
        return replace(status, **changes)

    async def deliver(self, *transitions):
        await self.send(TransitionBatch(tuple(transitions)))


@dataclass
class Bench:
    """A running learner, with what tests need to talk to it."""

    learner: Learner
    http: httpx.AsyncClient
    context: zmq.asyncio.Context
    folder: Path

    def robot(self, robot_id="mini", allowed=True):
        key = self.folder / "robots" / f"{robot_id}.key"
        public, _ = ensure_keypair(key)
        config = self.learner.config
        if allowed:
            config.allow_dir.mkdir(parents=True, exist_ok=True)
            (config.allow_dir / f"{robot_id}.pub").write_text(public)
        server = read_public(config.key_path.with_suffix(".pub"))
        return Robot(self.context, self.learner.wire.port, server, key, robot_id)

    async def greeted(self, robot_id="mini"):
        robot = self.robot(robot_id)
        await robot.send(robot.hello())
        assert (await robot.hear(Welcome)).accepted
        return robot

    async def assigned(self):
        """A greeted robot, the episode it was given, and what its records say of that episode."""
        robot = await self.greeted()
        await robot.send(robot.status())
        spec = await robot.hear(TaskSpec)
        return robot, spec, {"episode_id": spec.episode_id}

    async def until(self, check, timeout=20.0):
        """Wait for a condition; gives its value."""
        async with asyncio.timeout(timeout):
            while not (value := await check()):
                await asyncio.sleep(0.02)
            return value


@contextlib.asynccontextmanager
async def bench(folder, renderer=GreyRenderer, open_reward_model=None, **changes):
    config = LearnerConfig(
        data_dir=folder,
        api_port=0,
        wire_port=0,
        tasks=("tiny",),
        held_out_every=3,
        picture_fps=20.0,
        reward_model="lexicon",
    )
    more = {} if open_reward_model is None else {"open_reward_model": open_reward_model}
    learner = Learner(replace(config, **changes), {"tiny": TinyTask()}, TinyJudge, renderer, **more)
    ready = asyncio.Event()
    serving = asyncio.create_task(learner.serve(lambda url: ready.set()))
    await asyncio.wait([serving, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
    context = zmq.asyncio.Context()
    try:
        async with httpx.AsyncClient(base_url=learner.url) as http:
            yield Bench(learner, http, context, folder)
    finally:
        context.destroy(linger=0)
        learner.stopping.set()
        assert await serving == 0


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "coach.db")
    yield opened
    opened.close()


@pytest.fixture
def wire():
    """What the tests of this folder share; a namespace, because test folders are no packages."""

    class Names:
        pass

    names = Names()
    names.SPEC, names.TinyJudge, names.bench = SPEC, TinyJudge, bench
    names.transition, names.closing, names.Robot = transition, closing, Robot
    return names


@pytest.fixture
def server():
    """In a language model's place; see `tests.learner.speaking`."""
    with serving() as made:
        yield made
