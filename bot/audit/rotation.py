"""A new master key in place of the old one, and what is left when it is lost."""

from __future__ import annotations

import json
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session, SQLModel, col, delete, select

from bot import postgres
from bot.audit import masters
from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger, NewEntry
from bot.audit.promises import ranges_of
from bot.audit.seals import Seals
from bot.audit.vault import Vault, VaultError
from bot.bulk.tables import BulkChunk
from bot.console.tables import SavedSearch, SignedIn, Undertaking, UndertakingPiece
from bot.keys import key_in
from bot.knowledge_tables import Collection, CollectionPiece
from bot.store import Store
from bot.tables import (
    Acknowledgement,
    Appeal,
    Awaited,
    Card,
    Content,
    Dismissal,
    Grant,
    Held,
    Identity,
    LinkCode,
    Pending,
    Person,
    PersonKey,
    Quiz,
    QuizDone,
    Reminder,
    Review,
    Seat,
)
from bot.wording.saying import saying
from bot.work_tables import DeadLetter

_WHAT: Final = saying("the master key")
_LOOKS: Final = 20
_PAUSE: Final = 0.1
"""Seconds between two of them: a connection that was closed is there for a moment longer."""
_UNREADABLE: Final[tuple[type[SQLModel], ...]] = (
    Content, Pending, DeadLetter, Held, Seat, Review, Appeal, Dismissal, Awaited, Card, Reminder, Quiz, QuizDone,
    Acknowledgement, Grant, LinkCode, SignedIn, SavedSearch, Identity, Person, PersonKey, CollectionPiece, Collection,
    UndertakingPiece, Undertaking, BulkChunk,
)  # fmt: skip
"""What nobody can read or find again without the key, in an order in which each may go."""


def rotate(folder: Path, store: Store) -> int:
    """A new master key, and whatever the old one wraps wrapped by it. Returns how many rows there were.

    Nobody else may be at work: see `bot.audit.presence`. Broken off anywhere, `masters.settle` finishes it or takes it
    back at the next start. Raises `RecordError`, `KeyFileError`, `VaultError`, `OSError`.
    """
    masters.settle(folder, store)
    masters.look(folder, store)
    seals = Seals.open(folder)
    store.migrate(seals)
    following = Vault(key_in(folder, masters.NEXT, _WHAT))
    store.engine.dispose()  # idle connections of our own would be taken for somebody else's
    try:
        with store.write() as session:
            count = wrap_anew(session, seals, following)
            _look_that_nobody_came(session, store)
    except RecordError as error:
        if error.code == "in_use":
            (folder / masters.NEXT).unlink(missing_ok=True)  # all was taken back, and nothing is under it
        raise
    masters.put_next_in_place(folder)
    return count


def _look_that_nobody_came(session: Session, store: Store) -> None:
    """Somebody who started since it was asked first has the old key in hand. Raises `RecordError` ("in_use")."""
    if store.file:
        return
    for _ in range(_LOOKS):
        session.connection().exec_driver_sql("SELECT pg_stat_clear_snapshot()")
        if not postgres.others(session.connection()):
            return
        time.sleep(_PAUSE)
    raise RecordError("in_use", store.place)


def wrap_anew(session: Session, seals: Seals, following: Vault) -> int:
    """Inside one transaction, which also notes that it was done; what is sealed stays as it is.

    Raises `VaultError` if a row is of yet another key.
    """
    masters.note(session, following)
    count = _wrap_words_asked_for(session, seals, following)
    for table in masters.TABLES:
        for row in masters.rows(session, table):
            about = masters.about(row)
            row.wrapped = following.wrap(seals.vault.unwrap(row.wrapped, about), about)
            session.add(row)
            count += 1
    session.flush()
    return count


def _wrap_words_asked_for(session: Session, seals: Seals, following: Vault) -> int:
    """Of what Telegram's people were asked for in a message: see `bot.chat.telegram_waiting`.

    They are bound to an account, which only its person's key tells. Whoever has none any more is asked again.
    """
    waiting = [(row, said) for row in session.exec(select(Awaited)).all() if (said := _sealed_in(row))]
    accounts = _accounts(session, seals) if waiting else {}
    for row, said in waiting:
        account = accounts.get(row.key)
        try:
            if account is None:
                raise VaultError  # it is nobody's any more
            key = seals.vault.unwrap(b64decode(said["said"][0]), account.encode())
        except VaultError:
            session.delete(row)
            continue
        wrapped = b64encode(following.wrap(key, account.encode())).decode()
        row.action = json.dumps({**said, "said": [wrapped, said["said"][1]]})
        session.add(row)
    return len(waiting)


def _sealed_in(row: Awaited) -> dict[str, Any] | None:
    try:
        said = json.loads(row.action)
    except ValueError:
        return None
    return said if isinstance(said, dict) and said.get("said") else None


def _accounts(session: Session, seals: Seals) -> Mapping[str, str]:
    """Every account, by the name under which words are waited for from it."""
    found = dict[str, str]()
    for row in session.exec(select(Identity)).all():
        plain = seals.unseal(session, row.person, row.sealed, row.key.encode())
        if plain is not None:
            found[seals.name("awaited", plain.decode())] = plain.decode()
    return found


def forget(folder: Path, store: Store, ledger: Ledger, now: datetime) -> int | None:
    """The master key is lost for good: let go of whatever only it opened, and begin with a new one.

    The chain stays whole, and an entry says which words are gone. Nobody is known any more, and nobody has a role.
    Returns how many entries lost their words; None if the key opens what lies here, and nothing is to be let go.
    Raises as `rotate` does.
    """
    masters.settle(folder, store)
    if not masters.is_lost(folder, store):
        return None
    following = Vault(key_in(folder, masters.NEXT, _WHAT))
    with store.write() as session:
        masters.note(session, following)
        gone = session.exec(select(Content.seq).order_by(col(Content.seq))).all()
        for table in _UNREADABLE:
            session.exec(delete(table))
        # It is the same that retention says: the independent verifier knows no other way for words to go.
        facts = {"purged": [list(each) for each in ranges_of(gone)], "policy": "", "lost": "master key"}
        ledger.append_in(session, NewEntry("retention", f"t_{secrets.token_hex(8)}", facts, at=now))
    ledger.let_head_follow()
    masters.set_aside(folder)
    masters.put_next_in_place(folder)
    return len(gone)
