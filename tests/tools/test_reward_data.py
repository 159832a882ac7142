"""`reachy-coach reward data`: build, look, take in and give out, without a network."""

import inspect
import json

import pytest

from learner.reward.data import public
from learner.reward.data.corpus.generate import CORPUS_SEED, SIZE
from learner.reward.data.example import Example, read, write
from shared.errors import ConfigError
from tools import reward_data
from tools.cli import run


@pytest.fixture
def data(tmp_path, capsys):
    def call(*arguments):
        code = run(["reward", "data", *map(str, arguments), "--data-dir", str(tmp_path)])
        return code, capsys.readouterr()

    return call


@pytest.fixture
def robot(data, tmp_path):
    code, told = data("build", "--only", "robot", "--size", 500, "--seed", 3, "--json")
    assert code == 0
    return json.loads(told.out)["robot"]


def test_build_makes_the_corpus_that_the_shipped_model_learnt_from():
    given = inspect.signature(reward_data.build).parameters
    assert (given["size"].default, given["seed"].default) == (SIZE, CORPUS_SEED)


def test_build_says_what_it_made_and_does_it_alike_again(data, robot, tmp_path):
    path = tmp_path / "reward" / "data" / "robot.jsonl"
    assert robot["path"] == str(path)
    assert robot["examples"] == len(list(read(path))) >= 500
    first = path.read_bytes()
    assert data("build", "--only", "robot", "--size", 500, "--seed", 3)[1].out.startswith("robot: ")
    assert path.read_bytes() == first


def test_stats_tell_counts_and_leaks(data, robot, tmp_path):
    code, told = data("stats", "--json")
    found = json.loads(told.out)["robot"]
    assert code == 0
    assert (found["examples"], found["synthetic"], found["leaks"]) == (
        robot["examples"],
        robot["examples"],
        0,
    )
    assert len(found["tools"]) == 20
    path = tmp_path / "reward" / "data" / "robot.jsonl"
    examples = list(read(path))
    train = next(e for e in examples if e.split == "train")
    write(path, [*examples, Example(**{**vars(train), "split": "test"})])
    code, told = data("stats", "robot")
    assert code == 1
    assert "leaks: 3" in told.out  # its family, its style and its words


def test_export_and_import_give_the_same(data, robot, tmp_path):
    out = tmp_path / "out.csv"
    assert data("export", out, "--name", "robot", "--split", "test")[0] == 0
    assert data("import", out, "--name", "mine")[0] == 0
    home = tmp_path / "reward" / "data"
    assert list(read(home / "mine.jsonl")) == [e for e in read(home / "robot.jsonl") if e.split == "test"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("stats",), "no data sets in"),
        (("stats", "robot"), "`reachy-coach reward data build` makes it"),
        (("stats", "../secret"), "is no name of a data set"),
        (("export", "x.csv"), "no data sets in"),
        (("export", "x.xls", "--name", "robot"), "no data set"),
        (("import", "nowhere.csv"), "No such file"),
        (("import", "x.csv", "--name", "robot"), "choose another --name"),
        (("build", "--only", "robot", "--size", "3"), "at least 500"),
        (("build", "--only", "public", "--from", "nowhere.tar.gz"), "leave --from away"),
        (("build", "--only", "robot", "--from", "x.tar.gz"), "--from is for the human-rated sets"),
    ],
)
def test_mistakes_are_told_in_one_line(data, arguments, complaint):
    code, told = data(*arguments)
    assert code == 2
    assert told.out == ""
    assert complaint in told.err.replace("\n", " ")


def test_an_import_whose_splits_are_not_apart_is_refused(data, tmp_path):
    file = tmp_path / "in.csv"
    file.write_text("text,label,source,split\nvery nice,1,x,train\nVery nice!,1,x,test\n")
    code, told = data("import", file)
    assert code == 2
    assert "1 leaks between splits" in told.err
    assert not (tmp_path / "reward" / "data").exists()


def test_without_a_network_nothing_is_left_behind(data, tmp_path, monkeypatch):
    def offline(folder, say):
        raise ConfigError("could not download; give it with --from")

    monkeypatch.setattr(public, "fetch", offline)
    code, told = data("build")
    assert code == 2
    assert "--from" in told.err
    assert not (tmp_path / "reward").exists()


@pytest.mark.parametrize("command", ["build", "stats", "import", "export"])
def test_help(command, capsys):
    assert run(["reward", "data", command, "--help"]) == 0
    assert "--data-dir" in capsys.readouterr().out
