"""Rows of a company's tables (customers, employees) as keyed hashes: they are found in drafts, and not kept."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import regex
from numpy.typing import NDArray

from rules.folding import fold_plain
from rules.knowledge.hashing import Keyed, joined, places_of, words_of
from rules.knowledge.store import Knowledge, KnowledgeError, Manifest

if TYPE_CHECKING:
    from _csv import Reader

KIND = "a table"
_SHORTEST = 4
"""Characters of a value that may count: `Rho` or `12` would be found everywhere."""
_MOST_WORDS, _LONGEST = 12, 48
_MOST_ROWS = 2_000
"""Rows that one value may stand in and still be compared: a surname of more helps nobody to tell who is meant."""
_MOST_COLUMNS = 255
_CELL = 131_072
"""Characters of one; a table with more is none."""
_BAD_SHARE = 0.01
_SHOWN = 3
_SEPARATOR = regex.compile(r"\ufeff?sep=(.)\s*$", regex.I)
"""A first line that Excel writes."""
_DIALLED = 10
"""Digits from which a number may be one with its country's prefix."""
Report = Callable[[float], None]
"""Told how much of a file is read, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Match:
    """Values of rows that stand in a text in all of some columns, and where."""

    columns: tuple[str, ...]
    places: tuple[tuple[int, int], ...]


Places = list[tuple[list[tuple[int, int]], NDArray[np.uint32]]]
"""Where a value stands in a text, and the rows that have it."""
Seen = dict[int, Places]
"""The same by column."""


class Table:
    """One table, open. Immutable, and mapped from the disk: its memory is shared and can be given back."""

    def __init__(self, place: Path, manifest: Manifest, keyed: Keyed) -> None:
        self.mark = manifest.mark
        self.columns: tuple[str, ...] = tuple(manifest.about["columns"])
        self._keyed = keyed
        self._hashes: NDArray[np.uint64] = np.load(place / "hashes.npy", mmap_mode="r")
        self._rows: NDArray[np.uint32] = np.load(place / "rows.npy", mmap_mode="r")
        self._columns: NDArray[np.uint8] = np.load(place / "columns.npy", mmap_mode="r")
        if not len(self._hashes) == len(self._rows) == len(self._columns):
            raise ValueError("arrays of unlike lengths")

    def find(self, text: str, together: Sequence[Sequence[str]]) -> Iterator[Match]:
        """Where `text` holds values of one row, in all columns of one of the sets `together`."""
        seen = self._seen(text)
        for wanted in together:
            columns = [self.columns.index(name) for name in wanted]
            if all(column in seen for column in columns):
                yield from self._of_one_row(seen, columns)

    def _seen(self, text: str) -> Seen:
        """By column: each value of its own that stands in `text`, where, and the rows that have it."""
        spans = self._candidates(text)
        found: Seen = {}
        if not spans:
            return found
        first, last = places_of(self._hashes, self._keyed.hashes(spans))
        for at, places in zip(range(len(spans)), spans.values(), strict=True):
            if first[at] == last[at]:
                continue
            columns = self._columns[first[at] : last[at]]
            for column in np.unique(columns):
                # Of a value that very many have, it is enough to know that it is there.
                chosen = np.flatnonzero(columns == column)[: _MOST_ROWS + 1]
                rows = self._rows[first[at] : last[at]][chosen]
                found.setdefault(int(column), []).append((places, np.unique(rows)))
        return found

    def _candidates(self, text: str) -> dict[str, list[tuple[int, int]]]:
        """What could be a value, and each place where it stands."""
        spans: dict[str, list[tuple[int, int]]] = {}
        words = list(words_of(text))
        for start in range(len(words)):
            for end in range(start + 1, min(start + _MOST_WORDS, len(words)) + 1):
                parts = [word for word, _, _ in words[start:end]]
                if sum(map(len, parts)) > _LONGEST:
                    break
                span = (words[start][1], words[end - 1][2])
                value = joined(parts, text[slice(*span)])
                if len(value) >= _SHORTEST:
                    for form in (value, *_without_prefix(value)):
                        spans.setdefault(form, []).append(span)
        return spans

    def _of_one_row(self, seen: Seen, columns: Sequence[int]) -> Iterator[Match]:
        """All places of values of rows that have one in each of `columns`."""
        names = tuple(self.columns[column] for column in columns)
        if len(columns) == 1:
            yield Match(names, tuple(place for places, _ in seen[columns[0]] for place in places))
            return
        held = [[one for one in seen[column] if len(one[1]) <= _MOST_ROWS] for column in columns]
        if not all(held):
            return
        common = reduce(np.intersect1d, [np.concatenate([rows for _, rows in values]) for values in held])
        if len(common):
            meant = [
                place for values in held for places, rows in values if np.isin(rows, common).any() for place in places
            ]
            yield Match(names, tuple(meant))


def open_table(knowledge: Knowledge, name: str) -> Table:
    """Raises `KnowledgeError`."""
    found: Table = knowledge.get(name, KIND, lambda place, manifest: Table(place, manifest, knowledge.keyed))
    return found


def add_table(
    knowledge: Knowledge,
    name: str,
    source: Path,
    columns: Sequence[str],
    report: Report = lambda _: None,
    *,
    encoding: str = "utf-8-sig",
) -> Manifest:
    """Keep the `columns` of the CSV file `source` under `name`. Raises `KnowledgeError`; the old table stays then."""

    if not columns or len(set(columns)) != len(columns) or len(columns) > _MOST_COLUMNS:
        raise KnowledgeError(f"{source}: --columns wants one to {_MOST_COLUMNS} names, each once")

    def write(place: Path) -> dict[str, Any]:
        hashes, rows, numbers, counts = _read(knowledge.keyed, source, columns, encoding, report)
        order = np.lexsort((rows, hashes))
        np.save(place / "hashes.npy", hashes[order])
        np.save(place / "rows.npy", rows[order])
        np.save(place / "columns.npy", numbers[order])
        return {"columns": list(columns), **counts}

    return knowledge.put(name, KIND, write)


Arrays = tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.uint8], dict[str, int]]


def _read(keyed: Keyed, source: Path, columns: Sequence[str], encoding: str, report: Report) -> Arrays:
    hashes, rows, numbers = [], [], []
    counts = {"rows": 0, "values": 0, "unfit": 0}
    for number, values in enumerate(_rows(source, columns, encoding, report)):
        counts["rows"] += 1
        for column, value in enumerate(values):
            forms = _forms(value)
            counts["unfit"] += bool(value.strip()) and not forms
            for form in forms:
                hashes.append(keyed.hash(form))
                rows.append(number)
                numbers.append(column)
                counts["values"] += 1
    if not hashes:
        raise KnowledgeError(f"{source}: no value of at least {_SHORTEST} characters in {', '.join(columns)}")
    return np.array(hashes, np.uint64), np.array(rows, np.uint32), np.array(numbers, np.uint8), counts


def _forms(value: str) -> list[str]:
    """A value as it is looked for; a phone number also without its country's prefix."""
    plain = fold_plain(value).text
    words = [word for word, _, _ in words_of(plain)]
    form = joined(words, plain)
    if not _SHORTEST <= len(form) <= _LONGEST:
        return []
    return [form, *(_without_prefix(form) if value.strip().startswith(("+", "00")) else ())]


def _without_prefix(number: str) -> Iterator[str]:
    """A phone number as it is dialled from elsewhere: without 00, and without Italy's 39."""
    if not (number.isdigit() and len(number) >= _DIALLED):
        return
    abroad = number.removeprefix("00")
    if abroad != number:
        yield abroad
    if abroad.startswith("39") and len(abroad) > _DIALLED:
        yield abroad.removeprefix("39")


def _rows(source: Path, columns: Sequence[str], encoding: str, report: Report) -> Iterator[list[str]]:
    try:
        size = max(1, source.stat().st_size)
        with source.open("rb") as begun:
            if begun.read(2) in (b"\xff\xfe", b"\xfe\xff") and not encoding.lower().startswith("utf-16"):
                raise KnowledgeError(f"{source}: it is UTF-16; add --encoding utf-16")
        with source.open(encoding=encoding, newline="") as file:
            dialect = _dialect(file.read(64_000), source)
            file.seek(0)
            if (said := _SEPARATOR.match(file.readline())) is None:
                file.seek(0)
            else:
                dialect.delimiter = said[1]
            csv.field_size_limit(_CELL)  # of the whole process, whoever read a table before
            reader = csv.reader(file, dialect, strict=True)
            header = [name.strip().lstrip("\ufeff") for name in next(reader, [])]
            places = _places(source, header, columns)
            yield from _good(source, reader, header, places, lambda read: report(min(1.0, read / size)))
    except UnicodeDecodeError as error:
        raise KnowledgeError(
            f"{source}: byte {error.start} is not {encoding.removesuffix('-sig')}: try --encoding cp1252"
        ) from None
    except (UnicodeError, ValueError) as error:
        raise KnowledgeError(f"{source}: it is not {encoding} ({type(error).__name__})") from None
    except csv.Error as error:
        raise KnowledgeError(f"{source}: no table of values ({error})") from None
    except OSError as error:
        raise KnowledgeError(f"{source}: {error.strerror}") from None
    except LookupError:
        raise KnowledgeError(f"there is no encoding {encoding!r}; try utf-8 or cp1252") from None


def _dialect(sample: str, source: Path) -> type[csv.Dialect]:
    if not sample.strip():
        raise KnowledgeError(f"{source}: it is empty")
    first = regex.sub(r'"[^"]*"', "", sample.lstrip().splitlines()[0])

    class Found(csv.excel):
        delimiter = max(",;\t|", key=first.count)

    return Found


def _places(source: Path, header: Sequence[str], columns: Sequence[str]) -> list[int]:
    known = [name.casefold() for name in header]
    for name in columns:
        if name.casefold() not in known:
            raise KnowledgeError(f"{source}:1: no column {name!r}; {_named(header)}")
        if known.count(name.casefold()) > 1:
            raise KnowledgeError(f"{source}:1: two columns are called {name!r}; rename one")
    return [known.index(name.casefold()) for name in columns]


def _named(header: Sequence[str]) -> str:
    """What the columns are called; where the first line is already a customer, nothing of it."""
    if not header or any(not name or "@" in name or any(c.isdigit() for c in name) for name in header):
        return "the first line does not look like the columns' names"
    return f"there are: {', '.join(header)}"


def _good(
    source: Path,
    reader: Reader,
    header: Sequence[str],
    places: Sequence[int],
    report: Callable[[int], None],
) -> Iterator[list[str]]:
    """Rows with as many values as there are columns. A few others are passed over, many are an error."""
    good, bad, read = 0, list[int](), 0
    for row in reader:
        number = reader.line_num
        read += sum(map(len, row)) + len(row)
        if number % 10_000 == 0:
            report(read)
        if not row:
            continue
        if len(row) != len(header):
            bad.append(number)
            if len(bad) > 100 and len(bad) > _BAD_SHARE * number:
                break
            continue
        good += 1
        yield [row[place] for place in places]
    if len(bad) > max(1, _BAD_SHARE * (good + len(bad))):
        shown = ", ".join(str(number) for number in islice(bad, _SHOWN))
        raise KnowledgeError(
            f"{source}:{bad[0]}: not {len(header)} values, as the first line has; so in {len(bad)} rows ({shown} ...)"
        )
