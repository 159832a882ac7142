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
from pathlib import Path

import pytest

from robot_agent.eyes import Sight
from shared.sight.network import Detector
from tests.robot_agent.official import MEDIA, running_daemon, wait_for

pytestmark = [pytest.mark.daemon, pytest.mark.slow, pytest.mark.timeout(180)]
ROOM = 8_000_000
"""Of `net.core.rmem_default` [bytes]."""


def has(element):
    inspect = shutil.which("gst-inspect-1.0")
    environment = {**os.environ, **MEDIA}
    return (
        inspect
        and not subprocess.run([inspect, "--exists", element], env=environment, check=False).returncode
    )


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    for wanted in ("unixfdsink", "webrtcsink"):
        if not has(wanted):
            pytest.skip(f"GStreamer has no {wanted} here")
    if not shutil.which("xvfb-run"):
        pytest.skip("xvfb is not installed")
    if int(Path("/proc/sys/net/core/rmem_default").read_text()) < ROOM:
        pytest.skip("too little room for packets; sysctl -w net.core.rmem_default=67108864")
    with running_daemon(tmp_path_factory.mktemp("daemon") / "log", media=True) as port:
        yield port


@pytest.fixture
def sight(port, tmp_path):
    command = [sys.executable, "-m", "robot_agent.eyes", "--runtime-dir", tmp_path, "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, **MEDIA})
    try:
        wait_for(lambda: (tmp_path / "sighting.slot").exists() or process.poll() is not None, 60.0)
        assert process.poll() is None
        seen = Sight(tmp_path)
        yield seen
        seen.close()
    finally:
        process.terminate()
        assert process.wait(15.0) == 0


def test_frames_come_and_the_duck_is_where_the_daemons_scene_has_it(sight):
    wait_for(lambda: (seen := sight.newest()) is not None and seen.frame >= 3, 60.0)
    seen = sight.newest()
    assert seen.age_s(time.monotonic()) < 5.0  # software draws about one picture a second
    assert 0.2 < seen.brightness < 0.8
    duck = [one for one in seen.detections if Detector().names[one["name"]] == "rubber duck"]
    assert any(one["u"] == pytest.approx(-0.376, abs=0.02) for one in duck)
