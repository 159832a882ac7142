import numpy as np
import pytest

from learner.reward.feedback.human import Labels, Taste, with_direct_labels
from learner.reward.feedback.motion import motion_features
from learner.reward.feedback.outcome import OUTCOME_FIELDS
from shared.spaces import OBS_DIM
from shared.tools import TOOL_INDEX

NOD, SHAKE = TOOL_INDEX["nod"], TOOL_INDEX["shake"]


def decisions(rows, seed, tool=NOD):
    rng = np.random.default_rng(seed)
    params = np.zeros((rows, 4), np.float32)
    params[:, :2] = rng.uniform(-1, 1, (rows, 2))
    motion = np.zeros((rows, len(OUTCOME_FIELDS)), np.float32)
    motion[:, 1] = 0.3 + 0.25 * params[:, 0]
    motion[:, 4] = 3.0 * motion[:, 1]
    obs = rng.normal(scale=0.5, size=(rows, OBS_DIM)).astype(np.float32)
    return obs, np.full(rows, tool), params, motion, np.zeros(rows, bool)


def gentle(params, rng, noise=0.15):
    """A synthetic rater: gentle nods are good."""
    agrees = np.where(rng.random(len(params)) < noise, -1.0, 1.0)
    return (np.where(params[:, 0] < 0.0, 1.0, -1.0) * agrees).astype(np.float32)


def fitted(rows=50, seed=0):
    data = decisions(rows, seed)
    label = gentle(data[2], np.random.default_rng(seed))
    return Taste.fit(Labels(*data, label, np.ones(rows, np.float32)), np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(3))
def test_fifty_noisy_taps_are_enough_to_know_the_taste(seed):
    taste = fitted(seed=seed)
    data = decisions(400, seed + 100)
    predicted, std = taste.predict(*data)
    amplitude = data[2][:, 0]
    assert np.corrcoef(predicted, -amplitude)[0, 1] > 0.7
    assert predicted[amplitude < -0.5].mean() > 0.3
    assert predicted[amplitude > 0.5].mean() < -0.3
    assert (np.abs(predicted) <= 1.0).all()
    assert (std > 0).all()


def test_it_has_no_opinion_on_what_nobody_spoke_about():
    predicted, std = fitted().predict(*decisions(200, 7, tool=SHAKE))
    known, known_std = fitted().predict(*decisions(200, 7))
    assert np.abs(predicted).mean() < 0.1 * np.abs(known).mean()
    assert std.mean() > 1.5 * known_std.mean()


def test_contradictory_labels_give_no_opinion():
    data = decisions(60, 0)
    doubled = [np.concatenate([part, part]) for part in data]
    label = np.repeat(np.array([1.0, -1.0], np.float32), 60)
    taste = Taste.fit(Labels(*doubled, label, np.ones(120, np.float32)), np.random.default_rng(0))
    assert np.abs(taste.predict(*decisions(200, 1))[0]).mean() < 0.15


def test_labels_without_weight_change_nothing():
    data = decisions(50, 0)
    label = gentle(data[2], np.random.default_rng(0))
    taste = Taste.fit(Labels(*data, label, np.zeros(50, np.float32)), np.random.default_rng(0))
    np.testing.assert_array_equal(taste.predict(*decisions(50, 1))[0], 0.0)


def test_how_an_episode_ended_is_judged_apart_from_how_it_went_on():
    *data, ended = decisions(60, 0)
    ended = np.arange(60) % 2 == 0
    label = np.where(ended, 0.8, -0.8).astype(np.float32)
    taste = Taste.fit(Labels(*data, ended, label, np.ones(60, np.float32)), np.random.default_rng(0))
    *new, _ = decisions(40, 1)
    at_end, _ = taste.predict(*new, np.ones(40, bool))
    before, _ = taste.predict(*new, np.zeros(40, bool))
    assert at_end.mean() > 0.3
    assert before.mean() < -0.3


def test_a_fit_of_another_version_is_refused():
    state = fitted().state()
    with pytest.raises(ValueError, match="numbers a decision"):
        Taste.from_state(state | {"frequency": state["frequency"][:, 1:]})


def test_state_round_trip():
    taste, data = fitted(), decisions(20, 3)
    again = Taste.from_state(taste.state())
    np.testing.assert_array_equal(taste.predict(*data)[0], again.predict(*data)[0])


@pytest.mark.parametrize("label", [[], [1.5], [np.nan]])
def test_unusable_labels_are_refused(label):
    rows = len(label)
    with pytest.raises(ValueError, match=r"\[-1, 1\]"):
        Taste.fit(
            Labels(*decisions(rows, 0), np.array(label, np.float32), np.ones(rows, np.float32)),
            np.random.default_rng(0),
        )


def test_what_was_said_counts_by_its_weight_beside_the_guess():
    credits = {7: [(1.0, 1.0), (3.0, -1.0)], 8: [(0.01, -1.0)], 9: [(0.0, 1.0)]}
    guess = np.array([0.3, 0.3, 0.3, 0.3], np.float32)
    got = with_direct_labels(guess, np.array([0, 7, 8, 9]), credits)
    # (0.1 * 0.3 + 1 - 3) / (0.1 + 4) and (0.1 * 0.3 - 0.01) / (0.1 + 0.01); no weight says nothing.
    np.testing.assert_allclose(got, [0.3, -1.97 / 4.1, 0.02 / 0.11, 0.3], rtol=1e-5)
    assert guess[1] == np.float32(0.3)


def test_motion_features_worked_by_hand():
    joints = np.zeros((2, 4, 9))
    joints[0, :, 0] = [0.0, 0.1, 0.3, 9.0]  # body; the fourth row is past the end
    joints[0, :, 3] = [0.2, -0.2, 0.0, 9.0]  # a head joint
    joints[0, :, 8] = [0.0, 0.0, 0.5, 9.0]  # left antenna
    got = motion_features(joints, np.array([3, 0]))
    # Ranges 0.3, 0.4, 0.5 rad; fastest ticks 0.2, 0.4, 0.5 rad in 20 ms.
    np.testing.assert_allclose(got[0], [0.3, 0.4, 0.5, 10.0, 20.0, 25.0], rtol=1e-6)
    np.testing.assert_array_equal(got[1], 0.0)
