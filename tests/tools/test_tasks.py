"""The tasks can be listed, shown and played; the docs page says what the code says."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared.errors import ConfigError
from sim.camera import NoPicture, choose_gl
from sim.tasks import ALL_TASKS, TASKS
from tools import cli
from tools.task_figures import FILE, WHO, read_figures
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
        (["measure", "no/such/folder"], "no folder"),
        (["measure", ".", "--tasks", "look,carri"], "'carry'"),
        (["measure", ".", "--tasks", ","], "no task named"),
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
    assert (DOCS / PAGE).read_text() == page(read_figures(DOCS)), "run: reachy-coach tasks docs docs"


@pytest.mark.parametrize("name", ALL_TASKS)
def test_each_task_has_a_small_picture(name):
    path = DOCS / IMAGES / f"{name}.webp"
    assert path.stat().st_size < 60_000
    with Image.open(path) as picture:
        assert np.asarray(picture.convert("L")).std() > 10


def test_docs_are_written(tmp_path, capsys):
    assert cli.run(["tasks", "docs", str(tmp_path), "--no-pictures"]) == 0
    assert (tmp_path / PAGE).read_text() == page(None)
    assert capsys.readouterr().out.strip() == str(tmp_path / PAGE)


def test_figures_are_measured_and_kept(tmp_path, capsys):
    for task in ("nod", "tempo"):
        assert cli.run(["tasks", "measure", str(tmp_path), "--tasks", task, "--episodes", "3"]) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / FILE)] * 2
    figures = read_figures(tmp_path)
    assert list(figures) == ["nod", "tempo"]
    for splits in figures.values():
        for split in ("train", "held_out"):
            assert [splits[split][who]["episodes"] for who in WHO] == [3, 3, 3]
            assert splits[split]["expert"]["successes"] == 3
    assert figures["nod"]["train"]["expert"]["measure"] is None
    assert figures["tempo"]["train"]["expert"]["measure"] < 0.08
    told = page(figures)
    assert "## Measured" in told
    assert "| [tempo](#tempo) | 1.000, 1.000 |" in told


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"nod": {}}', '{"nod": 3}', '{"nod": {"train": []}}'])
def test_damaged_figures_are_refused(damage, tmp_path):
    (tmp_path / FILE).write_text(damage)
    with pytest.raises(ConfigError, match="reachy-coach tasks measure"):
        read_figures(tmp_path)


def test_figures_that_cannot_be_are_refused(tmp_path):
    rows = {who: {"episodes": 3, "successes": 4, "limited": 0.0, "measure": None} for who in WHO}
    (tmp_path / FILE).write_text(json.dumps({"nod": {"train": rows, "held_out": rows}}))
    with pytest.raises(ConfigError, match="cannot be"):
        read_figures(tmp_path)


def test_every_task_of_the_docs_was_measured():
    figures = read_figures(DOCS)
    assert list(figures) == list(ALL_TASKS)
    for name, splits in figures.items():
        for rows in splits.values():
            assert rows["expert"]["successes"] >= 0.95 * rows["expert"]["episodes"], name
            assert rows["random"]["successes"] < 0.15 * rows["random"]["episodes"], name


def test_an_interrupted_episode_tells_both_wishes(capsys):
    told = as_json(capsys, "play", "interrupt", "--no-window", "--seed", "3")
    assert told["success"]
    assert told["instruction"] in ALL_TASKS["look"].instructions()
    assert len(told["then"]) == 1
    assert cli.run(["tasks", "play", "interrupt", "--no-window", "--seed", "3"]) == 0
    assert f'", then "{told["then"][0]}"' in capsys.readouterr().out


def test_what_is_measured_is_told(capsys):
    told = as_json(capsys, "play", "tempo", "--no-window", "--seed", "1")
    assert 0.0 <= told["measure"] < 0.08
    assert cli.run(["tasks", "play", "tempo", "--no-window", "--seed", "1"]) == 0
    assert "relative error of the tempo" in capsys.readouterr().out
