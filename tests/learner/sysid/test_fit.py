"""The fit finds known bodies again, says what a trace does not tell, and its motions keep every limit."""

import numpy as np
import pytest

from learner.sysid.excite import REST_TICKS, excitation
from learner.sysid.fit import NAMES, body, fit, values
from learner.sysid.picture import check_ending, draw
from learner.sysid.proof import prove
from learner.sysid.replay import replay, synthetic
from learner.sysid.trace import Trace
from learner.tooling.validation import violations
from shared.control.kinematics import NEUTRAL
from shared.errors import ConfigError
from sim.randomize import Dynamics

TRUTH = Dynamics(latency_s=0.031, gain=(0.9, 0.8, 1.2), damping=(1.2, 1.5, 0.8), friction=(0.9, 1.3, 1.4))


@pytest.fixture(scope="module")
def recorded():
    return synthetic(excitation(NEUTRAL, 5.0, 1), TRUTH, 0.002, 1)


@pytest.fixture(scope="module")
def fitted(recorded):
    return fit(recorded)


def test_known_parameters_are_found(fitted):
    there, found = values(TRUTH), values(fitted.dynamics)
    assert found["latency_s"] == pytest.approx(there["latency_s"], abs=0.001)
    for name in ("gain_head", "damping_head", "friction_head"):
        assert found[name] == pytest.approx(there[name], rel=0.08), name
    for name in NAMES[1:]:
        assert abs(found[name] / there[name] - 1.0) < max(5.0 * fitted.errors[name], 0.05), name
    assert fitted.rms_deg == pytest.approx(np.rad2deg(0.002), rel=0.1)
    assert fitted.before_deg > 3.0 * fitted.rms_deg
    assert "latency_s" not in fitted.unknown


@pytest.mark.slow
def test_what_is_not_moved_is_not_told():
    told = excitation(NEUTRAL, 4.0, 1)
    told[:, 7:] = NEUTRAL[7:]
    quick = fit(synthetic(told, Dynamics(), 0.002, 1))
    assert "damping_antennas" in quick.unknown
    assert "damping_head" not in quick.unknown


def test_a_parameter_vector_is_a_body():
    assert body(np.zeros(len(NAMES)), 2.0) == Dynamics(strength_nm=2.0)
    assert values(body(np.log(np.arange(1.0, 11.0)), 2.0))["friction_antennas"] == pytest.approx(10.0)


def test_the_motions_keep_every_limit_and_move_everything():
    told = excitation(NEUTRAL, 16.0)
    assert told.shape == (800, 9)
    assert (told[:REST_TICKS] == NEUTRAL).all()
    assert violations(told) == 0
    assert (np.ptp(told, axis=0) > np.deg2rad(5.0)).all()
    assert (excitation(NEUTRAL, 4.0) == told[:200]).all()


def test_a_replay_of_several_bodies_and_pieces_is_that_of_each():
    told = synthetic(excitation(NEUTRAL, 4.0), Dynamics(), 0.0, 0)
    both = replay(told, [Dynamics(), TRUTH])
    assert (both[1] == replay(told, [TRUTH])[0]).all()
    apart = np.concatenate([told.t_s, told.t_s + 9.0])
    twice = Trace(apart, np.tile(told.setpoints, (2, 1)), np.tile(told.joints, (2, 1)))
    assert len(twice.pieces) == 2
    assert (replay(twice, [TRUTH])[0] == np.tile(both[1], (2, 1))).all()


def test_a_picture_is_drawn(recorded, fitted, tmp_path):
    path = tmp_path / "fit.svg"
    draw(path, recorded, fitted)
    assert path.read_text().startswith("<?xml")
    for wrong in (tmp_path / "fit.txt", tmp_path / "none" / "fit.png"):
        with pytest.raises(ConfigError, match="cannot write"):
            check_ending(wrong)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_bodies_drawn_at_random_are_found():
    found = prove(4, 12.0, 7)
    assert found["error"]["latency_s"]["largest"] < 0.001
    assert found["error"]["gain_head"]["largest"] < 0.06
    assert found["error"]["damping_head"]["largest"] < 0.06
