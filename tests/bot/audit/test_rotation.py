"""A new master key: everything opens as before, whenever it was broken off, and nobody goes on with the old one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from engine_made import engine_of
from sqlmodel import select

from bot.actions import Action, Verb, tag
from bot.audit import copying, masters, rotation
from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.audit.presence import alone, present
from bot.audit.seals import Seals
from bot.audit.vault import Vault, VaultError
from bot.bulk.tables import BulkChunk, BulkRun
from bot.chat.telegram_waiting import Waiting, Waits
from bot.console.searches import SavedSearches
from bot.console.tables import Undertaking, UndertakingPiece
from bot.conversation import Conversation
from bot.dead_letters import bury
from bot.deeds import Act, Cabinet
from bot.engine import USUAL
from bot.knowledge_tables import Collection, CollectionPiece
from bot.people import People
from bot.places import Awaiting, Cards
from bot.prescreen import Prescreen
from bot.roles import Role
from bot.store import Store
from bot.tables import Pending, PersonKey
from bot.work import Work
from rules.draft import Draft

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
ANNA, BRUNO = "telegram:11", "slack:T1:UBRUNO"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
async def busy(
    prescreen: Prescreen, cabinet: Cabinet, ledger: Ledger, store: Store, seals: Seals
) -> Callable[[Path], dict[str, Any]]:
    """A database in which something is sealed in every table; it gives what the keys in a folder open of it."""
    cabinet.roles.grant(cabinet.people.person(BRUNO), Role.OWNER, "legal", by=None)
    talk = Conversation(prescreen, cabinet, Cards(store), lambda owner: True, lambda session, errands: None)
    held = talk.check("e1", Draft(text="È un prodotto non ancora annunciato", author=ANNA), "it").said.screening
    _press(talk, ANNA, Verb.ASK, held)
    (seat,) = cabinet.reviews.of_screening(held)
    _press(talk, BRUNO, Verb.REJECT, seat.id, words="Esce lunedì.")
    _press(talk, ANNA, Verb.DISAGREE, held, "confidential.embargo", words="È già noto.")
    work, waits = (
        Work(store, seals.vault, engine_of(store, workers=1, patience=USUAL), backlog=9),
        Waits(Awaiting(store, seals), seals.vault),
    )
    await work.defer("slack", "event-0", {"text": "senza risposta"})
    with store.write() as session:
        bury(session, session.exec(select(Pending)).one(), "slack", OSError())
    await work.defer("slack", "event-1", {"text": "bozza"})
    work.close()
    waits.ask(ANNA, Waiting(word="reply", chat=11, said=waits.seal("Ciao", ANNA)), NOON)
    waits.ask("telegram:404", Waiting(word="reply", chat=404, said=waits.seal("Ciao", "telegram:404")), NOON)
    waits.ask("telegram:12", Waiting(word="private", chat=12), NOON)
    ledger.append("hold", subject="h_1", facts={}, at=NOON, content=b'{"reason":"causa"}')
    SavedSearches(store, seals.vault).save(cabinet.people.person(BRUNO), "Blocchi", "outcome=block", NOON)
    with store.write() as session:
        session.add(Collection(id="kn_1", name="plans", at=0.0, wrapped=seals.vault.wrap(b"k" * 32, b"kn_1")))
        wrapped = seals.vault.wrap(b"k" * 32, b"export:p_1")
        session.add(Undertaking(id="export:p_1", at=0.0, due=0.0, until=9e9, state="done", by="", wrapped=wrapped))
        session.flush()
        wrapped, sealed = seals.vault.seal(b"[]", b"k_1/0")
        session.add(BulkRun(id="k_1", at=0.0, moment="", revision="", policy=b"", words=False))
        session.flush()
        session.add(BulkChunk(id="k_1/0", run="k_1", number=0, wrapped=wrapped, sealed=sealed))
        session.add(CollectionPiece(collection="kn_1", number=0, sealed=b"x"))
        session.add(UndertakingPiece(undertaking="export:p_1", number=0, sealed=b"x"))
    found = _opened(store, ledger, seals)
    assert {name.split()[0] for name in found if name[0].isupper()} == {table.__name__ for table in masters.TABLES}
    return lambda folder: _opened(store, ledger, Seals.open(folder))


def _press(talk: Conversation, who: str, verb: Verb, about: str, choice: str = "", words: str = "") -> None:
    action = Action(verb, about, tag(choice) if choice else "")
    talk.act(Act(f"{verb}:{about}", who, action, "it", NOON, words=words, name="Bruno"))


def _opened(store: Store, ledger: Ledger, seals: Seals) -> dict[str, Any]:
    """Every word that can be opened. Raises `VaultError` where one cannot."""
    people, waits = People(store, seals), Waits(Awaiting(store, seals), seals.vault)
    waiting = waits.open(ANNA, NOON)
    assert waiting is not None
    assert waiting.said is not None
    assert waits.open("telegram:12", NOON) is not None
    found: dict[str, Any] = {"people": people.everybody(), "asked": waits.unseal(waiting.said, ANNA)}
    found["words"] = Ledger(store, Path("nowhere"), people).words(range(20))
    with store.read() as session:
        for table in masters.TABLES:
            for row in masters.rows(session, table):
                about = masters.about(row)
                opened = (
                    seals.vault.unwrap(row.wrapped, about)
                    if isinstance(row, PersonKey | Collection | Undertaking)
                    else seals.vault.unseal(row.wrapped, row.sealed, about)
                )
                found[f"{table.__name__} {about!r}"] = opened
    return found


def test_everything_opens_as_before_and_the_old_key_opens_nothing(
    busy: Callable[[Path], dict[str, Any]], store: Store, ledger: Ledger, keys: Path, seals: Seals
) -> None:
    before, old = busy(keys), (keys / "master.key").read_bytes()
    assert rotation.rotate(keys, store) > len(masters.TABLES)
    assert busy(keys) == before
    assert (keys / "master.key").read_bytes() != old
    assert (masters.opens(store, old), [*masters.old_ones(keys)]) == (False, [old])
    with store.read() as session:
        rows = [row for table in masters.TABLES for row in masters.rows(session, table)]
    for row in rows:
        with pytest.raises(VaultError):
            seals.vault.unwrap(row.wrapped, masters.about(row))
    # Nobody could be found to whom these words belong.
    assert Waits(Awaiting(store, seals), seals.vault).open("telegram:404", NOON) is None
    assert ledger.verify().count == len(ledger.entries())
    assert {path.stat().st_mode & 0o777 for path in keys.iterdir()} == {0o600}


def test_a_process_that_slipped_through_seals_nothing_under_the_old_key(
    busy: Callable[[Path], dict[str, Any]], store: Store, keys: Path, seals: Seals, database: str
) -> None:
    """On another machine, and between two connections: nobody could see it."""
    before = busy(keys)
    other = Store(database)
    masters.bind(other, seals.vault, keys)
    people = People(other, seals)
    known = people.person("slack:T1:UCARLA")
    other.engine.dispose()
    rotation.rotate(keys, store)
    for name in ("UDARIO", "UELENA"):
        with pytest.raises(RecordError) as refused:
            people.person(f"slack:T1:{name}")
        assert refused.value.code == "master"
    other.close()
    after = busy(keys)  # every row opens
    assert {each: after[each] for each in before if each != "people"} == {
        each: before[each] for each in before if each != "people"
    }
    assert len(after["people"]) == len(before["people"]) + 1
    assert known in after["people"]


def test_whoever_starts_with_the_old_key_is_told_also_where_something_lies_under_it(
    busy: Callable[[Path], dict[str, Any]], store: Store, keys: Path, seals: Seals, tmp_path: Path
) -> None:
    busy(keys)
    old = tmp_path / "old"
    shutil.copytree(keys, old)
    rotation.rotate(keys, store)
    # As a release did that compared nothing.
    with store.write() as session:
        seals.make(session, "p_stray")
    assert masters.opens(store, (old / "master.key").read_bytes()) is False
    for refused_by in (lambda: masters.look(old, store), lambda: masters.bind(store, seals.vault, old)):
        with pytest.raises(RecordError) as refused:
            refused_by()
        assert refused.value.code == "master"
    masters.look(keys, store)
    masters.bind(store, Seals.open(keys).vault, keys)


def test_the_right_key_is_not_passed_off_as_lost(
    busy: Callable[[Path], dict[str, Any]], store: Store, ledger: Ledger, keys: Path, seals: Seals
) -> None:
    """Somebody who writes the database could have everything let go of."""
    before = busy(keys)
    with store.write() as session:
        masters.note(session, Vault(b"x" * 32))
    assert rotation.forget(keys, store, ledger, NOON) is None
    masters.bind(store, seals.vault, keys)
    with store.write() as session:
        seals.make(session, "p_more")
    assert {**busy(keys), **before} == busy(keys)


@pytest.mark.postgres_only("on one machine a lock keeps others away")
def test_whoever_comes_while_it_is_done_keeps_it_from_being_kept(
    busy: Callable[[Path], dict[str, Any]], store: Store, keys: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, old = busy(keys), (keys / "master.key").read_bytes()
    other, plain = Store(database), rotation.wrap_anew
    monkeypatch.setattr(rotation, "_PAUSE", 0.0)

    def interrupted(*given: Any) -> int:
        with other.read() as session:
            session.connection()
        return plain(*given)

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "wrap_anew", interrupted)
        with pytest.raises(RecordError) as refused:
            rotation.rotate(keys, store)
    assert refused.value.code == "in_use"
    assert (keys / "master.key").read_bytes() == old
    assert not (keys / "master.next").exists()
    assert busy(keys) == before
    other.close()
    monkeypatch.undo()
    rotation.rotate(keys, store)
    assert (keys / "master.key").read_bytes() != old


def test_no_table_with_a_wrapped_key_is_left_out() -> None:
    wrapped = {table.name for table in copying.tables() if "wrapped" in table.columns}
    assert {str(table.__tablename__) for table in masters.TABLES} == wrapped
    gone = {str(table.__tablename__) for table in rotation._UNREADABLE}
    assert wrapped | {table.name for table in copying.tables() if "sealed" in table.columns} <= gone


class _Stopped(BaseException):
    """In place of a kill."""


def test_a_stop_anywhere_is_finished_or_taken_back_at_the_next_start(
    busy: Callable[[Path], dict[str, Any]], store: Store, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, steps, seen = busy(keys), 0, set[bool]()
    while True:
        old, count = (keys / "master.key").read_bytes(), [0]

        def counted(real: Callable[..., Any], count: list[int] = count, steps: int = steps) -> Callable[..., Any]:
            def act(*given: Any, **more: Any) -> Any:
                count[0] += 1
                if count[0] > steps:
                    raise _Stopped
                return real(*given, **more)

            return act

        stopped = False
        with monkeypatch.context() as patch:
            for name in ("hardlink_to", "replace", "unlink"):
                patch.setattr(Path, name, counted(getattr(Path, name)))
            for module, name in ((rotation, "key_in"), (rotation, "wrap_anew"), (masters, "sync")):
                patch.setattr(module, name, counted(getattr(module, name)))
            patch.setattr(masters, "put_next_in_place", counted(masters.put_next_in_place))
            try:
                rotation.rotate(keys, store)
            except _Stopped:
                stopped = True
        fitting = masters.fitting(keys, store)
        assert fitting is not None  # also for whoever only reads
        masters.settle(keys, store)
        masters.look(keys, store)
        assert not (keys / "master.next").exists()
        assert busy(keys) == before
        seen.add((keys / "master.key").read_bytes() == old)
        steps += 1
        if not stopped:
            break
    assert seen == {True, False}
    assert steps > 6


@pytest.mark.sqlite_only("processes and files")
def test_a_killed_process_leaves_one_key_that_opens(
    busy: Callable[[Path], dict[str, Any]], store: Store, keys: Path
) -> None:
    before = busy(keys)
    for where in ("wrap_anew", "put_next_in_place"):
        script = (
            "import os, signal, sys; from pathlib import Path; from bot.audit import masters, rotation;"
            f"module = rotation if {where!r} == 'wrap_anew' else masters; real = module.{where};\n"
            "def dies(*given):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
            f"module.{where} = dies\n"
            "from bot.store import Store; rotation.rotate(Path(sys.argv[1]), Store(sys.argv[2]))"
        )
        done = subprocess.run([sys.executable, "-c", script, str(keys), store.url], env=_environment(), check=False)
        assert done.returncode == -9
        assert (keys / "master.next").exists()
        masters.settle(keys, store)
        assert busy(keys) == before


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}


def test_whoever_is_at_work_keeps_it_from_being_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.audit.presence._PATIENCE", 0.1)
    first, second = present(tmp_path), present(tmp_path)
    first.leave()
    with pytest.raises(RecordError) as refused, alone(tmp_path):
        pass
    assert refused.value.code == "in_use"
    second.leave()
    with alone(tmp_path):
        with pytest.raises(RecordError) as refused:
            present(tmp_path)
        assert refused.value.code == "locked"
    present(tmp_path).leave()


@pytest.mark.postgres_only("on other machines too")
def test_on_a_server_anybody_who_is_connected_keeps_it_from_being_done(store: Store, database: str) -> None:
    store.close()
    store.look_that_nobody_else_is_here()
    other = Store(database)
    with other.read() as session:
        session.connection()
        with pytest.raises(RecordError) as refused:
            store.look_that_nobody_else_is_here()
    other.close()
    assert refused.value.code == "in_use"


def test_another_key_is_told_before_anything_is_sealed_under_it(
    busy: Callable[[Path], dict[str, Any]], store: Store, keys: Path
) -> None:
    del busy
    right = (keys / "master.key").read_bytes()
    for wrong in (b"x" * 32, b"short", None):
        (keys / "master.key").unlink(missing_ok=True)
        if wrong:
            (keys / "master.key").write_bytes(wrong)
        with pytest.raises(RecordError) as refused:
            masters.look(keys, store)
        assert refused.value.code == "master"
        with pytest.raises(RecordError):
            rotation.rotate(keys, store)
        assert masters.fitting(keys, store) is None
        assert (keys / "master.key").exists() == (wrong is not None)
    (keys / "master.key").write_bytes(right)
    masters.look(keys, store)


def test_a_key_that_is_lost_for_good_leaves_a_chain_that_is_whole(
    busy: Callable[[Path], dict[str, Any]], store: Store, ledger: Ledger, keys: Path, tmp_path: Path
) -> None:
    bare = Ledger(store, tmp_path / "data" / "ledger.head")
    assert rotation.forget(keys, store, bare, NOON) is None
    count, words = ledger.verify().count, len(busy(keys)["words"])
    (keys / "master.key").write_bytes(b"x" * 32)
    assert rotation.forget(keys, store, bare, NOON) == words
    seals = Seals.open(keys)
    people = People(store, seals)
    after = Ledger(store, tmp_path / "data" / "ledger.head", people)
    found = after.verify()
    assert (found.faults, found.count, found.forgotten) == ((), count + 1, words)
    assert people.everybody() == {}
    person = people.person(ANNA)
    after.append("appeal", subject="a_9", facts={}, actor=person, at=NOON, content=b"{}")
    assert after.words([count + 2]) == {count + 2: b"{}"}
    assert after.verify().is_sound
    masters.look(keys, store)
