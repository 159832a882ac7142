"""Seeded bad policies, properly signed: each is refused, or taken back within two seconds.

`pytest tests/robot_agent/test_bad_policies.py --slow` takes 200 policies and 10,000 mutations.
"""

import collections
from pathlib import Path

import numpy as np
import onnx
import pytest

from robot_agent import inference
from robot_agent.candidates import load
from robot_agent.frames import Kind
from robot_agent.rehearsal import REHEARSAL_KEY, bundle_of, empty_task, random_policy
from robot_agent.trial import examine
from shared.bundle import pack_bundle, read_bundle
from shared.errors import BundleError
from shared.spaces import TICK_S
from tests.robot_agent.bad_policies import FAMILIES, bad_policy
from tests.robot_agent.policies import Plain, chooser, together

TRUSTED = {REHEARSAL_KEY.public}
BACK_S = 2.0
REASONS = {
    "nan_weight": "not finite",
    "infinite_weight": "not finite",
    "huge_logits": "tool_logits reaches",
    "huge_value": "value reaches",
    "deaf": "answers every observation alike",
    "wide": "param_log_std reaches",
    "renamed": "the outputs",
    "another_shape": "param_mean has shape",
    "slow": "at most 3.0 ms",
    "program": "the operator :Loop",
    "other_file": "in another file",
    "saturated": "saturation",
    "later_saturated": "saturation",
    "bang_bang": "oscillation",
    "liar": "differs from its golden vectors",
}


NOWHERE = Path("/nowhere")
"""No made tools are in these bundles."""


def outcome(data, version, bench):
    """`refused`, `shadow` or for how long [s] it moved the robot; and the reason."""
    try:
        examine(data, version, TRUSTED)
    except BundleError as error:
        return "refused", str(error)
    robot, (mind, ledger, source) = bench(), chooser(Plain(1))
    source.coming.append(load(data, TRUSTED, NOWHERE).policy)
    mind.give(empty_task("first", max_decisions=2, seed=version))
    together(robot, mind, 130)
    mind.give(empty_task("second", max_decisions=500, seed=version))
    moved = 0
    for _ in range(400):
        together(robot, mind, 1)
        assert robot.states[-1].violations_applied == 0
        entry = ledger.entry(version)
        if entry is not None and entry.status in ("rejected", "rolled_back"):
            kind = "shadow" if entry.status == "rejected" else round(moved * TICK_S, 2)
            together(robot, mind, 60)
            assert robot.states[-1].violations_applied == 0
            assert kind == "shadow" or robot.core.at_rest, "what it did is cut"
            return kind, entry.reason
        moved += robot.states[-1].kind == Kind.DECISION and ledger.in_use == version
    return "kept", ""


@pytest.mark.parametrize("part", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.timeout(1800)
def test_every_bad_policy_is_refused_or_taken_back_within_two_seconds(bench, part, monkeypatch):
    monkeypatch.setattr(inference, "MAX_LATENCY_MS", 3.0)  # the slow ones are to be so on a fast machine, too
    found = collections.defaultdict(list)
    for seed in range(30) if part == 0 else range(30, 200):
        name, data = bad_policy(seed, version=seed + 2)
        kind, reason = outcome(data, seed + 2, bench)
        assert kind != "kept", f"{name} {seed} was kept"
        assert isinstance(kind, str) or kind <= BACK_S, f"{name} {seed}: {kind} s, {reason}"
        found[name].append((kind, reason))
    assert len(found) == len(FAMILIES)
    print(*(f"{name}: {[kind for kind, _ in rows]}" for name, rows in found.items()), sep="\n")
    for name in ("later_saturated", "bang_bang"):
        assert all(isinstance(kind, float) for kind, _ in found[name]), "it was to come into use"
    assert all(kind == "shadow" for kind, _ in found["saturated"])
    for name, words in REASONS.items():
        assert all(words in reason for _, reason in found[name]), found[name]


@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_mutated_bundle_reaches_the_inference_engine(count, monkeypatch):
    good = bundle_of(random_policy(1, hidden=(8,)), 5)
    rng = np.random.default_rng(count)
    mutated = [mutation(good, rng) for _ in range(count)]
    loaded = []
    monkeypatch.setattr(inference.onnxruntime, "InferenceSession", lambda *what, **more: loaded.append(what))
    for data in mutated:
        with pytest.raises(BundleError):
            examine(data, 5, TRUSTED)
    assert loaded == []


def mutation(good, rng):
    """Bytes flipped, cut out, doubled or inserted; or a network changed by somebody with the key."""
    data, at = bytearray(good), int(rng.integers(len(good)))
    length = int(rng.integers(1, 200))
    match int(rng.integers(6)):
        case 0:
            data[at] ^= int(rng.integers(1, 256))
        case 1:
            for _ in range(length):
                data[int(rng.integers(len(data)))] ^= int(rng.integers(1, 256))
        case 2:
            del data[at : at + length]
        case 3:
            data[at:at] = data[at : at + length] or b"more"
        case 4:
            data[at:at] = rng.bytes(length)
        case _:
            return resigned(good, rng)
    return bytes(data) if bytes(data) != good else good[:-1]


def resigned(good, rng):
    bundle = read_bundle(good)
    model = onnx.ModelProto.FromString(bundle.onnx)
    graph = model.graph
    node, tensor = (
        graph.node[rng.integers(len(graph.node))],
        graph.initializer[rng.integers(len(graph.initializer))],
    )
    match int(rng.integers(8)):
        case 0:
            node.op_type = str(rng.choice(["Loop", "If", "Scan", "NonZero", "Expand", "Custom"]))
        case 1:
            node.domain = "com.microsoft"
        case 2:
            tensor.data_location = 1
            tensor.external_data.add(key="location", value="../secret")
        case 3:
            tensor.raw_data = tensor.raw_data[: rng.integers(len(tensor.raw_data))]
        case 4:
            tensor.dims.append(int(rng.integers(2, 2**40)))
        case 5:
            graph.input.add().name = "more"
        case 6:
            model.opset_import[0].version = int(rng.choice([1, 7, 30, 2**40]))
        case _:
            return pack_bundle(bundle.manifest, bundle.onnx + rng.bytes(20), REHEARSAL_KEY)
    return pack_bundle(bundle.manifest, model.SerializeToString(), REHEARSAL_KEY)
