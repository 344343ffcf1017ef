"""A transformer encoder of BERT's kind as an ONNX graph: from named weights to a model that ONNX Runtime serves.

One builder for whatever Vaglio serves (multilingual-e5-small, the judge, Detoxify's three models): they differ in
sizes, in where positions begin and in what stands on top. The word embeddings stay outside the graph: they are most of
a multilingual model, a draft needs some dozens of their rows, and rows can be read from the file on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Floats = NDArray[np.float32]

_OPSET = 17
_CONTRIB = "com.microsoft"
_FUSED = frozenset({"MultiHeadAttention", "SkipLayerNormalization", "BiasGelu", "DynamicQuantizeMatMul"})
"""Operators of ONNX Runtime's own: several steps in one."""
_MOST = 63
"""The largest whole number of a quantised weight."""
_IR = 10


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's weights; matrices are `(inputs, outputs)`, vectors `(outputs,)`."""

    query: Floats
    query_bias: Floats
    key: Floats
    key_bias: Floats
    value: Floats
    value_bias: Floats
    attended: Floats
    attended_bias: Floats
    attended_norm: tuple[Floats, Floats]
    """Scale and shift."""
    inner: Floats
    inner_bias: Floats
    outer: Floats
    outer_bias: Floats
    outer_norm: tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Network:
    """A whole encoder without its word embeddings."""

    heads: int
    epsilon: float
    positions: Floats
    """`(positions, hidden)`, with the token type's vector added, from the first position that a token may have."""
    norm: tuple[Floats, Floats]
    layers: tuple[Layer, ...]


class Graph:
    """Nodes and weights of a graph under construction; every method returns the name of what it adds."""

    def __init__(self, *, int8: bool) -> None:
        self.int8 = int8
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def weight(self, name: str, value: NDArray[np.generic]) -> str:
        self._weights.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def node(self, kind: str, inputs: list[str], name: str, *, outputs: int = 1, **given: Any) -> str:
        names = [name, *(f"{name}.{extra}" for extra in range(1, outputs))]
        domain = _CONTRIB if kind in _FUSED else ""
        self._nodes.append(helper.make_node(kind, inputs, names, name=name, domain=domain, **given))
        return name

    def product(self, source: str, weight: Floats, name: str) -> str:
        """`source @ weight`; in a quantised graph in eight bits, activations as they come and weights by column."""
        if not self.int8:
            return self.node("MatMul", [source, self.weight(f"{name}.weight", weight)], name)
        whole, scale = quantised(weight)
        inputs = [source, self.weight(f"{name}.weight", whole), self.weight(f"{name}.scale", scale)]
        return self.node("DynamicQuantizeMatMul", inputs, name)

    def model(self, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
        graph = helper.make_graph(self._nodes, "vaglio", inputs, outputs, self._weights)
        domains = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=domains, ir_version=_IR, producer_name="vaglio")


def quantised(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """A matrix `(inputs, outputs)` as whole numbers and a scale for each output.

    Seven bits of the eight: processors without VNNI add two products of a signed and an unsigned byte in sixteen bits,
    which eight bits would overflow.
    """
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-12) / _MOST
    return np.rint(weight / scale).astype(np.int8), scale.astype(np.float32)


Head = Callable[[Graph, str], list[onnx.ValueInfoProto]]
"""Adds what stands on the hidden states (by their name) and returns the graph's outputs."""


def encoder_model(
    network: Network,
    head: Head,
    extra: tuple[onnx.ValueInfoProto, ...] = (),
    *,
    int8: bool = True,
    first_only: bool = False,
) -> onnx.ModelProto:
    """The graph. Inputs: `embedded` `(texts, tokens, hidden)`, `mask` `(texts, tokens)` of 1 and 0, and `extra`.

    `first_only`: the head reads the first token alone, and so the last layer works out no other.
    """
    graph = Graph(int8=int8)
    hidden = _embedded(graph, network)
    for number, layer in enumerate(network.layers):
        last = number == len(network.layers) - 1
        hidden = _layer(graph, network, layer, hidden, f"l{number}", first_only=first_only and last)
    outputs = head(graph, hidden)
    width = network.positions.shape[1]
    inputs = [tensor("embedded", ["texts", "tokens", width]), tensor("mask", ["texts", "tokens"], TensorProto.INT32)]
    return graph.model([*inputs, *extra], outputs)


def tensor(name: str, shape: list[int | str], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _embedded(graph: Graph, network: Network) -> str:
    length = graph.node("Shape", ["embedded"], "length", start=1, end=2)
    table, zero = graph.weight("positions", network.positions), graph.weight("zero", np.array([0]))
    positions = graph.node("Slice", [table, zero, length, zero], "positions.used")
    summed = graph.node("Add", ["embedded", positions], "embedded.placed")
    scale, shift = graph.weight("norm.scale", network.norm[0]), graph.weight("norm.shift", network.norm[1])
    return graph.node("LayerNormalization", [summed, scale, shift], "embedded.norm", axis=-1, epsilon=network.epsilon)


def _layer(graph: Graph, network: Network, layer: Layer, hidden: str, name: str, *, first_only: bool) -> str:
    bias = np.concatenate([layer.query_bias, layer.key_bias, layer.value_bias])
    if first_only:
        joined = graph.product(hidden, np.concatenate([layer.key, layer.value], axis=1), f"{name}.kv")
        split = graph.node("Split", [joined], f"{name}.split", outputs=2, axis=-1)
        ends = [graph.weight(f"{name}.first.{at}", np.array([at])) for at in (0, 1)]
        hidden = graph.node("Slice", [hidden, *ends, ends[1]], f"{name}.first")
        read = [graph.product(hidden, layer.query, f"{name}.q"), split, f"{split}.1"]
    else:
        # One product for queries, keys and values: they read the same input, which is quantised once.
        joined = graph.product(hidden, np.concatenate([layer.query, layer.key, layer.value], axis=1), f"{name}.qkv")
        split = graph.node("Split", [joined], f"{name}.split", outputs=3, axis=-1)
        read = [split, f"{split}.1", f"{split}.2"]
    inputs = [*read, graph.weight(f"{name}.qkv.bias", bias), "mask"]
    attended = graph.node("MultiHeadAttention", inputs, f"{name}.attended", num_heads=network.heads)
    attended = graph.product(attended, layer.attended, f"{name}.a.product")
    hidden = _added(graph, network, hidden, attended, (*layer.attended_norm, layer.attended_bias), f"{name}.a")
    inner = graph.product(hidden, layer.inner, f"{name}.i.product")
    active = graph.node("BiasGelu", [inner, graph.weight(f"{name}.i.bias", layer.inner_bias)], f"{name}.i")
    outer = graph.product(active, layer.outer, f"{name}.o.product")
    return _added(graph, network, hidden, outer, (*layer.outer_norm, layer.outer_bias), f"{name}.o")


def _added(
    graph: Graph, network: Network, hidden: str, new: str, weights: tuple[Floats, Floats, Floats], name: str
) -> str:
    """The sum of what was there, what is new and a bias, normalised."""
    named = [
        graph.weight(f"{name}.{role}", value) for role, value in zip(("scale", "shift", "bias"), weights, strict=True)
    ]
    return graph.node("SkipLayerNormalization", [new, hidden, *named], name, epsilon=network.epsilon)
