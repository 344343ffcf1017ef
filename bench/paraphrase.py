"""Key sentences in other words: what is found, what is wrongly found beside them, and what a search costs.

    .venv/bin/python bench/paraphrase.py [--part dev|kept] [--misses] [--speed]

The pairs (`data/paraphrases.jsonl`) were written by others than the search: a key sentence, the same said as people
post it (a quarter in the other language), and a post on the same subject that is harmless.
Every third line is kept apart, and is scored once, at the end; of the others `rules.weights.telling` has learned, so
that their own figures flatter. All keys of a part are held against every post, as one company's would be; ordinary
sentences are the corpus's own (dev part).
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from intervals import wilson
from pydantic import TypeAdapter

from rules.detectors import Rule
from rules.detectors.base import BaseRule, Subject
from rules.detectors.reading import apart
from rules.draft import Draft
from rules.e5 import Floats
from rules.encoder import Encoder
from rules.folding import fold
from rules.judges import Judges
from rules.knowledge.hashing import KEY_BYTES, Keyed
from rules.knowledge.nearest import Nearest, in_bytes
from rules.knowledge.sentences import LEAST, add_sentences, open_sentences
from rules.knowledge.store import Knowledge
from rules.segmenting import sentences

ROOT = Path(__file__).parents[1]
LANGUAGES = ("it", "en")
ORDINARY = 3_000
RULE = {"id": "bench.one", "detector": "paraphrase", "sentences": "keys", "severity": "note", "clause": "1",
        "message": "x", "examples": {"flag": ["x"], "allow": ["y"]}}  # fmt: skip
SIZES = (1_000, 10_000, 100_000)


@dataclass(frozen=True, slots=True)
class Pair:
    language: str
    key: str
    same: str
    near: str
    cross: bool


def pairs(part: str) -> list[Pair]:
    lines = (ROOT / "bench/data/paraphrases.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for number, line in enumerate(lines, start=1) if (number % 3 == 0) == (part == "kept")]
    return [Pair(row["lang"], row["key"], row["same"], row["near"], bool(row.get("cross"))) for row in rows]


def ordinary(count: int, part: str = "dev") -> list[str]:
    """Sentences of the corpus's posts, of as many words as a key sentence must have."""
    found = []
    for line in (ROOT / f"rules/weights/corpus/{part}.jsonl").read_text(encoding="utf-8").splitlines():
        text = fold(json.loads(line)["text"]).plain.text
        found += [span.of(text) for span in sentences(text) if len(span.of(text).split()) >= LEAST]
    return random.Random(1).sample(found, count)


def held(keys: Sequence[str], encoder: Encoder, folder: Path) -> Knowledge:
    knowledge = Knowledge(folder / "knowledge", Keyed(bytes(KEY_BYTES)))
    (folder / "keys.txt").write_text("\n".join(keys), encoding="utf-8")
    add_sentences(knowledge, "keys", folder / "keys.txt", encoder.read_each)
    return knowledge


Flags = Callable[[str], bool]


def found_by(rule: BaseRule, judges: Judges, knowledge: Knowledge) -> Flags:
    return lambda text: bool(rule.hits(Subject(Draft(text=text), fold(text), LANGUAGES, judges, knowledge)))


def alike_alone(judges: Judges, knowledge: Knowledge) -> Flags:
    """Without asking whether the text gives anything away."""
    keys = open_sentences(knowledge, "keys")

    def flags(text: str) -> bool:
        read = apart(Subject(Draft(text=text), fold(text), LANGUAGES, judges), LEAST)
        return any(one.likeness >= keys.threshold for one in keys.alike(read.texts, read.vectors))

    return flags


def score(part: str, judges: Judges, threshold: float | None, *, misses: bool) -> None:
    some, others = pairs(part), ordinary(ORDINARY)
    with tempfile.TemporaryDirectory() as folder:
        knowledge = held([pair.key for pair in some], judges.encoder(), Path(folder))
        print(f"{part}: {len(some)} key sentences, their threshold {open_sentences(knowledge, 'keys').threshold}")
        rule = TypeAdapter(Rule).validate_python({**RULE, "threshold": threshold})
        for name, flags in (
            ("as the detector does", found_by(rule, judges, knowledge)),
            ("by likeness alone", alike_alone(judges, knowledge)),
        ):
            table(name, some, others, flags, misses=misses)


def table(name: str, some: Sequence[Pair], others: Sequence[str], flags: Flags, *, misses: bool) -> None:
    same, near = [flags(pair.same) for pair in some], [flags(pair.near) for pair in some]
    print(f" {name}")
    for language in LANGUAGES:
        mine = [hit for hit, p in zip(same, some, strict=True) if p.language == language and not p.cross]
        show(f"found, {language}", mine)
    show("found, other language", [hit for hit, pair in zip(same, some, strict=True) if pair.cross])
    show("found, all", same)
    show("near and harmless, flagged", near)
    show("ordinary sentences, flagged", [flags(text) for text in others])
    for pair, hit, wrong in zip(some, same, near, strict=True) if misses else ():
        if not hit:
            print(f"  missed  {pair.key}\n          {pair.same}")
        if wrong:
            print(f"  wrong   {pair.key}\n          {pair.near}")


def show(name: str, flagged: Sequence[bool]) -> None:
    hits, count = sum(flagged), len(flagged)
    low, high = wilson(hits, count)
    print(f"  {name:28} {hits:4d} of {count:4d}  {hits / max(1, count):.3f} [{low:.3f} {high:.3f}]")


def speed() -> None:
    """Of the search alone: the encoder's pass is shared with topics and is not in it."""
    dice = np.random.default_rng(1)

    def drawn(count: int) -> Floats:
        found = dice.standard_normal((count, 384)).astype(np.float32)
        unit: Floats = found / np.linalg.norm(found, axis=1, keepdims=True)
        return unit

    for size in SIZES:
        began = time.perf_counter()
        index = Nearest(in_bytes(drawn(size)))
        print(f"{size:,} sentences, opened in {time.perf_counter() - began:.2f} s")
        for asked in (1, 2, 4, 8, 12):
            wanted, spent = drawn(asked), []
            for _ in range(220):
                began = time.perf_counter()
                index.find(wanted)
                spent.append((time.perf_counter() - began) * 1000)
            p50, p95 = np.quantile(spent[20:], (0.5, 0.95))
            print(f"  {asked:2d} against them   p50 {p50:6.2f}   p95 {p95:6.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("dev", "kept"), default="dev")
    parser.add_argument("--threshold", type=float, help="instead of the collection's own")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--misses", action="store_true", help="print every pair with its scores (never on kept)")
    parser.add_argument("--speed", action="store_true", help="measure the search alone")
    asked = parser.parse_args()
    if asked.speed:
        speed()
        sys.exit(0)
    score(asked.part, Judges(asked.models, "built-in"), asked.threshold, misses=asked.misses and asked.part == "dev")


if __name__ == "__main__":
    main()
