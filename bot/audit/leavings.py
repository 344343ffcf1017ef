"""What an erasure leaves in the database's files, and how far it is cleared away while others work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.audit.erasure import purge_leavings
from bot.audit.errors import RecordError
from bot.audit.index import Index
from bot.store import Store
from bot.wording import Wording


@dataclass(frozen=True, slots=True)
class Leavings:
    """What may still lie there."""

    is_on_server: bool
    """Bytes of deleted rows, until others are written over them: to clear them away, nobody may use the tables."""
    is_held: bool
    """Somebody was reading: in the files of the record (SQLite), or of the search index."""

    def told(self, wording: Wording) -> Iterator[str]:
        """What there is to know, and to do."""
        if self.is_on_server:
            yield wording.say(
                "Bytes of the deleted rows, sealed words and their key among them, may still lie in the server’s "
                "files. vaglio audit purge clears them away, in a maintenance window: it is due now."
            )
            if self.is_held:
                yield wording.say("Somebody is searching just now: the next search lets go of the words in its index.")
        elif self.is_held:
            yield wording.say("Somebody is reading just now: vaglio audit purge clears the files of what is left.")
        else:
            yield wording.say("Nothing of what was let go is left in the database's files.")


def clear_leavings(store: Store, index: Index) -> Leavings:
    """After an erasure, as far as nobody has to wait: all of it from the index, and from a file all of it.

    Raises nothing of what stands in the way: what is left is told.
    """
    if store.file:
        return Leavings(is_on_server=False, is_held=not _is_done(lambda: purge_leavings(store, index)))
    is_held = not _is_done(index.follow)
    _is_done(store.make_room)
    return Leavings(is_on_server=True, is_held=is_held)


def _is_done(do: Callable[[], None]) -> bool:
    try:
        do()
    except RecordError:
        return False
    return True
