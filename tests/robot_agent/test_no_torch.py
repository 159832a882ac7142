"""The robot's part installs and runs on a machine that has no learning stack."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BLOCKED = ("torch", "transformers", "litestar", "sqlalchemy", "mujoco", "gymnasium", "onnx", "learner", "sim")

IMPORT_ALL = f"""
import importlib, importlib.abc, pkgutil, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {BLOCKED!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
import robot_agent
names = [m.name for m in pkgutil.walk_packages(robot_agent.__path__, "robot_agent.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_every_module_imports_without_the_learning_stack():
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_the_guard_package_brings_no_network_and_no_inference():
    code = (
        "import sys, robot_agent.guard.guard\n"
        "names = ('zmq', 'onnxruntime', 'socket', 'ssl', 'asyncio', 'websockets')\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_robot_extra_installs_and_the_agent_starts_in_a_fresh_environment(tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", f"{ROOT}[robot]"]
    subprocess.run(install, check=True)
    listed = subprocess.run([python, "-m", "pip", "list"], capture_output=True, text=True, check=True).stdout
    installed = {line.split()[0].lower() for line in listed.splitlines()}
    assert not installed & {"torch", "transformers", "litestar", "sqlalchemy", "mujoco"}
    agent = [tmp_path / "venv" / "bin" / "reachy-coach", "agent", "--body", "still", "--robot-id", "fresh"]
    folders = ["--data-dir", tmp_path / "data", "--runtime-dir", tmp_path / "run"]
    process = subprocess.Popen([*agent, *folders], cwd=tmp_path, stdin=subprocess.DEVNULL)
    try:
        stop = [
            tmp_path / "venv" / "bin" / "reachy-coach",
            "stop",
            "--status",
            "--runtime-dir",
            tmp_path / "run",
        ]
        for _ in range(60):
            answer = subprocess.run(stop, cwd=tmp_path, capture_output=True, text=True, check=False)
            if answer.returncode == 0 and answer.stdout.strip() in ("ACTIVE", "SAFE_HOLD"):
                break
        else:
            raise AssertionError(answer)
    finally:
        process.terminate()
        assert process.wait(20) == 0
