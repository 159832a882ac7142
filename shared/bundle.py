"""A policy bundle: one file with the exported network and all that is needed to refuse it.

msgpack of {format, manifest, signature, signer, onnx}. The signature over the packed manifest is checked
before anything in the manifest is read; the manifest holds the hash of the network's bytes and the layout's
hash, which are compared before anybody hands the bytes to an inference engine. Golden vectors then show that
the engine computes what was trained.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from shared.control.limits import MIN_PROFILE
from shared.control.ood import unpack_ood
from shared.errors import BundleError, ProgramError, UnknownSigner
from shared.files import write_atomic
from shared.made_tools import Validated, unpack
from shared.signing import KEY_BYTES, SIGNATURE_BYTES, SigningKey, verify
from shared.spaces import NUM_PARAMS, NUM_TOOLS, OBS_DIM, layout_hash
from shared.tools import MADE_PLACES

FORMAT = 3
MAX_BUNDLE = 16 * 1024 * 1024
"""Bytes of one bundle."""
GOLDEN_ROWS = 4
_MAX_METRICS = 256
_MAX_ITEMS = 4096
"""Of any list or mapping in a bundle."""

F32 = NDArray[np.float32]


_OBS_SHAPE = (GOLDEN_ROWS, OBS_DIM)
_OUTPUT_SHAPES: dict[str, tuple[int, ...]] = {
    "tool_logits": (GOLDEN_ROWS, NUM_TOOLS),
    "param_mean": (GOLDEN_ROWS, NUM_TOOLS, NUM_PARAMS),
    "param_log_std": (NUM_TOOLS, NUM_PARAMS),
    "value": (GOLDEN_ROWS,),
}


@dataclass(frozen=True)
class Manifest:
    """What a bundle says about itself."""

    version: int
    """From 1, rising."""
    parent: int
    """Version it was trained on from; 0 = none."""
    created_unix_s: float
    eval: Mapping[str, float]
    """Figures of the evaluation it passed."""
    golden_obs: F32
    """(4, 512) inputs."""
    golden_outputs: Mapping[str, F32]
    """What the trainer's own network answers to them: tool_logits (4, 20), param_mean (4, 20, 4),
    param_log_std (20, 4), value (4,)."""
    limits_profile: float = 1.0
    """Motion limits are scaled by this, in [`MIN_PROFILE`, 1]."""
    gate: Mapping[str, float] = field(default_factory=dict)
    """Figures of the simulated gate that it passed before any robot may have it."""
    ood: Mapping[str, Any] | None = None
    """What observations looked like in training (`shared.control.ood`); None = not known."""
    tools: tuple[bytes, ...] = ()
    """Made tools by `run_made`'s place, as `shared.made_tools.pack` makes them, by whom the bundle is."""
    layout_hash: str = ""
    """Filled in when written."""
    sha256: str = ""
    """Of the network's bytes, hex; filled in when written."""


@dataclass(frozen=True)
class Bundle:
    """A bundle that passed every check that needs no inference engine."""

    manifest: Manifest
    onnx: bytes
    signer: bytes
    """Public key of the one who signed it."""
    tools: tuple[Validated, ...] = ()
    """The made tools that it chooses from, by place; each was tried by the bundle's signer."""


def pack_bundle(manifest: Manifest, onnx: bytes, key: SigningKey) -> bytes:
    """The bundle's bytes; layout hash, network hash and signature are computed here.

    Raises:
        BundleError: a field that `read_bundle` would refuse.
    """
    try:
        body: dict[str, Any] = {
            "version": int(manifest.version),
            "parent": int(manifest.parent),
            "created_unix_s": float(manifest.created_unix_s),
            "eval": {str(name): float(value) for name, value in manifest.eval.items()},
            "limits_profile": float(manifest.limits_profile),
            "gate": {str(name): float(value) for name, value in manifest.gate.items()},
            "tools": [bytes(tool) for tool in manifest.tools],
            "ood": None if manifest.ood is None else dict(manifest.ood),
            "layout_hash": layout_hash(),
            "sha256": hashlib.sha256(onnx).hexdigest(),
            "golden_obs": np.ascontiguousarray(manifest.golden_obs, "<f4").tobytes(),
            "golden_outputs": {
                name: np.ascontiguousarray(array, "<f4").tobytes()
                for name, array in manifest.golden_outputs.items()
            },
        }
        packed: bytes = msgpack.packb(body, use_bin_type=True)
    except (TypeError, ValueError, OverflowError) as error:
        raise BundleError(f"manifest: {error}") from None
    frame = {
        "format": FORMAT,
        "manifest": packed,
        "signature": key.sign(packed),
        "signer": key.public,
        "onnx": onnx,
    }
    data: bytes = msgpack.packb(frame, use_bin_type=True)
    read_bundle(data)
    return data


def write_bundle(path: Path, manifest: Manifest, onnx: bytes, key: SigningKey) -> bytes:
    """Write the bundle atomically and return its bytes.

    Raises:
        BundleError: a field that `read_bundle` would refuse.
    """
    data = pack_bundle(manifest, onnx, key)
    write_atomic(path, data)
    return data


def read_bundle(data: bytes, trusted: Collection[bytes] | None = None) -> Bundle:
    """Check a bundle's bytes.

    Args:
        data: the whole file.
        trusted: public keys of those who may sign; None takes anybody's, for files that are only looked at.

    Raises:
        UnknownSigner: signed with a key that is not among the trusted ones.
        BundleError: too large, damaged, changed after signing, of another format or layout, or with a hash
            that does not match.
    """
    if len(data) > MAX_BUNDLE:
        raise BundleError(f"bundle of {len(data)} bytes; at most {MAX_BUNDLE}")
    top = _unpacked(data)
    if isinstance(top, dict) and (type(top.get("format")) is not int or top["format"] != FORMAT):
        raise BundleError(f"bundle format {top.get('format')!r:.40}, but this side reads {FORMAT}; update it")
    top = _mapping(top, {"format", "manifest", "signature", "signer", "onnx"}, "bundle")
    packed = _signed(top, trusted)
    onnx = top["onnx"]
    if not isinstance(onnx, bytes) or not onnx:
        raise BundleError("bundle without a network")
    manifest = _manifest(_unpacked(packed))
    here = layout_hash()
    if manifest.layout_hash != here:
        raise BundleError(
            f"policy {manifest.version} was made for layout {manifest.layout_hash}, but here it is {here}; "
            "bring robot and learner to the same version"
        )
    found = hashlib.sha256(onnx).hexdigest()
    if manifest.sha256 != found:
        raise BundleError(f"policy {manifest.version}: network has sha256 {found}, not {manifest.sha256}")
    return Bundle(manifest, onnx, top["signer"], _tools(manifest, top["signer"]))


def _signed(top: Mapping[str, Any], trusted: Collection[bytes] | None) -> bytes:
    """The packed manifest, once its signature has shown whose it is."""
    packed, signature, signer = top["manifest"], top["signature"], top["signer"]
    sizes = ((packed, None), (signature, SIGNATURE_BYTES), (signer, KEY_BYTES))
    if any(not isinstance(part, bytes) or (size and len(part) != size) for part, size in sizes):
        raise BundleError("bundle with a malformed signature")
    if trusted is not None and signer not in trusted:
        raise UnknownSigner(
            f"the bundle is signed with the key {signer.hex()}, which is not trusted here; if it is your "
            f"learner's: reachy-coach keys trust learner {signer.hex()}"
        )
    if not verify(signer, signature, packed):
        raise BundleError("the bundle's signature does not match its manifest: it was changed after signing")
    checked: bytes = packed
    return checked


def _unpacked(data: bytes) -> object:
    try:
        return msgpack.unpackb(
            data, raw=False, strict_map_key=True, max_array_len=_MAX_ITEMS, max_map_len=_MAX_ITEMS
        )
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise BundleError(f"damaged bundle: {type(error).__name__}: {str(error)[:200]}") from None


def _manifest(raw: object) -> Manifest:
    body = _mapping(raw, {field.name for field in fields(Manifest)}, "manifest")
    for name, kind in _KINDS.items():
        if type(body[name]) is not kind:
            raise BundleError(f"manifest.{name}: expected {kind.__name__}, got {type(body[name]).__name__}")
    if not 1 <= body["version"] < 2**31 or not 0 <= body["parent"] < 2**31:
        raise BundleError(f"manifest: version {body['version']} or parent {body['parent']} is out of range")
    if not math.isfinite(body["created_unix_s"]):
        raise BundleError("manifest.created_unix_s is not finite")
    if not MIN_PROFILE <= body["limits_profile"] <= 1.0:
        raise BundleError(f"manifest.limits_profile {body['limits_profile']} is outside [{MIN_PROFILE}, 1]")
    if len(body["layout_hash"]) > 64 or len(body["sha256"]) != 64:
        raise BundleError("manifest: malformed hash")
    if body["ood"] is not None:
        unpack_ood(body["ood"])
    outputs = _mapping(body["golden_outputs"], set(_OUTPUT_SHAPES), "manifest.golden_outputs")
    checked = {
        "eval": _metrics("eval", body["eval"]),
        "gate": _metrics("gate", body["gate"]),
        "golden_obs": _golden("golden_obs", body["golden_obs"], _OBS_SHAPE),
        "golden_outputs": {
            name: _golden(f"golden_outputs.{name}", outputs[name], _OUTPUT_SHAPES[name])
            for name in _OUTPUT_SHAPES
        },
    }
    return Manifest(**{**body, **checked, "tools": tuple(body["tools"])})


def _tools(manifest: Manifest, signer: bytes) -> tuple[Validated, ...]:
    if len(manifest.tools) > MADE_PLACES:
        raise BundleError(f"manifest.tools: {len(manifest.tools)} made tools; at most {MADE_PLACES}")
    found = []
    for place, data in enumerate(manifest.tools):
        if not isinstance(data, bytes):
            raise BundleError(f"manifest.tools[{place}]: expected bytes, got {type(data).__name__}")
        try:
            found.append(unpack(data, (signer,)))
        except ProgramError as error:
            raise BundleError(f"manifest.tools[{place}]: {error}") from None
    return tuple(found)


_KINDS: dict[str, type] = {
    "version": int,
    "parent": int,
    "created_unix_s": float,
    "limits_profile": float,
    "layout_hash": str,
    "sha256": str,
    "eval": dict,
    "gate": dict,
    "tools": list,
    "golden_obs": bytes,
    "golden_outputs": dict,
}


def _metrics(at: str, raw: dict[Any, Any]) -> dict[str, float]:
    if len(raw) > _MAX_METRICS:
        raise BundleError(f"manifest.{at} has {len(raw)} figures; at most {_MAX_METRICS}")
    for name, value in raw.items():
        if not isinstance(name, str) or len(name) > 256 or type(value) is not float:
            raise BundleError(f"manifest.{at} must map names to numbers")
        if not math.isfinite(value):
            raise BundleError(f"manifest.{at}[{name!r}] is not finite")
    return raw


def _golden(name: str, buffer: object, shape: tuple[int, ...]) -> F32:
    if not isinstance(buffer, bytes) or len(buffer) != 4 * math.prod(shape):
        raise BundleError(f"manifest.{name} is not a float32 array of shape {shape}")
    array = np.frombuffer(buffer, "<f4").reshape(shape).astype(np.float32)
    if not np.isfinite(array).all():
        raise BundleError(f"manifest.{name} holds numbers that are not finite")
    return array


def _mapping(raw: object, names: set[str], at: str) -> dict[str, Any]:
    if not isinstance(raw, dict) or raw.keys() != names:
        raise BundleError(f"{at}: expected the fields {', '.join(sorted(names))}")
    return raw
