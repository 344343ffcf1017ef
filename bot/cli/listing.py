"""Entries at a terminal: one below the other, and nothing of an id, a pseudonym or a rule cut away."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from bot.audit.spoken import Spoken, when

_INDENT = "      "


@dataclass(frozen=True, slots=True)
class Row:
    """One entry, in the record's codes."""

    seq: int
    at: str
    kind: str
    actor: str | None
    outcome: str | None
    ruling: str | None
    rules: tuple[str, ...]


def listing(rows: Sequence[Row], spoken: Spoken, width: int) -> Iterator[tuple[Row | None, list[str]]]:
    """The heading, without a row, and each row in lines: what does not fit beside the rest stands below it."""
    say = spoken.wording.say
    told = [_cells(row, spoken) for row in rows]
    heading = ("#", say("When (UTC)"), say("What"), say("Who"), say("Outcome"), say("Rules"))
    every = [heading, *told]
    widths = [max(cell_len(cells[at]) for cells in every) for at in range(len(heading))]
    for row, cells in zip([None, *rows], every, strict=True):
        yield row, list(_lines(cells, widths, width))


def _cells(row: Row, spoken: Spoken) -> tuple[str, ...]:
    rules = ", ".join(dict.fromkeys(row.rules))
    ended = spoken.ended(row.outcome, row.ruling)
    return str(row.seq), when(row.at), spoken.kind(row.kind), row.actor or "-", ended, rules


def _lines(cells: Sequence[str], widths: Sequence[int], width: int) -> Iterator[str]:
    def joined(count: int) -> str:
        return "  ".join(cell + " " * (widths[at] - cell_len(cell)) for at, cell in enumerate(cells[:count])).rstrip()

    beside = len(cells)
    while beside > 4 and sum(widths[:beside]) + 2 * (beside - 1) > width:
        beside -= 1
    yield joined(beside)
    yield from textwrap.wrap(
        " · ".join(filter(None, cells[beside:])), max(width, 20), initial_indent=_INDENT, subsequent_indent=_INDENT,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
