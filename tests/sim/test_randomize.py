"""Bodies that differ: each parameter changes the motion in its own way, and nothing changes without one."""

from dataclasses import replace
from functools import partial

import mujoco
import numpy as np
import pytest

from shared.control.kinematics import NEUTRAL, forward
from shared.control.motions import TICKS, plan
from shared.control.rotations import rpy_to_matrix
from shared.control.vision import project
from shared.errors import ConfigError
from shared.spaces import slot_range
from shared.tools import TOOL_INDEX
from sim.model import shared_model
from sim.physics import Fleet
from sim.randomize import (
    MAX_LATENCY_S,
    REALISTIC,
    Camera,
    DrawnFleet,
    Dynamics,
    Ranges,
    VariedFleet,
    with_dynamics,
)
from sim.vector import EXACT_DOMAIN, VectorEnv, varied_env


def told(*tools):
    rows = [
        plan(np.array([TOOL_INDEX[t]]), np.zeros((1, 4)), NEUTRAL[None])[0, : TICKS[TOOL_INDEX[t]]]
        for t in tools
    ]
    return np.concatenate(rows)


MOTION = told("nod", "sway", "wave_antennas")


def played(fleet, n=1, pieces=1):
    position, R = forward(NEUTRAL[None])
    for row in range(n):
        fleet.place(row, NEUTRAL, position[0], R[0])
    out = []
    for piece in np.array_split(MOTION, pieces):
        part = np.empty((n, *piece.shape))
        for rows, motion in fleet.start(np.arange(n), np.repeat(piece[None], n, 0), np.full(n, len(piece))):
            part[rows] = motion.joint_pos
        out.append(part)
    fleet.close()
    return np.concatenate(out, axis=1)


def varied(*bodies, pieces=1):
    fleet = VariedFleet(shared_model(), len(bodies), 1)
    for row, body in enumerate(bodies):
        fleet.become(row, body)
    return played(fleet, len(bodies), pieces)


def test_the_default_body_is_the_models_own_to_the_last_bit():
    assert (varied(Dynamics(), Dynamics()) == played(Fleet(shared_model(), 1, 1))).all()


def test_latency_in_whole_ticks_is_the_same_motion_later_however_it_is_cut():
    now, late, half = varied(Dynamics(), Dynamics(latency_s=0.04), Dynamics(latency_s=0.0225), pieces=7)
    assert np.abs(late[2:] - now[:-2]).max() < 5e-4  # two ticks more to settle in at the start
    lag = [float(np.abs(moved - now).max()) for moved in (half, late)]
    assert 0.3 * lag[1] < lag[0] < 0.8 * lag[1]


def test_each_parameter_changes_what_it_should():
    base, soft, weak, stuck, thick = varied(
        Dynamics(),
        Dynamics(gain=(1.0, 0.5, 1.0)),
        Dynamics(strength_nm=0.15),
        Dynamics(friction=(1.0, 1.0, 3.0)),
        Dynamics(damping=(3.0, 1.0, 1.0)),
    )

    def moved(one, joints):
        return float(np.abs(one - base)[:, joints].max())

    assert moved(soft, slice(1, 7)) > 0.02
    assert moved(weak, slice(1, 7)) > 0.02
    assert moved(stuck, slice(7, 9)) > 5.0 * moved(stuck, slice(1, 7))
    assert moved(thick, 0) > 5.0 * moved(thick, slice(7, 9))


def test_servos_as_strong_as_the_real_ones_hold_the_head_and_nod():
    real, strong = varied(REALISTIC, Dynamics())
    assert np.abs(np.rad2deg(real - strong)).max() < 6.0
    assert np.ptp(forward(real)[0][:, 2]) < 0.02


def test_the_model_that_is_varied_stays_as_it_is():
    model = shared_model()
    before = model.dof_damping.copy(), model.actuator_forcerange.copy()
    changed = with_dynamics(model, Dynamics(damping=(2.0, 2.0, 2.0), strength_nm=1.0))
    assert isinstance(changed, mujoco.MjModel)
    assert (model.dof_damping == before[0]).all()
    assert (model.actuator_forcerange == before[1]).all()
    assert changed.dof_damping == pytest.approx(2.0 * before[0])
    assert changed.actuator_biasprm[:, 2] == pytest.approx(2.0 * model.actuator_biasprm[:, 2])
    assert (changed.actuator_forcerange == [-1.0, 1.0]).all()


def test_draws_stay_in_their_ranges_and_repeat():
    ranges = Ranges()
    drawn = [ranges.draw(np.random.default_rng(k)) for k in range(200)]
    assert ranges.draw(np.random.default_rng(7)) == drawn[7]
    for name in ("latency_s", "strength_nm"):
        found = [getattr(one.dynamics, name) for one in drawn]
        low, high = getattr(ranges, name)
        assert low <= min(found) < 0.5 * (low + high) < max(found) <= high
    gains = np.array([one.dynamics.gain for one in drawn])
    assert gains.min() >= ranges.gain[0]
    assert gains.max() <= ranges.gain[1]
    assert abs(np.median(np.log(gains))) < 0.1
    assert max(abs(a) for one in drawn for a in one.camera.rpy_rad) <= np.deg2rad(1.5)


def test_a_camera_that_is_turned_sees_everything_aside():
    head, R = np.zeros((1, 3)), np.eye(3)[None]
    points = np.array([[[0.6, 0.0, 0.15]]])
    u, v, _ = project(head, R, points)
    turned = Camera(rpy_rad=(0.0, 0.0, np.deg2rad(5.0)))
    pos, seen = turned.head_as_seen(head, R)
    assert (
        project(pos, seen, points)[0][0, 0] > u[0, 0] + 0.04
    )  # turned to the left: it appears further right
    assert seen[0] == pytest.approx(rpy_to_matrix(np.array([[0.0, 0.0, np.deg2rad(5.0)]]))[0])
    pos, seen = Camera(offset_m=(0.0, 0.0, 0.01)).head_as_seen(head, R)
    assert project(pos, seen, points)[1][0, 0] > v[0, 0]
    same, as_is = Camera().head_as_seen(head, R)
    assert (same == head).all()
    assert (as_is == R).all()


def test_the_same_seed_gives_the_same_episodes_in_the_same_bodies():
    def run(seed, bodies):
        env = VectorEnv(["nod"], 2, threads=1, fleet=lambda *args: DrawnFleet(*args, seed=bodies))
        env.reset(seed=seed)
        step = env.step(np.full(2, TOOL_INDEX["nod"]), np.zeros((2, 4)))
        env.close()
        return step.joints

    one = run(3, 0)
    assert (one == run(3, 0)).all()
    assert np.abs(one - run(3, 1)).max() > 0.01
    assert np.abs(one[0] - one[1]).max() > 0.01


@pytest.mark.parametrize(
    "wrong",
    [
        {"latency_s": -0.01},
        {"latency_s": MAX_LATENCY_S + 0.01},
        {"latency_s": float("nan")},
        {"gain": (1.0, 0.0, 1.0)},
        {"gain": (1.0, 1.0)},
        {"friction": (1.0, -1.0, 1.0)},
        {"damping": (1.0, float("inf"), 1.0)},
        {"strength_nm": 0.0},
    ],
)
def test_bodies_that_cannot_be_are_refused(wrong):
    with pytest.raises(ConfigError, match="no body has"):
        Dynamics(**wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"latency_s": (0.05, 0.01)}, "latency_s"),
        ({"joint_noise_rad": (0.0, float("nan"))}, "joint_noise_rad"),
        ({"gain": (0.0, 1.0)}, "above 0"),
        ({"strength_nm": (-1.0, 1.0)}, "above 0"),
    ],
)
def test_ranges_that_cannot_be_are_refused(wrong, words):
    with pytest.raises(ConfigError, match=words):
        Ranges(**wrong)


def test_a_drawn_body_measures_with_its_own_noise_and_sees_with_its_own_camera():
    steady = Ranges(latency_s=(0, 0), gain=(1, 1), damping=(1, 1), friction=(1, 1), strength_nm=(20, 20))
    noisy = replace(
        steady, joint_noise_rad=(0.05, 0.05), camera_rpy_deg=(-5.0, 5.0), camera_offset_mm=(0.0, 0.0)
    )
    quiet = replace(steady, joint_noise_rad=(0, 0), camera_rpy_deg=(0, 0), camera_offset_mm=(0, 0))
    obs = {}
    for name, ranges in (("quiet", quiet), ("noisy", noisy)):
        fleet = partial(DrawnFleet, ranges=ranges)
        domain = replace(EXACT_DOMAIN, no_imu=0.0)
        env = VectorEnv(["look"], 30, seed=2, threads=1, domain=domain, fleet=fleet)
        obs[name] = env.reset(3)
        cameras = [body.camera.rpy_rad for body in env._fleet.drawn]
        env.close()
    joints, u = slot_range("joint_pos"), slot_range("detections").start
    off = obs["noisy"][:, joints] - obs["quiet"][:, joints]
    assert 0.04 < off.std() < 0.06
    yaw = np.array(cameras)[:, 2]
    seen = (obs["quiet"][:, u + 2] > 0) & (obs["noisy"][:, u + 2] > 0)
    moved = (obs["noisy"][:, u] - obs["quiet"][:, u])[seen]
    # A camera that is turned to the left sees everything farther to the right.
    assert np.corrcoef(moved, yaw[seen])[0, 1] > 0.8


def test_environments_that_differ_repeat_by_seed():
    one, two = (varied_env(["look", "nod"], 8, seed=4, threads=1) for _ in range(2))
    try:
        np.testing.assert_array_equal(one.reset(1), two.reset(1))
        tool, params = np.full(8, TOOL_INDEX["look"]), np.full((8, 4), 0.3)
        for _ in range(3):
            np.testing.assert_array_equal(one.step(tool, params).obs, two.step(tool, params).obs)
        assert len({body.joint_noise_rad for body in one._fleet.drawn}) > 4
    finally:
        one.close()
        two.close()
