"""Kill -9 of the learner process in the middle of ingest: nothing that was acknowledged is lost."""

import asyncio
import os
import signal
import subprocess
import sys

import zmq.asyncio

from learner.config import LearnerConfig
from learner.store import queries
from learner.store.engine import Store
from shared.keys import ensure_keypair, read_public
from shared.messages import Ack, TransitionBatch, Welcome

START = """
import sys
from pathlib import Path
from learner.config import LearnerConfig
from learner.main import run
sys.exit(run(LearnerConfig(data_dir=Path(sys.argv[1]), api_port=0, wire_port=int(sys.argv[2]), tasks=())))
"""


def start(folder, port):
    process = subprocess.Popen(
        [sys.executable, "-c", START, str(folder), str(port)], stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if line.startswith("learner: http://"):
            return process
    raise AssertionError("the learner did not start")


def free_port():
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


async def flood(robot, wire, acknowledged, first):
    """Keep four batches in the air; note every acknowledged key."""
    seq = first

    async def send():
        nonlocal seq
        await robot.send(TransitionBatch(tuple(wire.transition(seq=s) for s in range(seq, seq + 20))))
        seq += 20

    for _ in range(4):
        await send()
    while True:
        acknowledged.update(key[1] for key in (await robot.hear(Ack, timeout=30)).keys)
        await send()


def test_nothing_acknowledged_is_lost_when_the_learner_is_killed(wire, tmp_path):
    config, port = LearnerConfig(data_dir=tmp_path), free_port()
    key = tmp_path / "robots" / "mini.key"
    public, _ = ensure_keypair(key)
    config.allow_dir.mkdir(parents=True)
    (config.allow_dir / "mini.pub").write_text(public)
    acknowledged = set()

    async def story(process):
        context = zmq.asyncio.Context()
        robot = wire.Robot(context, port, read_public(config.key_path.with_suffix(".pub")), key)
        try:
            await robot.send(robot.hello())
            assert (await robot.hear(Welcome, timeout=20)).accepted
            flooding = asyncio.create_task(flood(robot, wire, acknowledged, len(acknowledged) * 10))
            enough = len(acknowledged) + 200
            while len(acknowledged) < enough:
                await asyncio.sleep(0.005)
                assert not flooding.done() or flooding.result()
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
            flooding.cancel()
        finally:
            context.destroy(linger=0)

    for _ in range(2):
        process = start(tmp_path, port)
        try:
            asyncio.run(story(process))
        finally:
            process.kill()
            process.stdout.close()
    store = Store(config.store_path)
    with store.read() as c:
        stored = {step.decision_seq for step in queries.steps_after(c, 0, limit=1_000_000)}
    store.close()
    assert len(acknowledged) >= 400
    assert acknowledged <= stored


def test_sigterm_ends_cleanly(tmp_path):
    process = start(tmp_path, 0)
    process.terminate()
    assert process.wait(10) == 0
    process.stdout.close()
