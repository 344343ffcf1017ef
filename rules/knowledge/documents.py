"""Passages of confidential documents: what a text quotes of them, word for word, and how much of it that is.

Shingles of five words are hashed under the key; of each six in a row one is kept with its document (winnowing), so that
ten words that are quoted always meet one, and all of them stand in a Bloom filter, which says how far a quotation goes.
Containment is measured, not likeness: a post is short, and the document is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.folding import fold_plain
from rules.knowledge.hashing import Hashes, Keyed, places_of, words_of
from rules.knowledge.store import Knowledge, KnowledgeError, Manifest

KIND = "documents"
SHINGLE = 5
WINDOW = 6
QUOTED = SHINGLE + WINDOW - 1
"""Words in a row from which a quotation is always found."""
_BITS, _PROBES = 12, 4
"""Of the Bloom filter: bits a shingle, and how many of them are set; seven in a thousand are taken for known."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_STEPS = np.array(
    [0xD6E8FEB86659FD93, 0xA5A3564E27F88691, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD, 0x165667B19E3779F9], np.uint64
)


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words of a document that stand in a text."""

    document: str
    words: int
    start: int
    end: int


class Documents:
    """A collection, open. Immutable, and mapped from the disk."""

    def __init__(self, place: Path, manifest: Manifest, keyed: Keyed) -> None:
        self.mark = manifest.mark
        self.names: tuple[str, ...] = tuple(manifest.about["documents"])
        self._keyed = keyed
        self._hashes: Hashes = np.load(place / "hashes.npy", mmap_mode="r")
        self._owners: NDArray[np.uint32] = np.load(place / "owners.npy", mmap_mode="r")
        self._bloom: NDArray[np.uint8] = np.load(place / "bloom.npy", mmap_mode="r")
        if len(self._hashes) != len(self._owners):
            raise ValueError("arrays of unlike lengths")

    def find(self, text: str, least: int = QUOTED) -> Iterator[Quotation]:
        """Quotations of at least `least` words, in order; of each the document that has most of it."""
        words = list(words_of(text))
        if len(words) < max(least, SHINGLE):
            return
        shingles = _shingles(self._keyed.hashes(word for word, _, _ in words))
        known = _in_bloom(self._bloom, shingles)
        first, last = places_of(self._hashes, shingles)
        for begin, end in _runs(known):
            count = end - begin + SHINGLE - 1
            owners = [self._owners[first[at] : last[at]] for at in range(begin, end) if first[at] < last[at]]
            if count >= least and owners:
                numbers, votes = np.unique(np.concatenate(owners), return_counts=True)
                name = self.names[int(numbers[votes.argmax()])]
                yield Quotation(name, count, words[begin][1], words[end + SHINGLE - 2][2])


def share_of(quotations: list[Quotation], text: str) -> float:
    """How much of a text's words is quoted, from 0 to 1."""
    every = sum(1 for _ in words_of(text))
    return min(1.0, sum(quotation.words for quotation in quotations) / max(1, every))


def open_documents(knowledge: Knowledge, name: str) -> Documents:
    """Raises `KnowledgeError`."""
    found: Documents = knowledge.get(name, KIND, lambda place, manifest: Documents(place, manifest, knowledge.keyed))
    return found


def add_documents(
    knowledge: Knowledge, name: str, texts: Iterator[tuple[str, str]], report: Callable[[str], None] = lambda _: None
) -> Manifest:
    """Keep documents (their names and texts) under `name`. Raises `KnowledgeError`; the old collection stays then."""

    def write(place: Path) -> dict[str, Any]:
        names, kept, owners, every = list[str](), list[Hashes](), list[NDArray[np.uint32]](), list[Hashes]()
        words = _Words(knowledge.keyed)
        for document, text in texts:
            report(document)
            shingles = _shingles(words.hashes(text))
            if not len(shingles):
                continue
            some = _winnowed(shingles)
            kept.append(some)
            owners.append(np.full(len(some), len(names), np.uint32))
            every.append(shingles)
            names.append(document)
        if not names:
            raise KnowledgeError(f"{name}: no document of at least {SHINGLE} words")
        return {"documents": names, "shingles": _saved(place, kept, owners, every)}

    return knowledge.put(name, KIND, write)


def _saved(place: Path, kept: list[Hashes], owners: list[NDArray[np.uint32]], every: list[Hashes]) -> int:
    hashes, numbers = np.concatenate(kept), np.concatenate(owners)
    order = np.argsort(hashes, kind="stable")
    np.save(place / "hashes.npy", hashes[order])
    np.save(place / "owners.npy", numbers[order])
    count = sum(map(len, every))
    bloom = np.zeros(max(64, count * _BITS // 8), np.uint8)
    for shingles in every:
        for place_of_bit in _bits(shingles, len(bloom)):
            np.bitwise_or.at(
                bloom, place_of_bit >> np.uint64(3), np.uint8(1) << (place_of_bit & np.uint64(7)).astype(np.uint8)
            )
    np.save(place / "bloom.npy", bloom)
    return count


class _Words:
    """Hashes of words, each worked out once: documents repeat themselves."""

    def __init__(self, keyed: Keyed) -> None:
        self._keyed = keyed
        self._known: dict[str, int] = {}

    def hashes(self, text: str) -> Hashes:
        found = []
        for word, _, _ in words_of(text if text.isascii() else fold_plain(text).text):
            value = self._known.get(word)
            if value is None:
                value = self._known[word] = self._keyed.hash(word)
            found.append(value)
        return np.array(found, np.uint64)


def _shingles(words: Hashes) -> Hashes:
    """A hash for each run of five words."""
    if len(words) < SHINGLE:
        return np.empty(0, np.uint64)
    runs = np.lib.stride_tricks.sliding_window_view(words, SHINGLE)
    with np.errstate(over="ignore"):
        mixed = (runs * _STEPS).sum(axis=1, dtype=np.uint64)
        mixed ^= mixed >> np.uint64(29)
        mixed *= _MIX
    found: Hashes = mixed ^ (mixed >> np.uint64(32))
    return found


def _winnowed(shingles: Hashes) -> Hashes:
    """Of each six in a row the smallest."""
    if len(shingles) <= WINDOW:
        return shingles[[shingles.argmin()]]
    windows = np.lib.stride_tricks.sliding_window_view(shingles, WINDOW)
    places = np.unique(windows.argmin(axis=1) + np.arange(len(windows)))
    kept: Hashes = shingles[places]
    return kept


def _bits(shingles: Hashes, size: int) -> Iterator[NDArray[np.uint64]]:
    bits = np.uint64(size * 8)
    with np.errstate(over="ignore"):
        step = (shingles >> np.uint64(32)) | np.uint64(1)
        for number in range(_PROBES):
            yield (shingles + np.uint64(number) * step * _MIX) % bits


def _in_bloom(bloom: NDArray[np.uint8], shingles: Hashes) -> NDArray[np.bool_]:
    known = np.ones(len(shingles), np.bool_)
    for place in _bits(shingles, len(bloom)):
        known &= (bloom[place >> np.uint64(3)] >> (place & np.uint64(7)).astype(np.uint8)) & 1 == 1
    return known


def _runs(known: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Where shingles in a row are known: from, up to."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], known.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
