"""Made tools reach the guard by way of the disk, and only those that somebody who is trusted has tried."""

import os
import time

import pytest

from robot_agent.rehearsal import REHEARSAL_KEY
from robot_agent.shelf import KEEP, Toolbox, key_of, put
from shared.made_tools import MAX_FILE_BYTES
from shared.signing import SigningKey, trust
from sim.made import made_tools
from tests.robot_agent.made import BOW, packed

KEY = key_of(BOW.digest)


@pytest.fixture
def box(tmp_path):
    trust(tmp_path / "signers", "rehearsal", REHEARSAL_KEY.public)
    return Toolbox(tmp_path / "tools", tmp_path / "signers")


def test_what_is_put_there_can_be_played(box, tmp_path):
    box.scan()
    assert box.tool(KEY) is None
    put(tmp_path / "tools", [(program.digest, packed(program)) for program in made_tools()])
    box.scan()
    assert [box.tool(key_of(p.digest)).program for p in made_tools()] == list(made_tools())
    assert box.tool(0) is None
    assert box.tool(KEY ^ 2) is None


def test_the_thread_takes_up_what_is_new(box, tmp_path):
    box.start()
    put(tmp_path / "tools", [(BOW.digest, packed())])
    until = time.monotonic() + 10.0
    while box.tool(KEY) is None:
        assert time.monotonic() < until
        time.sleep(0.02)
    box.close()


@pytest.mark.parametrize(
    "data",
    [
        packed(key=SigningKey(bytes(32))),
        packed(made_tools()[1]),
        packed()[:-9],
        b"",
        b"{}",
        b"\xff" * 100,
        b" " * (MAX_FILE_BYTES + 1),
    ],
    ids=["another signer", "another tool", "cut", "empty", "no tool", "no text", "too long"],
)
def test_what_may_not_be_played_is_told_once(box, tmp_path, caplog, data):
    put(tmp_path / "tools", [(BOW.digest, data)])
    for _ in range(3):
        box.scan()
    assert box.tool(KEY) is None
    assert len([r for r in caplog.records if "is not played" in r.message]) == 1
    (tmp_path / "tools" / f"{KEY:016x}.json").write_bytes(packed())
    os.utime(tmp_path / "tools" / f"{KEY:016x}.json", (1.0, 1.0))
    box.scan()
    assert box.tool(KEY).program == BOW


def test_signers_that_cannot_be_read_are_told_once_and_looked_at_again(box, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("robot_agent.shelf.SCAN_PERIOD_S", 0.02)
    bad = tmp_path / "signers" / "bad.pub"
    bad.write_text("nonsense")
    put(tmp_path / "tools", [(BOW.digest, packed())])
    box.start()
    time.sleep(0.2)
    assert box.tool(KEY) is None
    assert len([r for r in caplog.records if "cannot look for made tools" in r.message]) == 1
    bad.unlink()
    until = time.monotonic() + 10.0
    while box.tool(KEY) is None:
        assert time.monotonic() < until
        time.sleep(0.02)
    box.close()


def test_the_shelf_does_not_grow_without_end(tmp_path):
    for number in range(KEEP + 5):
        put(tmp_path / "tools", [(f"{2 * number + 1:064x}"[::-1], b"x")])
    assert len(list((tmp_path / "tools").iterdir())) <= KEEP
