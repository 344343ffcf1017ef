"""How fast an archive is screened by the whole default policy on every core, beside Presidio's and Detoxify's batches.

    .venv/bin/python bench/bulk.py [--drafts 100000] [--sample 1000] [--workers 2] [--models FOLDER]

The drafts are texts of the invented corpora (rules/weights/corpus, bench/data), in their own context: half as they are,
half two or three of one language joined to a longer post, no draft twice. `vaglio bulk` runs as a command, its start
and the opening of its models in its time; the sample is screened once more by itself, right before the other two read
the same texts. Detoxify's own weights cannot be had everywhere: its architecture at random weights takes as long.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from beside import presidio_engine

from rules.weights.rows import read_corpus

ROOT = Path(__file__).parents[1]
LANGUAGES = ("it", "en")
_TOGETHER = 32


def texts() -> list[dict[str, Any]]:
    """Every text of the corpora once, with what is known of it."""
    found = []
    for part in ("train", "dev", "kept"):
        for row in read_corpus(part):
            context = {"kind": row.context.kind, "account": row.context.account}
            asked = {"in_reply_to": row.context.asked} if row.context.asked else {}
            found.append({"text": row.text, **context, **asked, "of": row.language})
    for name in ("language", "voice", "confidential"):
        lines = (ROOT / f"bench/data/{name}.jsonl").read_text(encoding="utf-8").splitlines()
        for row in map(json.loads, lines):
            if (language := row.get("language") or row.get("lang")) in LANGUAGES:
                found.append({"text": row["text"], "of": language})
    return list({each["text"]: each for each in found}.values())


def drafts(count: int) -> Iterator[dict[str, Any]]:
    """By turns one text and several joined, in an order of its own; none is there twice."""
    dice, held = random.Random(9), texts()
    dice.shuffle(held)
    posts = {language: [each for each in held if each["of"] == language] for language in LANGUAGES}
    made, at = set[str](), 0
    while len(made) < count:
        first = held[at % len(held)]
        several = at % 2 or at >= len(held)
        more = dice.sample(posts[first["of"]], dice.choice((1, 2))) if several else []
        text = "\n".join([first["text"], *(each["text"] for each in more)])
        at += 1
        if text not in made:
            made.add(text)
            yield {"id": len(made), **first, "text": text}


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    lines = (json.dumps({key: value for key, value in row.items() if key != "of"}, ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


# --- Vaglio -----------------------------------------------------------------------------------------------------------


def bulk(folder: Path, rows: Sequence[dict[str, Any]], name: str, workers: int, models: Path) -> dict[str, Any]:
    """What the command says of them, with the seconds until the first result, and the memory of all its processes."""
    file = folder / f"{name}.jsonl"
    write(file, rows)
    target = folder / f"{name}.results.jsonl"
    command = [
        sys.executable,
        "-m",
        "bot",
        "bulk",
        str(file),
        "--out",
        str(target),
        "--workers",
        str(workers),
        "--json",
    ]
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "VAGLIO_DATA_DIR": str(folder / "data"),
        "VAGLIO_KEYS_DIR": str(folder / "keys"), "VAGLIO_MODELS_DIR": str(models), "VAGLIO_TOXICITY": "built-in",
    }  # fmt: skip
    began, first, peak = time.monotonic(), 0.0, 0.0
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as running:
        while not (ended := os.wait4(running.pid, os.WNOHANG))[0]:
            time.sleep(0.2)
            first = first or (time.monotonic() - began if target.exists() else 0.0)
            peak = max(peak, memory(running.pid))
        running.returncode = os.waitstatus_to_exitcode(ended[1])
        wall, used = time.monotonic() - began, ended[2]
        out = running.stdout.read() if running.stdout else ""
    found: dict[str, Any] = json.loads(out)
    return found | {"first": first, "peak": peak, "wall": wall, "cpu": used.ru_utime + used.ru_stime}


def memory(pid: int) -> float:
    """Megabytes of the process and of those that it began; what they share is counted once."""
    total = 0
    for one in (pid, *children(pid)):
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return total / 1024


def children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


# --- What one would use instead ---------------------------------------------------------------------------------------


def presidio(rows: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """Seconds, by the clock and of a core, of `BatchAnalyzerEngine` with all that Presidio registers by itself.

    It is told each text's language. Without a spaCy model, which has to be downloaded: no names of people, and all the
    faster. To be run in a process of its own, as `presidio_engine` says.
    """
    from presidio_analyzer import BatchAnalyzerEngine

    # Its check of addresses asks the network for a newer list of suffixes, and says at length that there is none.
    logging.getLogger("tldextract").setLevel(logging.CRITICAL)
    batch = BatchAnalyzerEngine(analyzer_engine=presidio_engine())
    list(batch.analyze_iterator(["Buongiorno"] * 5, language="it"))
    began, used = time.perf_counter(), time.process_time()
    for language in LANGUAGES:
        list(batch.analyze_iterator([row["text"] for row in rows if row["of"] == language], language=language))
    return time.perf_counter() - began, time.process_time() - used


def detoxify(rows: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """The same of `Detoxify.predict` on lists of texts of a like length, on every core. In a process of its own."""
    import torch
    from detoxify import Detoxify
    from speed import write_base

    torch.set_num_threads(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as place:
        checkpoint = write_base(Path(place) / "source")
        theirs = Detoxify(checkpoint=str(checkpoint), huggingface_config_path=str(checkpoint.parent))
        theirs.predict(["Buongiorno"] * 5)
        ordered = sorted((row["text"] for row in rows), key=len)
        began, used = time.perf_counter(), time.process_time()
        for at in range(0, len(ordered), _TOGETHER):
            theirs.predict(ordered[at : at + _TOGETHER])
        return time.perf_counter() - began, time.process_time() - used


def beside(rows: Sequence[dict[str, Any]], workers: int, few: int) -> dict[str, tuple[float, float]]:
    """Texts a second by the clock, and of a core. As many processes as Vaglio has share what Presidio reads."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        shares = list(pool.map(presidio, [rows[at::workers] for at in range(workers)]))
    theirs = len(rows) / max(went for went, _ in shares), len(rows) / sum(used for _, used in shares)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        went, used = pool.submit(detoxify, rows[:few]).result()
    few = min(few, len(rows))
    return {"presidio": theirs, "detoxify": (few / went, few / used)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drafts", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=1_000)
    parser.add_argument("--detoxify", type=int, default=256, help="of the sample, those that Detoxify reads")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    given = parser.parse_args()
    rows = list(drafts(given.drafts))
    lengths = sorted(len(row["text"]) for row in rows)
    known = len(texts())
    print(f"{platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{len(rows)} drafts, none twice, of {known} texts, each in {_uses(rows) / known:.1f} drafts on average;")
    print(f"{sum(row['of'] == 'it' for row in rows) / len(rows):.0%} Italian, the others English;", end=" ")
    print(f"characters: median {lengths[len(lengths) // 2]}, p95 {lengths[int(0.95 * len(lengths))]}")
    with tempfile.TemporaryDirectory() as place:
        folder, models = Path(place), given.models.resolve()
        told(bulk(folder, rows, "all", given.workers, models))
        sample = random.Random(1).sample(rows, min(given.sample, len(rows)))
        print(f"\nA sample of {len(sample)}, load {os.getloadavg()[0]:.1f}:")
        found = told(bulk(folder, sample, "sample", given.workers, models))
    theirs = beside(sample, given.workers, given.detoxify)
    print(f"\n  {'drafts a second':62} by the clock   of a core")
    row(
        "Vaglio: every rule of the policy, with its start",
        found["count"] / found["wall"],
        found["count"] / found["cpu"],
    )
    row("Presidio: identifiers alone, no names, told the language", *theirs["presidio"])
    row("Detoxify: seven kinds of toxicity alone, random weights", *theirs["detoxify"])
    print(f"  load {os.getloadavg()[0]:.1f}")


def row(name: str, clock: float, core: float) -> None:
    print(f"  {name:62} {clock:12.1f} {core:11.1f}")


def _uses(rows: Sequence[dict[str, Any]]) -> int:
    return sum(row["text"].count("\n") + 1 for row in rows)


def told(found: dict[str, Any]) -> dict[str, Any]:
    rate, core = found["count"] / found["wall"], found["count"] / found["cpu"]
    print(f"  {found['count']} drafts by {found['policy']} in {found['wall']:.0f} s: {rate:.1f} a second,", end=" ")
    print(f"{core:.1f} of a core;", end=" ")
    print(f"first results after {found['first']:.1f} s; {found['peak']:.0f} MB in all processes together")
    unchecked = sum(found["unchecked"].values())
    print(f"  {found['outcomes']}; not checked: {unchecked}; load {os.getloadavg()[0]:.1f}", flush=True)
    return found


if __name__ == "__main__":
    main()
