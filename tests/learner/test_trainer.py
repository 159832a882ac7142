"""The loop on simulation alone: resume, kill, what enters the loss."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from learner.evaluation import evaluate
from learner.reward.feedback.human import Labels, Taste
from learner.rl.checkpoint import load_best, load_newest, numbered
from learner.rl.config import RewardWeights, TrainConfig
from learner.rollouts.local import LocalSource
from learner.tooling.faults import healthy
from learner.trainer import Trainer
from shared.errors import ConfigError
from shared.tools import TOOL_INDEX
from sim import made
from sim.raters import GentleRater

ROOT = Path(__file__).resolve().parents[2]
TINY = TrainConfig(
    num_envs=4, num_steps=2, demonstrations=3, eval_every=0, checkpoint_every=2, warmup_updates=1,
    tasks=("nod", "shake"), bc=replace(TrainConfig().bc, steps=10),
)  # fmt: skip


def run(folder, updates, config=TINY):
    trainer = Trainer(config, folder)
    trainer.run(lambda: False, updates)
    return trainer


def same(a, b):
    assert asdict(replace(a.counters, train_s=0.0)) == asdict(replace(b.counters, train_s=0.0))
    for name, parameter in a.model.state_dict().items():
        assert torch.equal(parameter, b.model.state_dict()[name]), name
    assert a.rng.bit_generator.state == b.rng.bit_generator.state


def test_a_resumed_run_is_the_run_that_was_not_interrupted(tmp_path):
    whole = run(tmp_path / "whole", 4)
    run(tmp_path / "parts", 2)
    resumed = run(tmp_path / "parts", 4)
    assert resumed.resumed
    assert not whole.resumed
    same(whole, resumed)


def test_a_run_that_learnt_made_tools_does_not_go_on_with_others(tmp_path):
    config = replace(TINY, tasks=("perform",), checkpoint_every=1)
    run(tmp_path, 1, config)
    made.take_up([healthy("nod twice")], {})
    try:
        with pytest.raises(ConfigError, match="begun with other made tools"):
            Trainer(config, tmp_path)
    finally:
        made.take_up([], {})
    assert Trainer(config, tmp_path).resumed


def test_counts_demonstrations_as_episodes(tmp_path):
    trainer = Trainer(TINY, tmp_path)
    trainer.warm_start()
    trainer.local.close()
    assert sum(trainer.counters.episodes.values()) == TINY.demonstrations == trainer.demonstrations.episodes


def test_a_budget_of_episodes_is_kept_and_the_best_policy_so_far_comes_out(tmp_path):
    config = replace(TINY, max_episodes=20, eval_every=1, eval_episodes=2, goal=2.0)
    trainer = Trainer(config, tmp_path)
    trainer.run(lambda: trainer.counters.spent_update > 0)
    assert max(trainer.counters.episodes.values()) < 20
    assert trainer.rests()
    best = load_best(tmp_path)
    for name, parameter in trainer.model.state_dict().items():
        assert torch.equal(parameter, best["model"][name]), name


@pytest.mark.parametrize("tasks", [("look", "look", "nod", "shake"), ("nod",), ("nod", "shake")])
@pytest.mark.parametrize("count", [0, 1, 7, 10])
def test_demonstrations_are_shared_out_whole(tasks, count):
    shares = TrainConfig(tasks=tasks, demonstrations=count).demonstrations_per_task()
    assert sum(shares.values()) == count
    assert set(shares) == set(tasks)


def test_overridden_and_stale_decisions_stay_out_of_the_loss_but_in_the_returns(tmp_path):
    trainer = Trainer(replace(TINY, max_policy_lag=3), tmp_path)
    (rollout,) = trainer.collect()
    (labelled,) = trainer.label([rollout])
    everything = trainer.returns([rollout], [labelled])
    rollout.on_policy[0, 1] = False
    rollout.policy_version[1, 2] = -10
    kept = trainer.returns([rollout], [labelled])
    trainer.local.close()
    assert len(everything) == rollout.tool.size
    assert len(kept) == rollout.tool.size - 2
    assert trainer.counters.stale_decisions == 1
    inside = np.ones(rollout.tool.shape, bool)
    inside[0, 1] = inside[1, 2] = False
    np.testing.assert_array_equal(kept.returns, everything.returns[inside.ravel()])


SCRIPT = """
import faulthandler, sys
faulthandler.dump_traceback_later(40)  # said by the test where the run hangs
from pathlib import Path
from dataclasses import replace
sys.path.insert(0, "tests/learner")
from test_trainer import TINY
from learner.trainer import Trainer
Trainer(replace(TINY, checkpoint_every=1), Path(sys.argv[1])).run(lambda: False)
"""


def test_a_killed_run_goes_on(tmp_path):
    log = tmp_path / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path)],
            stderr=stream,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": "."},
        )
    deadline = time.monotonic() + 60
    while not any(n >= 2 for n in numbered(tmp_path)) and time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    newest = load_newest(tmp_path)
    assert newest is not None, log.read_text()
    counter, _ = newest
    assert counter >= 2
    resumed = run(tmp_path, counter + 1, replace(TINY, checkpoint_every=1))
    assert resumed.counters.updates == counter + 1


def taste_of_gentle_nods(seed, folder, taps=50):
    """R_h from a synthetic person's taps on simulated nods."""
    trainer = Trainer(
        TrainConfig(tasks=("nod",), num_envs=10, num_steps=1, seed=seed), folder / f"taps{seed}"
    )
    rng = np.random.default_rng(seed)
    trainer.warm_start()
    parts = []
    while sum(len(p[0]) for p in parts) < taps:
        (r,) = trainer.collect()
        rating = GentleRater(threshold=0.0).rate(r.tool[0], r.params[0], rng)
        said = ~np.isnan(rating)
        parts.append([a[0][said] for a in (r.obs, r.tool, r.params, r.motion, r.ended)] + [rating[said]])
    trainer.local.close()
    columns = [np.concatenate(column)[:taps] for column in zip(*parts, strict=True)]
    return Taste.fit(Labels(*columns, np.ones(taps, np.float32)), rng)


def nods_with_and_without_taps(seed, folder, updates):
    """Mean raw amplitude with taps, without, and success with taps; one training run each."""
    taste = taste_of_gentle_nods(seed, folder)
    amplitude = {}
    for taps in (True, False):
        config = TrainConfig(
            tasks=("nod",), num_envs=16, num_steps=4, seed=seed, eval_every=0, warmup_updates=1,
            weights=RewardWeights(human=0.5),
        )  # fmt: skip
        trainer = Trainer(config, folder / f"run{seed}{taps}")
        trainer.labeller.taste = taste if taps else None
        trainer.run(lambda: False, updates)
        probe = LocalSource(("nod",), 48, 1, seed + 50, 1)
        (rollout,) = probe.collect(trainer.model.snapshot(), 0, np.random.default_rng(9))
        probe.close()
        amplitude[taps] = float(rollout.params[rollout.tool == TOOL_INDEX["nod"]][:, 0].mean())
        if taps:
            scores = evaluate(trainer.model.snapshot(), ("nod",), episodes=60, seed=1, threads=1)
    return amplitude[True], amplitude[False], scores["nod"].success


def test_fifty_taps_move_the_policy(tmp_path):
    """Of a synthetic rater who likes gentle nods; the slow test below asks more of more seeds."""
    moved, control, success = nods_with_and_without_taps(0, tmp_path, updates=6)
    assert control - moved > 0.05
    assert success >= 0.8


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifty_taps_move_the_policy_on_every_seed(tmp_path):
    found = np.array([nods_with_and_without_taps(seed, tmp_path, updates=15) for seed in range(4)])
    gap = found[:, 1] - found[:, 0]
    # Paired over seeds: t = mean / (std / sqrt(n)); 3.18 is the two-sided 5 % point at 3 degrees of freedom.
    assert gap.mean() / (gap.std(ddof=1) / 2.0) > 3.18, found
    assert gap.min() > 0.1, found
    assert found[:, 2].min() >= 0.8, found
