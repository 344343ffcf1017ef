"""`vaglio queue ...`: what waits and what was given up, in a terminal, without a word of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from engine_made import engine_of
from sqlmodel import select

from bot.audit.erasure import Erasures
from bot.audit.ledger import Ledger
from bot.casualties import deaths
from bot.cli.commands import run
from bot.cli.exits import EXIT_USAGE
from bot.dead_letters import bury
from bot.engine import USUAL
from bot.people import People
from bot.settings import PREFIX
from bot.store import Store
from bot.tables import Pending
from bot.work import Work
from bot.work_tables import DeadLetter


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, home: Path, database: str) -> None:
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", database)


@pytest.fixture
async def dead(store: Store, people: People) -> list[str]:
    """The ids of two that were given up."""
    work = Work(store, people.seals.vault, engine_of(store, workers=1, patience=USUAL), backlog=9)
    for user in ("U1", "U2"):
        event = {"kind": "command", "team": "T1", "user": user, "text": "zibaldone"}
        await work.defer("slack", user, event)
    work.close()
    with store.write() as session:
        for row in session.exec(select(Pending).order_by(Pending.at)).all():
            bury(session, row, "slack", OSError("zibaldone"))
        if store.file is None:  # as the worker does who has buried it
            session.connection().exec_driver_sql("DELETE FROM procrastinate_jobs")
        return list(session.exec(select(DeadLetter.id).order_by(DeadLetter.at)).all())


def waiting(store: Store) -> list[str]:
    with store.read() as session:
        return list(session.exec(select(Pending.id)).all())


def entries(ledger: Ledger) -> list[dict[str, Any]]:
    return [json.loads(entry.body)["facts"] for entry in ledger.entries() if entry.kind == "dead_letter"]


def test_what_was_given_up_is_listed_without_a_word_of_it(
    dead: list[str], capsys: pytest.CaptureFixture[str], store: Store
) -> None:
    assert run(["queue", "dead"]) == 0
    said = capsys.readouterr().out
    assert all(id in said for id in dead)
    assert "OSError" in said
    assert run(["queue", "dead", "--json"]) == 0
    listed = capsys.readouterr().out
    assert [row["id"] for row in json.loads(listed)] == dead
    assert set(json.loads(listed)[0]) == {"id", "platform", "at", "died", "attempts", "error"}
    assert not {"zibaldone", "U1"} & set((said + listed).replace('"', " ").split())


def test_what_processes_died_of_is_said_in_words(
    dead: list[str], capsys: pytest.CaptureFixture[str], store: Store
) -> None:
    assert run(["queue", "dead"]) == 0
    assert "look for the reason first" not in capsys.readouterr().out
    with store.write() as session:
        letter = session.get(DeadLetter, dead[0])
        assert letter is not None
        letter.error = "ProcessDied"
        session.add(letter)
    assert run(["queue", "dead"]) == 0
    said = capsys.readouterr().out
    assert "Processes died of it" in said
    assert "look for the reason first" in " ".join(said.split())
    assert run(["queue", "dead", "--json"]) == 0
    assert [row["error"] for row in json.loads(capsys.readouterr().out)] == ["ProcessDied", "OSError"]
    assert run(["queue", "replay", "--all"]) == 0
    with store.read() as session:
        assert dict(deaths(session)) == {("event", dead[0]): 2}
    assert run(["queue", "list"]) == 0
    assert "1 piece is done by itself: a process died with it in hand." in " ".join(capsys.readouterr().out.split())
    assert run(["queue", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["suspects"] == 1


def test_one_is_tried_again_and_on_record(
    dead: list[str], capsys: pytest.CaptureFixture[str], store: Store, ledger: Ledger
) -> None:
    assert run(["queue", "replay", dead[0]]) == 0
    assert waiting(store) == [dead[0]]
    assert run(["queue", "list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["dead"], [(each["kind"], each["count"]) for each in told["pieces"]][-1]) == (1, ("event", 1))
    assert entries(ledger) == [{"change": "replay", "count": 1, "letters": [dead[0]]}]
    assert run(["queue", "replay", dead[0]]) == EXIT_USAGE
    assert ledger.verify().is_sound


def test_all_are_tried_again(dead: list[str], store: Store, ledger: Ledger) -> None:
    assert run(["queue", "replay", "--all"]) == 0
    assert sorted(waiting(store)) == sorted(dead)
    assert run(["queue", "replay", "--all"]) == 0
    assert [facts["count"] for facts in entries(ledger)] == [2]
    assert run(["queue", "replay"]) == EXIT_USAGE


def test_one_is_dropped_with_its_words(dead: list[str], store: Store, ledger: Ledger) -> None:
    assert run(["queue", "drop", dead[0], "--yes"]) == 0
    with store.read() as session:
        assert session.exec(select(DeadLetter.id)).all() == dead[1:]
    assert entries(ledger) == [{"change": "drop", "count": 1, "letters": [dead[0]]}]
    assert run(["queue", "drop", dead[0], "--yes"]) == EXIT_USAGE


def test_nothing_there(capsys: pytest.CaptureFixture[str], store: Store) -> None:
    assert run(["queue", "dead"]) == 0
    assert "Nothing was given up." in capsys.readouterr().out
    assert run(["queue", "list"]) == 0
    said = capsys.readouterr().out
    assert "Nothing waits to be done." in said
    # Of a server's queue several processes may work; what is counted is not they.
    assert ("0 workers give signs of life. A process has two" in said) is (store.file is None)


def test_whoever_is_erased_leaves_none(
    dead: list[str], people: People, ledger: Ledger, store: Store, tmp_path: Path
) -> None:
    erasures = Erasures(store, ledger, people, tmp_path / "erased")
    person = people.person("slack:T1:U1")
    assert erasures.erase(person, by=None, reason="", at=datetime.now(UTC)) is not None
    with store.read() as session:
        assert session.exec(select(DeadLetter.id)).all() == dead[1:]
