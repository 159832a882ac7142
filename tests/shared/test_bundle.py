"""A bundle comes back as it was written; a damaged or foreign one is refused with a BundleError."""

import hashlib

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import bundle
from shared.bundle import MAX_BUNDLE, pack_bundle, read_bundle, write_bundle
from shared.errors import BundleError
from shared.made_tools import FIGURES, Certificate, pack
from shared.signing import SigningKey
from shared.spaces import layout_hash
from sim.made import made_tools
from tests.shared.samples import OOD, manifest

ONNX = b"not really a network" * 500
KEY = SigningKey(bytes(range(32)))
OTHER = SigningKey(bytes(32))
DATA = pack_bundle(manifest(), ONNX, KEY)


def rewritten(top=None, key=KEY, **changes):
    """The bundle with other fields, by somebody who holds the key."""
    raw = msgpack.unpackb(DATA)
    packed = msgpack.packb(msgpack.unpackb(raw["manifest"]) | changes)
    signed = {"manifest": packed, "signature": key.sign(packed), "signer": key.public}
    return msgpack.packb(raw | signed | (top or {}))


def test_round_trip(tmp_path):
    path = tmp_path / "policies" / "7.bundle"
    data = write_bundle(path, manifest(), ONNX, KEY)
    assert path.read_bytes() == data
    assert [p.name for p in path.parent.iterdir()] == ["7.bundle"]
    found = read_bundle(data)
    assert found.onnx == ONNX
    assert found.signer == KEY.public
    assert found.manifest.gate == {"violations": 0.0}
    assert found.manifest.ood == OOD
    assert found.manifest.version == 7
    assert found.manifest.eval == {"success/nod": 0.95, "return": 1.5}
    assert found.manifest.layout_hash == layout_hash()
    assert found.manifest.sha256 == hashlib.sha256(ONNX).hexdigest()
    assert np.array_equal(found.manifest.golden_obs, manifest().golden_obs)
    for name, array in manifest().golden_outputs.items():
        assert np.array_equal(found.manifest.golden_outputs[name], array)
        assert found.manifest.golden_outputs[name].dtype == np.float32


def packed_tool(key):
    """A made tool that this key vouches for."""
    figures = dict.fromkeys(FIGURES, 0.0)
    return pack(made_tools()[0], {}, Certificate.signed(made_tools()[0].digest, figures, key))


def test_made_tools_travel_with_the_policy_that_chooses_them():
    data = pack_bundle(manifest(tools=(packed_tool(KEY),)), ONNX, KEY)
    (tool,) = read_bundle(data, {KEY.public}).tools
    assert tool.program == made_tools()[0]
    assert read_bundle(DATA).tools == ()


@pytest.mark.parametrize(
    ("tools", "why"),
    [
        ([packed_tool(OTHER)], r"tools\[0\]: bow: no trusted key has signed"),
        ([packed_tool(KEY), b"{}"], r"tools\[1\]: not a made tool"),
        (
            [packed_tool(KEY).replace(b"16.0", b"15.0")],
            r"tools\[0\]: bow: the certificate is for another program",
        ),
        ([7], r"tools\[0\]: expected bytes, got int"),
        ([packed_tool(KEY)] * 9, "9 made tools; at most 8"),
        ({}, "expected list, got dict"),
    ],
)
def test_made_tools_that_nobody_vouches_for_make_the_bundle_worthless(tools, why):
    with pytest.raises(BundleError, match=why):
        read_bundle(rewritten(tools=tools), {KEY.public})


def test_another_layout_is_refused_with_both_hashes_named():
    with pytest.raises(BundleError, match=f"layout feedfeedfeedfeed, but here it is {layout_hash()}"):
        read_bundle(rewritten(layout_hash="feedfeedfeedfeed"))


def test_only_the_keys_that_are_trusted_count():
    assert read_bundle(DATA, {OTHER.public, KEY.public}).signer == KEY.public
    for trusted in ((), {OTHER.public}):
        with pytest.raises(BundleError, match=f"keys trust learner {KEY.public.hex()}"):
            read_bundle(DATA, trusted)
    with pytest.raises(BundleError, match="not trusted here"):
        read_bundle(rewritten(key=OTHER), {KEY.public})


def test_a_signature_says_what_it_is_for():
    raw = msgpack.unpackb(DATA)
    bare = KEY._key().sign(raw["manifest"])
    with pytest.raises(BundleError, match="changed after signing"):
        read_bundle(msgpack.packb(raw | {"signature": bare}))


def test_a_manifest_is_not_read_before_its_signature_is_right(monkeypatch):
    monkeypatch.setattr(bundle, "_manifest", lambda raw: pytest.fail("read"))
    with pytest.raises(BundleError, match="changed after signing"):
        read_bundle(rewritten({"signature": bytes(64)}))


def test_another_network_than_the_manifest_says():
    with pytest.raises(BundleError, match="has sha256"):
        read_bundle(rewritten({"onnx": ONNX + b"!"}))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "damaged"),
        (b"\xc1", "damaged"),
        (DATA[:-1], "damaged"),
        (DATA + b"\x00", "damaged"),
        (b"\x91" * 100_000, "damaged"),
        (msgpack.packb([1, 2]), "expected the fields"),
        (msgpack.packb({"format": 3}), "expected the fields"),
        (msgpack.packb({}), "bundle format None"),
        (b"\xdd\xff\xff\xff\xff", "damaged"),
        (b"\xdf\xff\xff\xff\xff", "damaged"),
        (b"\x00" * (MAX_BUNDLE + 1), "at most"),
        (rewritten({"format": 1}), "format 1"),
        (rewritten({"format": True}), "format True"),
        (rewritten({"onnx": b""}), "without a network"),
        (rewritten({"onnx": "text"}), "without a network"),
        (rewritten({"manifest": None}), "malformed signature"),
        (rewritten({"signature": b""}), "malformed signature"),
        (rewritten({"signer": b"x" * 33}), "malformed signature"),
        (rewritten({"signer": OTHER.public}), "changed after signing"),
        (rewritten({"signature": KEY.sign(b"another")}), "changed after signing"),
        (rewritten({"more": 1}), "expected the fields"),
        (rewritten(extra=1), "expected the fields"),
        (rewritten(version=0), "out of range"),
        (rewritten(version="7"), "expected int"),
        (rewritten(parent=-1), "out of range"),
        (rewritten(created_unix_s=float("nan")), "not finite"),
        (rewritten(limits_profile=0.0), "outside"),
        (rewritten(limits_profile=1.5), "outside"),
        (rewritten(limits_profile=1e-9), "outside"),
        (rewritten(limits_profile=float("nan")), "outside"),
        (rewritten(sha256="abc"), "malformed hash"),
        (rewritten(eval={"a": float("inf")}), "not finite"),
        (rewritten(eval={"a": "b"}), "names to numbers"),
        (rewritten(eval={str(k): 0.0 for k in range(1000)}), "at most"),
        (rewritten(gate={"a": float("nan")}), r"gate\['a'\] is not finite"),
        (rewritten(ood=[1]), "ood: expected the fields"),
        (rewritten(golden_obs=b"\x00" * 7), "golden_obs is not"),
        (rewritten(golden_obs=np.full((4, 512), np.nan, "<f4").tobytes()), "not finite"),
        (rewritten(golden_outputs={}), "expected the fields"),
    ],
)
def test_bad_bundles(data, why):
    with pytest.raises(BundleError, match=why):
        read_bundle(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 0}, {"limits_profile": 2.0}, {"eval": {"a": "not a number"}},
        {"created_unix_s": float("inf")},
        {"golden_obs": np.zeros((4, 511), np.float32)}, {"golden_outputs": {"value": np.zeros(4)}},
        {"ood": {"mean": object()}},
    ],
)  # fmt: skip
def test_nobody_can_write_what_nobody_could_read(changes, tmp_path):
    with pytest.raises(BundleError):
        write_bundle(tmp_path / "x.bundle", manifest(**changes), ONNX, KEY)
    assert not (tmp_path / "x.bundle").exists()


def test_a_network_that_is_too_large(monkeypatch):
    monkeypatch.setattr(bundle, "MAX_BUNDLE", 1000)
    with pytest.raises(BundleError, match="at most 1000"):
        pack_bundle(manifest(), ONNX, KEY)


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(position, flip):
    mutated = bytearray(DATA)
    mutated[position] ^= flip
    with pytest.raises(BundleError):
        read_bundle(bytes(mutated))


@given(st.binary(max_size=400))
def test_random_bytes(data):
    with pytest.raises(BundleError):
        read_bundle(data)
