import numpy as np
import pytest
import torch

from learner.rl.bc import BCConfig, Demonstrations, clone, disturb
from learner.rl.buffer import Batch
from learner.rl.networks import ActorCritic
from learner.rl.ppo import PPO, PPOConfig, explained_variance, hybrid_log_prob, normalise_advantage
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
from shared.spaces import OBS_DIM, slot_range
from shared.tools import TOOL_INDEX


def batch(model, rows, seed=0, advantage=None):
    rng = np.random.default_rng(seed)
    obs = rng.normal(size=(rows, OBS_DIM)).astype(np.float32) * 0.3
    output = model.snapshot()(obs)
    decision = decide(output, None, rng)
    adv = rng.normal(size=rows).astype(np.float32) if advantage is None else advantage
    return Batch(
        obs, decision.tool, decision.params, np.full(rows, ALL_TOOLS), decision.log_prob, decision.value,
        adv, (adv + decision.value).astype(np.float32),
    )  # fmt: skip


@pytest.fixture
def model():
    torch.manual_seed(0)
    return ActorCritic()


def test_log_prob_and_entropy_agree_with_numpy_and_torch_distributions(model):
    rng = np.random.default_rng(3)
    rows = 50
    logits = rng.normal(size=(rows, 20)).astype(np.float32)
    mean = rng.normal(size=(rows, 20, 4)).astype(np.float32)
    log_std = rng.normal(scale=0.3, size=(20, 4)).astype(np.float32)
    mask = rng.random((rows, 20)) < 0.6
    mask[:, 8] = True
    output = PolicyOutput(logits, mean, log_std, np.zeros(rows, np.float32))
    decision = decide(output, mask, rng)
    log_prob, entropy = hybrid_log_prob(
        logits=torch.from_numpy(logits), mean=torch.from_numpy(mean), log_std=torch.from_numpy(log_std),
        mask=torch.from_numpy(mask), tool=torch.from_numpy(decision.tool),
        params=torch.from_numpy(decision.params),
    )  # fmt: skip
    np.testing.assert_allclose(
        log_prob.numpy(), action_log_prob(output, mask, decision.tool, decision.params), atol=1e-5
    )
    categorical = torch.distributions.Categorical(logits=torch.from_numpy(masked_log_softmax(logits, mask)))
    normal = torch.distributions.Normal(torch.zeros(20, 4), torch.from_numpy(np.exp(log_std))).entropy()
    of_params = (normal * torch.from_numpy(USED_PARAMS)).sum(1)
    expected = torch.distributions.Categorical(probs=categorical.probs).entropy() + (
        categorical.probs * of_params
    ).sum(1)
    np.testing.assert_allclose(entropy.numpy(), expected.numpy(), atol=1e-4)


def test_one_step_is_the_clipped_surrogate_by_the_book(model):
    """One epoch, one minibatch: the gradient step equals that of the loss written out row by row in
    float64."""
    config = PPOConfig(update_epochs=1, minibatch_size=8, max_grad_norm=1e9, target_kl=0.0, ent_coef=0.01)
    data = batch(model, 6)
    data.log_prob = (data.log_prob + np.array([0.5, -0.5, 0.0, 0.3, -0.1, 0.05])).astype(np.float32)
    twin = ActorCritic()
    twin.load_state_dict(model.state_dict())

    ppo = PPO(model, config, np.random.default_rng(0))
    stats = ppo.update(data)

    twin.double()
    logits, mean, log_std, value = twin(torch.from_numpy(data.obs).double())
    adv = torch.from_numpy(data.advantage).double()
    adv = (adv - adv.mean()) / (adv.std(correction=0))
    losses, kls, clips = [], [], []
    for i in range(6):
        tool = int(data.tool[i])
        log_p = torch.log_softmax(logits[i], 0)
        used = torch.from_numpy(USED_PARAMS[tool])
        normal = torch.distributions.Normal(mean[i, tool], log_std[tool].exp())
        new = log_p[tool] + normal.log_prob(torch.from_numpy(data.params[i]).double())[used].sum()
        entropy = -(log_p.exp() * log_p).sum()
        for k in range(20):
            each = torch.distributions.Normal(mean[i, k], log_std[k].exp()).entropy()
            entropy = entropy + log_p[k].exp() * each[torch.from_numpy(USED_PARAMS[k])].sum()
        ratio = (new - float(data.log_prob[i])).exp()
        surrogate = -torch.min(adv[i] * ratio, adv[i] * ratio.clamp(0.8, 1.2))
        critic = 0.5 * (value[i] - float(data.returns[i])) ** 2
        losses.append(surrogate + 0.5 * critic - 0.01 * entropy)
        kls.append(float(((ratio - 1) - ratio.log()).detach()))
        clips.append(float((ratio - 1).abs() > 0.2))
    torch.stack(losses).mean().backward()
    norm = torch.sqrt(sum(p.grad.square().sum() for p in twin.parameters()))
    assert stats.grad_norm == pytest.approx(float(norm), rel=1e-4)
    assert stats.approx_kl == pytest.approx(np.mean(kls), rel=1e-3)
    assert stats.clipfrac == pytest.approx(np.mean(clips))
    grads = dict(twin.named_parameters())
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(
            parameter.grad.numpy(), grads[name].grad.numpy(), rtol=1e-2, atol=2e-6, err_msg=name
        )


def test_good_actions_become_likelier_and_bad_ones_less(model):
    data = batch(model, 64, advantage=np.where(np.arange(64) % 2, 1.0, -1.0).astype(np.float32))
    PPO(model, PPOConfig(update_epochs=4, target_kl=0.0), np.random.default_rng(0)).update(data)
    change = action_log_prob(model.snapshot()(data.obs), None, data.tool, data.params) - data.log_prob
    assert change[1::2].mean() > 0.05
    assert change[::2].mean() < -0.05


def test_target_kl_stops_the_epochs(model):
    data = batch(model, 64)
    stats = PPO(model, PPOConfig(learning_rate=0.01, target_kl=1e-4), np.random.default_rng(0)).update(data)
    assert stats.epochs < 10


def test_a_single_row_updates_without_nan(model):
    stats = PPO(model, PPOConfig(), np.random.default_rng(0)).update(batch(model, 1))
    assert stats.skipped == 0
    assert np.isfinite(stats.policy_loss)
    assert all(torch.isfinite(p).all() for p in model.parameters())


def test_advantages_of_one_or_of_equals_become_zero():
    assert normalise_advantage(np.array([3.0], np.float32), 0.3).tolist() == [0.0]
    assert normalise_advantage(np.full(4, 3.0, np.float32), 0.3).tolist() == [0.0] * 4


def test_a_gradient_that_is_not_finite_is_skipped_and_counted(model):
    data = batch(model, 8)
    data.returns[3] = np.inf
    before = {k: v.clone() for k, v in model.state_dict().items()}
    stats = PPO(model, PPOConfig(update_epochs=2), np.random.default_rng(0)).update(data)
    assert stats.skipped == 2
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


def test_explained_variance():
    returns = np.array([1.0, 2.0, 3.0])
    assert explained_variance(returns, returns) == pytest.approx(1.0)
    assert explained_variance(np.zeros(3), returns) == pytest.approx(0.0)
    assert np.isnan(explained_variance(returns, np.ones(3)))


def test_masked_tools_get_no_gradient_and_no_probability(model):
    mask = np.ones((16, 20), bool)
    mask[:, 5] = False
    data = batch(model, 16)
    data.tool_mask = bits_from_mask(mask)
    data.tool[data.tool == 5] = 0
    before = model.actor[4].weight[5].detach().clone()
    ppo = PPO(model, PPOConfig(update_epochs=1), np.random.default_rng(0))
    ppo.update(data)
    assert torch.equal(model.actor[4].weight[5], before)
    assert not mask_from_bits(data.tool_mask)[:, 5].any()


def test_cloning_reproduces_tool_and_parameters(model):
    """Look at wherever the first detection is; nod where the instruction says so."""
    rng = np.random.default_rng(0)
    vision, match = slot_range("detections").start, slot_range("tool_match").start
    look, nod = TOOL_INDEX["look"], TOOL_INDEX["nod"]

    def scenes(rows):
        obs = np.zeros((rows, OBS_DIM), np.float32)
        wish = rng.random(rows) < 0.5
        obs[:, match + look], obs[:, match + nod] = np.where(wish, 2, -1), np.where(wish, -1, 2)
        obs[:, vision : vision + 2] = rng.uniform(-0.8, 0.8, (rows, 2))
        obs[:, vision + 2 : vision + 6] = 0.3
        params = np.zeros((rows, 4), np.float32)
        params[wish, :2] = obs[wish, vision : vision + 2]
        params[~wish, 0] = -0.5
        return obs, np.where(wish, look, nod), params

    obs, tool, params = scenes(40)
    demonstrations = Demonstrations(obs, tool, params, episodes=8)
    clone(model, demonstrations, BCConfig(steps=400), rng)
    obs, tool, params = scenes(200)
    decision = decide(model.snapshot()(obs), None, rng, deterministic=True)
    assert (decision.tool == tool).mean() > 0.97
    looked = tool == look
    assert np.abs(decision.params[looked] - params[looked])[:, :2].mean() < 0.15
    assert np.abs(decision.params[~looked, 0] + 0.5).mean() < 0.15


def test_cloning_learns_from_the_words_which_made_tool_is_meant(model):
    rng = np.random.default_rng(0)
    text, match = slot_range("instruction"), slot_range("tool_match").start
    words = rng.normal(size=(4, 384)).astype(np.float32)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    place = np.arange(40) % 4
    obs = np.zeros((40, OBS_DIM), np.float32)
    obs[:, text], obs[:, match + TOOL_INDEX["run_made"]] = words[place], 3.0
    params = np.zeros((40, 4), np.float32)
    params[:, 0] = place / 2.0 - 0.75
    tool = np.full(40, TOOL_INDEX["run_made"])
    clone(model, Demonstrations(obs, tool, params, episodes=40), BCConfig(steps=400), rng)
    decision = decide(model.snapshot()(obs), None, rng, deterministic=True)
    assert (decision.tool == tool).all()
    assert np.abs(decision.params[:, 0] - params[:, 0]).max() < 0.25


def test_disturbed_rows_keep_the_best_match_and_close_the_gaps():
    rng = np.random.default_rng(0)
    vision = slot_range("detections")
    obs = np.zeros((300, OBS_DIM), np.float32)
    slots = obs[:, vision].reshape(300, 8, 8)
    slots[:, :5, 0] = np.arange(1, 6)
    obs[:, vision] = slots.reshape(300, -1)
    obs[:, slot_range("instruction")] = 384**-0.5
    out = disturb(obs, rng, BCConfig(drop_distractor=0.5))
    ids = out[:, vision].reshape(300, 8, 8)[:, :, 0]
    assert (ids[:, 0] == 1).all()
    kept = (ids > 0).sum(1)
    assert kept.min() < 3 < kept.max()
    for row, count in zip(ids, kept, strict=True):
        assert (np.diff(row[:count]) > 0).all()
        assert (row[count:] == 0).all()
    np.testing.assert_allclose(np.linalg.norm(out[:, slot_range("instruction")], axis=1), 1.0, rtol=1e-5)
    assert (obs[:, vision].reshape(300, 8, 8)[:, :5, 0] == np.arange(1, 6)).all()
