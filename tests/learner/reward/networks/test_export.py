"""The hand-written graph says what PyTorch says, whatever else is in the batch."""

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.numpy import load_file

from learner.reward.networks.export import bert_shape, build_graph, merge, quantise_rows
from learner.reward.networks.network import Lora, RewardNetwork, add_lora, trained_weights
from learner.reward.networks.tokens import pad
from learner.reward.networks.train import numbers

TEXTS = [("good nod", ""), ("bad", "the left"), ("the was it awful " * 9, "stop " * 8)]


@pytest.fixture
def trained(tiny_bert):
    """A network with adapters and head moved away from their start."""
    network = RewardNetwork(tiny_bert.encoder, causal=False)
    add_lora(network, Lora(4, 8))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.requires_grad:
                parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return network.eval()


def graph(trained, folder, bits8):
    weights = {name: value.numpy() for name, value in trained_weights(trained).items()}
    merged = merge(load_file(folder / "model.safetensors"), weights, 4, 8)
    model = build_graph(merged, bert_shape(folder), bits8)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def run(session, rows):
    batch = pad(rows)
    return session.run(["head"], {"ids": batch.ids, "mask": batch.mask, "parts": batch.parts})[0]


@pytest.mark.parametrize(("bits8", "close"), [(False, 1e-5), (True, 0.05)])
def test_the_graph_agrees_with_pytorch(trained, tiny_bert, tiny_bert_folder, bits8, close):
    rows = [tiny_bert.tokens.encode(*text) for text in TEXTS]
    expected = numbers(trained, rows, 0)
    got = run(graph(trained, tiny_bert_folder, bits8), rows)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(got, expected, atol=close)


@pytest.mark.parametrize("bits8", [False, True])
def test_batch_and_padding_change_nothing(trained, tiny_bert, tiny_bert_folder, bits8):
    session = graph(trained, tiny_bert_folder, bits8)
    rows = [tiny_bert.tokens.encode(*text) for text in TEXTS]
    alone = np.concatenate([run(session, [row]) for row in rows])
    np.testing.assert_allclose(run(session, rows), alone, atol=1e-5)
    np.testing.assert_allclose(run(session, rows[::-1])[::-1], alone, atol=1e-5)


def test_quantised_weights_are_within_half_a_step():
    weight = np.random.default_rng(0).normal(size=(6, 64)).astype(np.float32)
    weight[0] = 0.0
    rows, scales = quantise_rows(weight)
    assert np.all(np.abs(rows * scales[:, None] - weight) <= scales[:, None] * 0.501)


def test_full_weights_replace_the_base_and_adapters_add_to_it():
    base = {"layer.weight": np.ones((2, 3), np.float32)}
    head = {"head.weight": np.zeros((1, 1), np.float32), "head.bias": np.zeros(1, np.float32)}
    full = merge(base, {"encoder.layer.weight": np.full((2, 3), 5.0, np.float32), **head}, 0, 0)
    assert full["layer.weight"].max() == 5.0
    up, down = np.full((2, 1), 2.0, np.float32), np.full((1, 3), 3.0, np.float32)
    names = ("encoder.layer.lora_B.default.weight", "encoder.layer.lora_A.default.weight")
    added = merge(base, {names[0]: up, names[1]: down, **head}, 1, 2)
    assert added["layer.weight"].tolist() == [[13.0] * 3] * 2


def test_what_does_not_fit_is_named():
    odd = {"encoder.x.lora_A.default.weight": np.zeros((1, 1), np.float32)}
    with pytest.raises(ValueError, match=r"no x\.weight"):
        merge({}, odd, 1, 1)
    with pytest.raises(ValueError, match=r"no head\.weight"):
        merge({}, {}, 1, 1)
