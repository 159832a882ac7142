"""Tables for other programs: there and back unchanged, and mistakes named by line and column."""

import json
from dataclasses import asdict

import pytest

from learner.reward.data.corpus.generate import SMALLEST, generate
from learner.reward.data.example import Example, from_dict
from learner.reward.data.exchange import COLUMNS, read_file, write_file
from learner.reward.model import Context
from shared.errors import ConfigError

ONE = Example(
    'he said: "nice", \nbut too fast',
    -0.25,
    "store",
    "train",
    ratings=(-0.5, 0.0),
    context=Context("look at the apple", "look", (0.5, -1.0), turned_deg=12.5, outcome="success"),
)


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_there_and_back(tmp_path, name):
    examples = [ONE, *generate(SMALLEST, 2)]
    assert write_file(tmp_path / name, examples) == len(examples)
    assert read_file(tmp_path / name) == examples


def test_few_columns_are_enough(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("label,text,split,source\n0.5,good,train,store\n-1,,test,store\n")
    assert read_file(path) == [Example("good", 0.5, "store", "train"), Example("", -1.0, "store", "test")]


def test_asked_for_nothing_is_still_a_context(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("text,label,split,source,context.tool,context.instruction\ngood,0.5,train,store,nod,\n")
    assert read_file(path)[0].context == Context("", "nod")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("good,zero,train,store,,,", "line 3, column label: 'zero' is not a number"),
        ("good,,train,store,,,", "line 3, column label: '' is not a number"),
        ("good,nan,train,store,,,", "line 3, column label: nan is not a finite number"),
        ("good,1.5,train,store,,,", "line 3, column label: 1.5 is outside of [-1, 1]"),
        ("good,0.5,dev,store,,,", "line 3, column split: 'dev'; give one of train"),
        ("good,0.5,train,store,0 x,,", "line 3, column ratings: 'x' is not a number"),
        ("good,0.5,train,store,0 -2,,", "line 3, column ratings[1]: -2"),
        ("good,0.5,train,store,,perhaps,", "line 3, column synthetic: 'perhaps'; give true or false"),
        ("good,0.5,train,store,,,fly", "line 3, column context.tool: 'fly'; give one of wait"),
        ("good,0.5,train", "line 3, column source: the row ends before it"),
        ("good,0.5,train,store,,,nod,more", "more cells than the header"),
        ('"good,0.5,train,store,,,', "after line 2: unexpected end of data (a quote left open?)"),
    ],
)
def test_csv_mistakes_name_line_and_column(tmp_path, row, complaint):
    path = tmp_path / "x.csv"
    path.write_text(f"text,label,split,source,ratings,synthetic,context.tool\nfine,0,train,store,,,\n{row}\n")
    with pytest.raises(ConfigError) as caught:
        read_file(path)
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no column 'text'"),
        ("text,label,source\n", "no column 'split'"),
        ("text,label,source,split,mood\n", "unknown column 'mood'; the columns are text, label"),
    ],
)
def test_csv_headers_are_checked(tmp_path, text, complaint):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_file(path)
    assert f"line 1: {complaint}" in str(caught.value)


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_files_that_are_no_text_or_not_there(tmp_path, name):
    with pytest.raises(ConfigError, match="No such file"):
        read_file(tmp_path / name)
    (tmp_path / name).write_bytes(b"text,label,source,split\n\xff\xfe,0,a,train\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_file(tmp_path / name)


@pytest.mark.parametrize("call", [read_file, lambda path: write_file(path, [ONE])])
def test_other_endings_are_refused(tmp_path, call):
    with pytest.raises(ConfigError, match=r"must end in \.csv or \.jsonl"):
        call(tmp_path / "x.parquet")


VALUES = json.loads(json.dumps(asdict(ONE)))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"text": 3}, "text: 3 is not a text"),
        ({"label": "0.5"}, "label: '0.5' is not a finite number"),
        ({"label": True}, "label: True is not a finite number"),
        ({"label": float("nan")}, "label: nan"),
        ({"ratings": 1}, "ratings: 1 is not a list"),
        ({"ratings": [0, 2]}, "ratings[1]: 2 is outside"),
        ({"kind": "praise"}, "kind: 'praise'"),
        ({"kind": ["stop"]}, "kind: ['stop']"),
        ({"split": None}, "split: None"),
        ({"synthetic": "no"}, "synthetic: 'no'"),
        ({"style": None}, "style: None is not a text"),
        ({"mood": 1}, "mood: no such key"),
        ({"context": []}, "context: expected an object, got list"),
        ({"context": {"tool": "nod"}}, "context.instruction: missing"),
        ({"context": VALUES["context"] | {"tool": 7}}, "context.tool: 7"),
        ({"context": VALUES["context"] | {"params": [None]}}, "context.params[0]: None"),
        ({"context": VALUES["context"] | {"speed_deg_s": float("inf")}}, "context.speed_deg_s: inf"),
        ({"context": VALUES["context"] | {"gaze_after": 1}}, "context.gaze_after: 1 is not a text"),
        ({"context": VALUES["context"] | {"outcome": "won"}}, "context.outcome: 'won'"),
        ({"context": VALUES["context"] | {"colour": 1}}, "context.colour: no such key"),
    ],
)
def test_json_values_are_checked_one_by_one(tmp_path, change, complaint):
    with pytest.raises(ValueError) as caught:
        from_dict(VALUES | change)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("line", ["{", "[1]", "null", '{"text": "x"}'])
def test_json_lines_name_the_line(tmp_path, line):
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(VALUES) + "\n\n" + line + "\n")
    with pytest.raises(ConfigError, match="line 3"):
        read_file(path)


def test_every_field_has_a_column():
    assert {"text", "ratings", "context.params", "context.duration_s", "synthetic"} < set(COLUMNS)
    assert "context" not in COLUMNS
