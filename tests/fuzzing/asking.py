"""What programs send to the API, and what is looked for in the record."""

from __future__ import annotations

import io
import itertools
import json
import logging
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import structlog
from api_made import Api
from fuzzing.target import Check, Target
from fuzzing.words import MARKER, any_texts, edits, mutated, texts
from hypothesis import strategies as st
from records_made import AT, Made
from small_policy import POLICY

from bot.audit import records
from bot.audit.filters import Filters
from bot.audit.index import Index
from bot.audit.terms import Question, pieces_of, words_in
from bot.console.audit_query import NAMES, read_address
from bot.console.clients import Clients
from bot.logs import configure_logs
from bot.prescreen import Prescreen
from rules.assembly import load_policy
from rules.screening import Screener

_ROME = ZoneInfo("Europe/Rome")
_TSQUERY = re.compile(r"\((?:'[^\W_]+'(?::\*)?(?: <-> )?)+\)(?: & \((?:'[^\W_]+'(?::\*)?(?: <-> )?)+\))*")


_WRITTEN: list[io.StringIO] = []


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What is logged meanwhile, as in production; one log for all who ask at once, since there is but one."""
    if _WRITTEN:
        yield _WRITTEN[0]
        return
    written, before = io.StringIO(), (sys.stderr, logging.getLogger().handlers[:])
    sys.stderr = written
    configure_logs("debug", "json")
    sys.stderr = before[0]
    _WRITTEN.append(written)
    try:
        yield written
    finally:
        _WRITTEN.clear()
        logging.getLogger().handlers[:] = before[1]
        structlog.reset_defaults()


def emptied(written: io.StringIO) -> str:
    told = written.getvalue()
    written.seek(0)
    written.truncate()
    return told


@contextmanager
def _api() -> Iterator[Check]:
    with tempfile.TemporaryDirectory() as name, logged() as log, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(name)
        (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
        made = Made.open(folder, is_new=True)
        made.ledger.catch_up()
        screener = Screener(load_policy(folder / "policy.yaml"))
        api = Api(
            Prescreen(screener, made.ledger),
            Clients(made.store, made.ledger, made.people),
            made.ledger,
            made.people,
            made.store,
            rate=10**9,
        )
        with api.program() as program:
            whole = {
                "text": f"{MARKER} un trimestre record",
                "kind": "reply",
                "account": "support",
                "channel": "x",
                "audience": "public",
                "in_reply_to": f"{MARKER}?",
                "attachments": ["image/png"],
                "answer_language": "en",
            }

            def check(given: tuple[Any, ...]) -> None:
                changes, raw, kind, path, key = given
                body = json.dumps(mutated(whole, changes)).encode() if raw is None else raw
                headers = {"Content-Type": kind} | ({} if key is None else {"Idempotency-Key": key})
                if path is None:
                    answer = program.post("/api/v1/screenings", content=body, headers=headers)
                else:
                    answer = program.request("GET", f"/api/v1/{path}")
                told = emptied(log)
                assert MARKER not in told
                assert answer.status_code in (200, 400, 404, 405, 413, 415, 422), answer.status_code
                if answer.status_code != 200:
                    assert answer.headers["content-type"] == "application/problem+json"
                    assert MARKER not in answer.text, "a problem that repeats the words"
                else:
                    json.loads(answer.text)

            yield check
        made.store.close()


@contextmanager
def _search() -> Iterator[Check]:
    with tempfile.TemporaryDirectory() as name:
        made = Made.open(Path(name), is_new=True)
        index = Index(made.store, made.ledger)
        person, numbers = made.people.person("slack:T1:U1"), itertools.count()

        def check(given: tuple[Any, ...]) -> None:
            text, typed, raw = given
            query = read_address(raw if isinstance(raw, str) else urlencode(raw), _ROME)
            assert read_address(query.address, _ROME).given == query.given
            index.search(query.filters, newest=3, after=query.after)
            entry = made.ledger.append(
                "screening",
                subject=f"s_{next(numbers)}",
                facts={},
                actor=person,
                at=AT,
                content=records.canonical({"text": text}),
            )
            question = Question.of(typed)
            assert not question.terms or _TSQUERY.fullmatch(question.for_postgres())
            if not typed.strip():
                return
            hits = {hit.seq for hit in index.search(Filters(text=typed), newest=1).hits}
            assert (entry.seq in hits) == _stands(question, text), "found what is not there, or not what is"
            places = question.places(text)
            assert all(0 <= start < end <= len(text) for start, end in places)
            assert bool(places) >= (entry.seq in hits)

        yield check
        index.close()
        made.store.close()


def _stands(question: Question, text: str) -> bool:
    pieces = [words_in(piece) for piece in pieces_of(text)]
    there = lambda term: any(term.begins(words[at:]) for words in pieces for at in range(len(words)))  # noqa: E731
    return bool(question.terms) and all(map(there, question.terms))


_bodies = st.tuples(
    edits,
    st.one_of(
        st.none(),
        st.none(),
        st.binary(max_size=40),
        st.sampled_from([b"[" * 100_000, b'{"text":' * 20_000, b"1" * 5_000, b'{"text":"\\ud800 zibaldone"}', b"\xff"]),
    ),
    st.sampled_from(
        [
            "application/json",
            "application/json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
        ]
    ),
    st.one_of(
        st.none(),
        st.none(),
        st.sampled_from(
            ["policy", "screenings/s_1", "policy?language=xx", "screenings/%00", "screenings/..%2f", "x", "%ED%A0%80"]
        ),
    ),
    st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
)
_addresses = st.one_of(
    any_texts,
    st.dictionaries(
        st.sampled_from([*NAMES, "after"]),
        st.one_of(
            texts,
            st.sampled_from(
                [
                    "2026-03-01",
                    "0001-01-01",
                    "9999-12-31",
                    "-1",
                    "2147483647",
                    "tone.*",
                    "*",
                    "%",
                    "x" * 600,
                    "blocked",
                    "private",
                    "post",
                ]
            ),
        ),
        max_size=4,
    ),
)
_typed = st.one_of(
    texts,
    st.sampled_from(
        ['"trimestre record"', "tri*", "vaglietto acme", '"', "*", "NOT a", "a AND", "NEAR(a b)", "{a}: b", "acme^2"]
    ),
)

TARGETS = (
    Target("api", _bodies, _api, few=25),
    Target("search", st.tuples(texts, _typed, _addresses), _search, few=25),
)
