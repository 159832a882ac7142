"""A model folder: whole, reloadable to the last digit, resumable, and refused when damaged."""

import json
from dataclasses import replace

import numpy as np
import pytest

from learner.reward.backends import open_model
from learner.reward.backends.gemma import load_network
from learner.reward.model import Remark
from learner.reward.networks.bases import load_base
from learner.reward.networks.fitting import fit_model
from learner.reward.networks.model_files import MANIFEST, read_manifest, weights_path
from learner.reward.networks.network import Lora
from learner.reward.networks.train import Interrupted, TrainConfig, numbers
from shared.errors import ConfigError
from tests.learner.reward.conftest import NOD, examples

TINY = TrainConfig(lora=Lora(4, 8), epochs=5, lr=5e-3, head_lr=2e-2, batch_size=8)
REMARKS = [Remark("it was good", None, NOD), Remark("awful"), Remark("the " * 40 + "poor", None, NOD)]


def rewards(model):
    return np.array([[j.reward, j.low, j.high] for j in model.judge(REMARKS)])


@pytest.mark.parametrize("lora", [Lora(4, 8), None], ids=["lora", "full"])
def test_minilm_is_written_and_opened_again(tiny_bert_folder, tmp_path, lora):
    config = replace(TINY, base=str(tiny_bert_folder), lora=lora)
    manifest = fit_model(config, examples(), tmp_path / "m", data_dir=tmp_path)
    assert sorted(p.name for p in (tmp_path / "m").iterdir()) == [MANIFEST, "weights-0.safetensors"]
    assert manifest.training["test"]["robot"]["r"] > 0.9
    first = open_model(str(tmp_path / "m"), tmp_path)
    again = open_model(str(tmp_path / "m"), tmp_path)
    np.testing.assert_allclose(rewards(first), rewards(again), atol=1e-6)
    assert first.version == again.version
    good, bad, _ = first.judge(REMARKS)
    assert good.reward > 0.3 > -0.3 > bad.reward


def test_a_decoder_keeps_its_head_and_adapters(decoder_folder, tmp_path):
    config = replace(TINY, backend="gemma", base=str(decoder_folder))
    kept = {}

    def watch(network, *args, **kwargs):
        kept["network"] = network
        return numbers(network, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("learner.reward.networks.fitting.numbers", watch)
        manifest = fit_model(config, examples(), tmp_path / "m")
    base = load_base("gemma", str(decoder_folder))
    reloaded = load_network(tmp_path / "m", manifest, 0, base)
    rows = [base.tokens.encode(r.text, "") for r in REMARKS]
    expected = numbers(kept["network"], rows, base.pad_id)
    assert np.abs(expected[:, 0]).max() > 0.05
    got = numbers(reloaded, rows, base.pad_id)
    np.testing.assert_allclose(np.tanh(got[:, 0]), np.tanh(expected[:, 0]), atol=1e-6)
    np.testing.assert_allclose(got, expected, atol=1e-5)
    alone = np.concatenate([numbers(reloaded, [row], base.pad_id) for row in rows])
    np.testing.assert_allclose(alone, expected, atol=1e-5)
    served = open_model(f"gemma:{tmp_path / 'm'}")
    together, apart = rewards(served), [served.judge([r])[0].reward for r in REMARKS]
    np.testing.assert_allclose(together[:, 0], apart, atol=1e-5)


def test_members_answer_together_and_an_interrupted_run_keeps_the_finished_ones(tiny_bert_folder, tmp_path):
    config = replace(TINY, base=str(tiny_bert_folder), epochs=1)
    whole = tmp_path / "whole"
    fit_model(config, examples(), whole, members=2)
    halves, seen = tmp_path / "halves", []

    def note(member, _):
        seen.append(member)

    with pytest.raises(Interrupted):
        fit_model(config, examples(), halves, members=2, report=note, stop=lambda: 1 in seen)
    assert not (halves / MANIFEST).exists()
    assert (halves / "weights-0.safetensors").exists()
    seen.clear()
    fit_model(config, examples(), halves, members=2, report=note)
    assert set(seen) == {1}
    np.testing.assert_allclose(
        rewards(open_model(str(whole), tmp_path)), rewards(open_model(str(halves), tmp_path)), atol=1e-5
    )
    one = tmp_path / "one"
    fit_model(config, examples(), one)
    assert (
        np.abs(rewards(open_model(str(one), tmp_path)) - rewards(open_model(str(whole), tmp_path))).max()
        > 1e-4
    )


@pytest.fixture
def folder(tiny_bert_folder, tmp_path):
    fit_model(replace(TINY, base=str(tiny_bert_folder), epochs=1), examples(), tmp_path / "m")
    return tmp_path / "m"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 2}, "format 2"),
        ({"encoding": 99}, "encoding 99"),
        ({"backend": "gpt"}, "backend 'gpt'"),
        ({"members": 0}, "members: 0"),
        ({"lora_rank": "x"}, "lora_rank"),
        ({"intervals": {"plain": float("nan"), "context": 1.0}}, "intervals.plain"),
        ({"intervals": {"plain": 1.0, "odd": 1.0}}, "odd"),
        ({"base": 3}, "base must be a text"),
        ({"surplus": 1}, "surplus"),
        ({"members": 2}, "weights-1.safetensors is missing"),
        ({"lora_rank": 8}, None),
    ],
)
def test_a_damaged_manifest_is_refused(folder, tmp_path, change, complaint):
    given = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(given | change))
    if complaint is None:  # another scale of the same adapters is another model, not the same from the cache
        assert open_model(str(folder), tmp_path).version != ""
        return
    with pytest.raises(ConfigError, match=complaint):
        open_model(str(folder), tmp_path)


def test_damaged_weights_are_refused(folder, tmp_path):
    weights_path(folder, 0).write_bytes(b"\x00" * 64)
    with pytest.raises(ConfigError, match="do not fit"):
        open_model(str(folder), tmp_path)


def test_no_model_is_said(tmp_path):
    with pytest.raises(ConfigError, match="no reward model in"):
        read_manifest(tmp_path)
    with pytest.raises(ConfigError, match="give one of buttons, lexicon"):
        open_model("nonsense", tmp_path)
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(ConfigError, match="not JSON"):
        open_model(str(tmp_path), tmp_path)


def test_no_data_is_said(tmp_path):
    with pytest.raises(ConfigError, match="no examples to train"):
        fit_model(TINY, [], tmp_path / "m")
