import hashlib
from dataclasses import replace

import numpy as np
import pytest

from robot_agent.bundles import KEEP, BundleFolder, Pull
from robot_agent.inference import OnnxPolicy, load_policy
from robot_agent.rehearsal import REHEARSAL_KEY, bundle_of, random_bundle, random_policy
from shared.bundle import MAX_BUNDLE, pack_bundle, read_bundle
from shared.errors import BundleError
from shared.messages import Chunk, PolicyNotice


@pytest.fixture(scope="module")
def good():
    return random_bundle(5)


@pytest.fixture
def folder(tmp_path):
    return BundleFolder(tmp_path / "bundles")


def test_a_network_that_computes_something_else_is_refused(good):
    bundle = read_bundle(good)
    outputs = {name: array.copy() for name, array in bundle.manifest.golden_outputs.items()}
    outputs["value"][2] += 0.01
    liar = read_bundle(
        pack_bundle(replace(bundle.manifest, golden_outputs=outputs), bundle.onnx, REHEARSAL_KEY)
    )
    with pytest.raises(BundleError, match="value differs from its golden vectors"):
        load_policy(liar)


def rewritten(change):
    """A signed bundle around a network whose last layer was changed."""
    import onnx
    from onnx import numpy_helper

    model = onnx.ModelProto.FromString(random_policy(3))
    for tensor in model.graph.initializer:
        if tensor.name in ("w2", "b2", "log_std"):
            array = change(tensor.name, numpy_helper.to_array(tensor).copy())
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return read_bundle(bundle_of(model.SerializeToString(), 5))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda name, array: array * (name != "w2"), "answers every observation alike"),
        (lambda name, array: array * (1e6 if name == "w2" else 1), "at most 1000"),
        (lambda name, array: array + 50.0 * (name == "log_std"), "acts at random"),
    ],
)
def test_what_it_computes_must_make_sense(change, reason):
    with pytest.raises(BundleError, match=reason):
        load_policy(rewritten(change))


def test_bytes_that_are_no_network_are_refused(good):
    bundle = read_bundle(good)
    with pytest.raises(BundleError, match="cannot load"):
        OnnxPolicy(b"\x08\x07 no network", 5)
    other = read_bundle(pack_bundle(bundle.manifest, b"no network either", REHEARSAL_KEY))
    with pytest.raises(BundleError, match="cannot load"):
        load_policy(other)


def test_a_policy_computes_in_batches():
    policy = OnnxPolicy(random_policy(1), 1)
    obs = np.random.default_rng(0).normal(size=(5, 512)).astype(np.float32)
    together, alone = policy(obs), policy(obs[2:3])
    assert together.tool_logits.shape == (5, 20)
    np.testing.assert_allclose(together.param_mean[2], alone.param_mean[0], atol=1e-5)


def test_the_disk_does_not_fill_up(folder, good):
    for version in range(1, KEEP + 4):
        folder.keep(version, good)
    assert folder.versions() == list(range(4, KEEP + 4))
    assert folder.read(6) == good
    folder.keep_only({4, 9, 11})
    assert folder.versions() == [4, 9, *range(11, KEEP + 4)], "newer ones may still be tried"
    for version in folder.versions():
        folder.reject(version)
    assert folder.versions() == []
    folder.reject(3)
    assert [folder.has(version) for version in (KEEP, KEEP + 3)] == [False, True]


def chunks(data, size):
    return [Chunk(5, at, data[at : at + size]) for at in range(0, len(data), size)]


def test_a_pull_asks_for_the_next_byte_and_gives_the_whole(good):
    pull = Pull(PolicyNotice(5, len(good), hashlib.sha256(good).hexdigest()))
    *most, last = chunks(good, 100_000)
    for chunk in most:
        assert pull.request.offset == chunk.offset
        assert pull.add(chunk) is None
        assert pull.add(chunk) is None, "a chunk that comes twice changes nothing"
    assert pull.add(Chunk(4, last.offset, last.data)) is None, "a chunk of another version neither"
    assert pull.add(last) == good


def test_a_pull_refuses_lies(good):
    digest = hashlib.sha256(good).hexdigest()
    for size in (0, -1, MAX_BUNDLE + 1):
        with pytest.raises(BundleError, match="at most"):
            Pull(PolicyNotice(5, size, digest))
    with pytest.raises(BundleError, match="chunk of"):
        Pull(PolicyNotice(5, 10, digest)).add(Chunk(5, 0, good[:11]))
    with pytest.raises(BundleError, match="chunk of 0"):
        Pull(PolicyNotice(5, 10, digest)).add(Chunk(5, 0, b""))
    with pytest.raises(BundleError, match="SHA-256"):
        Pull(PolicyNotice(5, 10, digest)).add(Chunk(5, 0, good[:10]))
