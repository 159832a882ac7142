"""`reachy-coach tools`: from words to versions on disk and back, as somebody types it."""

import json

import pytest

from tests.learner.speaking import OWL, UNKNOWN, address, says, serving
from tools.cli import build_app, run


@pytest.fixture
def tools(tmp_path, capsys):
    def call(*arguments):
        code = run(["tools", *map(str, arguments), "--data-dir", str(tmp_path)])
        return code, capsys.readouterr()

    return call


def test_write_change_look_and_go_back(tools, tmp_path):
    code, told = tools("write", "nod twice")
    assert code == 0
    assert told.out.startswith("* nod 1: ")
    assert tools("write", "slower")[1].out.startswith("* nod 2: ")
    listed = json.loads(tools("list", "--json")[1].out)["tools"]
    assert [(one["name"], one["version"], one["parent"]) for one in listed] == [("nod", 2, 1)]
    assert "+" in tools("diff", "nod", 1, 2)[1].out
    assert tools("diff", "nod", 1, 1)[1].out == "no difference\n"
    assert tools("rollback", "nod")[1].out.startswith("* nod 1: ")
    shown = json.loads(tools("show", "nod", "--number", 2, "--json")[1].out)
    assert [one["current"] for one in shown["versions"]] == [True, False]
    assert shown["program"]["description"] == "nod twice, slower"
    figures = json.loads(tools("play", "nod", "--arg", "tempo=1.2", "--json")[1].out)
    assert figures["violations"] == 0.0
    file = tmp_path / "nod.json"
    file.write_text(json.dumps(shown["program"]))
    assert tools("validate", file)[1].out == "passed\n"
    assert json.loads(tools("note", "nod", "good", "--json")[1].out)["good"] == 1
    assert tools("compose", "nods", "nod", "nod")[1].out.startswith("* nods 1: ")


def test_tools_are_delivered_and_recalled(tools):
    tools("write", "nod twice")
    code, told = tools("deliver", "nod")
    assert (code, told.out.split(";")[0]) == (0, 'nod is at place 4: "nod twice"')
    assert tools("list")[1].out.endswith("nod twice (place 4)\n")
    assert json.loads(tools("list", "--json")[1].out)["tools"][0]["place"] == 4
    code, told = tools("deliver", "nod")
    assert (code, told.err) == (2, "reachy-coach: nod is delivered already, at place 4\n")
    assert json.loads(tools("recall", "nod", "--json")[1].out) == {"name": "nod", "delivered": []}
    assert tools("deliver", "circle")[0] == 2


def test_completion_knows_the_commands():
    script = build_app().generate_completion(shell="bash")
    assert all(
        f" {name}" in script or f'"{name}' in script for name in ("tools", "write", "rollback", "compose")
    )


def test_no_is_exit_code_1_with_the_reason(tools):
    code, told = tools("write", "nod forever")
    assert code == 1
    assert told.out.startswith("refused: that has no end")
    code, told = tools("write", "slower", "--json")
    assert code == 1
    assert json.loads(told.out)["outcome"] == "unclear"


def test_a_model_is_asked_where_the_grammar_knows_no_such_motion(tools):
    with serving() as server:
        says(server, json.dumps(OWL))
        who = ("--writer", "http", "--url", address(server), "--model", "m")
        code, told = tools("write", UNKNOWN, *who)
        assert code == 0, told
        assert "owl 1: " in told.out
        says(server, "no")
        assert tools("write", "moonwalk like a cat", *who)[0] == 1
        assert len(server.asked) == 2
        assert tools("write", "nod twice", *who)[0] == 0
        assert len(server.asked) == 2
    code, told = tools("write", UNKNOWN, "--writer", "http", "--model", "m")
    assert code == 2
    assert "--writer http needs --url and --model" in told.err


def test_a_faulty_file_fails_and_is_repaired(tools, tmp_path):
    from learner.tooling.faults import healthy
    from shared.programs import to_data

    data = to_data(healthy("nod twice"))
    data["steps"][0]["wave"] = {"pich": data["steps"][0]["wave"]["pitch"]}
    file, out = tmp_path / "nod.json", tmp_path / "mended.json"
    file.write_text(json.dumps(data))
    code, told = tools("validate", file)
    assert code == 2
    assert "no axis 'pich'" in told.err
    code, told = tools("repair", file, "--out", out)
    assert code == 0
    assert told.out.startswith("- pitch in place of pich")
    assert tools("validate", out)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "nod"), "no made tool"),
        (("show", "../nod"), "no tool's name"),
        (("rollback", "nod"), "no made tool"),
        (("validate", "/nowhere.json"), "cannot be read"),
        (("play", "nod", "--arg", "fast"), "no made tool"),
    ],
)
def test_mistakes_are_told_in_one_line(tools, arguments, words):
    code, told = tools(*arguments)
    assert code == 2
    assert words in told.err
    assert told.err.count("\n") == 1


def test_bad_parameters_and_large_files(tools, tmp_path):
    tools("write", "tilt your head")
    assert "expected name=number" in tools("play", "tilt_left", "--arg", "tempo")[1].err
    assert "has no parameter" in tools("play", "tilt_left", "--arg", "speed=1")[1].err
    large = tmp_path / "large.json"
    large.write_text(" " * 20_000)
    assert "at most" in tools("repair", large)[1].err
    assert "at most" in tools("validate", large)[1].err
