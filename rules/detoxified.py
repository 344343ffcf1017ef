"""Detoxify's models, served by ONNX Runtime in eight bits: the scores of `Detoxify.predict`, without torch and faster.

Text beyond 512 tokens is read in windows, where Detoxify cuts it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rules.built import digest_of, is_sound
from rules.draft import Span
from rules.e5 import Floats
from rules.judge import Judged
from rules.serving import batches, session
from rules.unavailable import Unavailable

KINDS = {"multilingual": "0b549669", "original": "c1212f89", "unbiased": "c7548aa0"}
"""The models that Detoxify publishes and that can be served here, with the first digits of each file's SHA-256."""
BUILDER = "2"
_WINDOW = 510
"""Tokens of a text that its network reads, besides the two that open and close it."""
_SHORTER = 126
"""Tokens of a window where a text has several: one line must not drown in a page."""
_THRESHOLD = 0.5
_MOST = 6_000
"""Tokens of a draft that are read, sentences included: more would take longer than a rule may."""
_MOST_APART = 10_000
"""Characters of undisguised sentences that are read beside it."""


class NotDetoxify(ValueError):
    """A file that is no checkpoint of Detoxify's, or of a kind that is not known here; the message says which."""


class Detoxified:
    """One of Detoxify's models. Thread-safe, and meant to be shared."""

    def __init__(self, folder: Path, kind: str, *, threads: int | None = None) -> None:
        """Open what `install` made in the models' `folder`. Raises `FileNotFoundError` where it is not, or damaged."""
        from tokenizers import Tokenizer

        self.name = f"detoxify-{kind}"
        self.folder = folder
        place = folder / self.name
        if not is_installed(folder, kind):
            raise FileNotFoundError(f"{self.name} is not installed: vaglio models install {self.name}")
        self.digest = digest_of(place / "built.json")[:12]
        self.classes: tuple[str, ...] = tuple(json.loads((place / "classes.json").read_text(encoding="utf-8")))
        self._tokenizer = Tokenizer.from_file(str(place / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._words = np.load(place / "words.npy", mmap_mode="r")
        self._scales = np.load(place / "scales.npy")
        self._graph = session(place / "detoxify.onnx", threads)
        opening = self._tokenizer.encode("").ids
        self._begin, self._end = opening[0], opening[-1]

    def predict(self, texts: Sequence[str]) -> Floats:
        """Scores from 0 to 1, `(texts, classes)`: the highest of a text's windows."""
        windows = [self._windows(text) for text in texts]
        found = self._scores([ids for each in windows for ids, _ in each])
        ends = np.cumsum([len(each) for each in windows])
        return np.stack([part.max(axis=0) for part in np.split(found, ends[:-1])])

    def read(self, text: str, sentences: Sequence[Span]) -> Judged:
        """Score `text` and each of its sentences; of a text longer than the network reads, its sentences alone."""
        read = self._windows(text)
        whole = [len(read) == 1] * len(read)
        if len(sentences) > 1:
            each = [(ids, sentence) for sentence in sentences for ids, _ in self._windows(sentence.of(text))]
            read, whole = (read, whole) if len(read) == 1 else ([], [])
            read, whole = [*read, *each], [*whole, *[False] * len(each)]
        if sum(len(ids) for ids, _ in read) > _MOST:
            raise Unavailable("timeout")
        scores = self._scores([ids for ids, _ in read])
        return Judged(self.classes, tuple(span for _, span in read), tuple(whole), scores)

    def read_each(self, texts: Sequence[str]) -> list[Judged]:
        """Score short texts apart from one another. Raises `Unavailable` where they are too many to wait for."""
        if sum(map(len, texts)) > _MOST_APART:
            raise Unavailable("timeout")
        if not texts:
            return []
        return [
            Judged(self.classes, (Span(0, len(text)),), (True,), row[None])
            for text, row in zip(texts, self.predict(texts), strict=True)
        ]

    def threshold(self, label: str, language: str | None = None) -> float:
        """Detoxify names none: the usual middle."""
        return _THRESHOLD

    def _windows(self, text: str) -> list[tuple[list[int], Span]]:
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        ids, places = encoded.ids, encoded.offsets
        if len(ids) <= _WINDOW:
            return [([self._begin, *ids, self._end], Span(0, max(1, len(text))))]
        return [
            ([self._begin, *ids[at : at + _SHORTER], self._end], _span(places[at : at + _SHORTER]))
            for at in range(0, len(ids), _SHORTER // 2)
            if at == 0 or at + _SHORTER // 2 < len(ids)
        ]

    def _scores(self, rows: Sequence[list[int]]) -> Floats:
        results = np.empty((len(rows), len(self.classes)), np.float32)
        for numbers in batches([len(row) for row in rows]):
            length = max(len(rows[number]) for number in numbers)
            ids = np.zeros((len(numbers), length), np.int64)
            mask = np.zeros((len(numbers), length), np.int32)
            for at, number in enumerate(numbers):
                ids[at, : len(rows[number])] = rows[number]
                mask[at, : len(rows[number])] = 1
            inputs: dict[str, NDArray[np.generic]] = {"embedded": self._embedded(ids), "mask": mask}
            (logits,) = self._graph.run(["logits"], inputs)
            results[numbers] = 1 / (1 + np.exp(-logits))
        if not np.isfinite(results).all():
            raise Unavailable("error:NotANumber")
        return results

    def _embedded(self, ids: NDArray[np.int64]) -> Floats:
        words: Floats = self._words[ids].astype(np.float32) * self._scales[ids][..., None]
        return words


def _span(places: Sequence[tuple[int, int]]) -> Span:
    return Span(places[0][0], max(places[-1][1], places[0][0] + 1))


def is_installed(folder: Path, kind: str) -> bool:
    return is_sound(folder / f"detoxify-{kind}", key_of(kind))


def key_of(kind: str) -> str:
    """What one that is installed must have been made from."""
    return f"detoxify-{kind}, builder {BUILDER}"
