"""Rows of the search index: what an entry is found by, and the words that may have to go again."""

# ruff: noqa: S608 -- statements are put together from our own pieces; values always go beside them

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, TextClause, bindparam, text

from bot.audit.facets import Facets, Named, Part

_FACETS = (
    "seq", "at", "quarter", "kind", "subject", "actor", "holder", "outcome", "draft", "account", "channel", "language",
    "policy", "ruling", "screening", "thread", "owner",
)  # fmt: skip
_NEW_HIT = (
    f"INSERT INTO hit ({', '.join(_FACETS)}) VALUES ({', '.join(f':{name}' for name in _FACETS)}) "
    "ON CONFLICT DO NOTHING"
)
_NEW_RULE = (
    "INSERT INTO rule (rule, seq, part, clause, severity, reason, count) "
    "VALUES (:rule, :seq, :part, :clause, :severity, :reason, :count) ON CONFLICT DO NOTHING"
)
_NEW_REACH = "INSERT INTO reach VALUES (:size, :first, :last, :seq) ON CONFLICT DO NOTHING"
_SIZES = tuple(1 << power for power in range(32))
_REACHING = (
    "SELECT DISTINCT seq FROM reach WHERE size = :size AND first > :below AND first <= :seq AND last >= :seq "
    "ORDER BY seq DESC LIMIT :most"
)
_NEW_SPAN = (
    "INSERT INTO span VALUES (:day, :low, :high) "
    "ON CONFLICT (day) DO UPDATE SET high = CASE WHEN span.high < :high THEN :high ELSE span.high END"
)


def add_facets(connection: Connection, found: Sequence[Facets]) -> None:
    """Of entries that the index has not seen; one that it has is left as it is."""
    connection.execute(text(_NEW_HIT), [{name: getattr(facets, name) for name in _FACETS} for facets in found])
    rules = [_row(facets.seq, named) for facets in found for named in facets.rules]
    owners = [{"owner": owner, "seq": facets.seq} for facets in found for owner in facets.owners]
    days: dict[str, list[int]] = {}
    for facets in found:
        days.setdefault(facets.day, []).append(facets.seq)
    if rules:
        connection.execute(text(_NEW_RULE), rules)
    reached = [
        {"size": size_of(first, last), "first": first, "last": last, "seq": facets.seq}
        for facets in found
        for first, last in facets.reaches
    ]
    if reached:
        connection.execute(text(_NEW_REACH), reached)
    if owners:
        connection.execute(text("INSERT INTO party VALUES (:owner, :seq) ON CONFLICT DO NOTHING"), owners)
    spans = [{"day": day, "low": min(seqs), "high": max(seqs)} for day, seqs in days.items()]
    connection.execute(text(_NEW_SPAN), spans)


def _row(seq: int, named: Named) -> dict[str, Any]:
    return {
        "rule": named.rule, "seq": seq, "part": named.part.value, "clause": named.clause, "severity": named.severity,
        "reason": named.reason, "count": named.count,
    }  # fmt: skip


def size_of(first: int, last: int) -> int:
    """The least power of two that a range is not larger than: by that, those around a number are found at once."""
    return 1 << (last - first).bit_length()


def reaching(connection: Connection, seq: int, most: int) -> list[int]:
    """The newest entries that looked at the words of entry `seq`, or let them go."""
    found = set[int]()
    for size in _SIZES:  # to ask which of them there are would take longer
        asked = {"size": size, "below": seq - size, "seq": seq, "most": most}
        found |= set(connection.execute(text(_REACHING), asked).scalars())
    return sorted(found, reverse=True)[:most]


def forget_holder(connection: Connection, holder: str) -> int:
    """Let go of all words of somebody. Returns of how many entries."""
    return _forget(connection, "IN (SELECT seq FROM hit WHERE holder = :holder)", {"holder": holder})


def forget_range(connection: Connection, first: int, last: int) -> int:
    """Let go of the words of these entries, both included. Returns of how many."""
    return _forget(connection, "BETWEEN :first AND :last", {"first": first, "last": last})


def _forget(connection: Connection, where: str, values: dict[str, Any]) -> int:
    # Asked first: what an index made anew never took in need not be purged from it.
    counts = {}
    for table, number in (("words", "rowid"), ("heard", "seq")):
        of_them = f"FROM {table} WHERE {number} {where}"
        counts[table] = int(connection.execute(text(f"SELECT count(*) {of_them}"), values).scalar_one())
        if counts[table]:
            connection.execute(text(f"DELETE {of_them}"), values)
    if any(counts.values()):
        connection.execute(text("UPDATE state SET unclean = unclean + 1"))
    return counts["words"]


def facets(connection: Connection, seqs: Sequence[int]) -> tuple[Facets, ...]:
    """Of these entries, in this order, as far as the index knows them."""
    wanted = {"seqs": list(seqs)}
    hits = connection.execute(_among("SELECT * FROM hit"), wanted).mappings().all() if seqs else []
    rules: dict[int, list[Named]] = {}
    owners: dict[int, list[str]] = {}
    if seqs:
        asked = "SELECT seq, rule, part, clause, severity, reason, count FROM rule"
        for seq, rule, part, *rest in connection.execute(_among(asked), wanted):
            rules.setdefault(seq, []).append(Named(rule, Part(part), *rest))
        for seq, owner in connection.execute(_among("SELECT seq, owner FROM party"), wanted):
            owners.setdefault(seq, []).append(owner)
    found = {
        hit["seq"]: Facets(
            **{name: hit[name] for name in _FACETS if name != "quarter"},
            owners=tuple(sorted(owners.get(hit["seq"], ()))),
            rules=tuple(sorted(rules.get(hit["seq"], ()), key=lambda named: (named.part, named.rule, named.clause))),
        )
        for hit in hits
    }
    return tuple(found[seq] for seq in seqs if seq in found)


def _among(statement: str) -> TextClause:
    return text(f"{statement} WHERE seq IN :seqs").bindparams(bindparam("seqs", expanding=True))
