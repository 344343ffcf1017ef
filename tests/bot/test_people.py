"""People: one pseudonym each, however many accounts, and the language they are answered in."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from bot.people import CODE_LIFE, Linked, People
from bot.store import Store
from bot.tables import Grant, Held, LinkCode, Rate

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
SLACK, PHONE, TABLET = "slack:T1:U1", "telegram:7", "telegram:8"


def test_a_pseudonym_is_stable_and_tells_nothing(people: People) -> None:
    first, second = people.pseudonym("slack:T1:U1"), people.pseudonym("slack:T1:U2")
    assert first == people.pseudonym("slack:T1:U1") != second
    assert "U1" not in first


def test_two_first_messages_at_once_are_one_person(people: People) -> None:
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
    people: People, locale: str | None, chosen: str | None, answered: str
) -> None:
    people.notice_locale("slack:T:U", locale)
    if chosen == "it" or chosen == "en":
        people.choose_language("slack:T:U", chosen)
    assert people.language("slack:T:U") == answered


def test_asking_who_somebody_is_makes_nobody_known(people: People) -> None:
    assert not people.is_known(PHONE)
    assert people.everybody() == {}
    people.person(PHONE)
    assert people.is_known(PHONE)


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (["Europe/Rome"], "Europe/Rome"),
        (["Europe/Rome", "America/New_York"], "America/New_York"),
        (["Europe/Rome", None, "", "Europe/Atlantis", "Europe", "../../etc/passwd", "/etc/passwd", "\0", "a" * 999],
         "Europe/Rome"),
        ([None], None),
    ],
)  # fmt: skip
def test_a_zone_is_noticed_if_it_is_one(people: People, said: Sequence[str | None], known: str | None) -> None:
    for zone in said:
        people.notice_zone(SLACK, zone)
    assert people.zone(people.person(SLACK)) == known
    assert people.zone("p_nobody") is None


# --- Several accounts ----------------------------------------------------------------------------------------------


def test_a_code_makes_an_account_one_more_of_the_same_person(people: People) -> None:
    person = people.person(SLACK)
    people.choose_language(SLACK, "en")
    assert people.link(PHONE, people.new_code(person, NOW), NOW) is Linked.DONE
    assert people.person(PHONE) == person
    assert people.accounts(person) == (SLACK, PHONE)
    assert people.everybody() == {person: (SLACK, PHONE)}
    assert people.language(PHONE) == "en"


def test_a_code_is_easily_read_and_typed_and_kept_as_a_digest(people: People, store: Store) -> None:
    code = people.new_code(people.person(SLACK), NOW)
    assert len(code) == 8
    assert not set(code) & set("0O1IlAEIOU")
    with store.read() as session:
        (row,) = session.exec(select(LinkCode)).all()
    assert code not in row.code
    typed = f" {code[:4].lower()}-{code[4:].lower()}\n"
    assert people.link(PHONE, typed, NOW) is Linked.DONE


def test_a_code_works_once(people: People) -> None:
    code = people.new_code(people.person(SLACK), NOW)
    assert people.link(PHONE, code, NOW) is Linked.DONE
    assert people.link(TABLET, code, NOW) is Linked.NOT_VALID
    assert not people.is_known(TABLET)


def test_whoever_sends_it_again_because_no_answer_came_is_told_the_same(people: People) -> None:
    code = people.new_code(people.person(SLACK), NOW)
    assert [people.link(PHONE, code, NOW) for _ in range(9)] == [Linked.DONE] * 9


def test_a_code_works_for_ten_minutes(people: People) -> None:
    code = people.new_code(people.person(SLACK), NOW)
    assert people.link(PHONE, code, NOW + CODE_LIFE) is Linked.NOT_VALID
    assert people.link(PHONE, code, NOW + CODE_LIFE - timedelta(seconds=1)) is Linked.DONE


def test_only_the_newest_code_of_a_person_works(people: People) -> None:
    first, other = people.new_code(people.person(SLACK), NOW), people.new_code(people.person("slack:T1:U2"), NOW)
    second = people.new_code(people.person(SLACK), NOW)
    assert people.link(PHONE, first, NOW) is Linked.NOT_VALID
    assert people.link(PHONE, second, NOW) is Linked.DONE
    assert people.link(TABLET, other, NOW) is Linked.DONE


def test_after_five_wrong_codes_not_even_the_right_one_is_taken(people: People, store: Store) -> None:
    code = people.new_code(people.person(SLACK), NOW)
    assert [people.link(PHONE, f"GUESS{n}", NOW) for n in range(5)] == [Linked.NOT_VALID] * 5
    later = NOW + CODE_LIFE - timedelta(seconds=1)
    assert people.link(PHONE, code, later) is Linked.CLOSED
    assert not people.is_known(PHONE)
    # Another account is none the worse for it, and the first may try again when the ten minutes are over.
    assert people.link(TABLET, code, later) is Linked.DONE
    fresh = people.new_code(people.person(SLACK), NOW + CODE_LIFE)
    assert people.link(PHONE, fresh, NOW + CODE_LIFE) is Linked.DONE
    with store.read() as session:
        assert session.exec(select(Rate)).all() == []


def test_an_account_that_is_all_that_somebody_has_moves(people: People, store: Store) -> None:
    alone = people.person(PHONE)
    code_of_theirs = people.new_code(alone, NOW)
    person = people.person(SLACK)
    assert people.link(PHONE, people.new_code(person, NOW), NOW) is Linked.DONE
    assert people.everybody() == {person: (SLACK, PHONE)}
    assert people.link(TABLET, code_of_theirs, NOW) is Linked.NOT_VALID


def test_an_account_of_somebody_who_has_more_stays_where_it_is(people: People, store: Store) -> None:
    other = people.person("slack:T1:U2")
    people.link(PHONE, people.new_code(other, NOW), NOW)
    code = people.new_code(people.person(SLACK), NOW)
    assert people.link(PHONE, code, NOW) is Linked.ELSEWHERE
    assert people.person(PHONE) == other
    # It was not used up: it still works for an account that may move.
    assert people.link(TABLET, code, NOW) is Linked.DONE


@pytest.mark.parametrize("more", ["role", "draft"])
def test_so_does_one_with_a_role_or_a_draft_under_way(people: People, store: Store, more: str) -> None:
    other = people.person(PHONE)
    held = {"thread": "s_1", "at": 0.0, "until": 9e9, "outcome": "clear", "state": "checked", "policy": "p@1"}
    row = Grant(person=other, role="admin", at=0.0) if more == "role" else None
    with store.write() as session:
        session.add(row or Held(id="s_1", person=other, wrapped=b"", sealed=b"", **held))
    assert people.link(PHONE, people.new_code(people.person(SLACK), NOW), NOW) is Linked.ELSEWHERE
    assert people.person(PHONE) == other


def test_two_who_send_the_same_code_at_once(people: People) -> None:
    person = people.person(SLACK)
    code = people.new_code(person, NOW)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: people.link(f"telegram:{n}", code, NOW), range(8)))
    assert sorted(each.name for each in found) == ["DONE"] + ["NOT_VALID"] * 7
    assert len(people.accounts(person)) == 2


@given(st.text(max_size=20))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_but_the_code_links_anything(people: People, text: str) -> None:
    people.new_code(people.person(SLACK), NOW)
    assert people.link(PHONE, text, NOW) in (Linked.NOT_VALID, Linked.CLOSED)
    assert not people.is_known(PHONE)


def test_an_unlinked_account_is_nobodys_and_can_be_linked_anew(people: People) -> None:
    person = people.person(SLACK)
    code = people.new_code(person, NOW)
    people.link(PHONE, code, NOW)
    assert people.unlink(PHONE)
    assert not people.unlink(PHONE)
    assert not people.is_known(PHONE)
    assert people.accounts(person) == (SLACK,)
    # The used code does not bring it back.
    assert people.link(PHONE, code, NOW) is Linked.NOT_VALID
    assert people.link(PHONE, people.new_code(person, NOW), NOW) is Linked.DONE
