"""The process that measures one model."""

import io
import json
import sys

import pytest

from learner.reward.evaluate import cost
from shared.errors import ConfigError
from tests.learner.reward.evaluate.made_up import robot


def test_orders_are_answered(tmp_path):
    with cost.worker("lexicon", tmp_path, [robot(0), robot(1)]) as (process, opened):
        assert opened["load_s"] > 0
        single = process.ask({"do": "single", "count": 7})
        assert len(single["wall_ms"]) == len(single["cpu_ms"]) == 7
        assert min(single["wall_ms"]) > 0
        batch = process.ask({"do": "batch", "seconds": 0.01})
        assert batch["rows"] % cost.BATCH == 0
        assert batch["wall_s"] >= 0.01
        memory = process.ask({"do": "memory"})
        assert 0 < memory["rss_growth_mb"] < memory["rss_mb"]


def test_what_is_wrong_is_told(tmp_path):
    with (
        pytest.raises(ConfigError, match="'no-such-model'"),
        cost.worker("no-such-model", tmp_path, [robot(0)]),
    ):
        pass


def test_percentiles_by_hand():
    found = cost.percentiles([float(i) for i in range(101)])
    assert found == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
    assert cost.rates(100, 2.0, 0.5) == {"batch_per_s": 50.0, "batch_per_cpu_s": 200.0}


class Chatty:
    """Prints while it judges."""

    version = "chatty"

    def judge(self, remarks):
        print("something for people to read")
        return []


def test_what_a_model_prints_is_no_answer(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cost, "_open", lambda spec, data_dir, threads: Chatty())
    orders = [{"do": "memory"}, {"do": "open", "remarks": [], "threads": 1}, {"do": "memory"}]
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(json.dumps(one) + "\n" for one in orders)))
    cost.serve("chatty", tmp_path)
    said = capsys.readouterr()
    first, second, third = map(json.loads, said.out.splitlines())
    assert first == {"error": "open first"}
    assert set(second) == {"load_s"}
    assert third["rss_mb"] > 0
    assert "for people" in said.err
