import numpy as np
import onnxruntime
import pytest
import torch

from learner.rl.export import OUTPUTS, to_onnx
from learner.rl.networks import LOG_STD_MAX, LOG_STD_MIN, ActorCritic
from robot_agent.inspection import inspect_network
from shared.spaces import CLIP, OBS_DIM, normaliser


@pytest.fixture
def model():
    torch.manual_seed(0)
    made = ActorCritic()
    with torch.no_grad():
        # As after training: no output may hide behind a tiny last layer, no bound may go untested.
        for parameter in made.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        made.log_std[3, 1], made.log_std[4, 2] = 9.0, -9.0
    return made


def observations(rows):
    offset, scale = normaliser()
    x = np.random.default_rng(1).normal(size=(rows, OBS_DIM)).astype(np.float32)
    x[0, :5] = 1e6
    return (x * scale + offset).astype(np.float32)


def torch_outputs(model, obs):
    with torch.no_grad():
        return [t.numpy() for t in model(torch.from_numpy(obs))]


def test_sizes_are_the_plan(model):
    shapes = [
        tuple(layer.weight.shape)
        for net in (model.actor, model.critic)
        for layer in net
        if hasattr(layer, "weight")
    ]
    assert shapes == [(256, 512), (256, 256), (100, 256), (256, 512), (256, 256), (1, 256)]


def test_the_normaliser_is_inside_and_clips(model):
    obs = observations(3)
    offset, scale = normaliser()
    expected = np.clip((obs - offset) / scale, -CLIP, CLIP)
    np.testing.assert_allclose(model.normalise(torch.from_numpy(obs)).numpy(), expected, rtol=1e-5, atol=1e-5)


def test_log_std_is_bounded(model):
    log_std = torch_outputs(model, observations(1))[2]
    assert log_std[3, 1] == np.float32(LOG_STD_MAX)
    assert log_std[4, 2] == np.float32(LOG_STD_MIN)


def test_the_numpy_policy_is_the_same_function(model):
    obs = observations(64)
    policy = model.snapshot()
    for name, expected in zip(OUTPUTS, torch_outputs(model, obs), strict=True):
        np.testing.assert_allclose(getattr(policy(obs), name), expected, atol=2e-5)
    np.testing.assert_allclose(policy.value(obs), policy(obs).value, atol=1e-6)


def test_a_snapshot_does_not_follow_later_training(model):
    obs = observations(2)
    policy = model.snapshot()
    before = policy(obs).tool_logits.copy()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    np.testing.assert_array_equal(policy(obs).tool_logits, before)


@pytest.mark.parametrize("rows", [1, 5, 33])
def test_onnx_agrees_with_torch(model, rows):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(to_onnx(model), options, providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == ["obs"]
    assert [o.name for o in session.get_outputs()] == list(OUTPUTS)
    obs = observations(rows)
    got = session.run(list(OUTPUTS), {"obs": obs})
    for array, expected in zip(got, torch_outputs(model, obs), strict=True):
        assert array.shape == expected.shape
        np.testing.assert_allclose(array, expected, atol=1e-5)


def test_onnx_is_one_small_file(model):
    assert len(to_onnx(model)) < 3_000_000


def test_the_robot_takes_what_is_exported(model):
    inspect_network(to_onnx(model))
