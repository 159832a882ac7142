"""The robot's part imports nothing of the learning stack; tests/tools/test_install.py installs it without."""

import subprocess
import sys
from pathlib import Path

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
