"""What `vaglio doctor` says of the database's user, and of a record that was moved away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.audit import rights
from bot.audit.errors import RecordError
from bot.audit.moved import left_behind, left_said, read_note
from bot.checkup import Part
from bot.store import Store
from bot.wording import Wording

_SHOWN = 4


def database_user(store: Store, wording: Wording) -> Iterator[Part]:
    """Whether it can do more than a running Vaglio must, or less. On a server; a file has no users of its own."""
    if store.file is not None:
        return
    with store.read() as session:
        beyond, lacking = rights.excess(session.connection()), rights.lacking(session.connection())
    name = wording.say("Database user")
    if lacking:
        said = wording.say("it lacks {rights}: vaglio db grant gives it.", rights=_told(lacking))
        yield Part(name, "wrong", said)
    if beyond:
        said = wording.say(
            "it can do more than it must ({rights}), so whoever has its password could alter the record. "
            "docs/operations.md says how to give it less.",
            rights=_told(beyond),
        )
        yield Part(name, "missing", said)
    if not (lacking or beyond):
        yield Part(name, "active", wording.say("it can do what a running Vaglio does, and no more."))


def durability(store: Store, wording: Wording) -> Iterator[Part]:
    """Where a server was told not to wait for its disk. A file's transactions always do."""
    if store.file is not None:
        return
    with store.read() as session:
        show = session.connection().exec_driver_sql
        off = [name for name in ("fsync", "full_page_writes") if show(f"SHOW {name}").scalar() == "off"]
    if off:
        said = wording.say(
            "{settings}: off on the server. If its machine loses power, entries that were acknowledged may be lost, "
            "or the database damaged: turn it on.",
            settings=", ".join(off),
        )
        yield Part(wording.say("Database"), "missing", said)


def is_elsewhere(store: Store, wording: Wording) -> Iterator[Part]:
    """Where the record in this file goes on elsewhere."""
    try:
        note = read_note(store.file) if store.file else None
    except RecordError as error:
        yield Part(wording.say("Record"), "wrong", error.show(wording.language))
        return
    if note is not None:
        yield Part(wording.say("Record"), "wrong", RecordError(note.state, store.place).show(wording.language))


def is_left_behind(store: Store, data: Path, wording: Wording) -> Iterator[Part]:
    """Where the file from which this record was moved to a server still lies."""
    for file in left_behind(data) if store.file is None else ():
        yield Part(wording.say("Record"), "missing", left_said(file, wording))


def _told(found: Sequence[str]) -> str:
    more = [f"+{len(found) - _SHOWN}"] if len(found) > _SHOWN else []
    return ", ".join([*found[:_SHOWN], *more])
