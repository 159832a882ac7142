"""The agent as systemd starts it: ready after a tick, watched while it ticks, confined by its unit."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from ctypes.util import find_library
from importlib.resources import files
from pathlib import Path

import pytest

from robot_agent.stop_socket import ask
from tests.robot_agent.test_main import pids, wait

UNIT = Path(str(files("robot_agent.deploy") / "reachy-coach.service"))
SANDBOX = Path(__file__).with_name("sandbox.py")


@pytest.fixture
def start(config, tmp_path):
    """Starts the service's program; it ends with the test."""
    started = []

    def _start(*before, text=None, **environment):
        file = tmp_path / "agent.toml"
        plain = f'robot_id = "r1"\nbody = "still"\npage_port = 0\ndata_dir = "{config.data_dir}"\n'
        file.write_text(plain + f'runtime_dir = "{config.runtime_dir}"\n' if text is None else text)
        command = [*before, sys.executable, "-m", "robot_agent.deploy.service", str(file)]
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield _start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def manager(tmp_path):
    """The socket of a service manager that is not there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(30.0)
        yield listener


def heard(listener, seconds):
    """All that is said from now on for a while."""
    said, end = [], time.monotonic() + seconds
    listener.settimeout(0.05)
    while time.monotonic() < end:
        with suppress(TimeoutError):
            said.append(listener.recv(4096).decode())
    listener.settimeout(30.0)
    return said


def until(listener, word):
    """Wait for a word; what was said before it."""
    before = []
    while (said := listener.recv(4096).decode()) != word:
        before.append(said)
    return before


@pytest.mark.alone
def test_it_is_watched_only_while_the_guard_completes_ticks(start, manager, config, tmp_path):
    agent = start(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="3000000")
    assert "WATCHDOG=1" not in until(manager, "READY=1")
    assert config.runtime.state.exists()
    until(manager, "WATCHDOG=1")
    guard = pids(config)["guard"]
    os.kill(guard, signal.SIGSTOP)
    heard(manager, 0.4)  # the tick on which it was hit may be told yet
    assert "WATCHDOG=1" not in heard(manager, 0.5)
    until(manager, "WATCHDOG=1")
    assert pids(config)["guard"] != guard, "a guard that hangs is killed before the manager ends everything"
    agent.terminate()
    until(manager, "STOPPING=1")
    assert agent.wait(20) == 0


def test_a_wrong_setting_is_told_to_the_service_manager(start, manager, tmp_path):
    agent = start(text="robot = 1\n", NOTIFY_SOCKET=str(tmp_path / "notify"))
    assert manager.recv(4096).startswith(b"STATUS=")
    _, errors = agent.communicate(timeout=20)
    assert agent.returncode == 2
    assert "did you mean robot_id?" in errors
    assert "Traceback" not in errors


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None or find_library("seccomp") is None, reason="needs systemd's tools"
)
def test_it_works_under_the_rules_of_its_unit(start, config):
    agent = start(sys.executable, str(SANDBOX), str(UNIT))

    def state():
        with suppress(Exception):
            return ask(config.runtime.stop_socket, "status").get("state")

    wait(lambda: state() == "ACTIVE")
    assert ask(config.runtime.stop_socket, "stop")["ok"]
    agent.terminate()
    _, errors = agent.communicate(timeout=20)
    assert agent.returncode == 0, errors
    assert "not permitted" not in errors
    assert "Traceback" not in errors


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None or find_library("seccomp") is None, reason="needs systemd's tools"
)
def test_those_rules_refuse_what_no_agent_needs():
    attempts = (
        "import mmap; mmap.mmap(-1, 4096, prot=7)",
        "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "import os; os.chroot('/')",
        "import os; os.setuid(os.getuid())",
    )
    for attempt in attempts:
        command = [sys.executable, str(SANDBOX), str(UNIT), sys.executable, "-c", attempt]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "not permitted" in done.stderr, attempt
