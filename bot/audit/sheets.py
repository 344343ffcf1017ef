"""Entries as rows for people and their programs: CSV, JSON Lines, Parquet. What proves something is the chain."""

from __future__ import annotations

import csv
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from bot.audit.cells import Cell, Separator, inert


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


Row = Mapping[str, Cell]

_COLUMNS: Final[Mapping[str, type]] = {
    "seq": int, "at": str, "kind": str, "actor": str, "subject": str, "screening": str,
    "outcome": str, "policy": str, "draft_kind": str, "account": str, "channel": str, "language": str,
    "characters": int, "is_answer": bool, "findings": int, "rules": str, "clauses": str, "severities": str,
    "shadow": str, "dismissed": str, "unchecked": str, "owner": str, "ruling": str, "facts": str, "hash": str,
}  # fmt: skip
_WORDS: Final[Mapping[str, type]] = {"text": str, "in_reply_to": str}

_GROUP: Final = 20_000
"""Rows that a Parquet file keeps together, and that are in memory until then."""


class MissingParquetError(Exception):
    """pyarrow is not installed."""


def columns(*, with_words: bool) -> Mapping[str, type]:
    return {**_COLUMNS, **_WORDS} if with_words else _COLUMNS


def row_of(said: Mapping[str, Any], hashed: str, words: Mapping[str, Any] | None = None) -> Row:
    """One entry, flattened: several of a thing stand in one cell with blanks between. All of its facts too, as JSON."""
    facts = said["facts"]
    draft, findings = facts.get("draft") or {}, facts.get("findings") or ()
    is_screening = said["kind"] == "screening"
    row: dict[str, Cell] = {
        **{name: said[name] for name in ("seq", "at", "kind", "actor", "subject")},
        "screening": said["subject"] if is_screening else _text(facts.get("screening")),
        **{name: _text(facts.get(name)) for name in ("outcome", "policy", "language", "owner", "ruling")},
        "draft_kind": _text(draft.get("kind")),
        "account": _text(draft.get("account")),
        "channel": _text(draft.get("channel") or facts.get("channel")),
        "characters": draft.get("characters"),
        "is_answer": draft.get("is_answer"),
        "findings": len(findings) if is_screening else None,
        "rules": _each(findings, "rule") or _text(facts.get("rule")),
        "clauses": _each(findings, "clause"),
        "severities": _each(findings, "severity"),
        **{name: _each(facts.get(name) or (), "rule") for name in ("shadow", "dismissed", "unchecked")},
        "facts": _json(facts),
        "hash": hashed,
    }
    return row if words is None else row | _of_words(words)


def _of_words(words: Mapping[str, Any]) -> dict[str, Cell]:
    """A screening has a text, the other kinds a reason, a link ...: whatever it is called."""
    said = [value for name, value in words.items() if name != "in_reply_to" and isinstance(value, str)]
    return {"text": "\n".join(said) or None, "in_reply_to": _text(words.get("in_reply_to"))}


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _each(found: Sequence[Any], name: str) -> str | None:
    return " ".join(dict.fromkeys(str(each[name]) for each in found)) or None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


class Rows(AbstractContextManager["Rows"]):
    """A file of rows, written piece by piece. Raises `OSError`."""

    def __init__(self, path: Path, names: Mapping[str, type]) -> None:
        self.path, self.names = path, names

    @abstractmethod
    def write(self, rows: Sequence[Row]) -> None: ...

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class CsvRows(Rows):
    """UTF-8 with a mark at its beginning, by which Excel knows it; no piece of it is a formula."""

    def __init__(self, path: Path, names: Mapping[str, type], separator: Separator = Separator.COMMA) -> None:
        super().__init__(path, names)
        self._separator = separator
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file, delimiter=separator.sign)
        self._writer.writerow(names)

    def write(self, rows: Sequence[Row]) -> None:
        self._writer.writerows([inert(row.get(name), self._separator) for name in self.names] for row in rows)

    def close(self) -> None:
        self._file.close()


class JsonRows(Rows):
    def __init__(self, path: Path, names: Mapping[str, type]) -> None:
        super().__init__(path, names)
        self._file = path.open("w", encoding="utf-8")

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._file.write(json.dumps({name: row.get(name) for name in self.names}, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()


class ParquetRows(Rows):
    """Raises `MissingParquetError`."""

    def __init__(self, path: Path, names: Mapping[str, type]) -> None:
        super().__init__(path, names)
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            raise MissingParquetError from None
        types = {str: pyarrow.string(), int: pyarrow.int64(), bool: pyarrow.bool_()}
        self._schema = pyarrow.schema([(name, types[kind]) for name, kind in names.items()])
        self._batch = pyarrow.RecordBatch
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting = list[Row]()

    def write(self, rows: Sequence[Row]) -> None:
        self._waiting += rows
        if len(self._waiting) >= _GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_batch(self._batch.from_pylist(self._waiting, schema=self._schema))
            self._waiting.clear()


def rows_in(form: Format, path: Path, names: Mapping[str, type], separator: Separator) -> Rows:
    """A new file at `path`; `separator` is CSV's. Raises `OSError`, `MissingParquetError`."""
    match form:
        case Format.CSV:
            return CsvRows(path, names, separator)
        case Format.JSONL:
            return JsonRows(path, names)
        case Format.PARQUET:
            return ParquetRows(path, names)
