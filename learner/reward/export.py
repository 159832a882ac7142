"""MiniLM with its adapters merged, as an ONNX graph with 8-bit weights: small, fast, and without PyTorch.

The graph is written by hand, because it is short and each row of it is then computed by itself: weights are
in 8-bit blocks (`MatMulNBits`), and no activation is scaled by what else is in the batch. So batches and
padding leave an answer as it is, which ONNX Runtime's dynamic quantisation does not.
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

from learner.reward.network_shape import OUTPUTS

F32 = NDArray[np.float32]
BLOCK = 32
"""Weights of one output that share a scale."""
OPSET, CONTRIB = 18, "com.microsoft"


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
        trained: as `network.trained_weights` gives them.
        rank: of the adapters; 0: `trained` replaces the base's weights.
        alpha: their scale times their rank.

    Raises:
        ValueError: an adapter for a layer that the base does not have, or no head.
    """
    merged = dict(base)
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


def quantise_rows(weight: F32) -> tuple[NDArray[np.uint8], F32]:
    """Rows of a weight matrix in blocks of `BLOCK` as uint8 around 128 and one scale a block.

    Args:
        weight: (n, k), k a multiple of BLOCK.

    Returns:
        (n, k / BLOCK, BLOCK) and (n, k / BLOCK).
    """
    blocks = weight.reshape(weight.shape[0], -1, BLOCK)
    scale = np.abs(blocks).max(-1) / 127.0
    safe = np.where(scale == 0.0, 1.0, scale)
    quantised = np.clip(np.rint(blocks / safe[..., None]), -127, 127) + 128
    return quantised.astype(np.uint8), safe.astype(np.float32)


class _Graph:
    """The nodes, put down in the order in which they are computed."""

    def __init__(self, weights: Mapping[str, F32], shape: BertShape, bits8: bool) -> None:
        self._weights, self._shape, self._bits8 = weights, shape, bits8
        self._nodes: list[onnx.NodeProto] = []
        self._initial: list[onnx.TensorProto] = []

    def model(self) -> onnx.ModelProto:
        mask = self._node("Cast", ["mask"], to=TensorProto.INT32)
        hidden = self._embed()
        for layer in range(self._shape.layers):
            hidden = self._layer(hidden, mask, f"encoder.layer.{layer}")
        weight = self._node(
            "Unsqueeze", [self._node("Cast", ["mask"], to=TensorProto.FLOAT), self._ints([2])]
        )
        total = self._node("ReduceSum", [self._node("Mul", [hidden, weight]), self._ints([1])], keepdims=0)
        count = self._node("ReduceSum", [weight, self._ints([1])], keepdims=0)
        pooled = self._node("Div", [total, count])
        kernel = self._floats("head.weight", self._weights["head.weight"].T)
        bias = self._floats("head.bias", self._weights["head.bias"])
        self._node("Gemm", [pooled, kernel, bias], output="head")
        size = ["n", "length"]
        given = [helper.make_tensor_value_info(x, TensorProto.INT64, size) for x in ("ids", "mask", "parts")]
        graph = helper.make_graph(
            self._nodes,
            "reward",
            given,
            [helper.make_tensor_value_info("head", TensorProto.FLOAT, ["n", OUTPUTS])],
            self._initial,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)

    def _embed(self) -> str:
        words = self._weights["embeddings.word_embeddings.weight"]
        if self._bits8:
            # One scale a word: the table is half of the model.
            scale = np.maximum(np.abs(words).max(1, keepdims=True) / 127.0, 1e-8).astype(np.float32)
            table = self._constant("words", np.rint(words / scale).astype(np.int8))
            found = self._node("Gather", [table, "ids"])
            found = self._node("Cast", [found], to=TensorProto.FLOAT)
            found = self._node(
                "Mul", [found, self._node("Gather", [self._floats("word_scale", scale), "ids"])]
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

    def _layer(self, hidden: str, mask: str, name: str) -> str:
        query, key, value = (
            self._linear(hidden, f"{name}.attention.self.{part}") for part in ("query", "key", "value")
        )
        found = self._node(
            "MultiHeadAttention",
            [query, key, value, "", mask],
            domain=CONTRIB,
            num_heads=self._shape.heads,
        )
        out = self._linear(found, f"{name}.attention.output.dense")
        hidden = self._norm(self._node("Add", [out, hidden]), f"{name}.attention.output.LayerNorm")
        inner = self._linear(hidden, f"{name}.intermediate.dense")
        inner = self._node("Gelu", [inner], domain=CONTRIB)
        out = self._linear(inner, f"{name}.output.dense")
        return self._norm(self._node("Add", [out, hidden]), f"{name}.output.LayerNorm")

    def _linear(self, hidden: str, name: str) -> str:
        weight = self._weights[f"{name}.weight"]
        bias = self._floats(f"{name}.bias", self._weights[f"{name}.bias"])
        n, k = weight.shape
        if not self._bits8 or k % BLOCK:
            return self._node(
                "Add", [self._node("MatMul", [hidden, self._floats(f"{name}.weight", weight.T)]), bias]
            )
        blocks, scales = quantise_rows(weight)
        found = self._node(
            "MatMulNBits",
            [hidden, self._constant(f"{name}.q", blocks), self._floats(f"{name}.s", scales.reshape(-1))],
            domain=CONTRIB,
            K=k,
            N=n,
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,
        )
        return self._node("Add", [found, bias])

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
        return self._constant(f"ints_{len(self._initial)}", np.array(values, np.int64))

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        self._initial.append(numpy_helper.from_array(value, name))
        return name


def bert_shape(folder: Path) -> BertShape:
    """From the `config.json` of a folder of transformers."""
    import json

    config = json.loads((folder / "config.json").read_text())
    return BertShape(config["num_hidden_layers"], config["num_attention_heads"], config["layer_norm_eps"])
