"""How long words are kept, what a person is told of themselves, and who may learn who a pseudonym is."""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.audit.dossier import dossier_page
from bot.audit.holds import Holds
from bot.audit.ledger import Ledger
from bot.audit.looks import look
from bot.audit.retention import Retention
from bot.audit.subject import Subjects
from bot.audit.unmasking import LIFE, Refusal, Request, Unmasked, Unmasking
from bot.deeds import Cabinet
from bot.people import Linked, People
from bot.prescreen import Prescreen
from bot.roles import Role
from bot.store import Store
from bot.tables import Appeal, Receipt, Review, Seat
from rules.assembly import SHIPPED, load_policy
from rules.draft import Account, Draft
from rules.judges import Judges
from rules.keeping import Keeping
from rules.policy import Policy
from rules.screening import Screener

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
ANNA, BRUNO = "slack:T1:UANNA", "slack:T1:UBRUNO"
HOSTILE = '<script>alert(1)</script> & "virgolette" SEGRETO-5'


def _days_ago(days: float) -> datetime:
    return NOON - timedelta(days=days)


@pytest.fixture
def retention(store: Store, ledger: Ledger) -> Retention:
    return Retention(store, ledger)


def test_words_go_when_their_time_is_over_and_the_entry_stays(
    prescreen: Prescreen, ledger: Ledger, retention: Retention
) -> None:
    for days in (40, 20, 10):
        prescreen(Draft(text="Ciao", author=ANNA), id=f"s_{days}", at=_days_ago(days))
    assert retention.let_go(Keeping(days=30), "p@1", NOON) == 1
    assert sorted(ledger.words(range(1, 9))) == [2, 3]
    found = ledger.verify()
    assert (found.faults, found.forgotten, found.count) == ((), 1, 4)
    entry = ledger.entry("4")
    assert entry is not None
    assert json.loads(entry.body)["facts"] == {"purged": [[1, 1]], "policy": "p@1"}
    # Done once: the next look finds nothing, and says nothing.
    assert retention.let_go(Keeping(days=30), "p@1", NOON) == 0
    assert ledger.verify().count == 4


def test_the_fewest_days_that_are_said_count(prescreen: Prescreen, ledger: Ledger, retention: Retention) -> None:
    drafts = [("Ciao", Account.INSTITUTIONAL), ("Sei un cretino", Account.INSTITUTIONAL), ("Ciao", Account.PERSONAL)]
    for number, (text, account) in enumerate(drafts, 1):
        prescreen(Draft(text=text, author=ANNA, account=account), id=f"s_{number}", at=_days_ago(10))
    keeping = Keeping.model_validate({"days": 100, "outcomes": {"clear": 20, "revise": 5}, "accounts": {"personal": 7}})
    assert retention.let_go(keeping, "p@1", NOON) == 2
    assert sorted(ledger.words(range(1, 9))) == [1]
    assert keeping.fewest == 5


def test_many_portions_are_each_one_entry(
    ledger: Ledger, people: People, retention: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.audit.retention._PORTION", 7)
    person = people.person(ANNA)
    for number in range(20):
        ledger.append("appeal", subject=f"a_{number}", facts={}, actor=person, at=_days_ago(400), content=b"{}")
    assert retention.let_go(Keeping(), "p@1", NOON) == 20
    found = ledger.verify()
    assert (found.faults, found.count, found.forgotten, found.lag) == ((), 23, 20, 0)


def test_a_hold_keeps_what_is_over(
    prescreen: Prescreen, ledger: Ledger, store: Store, people: People, retention: Retention
) -> None:
    for account in (ANNA, BRUNO):
        prescreen(Draft(text="Ciao", author=account), at=_days_ago(400))
    Holds(store, ledger).order(people.person(ANNA), by=people.person(BRUNO), reason="causa", at=NOON)
    assert retention.let_go(Keeping(), "p@1", NOON) == 1
    assert 1 in ledger.words(range(1, 9))
    assert ledger.verify().is_sound


@pytest.mark.parametrize(("words", "kept"), [("none", None), ("masked", "[CODE]"), ("raw", "[CODE]")])
def test_the_policy_says_which_words_are_kept(
    words: str, kept: str | None, changed: Any, ledger: Ledger, retention: Retention
) -> None:
    screener = Screener(changed(record=Keeping.model_validate({"words": words, "raw_days": 3})))
    Prescreen(screener, ledger)(Draft(text="SEGRETO-1", author=ANNA), id="s_1", at=_days_ago(5))
    told = {seq: json.loads(each) for seq, each in ledger.words(range(1, 9)).items()}
    assert told[1]["text"] == kept
    assert {seq: each["text"] for seq, each in told.items() if seq > 1} == ({2: "SEGRETO-1"} if words == "raw" else {})
    # What was kept as it was written goes first.
    assert retention.let_go(screener.policy.record, "p@1", NOON) == (1 if words == "raw" else 0)
    assert ledger.verify().is_sound


def test_a_person_is_told_everything_that_is_held_of_them(
    cabinet: Cabinet, prescreen: Prescreen, store: Store, ledger: Ledger, policy: Policy
) -> None:
    people = cabinet.people
    anna, bruno = people.person(ANNA), people.person(BRUNO)
    screening = prescreen(Draft(text=HOSTILE, author=ANNA), at=_days_ago(1))
    cabinet.drafts.keep(screening, anna)
    cabinet.roles.grant(anna, Role.OWNER, "legal", by=bruno)
    prescreen(Draft(text="Di Bruno", author=BRUNO))
    look(ledger, [1], by=bruno, at=NOON, why="show")
    look(ledger, [3], by=anna, at=NOON, why="show", reason="reclamo di Anna")
    found = Subjects(store, ledger, people).dossier(anna, by=bruno, at=NOON)
    assert found is not None
    whole = json.dumps(asdict(found), ensure_ascii=False)
    assert (found.accounts, found.pseudonyms) == ((ANNA,), (anna,))
    assert found.drafts[0]["words"]["draft"]["text"] == HOSTILE
    assert found.roles[0]["role"] == "owner"
    kinds = [(entry["kind"], entry["by"]) for entry in found.entries]
    assert kinds == [("screening", "you"), ("role", bruno), ("look", bruno), ("look", "you")]
    assert found.entries[3]["words"] == {"reason": "reclamo di Anna"}
    assert found.entries[0]["words"]["text"].endswith("[CODE]")
    assert "Di Bruno" not in whole
    assert BRUNO not in whole
    # That it was read is on record.
    last = json.loads(ledger.entries(newest=1)[0].body)
    assert (last["kind"], last["actor"], last["facts"]["why"]) == ("look", bruno, "subject")
    for language in ("it", "en"):
        page = dossier_page(found, language)
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
        assert f'<html lang="{language}">' in page
    assert Subjects(store, ledger, people).dossier("p_nobody", by=bruno, at=NOON) is None


def test_one_person_is_enough_where_the_house_says_so(store: Store, ledger: Ledger, people: People) -> None:
    anna, bruno = people.person(ANNA), people.person(BRUNO)
    unmasking = Unmasking(store, ledger, people, needs_two=False)
    assert unmasking.ask(anna, by=bruno, reason="reclamo 3", at=NOON) == Unmasked(anna, (ANNA,))
    entry = ledger.entries(newest=1)[0]
    said = json.loads(entry.body)
    assert (said["kind"], said["actor"], said["facts"]) == ("unmask", bruno, {"person": anna})
    assert b"reclamo" not in entry.body
    assert json.loads(ledger.words([entry.seq])[entry.seq]) == {"reason": "reclamo 3"}
    assert unmasking.ask("p_nobody", by=bruno, reason="", at=NOON) is Refusal.UNKNOWN


def test_a_second_person_has_to_agree(store: Store, ledger: Ledger, people: People) -> None:
    anna, bruno, carla = (people.person(each) for each in (ANNA, BRUNO, "slack:T1:UCARLA"))
    unmasking = Unmasking(store, ledger, people, needs_two=True)
    asked = unmasking.ask(anna, by=bruno, reason="reclamo 3", at=NOON)
    assert isinstance(asked, Request)
    assert unmasking.agree(asked.id, by=bruno, at=NOON) is Refusal.OWN
    assert unmasking.agree("u_0", by=carla, at=NOON) is Refusal.UNKNOWN
    assert unmasking.agree(asked.id, by=carla, at=NOON + LIFE + timedelta(minutes=1)) is Refusal.OVER
    assert unmasking.agree(asked.id, by=carla, at=NOON) == Unmasked(anna, (ANNA,))
    # Now whoever asked is told too; each telling is an entry.
    assert unmasking.agree(asked.id, by=bruno, at=NOON) == Unmasked(anna, (ANNA,))
    assert [entry.kind for entry in ledger.entries()].count("unmask") == 2


def test_nobody_agrees_by_an_account_that_they_have_linked_since(store: Store, ledger: Ledger, people: People) -> None:
    anna, twin, bruno = (people.person(each) for each in (ANNA, "telegram:55", BRUNO))
    unmasking = Unmasking(store, ledger, people, needs_two=True)
    asked = unmasking.ask(anna, by=twin, reason="reclamo 3", at=NOON)
    assert isinstance(asked, Request)
    assert people.link("telegram:55", people.new_code(bruno, NOON), NOON) is Linked.DONE
    assert unmasking.agree(asked.id, by=bruno, at=NOON) is Refusal.OWN


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_let_go_the_ledger_says_what(
    seed: int, ledger: Ledger, people: People, store: Store, retention: Retention
) -> None:
    chance = random.Random(seed)
    persons = [people.person(f"local:u{number}") for number in range(3)]
    for number in range(40):
        content = b"{}" if chance.random() < 0.7 else None
        at = _days_ago(chance.uniform(0, 60))
        ledger.append("appeal", subject=f"a_{number}", facts={}, actor=chance.choice(persons), at=at, content=content)
        if chance.random() < 0.15:
            retention.let_go(Keeping(days=chance.randint(1, 50)), "p@1", NOON)
    found = ledger.verify()
    kept = ledger.words(range(1, 200))
    assert found.is_sound
    assert found.forgotten + len(kept) == sum(
        json.loads(entry.body)["commitment"] is not None for entry in ledger.entries()
    )


STRIKE = "Venerdì scioperiamo: ci vediamo con il sindacato davanti ai cancelli."


@pytest.mark.parametrize("words", ["masked", "raw"])
def test_of_protected_speech_in_whosever_name_no_word_is_kept(words: str, changed: Any, ledger: Ledger) -> None:
    screener = Screener(changed(record=Keeping.model_validate({"words": words})))
    Prescreen(screener, ledger)(Draft(text=f"{STRIKE} SEGRETO-1", author=ANNA, account=Account.INSTITUTIONAL), id="s_1")
    assert [json.loads(each)["text"] for each in ledger.words(range(1, 9)).values()] == [None]
    entry = ledger.entry("s_1")
    assert entry is not None
    assert [finding["rule"] for finding in json.loads(entry.body)["facts"]["findings"]] == ["confidential.code"]


@pytest.mark.parametrize(("words", "text"), [("none", "Che cretino, SEGRETO-1."), ("masked", f"{STRIKE} SEGRETO-1.")])
def test_what_the_record_does_not_keep_an_owner_who_is_asked_still_sees(
    words: str, text: str, changed: Any, cabinet: Cabinet, ledger: Ledger
) -> None:
    """Or somebody would have to say yes to a draft that they cannot read."""
    screener = Screener(changed(record=Keeping.model_validate({"words": words})))
    screening = Prescreen(screener, ledger)(Draft(text=text, author=ANNA), id="s_1")
    held = cabinet.drafts.keep(screening, cabinet.people.person(ANNA))
    assert held.masked is not None
    assert held.masked.text == text.replace("SEGRETO-1", "[CODE]")
    assert [json.loads(each)["text"] for each in ledger.words(range(1, 9)).values()] == [None]


def test_a_receipt_goes_with_the_words_of_its_check_and_with_no_others(
    changed: Any, ledger: Ledger, store: Store, people: People, retention: Retention
) -> None:
    screener = Screener(changed(record=Keeping.model_validate({"words": "raw", "raw_days": 3, "days": 30})))
    Prescreen(screener, ledger)(Draft(text="Ciao", author=ANNA), id="s_1", at=_days_ago(5))
    with store.write() as session:
        at = _days_ago(5).timestamp()
        session.add(Receipt(code="c_1", screening="s_1", mac="", policy="p", outcome="clear", at=at))
    for days, receipts in ((0, ["c_1"]), (40, [])):
        retention.let_go(screener.policy.record, "p@1", NOON + timedelta(days=days))
        with store.read() as session:
            assert session.exec(select(Receipt.code)).all() == receipts


def test_neither_that_it_was_found_nor_a_score_of_it_is_recorded(judges: Judges, ledger: Ledger) -> None:
    screener = Screener(load_policy(SHIPPED / "company.yaml"), judges)
    verdict = Prescreen(screener, ledger)(Draft(text=STRIKE, author=ANNA), id="s_1").verdict
    assert "disclosure.protected-speech" in {finding.rule for finding in verdict.findings}  # the writer is told
    entry = ledger.entry("s_1")
    assert entry is not None
    for word in (b"protected", b"special_category"):
        assert word not in entry.body


def test_questions_and_disagreements_go_when_their_time_is_over(
    cabinet: Cabinet, store: Store, ledger: Ledger, retention: Retention
) -> None:
    anna, bruno = cabinet.people.person(ANNA), cabinet.people.person(BRUNO)
    with store.write() as session:
        for number, (person, days) in enumerate([(anna, 400), (bruno, 400), (bruno, 10)]):
            at = _days_ago(days).timestamp()
            sealed = {"wrapped": b"", "sealed": b""}
            session.add(Review(id=f"r_{number}", screening=f"s_{number}", person=person, at=at, state="open", **sealed))
            session.flush()
            session.add(Seat(id=f"q_{number}", review=f"r_{number}", asked="legal", owner="legal", state="open"))
            session.add(Appeal(id=f"a_{number}", screening="s", rule="x", person=person, at=at, state="open", **sealed))
            session.add(Receipt(code=f"c_{number}", screening="s", mac="", policy="p", outcome="clear", at=at))
    holds = Holds(store, ledger)
    hold = holds.order(anna, by=bruno, reason="causa", at=NOON)
    retention.let_go(Keeping(), "p@1", NOON)
    with store.read() as session:
        assert sorted(session.exec(select(Review.id)).all()) == ["r_0", "r_2"]
        assert sorted(session.exec(select(Seat.id)).all()) == ["q_0", "q_2"]
        assert sorted(session.exec(select(Appeal.id)).all()) == ["a_0", "a_2"]
        # Of a receipt nobody knows whose it is.
        assert len(session.exec(select(Receipt.code)).all()) == 3
    holds.lift(hold.id, by=bruno, reason="chiusa", at=NOON)
    retention.let_go(Keeping(), "p@1", NOON)
    with store.read() as session:
        assert session.exec(select(Review.id)).all() == ["r_2"]
        assert session.exec(select(Receipt.code)).all() == ["c_2"]


def test_the_reason_of_a_hold_stays_while_it_stands(
    store: Store, ledger: Ledger, people: People, retention: Retention
) -> None:
    anna, bruno = people.person(ANNA), people.person(BRUNO)
    holds = Holds(store, ledger)
    hold = holds.order(anna, by=bruno, reason="causa", at=_days_ago(500))
    retention.let_go(Keeping(), "p@1", NOON)
    assert list(ledger.words([1])) == [1]
    holds.lift(hold.id, by=bruno, reason="chiusa", at=NOON)
    retention.let_go(Keeping(), "p@1", NOON)
    assert ledger.words([1]) == {}
    assert ledger.verify().is_sound
