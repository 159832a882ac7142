"""Atomic writes leave the old content or the new, the right mode, and no litter; a lock has one holder."""

import os
import stat
import threading
import time

import pytest

from shared.errors import AlreadyRunning
from shared.files import create_once, locked, write_atomic


def test_content_mode_and_folder(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    write_atomic(path, b"one")
    write_atomic(path, b"two", mode=0o600)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_only_the_first_one_creates(tmp_path):
    path = tmp_path / "a" / "file"
    create_once(path, b"one", size=8)
    create_once(path, b"two")
    assert path.read_bytes() == b"one" + bytes(5)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_content_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomic(path, b"old")

    def full(_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_lock_has_one_holder_at_a_time(tmp_path):
    path = tmp_path / "lock"
    again = pytest.raises(AlreadyRunning, match=f"busy .it holds {path}")
    with locked(path, "busy"), again, locked(path, "busy"):
        pass
    with locked(path, "busy"):
        pass


def test_a_lock_can_be_waited_for(tmp_path):
    path, held, gone = tmp_path / "lock", threading.Event(), []

    def hold():
        with locked(path, "busy"):
            held.set()
            time.sleep(0.1)
            gone.append(True)

    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    with locked(path, "busy", wait_s=10.0):
        assert gone
    other.join()
