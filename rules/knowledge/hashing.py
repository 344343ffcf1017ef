"""Words to keyed hashes: whoever has the files and not the key learns no word, only how often one comes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b, shake_256

import numpy as np
import regex
from numpy.typing import NDArray

from rules.folding import bare

Hashes = NDArray[np.uint64]
KEY_BYTES = 32
_WORD = regex.compile(r"[\p{L}\p{M}\p{Nd}]+")


class Keyed:
    """Hashes of 64 bits under one key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key of {KEY_BYTES} bytes is wanted, and this one has {len(key)}")
        self._key = key

    @property
    def mark(self) -> str:
        """Tells this key from others, and nothing more."""
        return blake2b(b"vaglio knowledge", key=self._key, digest_size=8).hexdigest()

    def noise(self, purpose: bytes, size: int) -> bytes:
        """Bytes that nobody can tell who has not the key; always the same ones for a purpose."""
        return shake_256(blake2b(purpose, key=self._key).digest()).digest(size)

    def hash(self, words: str) -> int:
        return int.from_bytes(
            blake2b(words.encode("utf-8", "replace"), key=self._key, digest_size=8).digest(), "little"
        )

    def hashes(self, words: Iterable[str]) -> Hashes:
        return np.array([self.hash(word) for word in words], np.uint64)


def words_of(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word in the form in which it is hashed, and its place."""
    for match in _WORD.finditer(text):
        yield bare(match[0]), match.start(), match.end()


def places_of(sorted_hashes: Hashes, wanted: Hashes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For each of `wanted` the range of places where it stands; an empty one where it does not."""
    return np.searchsorted(sorted_hashes, wanted, "left"), np.searchsorted(sorted_hashes, wanted, "right")


def joined(words: Sequence[str], written: str = "") -> str:
    """Several words, which stand so in `written`, as one value: a name's in whatever order, others as they stand."""
    if 2 <= len(words) <= 4 and "@" not in written and all(word.isalpha() for word in words):
        return " ".join(sorted(words))
    return "".join(words)
