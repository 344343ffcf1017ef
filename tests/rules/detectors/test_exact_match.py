"""Rows of the company's tables, through a screening."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rules.draft import Draft
from rules.knowledge.hashing import KEY_BYTES, Keyed
from rules.knowledge.store import Knowledge
from rules.knowledge.tables import add_table
from rules.masking import mask
from rules.screening import Screener

Make = Callable[..., Any]
TABLE = """\
surname,phone,email
Neri,+39 333 1234567,chiara.neri@acme.example
D'Angelo,02 66984521,marco@acme.example
"""
MATCH = [["email"], ["surname", "phone"]]


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    source = tmp_path / "customers.csv"
    source.write_text(TABLE, encoding="utf-8")
    held = Knowledge(tmp_path / "knowledge", Keyed(b"k" * KEY_BYTES))
    add_table(held, "customers", source, ["surname", "phone", "email"])
    return held


@pytest.fixture
def screener(make_rule: Make, make_policy: Make, knowledge: Knowledge) -> Screener:
    return Screener(make_policy(make_rule("exact_match", table="customers", match=MATCH)), knowledge=knowledge)


def masked(screener: Screener, text: str) -> str:
    found = screener.hidden(text)
    assert found is not None
    return mask(text, found).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Scrivete a marco@acme.example!", "Scrivete a [CUSTOMER]!"),
        ("marco [at] acme [dot] example", "[CUSTOMER]"),
        ("🎉 La Neri risponde al 333 12 34 567.", "🎉 La [CUSTOMER] risponde al [CUSTOMER]."),
        ("Neri: tre tre tre uno due tre quattro cinque sei sette", "[CUSTOMER]: [CUSTOMER]"),
        ("D’Angelo, 02.6698.4521", "[CUSTOMER], [CUSTOMER]"),
        ("La Neri risponde allo 02 66984521", "La Neri risponde allo 02 66984521"),
        ("La Neri e D'Angelo", "La Neri e D'Angelo"),
        ("Chiamate il 333 1234567", "Chiamate il 333 1234567"),
    ],
)
def test_who_is_in_the_table_is_hidden(screener: Screener, text: str, expected: str) -> None:
    assert masked(screener, text) == expected


def test_the_label_can_be_chosen(make_rule: Make, make_policy: Make, knowledge: Knowledge) -> None:
    rule = make_rule("exact_match", table="customers", match=MATCH, hides="CLIENTE")
    assert rule.may_hide
    assert masked(Screener(make_policy(rule), knowledge=knowledge), "marco@acme.example") == "[CLIENTE]"


def test_the_company_s_own_contacts_may_be_excepted(make_rule: Make, make_policy: Make, knowledge: Knowledge) -> None:
    rule = make_rule("exact_match", table="customers", match=MATCH, **{"except": ["marco@acme.example"]})
    assert not Screener(make_policy(rule), knowledge=knowledge).screen(Draft(text="marco@acme.example")).findings


def test_a_long_draft_of_values_is_read_whole(make_rule: Make, make_policy: Make, knowledge: Knowledge) -> None:
    rule = make_rule("exact_match", table="customers", match=MATCH)
    verdict = Screener(make_policy(rule), knowledge=knowledge, patience=30).screen(Draft(text="Neri 3331234567 " * 600))
    assert (len(verdict.findings), verdict.unchecked) == (1_200, ())


def test_nothing_that_is_found_holds_the_value(screener: Screener) -> None:
    verdict = screener.screen(Draft(text="Scrivete a chiara.neri@acme.example"))
    assert verdict.unchecked == ()
    assert len(verdict.findings) == 1
    assert "neri" not in repr([verdict, *map(asdict, verdict.findings)]).lower()


def test_a_table_that_is_replaced_is_read_at_once(screener: Screener, knowledge: Knowledge, tmp_path: Path) -> None:
    assert masked(screener, "marco@acme.example") == "[CUSTOMER]"
    (tmp_path / "b.csv").write_text("surname,phone,email\n,,anna@acme.example\n", encoding="utf-8")
    add_table(knowledge, "customers", tmp_path / "b.csv", ["surname", "phone", "email"])
    assert masked(screener, "marco@acme.example, anna@acme.example") == "marco@acme.example, [CUSTOMER]"


@pytest.mark.parametrize("table", ["suppliers", "../customers", "customers\x00"])
def test_without_its_table_the_rule_is_unchecked(
    make_rule: Make, make_policy: Make, knowledge: Knowledge, table: str
) -> None:
    rule = make_rule("exact_match", table=table, match=MATCH)
    for held in (None, knowledge):
        screener = Screener(make_policy(rule), knowledge=held)
        (missed,) = screener.screen(Draft(text="marco@acme.example")).unchecked
        assert (missed.reason, missed.hides) == (f"knowledge:{table}", True)
        assert screener.load() == {"test.exact-match": f"knowledge:{table}"}
        assert screener.hidden("marco@acme.example") is None


def test_what_cannot_be_used_leaves_the_rule_unchecked(
    make_rule: Make, make_policy: Make, knowledge: Knowledge
) -> None:
    def reasons(**fields: Any) -> list[str]:
        screener = Screener(make_policy(make_rule("exact_match", **fields)), knowledge=knowledge)
        return [missed.reason for missed in screener.screen(Draft(text="x")).unchecked]

    assert reasons(table="customers", match=[["iban"]]) == ["knowledge:customers.iban"]
    assert reasons(table="customers", match=[["email"]]) == []
    for path in knowledge.folder.rglob("hashes.npy"):
        path.write_bytes(b"")
    fresh = Knowledge(knowledge.folder, knowledge.keyed)
    other = Knowledge(knowledge.folder, Keyed(b"o" * KEY_BYTES))
    rule = make_rule("exact_match", table="customers", match=[["email"]])
    for held in (fresh, other):
        (missed,) = Screener(make_policy(rule), knowledge=held).screen(Draft(text="x")).unchecked
        assert missed.reason == "knowledge:customers"


@pytest.mark.parametrize("match", [[], [[]], [["email"], []], [[""]], "email", ["email"]])
def test_a_rule_without_columns_is_none(make_rule: Make, match: Any) -> None:
    with pytest.raises(ValidationError):
        make_rule("exact_match", table="customers", match=match)
