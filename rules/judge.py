"""The judge: what a draft means, label by label, by a small network of our own training that needs no download.

multilingual-e5-small with a low-rank adapter and our own heads (`rules/weights/`), one pass a draft for every label.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rules.built import Build, Report, digest_of, is_sound, opened, silent
from rules.draft import Span
from rules.e5 import Floats
from rules.encoder import BUILDER, SHA256, checked_weights, source_key, vocabulary
from rules.labels import LABELS, WHOLE
from rules.passages import Context, Passage, passages
from rules.serving import Served, session
from rules.tokens import Tokenizer

if TYPE_CHECKING:
    from onnx import ModelProto

WEIGHTS = Path(__file__).parent / "weights" / "judge.safetensors"
CALIBRATION = Path(__file__).parent / "weights" / "calibration.json"
NAME = "vaglio-judge"
_ANY = "*"
"""In the calibration: whatever language, or one that is not known."""

_MOST = 6_000
"""Pieces of a draft that are read: twice what 10,000 characters of prose have. More is an attack on somebody's time."""
_MOST_APART = 2_500
"""Pieces of undisguised sentences that are read beside it."""
_NEAR = 0.85
"""Share of a window's highest score from which another of its sentences is told too."""


class TooLong(Exception):
    """A text of more pieces than can be read while somebody waits."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A place in the text and what the judge says of it."""

    span: Span
    score: float
    """From 0 to 1, calibrated: of a hundred texts like those of the corpus with this score, so many carry the label."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One text, read. Rows are segments: windows of whole sentences (mostly one, all of the text), and sentences."""

    labels: tuple[str, ...]
    spans: tuple[Span, ...]
    windows: tuple[bool, ...]
    """Which segments are windows."""
    scores: Floats
    """`(segments, labels)`, from 0 to 1."""
    vectors: Floats = field(default_factory=lambda: np.empty((0, 0), np.float32))
    """`(segments, width)`: what the network made of each; empty where its model has none to give."""

    def score(self, label: str) -> float:
        """Of the whole: the highest of the text and its sentences, or the text's own for what only it can show."""
        return max((scored.score for scored in self._seen(label)), default=0.0)

    def over(self, label: str, threshold: float) -> list[Scored]:
        """Each sentence whose score reaches `threshold`, and each window that does where none of its sentences does.

        Sentences read together colour one another: of those in a window only the ones near its highest score are told.
        """
        reached = [scored for scored in self._seen(label) if scored.score >= threshold]
        windows = {span for span, window in zip(self.spans, self.windows, strict=True) if window}
        if label in WHOLE:
            return reached
        sentences = [scored for scored in reached if scored.span not in windows]
        found = [] if windows else sentences
        for window in sorted(windows):
            inside = [sentence for sentence in sentences if window.covers(sentence.span)]
            highest = max((sentence.score for sentence in inside), default=0.0)
            found += [sentence for sentence in inside if sentence.score >= _NEAR * highest]
            found += [scored for scored in reached if scored.span == window and not inside]
        return found

    def _seen(self, label: str) -> Iterator[Scored]:
        column = self.labels.index(label)
        rows = zip(self.spans, self.windows, self.scores[:, column].tolist(), strict=True)
        if label not in WHOLE:
            yield from (Scored(span, score) for span, _, score in rows)
        elif windows := [(span, score) for span, window, score in rows if window]:
            # What is missing in one window may stand in another.
            whole = Span(windows[0][0].start, windows[-1][0].end)
            yield Scored(whole, min(score for _, score in windows))


class Judge:
    """Thread-safe, and meant to be shared."""

    name = NAME
    labels = LABELS

    def __init__(
        self,
        folder: Path,
        report: Report = silent,
        *,
        weights: Path = WEIGHTS,
        calibration: Path | None = CALIBRATION,
        threads: int | None = None,
    ):
        """Open what is built in the models' `folder`; build it first where it is missing.

        Raises `FileNotFoundError` without the package that carries the encoder, `encoder.WrongWeights`, or `OSError`
        where `folder` cannot be written.
        """
        self.digest = _digest(weights, calibration)
        self.tokenizer = Tokenizer(vocabulary(folder, report))
        graph = opened(folder, _judge(weights), report) / "judge.onnx"
        file = checked_weights()
        self._width = file.shape.hidden
        self._served = Served(session(graph, threads), file.words)
        self._calibration = Calibration.read(calibration) if calibration else Calibration.none()

    def read(self, text: str, sentences: Sequence[Span], context: Context, language: str | None = None) -> Judged:
        """Judge `text` (in NFKC, as `Folded.plain` is, and not blank). Spans are places in it."""
        read = passages(self.tokenizer, text, sentences, context)
        _bound(read, _MOST)
        return self._judged(read, self._served.run(read, "logits", "pooled"), language)

    def read_each(self, texts: Sequence[str], context: Context, language: str | None = None) -> list[Judged]:
        """Judge short texts apart from one another, in as few passes as they fit into."""
        each = [passages(self.tokenizer, text, (Span(0, len(text)),), context) for text in texts]
        _bound([window for read in each for window in read], _MOST_APART)
        found = iter(self._served.run([window for read in each for window in read], "logits", "pooled"))
        return [self._judged(read, [next(found) for _ in read], language) for read in each]

    def _judged(self, read: Sequence[Passage], found: Sequence[tuple[Floats, ...]], language: str | None) -> Judged:
        spans, windows = _places(read)
        scores = self._calibration.scores(_joined([logits for logits, _ in found], len(LABELS)), language)
        return Judged(LABELS, spans, windows, scores, _joined([pooled for _, pooled in found], self._width))

    def logits(self, text: str, sentences: Sequence[Span], context: Context) -> tuple[tuple[bool, ...], Floats]:
        """Which segments are windows, and `(segments, labels)` before calibration."""
        read = passages(self.tokenizer, text, sentences, context)
        return _places(read)[1], _joined([logits for (logits,) in self._served.run(read, "logits")], len(LABELS))

    def threshold(self, label: str, language: str | None = None) -> float:
        """The score from which the label counts where a rule names no threshold of its own."""
        return self._calibration.threshold(label, language)


def shipped_digest() -> str:
    """The digest of the judge that comes with Vaglio, without opening it."""
    return _digest(WEIGHTS, CALIBRATION)


def _digest(*files: Path | None) -> str:
    """Of encoder, weights and calibration together: all of them decide what a score says."""
    parts = [SHA256, BUILDER, *(digest_of(file) for file in files if file)]
    return sha256(" ".join(parts).encode()).hexdigest()[:12]


def _joined(windows: Sequence[Floats], width: int) -> Floats:
    # A text of nothing but signs that stand for spaces has no pieces, and says nothing.
    return np.concatenate(windows) if windows else np.empty((0, width), np.float32)


def _bound(read: Sequence[Passage], most: int) -> None:
    if sum(len(window.ids) for window in read) > most:
        raise TooLong


def _places(read: Sequence[Passage]) -> tuple[tuple[Span, ...], tuple[bool, ...]]:
    """Each segment's span, and whether it is a window."""
    spans = tuple(span for window in read for span in window.spans)
    return spans, tuple(number == 0 for window in read for number in range(len(window.spans)))


@dataclass(frozen=True)
class Calibration:
    """From logits to scores, for each label and language: `1 / (1 + exp(-(slope * logit + shift)))`."""

    lines: Mapping[str, Mapping[str, tuple[float, float]]]
    """By language (`*`: any), by label: slope and shift."""
    thresholds: Mapping[str, Mapping[str, float]]

    @classmethod
    def read(cls, path: Path) -> Calibration:
        raw = json.loads(path.read_text(encoding="utf-8"))
        lines = {
            language: {label: (row["slope"], row["shift"]) for label, row in rows.items()}
            for language, rows in raw.items()
        }
        return cls(
            lines,
            {language: {label: row["threshold"] for label, row in rows.items()} for language, rows in raw.items()},
        )

    @classmethod
    def none(cls) -> Calibration:
        """The logits' own sigmoid, as training left it."""
        return cls({_ANY: dict.fromkeys(LABELS, (1.0, 0.0))}, {_ANY: dict.fromkeys(LABELS, 0.5)})

    def scores(self, logits: Floats, language: str | None) -> Floats:
        slope, shift = self._vectors[self._known(language)]
        if not np.isfinite(logits).all():
            raise ValueError("not a number")  # it would be over no threshold, and seem fine
        scores: Floats = 1 / (1 + np.exp(-(logits * slope + shift)))
        return scores

    def threshold(self, label: str, language: str | None) -> float:
        return self.thresholds[self._known(language)][label]

    def _known(self, language: str | None) -> str:
        return language if language is not None and language in self.lines else _ANY

    @cached_property
    def _vectors(self) -> dict[str, tuple[Floats, Floats]]:
        return {
            language: (
                np.array([rows[label][0] for label in LABELS], np.float32),
                np.array([rows[label][1] for label in LABELS], np.float32),
            )
            for language, rows in self.lines.items()
        }


def is_built(folder: Path) -> bool:
    """Whether the judge that comes with Vaglio stands in the models' `folder`, whole."""
    build = _judge(WEIGHTS)
    return is_sound(folder / build.name, build.key)


def _judge(weights: Path) -> Build:
    def make(place: Path, report: Report) -> None:
        import onnx

        report(NAME, 0.0)
        onnx.save(graph_of(weights), str(place / "judge.onnx"))

    digest = digest_of(weights)
    # Weights on trial have a place of their own: the judge in use is not rebuilt for them, nor again after them.
    name = "judge" if weights == WEIGHTS else f"judge-{digest[:8]}"
    return Build(name, f"{source_key()}, weights {digest}", make)


def graph_of(weights: Path, *, int8: bool = True) -> ModelProto:
    """The network that `weights` make of the encoder; in eight bits as it is served, or as it was trained."""
    from safetensors.numpy import load_file

    from rules.graphs import judge_graph

    tensors = {name: value.astype(np.float32) for name, value in load_file(weights).items()}
    added = {name: tensors[f"{name}.down"] @ tensors[f"{name}.up"] for name in _adapted(tensors)}
    return judge_graph(checked_weights(), added, _heads(tensors), int8=int8)


def _heads(tensors: Mapping[str, Floats]) -> list[tuple[Floats, Floats]]:
    """Weight and bias of each layer of the head. The vectors' middle and spread go into the first."""
    (weight, bias), *others = [
        (tensors[f"{name}.weight"].T, tensors[f"{name}.bias"])
        for name in ("inner", "outer")
        if f"{name}.weight" in tensors
    ]
    weight = weight / tensors["spread"][:, None]
    return [(weight, bias - tensors["middle"] @ weight), *others]


def _adapted(tensors: Mapping[str, Floats]) -> list[str]:
    return sorted(name.removesuffix(".down") for name in tensors if name.endswith(".down"))
