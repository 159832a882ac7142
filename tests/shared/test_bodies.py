"""The contract of a body, on the body in memory, and on bodies that break it in every way."""

import dataclasses

import numpy as np
import pytest

from shared.control import kinematics
from shared.control.check_body import check_body
from shared.control.kinematics import NEUTRAL
from shared.control.still_body import StillBody
from shared.errors import BodyError
from shared.spaces import JOINTS


def nothing():
    """The body in memory steps by itself on every read."""


def check(body, **options):
    check_body(body, pause=nothing, **options)


def test_the_body_in_memory_keeps_the_contract():
    body = StillBody()
    check(body, reopen=lambda: StillBody(start=NEUTRAL))


def test_head_pose_follows_the_joints():
    pos, rpy = np.array([[0.002, 0.0, -0.005]]), np.array([[0.05, 0.2, 0.3]])
    target = np.concatenate([[0.1], kinematics.inverse(pos, rpy, np.array([0.1]))[0], [0.4, -0.4]])
    body = StillBody()
    body.write(target)
    for _ in range(40):
        state = body.read()
    assert np.allclose(state.joint_pos, target, atol=1e-6)
    assert np.allclose(state.head_pos, pos[0], atol=1e-6)
    expected = kinematics.matrix_to_quat(kinematics.rpy_to_matrix(rpy))[0]
    assert np.allclose(state.head_quat, expected, atol=1e-6)
    assert state.time_s == pytest.approx(0.8)


def test_it_starts_at_neutral_and_lags():
    body = StillBody()
    state = body.read()
    assert np.allclose(state.head_pos, 0, atol=1e-12)
    body.write(NEUTRAL + 0.1)
    moved = body.read().joint_pos - NEUTRAL
    assert ((moved > 0.02) & (moved < 0.08)).all()
    eager = StillBody(lag_s=0.0)
    eager.write(NEUTRAL + 0.1)
    assert np.allclose(eager.read().joint_pos, NEUTRAL + 0.1)


def test_relaxed_it_ignores_its_target_until_the_next_write():
    body = StillBody()
    body.write(NEUTRAL + 0.1)
    body.relax()
    assert np.array_equal(body.read().joint_pos, NEUTRAL)
    body.hold()
    assert not np.array_equal(body.read().joint_pos, NEUTRAL)


@pytest.mark.parametrize("target", [np.full(9, np.nan), np.zeros(8), np.full(9, np.inf)])
def test_bad_targets_are_refused(target):
    with pytest.raises(BodyError, match="9 finite numbers"):
        StillBody().write(target)


def test_a_closed_body_says_so():
    body = StillBody()
    body.close()
    for call in (body.read, body.hold, body.relax, lambda: body.write(NEUTRAL)):
        with pytest.raises(BodyError, match="closed"):
            call()


class Broken(StillBody):
    """Breaks one promise, chosen by name."""

    def __init__(self, fault, start=None):
        super().__init__(start)
        self.fault = fault

    def read(self):
        state = super().read()
        right, left = JOINTS.index("right_antenna"), JOINTS.index("left_antenna")
        joints = state.joint_pos.copy()
        if self.fault == "antennas swapped":
            joints[[right, left]] = joints[[left, right]]
        if self.fault == "antenna mirrored":
            joints[left] *= -1
        if self.fault == "shape":
            joints = joints[:8]
        if self.fault == "not finite":
            joints[3] = np.nan
        changes = {"joint_pos": joints}
        if self.fault == "quaternion":
            changes["head_quat"] = state.head_quat * 1.1
        if self.fault == "time stands":
            changes["time_s"] = 1.0
        if self.fault == "target forgotten":
            changes["target"] = NEUTRAL
        return dataclasses.replace(state, **changes)

    def write(self, target):
        if self.fault != "deaf":
            super().write(target)

    def hold(self):
        super().hold()
        if self.fault == "hold moves":
            super().write(NEUTRAL + 0.5)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("antennas swapped", "order and signs"),
        ("antenna mirrored", "order and signs"),
        ("shape", r"joint_pos: expected \(9,\)"),
        ("not finite", "joint_pos"),
        ("quaternion", "length 1.1"),
        ("time stands", "time stands still"),
        ("target forgotten", "but the body holds"),
        ("deaf", "but the body holds"),
        ("hold moves", "hold moved the joints"),
    ],
)
def test_broken_promises_are_found(fault, why):
    with pytest.raises(BodyError, match=why):
        check(Broken(fault))


def test_a_body_that_moves_when_closed_is_found():
    with pytest.raises(BodyError, match="close moved"):
        check(StillBody(), reopen=lambda: StillBody(start=NEUTRAL + 0.3))
