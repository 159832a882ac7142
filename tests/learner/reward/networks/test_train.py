"""Training: it learns, follows from its seed, goes on where it was stopped, refuses what does not fit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from learner.reward.networks import train as module
from learner.reward.networks.network import Lora, Outputs, trained_weights
from learner.reward.networks.train import Interrupted, TrainConfig, build, loss_of, numbers, rows, thin, train
from shared.errors import ConfigError
from tests.learner.reward.conftest import examples

TINY = TrainConfig(lora=Lora(4, 8), epochs=6, lr=5e-3, head_lr=2e-2, batch_size=8, patience=6)


def parts(tokens):
    given = examples()
    return tuple(rows([e for e in given if e.split == s], tokens) for s in ("train", "validation", "test"))


def run(config, folder, checkpoint, **more):
    network, base = build(replace(config, base=str(folder)))
    fit, validation, test = parts(base.tokens)
    summary = train(
        replace(config, base=str(folder)),
        network,
        base.pad_id,
        fit,
        validation,
        checkpoint=checkpoint,
        **more,
    )
    rewards = np.tanh(numbers(network, test.with_context, base.pad_id)[:, 0])
    return network, summary, rewards, test


@pytest.mark.parametrize("lora", [Lora(4, 8), None], ids=["lora", "full"])
def test_it_learns_and_leaves_no_checkpoint(tiny_bert_folder, tmp_path, lora):
    seen = []
    _, summary, rewards, test = run(
        replace(TINY, lora=lora), tiny_bert_folder, tmp_path / "c.pt", report=seen.append
    )
    assert summary["history"][-1] < 0.2 * 0.64
    assert np.corrcoef(rewards, test.labels)[0, 1] > 0.9
    assert np.abs(rewards).max() <= 1.0
    assert seen[0].step == 1
    assert seen[-1].step == seen[-1].steps
    assert not (tmp_path / "c.pt").exists()


def test_decoders_of_every_family_learn(decoder_folder, tmp_path):
    config = replace(TINY, backend="gemma", epochs=4)
    _, summary, rewards, test = run(config, decoder_folder, tmp_path / "c.pt")
    assert summary["validation_mse"] < 0.5 * 0.64
    assert np.corrcoef(rewards, test.labels)[0, 1] > 0.7


def test_the_same_seed_gives_the_same_and_another_one_does_not(tiny_bert_folder, tmp_path):
    config = replace(TINY, epochs=1)
    one, two, other = (
        run(replace(config, seed=seed), tiny_bert_folder, tmp_path / f"{i}.pt")[2]
        for i, seed in enumerate((3, 3, 4))
    )
    np.testing.assert_allclose(one, two, atol=1e-5)
    assert np.abs(one - other).max() > 1e-4


def test_an_interrupted_run_ends_where_an_undisturbed_one_does(tiny_bert_folder, tmp_path):
    config = replace(TINY, epochs=2)
    undisturbed = run(config, tiny_bert_folder, tmp_path / "a.pt")[2]
    steps = []
    for stop_at in (3, 9):

        def stop(at=stop_at):
            return len(steps) >= at

        with pytest.raises(Interrupted):
            run(config, tiny_bert_folder, tmp_path / "b.pt", report=steps.append, stop=stop)
    assert (tmp_path / "b.pt").exists()
    resumed = run(config, tiny_bert_folder, tmp_path / "b.pt")[2]
    np.testing.assert_allclose(resumed, undisturbed, atol=1e-5)


def test_a_checkpoint_of_other_settings_or_of_garbage_is_refused(tiny_bert_folder, tmp_path):
    path = tmp_path / "c.pt"
    with pytest.raises(Interrupted):
        run(TINY, tiny_bert_folder, path, stop=lambda: True)
    with pytest.raises(ConfigError, match="other settings"):
        run(replace(TINY, lr=1e-4), tiny_bert_folder, path)
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(ConfigError, match="no checkpoint"):
        run(TINY, tiny_bert_folder, path)


def test_it_stops_early_and_keeps_the_best(tiny_bert_folder, tmp_path, monkeypatch):
    errors = iter([0.5, 0.2, 0.3, 0.4, 0.1])
    kept = []

    def validate(state, network, validation, pad_id):
        error = next(errors)
        state.history.append(error)
        if error < state.best_mse:
            state.best_mse, state.best, state.waited = error, trained_weights(network), 0
            kept.append(state.best["head.weight"].clone())
        else:
            state.waited += 1

    monkeypatch.setattr(module, "_validate", validate)
    network, summary, *_ = run(replace(TINY, patience=1), tiny_bert_folder, tmp_path / "c.pt")
    assert summary["history"] == [0.5, 0.2, 0.3, 0.4]
    torch.testing.assert_close(network.head.weight.detach(), kept[-1])


def test_nothing_to_learn_from_is_said(tiny_bert_folder, tmp_path):
    network, base = build(replace(TINY, base=str(tiny_bert_folder)))
    fit, _, _ = parts(base.tokens)
    with pytest.raises(ConfigError, match="0 to validate"):
        train(TINY, network, 0, fit, rows([], base.tokens), checkpoint=tmp_path / "c.pt")


def outputs(rewards, log_sd=0.0):
    return Outputs(torch.tensor(rewards), torch.full((len(rewards),), log_sd), torch.zeros(len(rewards), 4))


def test_the_loss_of_the_reward_is_on_the_squashed_value():
    plain = TrainConfig(doubt_weight=0.0, kind_weight=0.0)
    got = loss_of(outputs([0.5, -0.5]), torch.tensor([1.0, -1.0]), torch.tensor([-1, -1]), plain)
    assert float(got) == pytest.approx(0.25)


def test_the_doubt_is_best_where_it_equals_the_error():
    config = TrainConfig(kind_weight=0.0)
    losses = [
        float(loss_of(outputs([0.2], log_sd), torch.tensor([0.5]), torch.tensor([-1]), config))
        for log_sd in (np.log(0.15), np.log(0.3), np.log(0.6))
    ]
    assert losses[1] < min(losses[0], losses[2])


def test_the_pairwise_loss_wants_the_better_one_ahead():
    config = TrainConfig(doubt_weight=0.0, kind_weight=0.0, pairwise_weight=1.0)
    labels, kinds = torch.tensor([0.5, -0.5]), torch.tensor([-1, -1])
    right, wrong = (float(loss_of(outputs(r), labels, kinds, config)) for r in ([0.1, -0.1], [-0.1, 0.1]))
    without = replace(config, pairwise_weight=0.0)
    gap = wrong - right
    plain = [float(loss_of(outputs(r), labels, kinds, without)) for r in ([-0.1, 0.1], [0.1, -0.1])]
    assert gap > plain[0] - plain[1] + 0.5


def test_thinning_leaves_validation_and_test_alone():
    given = examples(200)
    kept = thin(given, 0.25)
    assert [e for e in kept if e.split != "train"] == [e for e in given if e.split != "train"]
    assert 10 < sum(e.split == "train" for e in kept) < 60
    assert thin(given, 1.0) == given
