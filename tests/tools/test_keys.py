"""`reachy-coach keys`: pairing a robot with a learner by hand, and what goes wrong."""

import json

import pytest

from learner.config import LearnerConfig
from shared.keys import read_public
from tools.cli import run


@pytest.fixture
def keys(tmp_path, capsys):
    def call(*arguments):
        code = run(["keys", *arguments, "--data-dir", str(tmp_path)])
        return code, capsys.readouterr()

    return call


def test_a_robot_and_a_learner_are_paired(keys, tmp_path):
    code, told = keys("robot", "--robot-id", "mini-1", "--json")
    assert code == 0
    public = json.loads(told.out)["public_key"]
    assert keys("robot", "--robot-id", "mini-1")[1].out.strip() == public
    assert keys("allow", "mini-1", public)[0] == 0
    assert json.loads(keys("list", "--json")[1].out) == {"mini-1": public}
    config = LearnerConfig(data_dir=tmp_path)
    assert read_public(config.allow_dir / "mini-1.pub") == public
    assert keys("learner")[1].out.strip() == read_public(config.key_path.with_suffix(".pub"))
    assert keys("forbid", "mini-1")[0] == 0
    assert keys("list")[1].out == ""


def test_a_robot_is_told_whose_policies_it_takes(keys):
    signing = json.loads(keys("learner", "--json")[1].out)["signing_key"]
    assert f"keys trust learner {signing}" in keys("learner")[1].err
    assert keys("trust", "learner", signing, "--robot-id", "mini-1")[0] == 0
    assert json.loads(keys("signers", "--robot-id", "mini-1", "--json")[1].out) == {"learner": signing}
    assert signing in keys("signers", "--robot-id", "mini-1")[1].out
    assert keys("signers")[1].out == ""
    assert keys("distrust", "learner", "--robot-id", "mini-1")[0] == 0
    assert keys("signers", "--robot-id", "mini-1")[1].out == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("allow", "mini", "too-short"), "40 characters"),
        (("allow", "../mini", "x" * 40), "robot id"),
        (("forbid", "nobody"), "not on the list"),
        (("trust", "learner", "abc"), "64 hexadecimal digits"),
        (("distrust", "nobody"), "no trusted key"),
    ],
)
def test_mistakes_are_told_in_a_line(keys, arguments, words):
    code, told = keys(*arguments)
    assert code == 2
    assert words in told.err
