"""Which detection is of which thing; average precision against numbers worked out by hand."""

import numpy as np
import pytest

from learner.vision.matching import average_precision, distance, f1, match, overlap
from shared.sight.detections import DETECTION
from sim.truths import MAX_TRUTHS, TRUTH


def truth(*things):
    """(name, u, clear) each, on one line, of size 0.1."""
    out = np.zeros(MAX_TRUTHS, TRUTH)
    out["name"] = -1
    for row, (name, u, clear) in enumerate(things):
        out[row] = (name, clear, u, 0.0, 0.1, (u - 0.1, -0.1, u + 0.1, 0.1))
    return out


def seen(*found):
    """(name, u, confidence) each."""
    out = np.zeros(len(found), DETECTION)
    for row, (name, u, confidence) in enumerate(found):
        out[row] = (name, u, 0.0, 0.1, confidence, (u - 0.1, -0.1, u + 0.1, 0.1))
    return out


def test_right_name_and_near():
    there = truth((1, 0.0, True), (2, 0.5, True))
    found = match(seen((1, 0.05, 0.9), (2, 0.0, 0.8), (1, 0.01, 0.7), (2, 0.45, 0.6)), there, 18)
    assert found.of.tolist() == [0, -1, -1, 1]  # a second one of the same thing is a false alarm
    assert found.found.tolist() == [True, True]


def test_unclear_things_make_nothing_wrong():
    found = match(seen((1, 0.0, 0.9), (1, 0.01, 0.5)), truth((1, 0.0, False)), 18)
    assert found.of.tolist() == [-2, -2]
    assert f1([found]) == 0.0


def test_f1_by_hand():
    found = match(seen((1, 0.0, 0.9), (3, 0.9, 0.8)), truth((1, 0.0, True), (2, 0.5, True)), 18)
    assert f1([found]) == pytest.approx(0.5)  # 1 hit, 1 false, 1 missed


def test_distances_are_of_the_image_width():
    one = seen((1, 0.0, 0.9))[0]
    there = truth((1, 0.2, True))[:1]
    assert distance(one, there)[0] == pytest.approx(0.1)
    there["u"], there["v"] = 0.0, 0.2
    assert distance(one, there)[0] == pytest.approx(0.1 * 180 / 320)


def test_overlap_by_hand():
    one, there = seen((1, 0.0, 0.9))[0], truth((1, 0.1, True), (1, 0.0, True), (1, 0.9, True))[:3]
    np.testing.assert_allclose(overlap(one, there), [1 / 3, 1.0, 0.0], atol=1e-6)


def test_average_precision_by_hand():
    def near(one, there):
        return distance(one, there) < 0.05

    frames = [
        (seen((1, 0.0, 0.9), (1, 0.8, 0.8)), truth((1, 0.0, True))[:1]),  # a hit, a false alarm
        (seen((1, 0.5, 0.7)), truth((1, 0.5, True))[:1]),  # a hit
        (seen(), truth((1, 0.3, True))[:1]),  # missed
    ]
    # By confidence: hit (1/1), false, hit (2/3); three things are there: (1 + 2/3) / 3.
    assert average_precision(frames, 1, near) == pytest.approx((1.0 + 2.0 / 3.0) / 3.0)
    assert average_precision(frames, 2, near) is None
