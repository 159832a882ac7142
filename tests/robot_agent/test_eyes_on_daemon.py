"""The eyes at the media server of Reachy Mini's own daemon, with the camera that its MuJoCo renders.

Needs what Debian 13 has and Debian 12 has not: GStreamer 1.24 or newer (`gstreamer1.0-plugins-bad`) and its
loader for Python (`gstreamer1.0-python3-plugin-loader`, `python3-gst-1.0`); and `xvfb`, for the simulator has
no camera without a window. A frame comes as packets of 2.7 MB at once, for which Linux keeps too little room
unless it is told: sysctl -w net.core.rmem_default=67108864
"""

import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from robot_agent.cameras import LOST_S
from robot_agent.eyes import SIGHTING_SLOT, Sight
from shared.errors import BodyError
from shared.sight.network import Detector
from tests.robot_agent.official import MEDIA, running_daemon, wait_for

pytestmark = [pytest.mark.daemon, pytest.mark.slow, pytest.mark.timeout(180)]
ROOM = 8_000_000
"""Of `net.core.rmem_default` [bytes]."""
THERE = {"rubber duck": -0.376, "croissant": -0.12, "apple": 0.245}
"""`u` of what the scene "minimal" has, from a robot at rest."""


def has(element):
    inspect = shutil.which("gst-inspect-1.0")
    environment = {**os.environ, **MEDIA}
    return (
        inspect
        and not subprocess.run([inspect, "--exists", element], env=environment, check=False).returncode
    )


@pytest.fixture(autouse=True)
def needed():
    for element in ("unixfdsink", "webrtcsink"):
        if not has(element):
            pytest.skip(f"GStreamer has no {element} here")
    if not shutil.which("xvfb-run"):
        pytest.skip("xvfb is not installed")
    if int(Path("/proc/sys/net/core/rmem_default").read_text()) < ROOM:
        pytest.skip("too little room for packets; sysctl -w net.core.rmem_default=67108864")


@contextmanager
def looking(port, folder):
    """The process of the eyes, and what it sees, once it has seen three frames."""
    command = [sys.executable, "-m", "robot_agent.eyes", "--runtime-dir", folder, "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, **MEDIA})
    try:
        wait_for((folder / SIGHTING_SLOT).exists, 60.0)
        sight = Sight(folder)
        wait_for(lambda: (seen := sight.newest()) is not None and seen.frame >= 3, 60.0)
        yield process, sight
        sight.close()
    finally:
        process.terminate()
        process.wait(15.0)


def test_things_are_where_the_daemons_scene_has_them(tmp_path):
    with running_daemon(tmp_path / "log", media=True) as port, looking(port, tmp_path) as (_, sight):
        seen = sight.newest()
        assert seen.age_s(time.monotonic()) < 5.0  # software draws about one picture a second
        assert 0.2 < seen.brightness < 0.8
        names = Detector().names
        for name, u in THERE.items():
            found = [one["u"] for one in seen.detections if names[one["name"]] == name]
            assert any(one == pytest.approx(u, abs=0.03) for one in found), name


def test_eyes_whose_daemon_has_ended_end_to_be_started_anew(tmp_path):
    with ExitStack() as daemon:
        port = daemon.enter_context(running_daemon(tmp_path / "log", media=True))
        with looking(port, tmp_path) as (process, _):
            daemon.close()
            assert process.wait(LOST_S + 20.0) == BodyError.exit_code
