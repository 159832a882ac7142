import pytest

from robot_agent.guard.latch_file import UNREADABLE, RunningMark, read_latch, to_bytes
from robot_agent.guard.machine import Latch, Latched


@pytest.mark.parametrize(
    "value",
    [
        Latched(),
        Latched(Latch.STOPPED, "page", "", True),
        Latched(Latch.FAULT, "", "täglich"),
        Latched(Latch.RELEASED),
    ],
)
def test_what_is_written_is_read(tmp_path, value):
    path = tmp_path / "latch"
    path.write_bytes(to_bytes(value))
    assert read_latch(path) == value


def test_no_file_is_no_latch(tmp_path):
    assert read_latch(tmp_path / "latch") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"CLEAR",
        b"\xff\xfe",
        b"{}",
        b"[]",
        b"null",
        b'{"latch": "CLEAR"}',
        b'{"latch": "OPEN", "source": "", "fault": "", "limp": false}',
        b'{"latch": "CLEAR", "source": 1, "fault": "", "limp": false}',
        b'{"latch": "CLEAR", "source": "", "fault": null, "limp": false}',
        b'{"latch": "CLEAR", "source": "", "fault": "", "limp": 0}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_a_stop(tmp_path, content):
    path = tmp_path / "latch"
    path.write_bytes(content)
    assert read_latch(path) == Latched(Latch.STOPPED, UNREADABLE)


def test_a_folder_in_its_place_is_a_stop(tmp_path):
    assert read_latch(tmp_path) == Latched(Latch.STOPPED, UNREADABLE)


@pytest.fixture
def mark(tmp_path):
    """Makes the mark of a guard in a boot of the machine."""

    def _mark(boot):
        boot_id = tmp_path / "boot_id"
        boot_id.write_text(boot)
        return RunningMark(tmp_path / "state" / "running", boot_id)

    return _mark


def test_a_power_cut_is_told_from_a_killed_guard_and_a_clean_end(mark):
    assert mark("a\n").set() is False, "the first start ever"
    assert not mark("a\n").set(), "killed within this boot"
    assert mark("b\n").set(), "the machine was booted under a running guard"
    mark("b\n").clear()
    mark("b\n").clear()
    assert not mark("c\n").set(), "a clean end, then a reboot"


def test_a_damaged_mark_counts_as_a_power_cut(mark, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "running").write_bytes(b"\xff\x00")
    assert mark("a").set()


def test_the_kernels_boot_id_is_read(tmp_path):
    mark = RunningMark(tmp_path / "running")
    assert not mark.set()
    assert not mark.set()
