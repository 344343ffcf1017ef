"""How well customers' messages are sorted into themes and complaints, on messages written for it.

.venv/bin/python bench/listening.py

"test": twelve themes in two languages, 25 messages each, and thirty messages about something else each. "dev": six
smaller themes, on which the method's numbers were chosen. "fresh": six more, written when nothing was changed any more.
None of it is in the judge's corpus.
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
from bot.insights.hearing import apart, spoken
from bot.insights.reference import Reference
from bot.insights.telling import Message, Vocabulary, phrase, words_of
from bot.insights.themes import themes_among
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


@dataclass(frozen=True)
class Messages:
    """As they were written, and as the encoder has them."""

    rows: Sequence[dict[str, Any]]
    vectors: Floats
    reference: Reference

    def some(self, numbers: Sequence[int]) -> Messages:
        return Messages([self.rows[number] for number in numbers], self.vectors[list(numbers)], self.reference)

    def of(self, **wanted: str) -> Messages:
        return self.some([n for n, row in enumerate(self.rows) if all(row[key] == wanted[key] for key in wanted)])

    def drawn(self, count: int, seed: int) -> Messages:
        return self.some(sorted(random.Random(seed).sample(range(len(self.rows)), count)))

    def centred(self) -> Floats:
        return self.reference.centred(self.vectors, [(spoken(row["text"]), "?" in row["text"]) for row in self.rows])

    def themes(self) -> list[list[int]]:
        return themes_among(self.centred(), FEWEST)

    def sorted(self) -> Sorted:
        return Sorted.of([row["theme"] for row in self.rows], self.themes())


def sorting(dev: Messages, test: Messages, fresh: Messages) -> None:
    for name, some in (("dev", dev), ("test", test), ("fresh", fresh)):
        print(f"{name}: {len(some.rows)} messages: {some.sorted().line()}")
    for count in (160, 80, 40):
        every = [test.drawn(count, seed).sorted() for seed in range(DRAWS)]
        found, purity, reached = (
            float(np.mean([getattr(e, n) for e in every])) for n in ("found", "purity", "reached")
        )
        print(
            f"  {count} of them, mean of {DRAWS}: {found:.1f} themes found, purity {purity:.2f}, {reached:.0%} in them"
        )
    names = sorted({row["theme"] for row in test.rows} - {""})
    alone = [test.of(theme=name).themes() for name in names]
    largest, shown = (
        sum(map(count, alone)) / len(alone) for count in (lambda each: max(map(len, each), default=0), len)
    )
    print(f"  one theme and nothing else, of 25: {shown:.1f} are shown, the largest has {largest:.0f}")
    print(f"  in six weeks, each by itself: {by_week(test).line()}")


def by_week(test: Messages) -> Sorted:
    """Each week's themes alone, joined with those of other weeks by their middles: the way that was not taken."""
    order = list(range(len(test.rows)))
    random.Random(1).shuffle(order)
    middles, joined = list[Floats](), list[list[int]]()
    for week in range(6):
        own = sorted(order[week::6])
        rows = test.some(own).centred()
        for theme in themes_among(rows, 2):
            middle = rows[theme].mean(0) / np.linalg.norm(rows[theme].mean(0))
            alike = [float(middle @ other) for other in middles]
            if alike and max(alike) >= 0.5:
                joined[int(np.argmax(alike))] += [own[at] for at in theme]
            else:
                middles.append(middle)
                joined.append([own[at] for at in theme])
    return Sorted.of([row["theme"] for row in test.rows], [theme for theme in joined if len(theme) >= FEWEST])


def complaints(name: str, some: Messages) -> None:
    found, true = some.reference.complain(some.vectors), [row["complaint"] for row in some.rows]
    both = sum(t and f for t, f in zip(true, found, strict=True))
    right = sum(t == f for t, f in zip(true, found, strict=True)) / len(true)
    print(f"complaints, {name}: precision {both / sum(found):.2f}, recall {both / sum(true):.2f}, right {right:.2f}")


def shown(test: Messages) -> None:
    messages = [Message(at, row["lang"], tuple(words_of(row["text"]))) for at, row in enumerate(test.rows)]
    vocabulary, complain = Vocabulary(messages), test.reference.complain(test.vectors)
    for theme in test.themes():
        inside = [messages[number] for number in theme]
        name = vocabulary.name(inside)
        planted = Counter(test.rows[number]["theme"] or "-" for number in theme).most_common(2)
        share = sum(complain[number] for number in theme) / len(theme)
        print(f"{len(theme):3} {share:4.0%} {' · '.join(name)}   <- {planted}")
        near = vocabulary.samples(inside, name)
        for told in filter(None, (phrase(test.rows[each.seq]["text"], name, vocabulary.shared) for each in near)):
            print("          ", told)


def large(test: Messages) -> None:
    """Two thousand messages: those of the test, each several times with noise as large as its distance to its like."""
    numbers = np.random.default_rng(0)
    many = test.some(numbers.integers(0, len(test.rows), 2_000).tolist())
    noise = numbers.normal(0, 0.012, many.vectors.shape).astype(np.float32)
    started = time.perf_counter()
    found = Messages(many.rows, many.vectors + noise, test.reference).themes()
    print(f"2,000 messages sorted in {time.perf_counter() - started:.1f} s into {len(found)} themes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--show", action="store_true", help="what a page would show of them")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
    encoder = Encoder(arguments.models)
    started = time.perf_counter()
    # As they are kept.
    vectors = apart(encoder, [row["text"] for row in rows]).astype(np.float16).astype(np.float32)
    print(f"{(time.perf_counter() - started) / len(rows) * 1000:.1f} ms a message")
    every = Messages(rows, vectors, Reference(lambda texts: apart(encoder, texts)))
    dev, test, fresh = (every.of(split=split) for split in ("dev", "test", "fresh"))
    sorting(dev, test, fresh)
    for name, some in (("dev", dev), ("test", test), ("fresh", fresh)):
        complaints(name, some)
    large(test)
    if arguments.show:
        shown(test)


if __name__ == "__main__":
    main()
