"""Passages through a network that ONNX Runtime serves: batched, thread-safe, shared by all who ask."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rules.passages import Passage

Floats = NDArray[np.float32]

_THREADS = min(2, os.cpu_count() or 1)
"""Of one pass through a network, where it is one draft that somebody waits for."""
_TOGETHER = 2048
"""Pieces, padding included, that go through the network at once: more would take memory and no less time."""


class Words(Protocol):
    """Word embeddings by number."""

    def rows(self, numbers: NDArray[np.int64]) -> Floats: ...


def session(graph: Path | bytes, threads: int | None = None) -> Session:
    """A graph, or the one at a path, ready to run. Raises what ONNX Runtime raises for a file that is none."""
    # Its builds report to their makers by the network, and keep a database for that in the home folder. Not from here.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or _THREADS
    # Waiting threads would burn the processor that other drafts need; an arena would keep the longest draft's memory.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    # Nor a plan for the memory of every shape that was ever asked for: hardly two drafts have the same.
    options.enable_mem_pattern = False
    made: Session = onnxruntime.InferenceSession(
        graph if isinstance(graph, bytes) else str(graph), options, providers=["CPUExecutionProvider"]
    )
    return made


class Session(Protocol):
    def run(self, outputs: list[str] | None, inputs: Mapping[str, NDArray[Any]]) -> list[Floats]: ...


class Served:
    """A graph with inputs `embedded`, `mask` and `segments`, and outputs for each segment."""

    def __init__(self, graph: Session, words: Words) -> None:
        self._graph, self._words = graph, words

    def run(self, passages: Sequence[Passage], *outputs: str) -> list[tuple[Floats, ...]]:
        """For each passage, in order, `(segments, width)` of each of the `outputs`."""
        results: list[tuple[Floats, ...]] = [()] * len(passages)
        for numbers in batches([len(passage.ids) for passage in passages]):
            together = [passages[number] for number in numbers]
            ids, mask, segments = padded(together)
            inputs = {"embedded": self._words.rows(ids), "mask": mask, "segments": segments}
            found = self._graph.run(list(outputs), inputs)
            for row, number in enumerate(numbers):
                count = len(passages[number].segments)
                results[number] = tuple(output[row, :count] for output in found)
        return results


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The numbers of texts that go through a network together: of a like length, so that little is padding."""
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda number: lengths[number]):
        if batch and (len(batch) + 1) * lengths[number] > _TOGETHER:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def padded(passages: Sequence[Passage]) -> tuple[NDArray[np.int64], NDArray[np.int32], Floats]:
    """Piece numbers and mask `(texts, tokens)`; each segment's weights of its tokens `(texts, segments, tokens)`."""
    length = max(len(passage.ids) for passage in passages)
    most = max(len(passage.segments) for passage in passages)
    ids = np.ones((len(passages), length), np.int64)
    mask = np.zeros((len(passages), length), np.int32)
    weights = np.zeros((len(passages), most, length), np.float32)
    for row, passage in enumerate(passages):
        ids[row, : len(passage.ids)] = passage.ids
        mask[row, : len(passage.ids)] = 1
        for column, places in enumerate(passage.segments):
            weights[row, column, places.start : places.stop] = 1 / max(1, len(places))
    return ids, mask, weights
