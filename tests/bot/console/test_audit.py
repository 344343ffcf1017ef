"""The record's pages: found, told, looked at, verified, unmasked, held, erased and exported, each by whoever may."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tampering import opened as opened_behind_our_back

from bot.audit import verifier
from bot.audit.errors import RecordError
from bot.audit.holds import Holds
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.signing import SigningKeys
from bot.audit.targets import Target
from bot.console.archive import Archive
from bot.console.audit_query import read_address, read_query
from bot.console.audit_room import audit_room
from bot.console.exports import Exports
from bot.console.job import Job
from bot.people import People
from bot.prescreen import Prescreen
from bot.store import Store
from rules.draft import Channel, Draft
from rules.screening import Screener

ANNA, BRUNO, CARLA = "slack:T1:UANNA", "slack:T1:UBRUNO", "slack:T1:UCARLA"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def archive(store: Store, ledger: Ledger, people: People, screener: Screener, tmp_path: Path) -> Archive:
    return Archive(
        store=store, ledger=ledger, people=people, policy=lambda: screener.policy, keys=SigningKeys(tmp_path / "keys"),
        trusted=lambda: [SigningKeys(tmp_path / "keys").signer().public], targets=(), period=timedelta(hours=1),
        erased=tmp_path / "keys" / "erased", exports=tmp_path / "exports",
    )  # fmt: skip


@pytest.fixture
def audited(rig: Any, archive: Archive, screener: Screener, ledger: Ledger) -> Any:
    """The console with the record's pages over a record of six checks."""
    rig.rooms.append(audit_room(archive))
    check = Prescreen(screener, ledger)
    texts = ["Che idioti", "Un trimestre record", "Il vaglietto", "Evviva!!!", f"Buongiorno {HOSTILE}", "Buongiorno"]
    for number, text in enumerate(texts, 1):
        author, channel = (ANNA, Channel.LINKEDIN) if number % 2 else (BRUNO, Channel.X)
        check(Draft(text=text, author=author, channel=channel), id=f"s_{number:020x}")
    return rig


@pytest.fixture
def carla(audited: Any) -> Any:
    return audited.visitor(CARLA, "compliance")


def _kinds(ledger: Ledger) -> list[str]:
    return [entry.kind for entry in reversed(ledger.entries()) if entry.kind not in ("role", "sign_in")]


def _last(ledger: Ledger) -> dict[str, Any]:
    return dict(json.loads(ledger.entries(newest=1)[0].body))


# --- Finding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "title", "check"), [("it", "Registro", "un controllo"), ("en", "Record", "a check")]
)
def test_the_record_is_listed_in_the_readers_language(carla: Any, language: str, title: str, check: str) -> None:
    carla.submit("/language", language=language, back="/audit")
    page = carla.get("/audit").text
    assert f"<h1>{title}</h1>" in page
    assert page.count(check) >= 6
    assert f'<html lang="{language}">' in page
    for word in ("idioti", "trimestre", "vaglietto", "alert(1)"):
        assert word not in page


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("outcome=block", [1]), ("rule=respect.insults", [1]), ("rule=n*", [3, 2]), ("clause=4.1", [2]),
        ("channel=x", [6, 4, 2]), ("part=finding&outcome=review", [2]), ("text=trimestre+rec*", [2]),
        ("text=%22un+trimestre%22", [2]), ("text=nowhere", []), ("since=2020-01-01&until=2020-02-01", []),
        ("kind=screening&after=3", [2, 1]), ("outcome=clear&text=buongiorno", [6, 5]), ("text=%2C%2C", []),
    ],
)  # fmt: skip
def test_every_filter_of_the_address_counts(carla: Any, address: str, found: list[int]) -> None:
    page = carla.get(f"/audit?{address}").text
    assert [int(seq) for seq in re.findall(r'href="/audit/entries/(\d+)"', page)] == found
    if not found:
        assert "Con meno filtri" in page


def test_beside_whoever_has_the_index_a_search_says_what_is_missing(
    carla: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    carla.get("/audit")
    monkeypatch.setattr(Index, "caught_up", lambda _: 3)
    page = carla.get("/audit?kind=screening").text
    assert "Le 3 voci più recenti non ci sono ancora" in page
    monkeypatch.setattr(Index, "caught_up", lambda _: 0)
    assert "non ci sono ancora" not in carla.get("/audit?kind=screening").text

    def busy(_: Index) -> int:
        raise RecordError("index", "db")

    monkeypatch.setattr(Index, "caught_up", busy)
    answer = carla.get("/audit")
    assert answer.status_code == 503
    assert "<h1>L’indice di ricerca è occupato</h1>" in answer.text
    assert "Le bozze vengono controllate come sempre." in answer.text
    assert "Non si può usare" not in answer.text


def test_a_person_is_found_by_their_pseudonym(carla: Any, people: People) -> None:
    page = carla.get("/audit", params={"person": people.person(ANNA), "kind": "screening"}).text
    assert re.findall(r'href="/audit/entries/(\d+)"', page) == ["5", "3", "1"]


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("outcome=green", {"outcome"}), ("since=tomorrow", {"since"}), ("part=x&kind=y", {"part", "kind"}),
        ("since=2026-02-02&until=2026-02-01", {"until"}), ("since=2026-02-01&until=2026-02-01", set()),
        ("channel=x&account=support&ruling=approved", set()), ("since=0001-01-01&until=9999-12-31", set()),
    ],
)  # fmt: skip
def test_what_means_nothing_is_told_and_filters_nothing(
    carla: Any, screener: Screener, address: str, wrong: set[str]
) -> None:
    query = read_address(address, screener.policy.zone)
    assert query.wrong == wrong
    assert read_address(query.address, screener.policy.zone) == query
    page = carla.get(f"/audit?{address}")
    assert page.status_code == 200
    assert ("Non capito" in page.text) is bool(wrong)


@pytest.mark.parametrize("after", ["0", "-1", "x", "99999999999", "²", ""])
def test_a_number_that_is_none_is_left_out(screener: Screener, after: str) -> None:
    assert read_query({"after": after}, screener.policy.zone).after is None


def test_there_are_pages_and_no_counts(carla: Any, audited: Any, screener: Screener, ledger: Ledger) -> None:
    check = Prescreen(screener, ledger)
    for _ in range(60):
        check(Draft(text="Buongiorno", author=ANNA))
    page = carla.get("/audit?kind=screening").text
    assert "Più di 50 voci" in page
    address = re.search(r'href="(/audit\?kind=screening&amp;after=\d+)"', page)
    assert address
    rest = carla.get(address[1].replace("&amp;", "&")).text
    assert len(re.findall(r'href="/audit/entries/(\d+)"', rest)) == 16


def test_an_entry_is_opened_by_its_number_or_id(carla: Any) -> None:
    assert carla.get("/audit/find", params={"name": "2"}).headers["location"] == "/audit/entries/2"
    assert carla.get("/audit/find", params={"name": f" s_{3:020x} "}).headers["location"] == "/audit/entries/3"
    for name in ("s_nobody", "999", "\0", "²", HOSTILE):
        answer = carla.get("/audit/find", params={"name": name})
        assert answer.status_code == 404
        assert "Questa voce non c’è" in answer.text
        assert HOSTILE not in answer.text


def test_searches_are_kept_for_whoever_kept_them(carla: Any, audited: Any) -> None:
    answer = carla.submit("/audit/searches", name=HOSTILE, query="outcome=block&evil=1&after=3")
    assert answer.headers["location"] == "/audit?outcome=block"
    page = carla.get("/audit").text
    assert 'href="/audit?outcome=block"' in page
    assert HOSTILE not in page
    other = audited.visitor("slack:T1:UDARIO", "compliance")
    assert 'href="/audit?outcome=block"' not in other.get("/audit").text
    (id,) = re.findall(r'name="id" value="(f_\w+)"', page)
    other.submit("/audit/searches/delete", id=id, query="")
    assert id in carla.get("/audit").text
    carla.submit("/audit/searches/delete", id=id, query="")
    assert id not in carla.get("/audit").text
    assert carla.submit("/audit/searches", name=" ", query="").status_code == 422


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_words_are_shown_with_a_reason_and_on_record(carla: Any, ledger: Ledger, people: People) -> None:
    before = _kinds(ledger)
    page = carla.get("/audit/entries/1").text
    assert "conservate, sigillate" in page
    assert "idioti" not in page
    assert carla.submit("/audit/entries/1/words", which="entry", reason=" ").status_code == 422
    assert _kinds(ledger) == before
    page = carla.submit("/audit/entries/1/words", which="entry", reason=f"reclamo {HOSTILE}").text
    assert '<mark class="block">idioti</mark>' in page
    said = _last(ledger)
    assert (said["kind"], said["actor"]) == ("look", people.person(CARLA))
    assert said["facts"] == {"why": "show", "entries": [[1, 1]]}
    assert "una voce mostrata" in page
    # The reason is sealed, and escaped like everything else when it is read in its turn.
    number = said["seq"]
    assert "reclamo" not in carla.get(f"/audit/entries/{number}").text
    reason = carla.submit(f"/audit/entries/{number}/words", which="entry", reason="controllo").text
    assert "reclamo &lt;script&gt;" in reason
    assert HOSTILE not in reason
    assert ledger.verify().is_sound


def test_words_of_what_was_found_are_marked(carla: Any, ledger: Ledger) -> None:
    page = carla.submit("/audit", query="text=trim*", reason="verifica", after="").text
    assert '<mark class="found">trimestre</mark>' in page
    assert _last(ledger)["facts"] == {"why": "search", "entries": [[2, 2]]}
    page = carla.submit("/audit", query="outcome=clear", reason="verifica", after="").text
    assert "Buongiorno &lt;script&gt;" in page
    assert HOSTILE not in page
    assert carla.submit("/audit", query="outcome=clear", reason="").status_code == 422


@pytest.mark.parametrize(
    ("language", "story", "hash"), [("it", "Tutta la storia", "Impronta"), ("en", "The whole story", "Hash")]
)
def test_an_entry_is_told_with_its_story_and_its_place(
    carla: Any, ledger: Ledger, language: str, story: str, hash: str
) -> None:
    carla.submit("/language", language=language, back="/audit")
    page = carla.get("/audit/entries/2").text
    entry = ledger.entry("2")
    assert entry is not None
    assert entry.hash in page
    for said in (story, hash, "news.unannounced", "Notizie a tempo debito" if language == "it" else "News in due time"):
        assert said in page
    assert carla.get(f"/audit/entries/s_{2:020x}").text.count(entry.hash) == page.count(entry.hash)
    assert carla.get("/audit/entries/999").status_code == 404


# --- The chain -------------------------------------------------------------------------------------------------------


def test_the_chain_is_verified_on_the_page(carla: Any, archive: Archive, ledger: Ledger) -> None:
    assert "Non verificato da quando" in carla.get("/audit/chain").text
    assert carla.submit("/audit/chain").headers["location"] == "/audit/chain"
    assert archive.verifying is not None
    assert archive.verifying.wait(30)
    page = carla.get("/audit/chain").text
    last = ledger.entries(newest=1)[0].seq
    assert "Sì: ogni voce" in page
    assert f"fino alla voce {last}" in page
    assert "Fuori da questa macchina nessuno conserva checkpoint" in page
    part = carla.get("/audit/chain", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "hx-get" not in part


def test_what_was_tampered_with_is_named(carla: Any, archive: Archive, store: Store) -> None:
    assert store.file
    with opened_behind_our_back(store.file) as file:
        file.execute("UPDATE entry SET body = CAST(replace(body, 'linkedin', 'facebook') AS BLOB) WHERE seq = 3")
    archive.verify().wait(30)
    page = carla.get("/audit/chain").text
    assert "No: qualcosa non è come fu scritto" in page
    assert "Voce 3:" in page
    assert "I suoi byte non sono quelli" in carla.get("/audit/entries/3").text


def test_places_of_checkpoints_are_told(carla: Any, archive: Archive, tmp_path: Path) -> None:
    archive.targets = (Target("dir", str(tmp_path / "evidence")), Target("webhook", "https://u:secret@example.org/x"))
    archive.checkpoints.make(archive.now())
    page = carla.get("/audit/chain").text
    assert str(tmp_path / "evidence") in page
    assert "secret" not in page
    assert "ancora niente" in page
    assert "Numero 1" in page
    assert "Il checkpoint 1 è firmato" in carla.get("/audit/entries/1").text


def test_an_index_that_is_far_behind_is_made_apart(carla: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.console.archive._MANY", 1)
    page = carla.get("/audit")
    assert page.status_code == 200
    monkeypatch.undo()
    for _ in range(100):
        if carla.get("/audit/indexing").headers.get("HX-Redirect") == "/audit":
            break
    assert "6 voci" in carla.get("/audit?kind=screening").text


def test_a_job_says_how_far_it_is_and_what_it_raised() -> None:
    done: Job[int] = Job("test", lambda progress: progress(1, 2) or 7)  # type: ignore[func-returns-value]
    assert done.wait(10)
    assert (done.result, done.error, done.done, done.total) == (7, None, 1, 2)
    failed: Job[int] = Job("test", lambda progress: 1 // 0)
    assert failed.wait(10)
    assert isinstance(failed.error, ZeroDivisionError)
    assert failed.result is None


# --- People ----------------------------------------------------------------------------------------------------------


def test_a_name_is_told_on_record(carla: Any, ledger: Ledger, people: People) -> None:
    anna = people.person(ANNA)
    assert anna in carla.get("/audit/people", params={"person": anna}).text
    answer = carla.submit("/audit/people/unmask", whom=anna, reason=HOSTILE)
    assert f"{anna}: {ANNA}" in answer.text
    said = _last(ledger)
    assert (said["kind"], said["actor"], said["facts"]) == ("unmask", people.person(CARLA), {"person": anna})
    refused = carla.submit("/audit/people/unmask", whom=anna, reason="  ")
    assert refused.status_code == 422
    assert ANNA not in refused.text
    nobody = carla.submit("/audit/people/unmask", whom=HOSTILE, reason="x")
    assert nobody.status_code == 422
    assert HOSTILE not in nobody.text


def test_where_two_are_needed_the_second_one_agrees(
    carla: Any, audited: Any, archive: Archive, people: People, ledger: Ledger
) -> None:
    archive.needs_two = True
    anna = people.person(ANNA)
    asked = carla.submit("/audit/people/unmask", whom=anna, reason="reclamo")
    assert ANNA not in asked.text
    assert _last(ledger)["kind"] == "unmask_request"
    assert 'name="request"' not in carla.get("/audit/people").text
    (request,) = archive.unmasking.waiting(archive.now())
    assert carla.submit("/audit/people/agree", request=request.id).status_code == 422
    other = audited.visitor("slack:T1:UDARIO", "compliance")
    assert request.id in other.get("/audit/people").text
    agreed = other.submit("/audit/people/agree", request=request.id)
    assert f"{anna}: {ANNA}" in agreed.text
    assert request.id not in other.get("/audit/people").text
    # By an account alone: the dossier would say whose the pseudonym is.
    assert carla.submit("/audit/people/dossier", whom=anna).status_code == 422
    assert carla.submit("/audit/people/dossier", whom=ANNA).headers["content-type"] == "application/zip"


def test_a_hold_keeps_from_erasing_and_is_lifted(carla: Any, store: Store, ledger: Ledger, people: People) -> None:
    ordered = carla.submit("/audit/people/hold", whom=ANNA, reason="causa")
    (hold,) = Holds(store, ledger).standing()
    assert f"{hold.id} è in vigore" in ordered.text
    assert hold.person == people.person(ANNA)
    held = carla.submit("/audit/people/erase", whom=ANNA, reason="chiesto", again=ANNA)
    assert held.status_code == 422
    assert f"lo vieta un blocco legale ({hold.id})" in held.text
    assert people.is_known(ANNA)
    assert carla.submit("/audit/people/release", hold=hold.id, reason=" ").status_code == 422
    assert "è tolto" in carla.submit("/audit/people/release", hold=hold.id, reason="finita").text
    assert carla.submit("/audit/people/release", hold=hold.id, reason="finita").status_code == 422
    assert carla.submit("/audit/people/hold", whom="", reason="causa").status_code == 422
    assert carla.submit("/audit/people/hold", whom=ANNA, everybody="yes", reason="causa").status_code == 422
    carla.submit("/audit/people/hold", whom="", everybody="yes", reason="causa")
    (hold,) = Holds(store, ledger).standing()
    assert hold.person is None


def test_erasing_wants_the_same_written_twice(carla: Any, ledger: Ledger, people: People, archive: Archive) -> None:
    anna = people.person(ANNA)
    for again in ("", ANNA.lower(), anna):
        assert carla.submit("/audit/people/erase", whom=ANNA, reason="chiesto", again=again).status_code == 422
    assert people.is_known(ANNA)
    answer = carla.submit("/audit/people/erase", whom=ANNA, reason="chiesto", again=ANNA)
    assert answer.status_code == 200
    assert anna in answer.text
    people.look_again()
    assert not people.is_known(ANNA)
    assert archive.erased.read_text(encoding="ascii").split() == [anna]
    said = _last(ledger)
    assert (said["kind"], said["actor"], said["subject"]) == ("erasure", people.person(CARLA), anna)
    page = carla.get("/audit/entries/1").text
    assert "cancellate con la persona" in page
    assert "una persona cancellata" in page
    assert carla.submit("/audit/people/erase", whom=ANNA, reason="chiesto", again=ANNA).status_code == 422
    assert ledger.verify().is_sound


def test_a_dossier_is_a_page_and_json(carla: Any, ledger: Ledger, people: People) -> None:
    answer = carla.submit("/audit/people/dossier", whom=ANNA)
    assert answer.headers["content-disposition"] == 'attachment; filename="subject.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        said = json.loads(file.read("subject.json"))
        page = file.read("subject.html").decode()
    assert said["accounts"] == [ANNA]
    assert BRUNO not in json.dumps(said)
    assert HOSTILE not in page
    assert (_last(ledger)["kind"], _last(ledger)["facts"]["why"]) == ("look", "subject")
    assert _last(ledger)["actor"] == people.person(CARLA)
    assert carla.submit("/audit/people/dossier", whom="p_nobody").status_code == 422


# --- Exports ---------------------------------------------------------------------------------------------------------


def _waiting(place: Path) -> list[Path]:
    """The folders of exports that lie here."""
    return [path for path in (place / "exports").iterdir() if path.is_dir()]


def _exported(carla: Any, **fields: str) -> bytes:
    assert carla.submit("/audit/export", **fields).status_code == 303
    for _ in range(300):
        part = carla.get("/audit/export", headers={"HX-Request": "true"}).text
        if "hx-get" not in part:
            break
    assert "L’esportazione è pronta" in part
    answer = carla.submit("/audit/export/fetch")
    assert answer.headers["content-type"] == "application/zip"
    return bytes(answer.content)


def test_an_export_is_fetched_once_and_can_be_checked(
    carla: Any, ledger: Ledger, people: People, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = _exported(
        carla, query="outcome=block", csv="yes", jsonl="yes", words="yes", reason="revisione", chain="whole"
    )
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        file.extractall(tmp_path / "out")
        assert set(Path(name).name for name in file.namelist()) >= {
            "rows.csv",
            "rows.jsonl",
            "words.jsonl",
            "verify.py",
        }
    folder = tmp_path / "out" / "vaglio-export"
    assert verifier.main([str(folder)]) == 0
    assert "idioti" in (folder / "words.jsonl").read_text(encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["by"], manifest["filters"]) == (people.person(CARLA), {"outcome": "block"})
    kinds = _kinds(ledger)
    assert kinds[-2:] == ["look", "export"]
    assert _waiting(tmp_path) == []
    gone = carla.submit("/audit/export/fetch")
    assert gone.status_code == 422
    assert "non c’è più" in gone.text


def test_an_export_in_csv_has_the_separator_that_was_chosen_and_italian_proposes_semicolons(
    carla: Any, tmp_path: Path
) -> None:
    page = carla.get("/audit/export").text
    assert 'name="separator" value="semicolon" checked' in page
    assert 'name="separator" value="comma" checked' not in page
    for separator, heading in (("semicolon", "seq;at;kind"), ("comma", "seq,at,kind"), ("", "seq,at,kind")):
        packed = _exported(carla, query="", csv="yes", separator=separator)
        with zipfile.ZipFile(io.BytesIO(packed)) as file:
            assert file.read("vaglio-export/rows.csv").decode("utf-8-sig").startswith(heading), separator
    carla.submit("/language", language="en")
    assert 'name="separator" value="comma" checked' in carla.get("/audit/export").text


def test_an_export_is_its_makers_alone_and_can_be_thrown_away(carla: Any, audited: Any, tmp_path: Path) -> None:
    carla.submit("/audit/export", query="", csv="yes")
    while "hx-get" in carla.get("/audit/export", headers={"HX-Request": "true"}).text:
        pass
    other = type(carla)(carla.app, base_url=carla.base_url, client=("127.0.0.1", 50_000), follow_redirects=False)
    other.cookies = audited.visitor("slack:T1:UDARIO", "compliance").cookies
    (folder,) = _waiting(tmp_path)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert other.submit("/audit/export/fetch").status_code == 422
    carla.submit("/audit/export/discard")
    assert _waiting(tmp_path) == []


def test_once_somebody_is_erased_no_export_from_before_is_handed_out(
    carla: Any, archive: Archive, people: People, tmp_path: Path
) -> None:
    carla.submit("/audit/export", query="", csv="yes", words="yes", reason="revisione")
    while "hx-get" in carla.get("/audit/export", headers={"HX-Request": "true"}).text:
        pass
    assert len(_waiting(tmp_path)) == 1
    archive.erasures.erase(people.person(ANNA), by=people.person(CARLA), reason="x", at=archive.now())
    assert carla.submit("/audit/export/fetch").status_code == 422
    assert _waiting(tmp_path) == []


@pytest.mark.parametrize("fields", [{"query": ""}, {"csv": "yes", "words": "yes", "reason": " "}])
def test_an_export_without_format_or_reason_is_none(carla: Any, ledger: Ledger, fields: dict[str, str]) -> None:
    before = _kinds(ledger)
    assert carla.submit("/audit/export", **fields).status_code == 422
    assert _kinds(ledger) == before


def test_what_a_stopped_process_left_is_cleared_away_at_the_next_start(archive: Archive) -> None:
    left = archive.exports / "left"
    left.mkdir(parents=True)
    (left / "words.jsonl").write_text("x", encoding="utf-8")
    Exports(archive)
    assert not left.exists()


# --- Who may, and in a browser ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("titles", [(), ("admin",), ("communications",), ("owner:legal",)])
def test_nobody_else_reads_any_of_it(audited: Any, titles: tuple[str, ...]) -> None:
    browser = audited.visitor("slack:T1:UELENA", *titles)
    for path in ("/audit", "/audit/entries/1", "/audit/chain", "/audit/people", "/audit/export", "/audit/find?name=1"):
        assert browser.get(path).status_code == 403
    assert 'href="/audit"' not in browser.get("/try").text


def test_a_record_that_cannot_be_read_says_why(carla: Any, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.audit.errors import RecordError

    def locked(*_: object, **__: object) -> None:
        raise RecordError("locked", "vaglio.db")

    monkeypatch.setattr("bot.audit.index.Index.search", locked)
    answer = carla.get("/audit")
    assert answer.status_code == 503
    assert "vaglio.db" in answer.text


@pytest.mark.browser
def test_compliance_finds_reads_and_verifies_in_a_browser(
    audited: Any, opened: Callable[..., Page], ledger: Ledger, archive: Archive
) -> None:
    page = opened()
    page.goto(page.url.replace("/try", "/audit"))
    page.get_by_label("Parole", exact=True).fill("trimestre")
    page.get_by_role("button", name="Cerca").click()
    expect(page.get_by_role("heading", name="1 voce")).to_be_visible()
    page.get_by_role("link", name="2", exact=True).click()
    expect(page.get_by_role("heading", name="Voce 2")).to_be_visible()
    page.get_by_label("Perché").fill("reclamo 7")
    page.get_by_role("button", name="Mostra le parole").click()
    expect(page.locator("mark.review").first).to_have_text("trimestre record")
    page.get_by_role("link", name="Catena", exact=True).click()
    page.get_by_role("button", name="Verifica ora").click()
    # Without another click: the page asks how far it is.
    expect(page.get_by_text("Sì: ogni voce")).to_be_visible()
    assert _last(ledger)["kind"] == "look"
