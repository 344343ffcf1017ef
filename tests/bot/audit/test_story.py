"""The whole story of an entry: everything of one draft, nothing of another, in order, without a word."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from bot.actions import Action, Verb, tag
from bot.appeals import Standing
from bot.audit import rows
from bot.audit.erasure import Erasures
from bot.audit.facets import facets_of
from bot.audit.fate import Fate
from bot.audit.holds import Holds
from bot.audit.index import Filters, Index
from bot.audit.ledger import Ledger
from bot.audit.looks import look, read
from bot.audit.retention import Retention
from bot.audit.shelf import Shelf
from bot.audit.story import RECEIPT, REMINDER, Stories, Story
from bot.audit.unmasking import Request, Unmasking
from bot.conversation import Conversation
from bot.deeds import Act, Cabinet
from bot.people import People
from bot.places import Cards
from bot.prescreen import Prescreen
from bot.roles import Role
from bot.store import Store
from rules.draft import Draft
from rules.keeping import Keeping

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
ANNA, BRUNO = "slack:T1:UANNA", "slack:T1:UBRUNO"
EMBARGO, INSULT = "È un prodotto non ancora annunciato", "Che cretino"


@pytest.fixture
def stories(store: Store, ledger: Ledger) -> Stories:
    return Stories(store, ledger, Index(store, ledger))


@pytest.fixture
def talk(prescreen: Prescreen, cabinet: Cabinet, store: Store) -> Conversation:
    return Conversation(prescreen, cabinet, Cards(store), lambda owner: True, lambda session, errands: None)


@pytest.fixture
def press(talk: Conversation) -> Callable[..., Any]:
    def pressed(who: str, verb: Verb, about: str, choice: str = "", words: str = "") -> Any:
        chosen = choice if choice.isdigit() else tag(choice) if choice else ""
        action = Action(verb, about, chosen)
        return talk.act(Act(f"{verb}-{about}", who, action, "it", NOON, words=words))

    return pressed


def kinds(story: Story | None) -> list[str]:
    assert story is not None
    return [step.kind for step in story.steps]


def test_a_draft_that_was_mended_asked_about_and_published_is_one_story(
    talk: Conversation, press: Callable[..., Any], cabinet: Cabinet, ledger: Ledger, stories: Stories
) -> None:
    first = talk.check("s_one", Draft(text=f"{INSULT}. {EMBARGO}", author=ANNA), "it").said.screening
    press(ANNA, Verb.EDIT, first, words=EMBARGO)
    other = talk.check("s_other", Draft(text=EMBARGO, author=ANNA), "it").said.screening
    again = next(held.id for held in cabinet.drafts.mine(cabinet.people.person(ANNA)) if held.id not in (first, other))
    press(ANNA, Verb.ASK, again)
    (seat,) = cabinet.reviews.of_screening(again)
    cabinet.roles.grant(cabinet.people.person(BRUNO), Role.OWNER, "legal", by=None)
    press(BRUNO, Verb.APPROVE, seat.id, words="Va bene")
    cabinet.receipts.give(screening=again, text=EMBARGO, policy="p@1", outcome="approved", context="post", at=NOON)
    press(ANNA, Verb.REMIND, again, "4")
    press(ANNA, Verb.PUBLISHED, again, words="https://example.org/post")
    story = stories.of(first)
    assert story is not None
    assert story.checks == (first, again)
    assert [kind for kind in kinds(story) if kind not in (RECEIPT, REMINDER)] == [
        "screening", "screening", "review", "decision", "published",
    ]  # fmt: skip
    assert {RECEIPT, REMINDER} <= set(kinds(story))
    # From wherever one comes, it is the same.
    for name in (again, seat.id, seat.review, str(story.steps[-1].seq or story.steps[0].seq)):
        found = stories.of(name)
        assert found is not None
        assert found.steps == story.steps
        assert found.about.subject == name or found.about.seq == int(name)
    assert kinds(stories.of(other)) == ["screening"]
    # Facts and pseudonyms, and not a word.
    assert "annunciato" not in repr(story)
    assert "Va bene" not in repr(story)
    assert stories.of("s_nobody") is None
    assert stories.of("0") is None


def test_a_disagreement_and_its_answer_belong_to_the_check(
    talk: Conversation, press: Callable[..., Any], cabinet: Cabinet, stories: Stories
) -> None:
    check = talk.check("s_one", Draft(text=INSULT, author=ANNA), "it").said.screening
    press(ANNA, Verb.DISAGREE, check, "toxicity.insult", "È un titolo")
    cabinet.roles.grant(cabinet.people.person(BRUNO), Role.COMMUNICATIONS, by=None)
    (appeal,) = cabinet.appeals.standing(Standing.OPEN)
    press(BRUNO, Verb.OVERTURN, appeal.id, words="Hai ragione")
    press(ANNA, Verb.JUSTIFY, check, words="È un titolo")
    for name in (check, appeal.id):
        told = [kind for kind in kinds(stories.of(name)) if kind != RECEIPT]
        assert told[:3] == ["screening", "appeal", "appeal_decision"]


def test_whoever_looked_is_in_it_whatever_else_they_looked_at(
    prescreen: Prescreen, people: People, ledger: Ledger, stories: Stories
) -> None:
    for number in range(1, 8):
        prescreen(Draft(text="Ciao", author=ANNA), id=f"s_{number}", at=NOON)
    bruno = people.person(BRUNO)
    look(ledger, [3], by=bruno, at=NOON, why="show")
    look(ledger, [1, 2, 5, 6, 7], by=bruno, at=NOON, why="search")
    look(ledger, range(1, 8), by=bruno, at=NOON, why="export")
    looks = {
        number: [step.said["facts"]["why"] for step in story.steps if step.kind == "look"]
        for number in range(1, 8)
        if (story := stories.of(f"s_{number}"))
    }
    assert looks[3] == ["show", "export"]
    assert looks[4] == ["export"]
    assert looks[1] == looks[5] == ["search", "export"]


def test_what_became_of_the_words_is_told(
    prescreen: Prescreen, people: People, store: Store, ledger: Ledger, stories: Stories, tmp_path: Path
) -> None:
    prescreen(Draft(text="Ciao", author=ANNA), id="s_old", at=NOON - timedelta(days=400))
    prescreen(Draft(text="Ciao", author=ANNA), id="s_anna", at=NOON)
    prescreen(Draft(text="Ciao", author=BRUNO), id="s_bruno", at=NOON)
    Retention(store, ledger).let_go(Keeping(days=30), "p@1", NOON)
    Erasures(store, ledger, people, tmp_path / "erased").erase(people.person(ANNA), by=None, reason="", at=NOON)
    fates = {name: story.about.fate for name in ("s_old", "s_anna", "s_bruno") if (story := stories.of(name))}
    assert fates == {"s_old": Fate.ERASED, "s_anna": Fate.ERASED, "s_bruno": Fate.KEPT}
    assert kinds(stories.of("s_old")) == ["screening", "retention", "erasure"]
    assert kinds(stories.of("s_anna")) == ["screening", "erasure"]
    assert kinds(stories.of("s_bruno")) == ["screening"]


def test_the_words_are_read_on_record_with_the_reason(
    prescreen: Prescreen, people: People, ledger: Ledger, stories: Stories
) -> None:
    prescreen(Draft(text="Vedi SEGRETO-1", author=ANNA), id="s_one", at=NOON)
    found = read(ledger, [1], by=people.person(BRUNO), at=NOON, reason="reclamo 7")
    assert found[1]["text"] == "Vedi [CODE]"
    story = stories.of("s_one")
    assert kinds(story) == ["screening", "look"]
    assert read(ledger, [2], by=people.person(BRUNO), at=NOON)[2] == {"reason": "reclamo 7"}
    assert ledger.verify().is_sound


def test_requests_and_holds_have_a_story_too(people: People, store: Store, ledger: Ledger, stories: Stories) -> None:
    anna, bruno = people.person(ANNA), people.person(BRUNO)
    unmasking = Unmasking(store, ledger, people, needs_two=True)
    request = unmasking.ask(anna, by=bruno, reason="reclamo", at=NOON)
    assert isinstance(request, Request)
    assert unmasking.waiting(NOON) == (request,)
    unmasking.agree(request.id, by=people.person("slack:T1:UCARLA"), at=NOON)
    assert unmasking.waiting(NOON) == ()
    assert unmasking.waiting(NOON + timedelta(days=2)) == ()
    assert kinds(stories.of(request.id)) == ["unmask_request", "unmask"]
    holds = Holds(store, ledger)
    hold = holds.order(anna, by=bruno, reason="causa", at=NOON)
    holds.lift(hold.id, by=bruno, reason="finita", at=NOON)
    assert kinds(stories.of(hold.id)) == ["hold", "release"]


def test_the_place_in_the_chain_is_looked_at(
    prescreen: Prescreen, stories: Stories, damage: Callable[..., None]
) -> None:
    for number in range(1, 4):
        prescreen(Draft(text="Ciao", author=ANNA), id=f"s_{number}", at=NOON)
    links = [story.link for number in range(1, 4) if (story := stories.of(str(number)))]
    assert all(link.is_hashed and link.follows for link in links)
    assert [link.last for link in links] == [3, 3, 3]
    assert links[1].previous == links[0].hash
    damage("UPDATE entry SET body = replace(body, 'linkedin', 'facebook') WHERE seq = 2",
           "UPDATE entry SET hash = '00' WHERE seq = 2")  # fmt: skip
    story = stories.of("2")
    assert story is not None
    assert not story.link.is_hashed
    after = stories.of("3")
    assert after is not None
    assert (after.link.is_hashed, after.link.follows) == (True, False)


def test_an_entry_that_says_nothing_is_a_step_all_the_same(
    prescreen: Prescreen, stories: Stories, damage: Callable[..., None]
) -> None:
    prescreen(Draft(text="Ciao", author=ANNA), id="s_1", at=NOON)
    damage("UPDATE entry SET body = x'5b5d' WHERE seq = 1")
    story = stories.of("1")
    assert story is not None
    assert story.about.said["facts"] == {}


_REACH = "INSERT INTO reach VALUES (:size, :first, :last, :seq) ON CONFLICT DO NOTHING"
ranges = st.lists(
    st.tuples(st.integers(1, 3_000), st.integers(0, 2_000)).map(lambda each: (each[0], each[0] + each[1])), max_size=6
)


@given(st.lists(ranges, min_size=1, max_size=6), st.lists(st.integers(1, 5_000), min_size=1, max_size=20))
def test_whatever_reaches_a_number_is_found(reached: list[list[tuple[int, int]]], numbers: list[int]) -> None:
    """Of any ranges, exactly those entries one of whose ranges has the number in it."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE reach (size, first, last, seq, PRIMARY KEY (size, first, last, seq))"))
        for seq, each in enumerate(reached, 10_000):
            for first, last in each:
                row = {"size": rows.size_of(first, last), "first": first, "last": last, "seq": seq}
                connection.execute(text(_REACH), row)
        for number in numbers:
            expected = [
                seq for seq, each in enumerate(reached, 10_000) if any(first <= number <= last for first, last in each)
            ]
            assert rows.reaching(connection, number, 100) == sorted(expected, reverse=True)
    engine.dispose()


@pytest.mark.parametrize("entries", [[[1, 2], [True, 3]], [[2, 1]], [[0, 1]], [[1]], [1], "1-2", None, [[1, 2**31]]])
def test_nonsense_in_a_look_reaches_nothing(entries: object) -> None:
    body = json.dumps({"facts": {"entries": entries}}).encode()
    found = facets_of(1, "2027-03-01", "look", "l_1", body)
    assert found.reaches in ((), ((1, 2),))


def test_an_index_of_an_older_form_is_made_anew(prescreen: Prescreen, store: Store, ledger: Ledger) -> None:
    prescreen(Draft(text="Ciao", author=ANNA), id="s_1", at=NOON)
    index = Index(store, ledger)
    assert index.behind() == 1
    assert index.catch_up() == 1
    assert index.behind() == 0
    shelf = Shelf(store)
    with shelf.write() as connection:
        connection.exec_driver_sql("DROP INDEX IF EXISTS hit_thread")
        connection.exec_driver_sql("DROP TABLE reach")
        connection.exec_driver_sql("ALTER TABLE hit DROP COLUMN thread")
        connection.exec_driver_sql("UPDATE state SET form = 2")
    index.close()
    shelf.close()
    anew = Index(store, ledger)
    assert anew.behind() == 1
    assert [hit.seq for hit in anew.search(Filters()).hits] == [1]
    anew.close()
