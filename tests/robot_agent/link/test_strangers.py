"""Whoever sends nonsense, comes with another key or is not there."""

import dataclasses
import os
import time

import msgpack
import pytest

from robot_agent.frames import (
    EPISODE_ID_BYTES,
)
from robot_agent.rehearsal import empty_task
from robot_agent.spool import Spool
from shared.codec import MAX_MESSAGE, encode
from shared.keys import ensure_keypair
from shared.messages import EndEpisode, SceneObject
from tests.robot_agent.link.rig import there_is

LONG_NAME = SceneObject("x" * 1000, (0.5, 0.0, 0.0), 0.1, 0.5, (0.0, 0.0))


def deep():
    nested = b""
    for _ in range(2000):
        nested = b"\x91" + nested
    return nested + b"\xc0"


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00",
        os.urandom(400),
        msgpack.packb([99, 1, {}]),
        deep(),
        encode(empty_task("e1"))[:-40],
        encode(EndEpisode("x" * (EPISODE_ID_BYTES + 1), "success")),
        encode(EndEpisode("e1", "x" * 4000)),
        encode(dataclasses.replace(empty_task("e1"), objects=(LONG_NAME,) * 100)),
    ],
    ids=["empty", "zero", "noise", "other version", "deep", "cut", "long id", "long end", "long task"],
)
def test_frames_that_are_no_messages_change_nothing(learner, robot, frame):
    there = learner()
    here = robot(there.port)
    here.until(lambda: there_is(there))
    there.send_raw(frame)
    there.send(empty_task("good"))
    got = []
    here.until(lambda: got.extend(here.mail.take()) or got)
    assert [m.episode_id for m in got] == ["good"]


def test_an_oversized_frame_costs_the_connection_and_nothing_else(learner, robot):
    there = learner()
    here = robot(there.port)
    here.until(lambda: there_is(there))
    there.send_raw(bytes(MAX_MESSAGE + 1))
    here.push(0)
    here.until(lambda: len(there.hellos) >= 2, 30.0)
    here.until(lambda: len(there.records) == 1)


def test_another_layout_is_refused_and_tried_again_slowly(learner, robot, caplog):
    there = learner(layout="feedfeedfeedfeed")
    here = robot(there.port)
    here.push(0)
    here.until(lambda: len(there.hellos) >= 2)
    assert "feedfeedfeedfeed" in caplog.text
    assert caplog.text.count("refused this robot") == 1, "said once"
    assert not there.received


def test_a_robot_that_is_not_on_the_allow_list_says_what_to_do(learner, robot, caplog):
    there = learner(allowed=[])
    here = robot(there.port)
    here.push(0)
    here.until(lambda: "allow-list" in caplog.text)
    assert "r1.pub" in caplog.text
    assert not there.hellos
    public, _ = ensure_keypair(here.config.state.key)
    there._allowed.add(public.encode())
    here.until(lambda: len(there.records) == 1, 30.0)


def test_a_learner_with_another_key_is_not_spoken_to(learner, robot, tmp_path, caplog):
    there = learner()
    other, _ = ensure_keypair(tmp_path / "other.key")
    here = robot(there.port, learner_key=other)
    here.push(0)
    begun = time.monotonic()
    here.until(lambda: time.monotonic() - begun > 1.5)
    assert not there.hellos
    assert len(Spool(here.config.state.spool, 10)) == 1


def test_a_missing_key_is_named_and_waited_for(learner, robot, tmp_path, caplog):
    there = learner()
    late = tmp_path / "late.pub"
    here = robot(there.port, learner_key=str(late))
    here.until(lambda: "late.pub" in caplog.text)
    late.write_text((tmp_path / "learner.pub").read_text())
    here.until(lambda: there.hellos)


@pytest.mark.parametrize("host", ["-", ".."])
def test_a_host_that_cannot_be_connected_to_is_named(robot, host, caplog, learner):
    learner()  # makes the key file
    here = robot(1, learner=f"{host}:5557")
    here.push(0)
    here.until(lambda: f"cannot connect to {host}:5557" in caplog.text)
    assert len(Spool(here.config.state.spool, 10)) == 1
