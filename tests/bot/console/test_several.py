"""Several consoles over one database, and no balancer that sends somebody to the same one twice."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from stored import stored

from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.audit.signing import SigningKeys
from bot.console import exports
from bot.console.archive import Archive
from bot.console.audit_room import audit_room
from bot.console.me_page import me_room
from bot.console.roster import Roster
from bot.console.sessions import Sessions
from bot.console.tables import Undertaking, UndertakingPiece
from bot.console.undertakings import Undertakings
from bot.people import People
from bot.prescreen import Prescreen
from bot.roles import Roles
from bot.store import Store
from bot.teams import Teams
from rules.draft import Draft
from rules.screening import Screener

pytestmark = pytest.mark.postgres_only("one file has one process")
CARLA = "slack:T1:UCARLA"


@pytest.fixture
def console(
    rig: Any, database: str, seals: Seals, ledger: Ledger, screener: Screener, tmp_path: Path
) -> Iterator[Callable[[], Any]]:
    """Carla's browser at one more process's console: another application with connections of its own."""
    for number, text in enumerate(["Che idioti", "Buongiorno"]):
        Prescreen(screener, ledger)(Draft(text=text, author=CARLA), id=f"s_{number:020x}")
    stores: list[Store] = []

    def start() -> Any:
        store = Store(database)
        stores.append(store)
        people = People(store, seals)
        archive = Archive(
            store=store, ledger=Ledger(store, tmp_path / f"{len(stores)}" / "ledger.head", people), people=people,
            policy=lambda: screener.policy, keys=SigningKeys(tmp_path / "keys"), trusted=list, targets=(),
            period=timedelta(hours=1), erased=tmp_path / "keys" / "erased", exports=tmp_path / "exports",
        )  # fmt: skip
        zone = lambda person: screener.policy.zone  # noqa: E731
        sessions, roles = Sessions(store), Roles(store, archive.ledger)
        roster = Roster(people, roles, Teams(store), archive.holds, archive.ledger, sessions, rig.clock)
        rig.rooms[:] = [audit_room(archive), me_room(roster, archive.subjects, lambda: screener.policy.owners, zone)]
        browser = rig.visitor(CARLA, "compliance")
        browser.archive = archive
        return browser

    yield start
    for store in stores:
        store.close()


def part(browser: Any, page: str) -> str:
    """Once it does not ask to be looked at again."""
    for _ in range(2_000):
        if "hx-get" not in (text := browser.get(page, headers={"HX-Request": "true"}).text):
            return str(text)
    raise AssertionError("it does not come to an end")


def test_an_export_made_at_one_console_is_fetched_once_at_another(
    console: Any, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.console.undertakings._PIECE", 300)
    a, b = console(), console()
    form = {"query": "", "csv": "yes", "words": "yes", "reason": "revisione"}
    assert a.submit("/audit/export", **form).status_code == 303
    assert "L’esportazione è pronta" in part(b, "/audit/export")
    assert b"rows.csv" not in stored(store)  # as a ZIP says it
    answer = b.submit("/audit/export/fetch")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert any(name.endswith("rows.csv") for name in file.namelist())
    assert a.submit("/audit/export/fetch").status_code == 422
    with store.read() as session:
        assert session.exec(select(UndertakingPiece)).all() == session.exec(select(Undertaking)).all() == []
    assert [path for path in (tmp_path / "exports").iterdir() if path.is_dir()] == []


def test_one_that_was_thrown_away_at_one_console_is_gone_at_the_other(console: Any) -> None:
    a, b = console(), console()
    a.submit("/audit/export", query="", csv="yes")
    part(a, "/audit/export")
    b.submit("/audit/export/discard")
    assert a.submit("/audit/export/fetch").status_code == 422


def test_while_one_is_made_nobody_elsewhere_begins_another(console: Any) -> None:
    a, b = console(), console()
    assert a.archive.undertakings.begin("export:somebody", 60)
    answer = b.submit("/audit/export", query="", csv="yes")
    assert answer.status_code == 422
    assert a.archive.undertakings.find("export:somebody").is_running


def test_whoever_is_erased_is_in_no_export_that_waits(console: Any, people: People, store: Store) -> None:
    a, b = console(), console()
    a.submit("/audit/export", query="", csv="yes")
    part(a, "/audit/export")
    b.archive.erasures.erase(people.person("slack:T1:UANNA"), by=people.person(CARLA), reason="x", at=b.archive.now())
    assert a.submit("/audit/export/fetch").status_code == 422
    with store.read() as session:
        assert session.exec(select(UndertakingPiece)).all() == []


def test_one_that_nobody_fetches_goes(console: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "LIFE", 0.0)
    a = console()
    a.submit("/audit/export", query="", csv="yes")
    part(a, "/audit/export")
    a.archive.undertakings.sweep()
    with store.read() as session:
        assert session.exec(select(UndertakingPiece)).all() == []


def test_one_whose_fetching_was_broken_off_does_not_stay(
    console: Any, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = console()
    a.submit("/audit/export", query="", csv="yes")
    part(a, "/audit/export")
    monkeypatch.setattr(exports, "LIFE", 0.1)
    file = exports.SharedExports(a.archive).take(people.person(CARLA))
    assert file is not None
    for _ in range(1_000):
        if not file.parent.exists():
            break
        time.sleep(0.02)
    assert not file.parent.exists()


def test_a_database_that_is_away_when_its_time_is_over_is_no_fault(
    console: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody catches on a thread fails the test."""
    a, asked = console(), threading.Event()
    a.submit("/audit/export", query="", csv="yes")
    part(a, "/audit/export")

    def away(_: Undertakings) -> None:
        asked.set()
        raise RecordError("away", "db")

    monkeypatch.setattr(Undertakings, "sweep", away)
    monkeypatch.setattr(exports, "LIFE", -0.9)
    a.submit("/audit/export", query="", csv="yes")
    assert asked.wait(60)


def test_one_that_is_too_large_to_be_kept_says_so(console: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST", 10)
    a, b = console(), console()
    a.submit("/audit/export", query="", csv="yes")
    assert "troppo grande" in part(b, "/audit/export")


def test_a_verification_at_one_console_is_told_at_the_other(console: Any) -> None:
    a, b = console(), console()
    assert "Non verificato da quando" in b.get("/audit/chain").text
    a.submit("/audit/chain")
    part(b, "/audit/chain")
    assert "Sì: ogni voce" in b.get("/audit/chain").text


def test_a_better_wording_is_made_also_where_nobody_previewed_the_draft(
    rig: Any, screener: Screener, console: Any
) -> None:
    draft = {"text": "Ecco il vaglietto, per voi", "kind": "post", "account": "institutional", "channel": "linkedin"}
    a, b = console(), console()
    a.submit("/try/preview", **draft)
    one, other = (browser.submit("/try/proposal", **draft) for browser in (a, b))
    assert one.status_code == 200
    assert one.text == other.text


def test_what_is_typed_in_turn_at_two_consoles_gets_its_better_wording(
    rig: Any, screener: Screener, console: Any
) -> None:
    rig.is_alone = False
    a, b = elsewhere(console(), console())
    draft = {"kind": "post", "account": "institutional", "channel": "linkedin"}
    a.submit("/try/preview", text="Evviva!!!", **draft)
    b.submit("/try/preview", text="Ecco il vaglietto, per voi", **draft)
    # What the first one was shown last is not what is typed now.
    answer = a.submit("/try/proposal", text="Ecco il vaglietto, per voi", **draft)
    assert answer.status_code == 200
    assert "Vaglio Mini" in answer.text


@pytest.mark.parametrize("path", ["/audit/people/dossier", "/me/dossier"])
def test_a_dossier_is_put_together_by_whichever_console_is_asked(rig: Any, console: Any, path: str) -> None:
    a, b = elsewhere(console(), console())
    form = {"whom": CARLA} if path.startswith("/audit") else {"as": "json"}
    first, second = (browser.post(path, data={"csrf": a.csrf(), **form}) for browser in (a, b))
    told = [_dossier(answer) for answer in (first, second)]
    assert [one["accounts"] for one in told] == [[CARLA], [CARLA]]
    kinds = [[entry["kind"] for entry in one["entries"]] for one in told]
    assert kinds[0].count("screening") == kinds[1].count("screening") == 2
    assert kinds[1].count("look") == kinds[0].count("look") + 1  # that the first was read is on record for the second


def _dossier(answer: Any) -> Any:
    assert answer.status_code == 200
    if answer.headers["content-type"] != "application/zip":
        return answer.json()
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        return json.loads(file.read("subject.json"))


def elsewhere(a: Any, b: Any) -> tuple[Any, Any]:
    """The same browser at both: a balancer asks now the one, now the other."""
    a.csrf()
    b.cookies = a.cookies
    return a, b


# --- What takes long --------------------------------------------------------------------------------------------------


def test_what_takes_longer_than_its_end_would_be_kept_is_seen_all_the_same(store: Store, seals: Seals) -> None:
    moment = [1_000.0]
    undertakings = Undertakings(store, seals.vault, lambda: moment[0])
    run = undertakings.begin("export:p_1", 100)
    assert run
    moment[0] += 50
    undertakings.telling("export:p_1", run)(1, 2)
    moment[0] += 55
    found = undertakings.find("export:p_1")
    assert found
    assert (found.is_running, found.done, found.total) == (True, 1, 2)
    undertakings.sweep()
    undertakings.end("export:p_1", run, result="made", life=100)
    found = undertakings.find("export:p_1")
    assert found
    assert found.result == "made"


def test_what_a_stopped_process_left_is_begun_anew(store: Store, seals: Seals) -> None:
    moment = [1_000.0]
    undertakings = Undertakings(store, seals.vault, lambda: moment[0])
    left = undertakings.begin("verify", 10_000)
    assert left
    assert undertakings.begin("verify", 10_000) is None
    moment[0] += 61
    assert undertakings.find("verify") is None
    again = undertakings.begin("verify", 10_000)
    assert again
    # Whoever comes back has no say any more.
    undertakings.end("verify", left, result="old", life=10_000)
    found = undertakings.find("verify")
    assert found
    assert found.is_running
    undertakings.end("verify", again, result="new", life=100)
    found = undertakings.find("verify")
    assert found
    assert found.result == "new"
    moment[0] += 101
    assert undertakings.find("verify") is None


def test_what_tells_nothing_for_long_is_under_way_all_the_same(
    store: Store, seals: Seals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.console.undertakings._LOOKS", 6_000)
    moment = [1_000.0]
    undertakings = Undertakings(store, seals.vault, lambda: moment[0])
    run = undertakings.begin("verify", 10_000)
    assert run
    with undertakings.held("verify", run):
        moment[0] += 3_600
        for _ in range(2_000):
            if found := undertakings.find("verify"):
                break
            time.sleep(0.01)
        assert found
        assert found.is_running
        assert undertakings.begin("verify", 10_000) is None
    moment[0] += 61
    assert undertakings.find("verify") is None  # whoever held it has let go
