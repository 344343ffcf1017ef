"""People: one pseudonym each, and the language they are answered in."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.people import People
from bot.store import Store


def test_a_pseudonym_is_stable_and_tells_nothing(store: Store) -> None:
    people = People(store)
    first, second = people.pseudonym("slack:T1:U1"), people.pseudonym("slack:T1:U2")
    assert first == people.pseudonym("slack:T1:U1") != second
    assert "U1" not in first


def test_two_first_messages_at_once_are_one_person(store: Store) -> None:
    people = People(store)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: people.pseudonym("telegram:7"), range(24)))) == 1


@pytest.mark.parametrize(
    ("locale", "chosen", "answered"),
    [
        (None, None, "it"),
        ("it-IT", None, "it"),
        ("en_US", None, "en"),
        ("de-DE", None, "en"),
        ("en-US", "it", "it"),
        ("it", "en", "en"),
    ],
)
def test_what_they_chose_beats_what_their_platform_says(
    store: Store, locale: str | None, chosen: str | None, answered: str
) -> None:
    people = People(store)
    people.notice_locale("slack:T:U", locale)
    if chosen == "it" or chosen == "en":
        people.choose_language("slack:T:U", chosen)
    assert people.language("slack:T:U") == answered
