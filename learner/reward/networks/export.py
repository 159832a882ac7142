"""MiniLM with its adapters merged, as an ONNX graph with 8-bit weights: small, fast, and without PyTorch.

The graph is written by hand, because it is short and each token is then quantised by itself: its numbers are
scaled by the largest of them, never by what else is in the batch. So batches and padding leave an answer as
it is, which ONNX Runtime's dynamic quantisation does not, and the products are those of 8-bit integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from learner.reward.networks.network_shape import OUTPUTS

F32 = NDArray[np.float32]
OPSET, CONTRIB = 18, "com.microsoft"
ZERO = 128
"""The uint8 that stands for 0 among the activations."""
SMALLEST_SCALE = 1e-9


@dataclass(frozen=True)
class BertShape:
    """What the graph needs to know of a BERT."""

    layers: int
    heads: int
    epsilon: float


def merge(base: Mapping[str, F32], trained: Mapping[str, F32], rank: int, alpha: int) -> dict[str, F32]:
    """The encoder's weights with the adapters added in, and the head's as `head.weight`, `head.bias`.

    Args:
        base: pre-trained weights by their names in transformers.
        trained: as `network.trained_weights` gives them, in 16 or 32 bits.
        rank: of the adapters; 0: `trained` replaces the base's weights.
        alpha: their scale times their rank.

    Raises:
        ValueError: an adapter for a layer that the base does not have, or no head.
    """
    merged = dict(base)
    trained = {name: value.astype(np.float32) for name, value in trained.items()}
    for name, value in trained.items():
        if name.startswith("head."):
            merged[name] = value
        elif ".lora_A." in name:
            layer = name.removeprefix("encoder.").split(".lora_A.")[0] + ".weight"
            if layer not in merged:
                raise ValueError(f"{name}: the base has no {layer}")
            up = trained[name.replace(".lora_A.", ".lora_B.")]
            merged[layer] = merged[layer] + (alpha / rank) * (up @ value)
        elif ".lora_B." not in name:
            merged[name.removeprefix("encoder.")] = value
    for name in ("head.weight", "head.bias"):
        if name not in merged:
            raise ValueError(f"no {name} among the trained weights")
    return merged


def build_graph(weights: Mapping[str, F32], shape: BertShape, bits8: bool = True) -> onnx.ModelProto:
    """ids, mask, parts (n, length) int64 -> head (n, OUTPUTS) float32.

    Args:
        weights: as `merge` gives them.
        shape: of the encoder.
        bits8: 8-bit weights; otherwise float32, to compare with.
    """
    return _Graph(weights, shape, bits8).model()


def quantise_rows(weight: F32) -> tuple[NDArray[np.int8], F32]:
    """Rows of a weight matrix as int8 and one scale a row.

    Args:
        weight: (n, k).

    Returns:
        (n, k) and (n,).
    """
    scale = np.maximum(np.abs(weight).max(1) / 127.0, SMALLEST_SCALE).astype(np.float32)
    return np.rint(weight / scale[:, None]).astype(np.int8), scale


class _Graph:
    """The nodes, put down in the order in which they are computed."""

    def __init__(self, weights: Mapping[str, F32], shape: BertShape, bits8: bool) -> None:
        self._weights, self._shape, self._bits8 = weights, shape, bits8
        self._width = weights["embeddings.word_embeddings.weight"].shape[1]
        self._nodes: list[onnx.NodeProto] = []
        self._initial: dict[str, onnx.TensorProto] = {}

    def model(self) -> onnx.ModelProto:
        mask = self._node("Cast", ["mask"], to=TensorProto.INT32)
        embedded = self._embed()
        size = self._node("Shape", [embedded])
        hidden = self._node("Reshape", [embedded, self._ints([-1, self._width])])
        for layer in range(self._shape.layers):
            hidden = self._layer(hidden, mask, size, f"encoder.layer.{layer}")
        hidden = self._node("Reshape", [hidden, size])
        weight = self._node(
            "Unsqueeze", [self._node("Cast", ["mask"], to=TensorProto.FLOAT), self._ints([2])]
        )
        total = self._node("ReduceSum", [self._node("Mul", [hidden, weight]), self._ints([1])], keepdims=0)
        count = self._node("ReduceSum", [weight, self._ints([1])], keepdims=0)
        pooled = self._node("Div", [total, count])
        kernel = self._floats("head.weight", self._weights["head.weight"].T)
        bias = self._floats("head.bias", self._weights["head.bias"])
        self._node("Gemm", [pooled, kernel, bias], output="head")
        given = [
            helper.make_tensor_value_info(x, TensorProto.INT64, ["n", "length"])
            for x in ("ids", "mask", "parts")
        ]
        graph = helper.make_graph(
            self._nodes,
            "reward",
            given,
            [helper.make_tensor_value_info("head", TensorProto.FLOAT, ["n", OUTPUTS])],
            list(self._initial.values()),
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)

    def _embed(self) -> str:
        words = self._weights["embeddings.word_embeddings.weight"]
        if self._bits8:
            # One scale a word: the table is half of the model.
            table, scale = quantise_rows(words)
            found = self._node("Gather", [self._constant("words", table), "ids"])
            found = self._node("Cast", [found], to=TensorProto.FLOAT)
            found = self._node(
                "Mul", [found, self._node("Gather", [self._floats("word_scale", scale[:, None]), "ids"])]
            )
        else:
            found = self._node("Gather", [self._floats("words", words), "ids"])
        kinds = self._floats("parts_table", self._weights["embeddings.token_type_embeddings.weight"])
        length = self._node("Gather", [self._node("Shape", ["ids"]), self._ints([1])])
        places = self._node(
            "Slice",
            [
                self._floats("places", self._weights["embeddings.position_embeddings.weight"]),
                self._ints([0]),
                length,
                self._ints([0]),
            ],
        )
        total = self._node(
            "Add", [self._node("Add", [found, self._node("Gather", [kinds, "parts"])]), places]
        )
        return self._norm(total, "embeddings.LayerNorm")

    def _layer(self, hidden: str, mask: str, size: str, name: str) -> str:
        """`hidden`: (tokens, width); `size`: n, length, width, which only attention needs."""
        given = self._input(hidden)
        query, key, value = (
            self._node("Reshape", [self._linear(given, f"{name}.attention.self.{part}"), size])
            for part in ("query", "key", "value")
        )
        found = self._node(
            "MultiHeadAttention",
            [query, key, value, "", mask],
            domain=CONTRIB,
            num_heads=self._shape.heads,
        )
        found = self._node("Reshape", [found, self._ints([-1, self._width])])
        out = self._linear(self._input(found), f"{name}.attention.output.dense")
        hidden = self._norm(self._node("Add", [out, hidden]), f"{name}.attention.output.LayerNorm")
        inner = self._linear(self._input(hidden), f"{name}.intermediate.dense")
        inner = self._node("Gelu", [inner], domain=CONTRIB)
        out = self._linear(self._input(inner), f"{name}.output.dense")
        return self._norm(self._node("Add", [out, hidden]), f"{name}.output.LayerNorm")

    def _input(self, hidden: str) -> tuple[str, str]:
        """(tokens, k) -> what `_linear` takes: as uint8 around ZERO, and a scale a token (tokens, 1)."""
        if not self._bits8:
            return hidden, ""
        largest = self._node("ReduceMax", [self._node("Abs", [hidden]), self._ints([1])], keepdims=1)
        scale = self._node("Mul", [largest, self._floats("step", np.array(1.0 / 127.0, np.float32))])
        scale = self._node("Max", [scale, self._floats("smallest", np.array(SMALLEST_SCALE, np.float32))])
        flat = self._node("Squeeze", [scale, self._ints([1])])
        zeros = self._node("Expand", [self._zero(), self._node("Shape", [flat])])
        return self._node("QuantizeLinear", [hidden, flat, zeros], axis=0), scale

    def _linear(self, given: tuple[str, str], name: str) -> str:
        hidden, scale = given
        weight = self._weights[f"{name}.weight"]
        bias = self._floats(f"{name}.bias", self._weights[f"{name}.bias"])
        if not self._bits8:
            kernel = self._floats(f"{name}.weight", weight.T)
            return self._node("Add", [self._node("MatMul", [hidden, kernel]), bias])
        rows, scales = quantise_rows(weight)
        found = self._node(
            "MatMulIntegerToFloat",
            [
                hidden,
                self._constant(f"{name}.q", np.ascontiguousarray(rows.T)),
                self._floats("one", np.array(1.0, np.float32)),
                self._floats(f"{name}.s", scales),
                self._zero(),
            ],
            domain=CONTRIB,
        )
        return self._node("Add", [self._node("Mul", [found, scale]), bias])

    def _zero(self) -> str:
        return self._constant("zero", np.array(ZERO, np.uint8))

    def _norm(self, hidden: str, name: str) -> str:
        scale = self._floats(f"{name}.weight", self._weights[f"{name}.weight"])
        bias = self._floats(f"{name}.bias", self._weights[f"{name}.bias"])
        return self._node("LayerNormalization", [hidden, scale, bias], axis=-1, epsilon=self._shape.epsilon)

    def _node(self, op: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        name = output or f"{op}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def _floats(self, name: str, value: F32) -> str:
        return self._constant(name, np.ascontiguousarray(value, np.float32))

    def _ints(self, values: list[int]) -> str:
        return self._constant(f"ints {values}", np.array(values, np.int64))

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        if name not in self._initial:
            self._initial[name] = numpy_helper.from_array(value, name)
        return name


def bert_shape(folder: Path) -> BertShape:
    """From the `config.json` of a folder of transformers."""
    import json

    config = json.loads((folder / "config.json").read_text())
    return BertShape(config["num_hidden_layers"], config["num_attention_heads"], config["layer_norm_eps"])
