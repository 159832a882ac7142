"""`reachy-coach lesson` as somebody types it; mistakes in one line."""

import json

import numpy as np
import pytest

from learner.lessons.hearing import Heard
from tools import cli


class Silent:
    """A listener to whom all remarks are the same."""

    def hear(self, remarks):
        return [Heard(0.0, 0.0) for _ in remarks]

    def likelihood(self, heard, change):
        return np.ones_like(change)


@pytest.fixture
def lesson(monkeypatch, tmp_path):
    monkeypatch.setattr("learner.lessons.tempo.listener_of", lambda model: Silent())

    def run(*line):
        return cli.run(["lesson", "tempo", "--model", "lexicon", "--data-dir", str(tmp_path), *line])

    return run


SMALL = ("--arms", "ignore", "random", "--seeds", "1", "--lessons", "2", "--attempts", "2")


def test_figures_as_json_and_as_a_picture(lesson, tmp_path, capsys):
    path = tmp_path / "tempo.svg"
    assert lesson(*SMALL, "--json", "--plot", str(path)) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["synthetic"]
    assert told["plan"]["lessons"] == 2
    assert set(told["summary"]) == {"ignore", "random"}
    assert np.shape(told["summary"]["ignore"]["error"]) == (2,)
    assert path.stat().st_size > 1000


def test_a_table_for_people(lesson, capsys):
    assert lesson(*SMALL) == 0
    told = capsys.readouterr()
    assert "simulated people" in told.out
    assert "ignore, seed 0" in told.err


@pytest.mark.parametrize(
    "line",
    [
        ["tempo", "--arms", "luck"],
        ["tempo", "--attempts", "1"],
        ["tempo", "--seeds", "0"],
        ["track", "--demonstrations", "0"],
        ["track", "--episodes", "no"],
        ["swim"],
    ],
)
def test_mistakes(line, capsys):
    assert cli.run(["lesson", *line]) == 2
    assert len(capsys.readouterr().err.splitlines()) < 12


def test_a_model_that_is_not_there(capsys):
    assert cli.run(["lesson", "tempo", "--model", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err
