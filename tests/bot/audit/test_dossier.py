"""A dossier speaks the reader's language by field, and leaves what people wrote as they wrote it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from bot.audit.dossier import dossier_page
from bot.audit.spoken import KINDS, Spoken
from bot.audit.subject import Dossier, Row
from bot.wording import Wording

AT = "2026-03-01T09:30:00.123456Z"


def _entry(kind: str, facts: Row, **more: Any) -> Row:
    said = {"seq": 1, "at": AT, "kind": kind, "subject": "s_1", "facts": facts, "by": "p_2", "words": None}
    return {**said, "words_were": "none", **more}


def _page(*entries: Row, language: str = "it", **more: Any) -> str:
    rows: dict[str, Any] = dict.fromkeys(
        (
            "roles",
            "drafts",
            "reviews",
            "appeals",
            "receipts",
            "reminders",
            "policies_known",
            "sessions",
            "searches",
            "proposals",
        ),
        (),
    )
    who: Row = {"language": "it", "locale": None, "zone": None, "team": "Vendite"}
    found = Dossier(AT, ("p_1",), ("slack:T1:U1",), who, entries=entries, **{**rows, **more})
    page = dossier_page(found, language)
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.S)).split())


DRAFT = {"kind": "post", "account": "support", "channel": "x", "characters": 1, "is_answer": True}


def test_each_code_is_said_by_the_field_it_stands_in() -> None:
    findings = [{"rule": "tone.x", "clause": "3.1", "severity": "review", "start": 0, "end": 1, "score": 1.0}]
    page = _page(
        _entry("screening", {"outcome": "review", "draft": DRAFT, "findings": findings}),
        _entry("review", {"owners": ["legal"]}),
        _entry("role", {"change": "grant", "role": "owner", "source": "hand"}),
        _entry("export", {"count": 1, "formats": ["csv"], "with_words": False}),
        _entry("look", {"why": "subject", "entries": [[3, 3], [5, 15]]}),
    )
    for said in (
        "esito serve un sì", "che cosa una domanda ai responsabili", "gravità serve un sì", "caratteri 1",
        "risponde a qualcuno sì", "con le parole no", "quante 1", "perché il fascicolo di una persona",
        "voci 3, 5–15", "cambiamento dato", "come dato a mano", "quando 2026-03-01 09:30", "gruppo Vendite",
        "pseudonimo p_1",
    ):  # fmt: skip
        assert said in page


@pytest.mark.parametrize("written", ["none", "you", "review", "post", "kept", AT, "show"])
@pytest.mark.parametrize("key", ["text", "in_reply_to", "reason", "passage", "why", "link"])
def test_what_was_written_is_never_translated(written: str, key: str) -> None:
    label = Spoken.of(Wording("it")).label(key)
    assert f"{label} {written}" in _page(_entry("screening", {}, words={key: written}))
    assert f"{label} {written}" in _page(drafts=[{"id": "s_1", "words": {"draft": {**DRAFT, key: written}}}])


def test_what_is_empty_is_said_in_one_line() -> None:
    page = _page()
    assert "Nient’altro: nessun ruolo, nessuna bozza in corso," in page
    assert "Niente." not in page
    assert "nessun ruolo" not in _page(roles=[{"role": "owner", "owner": "legal", "at": AT}])


@pytest.mark.parametrize("language", ["it", "en"])
def test_every_kind_of_entry_has_a_name(language: str) -> None:
    spoken = Spoken.of(Wording(language))
    assert set(spoken.codes["", "kind"]) == set(KINDS)
    assert all(" " in spoken.kind(kind) or spoken.kind(kind) != kind or language == "en" for kind in KINDS)
