"""A person who was erased is in no table and in no byte of the files; the chain, and everybody else, are untouched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from engine_made import engine_of
from sqlmodel import select

from bot.actions import Action, Verb, tag
from bot.audit.erasure import Erasures
from bot.audit.errors import RecordError
from bot.audit.holds import HeldError, Holds
from bot.audit.index import Filters, Index
from bot.audit.ledger import Fault, Ledger
from bot.audit.seals import HolderGoneError, Seals
from bot.conversation import Conversation
from bot.deeds import Act, Cabinet
from bot.engine import USUAL
from bot.people import People
from bot.places import Awaiting, Cards
from bot.prescreen import Prescreen
from bot.review import Ruling
from bot.roles import Role
from bot.store import Store
from bot.tables import Content, Held, Identity, Pending, Person, PersonKey, Review, Seat
from bot.work import Work
from rules.draft import Draft
from rules.screening import Screener

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
ANNA, BRUNO, PHONE = "slack:T1:UANNAROSSI", "slack:T1:UBRUNO", "telegram:7319462580"
DRAFT = "La zampogna argentina è un prodotto non ancora annunciato, SEGRETO-77."
OURS = (b"UANNAROSSI", b"7319462580", b"zampogna", b"argentina", b"SEGRETO-77", b"Anna Rossi")


@pytest.fixture
def erasures(store: Store, ledger: Ledger, people: People, tmp_path: Path) -> Erasures:
    return Erasures(store, ledger, people, tmp_path / "keys" / "erased", Index(store, ledger))


@pytest.fixture
def talk(prescreen: Prescreen, cabinet: Cabinet, store: Store) -> Conversation:
    return Conversation(prescreen, cabinet, Cards(store), lambda owner: True, lambda session, errands: None)


@pytest.fixture
def busy(talk: Conversation, cabinet: Cabinet, store: Store) -> str:
    """Anna has two accounts, a draft on which an owner ruled, an appeal, a role and a card; Bruno has a draft too."""
    people = cabinet.people
    anna, bruno = people.person(ANNA), people.person(BRUNO)
    people.person(PHONE)
    code = people.new_code(anna, NOON)
    cabinet.link(PHONE, code, NOON)
    cabinet.roles.grant(bruno, Role.OWNER, "legal", by=None)
    cabinet.roles.grant(anna, Role.OWNER, "comms", by=None)
    held = talk.check("e1", Draft(text=DRAFT, author=ANNA), "it").said.screening
    _press(talk, ANNA, Verb.ASK, held)
    (seat,) = cabinet.reviews.of_screening(held)
    _press(talk, BRUNO, Verb.REJECT, seat.id, words="La zampogna argentina esce lunedì.")
    _press(talk, ANNA, Verb.DISAGREE, held, "confidential.embargo", words="La zampogna argentina è già nota.")
    talk.check("e2", Draft(text="Sei un cretino", author=BRUNO), "it")
    Cards(store).put(held, PHONE, "12")
    Awaiting(store, people.seals).ask(PHONE, "x", NOON)
    return anna


def _press(talk: Conversation, who: str, verb: Verb, about: str, choice: str = "", words: str = "") -> None:
    action, name = Action(verb, about, tag(choice) if choice else ""), "Bruno" if who == BRUNO else "Anna Rossi"
    talk.act(Act(f"{verb}:{about}", who, action, "it", NOON, words=words, name=name))


def _bytes(tmp_path: Path) -> Iterator[bytes]:
    for path in (tmp_path / "data").iterdir():
        yield path.read_bytes()


def test_nothing_of_them_is_left_in_any_byte_and_the_chain_is_whole(
    busy: str, erasures: Erasures, store: Store, ledger: Ledger, people: People, tmp_path: Path
) -> None:
    index = Index(store, ledger)
    assert index.search(Filters(text="zampogna")).hits
    before, bruno = ledger.verify(), people.person(BRUNO)
    assert before.is_sound
    erased = erasures.erase(busy, by=bruno, reason="lo chiede lei", at=NOON)
    assert erased is not None
    assert erased.persons[0] == busy
    assert len(erased.persons) == 2  # and who she was on her telephone before she linked it
    assert erased.words >= 3
    store.purge()
    for held in _bytes(tmp_path):
        for word in (*OURS, *(account.encode() for account in (ANNA, PHONE))):
            assert word not in held
    assert index.search(Filters(text="zampogna")).hits == ()
    after = ledger.verify()
    assert (after.faults, after.forgotten) == ((), erased.words)
    assert people.accounts(busy) == ()
    assert not people.is_known(ANNA)
    # Everybody else is as they were.
    assert people.accounts(bruno) == (BRUNO,)
    told = [json.loads(each)["text"] for each in ledger.words(range(1, 40)).values() if b'"text"' in each]
    assert told == ["Sei un cretino"]


def test_a_live_database_holds_no_draft_no_secret_and_no_account(busy: str, store: Store, tmp_path: Path) -> None:
    store.close()
    for held in _bytes(tmp_path):
        for word in (b"zampogna", b"argentina", b"SEGRETO-77", b"Anna Rossi", b"cretino", b"UBRUNO"):
            assert word not in held


def test_the_name_of_whoever_ruled_goes_and_the_ruling_stays(
    busy: str, erasures: Erasures, store: Store, cabinet: Cabinet, people: People
) -> None:
    bruno = people.person(BRUNO)
    with store.read() as session:
        seat = session.exec(select(Seat)).one()
    found = cabinet.reviews.seat(seat.id)
    assert found is not None
    assert found.by == "Bruno"
    erasures.erase(bruno, by=None, reason="", at=NOON)
    found = cabinet.reviews.seat(seat.id)
    assert found is not None
    assert (found.by, found.state) == (None, Ruling.REJECTED)
    assert found.reason


def test_who_was_erased_and_writes_again_is_somebody_new(
    busy: str, erasures: Erasures, people: People, prescreen: Prescreen, ledger: Ledger
) -> None:
    erasures.erase(busy, by=None, reason="", at=NOON)
    assert people.person(ANNA) != busy
    assert erasures.erase(busy, by=None, reason="", at=NOON) is None
    assert prescreen(Draft(text="Ciao", author=ANNA)).id
    assert ledger.verify().is_sound


def test_a_process_that_still_knows_them_seals_nothing_for_them(
    busy: str, erasures: Erasures, store: Store, seals: Seals, screener: Screener, tmp_path: Path
) -> None:
    other = People(store, seals)
    ledger = Ledger(store, tmp_path / "data" / "ledger.head", other)
    assert other.person(ANNA) == busy
    erasures.erase(busy, by=None, reason="", at=NOON)
    assert other.person(ANNA) == busy  # looked up a moment ago
    with pytest.raises(HolderGoneError):
        ledger.append("x", subject="x1", facts={}, actor=busy, content=b"{}")
    Prescreen(screener, ledger)(Draft(text="Ciao", author=ANNA), id="s_new")
    entry = ledger.entry("s_new")
    assert entry is not None
    assert json.loads(entry.body)["actor"] not in (None, busy)
    assert ledger.verify().is_sound


@pytest.mark.sqlite_only("files are copied")
def test_a_backup_that_is_put_back_is_erased_again(
    busy: str, erasures: Erasures, store: Store, ledger: Ledger, people: People, seals: Seals, tmp_path: Path
) -> None:
    store.purge()
    backup = tmp_path / "backup"
    shutil.copytree(tmp_path / "data", backup)
    erasures.erase(busy, by=None, reason="", at=NOON)
    store.close()
    shutil.rmtree(tmp_path / "data")
    shutil.copytree(backup, tmp_path / "data")
    again = Store(store.url)
    people = People(again, seals)
    ledger = Ledger(again, tmp_path / "data" / "ledger.head", people)
    assert people.accounts(busy)
    assert Erasures(again, ledger, people, tmp_path / "keys" / "erased").again(NOON) == 2
    assert people.accounts(busy) == ()
    assert ledger.verify().is_sound
    again.purge()
    for held in _bytes(tmp_path):
        for word in OURS:
            assert word not in held
    assert Erasures(again, ledger, people, tmp_path / "keys" / "erased").again(NOON) == 0


def test_words_of_the_erased_that_are_still_there_are_a_fault(busy: str, store: Store, ledger: Ledger) -> None:
    ledger.append("erasure", subject=busy, facts={"person": busy})
    assert "kept" in {fault.what for fault in ledger.verify().faults}


def test_words_that_are_gone_without_a_reason_are_a_fault(busy: str, store: Store, ledger: Ledger) -> None:
    with store.write() as session:
        row = session.exec(select(Content)).first()
        assert row is not None
        session.delete(row)
    assert ledger.verify().faults == (Fault(row.seq, "content"),)


def test_a_legal_hold_beats_an_erasure(
    busy: str, erasures: Erasures, store: Store, ledger: Ledger, people: People
) -> None:
    holds, bruno = Holds(store, ledger), people.person(BRUNO)
    ordered = holds.order(busy, by=bruno, reason="causa 12", at=NOON)
    assert holds.standing() == (ordered,)
    with pytest.raises(HeldError) as held:
        erasures.erase(busy, by=bruno, reason="", at=NOON)
    assert str(held.value) == ordered.id
    assert people.accounts(busy)
    assert holds.lift(ordered.id, by=bruno, reason="chiusa", at=NOON)
    assert not holds.lift(ordered.id, by=bruno, reason="chiusa", at=NOON)
    assert holds.standing() == ()
    assert erasures.erase(busy, by=bruno, reason="", at=NOON)


def test_a_hold_on_everybody_holds_everybody(busy: str, erasures: Erasures, store: Store, ledger: Ledger) -> None:
    Holds(store, ledger).order(None, by=busy, reason="ispezione", at=NOON)
    with pytest.raises(HeldError):
        erasures.erase(busy, by=None, reason="", at=NOON)


def test_a_hold_covers_who_they_were_before_they_linked(
    busy: str, erasures: Erasures, store: Store, ledger: Ledger, people: People
) -> None:
    with store.read() as session:
        (before,) = people.seals.holders(session, busy)[1:]
    hold = Holds(store, ledger).order(busy, by=people.person(BRUNO), reason="", at=NOON)
    assert (hold.covers(before), hold.covers(people.person(BRUNO))) == (True, False)


async def test_what_waits_of_theirs_is_never_put_on_record(
    busy: str, erasures: Erasures, store: Store, seals: Seals
) -> None:
    """Of whoever is answered after that, a new pseudonym would be made."""
    work = Work(store, seals.vault, engine_of(store, workers=1, patience=USUAL), backlog=9)
    _, team, user = ANNA.split(":")
    for name, event in {
        "draft": {"team": team, "user": user, "text": DRAFT},
        "errand": {"kind": "errand", "what": "again", "to": ANNA},
        "bruno": {"team": "T1", "user": "UBRUNO", "text": "Ciao"},
    }.items():
        await work.defer("slack", name, event)
    await work.defer("telegram", "draft", {"user": 7319462580, "text": DRAFT})
    work.close()
    erasures.erase(busy, by=None, reason="", at=NOON)
    with store.read() as session:
        (left,) = session.exec(select(Pending)).all()
    assert b"UBRUNO" in seals.vault.unseal(left.wrapped, left.sealed, left.id.encode())


def test_all_or_nothing(
    busy: str, erasures: Erasures, store: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop in the middle leaves everything as it was."""

    def full(*_: object, **__: object) -> None:
        raise RecordError("full", "disk")

    monkeypatch.setattr(Ledger, "append_in", full)
    with pytest.raises(RecordError):
        erasures.erase(busy, by=None, reason="", at=NOON)
    with store.read() as session:
        assert session.get(Person, busy)
        assert session.get(PersonKey, busy)
        assert session.exec(select(Identity).where(Identity.person == busy)).all()


@pytest.mark.sqlite_only("a PostgreSQL server waits for its own readers")
def test_a_purge_while_somebody_reads_says_so(busy: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store._PURGE", 0.1)
    with store.read() as session:
        session.exec(select(Person)).all()
        with store.write() as writing:
            writing.add(Person(id="p_new"))
        with pytest.raises(RecordError) as refused:
            store.purge()
    assert refused.value.code == "locked"
    store.purge()


@pytest.mark.parametrize("days", [0, 400])
def test_what_a_restart_finds_does_not_depend_on_the_day(busy: str, erasures: Erasures, days: int) -> None:
    erasures.erase(busy, by=None, reason="", at=NOON)
    assert erasures.again(NOON + timedelta(days=days)) == 0


def test_somebody_without_an_account_can_still_be_erased_and_held(
    busy: str, erasures: Erasures, store: Store, ledger: Ledger, people: People
) -> None:
    with store.read() as session:
        before = people.seals.holders(session, busy)[1]
    for account in (ANNA, PHONE):
        people.unlink(account)
    assert (people.whose(busy), people.whose(before), people.whose("p_nobody")) == (busy, busy, None)
    # Ordered under the name from before they linked, a hold covers what they are called now.
    hold = Holds(store, ledger).order(before, by=people.person(BRUNO), reason="causa", at=NOON)
    assert hold.covers(busy)
    Holds(store, ledger).lift(hold.id, by=people.person(BRUNO), reason="chiusa", at=NOON)
    assert erasures.erase(busy, by=None, reason="", at=NOON)
    assert people.whose(busy) is None


def test_what_was_written_in_the_moment_of_an_erasure_goes_at_the_next_look(
    busy: str, erasures: Erasures, talk: Conversation, store: Store, cabinet: Cabinet, people: People, seals: Seals
) -> None:
    bruno = people.person(BRUNO)
    with store.read() as session:
        seat = session.exec(select(Seat)).one()
    erasures.erase(busy, by=None, reason="", at=NOON)
    erasures.erase(bruno, by=None, reason="", at=NOON)
    with store.write() as session:
        session.add(
            Held(
                id="s_late", thread="s_late", person=busy, at=0, until=9e9, outcome="clear", state="checked",
                policy="p", wrapped=b"", sealed=b"La zampogna argentina",
            )
        )  # fmt: skip
        session.add(Review(id="r_late", screening="s_x", person="p_other", at=0, state="open", wrapped=b"", sealed=b""))
        session.flush()
        wrapped, sealed = seals.vault.seal(b'{"by": "Bruno", "reason": "no"}', b"q_late")
        session.add(
            Seat(
                id="q_late", review="r_late", asked="legal", owner="legal", state="rejected", decided_by=bruno,
                wrapped=wrapped, sealed=sealed,
            )
        )  # fmt: skip
    assert erasures.again(NOON) == 0
    with store.read() as session:
        assert session.get(Held, "s_late") is None
        late = session.get(Seat, "q_late")
        assert late is not None
        said = json.loads(seals.vault.unseal(late.wrapped, late.sealed, b"q_late"))
    assert said == {"by": None, "reason": "no"}
    assert seat.id != late.id


def test_a_list_of_the_erased_that_cannot_be_read_is_said(busy: str, erasures: Erasures, tmp_path: Path) -> None:
    erasures.erase(busy, by=None, reason="", at=NOON)
    (tmp_path / "keys" / "erased").write_bytes(b"\xff")
    with pytest.raises(RecordError) as refused:
        erasures.again(NOON)
    assert refused.value.code == "erased"
