"""Passages of confidential documents, through a screening."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rules.draft import Draft
from rules.knowledge.documents import add_documents
from rules.knowledge.hashing import KEY_BYTES, Keyed
from rules.knowledge.store import Knowledge
from rules.knowledge.tables import add_table
from rules.masking import mask
from rules.screening import Screener

Make = Callable[..., Any]
PLAN = (
    "Entro marzo il gruppo acquisirà la società Zorblax di Lecco, con dodici milioni di euro pagati in tre rate, "
    "e chiuderà i due stabilimenti di Monza perché le lavorazioni passeranno tutte in Slovenia."
)
TEN = "acquisirà la società Zorblax di Lecco, con dodici milioni di"


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    held = Knowledge(tmp_path / "knowledge", Keyed(b"k" * KEY_BYTES))
    add_documents(held, "plans", iter([("piano.docx", PLAN)]))
    return held


@pytest.fixture
def screener(make_rule: Make, make_policy: Make, knowledge: Knowledge) -> Screener:
    rule = make_rule("fingerprint", documents="plans", message="{words} parole, {share} del testo.")
    return Screener(make_policy(rule), knowledge=knowledge)


def test_a_quotation_is_found_counted_and_hidden(screener: Screener) -> None:
    text = f"Sapete? Pare che {TEN}. Che ne dite, vi piace? Io non so"
    (finding,) = screener.screen(Draft(text=text)).findings
    assert finding.span.of(text) == TEN
    assert finding.message == {"*": "10 parole, 48 % del testo."}
    assert mask(text, [finding]).text == text.replace(TEN, "[INTERNAL]")
    assert "Zorblax" not in repr(finding)


@pytest.mark.parametrize(
    "text",
    [
        TEN.upper(),
        TEN.replace(" ", "\n"),
        f"🎉🎉 {TEN}",
        TEN.replace("à", "a\u0300"),
        TEN.replace("o", "о"),  # Cyrillic
        TEN.replace("Zorblax", "Zor\u200bblax\x00"),
    ],
)
def test_a_quotation_in_disguise_is_found(screener: Screener, text: str) -> None:
    (finding,) = screener.screen(Draft(text=text)).findings
    assert text.endswith(finding.span.of(text))


def test_what_is_said_in_other_words_is_no_quotation(screener: Screener) -> None:
    text = "Il gruppo acquisirà la società Zorblax di Lecco entro l'anno, con dodici milioni."
    verdict = screener.screen(Draft(text=text))
    assert (verdict.findings, verdict.unchecked) == ((), ())


def test_from_how_many_words_it_counts_can_be_said(make_rule: Make, make_policy: Make, knowledge: Knowledge) -> None:
    rule = make_rule("fingerprint", documents="plans", least=12, hides="PIANO")
    assert rule.may_hide
    screener = Screener(make_policy(rule), knowledge=knowledge)
    assert screener.screen(Draft(text=TEN)).findings == ()
    assert [finding.hides for finding in screener.screen(Draft(text=PLAN)).findings] == ["PIANO"]
    for least in (0, 9, 201):
        with pytest.raises(ValidationError):
            make_rule("fingerprint", documents="plans", least=least)


def test_without_its_documents_the_rule_is_unchecked(make_rule: Make, make_policy: Make, knowledge: Knowledge) -> None:
    rule = make_rule("fingerprint", documents="contracts")
    for held in (None, knowledge):
        screener = Screener(make_policy(rule), knowledge=held)
        (missed,) = screener.screen(Draft(text=TEN)).unchecked
        assert (missed.reason, missed.hides) == ("knowledge:contracts", True)
        assert screener.load() == {"test.fingerprint": "knowledge:contracts"}
        assert screener.hidden(TEN) is None


def test_what_cannot_be_used_leaves_the_rule_unchecked(
    make_rule: Make, make_policy: Make, knowledge: Knowledge
) -> None:
    policy = make_policy(make_rule("fingerprint", documents="plans"))
    other = Knowledge(knowledge.folder, Keyed(b"o" * KEY_BYTES))
    for path in knowledge.folder.rglob("bloom.npy"):
        path.write_bytes(b"")
    for held in (other, Knowledge(knowledge.folder, knowledge.keyed)):
        assert [one.reason for one in Screener(policy, knowledge=held).screen(Draft(text=TEN)).unchecked] == [
            "knowledge:plans"
        ]


def test_a_table_is_no_collection(make_rule: Make, make_policy: Make, knowledge: Knowledge, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("email\nanna@acme.example\n", encoding="utf-8")
    add_table(knowledge, "customers", tmp_path / "a.csv", ["email"])
    rules = (
        make_rule("fingerprint", documents="customers"),
        make_rule("exact_match", table="plans", match=[["email"]]),
    )
    missed = Screener(make_policy(*rules), knowledge=knowledge).screen(Draft(text=TEN)).unchecked
    assert [one.reason for one in missed] == ["knowledge:customers", "knowledge:plans"]


def test_a_long_draft_of_quotations_is_read_whole(make_rule: Make, make_policy: Make, knowledge: Knowledge) -> None:
    rule = make_rule("fingerprint", documents="plans")
    verdict = Screener(make_policy(rule), knowledge=knowledge, patience=30).screen(Draft(text=f"{TEN}. Ecco, " * 140))
    assert (len(verdict.findings), verdict.unchecked) == (140, ())
