"""`reachy-coach coordinate` as somebody types it."""

import json

import pytest

from sim.camera import NoPicture, choose_gl
from tests.learner.speaking import OWL, UNKNOWN, address, choices, send, serving
from tools.cli import run


@pytest.fixture
def coordinate(tmp_path, capsys):
    def call(*arguments):
        code = run(["coordinate", *map(str, arguments), "--data-dir", str(tmp_path)])
        return code, capsys.readouterr()

    return call


def test_a_command_is_split_into_goals(coordinate):
    code, told = coordinate("nod, then look at the duck")
    assert code == 0
    assert told.out == "1. nod\n2. look rubber duck\n"
    code, told = coordinate("slowly look at the apple", "--json")
    assert json.loads(told.out) == {
        "how": "new",
        "goals": [{"do": "look", "object": "apple", "slowly": True, "follow": False, "times": 1}],
    }
    assert coordinate("don't move")[1].out == "nothing to do\n"


def test_what_cannot_be_done_is_exit_code_1(coordinate):
    code, told = coordinate("look at the elephant", "--objects", "apple, book")
    assert code == 1
    assert told.out == "1. cannot: I know no 'elephant' here; I know apple, book\n"


def test_a_missing_skill_is_made_played_and_kept(coordinate, tmp_path):
    code, told = coordinate("tilt your head diagonally, then look at the apple", "--play", "--json")
    assert code == 0, told
    body = json.loads(told.out)
    assert [goal["reached"] for goal in body["goals"]] == [True, True]
    made = body["goals"][0]
    assert made["do"] == "made"
    assert (tmp_path / "learner" / "tools" / made["name"] / "0001.json").exists()
    assert coordinate(f"play {made['name'].replace('_', ' ')}")[1].out.startswith("1. made ")


def test_an_interruption_is_heard_after_the_first_goal(coordinate):
    code, told = coordinate(
        "nod, then look at the duck",
        "--play",
        "--interrupt",
        "no, look at the book",
        "--objects",
        "rubber duck,book",
    )
    assert code == 0
    assert told.out.startswith("1. look book: reached\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nod", "--interrupt", "stop"), "need --play"),
        (("nod", "--planner", "http"), "needs --url and --model"),
        (("nod", "--planner", "model"), "needs --model"),
        (("nod", "--planner", "http", "--url", "host", "--model", "m"), "http or https"),
        (("nod", "--play", "--objects", "elephant"), "different ones of"),
    ],
)
def test_mistakes_are_told_in_one_line(coordinate, arguments, words):
    code, told = coordinate(*arguments)
    assert code == 2
    assert words in told.err
    assert told.err.count("\n") == 1


def test_an_endpoint_that_is_not_there_leaves_the_grammar(coordinate):
    code, told = coordinate("nod", "--planner", "http", "--url", "http://127.0.0.1:9/v1", "--model", "m")
    assert code == 0
    assert told.out == "1. nod\n"
    assert "planned by grammar" in told.err


def test_the_planners_figures_are_json(capsys):
    assert run(["coordinate", "evaluate"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["exact"]["development"]["share"] == 1.0
    assert found["exact"]["held_out"]["n"] == 74
    assert "held_out: " in told.err


def test_the_baseline_is_evaluated_by_its_own_hook(capsys):
    assert run(["eval", "--agent", "baseline", "--tasks", "nod", "--episodes", "4", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["success"]
    assert found["train"]["baseline"]["nod"]["episodes"] == 4
    assert found["held_out"]["baseline"]["nod"]["split"] == "held_out"
    assert run(["eval", "--agent", "baseline", "--tasks", "nod", "--episodes", "4", "--split", "train"]) == 0
    assert "train phrasings" in capsys.readouterr().out


def test_the_baseline_is_evaluated_from_pictures(capsys):
    try:
        choose_gl()
    except NoPicture as error:
        pytest.skip(str(error))
    line = ["eval", "--agent", "baseline", "--tasks", "look", "--episodes", "3", "--split", "train", "--json"]
    assert run([*line, "--eyes", "camera"]) == 0
    seen = json.loads(capsys.readouterr().out)
    assert seen["eyes"] == "camera"
    assert seen["success"]["train"]["baseline"]["look"]["episodes"] == 3


def test_a_model_is_asked_for_the_plan_and_for_the_skill_that_it_needs(coordinate, tmp_path):
    plan = {"how": "new", "goals": [{"do": "make", "request": UNKNOWN}]}

    def answer(handler):
        asked = handler.server.asked[-1][2]["messages"][0]["content"]
        send(handler, choices(json.dumps(OWL if "motion program" in asked else plan)))

    with serving() as server:
        server.answer = answer
        who = ("--planner", "http", "--url", address(server), "--model", "m")
        code, told = coordinate(UNKNOWN, "--play", "--json", *who)
        assert len(server.asked) == 2
    assert code == 0, told
    (goal,) = json.loads(told.out)["goals"]
    assert (goal["do"], goal["name"], goal["reached"]) == ("made", "owl", True)
    assert (tmp_path / "learner" / "tools" / "owl" / "0001.json").exists()
