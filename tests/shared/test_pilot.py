import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.control.pilot import (
    ALL_TOOLS,
    USED_PARAMS,
    PolicyOutput,
    action_log_prob,
    bits_from_mask,
    decide,
    mask_from_bits,
    masked_log_softmax,
)
from shared.errors import PolicyError
from shared.tools import TOOL_INDEX, TOOLS


def output(n: int, seed: int = 0) -> PolicyOutput:
    rng = np.random.default_rng(seed)
    return PolicyOutput(
        rng.normal(size=(n, 20)).astype(np.float32),
        rng.normal(size=(n, 20, 4)).astype(np.float32),
        rng.normal(scale=0.3, size=(20, 4)).astype(np.float32),
        rng.normal(size=n).astype(np.float32),
    )


def test_used_params_follow_the_tool_table():
    assert USED_PARAMS.sum(axis=1).tolist() == [len(tool.params) for tool in TOOLS]


@given(st.integers(0, ALL_TOOLS))
def test_bits_and_masks_are_inverse(bits):
    assert bits_from_mask(mask_from_bits(bits)).tolist() == [bits]


def test_log_prob_of_a_tool_without_parameters_is_the_softmax_alone():
    out = output(1)
    wait = np.array([TOOL_INDEX["wait"]])
    logits = out.tool_logits[0].astype(np.float64)
    by_hand = logits[wait[0]] - np.log(np.exp(logits).sum())
    assert action_log_prob(out, None, wait, np.full((1, 4), 9.0, np.float32)) == pytest.approx(
        by_hand, abs=1e-6
    )


def test_log_prob_counts_used_parameters_only_worked_by_hand():
    # Two parameters, mean 0, std 1 and 2, sample (1, 2): -0.5 - log 1 - 0.918939 + -0.5 - log 2 - 0.918939
    # = -3.531024; the tool's own probability is 1/20: -2.995732. The third and fourth numbers are not read.
    std = np.zeros((20, 4), np.float32)
    std[:, 1] = np.log(2.0)
    out = PolicyOutput(
        np.zeros((1, 20), np.float32), np.zeros((1, 20, 4), np.float32), std, np.zeros(1, np.float32)
    )
    look = np.array([TOOL_INDEX["look"]])
    got = action_log_prob(out, None, look, np.array([[1.0, 2.0, 5.0, -7.0]], np.float32))
    assert got[0] == pytest.approx(-3.531024 - 2.995732, abs=1e-5)


def test_decide_reports_the_log_prob_of_what_it_returns():
    out = output(500)
    mask = np.random.default_rng(1).random((500, 20)) < 0.5
    mask[:, 0] = True
    decision = decide(out, mask, np.random.default_rng(2))
    assert mask[np.arange(500), decision.tool].all()
    again = action_log_prob(out, mask, decision.tool, decision.params)
    np.testing.assert_allclose(decision.log_prob, again)


def test_sampling_matches_the_probabilities():
    one = output(1)
    n = 40_000
    many = PolicyOutput(
        np.repeat(one.tool_logits, n, 0),
        np.repeat(one.param_mean, n, 0),
        one.param_log_std,
        np.zeros(n, np.float32),
    )
    mask = np.ones((n, 20), bool)
    mask[:, 3] = False
    decision = decide(many, mask, np.random.default_rng(0))
    share = np.bincount(decision.tool, minlength=20) / n
    np.testing.assert_allclose(
        share, np.exp(masked_log_softmax(many.tool_logits[:1], mask[:1]))[0], atol=0.012
    )
    look = decision.tool == TOOL_INDEX["look"]
    sample = decision.params[look][:, :2]
    np.testing.assert_allclose(sample.mean(0), one.param_mean[0, 1, :2], atol=0.15)
    np.testing.assert_allclose(sample.std(0), np.exp(one.param_log_std[1, :2]), rtol=0.1)


def test_deterministic_takes_the_best_allowed_tool_and_the_mean():
    out = output(8)
    mask = np.ones((8, 20), bool)
    mask[np.arange(8), out.tool_logits.argmax(1)] = False
    decision = decide(out, mask, np.random.default_rng(0), deterministic=True)
    second = np.argsort(out.tool_logits, axis=1)[:, -2]
    np.testing.assert_array_equal(decision.tool, second)
    expected = np.where(USED_PARAMS[second], out.param_mean[np.arange(8), second], 0)
    np.testing.assert_array_equal(decision.params, expected)


@pytest.mark.parametrize("field", ["tool_logits", "param_mean", "param_log_std", "value"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(field, bad):
    out = output(2)
    getattr(out, field).flat[-1] = bad
    with pytest.raises(PolicyError, match=field):
        decide(out, None, np.random.default_rng(0))


def test_a_mask_that_allows_nothing_is_refused():
    mask = np.ones((2, 20), bool)
    mask[1] = False
    with pytest.raises(PolicyError, match="allows no tool"):
        decide(output(2), mask, np.random.default_rng(0))


@pytest.mark.parametrize("log_std", [100.0, -1000.0])
def test_a_spread_from_which_nothing_finite_can_be_drawn_is_refused(log_std):
    out = output(3)
    out.param_log_std[:] = log_std
    with pytest.raises(PolicyError, match="param_log_std"):
        decide(out, None, np.random.default_rng(0))
