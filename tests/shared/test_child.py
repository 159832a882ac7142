import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PARENT = """
import os, subprocess, time
from functools import partial
from shared.child import die_with
child = subprocess.Popen(["sleep", "60"], preexec_fn=partial(die_with, os.getpid()))
print(child.pid, flush=True)
time.sleep(60)
"""


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_a_child_ends_with_a_parent_that_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert not gone(child)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 10.0
    while not gone(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)
