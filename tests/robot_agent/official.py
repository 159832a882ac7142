"""Reachy Mini's own daemon in simulation, for tests that run with --slow."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from shared.spaces import TICK_S

PLUGINS = Path(__file__).with_name("gstreamer")
MEDIA = {
    "GST_PLUGIN_PATH": str(PLUGINS),
    "GST_PLUGIN_FEATURE_RANK": "openalsrc:NONE,openalsink:NONE",  # they fail where there is no sound card
}
"""Environment of the daemon and its clients where its media server runs without sound and network."""


@contextmanager
def running_daemon(log, *, media=False):
    """Starts `reachy-mini-daemon` on a port of its own; gives the port. Media takes a window."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["--sim", "--no-wake-up-on-start", "--fastapi-port", str(port)]
    arguments += ["--scene", "minimal"] if media else ["--scene", "empty", "--headless", "--no-media"]
    command = [Path(sys.executable).with_name("reachy-mini-daemon"), *arguments]
    environment = {**os.environ, "MUJOCO_GL": os.environ.get("MUJOCO_GL", "osmesa")}
    if media:
        command = ["xvfb-run", "-a", *command]
        environment |= MEDIA | {"MUJOCO_GL": "egl"}
    with log.open("wb") as told:
        process = subprocess.Popen(command, stdout=told, stderr=told, env=environment, start_new_session=True)
    try:
        wait_for(lambda: ready(port), 60.0)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15.0)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/daemon/status", timeout=2.0) as answer:
            return json.load(answer)["state"] == "running"
    except OSError:
        return False


def wait_for(condition, timeout_s):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def reachy(port, last_target=None):
    from robot_agent.bodies.reachy import ReachyBody

    return ReachyBody(last_target, port)


def play(body, setpoints):
    """Measured joints (n, 9) and head poses (n, 7) while setpoints are written at 50 Hz."""
    joints, heads = [], []
    due = time.monotonic()
    for setpoint in setpoints:
        body.write(setpoint)
        due += TICK_S
        time.sleep(max(0.0, due - time.monotonic()))
        now = body.read()
        joints.append(now.joint_pos)
        heads.append(np.concatenate([now.head_pos, now.head_quat]))
    return np.array(joints), np.array(heads)
