"""The supervisor as a person meets it: one agent a robot, a stop key, clean ends, shared memory left over."""

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time

import pytest

from robot_agent.config import AgentConfig
from robot_agent.processes import TABLE, settings
from robot_agent.stop_socket import ask


@pytest.fixture
def start(config):
    """Starts agents on the body in memory; none outlives the test."""
    started = []

    def _start(config: AgentConfig = config):
        process = subprocess.Popen(
            [sys.executable, "-m", "robot_agent.main", settings(config)],
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


def wait(condition, timeout_s=20.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def pids(config):
    try:
        return json.loads(config.runtime.processes.read_text())
    except FileNotFoundError:
        return {}


def state(config):
    try:
        return ask(config.runtime.stop_socket, "status").get("state")
    except Exception:
        return None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_all_of_its_processes_and_ends_them(start, config, number):
    agent = start()
    wait(lambda: set(pids(config)) == {process.name for process in TABLE})
    wait(lambda: state(config) in ("ACTIVE", "SAFE_HOLD"))
    agent.send_signal(number)
    _, errors = agent.communicate(timeout=20)
    assert agent.returncode == 0, errors
    assert not config.runtime.processes.exists()
    assert "Traceback" not in errors


def test_a_second_agent_of_the_same_robot_is_refused(start, config):
    first = start()
    wait(lambda: pids(config))
    second = start()
    _, errors = second.communicate(timeout=20)
    assert second.returncode == 2
    assert "another --robot-id" in errors
    assert "Traceback" not in errors
    assert first.poll() is None


def test_a_stop_outlives_the_agent(start, config):
    agent = start()
    wait(lambda: state(config) is not None and ask(config.runtime.stop_socket, "stop")["ok"])
    wait(config.state.latch_file.exists)
    agent.terminate()
    agent.communicate(timeout=20)
    start()
    wait(lambda: state(config) == "STOPPED")


def test_shared_memory_of_removed_state_files_is_not_used_but_its_stop_is(start, config):
    agent = start()
    wait(lambda: state(config) is not None and ask(config.runtime.stop_socket, "stop")["ok"])
    agent.terminate()
    agent.communicate(timeout=20)
    before = config.runtime.state.stat().st_ino
    config.state.epoch.unlink()
    config.state.latch_file.unlink(missing_ok=True)
    start()
    wait(lambda: config.runtime.state.exists() and config.runtime.state.stat().st_ino != before)
    wait(lambda: state(config) == "STOPPED")


def test_the_space_bar_stops_and_the_terminal_is_given_back(config):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "robot_agent.main", settings(config)])
    before = termios.tcgetattr(terminal)
    try:
        wait(lambda: state(config) in ("ACTIVE", "SAFE_HOLD"))
        os.write(terminal, b"x")
        time.sleep(0.2)
        assert state(config) != "STOPPED"
        os.write(terminal, b" ")
        wait(lambda: state(config) == "STOPPED")
        os.kill(pids(config)["stops"], signal.SIGKILL)
    finally:
        os.kill(pid, signal.SIGTERM)
        while not (done := os.waitpid(pid, os.WNOHANG))[0]:
            os.set_blocking(terminal, False)
            try:
                os.read(terminal, 4096)
            except OSError:
                time.sleep(0.02)
    assert os.waitstatus_to_exitcode(done[1]) == 0
    assert termios.tcgetattr(terminal)[3] == before[3]
    os.close(terminal)
