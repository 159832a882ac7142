"""What the network is to answer decodes to the truth, for whole frames and for windows of them."""

import numpy as np
import pytest
import torch

from learner.vision.targets import COLUMNS, ROWS, loss, targets
from learner.vision.train import WINDOW, _window, mirror
from shared.sight.decode import decode
from sim.truths import MAX_TRUTHS, TRUTH


def truth(*things):
    """(name, u, v, size, clear) each, with a box of 0.2 x 0.3 around the centre."""
    out = np.zeros(MAX_TRUTHS, TRUTH)
    out["name"] = -1
    for row, (name, u, v, size, clear) in enumerate(things):
        box = np.clip([u - 0.1, v - 0.15, u + 0.1, v + 0.15], -1.0, 1.0)
        out[row] = (name, clear, u, v, size, tuple(box))
    return out


def draw(rng, count=4):
    places = rng.permutation(36)[:count]
    return truth(
        *(
            (
                int(n),
                -0.85 + 0.3 * (p % 6) + rng.uniform(-0.05, 0.05),
                -0.8 + 0.3 * (p // 6),
                rng.uniform(0.03, 0.1),
                True,
            )
            for n, p in zip(rng.permutation(18), places, strict=False)
        )
    )


def test_a_faultless_network_decodes_to_the_truth():
    rng = np.random.default_rng(0)
    for _ in range(20):
        wanted = draw(rng)
        made = targets(wanted[None], 18)
        seen = decode(made.heat[0], made.geometry[0], 0.99)
        there = wanted[wanted["name"] >= 0]
        assert sorted(seen["name"]) == sorted(there["name"])
        for thing in there:
            (one,) = seen[seen["name"] == thing["name"]]
            for field in ("u", "v", "size", "box"):
                np.testing.assert_allclose(one[field], thing[field], atol=1e-4)


def test_a_window_is_a_part_of_the_whole():
    rng = np.random.default_rng(1)
    for _ in range(20):
        wanted = draw(rng)
        corner = _window(rng, wanted)
        assert (corner >= 0).all()
        assert (corner + WINDOW <= (ROWS, COLUMNS)).all()
        part, whole = targets(wanted[None], 18, corner[None], WINDOW), targets(wanted[None], 18)
        area = np.s_[corner[0] : corner[0] + WINDOW[0], corner[1] : corner[1] + WINDOW[1]]
        inside = (part.there[0, 0] > 0) & (whole.there[0, 0][area] > 0)
        np.testing.assert_allclose(
            part.geometry[0][2:, inside], whole.geometry[0][2:, *area][:, inside], atol=1e-5
        )
        centres = whole.heat[0][:, *area] > 0.999
        np.testing.assert_array_equal(part.heat[0] > 0.999, centres)


def test_windows_mostly_hold_a_thing():
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(100):
        wanted = draw(rng, count=1)
        made = targets(wanted[None], 18, _window(rng, wanted)[None], WINDOW)
        held += bool((made.heat > 0.999).any())
    assert held > 80


def test_unclear_things_count_neither_way():
    made = targets(truth((3, 0.1, 0.1, 0.05, False))[None], 18)
    assert not made.heat.any()
    assert not made.there.any()
    zero = np.argwhere(made.weight[0] == 0.0)
    assert set(zero[:, 0]) == {3}
    assert len(zero) > 20


def test_unknown_names_are_background():
    made = targets(truth((15, 0.1, 0.1, 0.05, True))[None], 13)
    assert not made.heat.any()
    assert made.weight.all()


def test_the_mirror_image_of_the_truth():
    wanted = truth((3, 0.4, 0.1, 0.05, True))
    there = wanted.copy()
    mirror(there)
    assert there["u"][0] == -wanted["u"][0]
    np.testing.assert_allclose(there["box"][0], [-0.5, -0.05, -0.3, 0.25], atol=1e-6)
    mirror(there)
    np.testing.assert_array_equal(there[0], wanted[0])


def test_the_loss_is_least_at_the_truth():
    made = targets(draw(np.random.default_rng(3))[None], 18)
    sure = torch.from_numpy(np.where(made.heat > 0.999, 12.0, -12.0).astype(np.float32))
    right = loss(sure, torch.from_numpy(made.geometry), made).item()
    assert right == pytest.approx(0.0, abs=1e-3)
    assert loss(-sure, torch.from_numpy(made.geometry), made).item() > 10.0
    assert loss(sure, torch.from_numpy(made.geometry) + 1.0, made).item() > 1.0
