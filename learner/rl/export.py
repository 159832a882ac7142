"""The policy as an ONNX file: normaliser inside, named inputs and outputs, dynamic batch, no external data.

The graph is built node by node: a dozen operators, and no dependence on which exporter torch ships.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from learner.rl.networks import LOG_STD_MAX, LOG_STD_MIN, LOGIT_SCALE, MATCH, ActorCritic
from shared.spaces import CLIP, NUM_PARAMS, NUM_TOOLS, OBS_DIM

OPSET = 17
"""Every onnxruntime since 1.12 knows it."""
IR_VERSION = 8

OUTPUTS = ("tool_logits", "param_mean", "param_log_std", "value")


def to_onnx(model: ActorCritic) -> bytes:
    """Input `obs` [B, 512]; outputs `tool_logits` [B, 20], `param_mean` [B, 20, 4], `param_log_std` [20, 4],
    `value` [B].
    """
    initializers: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []

    def constant(name: str, array: NDArray) -> str:  # type: ignore[type-arg]
        initializers.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def add(op: str, inputs: list[str], output: str) -> str:
        nodes.append(helper.make_node(op, inputs, [output], output))
        return output

    def net(prefix: str, x: str) -> str:
        layers = getattr(model, prefix)
        for depth, index in enumerate((0, 2, 4)):
            layer = layers[index]
            weight = constant(f"{prefix}.{depth}.weight", layer.weight.detach().numpy().T)
            bias = constant(f"{prefix}.{depth}.bias", layer.bias.detach().numpy())
            x = add("Gemm", [x, weight, bias], f"{prefix}_{depth}")
            if depth < 2:
                x = add("Tanh", [x], f"{prefix}_{depth}_tanh")
        return x

    centred = add("Sub", ["obs", constant("obs_offset", model.obs_offset.numpy())], "centred")
    scaled = add("Mul", [centred, constant("obs_gain", model.obs_gain.numpy())], "scaled")
    bounds = [constant("low", np.array(-CLIP, np.float32)), constant("high", np.array(CLIP, np.float32))]
    x = add("Clip", [scaled, *bounds], "normalised")

    actor = net("actor", x)
    axis = constant("axis", np.array([1], np.int64))

    def part(of: str, start: int, stop: int, output: str) -> str:
        ends = [constant(f"{output}_{name}", np.array([i])) for name, i in (("from", start), ("to", stop))]
        return add("Slice", [of, *ends, axis], output)

    own = part(actor, 0, NUM_TOOLS, "own_logits")
    match = part(x, MATCH.start, MATCH.stop, "match")
    scale = constant("logit_scale", np.array([LOGIT_SCALE], np.float32))
    own = add("Mul", [own, scale], "scaled_logits")
    heard = add("Mul", [match, constant("match_gain", model.match_gain.detach().numpy())], "heard")
    add("Add", [own, heard], "tool_logits")
    means = part(actor, NUM_TOOLS, NUM_TOOLS * (1 + NUM_PARAMS), "flat_mean")
    add(
        "Reshape",
        [means, constant("mean_shape", np.array([-1, NUM_TOOLS, NUM_PARAMS], np.int64))],
        "param_mean",
    )
    log_std = model.log_std.detach().clamp(LOG_STD_MIN, LOG_STD_MAX).numpy()
    add("Identity", [constant("log_std", log_std)], "param_log_std")
    add("Squeeze", [net("critic", x), axis], "value")

    shapes: dict[str, list[str | int]] = {
        "tool_logits": ["batch", NUM_TOOLS],
        "param_mean": ["batch", NUM_TOOLS, NUM_PARAMS],
        "param_log_std": [NUM_TOOLS, NUM_PARAMS],
        "value": ["batch"],
    }
    graph = helper.make_graph(
        nodes,
        "policy",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, ["batch", OBS_DIM])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in OUTPUTS],
        initializers,
    )
    proto = helper.make_model(
        graph,
        producer_name="reachy-coach",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(proto, full_check=True)
    data: bytes = proto.SerializeToString()
    return data
