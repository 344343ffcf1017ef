"""Drafts as lines of JSON or rows of CSV: which are drafts, and what is wrong with those that are not."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final, TextIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.wording.invalid import invalid
from bot.wording.saying import SaidError, Saying, about, saying
from rules.draft import Account, Audience, Channel, Draft, Kind, Words

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LONGEST: Final = 1_000_000
"""Bytes of a line, or characters of a cell, that are read: several times the longest draft that any setting allows."""
_NAMED: Final = 20
"""Columns that are told by name."""
_LEGIBLE: Final = 40
"""Characters of what may be the name of a column: where there is no header, drafts stand in the first row."""
_CALLED: Final = frozenset({"testo", "text", "post", "messaggio", "message", "contenuto", "content", "bozza", "draft"})
"""What the column of the text is often called."""
_TABLES: Final = frozenset({".csv", ".tsv"})
_BETWEEN: Final = (",", ";", "\t")
"""What stands between cells: Excel writes semicolons where a comma is the decimal sign, as in Italy."""


class BadLine(SaidError, ValueError):
    """A line that is no draft. Says which key is wrong, never what stands there."""


class BadFile(SaidError, ValueError):
    """A file in which no line can be a draft, and what is to be done."""


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
        raise BadLine(_together([_fault(each) for each in error.errors()])) from None


def _fault(fault: ErrorDetails) -> Saying:
    if fault["type"] == "model_type":
        return saying("the line is no object with a text in it")
    return about(str(fault["loc"][0]), invalid(fault))


def _together(faults: list[Saying]) -> Saying:
    found, *others = faults
    for other in others:
        found = Saying("{one}; {other}", {"one": found, "other": other})
    return found


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadLine(saying("not UTF-8")) from None
    except json.JSONDecodeError as error:
        raise BadLine(saying("not JSON at character {place}", place=error.pos + 1)) from None
    except (ValueError, RecursionError):
        raise BadLine(saying("not JSON")) from None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file that is not blank; `fields` are those of `LineIn`, not yet looked at."""

    line: int
    """Its number: of the line, or of the row as a spreadsheet counts them, the header being the first."""
    fields: object = field(default=None, repr=False)
    fault: Saying | None = None
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
        if self._is_table:
            with self._opened() as text:
                yield from (row for row in self._cells(text) if row.line > beyond)
        else:
            with self.path.open("rb") as file:
                yield from (row for row in self._lines(file) if row.line > beyond)

    def look(self) -> None:
        """Raises `OSError`, and `BadFile` where no row of a table can be a draft."""
        if self._is_table:
            with self._opened() as text:
                self._header(self._table(text))

    @property
    def _is_table(self) -> bool:
        return self.path.suffix.lower() in _TABLES

    def _opened(self) -> TextIO:
        # A byte that is no UTF-8 spoils its own row, and no other.
        return self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")

    def _table(self, text: TextIO) -> Iterator[list[str]]:
        csv.field_size_limit(_LONGEST)
        return csv.reader(text, delimiter=_delimiter(self.path), strict=True)

    def _header(self, table: Iterator[list[str]]) -> list[str]:
        """Raises `BadFile`."""
        try:
            header = [name.strip() for name in next(table, [])]
        except csv.Error:
            raise BadFile(saying("{file}: its first row is not CSV.", file=self.path.name)) from None
        if self.text not in header:
            raise BadFile(_no_column(self.path.name, self.text, header))
        return header

    def _lines(self, file: BinaryIO) -> Iterator[Row]:
        number = 0
        while raw := file.readline(_LONGEST):
            number += 1
            if len(raw) == _LONGEST and not raw.endswith(b"\n"):
                while len(rest := file.readline(_LONGEST)) == _LONGEST and not rest.endswith(b"\n"):
                    pass
                yield Row(number, fault=saying("too long for a draft"))
            elif raw.strip():
                yield self._line(number, raw)

    def _line(self, number: int, raw: bytes) -> Row:
        try:
            found = _json(raw.rstrip())
        except BadLine as error:
            return Row(number, fault=error.said[0])
        return Row(number, self._named(found) if isinstance(found, Mapping) else found)

    def _cells(self, text: TextIO) -> Iterator[Row]:
        table = self._table(text)
        header = self._header(table)
        number = 1
        while True:
            number += 1
            try:
                cells = next(table)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(number, fault=_no_csv(error))
                continue
            if any(cells):
                yield self._row(number, header, cells)

    def _row(self, number: int, header: list[str], cells: list[str]) -> Row:
        if len(cells) > len(header):
            fault = saying("{cells} cells, and the first row has {columns}", cells=len(cells), columns=len(header))
            return Row(number, fault=fault)
        if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
            return Row(number, fault=saying("not UTF-8"))
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


def _no_csv(error: csv.Error) -> Saying:
    said = str(error)
    if "expected after" in said:
        return saying("not CSV: something stands between a closing quotation mark and the end of its cell")
    if "end of data" in said:
        return saying("not CSV: a quotation mark is never closed")
    return saying("too long for a draft") if "field limit" in said else saying("not CSV")


def _no_column(file: str, wanted: str, header: list[str]) -> Saying:
    there = [name for name in header if 0 < len(name) <= _LEGIBLE and name.isprintable()][:_NAMED]
    if not there:
        return saying("{file}: its first row names no columns, and one of them must be {wanted}.", file=file,
                      wanted=wanted)  # fmt: skip
    likely = next((name for name in there if name.casefold() in _CALLED), there[0])
    return saying(
        "{file}: its first row names no column {wanted}. There are: {columns}. Say which one holds the text, for "
        "example: --text {option}",
        file=file, wanted=wanted, columns=", ".join(there), option=shlex.quote(likely),
    )  # fmt: skip
