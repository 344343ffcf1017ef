"""Checkpoints as a place has them, read and checked by themselves: signatures, numbers, order, keys, clock."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlmodel import col, select

from bot.audit.errors import RecordError
from bot.audit.signing import is_signed
from bot.audit.statements import FILES, Signed, Statement, StatementError, file_name, read_line
from bot.audit.tables import Checkpoint
from bot.audit.verification import Fault
from bot.store import Store

_BACK: Final = timedelta(minutes=5)
"""By how much a clock may go back between two checkpoints, as one that is set right does."""
_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """Something that should be a checkpoint, and where it lies."""

    place: str
    signed: Signed | None
    name: str | None = None
    """Its file's, where it has one of its own."""


@dataclass(frozen=True, slots=True)
class Source:
    """What one place has, in its order. `faults` are those of the place itself."""

    name: str
    found: Sequence[Found]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Believed:
    place: str
    signed: Signed
    statement: Statement

    @property
    def digest(self) -> str:
        return self.signed.digest


@dataclass(frozen=True, slots=True)
class Checked:
    """`first` is the number of the first one there, 0 if there is none."""

    name: str
    first: int
    believed: Sequence[Believed]
    faults: Sequence[Fault]


def read_place(path: Path, *, has: int = 0) -> Source:
    """The checkpoints in a folder, such as a clone, or in a file of JSON lines. Raises `OSError`.

    `has` is the number up to which it is known to have taken them.
    """
    found = list(_files(path)) if path.is_dir() else list(_lines(path))
    numbers = [number for each in found if (number := _number(each)) is not None]
    faults = [Fault(None, "lost", str(path))] if has > max(numbers, default=0) else []
    if not found and not has:
        faults.append(Fault(None, "empty", str(path)))
    return Source(str(path), found, tuple(faults))


def read_own(store: Store) -> Source:
    """Those in the database's own table. Raises `RecordError`."""
    table = "checkpoint"
    try:
        if not store.has(Checkpoint):
            return Source(table, ())
        chosen = select(Checkpoint.number, Checkpoint.body, Checkpoint.signature).order_by(col(Checkpoint.number))
        with store.read() as session:
            rows = session.exec(chosen).all()
    except RecordError as error:
        if error.code == "none":
            return Source(table, ())
        if error.code in ("broken", "tables"):
            return Source(table, (), (Fault(None, "unreadable", table),))
        raise
    return Source(table, [_row(number, body, signature) for number, body, signature in rows])


def check(source: Source, keys: Collection[str]) -> Checked:
    """What of it can be believed, and what cannot be and why. `keys` as in `bot.audit.comparison.compare`."""
    chain = _Chain()
    for found in source.found:
        chain.take(found)
    trusted = chain.trusted(keys) if keys else [link.is_signed for link in chain.links]
    believed = [link.believed for link, is_trusted in zip(chain.links, trusted, strict=True) if is_trusted]
    faults = [*source.faults, *chain.faults, *_strangers(chain.links, trusted)]
    return Checked(source.name, chain.links[0].statement.number if chain.links else 0, believed, faults)


@dataclass(frozen=True, slots=True)
class _Link:
    believed: Believed
    is_signed: bool
    is_linked: bool
    """It names the one before it by its hash, and so vouches for it."""

    @property
    def statement(self) -> Statement:
        return self.believed.statement


class _Chain:
    def __init__(self) -> None:
        self.links, self.faults = list[_Link](), list[Fault]()
        self._seen = set[str]()

    def take(self, found: Found) -> None:
        try:
            statement = found.signed.statement() if found.signed else None
        except StatementError:
            statement = None
        if statement is None or found.signed is None:
            self.faults.append(Fault(None, "form", found.place))
            return
        if found.name is not None and found.name != file_name(statement.number):
            self.faults.append(Fault(None, "named", found.place))
        elif found.signed.digest in self._seen:
            return  # whoever is told at least once may note it twice
        self._seen.add(found.signed.digest)
        signed = is_signed(found.signed, statement.key)
        last = self.links[-1].believed if self.links else None
        what = [] if signed else ["signature"]
        what += _order(last, statement) if last else []
        self.faults += [Fault(None, each, found.place) for each in what]
        believed = Believed(found.place, found.signed, statement)
        self.links.append(_Link(believed, signed, last is not None and statement.previous == last.digest))

    def trusted(self, keys: Collection[str]) -> list[bool]:
        """Signed by a key that is trusted, or that a trusted checkpoint names as the next; or vouched for by one after.

        A key that has named its successor signs nothing any more.
        """
        known, over, trusted = set(keys), set[str](), list[bool]()
        for link in self.links:
            key, following = link.statement.key, link.statement.next_key
            trusted.append(link.is_signed and key in known and key not in over)
            if trusted[-1] and following:
                known.add(following)
                over.add(key)
        for place in range(len(self.links) - 1, 0, -1):
            if trusted[place] and self.links[place].is_linked and self.links[place - 1].is_signed:
                trusted[place - 1] = True
        return trusted


def _order(last: Believed, statement: Statement) -> Iterator[str]:
    before = last.statement
    if statement.number > before.number + 1:
        yield "skipped"
    elif statement.number <= before.number:
        yield "order"
    elif statement.previous != last.digest:
        yield "link"
    if statement.at < before.at - _BACK:
        yield "clock"


def _strangers(links: Sequence[_Link], trusted: Sequence[bool]) -> Iterator[Fault]:
    """The first of each run whose key nothing vouches for; one that its own key did not sign is named already."""
    before = True
    for link, is_trusted in zip(links, trusted, strict=True):
        if not is_trusted and before and link.is_signed:
            yield Fault(None, "key", link.believed.place)
        before = is_trusted or not link.is_signed


def _files(folder: Path) -> Iterator[Found]:
    for path in sorted(folder.glob(FILES)):
        with path.open("rb") as file:
            yield Found(str(path), _signed(file.read(_BYTES)), path.name)


def _lines(path: Path) -> Iterator[Found]:
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(_BYTES), b""), start=1):
            if line.strip():
                yield Found(f"{path}:{number}", _signed(line))


def _row(number: object, body: object, signature: object) -> Found:
    is_text = isinstance(body, str) and isinstance(signature, str)
    signed = Signed(str(body), str(signature)) if is_text else None
    name = file_name(number) if isinstance(number, int) else ""
    return Found(f"checkpoint {number}", signed, name)


def _signed(line: bytes) -> Signed | None:
    try:
        return read_line(line)
    except StatementError:
        return None


def _number(found: Found) -> int | None:
    try:
        return found.signed.statement().number if found.signed else None
    except StatementError:
        return None
