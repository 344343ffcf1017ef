"""Texts as nobody would write them, and JSON as nobody would send it: mutated from what is real."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

MARKER = "zibaldone"
"""In every text that a log must not hold."""

_PIECES = [
    *("👨‍👩‍👧‍👦", "👍🏽", "🇮🇹", "1️⃣", "❤️", "🎉🎉🎉🎉", "‼", "…", "!!!", "?!", "½", "ﷺ", "ﬁ", "ß", "İ", "ı", "´", "`"),
    *("e\u0301", "a\u0336", "\u0301", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u202e", "\u2066", "\u2069", "\u3164"),
    *("\x00", "\x0b", "\x1c", "\x85", "\u2028", "\r\n", "\r", "\n", "\t", "  ", "\u00a0", "\ufffd", "\U000e0041"),
    *("раура", "pаypаl", "Москва", "και", "ᄀᄀᄀ", "שלום", "مرحبا", "ไทย", "क्षि", "漢字", "\u0d4ei"),
    *("ŉ", "ΐ", "ẞ", "ǆ"),
    *("1d10ta", "i d i o t a", "i.d.i.o.t.a", "idiooota", "#NoVaxOra", "snake_case", "dell'azienda", "perche'"),
    *("IBAN IT60X0542811101000000123456", "SUBITO TUTTI", "che che", "MDCCC", "3.5", "www.acme.it", "a@b.it"),
    *("idiota", "cliente", "Acme", "acme", "utilizzare", "NATO (Patto)", "[INSULT]", "trimestre record", "vaglietto"),
    *("\u2800", "\U0001f170", "«", "»", '"', "'", "@io", "Dott.", "S.p.A.", "segretissimo7", "SEGRETO-12",
      "licenziamenti"),
    *("+39 333 123 4567", "RSSMRA80A01H501U", "4111 1111 1111 1111", "AKIAIOSFODNN7EXAMPLE", "password: Pippo123!"),
    *("mario.rossi@acme.it", "nato il 3 marzo 1980", "via Roma 12", "https://intranet.acme.it/x", "10.0.0.1"),
    *("=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "＝1", ";=1", ", =1", ';"=1', "\n@SUM(A1)"),
    *("<script>alert(1)</script>", "<!channel>"),
    *("<@U1>", "&lt;", "&amp;lt;", "{{7*7}}", "%s", "{preferred}", "{0}", "\\", "../..", "';--", "<b>", "[x](y)",
      "*b*"),
    *("/private", "/reply", "/link", "/language it", "private", "verify ABCD-EFGH", "new", "mine", "quiz", "policy"),
]  # fmt: skip

_whole = st.characters(exclude_categories=["Cs"])

pieces = st.one_of(
    st.sampled_from(_PIECES),
    st.text(max_size=8),
    st.builds(lambda c, times: c * times, st.sampled_from(_PIECES) | _whole, st.integers(2, 200)),
)

texts = st.lists(pieces, max_size=10).flatmap(lambda found: st.sampled_from(["", " "]).map(lambda gap: gap.join(found)))
"""Lone surrogates are in none of them: see `any_texts`."""

any_texts = st.one_of(
    texts, st.builds("{}{}{}".format, texts, st.characters(), texts), st.text(st.characters(), max_size=9)
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400, 1e308, -0.0, 0.5]),
    st.sampled_from(["", " ", "0", "null", "U1", "T1", "D1", "\x00", "a" * 300, "a" * 5_000, "[" * 500]),
    any_texts,
)

values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "text", "type", "value", ""]), inner, max_size=3)
    ),
    max_leaves=6,
)

edits = st.lists(
    st.tuples(
        st.integers(0, 2**16),
        st.sampled_from(["set", "drop", "twin", "wrap", "add", "say", "swap"]),
        values,
        st.integers(0, 2**16),
    ),
    max_size=4,
)
"""What `mutated` does to a document; none leaves it as it is."""


def _places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, each in inner:
        yield (*at, key)
        yield from _places(each, (*at, key))


def mutated(document: Any, changes: list[tuple[int, str, Any, int]]) -> Any:
    """A copy with each change made somewhere in it: a value put in, left out, doubled, wrapped or moved."""
    document = copy.deepcopy(document)
    for where, what, value, other in changes:
        places = list(_places(document))
        if not places:
            return value
        *way, last = places[where % len(places)]
        node = _at(document, way)
        match what:
            case "drop":
                del node[last]
            case "twin" if isinstance(node, list):
                node.append(copy.deepcopy(node[last]))
            case "wrap":
                node[last] = [node[last]] if other % 2 else {"text": node[last]}
            case "add" if isinstance(node, dict):
                node["more" if other % 2 else "text"] = value
            case "say":
                node[last] = f"{MARKER} {value}" if isinstance(value, str) else MARKER
            case "swap":
                node[last] = copy.deepcopy(_at(document, places[other % len(places)]))
            case _:
                node[last] = value
    return document


def _at(document: Any, way: Any) -> Any:
    for step in way:
        document = document[step]
    return document


def damaged(raw: bytes, damage: list[tuple[int, int, bytes]]) -> bytes:
    """`raw` with bytes put in, taken out or turned: each is a place, how many go, and what stands there then."""
    for where, gone, new in damage:
        at = where % (len(raw) + 1)
        raw = raw[:at] + new + raw[at + gone :]
    return raw


damages = st.lists(
    st.tuples(st.integers(0, 2**20), st.sampled_from([0, 1, 1, 1, 2, 8, 64, 1000, 2**20]), st.binary(max_size=6)),
    max_size=3,
)
