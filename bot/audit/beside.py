"""The ledger held against all checkpoints that can be read here: the database's own, and the folders that are set."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from bot.audit.comparison import Comparison, Note, compare
from bot.audit.errors import RecordError
from bot.audit.evidence import Source, read_own, read_place
from bot.audit.manifests import Count
from bot.audit.tables import Outpost
from bot.audit.targets import Target
from bot.store import Store


def compare_beside(
    store: Store, targets: Sequence[Target], keys: Collection[str], went_on: Count | None = None
) -> Comparison:
    """`keys` and `went_on` as in `compare`. A folder that cannot be read now is noted. Raises `RecordError`."""
    unread = list[Note]()
    sources = [read_own(store), *_folders(targets, store, unread)]
    found = compare(store, sources, keys, went_on)
    return Comparison(found.count, found.faults, (*unread, *found.notes), found.reaches)


def _folders(targets: Sequence[Target], store: Store, unread: list[Note]) -> Iterator[Source]:
    for target in targets:
        if target.kind == "dir":
            try:
                source = read_place(Path(target.address), has=_taken(store, target))
            except OSError:
                unread.append(Note("unread", target.address))
                continue
            if source.found or source.faults[0].what != "empty":
                yield source


def _taken(store: Store, target: Target) -> int:
    """The number up to which a place has the checkpoints; 0 where the database does not say."""
    try:
        with store.read() as session:
            row = session.get(Outpost, target.digest) if store.has(Outpost) else None
    except RecordError:
        return 0
    return row.has if row else 0
