"""`bench reward`: both sides are measured, and a ratio above 1 means that ours is cheaper."""

from contextlib import contextmanager

import pytest

from learner import bench_reward
from learner.bench_reward import Size


class Side:
    """Answers like a worker, with times that are known."""

    def __init__(self, ms, per_s):
        self.ms, self.per_s = ms, per_s

    def ask(self, order):
        if order["do"] == "single":
            return {"wall_ms": [self.ms] * order["count"], "cpu_ms": [self.ms / 2] * order["count"]}
        if order["do"] == "batch":
            return {"rows": self.per_s, "wall_s": 1.0, "cpu_s": 0.5}
        return {"rss_mb": 100.0, "rss_growth_mb": 60.0}


def test_ratios_by_hand(monkeypatch, tmp_path):
    sides = {"minilm": Side(2.0, 900), bench_reward.FROZEN: Side(8.0, 300)}

    @contextmanager
    def worker(spec, data_dir, examples):
        yield sides[spec], {"load_s": 1.0}

    monkeypatch.setattr(bench_reward, "worker", worker)
    found = bench_reward.side_by_side("minilm", tmp_path, [], Size(3, 4, 0.1))
    assert found["ours"]["single_ms"]["p95"] == 2.0
    assert found["ours"]["batch_per_s"] == 900
    assert found["frozen_over_ours_single_p50"] == {"median": 4.0, "low": 4.0, "high": 4.0}
    assert found["ours_over_frozen_batch"]["median"] == pytest.approx(3.0)
    assert found["frozen"]["rss_growth_mb"] == 60.0


def test_it_measures_a_real_model(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_reward, "FROZEN", "buttons")
    found = bench_reward.bench_reward(quick=True, model="lexicon", data_dir=tmp_path)
    assert found["config"]["rounds"] == 3
    for side in ("ours", "frozen"):
        assert found[side]["single_ms"]["p50"] > 0
        assert found[side]["batch_per_s"] > 0
        assert found[side]["rss_growth_mb"] > 0
