"""The eyes: every frame once, honest ages, a camera that freezes or goes dark is noticed."""

import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from robot_agent.cameras import LOST_S, Frame, SdkCamera, SlotCamera, open_sdk_camera
from robot_agent.eyes import SIGHTING_SLOT, Eyes, Sight, main
from shared.clock import FakeClock
from shared.errors import BodyError, CodecError
from shared.sight.detections import DETECTION, FRAME_SIZE, SIGHTING_SIZE, pack_frame
from shared.sight.network import SHIPPED, read_manifest
from shared.simlink import FRAMES_SLOT
from shared.slots import Slot

PICTURE = np.random.default_rng(0).integers(0, 256, (18, 32, 3), np.uint8)


class Given:
    """A camera that gives what it is told to."""

    def __init__(self, *frames):
        self.frames = list(frames)

    def read(self):
        frame = self.frames.pop(0) if self.frames else None
        if isinstance(frame, Exception):
            raise frame
        return frame

    def close(self):
        pass


def one_thing(picture):
    found = np.zeros(1, DETECTION)
    found["confidence"] = 0.5
    return found


def eyes(clock, *frames, detect=one_thing):
    return Eyes(Given(*frames), detect, 42, clock.now_s)


def test_each_frame_is_looked_at_once_and_grows_old():
    clock = FakeClock(10.0)
    looked = []
    mine = eyes(
        clock,
        None,
        Frame(PICTURE, 9.9),
        None,
        Frame(PICTURE, 10.4),
        detect=lambda p: looked.append(p) or one_thing(p),
    )
    nothing = mine.look()
    assert (nothing.frame, nothing.brightness, len(nothing.detections)) == (0, 0.0, 0)
    first = mine.look()
    assert (first.frame, first.time_s, first.model) == (1, 9.9, 42)
    assert first.brightness == pytest.approx(PICTURE[::4, ::4].mean() / 255)
    clock.advance(0.5)
    again = mine.look()
    assert (again.frame, again.time_s, again.alive_s) == (1, 9.9, 10.5)
    assert again.age_s(clock.now_s()) == pytest.approx(0.6)
    assert mine.look().frame == 2
    assert len(looked) == 2


def test_a_dark_picture_says_so():
    assert eyes(FakeClock(), Frame(np.zeros_like(PICTURE), 0.0)).look().brightness == 0.0


def test_bytes_that_are_no_frame_are_counted_and_the_picture_grows_old(capsys):
    clock = FakeClock(1.0)
    mine = eyes(clock, Frame(PICTURE, 1.0), CodecError("frame of 3 bytes"), CodecError("again"))
    mine.look()
    clock.advance(2.0)
    mine.look()
    assert mine.look().age_s(clock.now_s()) == pytest.approx(2.0)
    assert mine.unreadable == 2
    assert capsys.readouterr().err.count("ignored") == 1


def test_the_robots_camera_gives_rgb_and_a_frozen_one_gives_nothing_new():
    clock = FakeClock(5.0)
    given = [None, PICTURE, PICTURE.copy(), 255 - PICTURE]
    closed = []
    camera = SdkCamera(lambda: given.pop(0), clock.now_s, lambda: closed.append(True))
    assert camera.read() is None
    frame = camera.read()
    np.testing.assert_array_equal(frame.picture, PICTURE[..., ::-1])
    assert frame.time_s == 5.0
    assert camera.read() is None  # the same bytes
    clock.advance(1.0)
    assert camera.read().time_s == 6.0
    camera.close()
    assert closed


def test_a_camera_that_gives_nothing_any_more_is_lost_but_a_frozen_one_is_not():
    clock = FakeClock(5.0)
    given = [PICTURE, PICTURE, None, None]
    camera = SdkCamera(lambda: given.pop(0), clock.now_s)
    camera.read()
    clock.advance(LOST_S + 1.0)
    assert camera.read() is None
    clock.advance(LOST_S - 1.0)
    assert camera.read() is None
    clock.advance(2.0)
    with pytest.raises(BodyError, match="10 s"):
        camera.read()


def test_the_robots_camera_leaves_the_body_as_the_guard_wants_it(monkeypatch):
    asked = []

    def client(**options):
        asked.append(options)
        return SimpleNamespace(media=SimpleNamespace(camera=1, get_frame=lambda: PICTURE, close=lambda: None))

    monkeypatch.setattr("reachy_mini.ReachyMini", client)
    assert open_sdk_camera(FakeClock().now_s, 8123).read() is not None
    (options,) = asked
    assert options["port"] == 8123
    assert options["automatic_body_yaw"] is False  # the daemon has one such setting for all its clients


def test_a_simulated_camera_tells_its_own_time(tmp_path):
    camera = SlotCamera(tmp_path)
    assert camera.read() is None
    slot = Slot(tmp_path / FRAMES_SLOT, FRAME_SIZE)
    for time_s in (3.0, 4.0):
        slot.write(pack_frame(PICTURE, time_s))  # a robot at rest sees the same again
        frame = camera.read()
        np.testing.assert_array_equal(frame.picture, PICTURE)
        assert frame.time_s == time_s
        assert camera.read() is None
    slot.write(b"nonsense")
    with pytest.raises(CodecError):
        camera.read()


def test_nobody_looked_yet_and_a_slot_of_another_version(tmp_path):
    with pytest.raises(FileNotFoundError):
        Sight(tmp_path)
    Slot(tmp_path / SIGHTING_SLOT, SIGHTING_SIZE, create=True).write(b"short")
    with pytest.raises(CodecError, match="other version"):
        Sight(tmp_path).newest()


def test_bad_arguments(tmp_path, capsys):
    for wrong in (["--rate", "0"], ["--port", "0"], ["--port", "70000"]):
        with pytest.raises(SystemExit):
            main(["--runtime-dir", str(tmp_path), *wrong])
        assert wrong[0] in capsys.readouterr().err
    assert main(["--runtime-dir", str(tmp_path), "--camera", "slot", "--model", str(tmp_path)]) == 2
    assert "no detector" in capsys.readouterr().err


def test_the_process_sees_and_imports_nothing_heavy(tmp_path):
    code = (
        "import sys\nfrom robot_agent.eyes import main\n"
        "code = main(sys.argv[1:])\n"
        "print([m for m in ('torch', 'mujoco', 'reachy_mini', 'learner', 'sim') if m in sys.modules])\n"
        "sys.exit(code)\n"
    )
    command = [sys.executable, "-c", code, "--runtime-dir", str(tmp_path), "--camera", "slot", "--rate", "50"]
    frames = Slot(tmp_path / FRAMES_SLOT, FRAME_SIZE, create=True)
    frames.write(pack_frame(np.full((180, 320, 3), 90, np.uint8), 12.5))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            newest, until = None, time.monotonic() + 60.0
            while (newest is None or not newest.frame) and time.monotonic() < until:
                time.sleep(0.05)
                if (tmp_path / SIGHTING_SLOT).exists():
                    newest = Sight(tmp_path).newest()
            assert newest is not None
            assert (newest.frame, newest.time_s) == (1, 12.5)
            assert newest.brightness == pytest.approx(90 / 255)
            assert newest.model == int.from_bytes(bytes.fromhex(read_manifest(SHIPPED).sha256)[:8], "little")
        finally:
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out.strip() == "[]"
