"""What an installation brings along: the robot never gets the learner's weight."""

import os
import re
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "transformers", "litestar", "sqlalchemy", "mujoco"}


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(package, extras=frozenset()):
    """Names of all packages that this one needs, by the metadata of what is installed."""
    seen, todo = set(), [(package, extras)]
    while todo:
        name, wanted = todo.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            lines = requires(name) or []
        except PackageNotFoundError:
            continue
        for line in lines:
            need = Requirement(line)
            if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in wanted or {""}):
                todo.append((canonical(need.name), frozenset(need.extras)))
    return {name for name, _ in seen}


def test_the_robot_extra_needs_no_learning_and_no_web_stack():
    needed = closure("reachy-coach", frozenset({"robot"}))
    assert {"onnxruntime", "pyzmq", "reachy-mini", "numpy"} <= needed
    assert not needed & HEAVY


def test_the_learner_extra_does_need_it():
    assert closure("reachy-coach", frozenset({"learner"})) >= HEAVY


def test_the_lock_pins_every_direct_dependency_exactly_and_names_no_host():
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    pins = {canonical(line.split("==")[0]) for line in lock.splitlines()}
    assert all(re.match(r"[a-z0-9-]+==[\w.]+( ; .+)?$", line) for line in lock.splitlines())
    direct = {canonical(Requirement(line).name) for line in requires("reachy-coach") or []}
    assert direct - {"reachy-coach"} <= pins
    assert "torch==2.13.0\n" in lock


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_agent_starts_where_torch_is_absent(tmp_path):
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def run(*command):
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    python = tmp_path / "venv/bin/python"
    assert run(sys.executable, "-m", "venv", tmp_path / "venv").returncode == 0
    lock = ROOT / "requirements.lock"
    installed = run(python, "-m", "pip", "install", "--constraint", lock, f"{ROOT}[robot]")
    assert installed.returncode == 0, installed.stderr[-3000:]

    listed = run(python, "-m", "pip", "list", "--format=freeze").stdout.lower()
    assert "onnxruntime==" in listed
    for package in HEAVY:
        assert f"\n{package}==" not in listed

    command = tmp_path / "venv/bin/reachy-coach"
    for words in (["--help"], ["agent", "--help"], ["stop", "--help"]):
        done = run(command, *words)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("Usage: reachy-coach")

    # All of its processes, on the body in memory, until the policy's answers reach the guard.
    folders = ["--data-dir", tmp_path / "data", "--runtime-dir", tmp_path / "run"]
    agent = subprocess.Popen(
        [command, "agent", "--body", "still", *folders], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL
    )
    try:
        for _ in range(60):
            answer = run(command, "stop", "--status", "--runtime-dir", tmp_path / "run")
            if answer.stdout.strip() == "ACTIVE":
                break
            time.sleep(0.5)
        assert answer.stdout.strip() == "ACTIVE", answer.stderr
    finally:
        agent.terminate()
        assert agent.wait(20) == 0

    done = run(command, "learner", "--data-dir", tmp_path / "data")
    assert done.returncode == 2
    assert "pip install 'reachy-coach[" in done.stderr
