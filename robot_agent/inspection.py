"""Reads a network as plain data before any inference engine sees it: only what a policy needs may be in it.

An ONNX file may name other files to read, carry programs (loops, functions, operators from libraries) and
sizes that fill the memory. A policy is a small multi-layer perceptron; everything else is refused.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shared.control.pilot import OUTPUTS
from shared.errors import BundleError, MissingExtra
from shared.spaces import OBS_DIM

OPERATORS = frozenset(
    {
        "Add", "Clip", "Concat", "Div", "Elu", "Gemm", "Identity", "MatMul", "Mul", "Relu", "Reshape",
        "Sigmoid", "Slice", "Split", "Squeeze", "Sub", "Tanh", "Unsqueeze",
    }
)  # fmt: skip
"""What `learner.rl.export` writes, and what other small networks need. None of them reads files, loops, or
makes a shape from what was observed."""
OPSETS = range(13, 22)
IR_VERSIONS = range(7, 11)
MAX_NODES = 64
MAX_TENSORS = 64
MAX_ELEMENTS = 4 * 1024 * 1024
"""Of all tensors together."""
MAX_NAME = 256


def inspect_network(data: bytes) -> None:
    """Whether these bytes are a network that may be tried.

    Raises:
        BundleError: says what must not be in it.
        MissingExtra: onnx is not installed.
    """
    model = _parsed(data)
    domains = [(opset.domain, opset.version) for opset in model.opset_import]
    _demand(len(domains) == 1 and domains[0][0] in ("", "ai.onnx"), f"operators from {domains!r:.100}")
    _demand(domains[0][1] in OPSETS, f"opset {domains[0][1]}; {OPSETS[0]} to {OPSETS[-1]} are known")
    _demand(model.ir_version in IR_VERSIONS, f"format {model.ir_version}")
    _demand(not model.functions, "functions of its own")
    _demand(not model.training_info, "a training part")
    _demand(not model.metadata_props, "settings for the inference engine")
    graph = model.graph
    _demand(not graph.sparse_initializer, "sparse tensors")
    _demand(not graph.quantization_annotation, "quantisation")
    _demand(0 < len(graph.node) <= MAX_NODES, f"{len(graph.node)} operators; at most {MAX_NODES}")
    for node in graph.node:
        _node(node)
    _tensors(graph.initializer)
    _ends(graph)


def _parsed(data: bytes) -> Any:
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise MissingExtra("robot", "onnx") from error
    try:
        model = onnx.ModelProto.FromString(data)
        known = onnx.ModelProto.FromString(data)
    except (DecodeError, RecursionError) as error:
        raise BundleError(f"the network is no ONNX file: {str(error)[:200]}") from None
    known.DiscardUnknownFields()
    _demand(known.ByteSize() == len(data), "bytes that do not belong to the network")
    return model


def _node(node: Any) -> None:
    _demand(
        node.domain == "" and node.op_type in OPERATORS, f"the operator {node.domain}:{node.op_type}"[:120]
    )
    _demand(len(node.input) <= MAX_TENSORS and len(node.output) <= MAX_TENSORS, "an operator with many ends")
    for attribute in node.attribute:
        plain = {attribute.FLOAT, attribute.INT, attribute.FLOATS, attribute.INTS}
        _demand(
            attribute.type in plain and not attribute.ref_attr_name,
            f"the attribute {attribute.name!r:.60} of {node.op_type} is not a number",
        )


def _tensors(tensors: Any) -> None:
    _demand(len(tensors) <= MAX_TENSORS, f"{len(tensors)} tensors; at most {MAX_TENSORS}")
    elements = 0
    for tensor in tensors:
        name = f"tensor {tensor.name!r:.60}"
        _demand(len(tensor.name) <= MAX_NAME, f"{name} with a long name")
        _demand(
            not tensor.external_data and tensor.data_location == tensor.DEFAULT, f"{name} in another file"
        )
        _demand(tensor.data_type in (tensor.FLOAT, tensor.INT64), f"{name} of type {tensor.data_type}")
        _demand(not tensor.HasField("segment"), f"{name} in parts")
        _demand(
            all(0 <= size <= MAX_ELEMENTS for size in tensor.dims), f"{name} of shape {list(tensor.dims)}"
        )
        count = math.prod(tensor.dims)
        elements += count
        width = 4 if tensor.data_type == tensor.FLOAT else 8
        _demand(len(tensor.raw_data) == count * width, f"{name} with {len(tensor.raw_data)} bytes of data")
        if tensor.data_type == tensor.FLOAT:
            finite = np.isfinite(np.frombuffer(tensor.raw_data, "<f4")).all()
            _demand(bool(finite), f"{name} with numbers that are not finite")
    _demand(elements <= MAX_ELEMENTS, f"{elements} numbers; at most {MAX_ELEMENTS}")


def _ends(graph: Any) -> None:
    """One input of observations, and at least a policy's outputs."""
    names = [one.name for one in graph.input]
    _demand(len(names) == 1, f"the inputs {names!r:.200}; a policy has one")
    tensor = graph.input[0].type.tensor_type
    sizes = [size.dim_value for size in tensor.shape.dim]
    _demand(tensor.elem_type == 1 and len(sizes) == 2 and sizes[1] == OBS_DIM, f"an input of shape {sizes}")
    outputs = {one.name for one in graph.output}
    _demand(outputs == set(OUTPUTS), f"the outputs {sorted(outputs)!r:.200}; a policy has {list(OUTPUTS)}")


def _demand(holds: bool, found: str) -> None:
    if not holds:
        raise BundleError(f"the network has {found}: not taken")
