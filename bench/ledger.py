"""The record under load: appending, verifying and exporting it.

    .venv/bin/python bench/ledger.py [append] [verify] [export] [--folder FOLDER] [--entries N] [--seconds N]

All parts unless some are named. `verify` and `export` need a long ledger: N entries, honestly chained and with sealed
words, made in FOLDER the first time and used again (2 GB and a few minutes for 1,000,000). `append` makes its own each
time, on SQLite in a temporary folder, and on PostgreSQL too where VAGLIO_DATABASE_URL names one: give it a database of
its own, for it keeps what is appended.

What somebody would pick instead: verifying beside `sha256sum` over the same bytes, which is as fast as hashing gets and
finds nothing; exporting beside SQLite's own dump of the table to CSV, which proves nothing.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import multiprocessing
import os
import platform
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from long_ledger import Record, facts, long_ledger, words

from bot.audit import verifier
from bot.audit.export import Request, export
from bot.audit.ledger import Ledger
from bot.audit.sheets import Format

PARTS = ("append", "verify", "export")
WRITERS, PERSONS, AT_ONCE = 8, 200, 10_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_PACE = 10
"""Entries a second of each writer, where they do not press."""


def out(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def row(name: str, seconds: Sequence[float]) -> str:
    middle, high = statistics.median(seconds) * 1_000, statistics.quantiles(seconds, n=20)[-1] * 1_000
    return f"  {name:<44} p50 {middle:7.2f} ms   p95 {high:7.2f} ms   max {max(seconds) * 1_000:7.2f} ms"


class Spent(NamedTuple):
    """`processor`: seconds that it worked, which are fewer than went by where others work too."""

    seconds: float
    processor: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:7.1f} s ({self.processor:6.1f} s of a core)   peak {self.megabytes:4.0f} MB"


# --- append -----------------------------------------------------------------------------------------------------------


def writing(record: Record, name: int, seconds: float, pace: float) -> list[float]:
    """Seconds for each entry of one writer: the next one at once, or `pace` a second."""
    chance, spent = random.Random(name), list[float]()
    person = record.people.person(f"slack:T1:U{name}")
    drawn, kept = [facts(chance) for _ in range(50)], words(chance)
    until, number = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        subject = f"s_{name}_{os.getpid()}_{time.time_ns()}"
        begun = time.perf_counter()
        record.ledger.append("screening", subject=subject, facts=drawn[number % 50], actor=person, content=kept)
        spent.append(time.perf_counter() - begun)
        number += 1
        if pace:
            time.sleep(chance.expovariate(pace))
    return spent


def process(folder: Path, url: str, name: int, seconds: float, pace: float) -> list[float]:
    return writing(Record(folder, url), name, seconds, pace)


def by_threads(folder: Path, url: str, seconds: float, pace: float) -> list[float]:
    record, spent = Record(folder, url), list[float]()
    threads = [
        threading.Thread(target=lambda name=name: spent.extend(writing(record, name, seconds, pace)))
        for name in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return spent


def by_processes(folder: Path, url: str, seconds: float, pace: float) -> list[float]:
    with multiprocessing.get_context("spawn").Pool(WRITERS) as pool:
        found = pool.starmap(process, [(folder, url, name, seconds, pace) for name in range(WRITERS)])
    return [each for spent in found for each in spent]


def append(given: argparse.Namespace) -> bool:
    is_sound = True
    for url in dict.fromkeys(("", os.environ.get("VAGLIO_DATABASE_URL", ""))):
        out(f"\nappend, {WRITERS} writers, on {'PostgreSQL' if url.startswith('postgresql') else 'SQLite'}")
        with tempfile.TemporaryDirectory(dir=given.folder) as name:
            folder = Path(name)
            record = Record(folder, url).made()
            for how, write in (("threads", by_threads), ("processes", by_processes)):
                for pace in (0, _PACE):
                    spent = write(folder, url, given.seconds, pace)
                    rate = len(spent) / given.seconds
                    kind = f"{pace} a second each" if pace else "as fast as they can"
                    out(f"{row(f'{how}, {kind}', spent)}   {rate:6.0f} entries/s")
            found = record.ledger.verify()
            out(f"  {found.count} entries, {'all sound' if found.is_sound else found.faults[:3]}")
            is_sound &= found.is_sound
            record.store.close()
    return is_sound


# --- verify and export ------------------------------------------------------------------------------------------------


def apart(does: Callable[..., Any], *arguments: object) -> tuple[Spent, Any]:
    """What it took and what it returned: in a process of its own, which holds nothing else."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (does, *arguments))


def _measured(does: Callable[..., Any], *arguments: object) -> tuple[Spent, Any]:
    begun, used = time.monotonic(), time.process_time()
    found = does(*arguments)
    # The counter of `getrusage` would count the memory of who started it too.
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return Spent(time.monotonic() - begun, time.process_time() - used, _high(told)), found


def _high(status: str) -> float:
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def by_vaglio(folder: Path, with_keys: bool) -> bool:
    record = Record(folder)
    ledger = record.ledger if with_keys else Ledger(record.store, record.head)
    return ledger.verify().is_sound


def alone(what: Path) -> tuple[Spent, bool]:
    """As an auditor runs it: in a Python that knows nothing of Vaglio."""
    code = (
        "import sys, time; sys.argv = sys.argv[1:]; sys.path.insert(0, sys.argv[0]); import verifier; "
        "found = verifier.main(); print(open('/proc/self/status').read(), time.process_time()); sys.exit(found)"
    )
    command = [sys.executable, "-I", "-c", code, str(Path(verifier.__file__).parent), str(what)]
    begun = time.monotonic()
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    spent = Spent(time.monotonic() - begun, float(ran.stdout.split()[-1]), _high(ran.stdout))
    return spent, ran.returncode == 0


def hashing(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        for (body,) in connection.execute("SELECT body FROM entry"):
            hashlib.sha256(body).hexdigest()
    return True


def verify(given: argparse.Namespace) -> bool:
    out(f"\nverify, {given.entries:,} entries (bar: 60 s, 300 MB)")
    long_ledger(given.folder, given.entries)
    database, is_sound = given.folder / "data" / "vaglio.db", True
    for name, measure in {
        "vaglio audit verify, without keys": lambda: apart(by_vaglio, given.folder, False),
        "vaglio audit verify, words opened": lambda: apart(by_vaglio, given.folder, True),
        "verify.py on the database": lambda: alone(database),
        "(hashing every body, and no more)": lambda: apart(hashing, database),
    }.items():
        spent, found = measure()
        is_sound &= found
        out(f"  {name:<40} {spent}{'' if found else '   NOT SOUND'}")
    return is_sound


def exporting(folder: Path, target: Path, form: Format, with_words: bool) -> int:
    record = Record(folder)
    request = Request("p_0", datetime.now(UTC), [form], with_words=with_words)
    return export(record.store, record.ledger, target, request).count


def dump(database: Path, target: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection, target.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(connection.execute("SELECT * FROM entry"))
    return True


def export_(given: argparse.Namespace) -> bool:
    out(f"\nexport, {given.entries:,} rows with the whole chain (bar: constant memory)")
    is_sound = True
    for share in (10, 1):
        number = given.entries // share
        folder = given.folder if share == 1 else given.folder / "short"
        long_ledger(folder, number)
        # Each export appends an entry of its own: the ledger that is kept stays as it is.
        copy = given.folder / "copy"
        shutil.copytree(folder / "keys", copy / "keys", dirs_exist_ok=True)
        shutil.copytree(folder / "data", copy / "data", dirs_exist_ok=True)
        for form, with_words in (
            (Format.CSV, False),
            (Format.JSONL, False),
            (Format.PARQUET, False),
            (Format.CSV, True),
        ):
            target = given.folder / "export"
            shutil.rmtree(target, ignore_errors=True)
            spent, count = apart(exporting, copy, target, form, with_words)
            name = f"{number:,}, {form}{' with words' if with_words else ''}"
            out(f"  {name:<40} {spent}   {count / spent.seconds:7.0f} rows/s")
            if share == 1 and form is Format.CSV:
                checked, found = alone(target)
                is_sound &= found
                out(f"  {'   verify.py on it':<40} {checked}")
            shutil.rmtree(target)
        if share == 1:
            target = given.folder / "dump.csv"
            spent, _ = apart(dump, copy / "data" / "vaglio.db", target)
            target.unlink()
            name = "(the bare table as CSV, and no more)"
            out(f"  {name:<40} {spent}   {number / spent.seconds:7.0f} rows/s")
        shutil.rmtree(copy)
    return is_sound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "vaglio-ledger")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each way of appending")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    out(f"{platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores; SQLite {sqlite3.sqlite_version}")
    doing = {"append": append, "verify": verify, "export": export_}
    is_sound = [doing[part](given) for part in given.parts or PARTS]
    sys.exit(0 if all(is_sound) else 1)


if __name__ == "__main__":
    main()
