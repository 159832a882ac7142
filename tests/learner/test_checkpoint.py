import os
import signal
import subprocess
import sys
import time

import numpy as np
import torch

from learner.rl.checkpoint import KEEP, load_newest, numbered, restore_rng, rng_state, save


def test_round_trip_and_the_newest_three_are_kept(tmp_path):
    for counter in range(1, 8):
        save(tmp_path, counter, {"x": torch.full((3,), float(counter)), "n": counter}, best=counter == 2)
    assert sorted(numbered(tmp_path)) == [5, 6, 7]
    assert len(numbered(tmp_path)) == KEEP
    counter, state = load_newest(tmp_path)
    assert counter == 7
    assert state["x"].tolist() == [7.0] * 3
    assert torch.load(tmp_path / "best.pt", weights_only=True)["counter"] == 2


def test_a_damaged_newest_file_is_passed_over(tmp_path):
    save(tmp_path, 1, {"n": 1})
    newest = save(tmp_path, 2, {"n": 2})
    newest.write_bytes(newest.read_bytes()[:-40])
    assert load_newest(tmp_path) == (1, {"n": 1})
    newest.write_bytes(b"")
    assert load_newest(tmp_path) == (1, {"n": 1})


def test_nothing_to_load(tmp_path):
    assert load_newest(tmp_path) is None
    assert load_newest(tmp_path / "absent") is None


def test_rng_continues_where_it_was(tmp_path):
    rng = np.random.default_rng(5)
    rng.normal(size=17)
    save(tmp_path, 1, {"rng": rng_state(rng)})
    expected = rng.normal(size=4)
    other = np.random.default_rng(0)
    restore_rng(other, load_newest(tmp_path)[1]["rng"])
    np.testing.assert_array_equal(other.normal(size=4), expected)


WRITER = """
import sys, torch
from pathlib import Path
from learner.rl.checkpoint import save
counter = 0
while True:
    counter += 1
    save(Path(sys.argv[1]), counter, {"n": counter, "x": torch.full((200_000,), float(counter))})
    print(counter, flush=True)
"""


def test_a_kill_at_any_instant_loses_nothing_that_was_saved(tmp_path):
    rng = np.random.default_rng(0)
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=os.environ
        )
        process.stdout.readline()
        time.sleep(float(rng.uniform(0.02, 0.3)))
        process.send_signal(signal.SIGKILL)
        said = [int(line) for line in process.stdout.read().split()]
        process.wait()
        counter, state = load_newest(tmp_path)
        assert counter >= max(said, default=1)
        assert state["n"] == counter
        assert (state["x"] == float(counter)).all()
        for path in tmp_path.glob("*.pt"):
            path.unlink()
