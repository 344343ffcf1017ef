"""A long ledger to measure with: entries chained and sealed as Vaglio writes them, put in many at a time."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from bot.audit import records
from bot.audit.head import Head, HeadFile
from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.audit.vault import encrypted
from bot.people import People
from bot.store import Store

PERSONS, AT_ONCE = 200, 10_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

Row = tuple[Any, ...]


class Record:
    """The parts of a record in `folder`."""

    def __init__(self, folder: Path, url: str = "") -> None:
        seals = Seals.open(folder / "keys")
        (folder / "data").mkdir(parents=True, exist_ok=True)
        self.store = Store(url or f"sqlite:///{folder / 'data' / 'vaglio.db'}")
        self.people = People(self.store, seals)
        self.head = folder / "data" / "ledger.head"
        self.ledger = Ledger(self.store, self.head, self.people)

    def made(self) -> Record:
        self.store.migrate(self.people.seals)
        self.ledger.catch_up()
        return self


def facts(chance: random.Random) -> dict[str, Any]:
    found = [
        {
            "rule": chance.choice(("tone.clickbait", "toxicity.insult", "confidential.results")), "clause": "3.1",
            "severity": chance.choice(("note", "warn", "review")), "start": chance.randrange(80),
            "end": 80 + chance.randrange(80), "score": round(chance.random(), 4), "hides": None,
        }
        for _ in range(chance.choice((0, 0, 1, 1, 2, 4)))
    ]  # fmt: skip
    return {
        "policy": f"company@{chance.choice(('0a1b2c3d4e5f', '5f4e3d2c1b0a'))}",
        "outcome": chance.choice(("clear", "clear", "revise", "review", "block")),
        "draft": {
            "kind": "post", "account": "institutional", "channel": chance.choice(("linkedin", "x", "facebook")),
            "characters": chance.randrange(40, 600), "is_answer": False, "attachments": [],
        },
        "language": chance.choice(("it", "en")), "findings": found, "shadow": [], "dismissed": [], "unchecked": [],
        "scores": {"toxicity": round(chance.random(), 4), "clickbait": round(chance.random(), 4)},
        "models": {"judge": "sha256:0123456789abcdef", "encoder": "sha256:fedcba9876543210"},
    }  # fmt: skip


def words(chance: random.Random) -> bytes:
    text = " ".join(
        chance.choice(("oggi", "presentiamo", "il", "nuovo", "prodotto", "😀", "clienti")) for _ in range(30)
    )
    return records.canonical({"text": text, "spans": [], "in_reply_to": None})


def rows_of(
    seq: int, previous: str, at: datetime, kind: str, subject: str, facts: records.Facts,
    actor: str, key: bytes, words: bytes | None, salt: bytes,
) -> tuple[Row, Row | None]:  # fmt: skip
    """What `Ledger.append` would have put into `entry` and into `content`."""
    sealed = None if words is None else encrypted(key, salt + words, records.sealed_about(seq))
    promised = (
        None
        if words is None or sealed is None
        else records.Words(records.commitment(salt, words), actor, records.digest(sealed))
    )
    body = records.entry_body(
        seq=seq, previous=previous, at=at, kind=kind, actor=actor, subject=subject, facts=facts, words=promised
    )
    entry = (seq, records.timestamp(at), kind, subject, body, records.digest(body))
    return entry, None if sealed is None else (seq, actor, sealed)


def chained(record: Record, number: int) -> Iterator[tuple[Row, Row | None]]:
    chance, previous = random.Random(7), records.GENESIS
    with record.store.write() as session:
        people = [f"p_{person:016x}" for person in range(PERSONS)]
        for person in people:
            record.people.seals.make(session, person)
        keys = [record.people.seals.key(session, person) for person in people]
    drawn = [facts(chance) for _ in range(500)]
    for seq in range(1, number + 1):
        who, salt, content = seq % PERSONS, chance.randbytes(records.SALT_BYTES), words(chance)
        entry, sealed = rows_of(
            seq, previous, BEGIN + timedelta(seconds=seq * 20), "screening", f"s_{seq:020x}", drawn[seq % 500],
            people[who], keys[who] or b"", content, salt,
        )  # fmt: skip
        previous = entry[-1]
        yield entry, sealed


def long_ledger(folder: Path, number: int) -> Record:
    """Made whole, or made anew."""
    record = Record(folder)
    if record.head.exists() and (known := record.ledger.entries(newest=1)) and known[0].seq == number:
        return record
    shutil.rmtree(folder / "data", ignore_errors=True)
    record = Record(folder).made()
    record.store.close()
    rows = chained(record, number)
    with closing(sqlite3.connect(folder / "data" / "vaglio.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        last = None
        while batch := list(islice(rows, AT_ONCE)):
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", [entry for entry, _ in batch])
            connection.executemany("INSERT INTO content VALUES (?, ?, ?)", [content for _, content in batch])
            connection.execute("COMMIT")
            last = batch[-1][0]
    if last:
        HeadFile(record.head).write(Head(last[0], last[5]))
    return Record(folder)
