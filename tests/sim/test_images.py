"""Labelled frames: the truth is where the pixels are, rooms differ, a seed always gives the same frame."""

import numpy as np
import pytest

from shared.control.motions import joints_of
from shared.control.vision import detect, scenes
from shared.messages import SceneObject
from sim.camera import NoPicture, Renderer
from sim.images import HEIGHT, WIDTH, Studio
from sim.looks import HUES, PATTERNS, TEXTURE, draw_look
from sim.shots import NAMES, Piece, Shot, draw_shot
from sim.things import BY_NAME
from sim.truths import MAX_TRUTHS


@pytest.fixture(scope="module")
def studio():
    try:
        made = Studio()
    except NoPicture as error:
        pytest.skip(str(error))
    yield made
    made.close()


def shot(*names, at=((0.6, 0.1, 0.2), (0.6, -0.15, 0.2)), pieces=()):
    places = np.array(at[: len(names)]).reshape(-1, 3)
    yaws = np.zeros(len(names))
    return Shot(tuple(NAMES.index(n) for n in names), places, yaws, tuple(pieces), np.zeros(3), np.eye(3))


def test_the_truth_is_where_the_pixels_are(studio):
    empty = studio.shoot(shot(), None).picture.astype(int)
    for name in ("red ball", "blue cube", "clock", "banana"):
        frame = studio.shoot(shot(name), None)
        (thing,) = frame.truth[frame.truth["name"] >= 0]
        changed = np.abs(frame.picture.astype(int) - empty).sum(axis=2) > 60
        left, top, right, bottom = 0.5 * (thing["box"] + 1.0) * (WIDTH, HEIGHT, WIDTH, HEIGHT)
        middle = changed[: int(bottom)]  # below stands the column
        columns, rows = np.nonzero(middle.any(axis=0))[0], np.nonzero(middle.any(axis=1))[0]
        assert columns[0] == pytest.approx(left, abs=1.6), name
        assert columns[-1] + 1 == pytest.approx(right, abs=1.6), name
        assert rows[0] == pytest.approx(top, abs=1.6), name
        assert thing["clear"]


def test_it_says_what_projected_detections_say(studio):
    frame = studio.shoot(shot("apple", "book"), None)
    objects = [
        SceneObject(name, at, BY_NAME[name].size_m, 1.0 - k, (0.0, 0.0))
        for k, (name, at) in enumerate((("apple", (0.6, 0.1, 0.2)), ("book", (0.6, -0.15, 0.2))))
    ]
    from shared.control.vision import EXACT

    slots = detect(scenes([objects]), np.zeros((1, 3)), np.eye(3)[None], np.random.default_rng(0), EXACT)
    for row, thing in zip(slots.reshape(8, 8)[:2], frame.truth[:2], strict=True):
        np.testing.assert_allclose(row[:3], [thing["u"], thing["v"], thing["size"]], atol=1e-6)


def test_the_plain_room_is_the_simulators_own(studio):
    thing = SceneObject("red ball", (0.6, 0.1, 0.2), 0.08, 1.0, (0.0, 0.0))
    with Renderer(width=WIDTH, height=HEIGHT) as renderer:
        joints = joints_of(np.zeros((1, 9)))[0]
        there = renderer.render(joints, [thing], camera="eye_camera")
    here = studio.shoot(shot("red ball"), None).picture
    assert np.abs(here.astype(int) - there.astype(int)).mean() < 2.0


def test_a_look_leaves_nothing_behind(studio):
    before = studio.shoot(shot("red ball"), None).picture
    rng = np.random.default_rng(1)
    dressed = studio.shoot(draw_shot(rng), draw_look(rng, "train", len(NAMES))).picture
    assert np.abs(dressed.astype(int) - before.astype(int)).mean() > 5.0
    np.testing.assert_array_equal(studio.shoot(shot("red ball"), None).picture, before)


def test_the_same_seed_gives_the_same_frame(studio):
    for family in ("train", "held_out", None):
        a, b = (studio.frame(np.random.default_rng(5), family) for _ in range(2))
        np.testing.assert_array_equal(a.picture, b.picture)
        np.testing.assert_array_equal(a.truth, b.truth)
        assert a.truth.shape == (MAX_TRUTHS,)


def test_what_stands_behind_something_is_not_clear(studio):
    wall = Piece(6, (0.01, 0.08, 0.08), (0.45, 0.08, 0.2), 0.0, (0.5, 0.5, 0.5))
    frame = studio.shoot(shot("red ball", pieces=[wall]), None)
    assert not frame.truth["clear"][0]
    behind = Piece(6, (0.01, 0.08, 0.08), (0.8, 0.12, 0.2), 0.0, (0.5, 0.5, 0.5))
    assert studio.shoot(shot("red ball", pieces=[behind]), None).truth["clear"][0]


def test_a_column_hides_as_anything_else(studio):
    near, far = (0.45, 0.0, 0.30), (0.75, 0.0, 0.17)
    hidden, pencil_alone = (
        studio.shoot(shot(*names, at=at), None).truth["clear"]
        for names, at in ((("clock", "pencil"), (near, far)), (("pencil",), (far,)))
    )
    assert hidden[:2].tolist() == [True, False]
    assert pencil_alone[0]


def test_half_a_thing_is_enough(studio):
    ball = (0.6, 0.1, 0.2)
    # A wall before it, that covers more than half of it, or less.
    for y, clear in ((-0.07, False), (-0.085, True)):
        wall = Piece(6, (0.001, 0.15, 0.2), (0.45, y, 0.2), 0.0, (0.5, 0.5, 0.5))
        first = studio.shoot(shot("red ball", at=(ball,), pieces=[wall]), None).truth[0]
        assert first["clear"] == clear, y


def test_a_thing_behind_the_robot_or_cut_off(studio):
    frame = studio.shoot(shot("red ball", "apple", at=((-0.6, 0.0, 0.2), (0.5, 0.74, 0.2))), None)
    there = frame.truth[frame.truth["name"] >= 0]
    assert all(not thing["clear"] for thing in there)
    assert NAMES.index("red ball") not in there["name"]


def test_held_out_looks_are_in_no_training_frame():
    assert not set(PATTERNS["train"]) & set(PATTERNS["held_out"])
    for low, high in HUES["held_out"]:
        assert all(high < a or low > b for a, b in HUES["train"])
    for family in ("train", "held_out"):
        for pattern in PATTERNS[family]:
            share = pattern(np.random.default_rng(0))
            assert share.shape == (TEXTURE, TEXTURE)
            assert share.min() >= 0.0
            assert share.max() <= 1.0
    rng = np.random.default_rng(0)
    lows = [min(-d[2] for d, _ in draw_look(rng, "train", 18).lamps) for _ in range(50)]
    highs = [max(-d[2] for d, _ in draw_look(rng, "held_out", 18).lamps) for _ in range(50)]
    assert max(highs) < min(lows)
