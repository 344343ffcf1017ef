"""Drafts as lines of JSON or rows of CSV: which are drafts, and what is wrong with those that are not."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO, Final, TextIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rules.draft import Account, Audience, Channel, Draft, Kind, Words

_LONGEST: Final = 1_000_000
"""Bytes of a line, or characters of a cell, that are read: several times the longest draft that any setting allows."""
_NAMED: Final = 20
"""Columns that were not read and are told by name."""
_TABLES: Final = frozenset({".csv", ".tsv"})
_BETWEEN: Final = (",", ";", "\t")
"""What stands between cells: Excel writes semicolons where a comma is the decimal sign, as in Italy."""


class BadLine(ValueError):
    """A line that is no draft. Says which key is wrong, never what stands there."""


class BadFile(ValueError):
    """A file in which no line can be a draft; the message says why, in English."""


class LineIn(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: Words | Annotated[int, Field(strict=True)] | None = None
    text: Words = Field(repr=False)
    kind: Kind = Kind.POST
    account: Account = Account.INSTITUTIONAL
    channel: Channel = Channel.OTHER
    audience: Audience = Audience.PUBLIC
    in_reply_to: Words | None = Field(default=None, repr=False)
    language: str | None = Field(default=None, pattern="^[a-z]{2}$")

    def draft(self, author: str = "") -> Draft:
        return Draft(author=author, **self.model_dump(exclude={"id"}))


def read_line(raw: bytes) -> LineIn:
    """Raises `BadLine`."""
    return line_of(_json(raw))


def line_of(fields: object) -> LineIn:
    """Raises `BadLine`."""
    try:
        return LineIn.model_validate(fields)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc'])) or 'line'}: {fault['msg']}" for fault in error.errors())
        raise BadLine("; ".join(faults)) from None


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadLine("not UTF-8") from None
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadLine(f"not JSON{where}") from None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file that is not blank; `fields` are those of `LineIn`, not yet looked at."""

    line: int
    """Its number: of the line, or of the row as a spreadsheet counts them, the header being the first."""
    fields: object = field(default=None, repr=False)
    fault: str | None = None
    """Why it cannot even be taken apart."""


@dataclass(slots=True)
class Posts:
    """A file of drafts. CSV by its name (`.csv`, `.tsv`), else one JSON object a line."""

    path: Path
    id: str = "id"
    """What the column of their own ids is called..."""
    text: str = "text"
    """...and that of the text."""
    not_read: dict[str, None] = field(default_factory=dict)
    """Columns that say nothing here, as far as they were met, at most some."""

    def rows(self, beyond: int = 0) -> Iterator[Row]:
        """Those after line `beyond`. Raises `OSError`, `BadFile`."""
        if self.path.suffix.lower() in _TABLES:
            # A byte that is no UTF-8 spoils its own row, and no other.
            with self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
                yield from (row for row in self._cells(text) if row.line > beyond)
        else:
            with self.path.open("rb") as file:
                yield from (row for row in self._lines(file) if row.line > beyond)

    def _lines(self, file: BinaryIO) -> Iterator[Row]:
        number = 0
        while raw := file.readline(_LONGEST):
            number += 1
            if len(raw) == _LONGEST and not raw.endswith(b"\n"):
                while len(rest := file.readline(_LONGEST)) == _LONGEST and not rest.endswith(b"\n"):
                    pass
                yield Row(number, fault="too long for a draft")
            elif raw.strip():
                yield self._line(number, raw)

    def _line(self, number: int, raw: bytes) -> Row:
        try:
            found = _json(raw.rstrip())
        except BadLine as error:
            return Row(number, fault=str(error))
        return Row(number, self._named(found) if isinstance(found, Mapping) else found)

    def _cells(self, text: TextIO) -> Iterator[Row]:
        csv.field_size_limit(_LONGEST)
        table = csv.reader(text, delimiter=_delimiter(self.path), strict=True)
        header = _header(table)
        if self.text not in header:
            raise BadFile(f"{self.path.name}: its first row names no column {self.text!r}")
        number = 1
        while True:
            number += 1
            try:
                cells = next(table)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(number, fault=f"not CSV: {error}")
                continue
            if any(cells):
                yield self._row(number, header, cells)

    def _row(self, number: int, header: list[str], cells: list[str]) -> Row:
        if len(cells) > len(header):
            return Row(number, fault=f"{len(cells)} cells, and the first row has {len(header)}")
        if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
            return Row(number, fault="not UTF-8")
        # An empty cell says nothing, but for the text: that there is none is to be told.
        given = {name: cell for name, cell in zip(header, cells, strict=False) if cell or name == self.text}
        return Row(number, self._named(given))

    def _named(self, found: Mapping[str, object]) -> Mapping[str, object]:
        """The fields that are read, under the names that they have here."""
        own = {self.id: "id", self.text: "text"}
        fields = {}
        for key, value in found.items():
            name = own.get(key) or (key if key not in ("id", "text") else "")
            if name in LineIn.model_fields:
                fields[name] = value
            elif len(self.not_read) < _NAMED:
                self.not_read[key] = None
        return fields


def _delimiter(path: Path) -> str:
    with path.open("r", encoding="utf-8-sig", errors="replace") as file:
        first = file.readline(_LONGEST)
    return max(_BETWEEN, key=first.count)


def _header(table: Iterator[list[str]]) -> list[str]:
    try:
        return [name.strip() for name in next(table, [])]
    except csv.Error as error:
        raise BadFile(f"its first row is not CSV: {error}") from None
