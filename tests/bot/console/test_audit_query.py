"""Filters in an address: whatever is written there, the page has something to show."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bot.console.audit_query import read_address

ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize("query", ["&" * 60, "text=a&" * 61, "&lt;" * 70])
def test_an_address_of_too_many_parts_means_nothing(query: str) -> None:
    found = read_address(query, ROME)
    assert (found.given, found.wrong, found.after) == ({}, frozenset(), None)


def test_a_filter_that_is_cut_at_a_blank_is_written_in_one_way() -> None:
    once = read_address("text=" + "a" * 499 + "+b", ROME)
    assert once.given == {"text": "a" * 499}
    assert read_address(once.address, ROME) == once
