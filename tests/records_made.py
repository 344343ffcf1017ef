"""A ledger with everything in it, made by the real writer, and a checkpoint of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import col, delete

from bot.audit import records
from bot.audit.ledger import Ledger
from bot.audit.promises import ranges_of
from bot.audit.seals import Seals
from bot.people import People
from bot.store import Store
from bot.tables import Content

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Key:
    """Signs, as whoever has the key would."""

    def __init__(self, seed: int = 7) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public = self._key.public_key().public_bytes_raw().hex()

    def signature(self, told: bytes) -> str:
        return self._key.sign(told).hex()


@dataclass(frozen=True, slots=True)
class Made:
    """The parts of a record in `folder`, as a command would find them there."""

    folder: Path
    store: Store
    people: People
    ledger: Ledger

    @classmethod
    def open(cls, folder: Path, *, read_only: bool = False, is_new: bool = False) -> Made:
        seals = Seals.open(folder / "keys")
        store = Store(f"sqlite:///{folder / 'data' / 'vaglio.db'}", read_only=read_only)
        if is_new:
            store.migrate(seals)
        people = People(store, seals)
        return cls(folder, store, people, Ledger(store, folder / "data" / "ledger.head", people))

    @property
    def database(self) -> Path:
        return self.folder / "data" / "vaglio.db"

    def end(self) -> tuple[int, str]:
        newest = self.ledger.entries(newest=1)
        return (newest[0].seq, newest[0].hash) if newest else (0, records.GENESIS)

    def erase(self, person: str) -> None:
        self.ledger.append("erasure", subject=f"e_{person}", facts={"person": person}, at=AT)
        with self.store.write() as session:
            session.exec(delete(Content).where(col(Content.holder) == person))
            self.people.seals.destroy(session, person)

    def let_go(self, *seqs: int) -> None:
        purged = [list(each) for each in ranges_of(seqs)]
        self.ledger.append("retention", subject=f"t_{seqs[0]}", facts={"purged": purged}, at=AT)
        with self.store.write() as session:
            session.exec(delete(Content).where(col(Content.seq).in_(seqs)))


def fill(made: Made, rounds: int = 3) -> None:
    """Drafts of three people, decisions, words of nobody, entries without words, an erasure, words let go in time."""
    people = [made.people.person(f"slack:T1:U{number}") for number in range(3)]
    for number in range(rounds):
        for person in people:
            facts = {
                "outcome": "clear", "policy": "prova@0",
                "draft": {"kind": "post", "characters": 12, "is_answer": False},
                "scores": {"toxicity.insult": 0.25 + number / 7, "è😀": 1e-9, "\ufb01": 1e21},
                "findings": [{"rule": "tone.jargon", "clause": "3.1", "severity": "note", "score": None}],
                "unchecked": [], "language": "it",
            }  # fmt: skip
            words = records.canonical({"text": f"=Ciao {number} 😀", "spans": [], "in_reply_to": None})
            subject = f"s_{person}_{number}"
            made.ledger.append("screening", subject=subject, facts=facts, actor=person, at=AT, content=words)
        reason = records.canonical({"reason": f"Va bene {number}"})
        made.ledger.append(
            "decision", subject=f"q_{number}", facts={"ruling": "approved", "screening": f"s_{number}"},
            actor=people[0], at=AT, content=reason, holder=people[1],
        )  # fmt: skip
    made.ledger.append("note", subject="n_1", facts={}, at=AT, content=b'{"reason":"Di nessuno"}')
    made.ledger.append("role", subject="g_1", facts={"role": "owner", "change": "given"}, actor=people[0], at=AT)
    made.erase(people[2])
    made.let_go(1, 2)


def checkpoint(
    key: Key, end: tuple[int, str], *, number: int = 1, previous: str = records.GENESIS, **more: object
) -> str:
    """A line, as it is delivered."""
    body = records.canonical({
        "v": 1, "number": number, "at": records.timestamp(AT), "count": end[0], "head": end[1], "previous": previous,
        "erased": [], "key": key.public, **more,
    })  # fmt: skip
    return json.dumps({"body": body.decode(), "signature": key.signature(body)})
