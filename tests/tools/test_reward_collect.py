"""`reachy-coach reward collect`, `label` and `words`: what they print, and what they refuse."""

import io
import json

import pytest

from tools.cli import run


def test_baselines_are_played_and_rated(tmp_path, capsys, monkeypatch):
    where = ["--data-dir", str(tmp_path), "--json"]
    assert run(["reward", "collect", "--episodes", "2", "--tasks", "nod", *where]) == 0
    assert json.loads(capsys.readouterr().out)["episodes"] == {"untrained": 1, "scripted": 1}
    monkeypatch.setattr("sys.stdin", io.StringIO("4\nq\n"))
    assert run(["reward", "label", "--name", "ann", *where]) == 0
    assert json.loads(capsys.readouterr().out) == {"rated": 1}


def test_nothing_to_rate_says_what_to_do(tmp_path, capsys):
    assert run(["reward", "label", "--data-dir", str(tmp_path)]) == 0
    assert "reward collect" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("collect", "--episodes", "0"), "--episodes"),
        (("collect", "--tasks", "noddle"), "did you mean 'nod'"),
        (("label", "--name", " "), "--name"),
        (("label", "--limit", "0"), "--limit"),
        (("words", "--tasks", "dance"), "no task 'dance'"),
        (("words", "--arms", "wrods"), "wrods"),
        (("words", "--seeds", "0"), "--seeds"),
        (("words", "--model", "nonsense"), "nonsense"),
    ],
)
def test_bad_input_is_refused_in_words(arguments, told, tmp_path, capsys):
    assert run(["reward", *arguments, "--data-dir", str(tmp_path)]) == 2
    assert told in " ".join(capsys.readouterr().err.split())
