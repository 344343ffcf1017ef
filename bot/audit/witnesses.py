"""What others know that a database may not: checkpoints that came later, and who was erased since."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy import func
from sqlmodel import select

from bot.audit.checkpoints import Checkpoints
from bot.audit.errors import RecordError
from bot.audit.evidence import Believed, Source, check, read_own, read_place
from bot.audit.statements import Signed
from bot.audit.tables import Checkpoint
from bot.store import Store
from bot.tables import Entry

_NUMBER: Final = re.compile(r"checkpoint-(\d{8,})\.json")


def believed(sources: Sequence[Source], keys: Collection[str]) -> Sequence[Believed]:
    """Every checkpoint that can be believed, each number once, in order. `keys` as in `bot.audit.comparison`."""
    found = dict[int, Believed]()
    for source in sources:
        for each in check(source, keys).believed:
            found.setdefault(each.statement.number, each)
    return [found[number] for number in sorted(found)]


def erased_by(found: Sequence[Believed]) -> set[str]:
    """The pseudonyms that they name as erased."""
    return {person for each in found for person in each.statement.erased}


def erased_later(store: Store, folders: Sequence[Path], keys: Collection[str]) -> set[str]:
    """Who was erased, by checkpoints in folders that this database has never made: it is an older one, put back.

    Where none is later than its own, nothing is read. A folder that cannot be read says nothing. Raises `RecordError`.
    """
    last = last_number(store)
    sources = list[Source]()
    for folder in folders:
        with suppress(OSError):
            if any(number > last for number in _numbers(folder)):
                sources.append(read_place(folder))
    return erased_by(believed([read_own(store), *sources], keys)) if sources and keys else set()


def take_over(checkpoints: Checkpoints, found: Sequence[Believed], last: int) -> int:
    """Those that go on from `last`, so that the next number is nobody's. Returns how many there were.

    Raises `CheckpointError` where others have made a second history of them.
    """
    following = list[Signed]()
    for each in found:
        if each.statement.number == last + len(following) + 1:
            following.append(each.signed)
    return checkpoints.take_in(following)


def last_number(store: Store) -> int:
    """Of the newest checkpoint in a database's own table; 0 where there is none. Raises `RecordError`."""
    with store.read() as session:
        return session.exec(select(func.max(Checkpoint.number))).one() or 0


def erasures_of(store: Store) -> set[str]:
    """Whoever the entries of a database name as erased, as far as it can be read."""
    with suppress(RecordError), store.read() as session:
        return set(session.exec(select(Entry.subject).where(Entry.kind == "erasure")).all())
    return set()


def _numbers(folder: Path) -> Iterator[int]:
    for path in folder.iterdir():
        if match := _NUMBER.fullmatch(path.name):
            yield int(match[1])
