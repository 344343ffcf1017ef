"""A receipt holds for one exact text, one policy and one outcome, and tells nothing of the text."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stored import stored

from bot.receipts import Receipts, Validity, as_published, bare, shown
from bot.store import Store

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
TEXT = "Da lunedì lo sportello apre alle otto.\nVi aspettiamo!"


@pytest.fixture
def receipts(store: Store) -> Receipts:
    return Receipts(store, b"k" * 32)


def give(receipts: Receipts, text: str = TEXT, screening: str = "s_1", outcome: str = "clear") -> str:
    return receipts.give(
        screening=screening, text=text, policy="acme@1", outcome=outcome, context="post personal x", at=NOW
    )


def test_the_same_text_is_valid(receipts: Receipts) -> None:
    verified = receipts.verify(give(receipts), TEXT, "acme@1")
    assert (verified.validity, verified.outcome, verified.at) == (Validity.VALID, "clear", NOW)
    assert verified.context == "post personal x"


def test_another_word_is_an_edit(receipts: Receipts) -> None:
    assert receipts.verify(give(receipts), TEXT.replace("otto", "nove"), "acme@1").validity is Validity.EDITED


def test_a_newer_policy_supersedes_it(receipts: Receipts) -> None:
    assert receipts.verify(give(receipts), TEXT, "acme@2").validity is Validity.SUPERSEDED


def test_an_unknown_code_says_so(receipts: Receipts) -> None:
    assert receipts.verify("K7QF-2M9X", TEXT, "acme@1").validity is Validity.UNKNOWN


def test_a_code_asked_for_again_is_the_same(receipts: Receipts) -> None:
    assert give(receipts) == give(receipts)
    assert give(receipts, screening="s_2") != give(receipts)
    assert give(receipts, outcome="approved") != give(receipts)


def test_a_code_is_read_as_people_write_it(receipts: Receipts) -> None:
    code = give(receipts)
    written = shown(code).lower().replace("0", "o").replace("1", "l")
    assert bare(f" {written} ") == code
    assert receipts.verify(written, TEXT, "acme@1").validity is Validity.VALID


def test_what_pasting_changes_is_no_edit(receipts: Receipts) -> None:
    pasted = "Da lunedi\u0300 lo sportello apre alle otto.  \r\nVi aspettiamo!\n"
    assert receipts.verify(give(receipts), pasted, "acme@1").validity is Validity.VALID


def test_two_codes_never_collide(store: Store) -> None:
    codes = iter(["AAAAAAAA", "AAAAAAAA", "BBBBBBBB"])
    receipts = Receipts(store, b"k" * 32, lambda: next(codes))
    assert [give(receipts), give(receipts, screening="s_2")] == ["AAAAAAAA", "BBBBBBBB"]


def test_the_database_holds_nothing_of_the_text(receipts: Receipts, store: Store) -> None:
    give(receipts)
    assert b"sportello" not in stored(store)


@given(st.text(), st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_only_texts_that_publish_alike_share_a_receipt(receipts: Receipts, one: str, other: str) -> None:
    verified = receipts.verify(give(receipts, one, screening=f"s_{hash(one)}"), other, "acme@1")
    assert (verified.validity is Validity.VALID) == (as_published(one) == as_published(other))
