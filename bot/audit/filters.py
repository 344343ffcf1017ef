"""What is looked for in the record, and how a database finds it fast."""

# ruff: noqa: S608 -- statements are put together from our own pieces; what is looked for is always a value beside them

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import Connection, text

from bot.audit import records
from bot.audit.facets import Part, plain
from bot.audit.terms import Question

_FEW: Final = 50_000
"""Entries up to which those of one filter are counted, to know with which to begin."""
_COLUMNS: Final = ("outcome", "channel", "account", "kind", "policy", "ruling")

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filters:
    """All that is given must hold. `since` and `until` have a zone; the second is the first moment that is over."""

    since: datetime | None = None
    until: datetime | None = None
    outcome: str | None = None
    rule: str | None = None
    """Its id, or how it begins: `tone.*`."""
    part: Part | None = None
    """Why the entry names the rule; by default for any reason."""
    clause: str | None = None
    channel: str | None = None
    account: str | None = None
    kind: str | None = None
    policy: str | None = None
    """A revision."""
    pseudonym: str | None = None
    """Of who did it, or of whom its words are about."""
    owner: str | None = None
    ruling: str | None = None
    """What a person decided: `approved`, `rejected`, `change`, `upheld`, `overturned`."""
    text: str | None = None
    """Words, "phrases" and beginnings*: see `bot.audit.terms`."""

    @property
    def given(self) -> dict[str, str]:
        """Those that there are, by their names, as the manifest of an export tells them."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: records.timestamp(value) if isinstance(value, datetime) else str(value)
            for name, value in said.items()
            if value is not None
        }

    @property
    def question(self) -> Question | None:
        return Question.of(self.text) if self.text and self.text.strip() else None

    @property
    def finds_nothing(self) -> bool:
        """What was typed has no word in it."""
        question = self.question
        return question is not None and not question.terms


def day_begins(day: date, zone: tzinfo) -> datetime:
    """The first moment of a reader's day, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def day_ends(day: date, zone: tzinfo) -> datetime:
    """The first moment after it. Raises `OverflowError` for the last day that there is."""
    return day_begins(day + timedelta(days=1), zone)


def stretch(first: date | None, last: date | None, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    """From the first day on, to the end of the last one. What lies beyond any calendar bounds nothing."""
    try:
        since = day_begins(first, zone) if first else None
    except OverflowError:  # before anything that could have been recorded
        since = None
    try:
        return since, day_ends(last, zone) if last else None
    except OverflowError:
        return since, None


@dataclass(frozen=True, slots=True)
class _Way:
    """One filter: where the entries that it leaves lie in order, and whether an entry is one of them."""

    source: str
    seq: str
    where: str
    among: str
    repeats: bool = False
    """Whether the same entry may come more than once."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A statement that gives numbers of entries in order, at most `:limit` of those beyond `:beyond`."""

    statement: str
    values: Values

    def run(self, connection: Connection, *, beyond: int, limit: int) -> list[int]:
        values = {**self.values, "beyond": beyond, "limit": limit}
        return [int(seq) for (seq,) in connection.execute(text(self.statement), values)]


def select_by(connection: Connection, filters: Filters, *, newest_first: bool) -> Selection:
    """How to find what these filters leave: by the one that leaves the fewest, and of those by the others."""
    is_sqlite = connection.dialect.name == "sqlite"
    values: Values = {}
    ways = list(_ways(filters, values, is_sqlite=is_sqlite))
    within = _within(connection, filters, values)
    exactly = _exactly(filters, values)
    order, side = ("DESC", "<") if newest_first else ("ASC", ">")
    if not ways:
        where = " AND ".join([f"seq {side} :beyond", *within, *exactly])
        return Selection(f"SELECT hit.seq FROM hit WHERE {where} ORDER BY seq {order} LIMIT :limit", values)
    counts = [_count(connection, way, values) for way in ways]
    first = counts.index(min(counts))
    also = [way.among for way in ways if way is not ways[first]]
    return Selection(
        _joined(
            ways[first], [f"seq {side} :beyond", *within], also + exactly, order, counts[first], is_sqlite=is_sqlite
        ),
        values,
    )


def _joined(way: _Way, within: list[str], also: list[str], order: str, count: int, *, is_sqlite: bool) -> str:
    where = " AND ".join([way.where, *(f"{way.seq} {each.removeprefix('seq ')}" for each in within)])
    rest = "".join(f" AND {each}" for each in also)
    distinct = "DISTINCT " if way.repeats else ""
    if is_sqlite:
        # CROSS JOIN has SQLite begin with the first: its own guess knows nothing of how common a value is.
        join = f" CROSS JOIN hit ON hit.seq = {way.seq}" if also else ""
        ordered = f"ORDER BY {way.seq} {order} LIMIT :limit"
        return f"SELECT {distinct}{way.seq} FROM {way.source}{join} WHERE {where}{rest} {ordered}"
    if count < _FEW:
        # So has this PostgreSQL, which might rather walk through everything from the end.
        few = f"SELECT {distinct}{way.seq} AS seq FROM {way.source} WHERE {where}"
        return (
            f"WITH few AS MATERIALIZED ({few}) SELECT hit.seq FROM few JOIN hit ON hit.seq = few.seq "
            f"WHERE 1 = 1{rest} ORDER BY hit.seq {order} LIMIT :limit"
        )
    # What is common is soon met on that walk.
    walk = " AND ".join([way.among, *(f"hit.{each}" for each in within)])
    return f"SELECT hit.seq FROM hit WHERE {walk}{rest} ORDER BY hit.seq {order} LIMIT :limit"


def _ways(filters: Filters, values: Values, *, is_sqlite: bool) -> Iterator[_Way]:
    for column in _COLUMNS:
        if (value := getattr(filters, column)) is not None:
            values[column] = plain(value)
            yield _Way("hit AS few", "few.seq", f"few.{column} = :{column}", f"hit.{column} = :{column}")
    if filters.pseudonym is not None:
        values["person"] = plain(filters.pseudonym)
        both = "SELECT seq FROM hit WHERE actor = :person UNION SELECT seq FROM hit WHERE holder = :person"
        yield _Way(f"({both}) AS few", "few.seq", "1 = 1", "(hit.actor = :person OR hit.holder = :person)")
    if filters.owner is not None:
        values["owner"] = plain(filters.owner)
        yield _in("party", "few.owner = :owner", repeats=False)
    if filters.rule is not None or filters.clause is not None or filters.part is not None:
        yield _in("rule", " AND ".join(_of_rule(filters, values)), repeats=True)
    if (question := filters.question) is not None:
        yield _in_sqlite(question, values) if is_sqlite else _in_postgres(question, values)


def _in_sqlite(question: Question, values: Values) -> _Way:
    values["question"] = question.for_sqlite()
    # To ask the index of words about single entries takes it long; to read their words does not. FTS5 keeps them in a
    # table, folded and with single spaces between them, as we wrote them.
    terms = {f"term_{number}": term for number, term in enumerate(question.for_text())}
    values |= terms
    stand = " AND ".join(f"instr(' ' || said.c0 || ' ', :{name}) > 0" for name in terms)
    among = f"EXISTS (SELECT 1 FROM words_content AS said WHERE said.id = hit.seq AND {stand})"
    return _Way("words", "words.rowid", "words MATCH :question", among)


def _in_postgres(question: Question, values: Values) -> _Way:
    values["question"] = question.for_postgres()
    fits = "words.body @@ CAST(:question AS tsquery)"
    among = f"EXISTS (SELECT 1 FROM words WHERE words.rowid = hit.seq AND {fits})"
    return _Way("words", "words.rowid", fits, among)


def _in(table: str, where: str, *, repeats: bool) -> _Way:
    among = f"EXISTS (SELECT 1 FROM {table} AS few WHERE few.seq = hit.seq AND {where})"
    return _Way(f"{table} AS few", "few.seq", where, among, repeats)


def _of_rule(filters: Filters, values: Values) -> Iterator[str]:
    """One rule is to have all of it: the clause is that by which this rule found something."""
    if filters.rule is not None and filters.rule.endswith("*"):
        start = plain(filters.rule[:-1])
        values |= {"rule": start, "beyond_rule": start + "\U0010ffff"}
        yield "few.rule >= :rule AND few.rule < :beyond_rule"
    elif filters.rule is not None:
        values["rule"] = plain(filters.rule)
        yield "few.rule = :rule"
    if filters.clause is not None:
        values["clause"] = plain(filters.clause)
        yield "few.clause = :clause"
    if filters.part is not None:
        values["part"] = filters.part.value
        yield "few.part = :part"


def _within(connection: Connection, filters: Filters, values: Values) -> list[str]:
    if filters.since is None and filters.until is None:
        return []
    values["low"], values["high"] = numbers_within(connection, filters.since, filters.until)
    return ["seq BETWEEN :low AND :high"]


def numbers_within(connection: Connection, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Between which numbers everything lies that was made from one moment on and before another: and others too."""
    days = {
        "since": records.timestamp(since)[:10] if since else "",
        "until": records.timestamp(until)[:10] if until else "~",
    }
    asked = "SELECT coalesce(min(low), 0), coalesce(max(high), 0) FROM span WHERE day >= :since AND day <= :until"
    low, high = connection.execute(text(asked), days).one()
    return int(low), int(high)


def _exactly(filters: Filters, values: Values) -> list[str]:
    bounds = {"since": (filters.since, ">="), "until": (filters.until, "<")}
    values |= {name: records.timestamp(at) for name, (at, _) in bounds.items() if at is not None}
    return [f"hit.at {sign} :{name}" for name, (at, sign) in bounds.items() if at is not None]


def _count(connection: Connection, way: _Way, values: Values) -> int:
    counted = f"SELECT count(*) FROM (SELECT 1 FROM {way.source} WHERE {way.where} LIMIT {_FEW}) AS counted"
    return int(connection.execute(text(counted), values).scalar_one())
