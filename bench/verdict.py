"""How long a verdict takes, by detector, beside what one would use instead on the same drafts in the same run.

    .venv/bin/python bench/verdict.py [--policy FILE] [--repeat N] [--lengths N ...]

Drafts are made of the posts in bench/data/language.jsonl, joined up to the wanted length. Beside the whole policy:
Presidio's own defaults, one `Detoxify.predict` call, and humanus with its starter packs. Figures are milliseconds; a
machine that does other work shows in the 95th percentile first. Ratios hold better than figures.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from beside import LANGUAGES, detoxify_predict, humanus, presidio_defaults, row

from rules.assembly import SHIPPED, load_policy
from rules.detectors.phrases import Phrases
from rules.draft import Draft
from rules.judges import Judges
from rules.screening import Screener

ROOT = Path(__file__).parents[1]
LENGTHS = (280, 1_000, 3_000)
# Every tenth draft breaks something, as drafts do; the rest are as people write them.
BREACHES = {
    "it": " SCRIVETECI TUTTI SUBITO!!! Il mio IBAN è IT60X0542811101000000123456, tel. +39 347 123 4567.",
    "en": " WRITE TO US ALL RIGHT NOW!!! My IBAN is GB29NWBK60161331926819, phone +44 7911 123456.",
}


def drafts(language: str, length: int, count: int = 40) -> list[str]:
    lines = (ROOT / "bench/data/language.jsonl").read_text(encoding="utf-8").splitlines()
    posts = [row["text"] for row in map(json.loads, lines) if row["language"] == language]
    made = []
    for number in range(count):
        text = BREACHES[language] if number % 10 == 0 else ""
        at = number * 7
        while len(text) < length:
            text = f"{posts[at % len(posts)]} {text}"
            at += 1
        made.append(text[:length])
    return made


def by_detector(screener: Screener, texts: Sequence[str], repeat: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for _ in range(repeat):
        for text in texts:
            for detector, spent in screener.screen(Draft(text=text)).timings.items():
                found.setdefault(detector, []).append(spent)
    return found


def dictionary_rule(size: int) -> Phrases:
    names = [f"progetto {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}rora{n}" for n in range(size)]
    return Phrases.model_validate(
        {
            "id": "confidential.dictionary",
            "detector": "phrases",
            "severity": "review",
            "clause": "4.1",
            "message": "x",
            "phrases": names,
            "examples": {"flag": [names[0]], "allow": ["x"]},
        }
    )


def cold_start() -> list[float]:
    spent = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "bot", "check", "--json", "Buongiorno a tutti"],
            cwd=ROOT, check=False, capture_output=True,
        )  # fmt: skip
        spent.append((time.perf_counter() - started) * 1000)
    return spent


def thousand_rules() -> list[float]:
    """Loading a policy of 1,000 rules, each with two messages, a suggestion and examples."""
    import tempfile

    rule = """
  - id: tone.rule-{n}
    detector: {detector}
    severity: warn
    clause: "3.1"
    message:
      it: "Messaggio della regola {n}."
      en: "Message of rule {n}."
    suggest:
      it: "Scrivi in un altro modo."
      en: "Write it another way."
    {field}
    examples:
      flag: ["parola{n} qui"]
      allow: ["nulla qui"]
"""
    head = "name: many\nlanguages: [it, en]\nowners: [{id: a, name: A}]\n"
    head += "clauses: [{id: 3.1, title: T, text: T, owner: a}]\n"
    fields = {"phrases": "phrases: [parola{n}, altra{n}]", "pattern": "patterns: ['parola{n}', '\\p{{L}}+{n}']"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.yaml"
        kinds = list(fields.items())
        rules = "".join(
            rule.format(n=n, detector=kinds[n % 2][0], field=kinds[n % 2][1].format(n=n)) for n in range(1_000)
        )
        path.write_text(f"{head}rules:{rules}", encoding="utf-8")
        spent = []
        for _ in range(5):
            started = time.perf_counter()
            load_policy(path)
            spent.append((time.perf_counter() - started) * 1000)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", type=Path, default=SHIPPED / "company.yaml")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, help="in characters")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    given = parser.parse_args()
    policy = load_policy(given.policy)
    started = time.perf_counter()
    judges = Judges(given.models, "built-in")
    judges.open()
    screener = Screener(policy, judges)
    screener.load()
    built = (time.perf_counter() - started) * 1000
    out = sys.stdout.write
    out(f"{platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores\n")
    out(f"{policy.revision}: {len(policy.rules)} rules; screener ready in {built:.0f} ms\n")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out(f"resident memory with everything loaded: {memory:.0f} MB; torch loaded: {'torch' in sys.modules}\n")
    detectors(screener, given.lengths, given.repeat)
    wider = Screener(policy.model_copy(update={"rules": (*policy.rules, dictionary_rule(100_000))}), judges)
    wider.load()
    dictionary(screener, wider, given.repeat)
    out("\nOnce\n" + row("vaglio check, cold", cold_start()) + "\n" + row("load 1,000 rules", thousand_rules()) + "\n")


def detectors(screener: Screener, lengths: Sequence[int], repeat: int) -> None:
    out = sys.stdout.write
    apart = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    for length in lengths:
        for language in LANGUAGES:
            texts = drafts(language, length)
            out(f"\n{length} characters, {language}\n")
            found = by_detector(screener, texts, repeat)
            for detector in sorted(found, key=lambda name: -statistics.median(found[name])):
                out(row(detector, found[detector]) + "\n")
            defaults = apart.submit(presidio_defaults, texts, repeat).result()
            out(row("(Presidio's defaults alone)", defaults) + "\n")
            out(row("(Detoxify.predict alone)", apart.submit(detoxify_predict, texts, 1).result()) + "\n")
            for pack, spent in apart.submit(humanus, texts, repeat).result().items():
                out(row(f"(humanus, {pack})", spent) + "\n")
    apart.shutdown()


def dictionary(screener: Screener, wider: Screener, repeat: int) -> None:
    out = sys.stdout.write
    out("\nA dictionary of 100,000 phrases more, 280 characters, it\n")
    pairs = [
        (without, with_it)
        for _ in range(repeat)
        for text in drafts("it", LENGTHS[0])
        for without, with_it in [(_total(screener, text), _total(wider, text))]
    ]
    out(row("without", [a for a, _ in pairs]) + "\n" + row("with", [b for _, b in pairs]) + "\n")
    out(row("difference", [b - a for a, b in pairs]) + "\n")


def _total(screener: Screener, text: str) -> float:
    return screener.screen(Draft(text=text)).timings["total"]


if __name__ == "__main__":
    main()
