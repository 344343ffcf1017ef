"""Machine secrets by a maintained scanner (Kingfisher, of MongoDB), in process; nothing is asked online."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kingfisher_sdk import Scanner as Native

NAME = "kingfisher"
TIMEOUT = 1.0
"""Seconds a scan may take, a hundred times what it needs."""
_building = threading.Lock()


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential in a text, from character `start` up to `end`. The text itself is not kept."""

    kind: str
    start: int
    end: int


class Scanner:
    """Thread-safe, and meant to be shared."""

    name = NAME

    def __init__(self, folder: Path | None = None) -> None:
        """Compile the rules, or read them as they were compiled, from the models' `folder`; that takes seconds once."""
        from kingfisher_sdk import Rules
        from kingfisher_sdk import Scanner as Native

        self.digest = version("kingfisher-secret-scanner")
        place = None if folder is None else folder / "scanner"
        if place is not None:
            place.mkdir(parents=True, exist_ok=True)
        rules = Rules(cache=place is not None, cache_dir=str(place) if place else None)
        # What is found is never handed on: only where it stands.
        self._native: Native = Native(rules, redact=True)

    def find(self, text: str) -> list[Secret]:
        """What looks like a credential. Raises `TimeoutError`."""
        data = text.encode("utf-8", "replace")
        places = _places(text) if len(data) != len(text) else None
        found = []
        for one in self._native.scan(data, timeout=TIMEOUT):
            told = one.to_dict()
            start, end = told["location"]["start_offset"], told["location"]["end_offset"]
            if places is not None:
                start, end = places[start], places[end]
            if start < end:
                found.append(Secret(told["rule_id"].rpartition(".")[2], start, end))
        return found


def _places(text: str) -> list[int]:
    """For each byte of the text in UTF-8 the character that it belongs to."""
    places: list[int] = []
    for number, character in enumerate(text):
        places += [number] * len(character.encode("utf-8", "replace"))
    return [*places, len(text)]


def scanner(folder: Path | None) -> Scanner:
    """The one scanner of this process for that folder. Raises what opening raises."""
    with _building:
        return _scanner(folder)


@cache
def _scanner(folder: Path | None) -> Scanner:
    return Scanner(folder)
