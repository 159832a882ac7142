"""The supervisor as a person meets it: one agent a robot, a stop key, clean ends, shared memory left over."""

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robot_agent import main
from robot_agent.config import AgentConfig
from robot_agent.frames import GuardState, Teleop, pack, size, unpack
from robot_agent.guard.latch_file import to_bytes
from robot_agent.guard.machine import Latch, Latched
from robot_agent.processes import TABLE, settings
from robot_agent.stop_socket import ask
from shared.control.kinematics import NEUTRAL
from shared.errors import ConfigError
from shared.simlink import TARGET_SIZE, TARGET_SLOT, unpack_target
from shared.slots import Slot


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
    wait(lambda: set(pids(config)) == {process.name for process in TABLE if process.needed(config)})
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
    config.state.epoch.unlink()
    config.state.latch_file.unlink(missing_ok=True)
    with config.runtime.state.open("rb") as before:
        start()
        wait(lambda: os.fstat(before.fileno()).st_nlink == 0)
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


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"runtime_dir": Path("/proc/none")}, "choose another --runtime-dir"),
        ({"data_dir": Path("/proc/none")}, "choose another --data-dir"),
        ({"runtime_dir": Path("/tmp", "x" * 120)}, "choose a shorter --runtime-dir"),
    ],
)
def test_a_folder_that_cannot_be_used_is_named(config, changes, words):
    with pytest.raises(ConfigError, match=words):
        main.run(replace(config, **changes))


def test_link_and_robot_end_after_the_guard(tmp_path):
    log = tmp_path / "log"
    children = []
    for name in (main.ROBOT, "link", "guard"):
        brake = "sleep 0.2; " if name == "guard" else ""
        last_words = f"trap '{brake}echo {name} >> {log}; exit' TERM"
        script = f"{last_words}; touch {tmp_path / name}; while :; do sleep 0.01; done"
        child = main._Child(name, ["sh", "-c", script], ())
        main._tend(child)
        wait((tmp_path / name).exists)
        children.append(child)
    main._end(children)
    assert log.read_text().split() == ["guard", "link", main.ROBOT]


def test_shared_memory_with_other_frames_is_emptied_at_the_next_start(config, monkeypatch):
    main._make_folders(config)
    config.state.epoch.write_text("3")
    main._forget_other_lives(config)
    config.runtime.state.write_bytes(b"frames of today")
    config.runtime.latch_file.write_text("STOPPED")
    main._forget_other_lives(config)
    assert config.runtime.state.exists()
    monkeypatch.setattr(main, "frames_hash", lambda: "another")
    main._forget_other_lives(config)
    assert not config.runtime.state.exists()
    assert config.runtime.latch_file.exists()


@pytest.mark.parametrize(
    ("latch", "kept"), [(Latch.CLEAR, False), (Latch.RELEASED, True), (Latch.FAULT, True)]
)
def test_whether_a_new_start_may_move_is_asked_anew_and_a_stop_is_kept(config, latch, kept):
    main._make_folders(config)
    config.runtime.latch_file.write_bytes(to_bytes(Latched(latch)))
    main._forget_other_lives(config)
    assert config.runtime.latch_file.exists() == kept


def hang(config):
    """Stop the guard for ever; gives its process id."""
    pid = pids(config)["guard"]
    os.kill(pid, signal.SIGSTOP)
    return pid


@pytest.mark.alone
def test_a_guard_that_hangs_is_killed_and_a_stop_pressed_meanwhile_is_followed_first(start, config):
    agent = start()
    wait(lambda: state(config) in ("ACTIVE", "SAFE_HOLD"))
    hung = hang(config)
    assert not ask(config.runtime.stop_socket, "stop")["ok"]
    wait(lambda: pids(config).get("guard", hung) != hung)
    wait(lambda: state(config) == "STOPPED")
    hung = hang(config)
    wait(lambda: pids(config).get("guard", hung) != hung)
    wait(lambda: state(config) == "STOPPED")
    agent.terminate()
    _, errors = agent.communicate(timeout=20)
    assert errors.count("does not tick any more; killed it") == 2
    assert errors.count("guard ended with -9") == 2


@pytest.mark.alone
def test_the_robot_holds_while_its_guard_hangs_and_goes_on_from_there(start, config):
    config = replace(config, body="mujoco")
    start(config)
    wait(lambda: state(config) in ("ACTIVE", "SAFE_HOLD"), 60.0)
    states = Slot(config.runtime.state, size(GuardState))
    targets = Slot(config.runtime.folder / TARGET_SLOT, TARGET_SIZE)
    stick, moved = Slot(config.runtime.teleop, size(Teleop), create=True), NEUTRAL.copy()
    moved[0] += 1.0

    def turns():
        stick.write(pack(Teleop(True, moved, time.monotonic() + 0.2)))
        return unpack(GuardState, states.read()[1]).joint_vel[0] > 0.5

    wait(turns, 60.0)
    hung = hang(config)
    held = unpack_target(targets.read()[1])[0]
    before = unpack(GuardState, states.read()[1])
    emitted = []

    def goes_on():
        emitted.append(unpack_target(targets.read()[1])[0])
        return unpack(GuardState, states.read()[1]).boot_epoch > before.boot_epoch

    wait(goes_on, 60.0)
    assert pids(config)["guard"] != hung
    np.testing.assert_array_equal(emitted[:-1], np.broadcast_to(held, (len(emitted) - 1, 9)))
    assert np.abs(emitted[-1] - held).max() < np.deg2rad(0.5)


def test_a_runtime_folder_on_a_disk_is_warned_of(config, tmp_path, caplog, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\ntmpfs {tmp_path / 'run'} tmpfs rw 0 0\n")
    assert main.file_system(tmp_path / "run" / "r1", mounts) == "tmpfs"
    assert main.file_system(tmp_path / "runs", mounts) == "ext4"
    assert main.file_system(tmp_path, tmp_path / "none") == "unknown"
    for kind, warned in (("tmpfs", False), ("ext4", True)):
        caplog.clear()
        monkeypatch.setattr(main, "file_system", lambda _, kind=kind: kind)
        main._make_folders(config)
        assert ("choose a --runtime-dir on tmpfs" in caplog.text) == warned


def test_eyes_that_die_are_started_again_and_motion_never_notices(start, config):
    looking = replace(config, eyes="camera")
    start(looking)
    wait(lambda: "eyes" in pids(looking) and state(looking) == "ACTIVE", 60.0)
    first = pids(looking)
    os.kill(first["eyes"], signal.SIGKILL)
    wait(lambda: pids(looking).get("eyes", first["eyes"]) != first["eyes"], 30.0)
    assert state(looking) == "ACTIVE"
    assert {name: pid for name, pid in pids(looking).items() if name != "eyes"} == {
        name: pid for name, pid in first.items() if name != "eyes"
    }
