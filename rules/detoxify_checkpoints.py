"""Detoxify's published checkpoints as a network of ours: read once with torch, then served without it.

The file is a pickle, which could run code when it is opened. None is ever opened as such: torch reads weights and plain
values alone, and whatever else a checkpoint names stands there as a thing that does nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ValueInfoProto

from rules.built import Build, Report, opened, silent
from rules.detoxified import NotDetoxify, key_of
from rules.e5 import Floats
from rules.transformer import Graph, Head, Layer, Network, encoder_model, tensor

RENAMED = {"toxic": "toxicity", "identity_hate": "identity_attack", "severe_toxic": "severe_toxicity"}
"""Detoxify's own renaming, so that its models say the same names."""
_FIRST_POSITION = {"bert": 0, "roberta": 2, "xlm-roberta": 2}
"""By model type: the position of a text's first token. RoBERTa leaves room for padding."""
_ROWS = 10_000
"""Word embeddings that are made bytes at a time: all of them at once would take another gigabyte."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint holds, in our terms."""

    classes: tuple[str, ...]
    network: Network
    words: Floats
    """`(vocabulary, hidden)`"""
    dense: tuple[Floats, Floats]
    """What stands on the first token: weight `(inputs, outputs)` and bias, then tanh ..."""
    outer: tuple[Floats, Floats]
    """... then this."""


def install(folder: Path, kind: str, source: Path, checkpoint: Path, report: Report = silent) -> Path:
    """Make what serving needs from `checkpoint` and the config.json and tokenizer files in `source`.

    Raises `NotDetoxify` or `OSError`.
    """

    def make(place: Path, report: Report) -> None:
        from transformers import AutoTokenizer

        report("checkpoint", 0.0)
        try:
            tokenizer = AutoTokenizer.from_pretrained(  # nosec B615 -- from a folder, never from a hub
                source, local_files_only=True, trust_remote_code=False
            )
            served = tokenizer.backend_tokenizer.to_str()
        except (OSError, ValueError, AttributeError) as error:
            raise NotDetoxify(
                f"{source}: the tokenizer's files are missing or strange ({type(error).__name__})"
            ) from error
        read = read_checkpoint(checkpoint, source / "config.json")
        write_served(read, served, place, report)

    return opened(folder, Build(f"detoxify-{kind}", key_of(kind), make), report)


def read_checkpoint(path: Path, config: Path) -> Checkpoint:
    """Read `path`, whose sizes are in the `config.json` of its architecture. Raises `NotDetoxify` or `OSError`."""
    try:
        loaded = _loaded(path)
        sizes = json.loads(config.read_text(encoding="utf-8"))
        names = loaded["config"]["dataset"]["args"]["classes"]
        state = {name: value.float().numpy() for name, value in loaded["state_dict"].items() if hasattr(value, "numpy")}
        return _checkpoint(tuple(RENAMED.get(name, name) for name in names), _Weights(state), sizes)
    except NotDetoxify:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError, EOFError, StopIteration) as error:
        raise NotDetoxify(f"{path.name}: not a checkpoint of Detoxify's BERT kind ({type(error).__name__})") from error


class _Inert:
    """Stands for an object of a class that we do not know: takes whatever it is made of, and keeps nothing."""

    def __new__(cls, *_: object, **__: object) -> _Inert:
        return object.__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


def _loaded(path: Path) -> Any:
    import torch

    try:
        with torch.serialization.safe_globals([(_Inert, name) for name in _strange(path)]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:
        raise NotDetoxify(
            f"{path.name}: it holds more than weights, or is no checkpoint, and is not opened ({type(error).__name__})"
        ) from None


def _strange(path: Path) -> list[str]:
    """What the file names beyond weights and plain values."""
    import torch

    try:
        return torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except ValueError:
        return []  # from before torch's zip format: it cannot be asked, and may hold weights alone


class _Weights:
    """A state dictionary, read by the names that BERT and RoBERTa share."""

    def __init__(self, state: dict[str, Floats]) -> None:
        self._state = state
        self._root = next(name.split(".", 1)[0] for name in state if "embeddings.word_embeddings" in name)

    def __contains__(self, name: str) -> bool:
        return name in self._state

    def raw(self, name: str) -> Floats:
        return self._state[f"{self._root}.{name}"]

    def pair(self, name: str, *, root: bool = True) -> tuple[Floats, Floats]:
        """A matrix, turned to `(inputs, outputs)`, or a norm's scale, with its bias."""
        name = f"{self._root}.{name}" if root else name
        return self._state[f"{name}.weight"].T, self._state[f"{name}.bias"]


def _checkpoint(classes: tuple[str, ...], weights: _Weights, sizes: dict[str, Any]) -> Checkpoint:
    kind = sizes.get("model_type")
    if kind not in _FIRST_POSITION or sizes.get("hidden_act", "gelu") != "gelu":
        raise NotDetoxify(f"config.json: model_type {kind!r}; known are {', '.join(_FIRST_POSITION)}")
    positions = weights.raw("embeddings.position_embeddings.weight")[_FIRST_POSITION[kind] :]
    kinds = weights.raw("embeddings.token_type_embeddings.weight")
    network = Network(
        heads=int(sizes["num_attention_heads"]),
        epsilon=float(sizes.get("layer_norm_eps", 1e-12)),
        positions=positions + kinds[0],
        norm=weights.pair("embeddings.LayerNorm"),
        layers=tuple(_layer(weights, f"encoder.layer.{number}") for number in range(int(sizes["num_hidden_layers"]))),
    )
    on_bert = "classifier.weight" in weights
    dense = weights.pair("pooler.dense") if on_bert else weights.pair("classifier.dense", root=False)
    weight, bias = weights.pair("classifier" if on_bert else "classifier.out_proj", root=False)
    if len(bias) < len(classes):
        raise NotDetoxify(f"{len(classes)} classes, and {len(bias)} outputs")
    # Two of the published models have outputs beyond their classes (identities that are only named): nobody reads them.
    outer = weight[:, : len(classes)], bias[: len(classes)]
    return Checkpoint(classes, network, weights.raw("embeddings.word_embeddings.weight"), dense, outer)


def _layer(weights: _Weights, name: str) -> Layer:
    query, key, value = (weights.pair(f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
    attended, inner = weights.pair(f"{name}.attention.output.dense"), weights.pair(f"{name}.intermediate.dense")
    outer = weights.pair(f"{name}.output.dense")
    norms = weights.pair(f"{name}.attention.output.LayerNorm"), weights.pair(f"{name}.output.LayerNorm")
    return Layer(*query, *key, *value, *attended, norms[0], *inner, *outer, norms[1])


def write_served(checkpoint: Checkpoint, tokenizer: str, place: Path, report: Report) -> None:
    """Write what serving needs into `place`: graph, word embeddings in eight bits, tokenizer (JSON), classes."""
    import onnx

    report("network", 0.3)
    onnx.save(encoder_model(checkpoint.network, _head(checkpoint), first_only=True), str(place / "detoxify.onnx"))
    report("words", 0.7)
    scale = np.maximum(np.abs(checkpoint.words).max(axis=1), 1e-12) / 127
    np.save(place / "scales.npy", scale.astype(np.float32))
    rows = np.lib.format.open_memmap(place / "words.npy", "w+", np.int8, checkpoint.words.shape)
    for at in range(0, len(rows), _ROWS):
        part = slice(at, at + _ROWS)
        rows[part] = np.rint(checkpoint.words[part] / scale[part, None])
    rows.flush()
    (place / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    (place / "classes.json").write_text(json.dumps(checkpoint.classes), encoding="utf-8")


def _head(checkpoint: Checkpoint) -> Head:
    def head(graph: Graph, hidden: str) -> list[ValueInfoProto]:
        first = graph.node("Gather", [hidden, graph.weight("first", np.array(0))], "first.token", axis=1)
        dense = graph.node("MatMul", [first, graph.weight("dense.weight", checkpoint.dense[0])], "dense.product")
        dense = graph.node("Add", [dense, graph.weight("dense.bias", checkpoint.dense[1])], "dense")
        active = graph.node("Tanh", [dense], "dense.active")
        outer = graph.node("MatMul", [active, graph.weight("outer.weight", checkpoint.outer[0])], "outer.product")
        graph.node("Add", [outer, graph.weight("outer.bias", checkpoint.outer[1])], "logits")
        return [tensor("logits", ["texts", len(checkpoint.classes)])]

    return head
