"""`reachy-coach reward evaluate` from the outside."""

import json

import pytest

from learner.reward.data import build as data
from learner.reward.data.example import write
from learner.reward.evaluate import evaluation
from tests.learner.reward.evaluate.made_up import human, robot
from tests.learner.reward.evaluate.test_evaluation import Encoder
from tools import cli


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "TextEncoder", Encoder)
    splits = ("train", "validation", "test")
    write(data.path_of(tmp_path, "public"), [human(i, s) for s in splits for i in range(12)])
    write(data.path_of(tmp_path, "robot"), [robot(i, s) for s in splits for i in range(12)])
    return tmp_path


def run(home, *words):
    return cli.run(["reward", "evaluate", "--data-dir", str(home), *words])


def test_both_files_and_the_table(home, tmp_path, capsys):
    assert run(home, "--model", "lexicon", "--out", str(tmp_path / "out")) == 0
    said = capsys.readouterr().out
    assert "missed by" in said
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    assert list(found["models"]) == ["lexicon"]
    assert (tmp_path / "out" / "report.html").read_text().startswith("<!doctype html>")


def test_json_is_the_report(home, capsys):
    assert run(home, "--model", "lexicon", "--model", "buttons", "--json", "--limit", "20") == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["models"]) == ["lexicon", "buttons"]
    assert found["made"]["limit"] == 20
    (folder,) = (home / "reward" / "reports").iterdir()
    assert json.loads((folder / "report.json").read_text()) == found


def test_mistakes_are_told(home, tmp_path, capsys):
    assert run(tmp_path / "empty", "--model", "lexicon") == 2
    assert "reward data build" in capsys.readouterr().err
    assert run(home, "--model", "no-such") == 2
    assert "'no-such'" in capsys.readouterr().err
    assert run(home, "--model", "lexicon", "--limit", "3") == 2
