"""Messages that are about one thing come together, in whatever language and mood they are written, and always alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bot.insights.hearing import apart
from bot.insights.reference import Reference
from bot.insights.themes import themes_among, unit
from rules.encoder import Encoder
from rules.serving import Floats

SPOKEN = ["it"] * 13 + ["en"] * 12
"""Of the 25 messages of a theme."""
VECTORS = st.integers(1, 40).flatmap(lambda count: arrays(np.float32, (count, 6), elements=st.floats(-1, 1, width=16)))


@pytest.fixture(scope="session")
def reference(encoder: Encoder) -> Reference:
    return Reference(lambda texts: apart(encoder, texts))


@pytest.fixture
def sorted_into(encoder: Encoder, reference: Reference) -> Callable[..., list[list[int]]]:
    """Themes of some texts, by the numbers of these."""

    def sorted_into(texts: list[str], languages: list[str | None]) -> list[list[int]]:
        ways = [(spoken, "?" in text) for spoken, text in zip(languages, texts, strict=True)]
        return themes_among(reference.centred(apart(encoder, texts), ways), 5)

    return sorted_into


def test_each_theme_is_about_one_thing(sorted_into, written) -> None:  # type: ignore[no-untyped-def]
    names = ("late_delivery", "praise", "opening_hours", "discount_code")
    texts = [(name, text) for name in names for text in written[name]]
    found = sorted_into([text for _, text in texts], SPOKEN * 4)
    counts = [Counter(texts[number][0] for number in theme).most_common(1)[0] for theme in found]
    assert {name for name, _ in counts} == set(names)
    assert sum(count for _, count in counts) >= 0.9 * sum(map(len, found))


def test_a_theme_is_found_in_both_languages(sorted_into, written) -> None:  # type: ignore[no-untyped-def]
    for theme in sorted_into(written["warranty"] + written["praise"], SPOKEN * 2)[:2]:
        assert {(SPOKEN * 2)[number] for number in theme} == {"it", "en"}


@pytest.mark.parametrize("name", ["late_delivery", "praise", "app"])
def test_where_everybody_writes_about_one_thing_it_is_a_theme(sorted_into, written, name: str) -> None:  # type: ignore[no-untyped-def]
    assert len(sorted_into(written[name], SPOKEN)[0]) >= 12


def test_a_language_that_is_not_known_is_no_obstacle(sorted_into, written) -> None:  # type: ignore[no-untyped-def]
    assert sorted_into(written["app"], [None] * 25)


@settings(deadline=None)
@given(VECTORS, st.integers(1, 6))
def test_nobody_is_in_two_themes_and_none_is_too_small(vectors: Floats, fewest: int) -> None:
    found = themes_among(unit(vectors), fewest)
    members = [number for theme in found for number in theme]
    assert len(members) == len(set(members))
    assert set(members) <= set(range(len(vectors)))
    assert all(len(theme) >= fewest for theme in found)


@settings(deadline=None)
@given(VECTORS)
def test_the_same_messages_are_always_sorted_alike(vectors: Floats) -> None:
    rows = unit(vectors)
    assert themes_among(rows, 2) == themes_among(rows.copy(), 2)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_few_messages_are_no_theme(count: int) -> None:
    assert themes_among(unit(np.ones((count, 4), np.float32)), 5) == []


def test_who_complains_is_told_from_who_asks_or_thanks(encoder: Encoder, reference: Reference) -> None:
    texts = [
        "Il mio pacco è ancora fermo, è una vergogna", "I have been waiting for a refund since May, this is ridiculous",
        "A che ora apre il museo?", "Thank you, lovely service", "Buonasera, avete posti liberi sabato?",
    ]  # fmt: skip
    assert reference.complain(apart(encoder, texts)) == [True, True, False, False, False]
