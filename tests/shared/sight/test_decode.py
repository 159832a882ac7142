"""Peaks become detections; one thing is reported once."""

import numpy as np
import pytest

from shared.sight.decode import GEOMETRY, decode

ROWS, COLUMNS = 45, 80


def maps(*peaks, names=3):
    """(name, row, column, confidence) each; every cell says: centre of the cell, 2 cells wide, size 2."""
    heat = np.zeros((names, ROWS, COLUMNS), np.float32)
    geometry = np.zeros((len(GEOMETRY), ROWS, COLUMNS), np.float32)
    geometry[:2] = 0.5
    geometry[2:6] = np.log(1.0)
    geometry[6] = np.log(2.0)
    for name, row, column, confidence in peaks:
        heat[name, row, column] = confidence
    return heat, geometry


def test_a_peak_by_hand():
    (seen,) = decode(*maps((1, 10, 20, 0.8)), 0.3)
    assert seen["name"] == 1
    assert seen["confidence"] == pytest.approx(0.8)
    assert seen["u"] == pytest.approx(2 * 20.5 / 80 - 1)
    assert seen["v"] == pytest.approx(2 * 10.5 / 45 - 1)
    assert seen["size"] == pytest.approx(2 / 80)
    wanted = [2 * 19.5 / 80 - 1, 2 * 9.5 / 45 - 1, 2 * 21.5 / 80 - 1, 2 * 11.5 / 45 - 1]
    np.testing.assert_allclose(seen["box"], wanted, atol=1e-6)


def test_nothing_where_nothing_is_sure():
    assert len(decode(*maps((0, 5, 5, 0.29)), 0.3)) == 0


def test_slopes_are_no_peaks_and_the_surest_comes_first():
    seen = decode(*maps((0, 5, 5, 0.5), (0, 5, 6, 0.4), (2, 30, 70, 0.9)), 0.3)
    assert seen["name"].tolist() == [2, 0]


def test_two_names_at_one_place_are_one_thing():
    seen = decode(*maps((0, 5, 5, 0.5), (1, 5, 5, 0.7), (2, 5, 9, 0.4)), 0.3)
    assert seen["name"].tolist() == [1, 2]


def test_at_most_so_many():
    many = [(0, 4 * r, 6 * c, 0.4 + 0.001 * (r + c)) for r in range(10) for c in range(10)]
    assert len(decode(*maps(*many), 0.3, most=7)) == 7


def test_absurd_geometry_stays_inside_the_bounds():
    heat, geometry = maps((0, 0, 0, 0.9), (0, 44, 79, 0.9))
    geometry[:] = 1e6
    for sign in (1.0, -1.0):
        seen = decode(heat, sign * geometry, 0.3)
        assert len(seen) >= 1
        for field, low, high in (("u", -1.3, 1.3), ("v", -1.3, 1.3), ("size", 0.0, 2.0), ("box", -1.0, 1.0)):
            assert (seen[field] >= low).all()
            assert (seen[field] <= high).all()
