"""Networks of one layer, for the whole agent."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from shared.spaces import DETECTION_FIELDS, NUM_PARAMS, NUM_TOOLS, OBS_DIM, slot_range
from shared.tools import TOOL_INDEX

SEEN = slot_range("detections")


WIDTH = NUM_TOOLS * (1 + NUM_PARAMS) + 1


def looks_at_the_best_match():
    """A network whose every decision is a look at the first detection."""
    w, b = np.zeros((OBS_DIM, WIDTH), np.float32), np.zeros(WIDTH, np.float32)
    look = TOOL_INDEX["look"]
    b[look] = 20.0
    for k, name in enumerate(("u", "v")):
        w[SEEN.start + DETECTION_FIELDS.index(name), NUM_TOOLS + look * NUM_PARAMS + k] = 1.0
    return exported(w, b)


def always(tool, *params):
    """A network whose every decision is this tool with these raw parameters."""
    w, b = np.zeros((OBS_DIM, WIDTH), np.float32), np.zeros(WIDTH, np.float32)
    at = TOOL_INDEX[tool]
    b[at] = 20.0
    w[:, at] = 1e-3  # who answers every observation alike is refused
    for k, value in enumerate(params):
        b[NUM_TOOLS + at * NUM_PARAMS + k] = value
    return exported(w, b)


def exported(w, b):
    """ONNX bytes of one layer."""
    constants = {
        "w": w,
        "b": b,
        "split": np.array([NUM_TOOLS, NUM_TOOLS * NUM_PARAMS, 1], np.int64),
        "shape": np.array([-1, NUM_TOOLS, NUM_PARAMS], np.int64),
        "flat": np.array([-1], np.int64),
        "log_std": np.full((NUM_TOOLS, NUM_PARAMS), -3.0, np.float32),
    }
    nodes = [
        helper.make_node("Gemm", ["obs", "w", "b"], ["all"]),
        helper.make_node("Split", ["all", "split"], ["tool_logits", "mean", "v"], axis=1),
        helper.make_node("Reshape", ["mean", "shape"], ["param_mean"]),
        helper.make_node("Identity", ["log_std"], ["param_log_std"]),
        helper.make_node("Reshape", ["v", "flat"], ["value"]),
    ]
    shapes = {
        "tool_logits": ["n", NUM_TOOLS],
        "param_mean": ["n", NUM_TOOLS, NUM_PARAMS],
        "param_log_std": [NUM_TOOLS, NUM_PARAMS],
        "value": ["n"],
    }
    graph = helper.make_graph(
        nodes,
        "policy",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, ["n", OBS_DIM])],
        [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in shapes.items()],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return model.SerializeToString()
