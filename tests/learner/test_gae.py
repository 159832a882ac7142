import numpy as np
import pytest

from learner.rl.gae import decision_discount, gae


def column(*values, dtype=np.float32):
    return np.array(values, dtype)[:, None]


def run(reward, value, next_value, terminated, cut, discount, lam):
    advantage, returns = gae(
        reward=column(*reward),
        value=column(*value),
        next_value=column(*next_value),
        terminated=column(*terminated, dtype=bool),
        cut=column(*cut, dtype=bool),
        discount=column(*discount),
        gae_lambda=lam,
    )
    return advantage[:, 0], returns[:, 0]


def test_an_episode_that_ends_worked_by_hand():
    # discount 0.9, lambda 0.5, values 1 2 3, rewards 0 0 10, the last row terminates.
    # delta2 = 10            - 3 = 7      A2 = 7
    # delta1 = 0 + 0.9 * 3   - 2 = 0.7    A1 = 0.7 + 0.45 * 7     = 3.85
    # delta0 = 0 + 0.9 * 2   - 1 = 0.8    A0 = 0.8 + 0.45 * 3.85  = 2.5325
    advantage, returns = run((0, 0, 10), (1, 2, 3), (2, 3, 99), (0, 0, 1), (0, 0, 1), (0.9,) * 3, 0.5)
    np.testing.assert_allclose(advantage, [2.5325, 3.85, 7.0], rtol=1e-6)
    np.testing.assert_allclose(returns, [3.5325, 5.85, 10.0], rtol=1e-6)


def test_a_truncated_episode_bootstraps_with_the_value_of_what_followed():
    # As above, but cut short: delta2 = 10 + 0.9 * 4 - 3 = 10.6
    # A1 = 0.7 + 0.45 * 10.6 = 5.47; A0 = 0.8 + 0.45 * 5.47 = 3.2615
    advantage, _ = run((0, 0, 10), (1, 2, 3), (2, 3, 4), (0, 0, 0), (0, 0, 1), (0.9,) * 3, 0.5)
    np.testing.assert_allclose(advantage, [3.2615, 5.47, 10.6], rtol=1e-6)


def test_nothing_flows_back_over_the_border_between_episodes():
    # Row 0 is truncated, row 1 begins another episode with a huge reward.
    # A1 = 100 - 0 = 100 (terminated); A0 = 1 + 0.9 * 2 - 0 = 2.8, without any part of A1.
    advantage, _ = run((1, 100), (0, 0), (2, 0), (0, 1), (1, 1), (0.9, 0.9), 0.95)
    np.testing.assert_allclose(advantage, [2.8, 100.0], rtol=1e-6)


def test_longer_decisions_are_discounted_more():
    # 0.99 per 10 ticks: a 60-tick gesture is worth 0.99 ** 6 = 0.941480 of the next value.
    discount = decision_discount(0.99, np.array([[10], [60]]))
    np.testing.assert_allclose(discount[:, 0], [0.99, 0.941480], rtol=1e-5)
    advantage, _ = run((0, 0), (0, 0), (1, 1), (0, 0), (1, 1), discount[:, 0], 0.95)
    np.testing.assert_allclose(advantage, [0.99, 0.941480], rtol=1e-5)


def test_columns_are_independent_and_agree_with_the_definition():
    rng = np.random.default_rng(0)
    shape = (12, 7)
    reward, value, next_value = rng.normal(size=(3, *shape)).astype(np.float32)
    terminated = rng.random(shape) < 0.15
    cut = terminated | (rng.random(shape) < 0.15)
    cut[-1] = True
    discount = decision_discount(0.99, rng.integers(1, 60, shape))
    lam = 0.95
    advantage, returns = gae(
        reward=reward, value=value, next_value=next_value, terminated=terminated, cut=cut, discount=discount,
        gae_lambda=lam,
    )  # fmt: skip
    delta = reward + discount * next_value * ~terminated - value
    for n in range(shape[1]):
        for t in range(shape[0]):
            total, factor, k = 0.0, 1.0, t
            while True:
                total += factor * delta[k, n]
                if cut[k, n]:
                    break
                factor *= discount[k, n] * lam
                k += 1
            assert advantage[t, n] == pytest.approx(total, abs=1e-5)
    np.testing.assert_allclose(returns, advantage + value, rtol=1e-6)
