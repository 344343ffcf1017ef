"""The HTTP API over a real record: what a program is told, what is kept, and what it is refused with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
import structlog
from api_made import AT, BASE, Api, Program
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from bot.api.answers import screening_shape
from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.console.clients import Clients
from bot.console.pool import Pool
from bot.people import People
from bot.prescreen import Prescreen, Screening
from bot.store import Store
from bot.tables import Tally
from rules.draft import Draft
from rules.screening import Screener

EVERYTHING = "🎉 Trimestre record!!! Il vaglietto vola, idioti."


@pytest.fixture
def api(screener: Screener, store: Store, ledger: Ledger, people: People) -> Api:
    return Api(Prescreen(screener, ledger), Clients(store, ledger, people), ledger, people, store)


@pytest.fixture
def program(api: Api) -> Program:
    return api.program()


def problem(answer: Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert (said["status"], said["code"], said["type"]) == (status, code, f"urn:vaglio:problem:{code}")
    return said


# --- The answer ------------------------------------------------------------------------------------------------------


def test_a_draft_is_answered_with_all_that_people_are_told(program: Program) -> None:
    answer = program.screen(text=EVERYTHING, channel="linkedin", answer_language="en")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["outcome"], said["language"]) == ("block", "it")
    assert said["title"] == "Please do not publish this as it is"
    by_rule = {finding["rule"]: finding for finding in said["findings"]}
    assert list(by_rule) == ["news.unannounced", "tone.shouting", "names.product", "respect.insults"]
    insult = by_rule["respect.insults"]
    assert insult["clause"] == {
        "id": "1.2", "title": "Respect", "text": "Si parla con rispetto.", "owner": "Press office"
    }  # fmt: skip
    assert (insult["severity"], insult["message"]) == ("block", "This insults somebody.")
    assert insult["suggestion"] == "Say what is wrong, not what the reader is."
    assert by_rule["names.product"]["replacement"] == "Vaglio Mini"
    assert (said["unchecked"], said["not_checked"]) == ([], [])
    assert "Vaglio Mini" in said["rewrite"]["text"]


def test_places_are_told_in_characters_and_in_utf16(program: Program) -> None:
    found = program.screen(text=EVERYTHING).json()["findings"]
    insult = next(finding for finding in found if finding["rule"] == "respect.insults")
    span, utf16 = insult["span"], insult["utf16"]
    assert EVERYTHING[span["start"] : span["end"]] == "idioti"
    units = EVERYTHING.encode("utf-16-le")
    assert units[2 * utf16["start"] : 2 * utf16["end"]].decode("utf-16-le") == "idioti"
    assert span["start"] != utf16["start"]


@given(text=st.text(max_size=30), after=st.text(max_size=10))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_it_stands_both_measures_agree(screener: Screener, text: str, after: str) -> None:
    draft = Draft(text=f"{text} idioti {after}")
    whole = draft.text
    shape = screening_shape(Screening("s_1", AT, draft, screener.screen(draft)), screener.policy, "it")
    units = whole.encode("utf-16-le")
    for finding in shape.findings:
        told = units[2 * finding.utf16.start : 2 * finding.utf16.end].decode("utf-16-le")
        assert told == whole[finding.span.start : finding.span.end]


def test_it_is_on_record_under_the_programs_pseudonym(api: Api, program: Program) -> None:
    said = program.screen(text=EVERYTHING, kind="reply", in_reply_to="Quando esce?", account="support").json()
    (kept,) = api.kept()
    (client,) = api.clients.all()
    assert (kept["subject"], kept["actor"]) == (said["id"], api.people.person(f"api:{client.id}"))
    assert kept["facts"]["draft"]["is_answer"] is True
    assert api.ledger.verify().is_sound


def test_of_a_private_draft_only_a_count_remains(api: Api, program: Program) -> None:
    said = program.screen(text=EVERYTHING, account="private").json()
    assert (said["id"], said["outcome"]) == (None, "block")
    assert api.kept() == []
    with api.store.read() as session:
        assert [tally.count for tally in session.exec(select(Tally)).all()] == [1]


def test_what_a_post_answers_is_not_read(api: Api, program: Program) -> None:
    program.screen(text="Buongiorno", in_reply_to="idioti")
    assert api.kept()[0]["facts"]["draft"]["is_answer"] is False


def test_what_could_not_be_checked_is_told_by_its_kind(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("idioti")

    monkeypatch.setattr("rules.detectors.phrases.Phrases.find", fail)
    answer = program.screen(text="Buongiorno", attachments=["image/png"], answer_language="en")
    said = answer.json()
    assert [(each["rule"], each["reason"]) for each in said["unchecked"]] == [
        ("respect.insults", "error"), ("news.unannounced", "error"), ("attachment", "attachment"),
    ]  # fmt: skip
    assert said["outcome"] == "review"
    assert "respect.insults: it failed." in said["not_checked"]
    assert "idioti" not in answer.text


def test_ones_own_screening_can_be_asked_for_and_anothers_cannot(api: Api, program: Program) -> None:
    said = program.screen(text=EVERYTHING, channel="blog").json()
    found = program.get(f"/api/v1/screenings/{said['id']}")
    assert found.status_code == 200
    told = found.json()
    assert (told["id"], told["outcome"], told["channel"]) == (said["id"], "block", "blog")
    assert [each["span"] for each in told["findings"]] == [each["span"] for each in said["findings"]]
    assert "idioti" not in found.text
    other = api.program("Other")
    problem(other.get(f"/api/v1/screenings/{said['id']}"), 404, "nothing-here")
    for id in (f"s_{'0' * 20}", "s_nope", "%00", "x" * 300):
        problem(program.get(f"/api/v1/screenings/{id}"), 404, "nothing-here")


def test_the_policy_is_told_in_the_language_that_is_asked_for(program: Program, screener: Screener) -> None:
    said = program.get("/api/v1/policy", params={"language": "en"}).json()
    assert said["revision"] == screener.policy.revision
    assert [clause["title"] for clause in said["clauses"]] == [
        "Respect", "A calm voice", "Our names", "News in due time",
    ]  # fmt: skip
    assert program.get("/api/v1/policy").json()["clauses"][0]["owner"] == "Ufficio stampa"


# --- Once, however often ---------------------------------------------------------------------------------------------


def test_the_same_key_and_draft_are_one_screening(api: Api, program: Program) -> None:
    key = {"Idempotency-Key": "post-17"}
    answers = [program.screen(key, text=EVERYTHING).json() for _ in range(3)]
    assert len({answer["id"] for answer in answers}) == 1
    assert len(api.kept()) == 1
    assert program.screen(key, text="Buongiorno").json()["id"] != answers[0]["id"]
    assert program.screen({"Idempotency-Key": "post-18"}, text=EVERYTHING).json()["id"] != answers[0]["id"]
    assert program.screen(text=EVERYTHING).json()["id"] != answers[0]["id"]
    assert api.program("Other").screen(key, text=EVERYTHING).json()["id"] != answers[0]["id"]


async def test_the_same_key_many_times_at_once_is_one_screening(api: Api) -> None:
    headers = {"Idempotency-Key": "post-17", "Authorization": f"Bearer {api.token()}"}
    transport = httpx.ASGITransport(api.app())
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as program:
        asked = [program.post("/api/v1/screenings", json={"text": EVERYTHING}) for _ in range(6)]
        answers = [answer.json() for answer in await asyncio.gather(*asked)]
    assert len({answer["id"] for answer in answers}) == 1
    assert len(api.kept()) == 1


def test_a_key_is_counted_once(api: Api) -> None:
    api.rate = 1
    program = api.program()
    assert [program.screen({"Idempotency-Key": "a"}, text="Ciao").status_code for _ in range(3)] == [200] * 3
    problem(program.screen({"Idempotency-Key": "b"}, text="Ciao"), 429, "rate")


def test_what_is_said_anew_is_kept_anew(api: Api, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"Idempotency-Key": "post-17"}
    with monkeypatch.context() as broken:
        broken.setattr("rules.detectors.phrases.Phrases.find", lambda *_: [][1])
        first = program.screen(key, text=EVERYTHING).json()
    second = program.screen(key, text=EVERYTHING).json()
    assert first["outcome"] != second["outcome"]
    on_record = {each["subject"]: each["facts"]["outcome"] for each in api.kept()}
    assert on_record == {first["id"]: first["outcome"], second["id"]: second["outcome"]}


# --- Refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [None, "", "Bearer", "Bearer ", "Bearer vgl_x", "Basic dmdsOng=", "vgl_x", "Bearer é"])
@pytest.mark.parametrize("path", ["/screenings", "/policy", "/nothing", "/"])
def test_without_a_token_there_is_nothing(api: Api, sent: str | None, path: str) -> None:
    headers = {} if sent is None else {"Authorization": sent.encode()}
    answer = api.stranger().request("POST", f"/api/v1{path}", headers=headers, content=b"{")  # type: ignore[arg-type]
    problem(answer, 401, "token")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_ended_program_is_a_stranger_at_once(api: Api, program: Program) -> None:
    assert program.screen(text="Ciao").status_code == 200
    (client,) = api.clients.all()
    api.clients.end(client.id, client.by, AT)
    problem(program.screen(text="Ciao"), 401, "token")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": " \n "}, "text"),
        ({"text": None}, "text"),
        ({"text": "\ud800 idiota"}, "text"),
        ({"text": "Ciao", "kind": "idiota"}, "kind"),
        ({"text": "Ciao", "account": "idiota"}, "account"),
        ({"text": "Ciao", "channel": ["idiota"]}, "channel"),
        ({"text": "Ciao", "attachments": ["idiota"]}, "attachments"),
        ({"text": "Ciao", "attachments": ["image/png"] * 21}, "attachments"),
        ({"text": "Ciao", "answer_language": "idiota"}, "answer_language"),
        ({"text": "Ciao", "idiota": 1}, None),
    ],
)
def test_what_is_wrong_is_named_and_never_repeated(program: Program, fields: dict[str, object], field: str) -> None:
    answer = program.post(
        "/api/v1/screenings", content=json.dumps(fields), headers={"Content-Type": "application/json"}
    )
    said = problem(answer, 422, "form")
    assert said["faults"][0]["field"] == field
    assert "idiota" not in answer.text


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"", "application/json", 422, "form"),
        (b"idiota", "application/json", 422, "form"),
        (b'"idiota"', "application/json", 422, "form"),
        (b'{"text": "idiota"}', "text/plain", 422, "form"),
        (b'{"text": "idiota"}', "application/json; charset=nowhere", 200, None),
        (b'{"text": "\xff idiota"}', "application/json", 400, "request"),
        (b'{"text": "idiota", "kind": ' + b"[" * 100_000, "application/json", 400, "request"),
        (b"text=idiota", "application/x-www-form-urlencoded", 422, "form"),
    ],
)
def test_what_is_no_json_is_refused(program: Program, content: bytes, kind: str, status: int, code: str) -> None:
    answer = program.post("/api/v1/screenings", content=content, headers={"Content-Type": kind})
    if code:
        problem(answer, status, code)
        assert "idiota" not in answer.text
    assert answer.status_code == status


def test_a_draft_that_is_too_long_is_told_its_length(program: Program) -> None:
    said = problem(program.screen(text="idiota " * 2_000, answer_language="en"), 422, "too-long")
    assert (said["length"], said["limit"]) == (14_000, 10_000)
    assert "idiota" not in json.dumps(said)
    for kind in ("post", "reply"):
        problem(program.screen(text="Ciao", kind=kind, in_reply_to="a" * 10_001), 422, "too-long")


def test_a_draft_of_nothing_but_invisible_signs_is_empty(program: Program) -> None:
    problem(program.screen(text="\u200b\u200b"), 422, "empty")


def test_the_longest_draft_in_the_longest_spelling_is_taken_and_more_is_not(api: Api, program: Program) -> None:
    def send(text: str) -> Response:
        content = json.dumps({"text": text, "kind": "reply", "in_reply_to": text})
        return program.post("/api/v1/screenings", content=content, headers={"Content-Type": "application/json"})

    assert send("🎉" * 10_000).status_code == 200
    kept = len(api.kept())
    problem(send("🎉" * 11_000), 413, "too-large")
    assert len(api.kept()) == kept


def test_too_many_in_a_minute_are_told_when_to_come_again(api: Api) -> None:
    api.rate = 2
    program = api.program()
    answers = [program.screen(text="Ciao", answer_language="en") for _ in range(3)]
    # A minute may end between two of them.
    turned = answers[-1] if answers[-1].status_code == 429 else program.screen(text="Ciao", answer_language="en")
    said = problem(turned, 429, "rate")
    assert 1 <= int(turned.headers["retry-after"]) <= 60
    assert "Try again in" in said["detail"]
    assert api.program("Other").screen(text="Ciao").status_code == 200


def test_where_too_many_wait_it_is_said_that_nothing_was_checked(api: Api) -> None:
    api.checks = Pool(1, 0)
    answer = api.program().screen(text="idiota")
    assert "NOT checked" in problem(answer, 503, "busy")["detail"]
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("error", "code"), [(RecordError("full", "/srv/idiota"), "record"), (ValueError("idiota"), "not-checked")]
)
def test_without_a_record_there_is_no_verdict(
    api: Api, program: Program, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(api.ledger, "append", fail)
    with structlog.testing.capture_logs() as logs:
        answer = program.screen(text="idiota")
    said = problem(answer, 503, code)
    assert "outcome" not in said
    assert "idiota" not in answer.text
    assert [log["event"] for log in logs] == ["screening.failed"]
    assert "idiota" not in repr([{**log, "remedy": ""} for log in logs])


@pytest.mark.parametrize("path", ["/screenings/", "/", "/policy/", "/openapi.json/", "/docs", "/%0A"])
def test_elsewhere_there_is_nothing(program: Program, path: str) -> None:
    problem(program.get(f"/api/v1{path}"), 404, "nothing-here")


@pytest.mark.parametrize(("method", "path"), [("GET", "/screenings"), ("DELETE", "/policy"), ("POST", "/policy")])
def test_other_methods_are_refused(program: Program, method: str, path: str) -> None:
    answer = program.request(method, f"/api/v1{path}")
    problem(answer, 405, "method")
    assert answer.headers["allow"]


# --- Around it -------------------------------------------------------------------------------------------------------


def test_no_cookie_no_other_origin_and_nothing_kept(api: Api, program: Program) -> None:
    answers = [program.screen(text="Ciao"), api.stranger().get("/api/v1/policy"), program.get("/api/v1/nothing")]
    for answer in answers:
        assert "set-cookie" not in answer.headers
        assert not any(name.startswith("access-control") for name in answer.headers)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_unforeseen_error_tells_nothing(api: Api, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("idiota")

    monkeypatch.setattr("bot.api.screenings.draft_of", fail)
    with structlog.testing.capture_logs() as logs:
        answer = program.screen(text="Ciao idiota")
    problem(answer, 500, "not-checked")
    assert "idiota" not in answer.text + repr(logs)


def test_the_page_has_no_session_by_a_token(program: Program) -> None:
    assert program.get("/link").status_code == 401


def test_opinions_are_told_to_no_program(api: Api, program: Program, screener: Screener) -> None:
    screen = screener.screen

    def telling(*arguments: Any) -> Any:
        verdict = screen(*arguments)
        return replace(verdict, findings=tuple(replace(each, tells_opinion=True) for each in verdict.findings))

    api.prescreen.screener = _with(screener, telling)
    said = program.screen(text="Un vaglietto").json()
    assert said["findings"] == []


def _with(screener: Screener, screen: Callable[..., Any]) -> Any:
    class Telling:
        def __getattr__(self, name: str) -> Any:
            return screen if name == "screen" else getattr(screener, name)

    return Telling()
