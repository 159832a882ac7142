"""The default model as it ships."""

import subprocess
import sys

import pytest

from learner.reward.backends import SHIPPED, open_model
from learner.reward.model import Context, Remark
from learner.reward.networks.model_files import read_manifest

CONTEXT = Context("nod", "nod", speed_deg_s=60.0, range_deg=25.0, outcome="success")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return open_model("minilm", tmp_path_factory.mktemp("data"))


def reward(model, text, context=None):
    return model.judge([Remark(text, None, context)])[0].reward


def test_it_knows_good_from_bad(model):
    for text in ("great", "that was a beautiful nod", "perfect, exactly what I wanted"):
        assert reward(model, text, CONTEXT) > 0.3
    for text in ("terrible", "that was awful", "no, that is wrong"):
        assert reward(model, text, CONTEXT) < -0.2
    assert reward(model, "nice but too fast", CONTEXT) < reward(model, "nice", CONTEXT) - 0.3


def test_it_knows_what_is_no_judgement(model):
    command, description = model.judge(
        [Remark("turn left", None, CONTEXT), Remark("the duck is yellow", None, CONTEXT)]
    )
    assert (command.kind, description.kind) == ("command", "description")
    assert command.abstained
    assert description.abstained


def test_length_alone_earns_nothing(model):
    filler = "and then we talked about the weather for a while"
    short, long = reward(model, "bad"), reward(model, f"{filler} {filler} bad {filler}")
    assert long < 0.1
    assert short < 0.0


def test_what_ships_is_small():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 8 * 2**20


def test_serving_needs_no_pytorch(tmp_path):
    code = (
        "import sys; from pathlib import Path; from learner.reward.backends import open_model;"
        "from learner.reward.model import Remark;"
        "open_model('minilm', Path(sys.argv[1])).judge([Remark('good')]);"
        "assert 'torch' not in sys.modules, 'torch'; assert 'transformers' not in sys.modules, 'transformers'"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=120)


def test_the_merged_model_is_made_once(tmp_path):
    open_model("minilm", tmp_path)
    kept = sorted((tmp_path / "reward" / "cache").iterdir())
    made = [path.stat().st_mtime_ns for path in kept]
    assert len(made) == read_manifest(SHIPPED).members
    open_model("minilm", tmp_path)
    assert [path.stat().st_mtime_ns for path in kept] == made
