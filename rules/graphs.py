"""multilingual-e5-small as a graph: plain for vectors, or with the judge's adapter and heads on it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx

from rules.e5 import E5File, Floats
from rules.transformer import Graph, Layer, Network, encoder_model, tensor

_SEGMENTS = tensor("segments", ["texts", "segments", "tokens"])


def network_of(file: E5File, added: Mapping[str, Floats] | None = None) -> Network:
    """The file's network, with `added` on its matrices: by name (`l0.q`), each `(inputs, outputs)`."""
    added = added or {}
    positions = file.tensor("emb.pos").reshape(file.shape.positions, file.shape.hidden)
    kinds = file.tensor("emb.type").reshape(-1, file.shape.hidden)
    norm = file.tensor("emb.ln.w"), file.tensor("emb.ln.b")
    layers = tuple(_layer(file, added, f"l{number}") for number in range(file.shape.layers))
    return Network(file.shape.heads, file.shape.epsilon, positions + kinds[0], norm, layers)


def _layer(file: E5File, added: Mapping[str, Floats], name: str) -> Layer:
    def matrix(part: str) -> Floats:
        weight = file.tensor(f"{name}.{part}.w").T
        extra = added.get(f"{name}.{part}")
        return weight if extra is None else weight + extra

    def vector(part: str) -> Floats:
        return file.tensor(f"{name}.{part}")

    return Layer(
        query=matrix("q"), query_bias=vector("q.b"),
        key=matrix("k"), key_bias=vector("k.b"),
        value=matrix("v"), value_bias=vector("v.b"),
        attended=matrix("ao"), attended_bias=vector("ao.b"), attended_norm=(vector("aln.w"), vector("aln.b")),
        inner=matrix("fi"), inner_bias=vector("fi.b"),
        outer=matrix("fo"), outer_bias=vector("fo.b"), outer_norm=(vector("oln.w"), vector("oln.b")),
    )  # fmt: skip


def encoder_graph(file: E5File, *, int8: bool = True) -> onnx.ModelProto:
    """Out: `pooled` `(texts, segments, hidden)`, the mean of each segment's tokens."""

    def head(graph: Graph, hidden: str) -> list[onnx.ValueInfoProto]:
        graph.node("MatMul", ["segments", hidden], "pooled")
        return [tensor("pooled", ["texts", "segments", file.shape.hidden])]

    return encoder_model(network_of(file), head, (_SEGMENTS,), int8=int8)


def judge_graph(
    file: E5File, added: Mapping[str, Floats], heads: list[tuple[Floats, Floats]], *, int8: bool = True
) -> onnx.ModelProto:
    """Out: `pooled` as above and `logits` `(texts, segments, labels)`. `heads`: weight `(inputs, outputs)` and bias."""

    def head(graph: Graph, hidden: str) -> list[onnx.ValueInfoProto]:
        flow = graph.node("MatMul", ["segments", hidden], "pooled")
        for number, (weight, bias) in enumerate(heads):
            last = number == len(heads) - 1
            name = f"head.{number}"
            product = graph.node("MatMul", [flow, graph.weight(f"{name}.weight", weight)], f"{name}.product")
            operator, result = ("Add", "logits") if last else ("BiasGelu", name)
            flow = graph.node(operator, [product, graph.weight(f"{name}.bias", bias)], result)
        width = np.shape(heads[-1][1])[0]
        return [
            tensor("pooled", ["texts", "segments", file.shape.hidden]),
            tensor("logits", ["texts", "segments", width]),
        ]

    return encoder_model(network_of(file, added), head, (_SEGMENTS,), int8=int8)
