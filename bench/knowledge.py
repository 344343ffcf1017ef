"""What a post costs as a company's knowledge grows: rows of tables, documents, terms; time, memory and disk.

    .venv/bin/python bench/knowledge.py [--most 100]

Rows, documents and words are made at random; a post of 280 characters holds one of each. `--most 10` is a tenth of it,
for machines that are busy.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from rules.detectors.base import Subject
from rules.detectors.dictionary import Dictionary
from rules.draft import Draft
from rules.folding import fold
from rules.identifiers.people import first_names, surnames
from rules.knowledge.documents import add_documents, open_documents
from rules.knowledge.hashing import Keyed
from rules.knowledge.store import Knowledge
from rules.knowledge.tables import add_table, open_table

ROWS, DOCUMENTS, WORDS, TERMS = 10_000, 100, 3_000, 1_000
FILLER = "parole qualunque fino a duecentottanta caratteri, come in un post che parla di tante cose e non finisce mai "
TOGETHER = [["email"], ["surname", "phone"], ["surname", "iban"]]


def table_of(path: Path, rows: int, dice: random.Random) -> list[str]:
    """Writes `rows` customers; returns one of them."""
    given, family = sorted(first_names()), sorted(surnames())
    kept: list[str] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "surname", "email", "phone", "iban"])
        for number in range(rows):
            name, surname = dice.choice(given), dice.choice(family)
            row = [name, surname, f"{name}.{surname}{number}@mail.example",
                   f"+39 3{dice.randint(20, 99)} {dice.randint(1_000_000, 9_999_999)}",
                   f"IT60X0542811101{number:012d}"]  # fmt: skip
            writer.writerow(row)
            kept = row if number == rows // 2 else kept
    return kept


def documents(count: int, vocabulary: list[str], dice: random.Random) -> Iterator[tuple[str, str]]:
    for number in range(count):
        yield f"document-{number}.txt", " ".join(dice.choices(vocabulary, k=WORDS))


def milliseconds(call: Callable[[], object]) -> tuple[float, float]:
    for _ in range(20):
        call()
    spent = []
    for _ in range(300):
        began = time.perf_counter()
        call()
        spent.append((time.perf_counter() - began) * 1000)
    return float(np.median(spent)), float(np.quantile(spent, 0.95))


def disk(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def row(what: str, built: float, size: float, call: Callable[[], object]) -> None:
    middle, high = milliseconds(call)
    sys.stdout.write(f"  {what:32} built in {built:7.1f} s  {size:7.1f} MB   p50 {middle:6.3f}  p95 {high:6.3f} ms\n")


def grow(times: int, place: Path) -> None:
    dice = random.Random(times)
    knowledge = Knowledge(place / "knowledge", Keyed(bytes(32)))
    grow_table(knowledge, place, ROWS * times, dice)
    grow_documents(knowledge, place, DOCUMENTS * times, dice)
    grow_dictionary(TERMS * times)


def grow_table(knowledge: Knowledge, place: Path, count: int, dice: random.Random) -> None:
    customer = table_of(place / "customers.csv", count, dice)
    began = time.perf_counter()
    add_table(knowledge, "customers", place / "customers.csv", ["surname", "email", "phone", "iban"])
    table = open_table(knowledge, "customers")
    spent = time.perf_counter() - began
    post = f"Il signor {customer[1].title()} ha il numero {customer[3]}. {FILLER * 3}"[:280]
    assert list(table.find(post, TOGETHER))
    row(f"{count:,} rows", spent, disk(place / "knowledge"), lambda: list(table.find(post, TOGETHER)))


def grow_documents(knowledge: Knowledge, place: Path, count: int, dice: random.Random) -> None:
    vocabulary = [f"{word}{ending}" for word in sorted(surnames()) for ending in ("", "are", "ing")]
    kept: list[str] = []

    def watched() -> Iterator[tuple[str, str]]:
        for name, text in documents(count, vocabulary, dice):
            if name == "document-7.txt":
                kept.append(text)
            yield name, text

    before, began = disk(place / "knowledge"), time.perf_counter()
    add_documents(knowledge, "contracts", watched())
    held = open_documents(knowledge, "contracts")
    spent = time.perf_counter() - began
    post = f"Ho letto questo: {' '.join(kept[0].split()[100:112])}. {FILLER * 3}"[:280]
    assert list(held.find(post))
    row(f"{count:,} documents", spent, disk(place / "knowledge") - before, lambda: list(held.find(post)))


def grow_dictionary(count: int) -> None:
    began = time.perf_counter()
    names = [f"progetto {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}rora{n}" for n in range(count)]
    common = {"id": "bench.one", "severity": "warn", "clause": "1", "message": "x", "detector": "dictionary",
              "examples": {"flag": ["x"], "allow": ["y"]}}  # fmt: skip
    rule = Dictionary.model_validate({**common, "terms": names})
    rule.load()
    post = f"{names[5]} {FILLER * 3}"[:280]
    subject = Subject(Draft(text=post), fold(post), ("it",))
    assert list(rule.find(subject))
    row(f"{count:,} terms", time.perf_counter() - began, 0.0, lambda: list(rule.find(subject)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=100)
    for times in (1, 10, 100):
        if times <= parser.parse_args().most:
            sys.stdout.write(f"{times} x\n")
            with tempfile.TemporaryDirectory() as place:
                grow(times, Path(place))
    peak = next(line for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines() if "VmHWM" in line)
    sys.stdout.write(f"peak memory, building included: {int(peak.split()[1]) / 1024:.0f} MB\n")


if __name__ == "__main__":
    main()
