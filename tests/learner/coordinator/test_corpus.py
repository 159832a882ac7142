"""The corpus of commands: read strictly, compared goal by goal, scored per split."""

import json

import pytest

from learner.coordinator.corpus import OBJECTS, Command, exact, load
from learner.coordinator.goals import Cannot, Known, Look, Make, Plan, Use
from learner.coordinator.planner import GrammarPlanner
from learner.coordinator.scoring import accuracy
from shared.errors import ConfigError


def command(*plan, how="new", split="held_out"):
    return Command(split, "say", plan, how, Known(OBJECTS))


def test_there_are_enough_and_no_one_is_in_both_splits():
    commands = load()
    assert len(commands) >= 120
    said = {split: {c.say for c in commands if c.split == split} for split in ("development", "held_out")}
    assert not said["development"] & said["held_out"]
    assert {c.how for c in commands} == {"new", "stop", "append"}


def test_plans_are_compared_goal_by_goal():
    assert exact(Plan((Use("nod", times=2), Look("apple"))), command("nod", "nod", "look apple"))
    assert exact(Plan((Cannot("because"),)), command("cannot"))
    assert exact(Plan((Make("nod slowly"),)), command("make slowly nod"))
    assert not exact(Plan((Make("nod fast"),)), command("make nod slowly"))
    assert not exact(Plan((Look("apple"),)), command("look apple slowly"))
    assert not exact(Plan((Look("apple"), Use("nod"))), command("nod", "look apple"))
    assert not exact(Plan((Look("apple"),), "stop"), command("look apple"))
    assert not exact(Plan(()), command("nod"))


def test_accuracy_per_split_tells_what_was_wrong():
    right = Command("development", "nod", ("nod",), "new", Known(OBJECTS))
    wrong = Command("held_out", "nod", ("shake",), "new", Known(OBJECTS))
    told = []
    found = accuracy(GrammarPlanner(), [right, wrong], told.append)
    assert found["development"]["right"] == 1
    assert found["held_out"] == {"n": 1, "right": 0, "share": 0.0, "ci95": [0.0, 0.793]}
    assert told == ["held_out: 'nod': new: nod; wanted new: shake"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"split": "test"}, "unknown"),
        ({"how": "later"}, "unknown"),
        ({"plan": "nod"}, "plan is no list"),
        ({"plan": [7]}, "plan is no list"),
        ({"objects": [7]}, "objects is no list"),
        ({"made": [None]}, "made is no list"),
        ({"say": 7}, "say is no text"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, change, words):
    good = {"split": "held_out", "say": "nod", "plan": ["nod"]}
    file = tmp_path / "corpus.jsonl"
    file.write_text(json.dumps(good) + "\n" + json.dumps(good | change) + "\n")
    with pytest.raises(ConfigError, match=f"line 2: .*{words}"):
        load(file)


@pytest.mark.parametrize("line", ["{", "[]", "7", "{}"])
def test_a_line_that_is_no_command_is_named(tmp_path, line):
    file = tmp_path / "corpus.jsonl"
    file.write_text(line + "\n")
    with pytest.raises(ConfigError, match="line 1"):
        load(file)
