"""Key sentences of a company, to be known again in other words: as vectors, and never as words.

Each is a point among the meanings of ordinary sentences, turned about at random under the key and rounded to eight
bits. Turning changes no distance; whoever has the files and not the key cannot hold them against the encoder's points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.e5 import Floats
from rules.folding import fold_plain
from rules.knowledge.hashing import Hashes, Keyed, words_of
from rules.knowledge.nearest import SCALE, Nearest, in_bytes
from rules.knowledge.store import Knowledge, KnowledgeError, Manifest
from rules.likeness import Ordinary, threshold_of

KIND = "sentences"
LEAST, LONGEST = 5, 60
"""Words of a sentence: with fewer it says too little to be known by, with more it is several."""
MOST = 100_000
_TOGETHER = 256
_SHOWN = 3
_MOST_BYTES = 100_000_000

Encode = Callable[[Sequence[str]], Floats]
"""One vector for each sentence, as `Encoder.read_each` gives them."""


@dataclass(frozen=True, slots=True)
class Alike:
    """How much a sentence is like the nearest of those that are kept, from -1 to 1, and its line of the file."""

    likeness: float
    line: int


class Sentences:
    """A collection, open. Immutable and thread-safe. `threshold`: how alike is enough, by this very collection."""

    def __init__(self, place: Path, manifest: Manifest, keyed: Keyed) -> None:
        self._ordinary = Ordinary.read()
        if manifest.about["made_with"] != self._ordinary.mark:
            raise ValueError("another encoder's")
        vectors: NDArray[np.int8] = np.load(place / "vectors.npy")
        self._marks: Hashes = np.load(place / "marks.npy", mmap_mode="r")
        self._lines: NDArray[np.uint32] = np.load(place / "lines.npy", mmap_mode="r")
        if not len(vectors) == len(self._marks) == len(self._lines) == manifest.about["sentences"]:
            raise ValueError("arrays of unlike lengths")
        if vectors.dtype != np.int8 or vectors.ndim != 2:
            raise ValueError("no vectors of eight bits")
        self.mark = manifest.mark
        self.threshold = float(manifest.about["threshold"])
        self._keyed = keyed
        self._turn = turn_of(keyed, vectors.shape[1])
        self._nearest = Nearest(vectors)

    def alike(self, texts: Sequence[str], encoded: Floats) -> list[Alike]:
        """For each of `texts`, whose vectors `encoded` are; the very words of one that is kept are wholly like it."""
        if not texts:
            return []
        near = self._nearest.find(self._ordinary.placed(encoded) @ self._turn)
        return [
            self._same(text) or Alike(min(one.likeness, 1.0), int(self._lines[one.number]))
            for text, one in zip(texts, near, strict=True)
        ]

    def _same(self, text: str) -> Alike | None:
        mark = np.uint64(mark_of(text, self._keyed))
        place = int(np.searchsorted(self._marks, mark))
        known = place < len(self._marks) and self._marks[place] == mark
        return Alike(1.0, int(self._lines[place])) if known else None


def open_sentences(knowledge: Knowledge, name: str) -> Sentences:
    """Raises `KnowledgeError`."""
    found: Sentences = knowledge.get(name, KIND, lambda place, manifest: Sentences(place, manifest, knowledge.keyed))
    return found


def add_sentences(
    knowledge: Knowledge, name: str, source: Path, encode: Encode, report: Callable[[float], None] = lambda _: None
) -> Manifest:
    """Keep the sentences of a file under `name`. Raises `KnowledgeError`; the old collection stays in force then."""

    def write(place: Path) -> dict[str, Any]:
        ordinary, keyed = Ordinary.read(), knowledge.keyed
        known = {mark_of(text, keyed): (line, text) for line, text in reversed(list(read_sentences(source)))}
        marks = np.array(sorted(known), np.uint64)
        lines, texts = zip(*(known[int(mark)] for mark in marks), strict=True)
        vectors = np.concatenate(list(_encoded(texts, encode, report)))
        placed = ordinary.placed(vectors)
        np.save(place / "vectors.npy", in_bytes(placed @ turn_of(keyed, vectors.shape[1])))
        np.save(place / "marks.npy", marks)
        np.save(place / "lines.npy", np.array(lines, np.uint32))
        alike = [one.likeness for one in Nearest(in_bytes(placed)).find(ordinary.sentences)]
        return {
            "sentences": len(texts), "scale": SCALE, "made_with": ordinary.mark,
            "threshold": round(threshold_of(np.array(alike, np.float32)), 3),
        }  # fmt: skip

    return knowledge.put(name, KIND, write)


def _encoded(texts: Sequence[str], encode: Encode, report: Callable[[float], None]) -> Iterator[Floats]:
    for at in range(0, len(texts), _TOGETHER):
        report(at / len(texts))
        yield encode([fold_plain(text).text for text in texts[at : at + _TOGETHER]])
    report(1.0)


def read_sentences(source: Path) -> Iterator[tuple[int, str]]:
    """Each sentence with its line, from 1. Raises `KnowledgeError` naming the lines at fault, and no word of them."""
    lines = [
        (number, line.strip().removeprefix("- ").removeprefix("* ").strip())
        for number, line in enumerate(_text(source).split("\n"), start=1)
    ]
    found = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not found:
        raise KnowledgeError(f"{source}: no sentence in it; one a line is wanted")
    counts = {number: sum(1 for _ in words_of(line)) for number, line in found}
    short = [number for number, count in counts.items() if count < LEAST]
    long = [number for number, count in counts.items() if count > LONGEST]
    _refuse(source, f"fewer than {LEAST} words", short)
    _refuse(source, f"over {LONGEST} words: give each sentence a line", long)
    if len(found) > MOST:
        raise KnowledgeError(f"{source}: {len(found):,} sentences; up to {MOST:,} can be kept")
    yield from found


def _text(source: Path) -> str:
    if source.suffix.lower() not in (".txt", ".md"):
        raise KnowledgeError(f"{source}: txt or md is wanted, with a sentence a line")
    try:
        if source.stat().st_size > _MOST_BYTES:
            raise KnowledgeError(f"{source}: larger than {_MOST_BYTES // 1_000_000} MB")
        data = source.read_bytes()
    except OSError as error:
        raise KnowledgeError(f"{source}: {error.strerror}") from None
    if b"\0" in data:
        raise KnowledgeError(f"{source}:{data[: data.index(0)].count(10) + 1}: not a text in UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise KnowledgeError(f"{source}:{line}: not in UTF-8; save it as UTF-8") from None


def _refuse(source: Path, fault: str, lines: Sequence[int]) -> None:
    if lines:
        shown = ", ".join(map(str, lines[:_SHOWN])) + (" ..." if len(lines) > _SHOWN else "")
        where = f", in {len(lines)} lines ({shown})" if len(lines) > 1 else ""
        raise KnowledgeError(f"{source}:{lines[0]}: {fault}{where}")


def mark_of(text: str, keyed: Keyed) -> int:
    """The same for the same words, whatever case, accents and punctuation."""
    return keyed.hash(" ".join(word for word, _, _ in words_of(fold_plain(text).text)))


def turn_of(keyed: Keyed, width: int) -> Floats:
    """A rotation that only the key tells: `(width, width)`, drawn evenly from all there are."""
    noise = np.frombuffer(keyed.noise(b"vaglio sentences", 2 * 8 * width * width), "<u8")
    even = ((noise >> np.uint64(11)).astype(np.float64) + 0.5) / 2**53
    normal = np.sqrt(-2 * np.log(even[::2])) * np.cos(2 * np.pi * even[1::2])
    rotation, upper = np.linalg.qr(normal.reshape(width, width))
    found: Floats = (rotation * np.sign(np.diag(upper))).astype(np.float32)
    return found
