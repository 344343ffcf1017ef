"""Filters of the record that somebody of compliance wants again: theirs alone, and sealed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import col, delete, func, select

from bot.audit.vault import Vault
from bot.console.tables import SavedSearch
from bot.store import Store

MOST = 50
"""Searches that somebody may keep."""
LONGEST = 80
"""Characters of a name."""


@dataclass(frozen=True, slots=True)
class Saved:
    """`query` is what follows the question mark in the page's address."""

    id: str
    name: str = field(repr=False)
    query: str = field(repr=False)


class SavedSearches:
    def __init__(self, store: Store, vault: Vault) -> None:
        self._store, self._vault = store, vault

    def save(self, person: str, name: str, query: str, at: datetime) -> Saved | None:
        """None: the name is empty or too long, or there are too many already."""
        name = " ".join(name.split())
        if not name or len(name) > LONGEST:
            return None
        saved = Saved(f"f_{secrets.token_hex(10)}", name, query)
        words = json.dumps({"name": name, "query": query}).encode()
        wrapped, sealed = self._vault.seal(words, saved.id.encode())
        with self._store.write() as session:
            has = select(func.count()).select_from(SavedSearch).where(SavedSearch.person == person)
            if session.exec(has).one() >= MOST:
                return None
            session.add(SavedSearch(id=saved.id, person=person, at=at.timestamp(), wrapped=wrapped, sealed=sealed))
        return saved

    def of(self, person: str) -> Sequence[Saved]:
        """Theirs, by name."""
        with self._store.read() as session:
            rows = session.exec(select(SavedSearch).where(SavedSearch.person == person)).all()
        found = [(row.id, json.loads(self._vault.unseal(row.wrapped, row.sealed, row.id.encode()))) for row in rows]
        return sorted((Saved(id, said["name"], said["query"]) for id, said in found), key=lambda one: one.name.lower())

    def delete(self, person: str, id: str) -> None:
        with self._store.write() as session:
            session.exec(delete(SavedSearch).where(col(SavedSearch.person) == person, col(SavedSearch.id) == id))
