"""Following a moving object is learnt from one demonstration, and measured beside the expert."""

import numpy as np
import pytest

from learner.lessons.following import by_expert, by_policy, follow
from learner.lessons.plot import draw_track
from learner.lessons.track import Plan, Run, learn, record, run_all, summary
from shared.tools import TOOL_INDEX


def still(specs, obs):
    return np.full(len(specs), TOOL_INDEX["wait"]), np.zeros((len(specs), 4), np.float32)


def test_the_expert_follows_and_who_holds_still_does_not():
    expert, held = follow(by_expert, 3, 4), follow(still, 3, 4)
    assert expert.success.all()
    assert (expert.similarity > 0.9).all()
    assert not held.success.any()
    assert held.similarity.mean() < 0.5
    assert set(held.events) <= {"out of time", "lost it"}


def test_resets_are_the_same_for_everybody():
    one, two = (follow(by_expert, 2, 8, "held_out") for _ in range(2))
    assert one.similarity.tolist() == two.similarity.tolist()


def test_a_demonstration_is_one_undisturbed_episode():
    shown = record(1, 5)
    assert shown.episodes == 1
    assert set(shown.tool) <= {TOOL_INDEX["look"], TOOL_INDEX["wait"], TOOL_INDEX["go_home"]}
    assert len(shown) >= 20


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_one_demonstration_is_enough_to_follow():
    found = follow(by_policy(learn(record(1, 1), 0).snapshot()), 48, 77)
    assert found.similarity.mean() > 0.88
    assert found.success.mean() > 0.75


def test_everybody_is_measured_on_both_splits(monkeypatch):
    monkeypatch.setattr("learner.lessons.track.learn", lambda shown, seed: _Untrained())
    runs = run_all(Plan(demonstrations=(1,), seeds=(0,), episodes=1))
    assert [run.who for run in runs] == ["expert", "untrained", "1"]
    assert all(set(run.similarity) == {"train", "held_out"} for run in runs)
    assert runs[2].rows > 0


class _Untrained:
    def snapshot(self):
        return learn(None, 0).snapshot()


def made_up(who, seed, value):
    split = {"train": value, "held_out": value - 0.1}
    return Run(who, seed, 20, split, split, {}, 1.0)


def test_the_summary_is_over_seeds(tmp_path):
    runs = [made_up("expert", 0, 0.9), *(made_up("1", seed, 0.8 + 0.1 * seed) for seed in range(2))]
    found = summary(runs)
    assert found["1"]["train"]["similarity"]["mean"] == pytest.approx(0.85)
    assert found["1"]["held_out"]["success"]["mean"] == pytest.approx(0.75)
    assert found["expert"]["train"]["similarity"]["low"] is None
    path = tmp_path / "track.svg"
    draw_track(runs, path)
    assert path.stat().st_size > 1000
