"""How well customers' messages are sorted into themes and complaints, on messages written for it.

.venv/bin/python bench/listening.py

Twelve themes in two languages, 25 messages each, and thirty messages about something else each; six smaller themes
("dev") are those on which the method's numbers were chosen. None of it is in the judge's corpus.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

import numpy as np

from bot.audit.groups import FEWEST
from bot.insights.complaints import Complaints
from bot.insights.telling import Message, Vocabulary, phrase, words_of
from bot.insights.themes import centred, themes_among
from rules.encoder import Encoder
from rules.serving import Floats

ROOT = Path(__file__).parents[1]
WRITTEN = ROOT / "bench/data/listening.jsonl"
DRAWS = 20


@dataclass(frozen=True)
class Sorted:
    """What came of sorting: agreement with the themes as planted (1: the same), and of the themes shown how pure."""

    agreement: float
    themes: int
    found: int
    purity: float
    reached: float
    strays: float

    @classmethod
    def of(cls, planted: Sequence[str], themes: Sequence[Sequence[int]]) -> Sorted:
        place = {number: at for at, theme in enumerate(themes) for number in theme}
        # What is in no theme is by itself.
        ours = [place.get(number, -1 - number) for number in range(len(planted))]
        themed = [number for number, name in enumerate(planted) if name]
        names = [Counter(planted[number] for number in theme) for theme in themes]
        shown = sum(map(len, themes))
        right = sum(
            max(count for name, count in each.items() if name) if any(each) else 0 for each in names if any(each)
        )
        strays = len(planted) - len(themed)
        return cls(
            _rand([planted[number] for number in themed], [ours[number] for number in themed]),
            len(themes),
            len({max((n for n in each if n), key=lambda n: each[n]) for each in names if any(each)}),
            right / max(1, shown),
            sum(number in place for number in themed) / max(1, len(themed)),
            sum(number in place for number, name in enumerate(planted) if not name) / max(1, strays),
        )

    def line(self) -> str:
        return (
            f"ARI {self.agreement:.2f}, {self.themes} shown for {self.found} planted, purity {self.purity:.2f}, "
            f"{self.reached:.0%} of their messages in them, and {self.strays:.0%} of the strays"
        )


def _rand(planted: Sequence[str], ours: Sequence[int]) -> float:
    """The adjusted Rand index."""
    pairs = sum(comb(count, 2) for count in Counter(zip(planted, ours, strict=True)).values())
    first, second = (sum(comb(count, 2) for count in Counter(labels).values()) for labels in (planted, ours))
    chance = first * second / comb(len(planted), 2)
    return (pairs - chance) / ((first + second) / 2 - chance)


def sort(rows: Sequence[dict[str, Any]], vectors: Floats, fewest: int = FEWEST) -> list[list[int]]:
    return themes_among(centred(vectors, [(row["lang"], "?" in row["text"]) for row in rows]), fewest)


def themes(rows: Sequence[dict[str, Any]], vectors: Floats) -> None:
    for split in ("dev", "test"):
        numbers = [number for number, row in enumerate(rows) if row["split"] == split]
        some = [rows[number] for number in numbers]
        print(f"{split}: {len(some)} messages")
        print("  all at once:", Sorted.of([row["theme"] for row in some], sort(some, vectors[numbers])).line())
    for count in (160, 80, 40):
        drawn = [_drawn(numbers, rows, vectors, count, seed) for seed in range(DRAWS)]
        means = [float(np.mean([getattr(each, name) for each in drawn])) for name in ("found", "purity", "reached")]
        print(
            f"  {count} of them, mean of {DRAWS}: {means[0]:.1f} themes found, purity {means[1]:.2f}, {means[2]:.0%} in them"
        )
    print("  in six weeks, each by itself:", _by_week(some, vectors[numbers]).line())


def _drawn(numbers: Sequence[int], rows: Sequence[dict[str, Any]], vectors: Floats, count: int, seed: int) -> Sorted:
    some = sorted(random.Random(seed).sample(list(numbers), count))
    return Sorted.of([rows[number]["theme"] for number in some], sort([rows[n] for n in some], vectors[some]))


def _by_week(some: Sequence[dict[str, Any]], vectors: Floats) -> Sorted:
    """Each week's themes alone, joined with those of other weeks by their middles: the way that was not taken."""
    order = list(range(len(some)))
    random.Random(1).shuffle(order)
    middles, joined = list[Floats](), list[list[int]]()
    for week in range(6):
        own = sorted(order[week::6])
        rows = centred(vectors[own], [(some[number]["lang"], "?" in some[number]["text"]) for number in own])
        for theme in themes_among(rows, 2):
            middle = rows[theme].mean(0)
            middle = middle / np.linalg.norm(middle)
            alike = [float(middle @ other) for other in middles]
            if alike and max(alike) >= 0.5:
                joined[int(np.argmax(alike))] += [own[at] for at in theme]
            else:
                middles.append(middle)
                joined.append([own[at] for at in theme])
    return Sorted.of([row["theme"] for row in some], [theme for theme in joined if len(theme) >= FEWEST])


def complaints(rows: Sequence[dict[str, Any]], vectors: Floats, encoder: Encoder) -> None:
    found = Complaints(encoder.vectors).among(vectors)
    for split in ("dev", "test"):
        pairs = [(row["complaint"], ours) for row, ours in zip(rows, found, strict=True) if row["split"] == split]
        both = sum(true and ours for true, ours in pairs)
        print(
            f"{split}: precision {both / sum(ours for _, ours in pairs):.2f}, "
            f"recall {both / sum(true for true, _ in pairs):.2f}, right {sum(t == o for t, o in pairs) / len(pairs):.2f}"
        )


def shown(rows: Sequence[dict[str, Any]], vectors: Floats, encoder: Encoder) -> None:
    some = [number for number, row in enumerate(rows) if row["split"] == "test"]
    rows, vectors = [rows[number] for number in some], vectors[some]
    messages = [Message(at, row["lang"], tuple(words_of(row["text"]))) for at, row in enumerate(rows)]
    vocabulary, complain = Vocabulary(messages), Complaints(encoder.vectors).among(vectors)
    for theme in sort(rows, vectors):
        inside = [messages[number] for number in theme]
        name = vocabulary.name(inside)
        planted = Counter(rows[number]["theme"] or "-" for number in theme).most_common(2)
        share = sum(complain[number] for number in theme) / len(theme)
        print(f"{len(theme):3} {share:4.0%} {' · '.join(name)}   <- {planted}")
        near = vocabulary.samples(inside, name)
        for told in filter(None, (phrase(rows[each.seq]["text"], name, vocabulary.shared) for each in near)):
            print("          ", told)


def large(vectors: Floats, rows: Sequence[dict[str, Any]]) -> None:
    """Two thousand messages: those of the test, each several times with noise as large as its distance to its like."""
    numbers = np.random.default_rng(0)
    picked = numbers.integers(0, len(rows), 2_000)
    noisy = (vectors[picked] + numbers.normal(0, 0.012, (2_000, vectors.shape[1]))).astype(np.float32)
    started = time.perf_counter()
    found = sort([rows[number] for number in picked], noisy)
    print(f"2,000 messages sorted in {time.perf_counter() - started:.1f} s into {len(found)} themes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--show", action="store_true", help="what a page would show of them")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
    encoder = Encoder(arguments.models)
    started = time.perf_counter()
    vectors = encoder.vectors([row["text"] for row in rows]).astype(np.float16).astype(np.float32)
    print(f"{(time.perf_counter() - started) / len(rows) * 1000:.1f} ms a message")
    themes(rows, vectors)
    complaints(rows, vectors, encoder)
    test = [number for number, row in enumerate(rows) if row["split"] == "test"]
    large(vectors[test], [rows[number] for number in test])
    if arguments.show:
        shown(rows, vectors, encoder)


if __name__ == "__main__":
    main()
