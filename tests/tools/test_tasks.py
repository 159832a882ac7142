"""The tasks can be listed, shown and played; the docs page says what the code says."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sim.camera import NoPicture, choose_gl
from sim.tasks import ALL_TASKS, TASKS
from tools import cli
from tools.task_pages import IMAGES, PAGE, page

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def needs_gl():
    try:
        choose_gl()
    except NoPicture as error:
        pytest.skip(str(error))


def as_json(capsys, *arguments):
    assert cli.run(["tasks", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_list(capsys):
    rows = as_json(capsys, "list")["tasks"]
    assert [row["name"] for row in rows] == list(ALL_TASKS)
    assert [row["name"] for row in rows if row["default"]] == list(TASKS)
    assert cli.run(["tasks", "list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ALL_TASKS)


@pytest.mark.parametrize("name", ALL_TASKS)
def test_show(name, capsys):
    shown = as_json(capsys, "show", name)
    assert shown["phrases"]["held_out"] == list(ALL_TASKS[name].phrases.held_out)
    assert shown["reward"]["success"] > 0
    assert cli.run(["tasks", "show", name]) == 0
    out = capsys.readouterr().out
    assert all(phrase in out for phrase in ALL_TASKS[name].phrases.train)


def test_play_tells_how_it_went(capsys):
    told = as_json(capsys, "play", "steps", "--no-window", "--seed", "3")
    assert told["success"]
    assert told["event"]
    assert 0.0 <= told["cost"] <= 1.0
    assert told == as_json(capsys, "play", "steps", "--no-window", "--seed", "3")
    assert told["instruction"] in ALL_TASKS["steps"].instructions()


@pytest.mark.parametrize("ending", ["png", "webp", "gif"])
def test_play_to_a_picture(ending, needs_gl, tmp_path, capsys):
    path = tmp_path / f"nod.{ending}"
    told = as_json(capsys, "play", "nod", "--out", str(path), "--width", "64", "--height", "48")
    with Image.open(path) as picture:
        if ending == "gif":
            assert picture.size == (64, 48)
            assert picture.n_frames >= 10 * told["duration_s"] - 1
            first = np.asarray(picture.convert("RGB")).astype(int)
            picture.seek(picture.n_frames // 2)
            assert np.abs(np.asarray(picture.convert("RGB")) - first).max() > 30
        else:
            assert picture.size == (3 * 64, 48)


def test_play_to_a_film(needs_gl, tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "nod.mp4"
    assert cli.run(["tasks", "play", "nod", "--out", str(path), "--width", "64", "--height", "48"]) == 0
    with av.open(str(path)) as film:
        assert sum(1 for _ in film.decode(video=0)) > 5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", "carri"], "'carry'"),
        (["play", "nod", "--out", "nod.bmp"], ".gif"),
        (["play", "nod", "--out", "no/such/folder/nod.gif"], "no folder"),
        (["play", "nod", "--out", "nod.mp4", "--width", "63"], "even"),
        (["play", "nod", "--no-window", "--policy", "missing.bundle"], "missing.bundle"),
        (["docs", "no/such/folder"], "no folder"),
    ],
)
def test_mistakes_are_one_line(arguments, told, capsys):
    assert cli.run(["tasks", *arguments]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_no_window_without_a_screen(monkeypatch, capsys):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert cli.run(["tasks", "play", "nod"]) == 2
    assert "--out" in capsys.readouterr().err


def test_the_docs_page_is_what_the_tasks_say():
    assert (DOCS / PAGE).read_text() == page(), "run: reachy-coach tasks docs docs"


@pytest.mark.parametrize("name", ALL_TASKS)
def test_each_task_has_a_small_picture(name):
    path = DOCS / IMAGES / f"{name}.webp"
    assert path.stat().st_size < 60_000
    with Image.open(path) as picture:
        assert np.asarray(picture.convert("L")).std() > 10


def test_docs_are_written(tmp_path, capsys):
    assert cli.run(["tasks", "docs", str(tmp_path), "--no-pictures"]) == 0
    assert (tmp_path / PAGE).read_text() == page()
    assert capsys.readouterr().out.strip() == str(tmp_path / PAGE)
