import hashlib
import os
import time
from dataclasses import replace

import numpy as np
import pytest

from robot_agent.bundles import KEEP, BundleFolder, BundleWatch, Pull
from robot_agent.inference import OnnxPolicy, load_policy
from robot_agent.rehearsal import random_bundle, random_policy
from shared.bundle import MAX_BUNDLE, pack_bundle, read_bundle
from shared.errors import BundleError
from shared.messages import Chunk, PolicyNotice


@pytest.fixture(scope="module")
def good():
    return random_bundle(5)


@pytest.fixture
def folder(tmp_path):
    return BundleFolder(tmp_path / "bundles")


def of_another_layout():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.bundle.layout_hash", lambda: "0123456789abcdef")
        return random_bundle(5)


def scan(folder, version, data):
    folder.keep(version, data)
    watch = BundleWatch(folder)
    watch.scan()
    return watch


def test_a_good_bundle_is_ready_at_once(folder, good):
    watch = scan(folder, 5, good)
    policy = watch.take()
    assert policy.version == 5
    assert watch.rejected == (0, "")
    assert watch.take() is None
    watch.scan()
    assert watch.take() is None, "the same version is not loaded twice"


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data: data[: len(data) // 2], "damaged"),
        (lambda data: b"", "damaged"),
        (lambda data: os.urandom(5000), ""),
        (lambda data: flipped(data, len(data) - 1000), "sha256"),
        (lambda data: of_another_layout(), "0123456789abcdef"),
        (lambda data: random_bundle(6), "announced as v5"),
    ],
)
def test_a_bad_bundle_is_refused_for_good_and_the_one_before_is_kept(folder, good, spoil, reason):
    folder.keep(4, random_bundle(4))
    watch = scan(folder, 5, spoil(good))
    assert watch.take().version == 4
    assert watch.rejected[0] == 5
    assert reason in watch.rejected[1]
    assert folder.versions() == [4]
    assert folder.has(5), "not pulled again"


def test_a_network_that_computes_something_else_is_refused(good):
    bundle = read_bundle(good)
    outputs = {name: array.copy() for name, array in bundle.manifest.golden_outputs.items()}
    outputs["value"][2] += 0.01
    liar = read_bundle(pack_bundle(replace(bundle.manifest, golden_outputs=outputs), bundle.onnx))
    with pytest.raises(BundleError, match="value differs from its golden vectors"):
        load_policy(liar)


def test_bytes_that_are_no_network_are_refused(good):
    bundle = read_bundle(good)
    with pytest.raises(BundleError, match="cannot load"):
        OnnxPolicy(b"\x08\x07 no network", 5)
    other = read_bundle(pack_bundle(bundle.manifest, b"no network either"))
    with pytest.raises(BundleError, match="cannot load"):
        load_policy(other)


def test_a_policy_computes_in_batches():
    policy = OnnxPolicy(random_policy(1), 1)
    obs = np.random.default_rng(0).normal(size=(5, 512)).astype(np.float32)
    together, alone = policy(obs), policy(obs[2:3])
    assert together.tool_logits.shape == (5, 20)
    np.testing.assert_allclose(together.param_mean[2], alone.param_mean[0], atol=1e-5)


def test_only_the_newest_are_kept(folder, good):
    for version in range(1, KEEP + 4):
        folder.keep(version, good)
    assert folder.versions() == [4, 5, 6]
    assert folder.read(6) == good


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


def test_the_thread_notices_what_arrives(folder, good):
    watch = BundleWatch(folder)
    watch.start()
    try:
        folder.keep(5, good)
        deadline = time.monotonic() + 10.0
        while (policy := watch.take()) is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert policy.version == 5
    finally:
        watch.close()


def test_one_that_fails_in_use_leaves_the_place_to_an_older_one(folder):
    folder.keep(4, random_bundle(4))
    watch = scan(folder, 5, random_bundle(5))
    assert watch.take().version == 5
    watch.reject(5, "failed in use")
    watch.scan()
    assert watch.take().version == 4
    assert watch.rejected == (5, "failed in use")
