"""The policy's pages: read by everybody, changed by proposals, and only by whom that is for."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from axe_playwright_python.sync_playwright import Axe
from browsing.crawling import forms
from browsing.serving import Opener, serving
from httpx2 import Response
from playwright.sync_api import Browser, Page, expect
from small_policy import POLICY

from bot.audit.counts import RuleCounts
from bot.console.policy_page import policy_room
from bot.console.proposal_page import proposal_room
from bot.live import _Follower
from bot.prescreen import Prescreen
from bot.proposals.backtests import Backtests
from bot.proposals.proposals import Proposals
from bot.revisions import Revisions
from bot.store import Store
from rules.assembly import load_policy
from rules.draft import Draft
from rules.policy import Policy
from rules.screening import Screener

DARIO, ELENA = ("slack:T1:UDARIO", "communications"), ("slack:T1:UELENA", "admin")
ANNA, CARLA = ("slack:T1:UANNA",), ("slack:T1:UCARLA", "compliance")
COUNTS = {"respect.insults": RuleCounts("respect.insults", fired=41, overridden=7, overturned=3)}

SMALL = f"\n# The policy of a small company.{POLICY}"
HERE = r"/policy/proposals/(w_[0-9a-f]+)"


@dataclass
class Desk:
    """The policy's pages over a policy of their own, which is put in force as `vaglio run` does."""

    rig: Any
    proposals: Proposals
    revisions: Revisions

    def visitor(self, who: tuple[str, ...], **more: object) -> Any:
        return self.rig.visitor(*who, **more)

    def follow(self) -> None:
        _Follower(self.rig.prescreen, Screener, self.revisions).look()

    def begin(self, browser: Any, **fields: str) -> str:
        """The id of a new proposal."""
        found = re.match(HERE, browser.submit("/policy/proposals", note="Una prova", **fields).headers["location"])
        assert found
        return found[1]


@pytest.fixture
def build(rig: Any, store: Store, tmp_path: Path) -> Callable[..., Desk]:
    def built(people: int = 1) -> Desk:
        path = tmp_path / "own" / "small.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(SMALL, encoding="utf-8")
        rig.prescreen.screener = Screener(load_policy(path))
        revisions = Revisions(store, tmp_path / "data" / "policies", rig.cabinet.ledger)
        proposals = Proposals(store, rig.cabinet.ledger, revisions, path, None, None, people=people)

        def policy() -> Policy:
            return rig.prescreen.screener.policy

        rig.rooms = [
            policy_room(policy, revisions, proposals, lambda: COUNTS),
            proposal_room(policy, proposals, Backtests(store, rig.cabinet.ledger, revisions)),
        ]
        return Desk(rig, proposals, revisions)

    return built


@pytest.fixture
def desk(build: Callable[..., Desk]) -> Desk:
    return build()


def _text(answer: Response) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.text))


def _fields(page: str) -> dict[str, str]:
    """Those of the page's rule form, as a browser would send them."""
    form = next(form for form in forms(page, "/") if form.action.endswith("/rule") and form.method == "post")
    return {name: value.removeprefix("\n") for name, value in form.fields.items()}


def _send(browser: Any, proposal: str, rule: str = "", kind: str = "", then: str = "save", **fields: str) -> Response:
    """Fills the rule's form in and sends it."""
    page = browser.get(f"/policy/proposals/{proposal}/rule", params={"rule": rule, "kind": kind})
    assert page.status_code == 200
    filled = {**_fields(page.text), "then": then, **fields}
    answer: Response = browser.submit(f"/policy/proposals/{proposal}/rule", **filled)
    return answer


def _decide(browser: Any, there: str, deed: str) -> Response:
    """Opens a proposal and presses a button on it, as it is shown."""
    seen = re.search(r'name="seen" value="([^"]*)"', browser.get(there).text)
    answer: Response = browser.submit(f"{there}/{deed}", **({"seen": seen[1]} if seen else {}))
    return answer


# --- Reading ----------------------------------------------------------------------------------------------------------


def test_an_employee_reads_the_policy_and_nobodys_numbers(desk: Desk) -> None:
    page = desk.visitor(ANNA).get("/policy")
    said = _text(page)
    for words in ("Rispetto", "Si parla con rispetto.", "Ufficio stampa", "Offende qualcuno.", "da non pubblicare"):
        assert words in said
    assert "41" not in said
    assert "respect.insults" not in said
    assert "Proponi una modifica" not in said
    rule = _text(desk.visitor(ANNA).get("/policy/rules/respect.insults"))
    assert "Che idioti" in rule
    assert "phrases:" not in rule
    assert "41" not in rule


def test_what_must_not_leave_is_not_shown_in_examples(desk: Desk) -> None:
    assert "segretissimo7" not in desk.visitor(ANNA).get("/policy/rules/data.passwords").text
    assert "segretissimo7" in desk.visitor(CARLA).get("/policy/rules/data.passwords").text


def test_compliance_sees_numbers_and_yaml_and_changes_nothing(desk: Desk) -> None:
    browser = desk.visitor(CARLA)
    assert "trovata 41, pubblicato lo stesso 7, smentita 3" in _text(browser.get("/policy"))
    rule = browser.get("/policy/rules/respect.insults")
    assert "phrases: [idiota, idioti, idiot, idiots]" in rule.text
    assert "small.yaml, riga" in rule.text
    assert 'action="/policy/proposals"' not in rule.text
    assert browser.submit("/policy/proposals").status_code == 403


def test_rules_are_found_by_words_owner_and_weight(desk: Desk) -> None:
    browser = desk.visitor(ANNA)
    assert "Offende qualcuno." not in browser.get("/policy", params={"q": "prodotto"}).text
    assert "Il prodotto si chiama" in browser.get("/policy", params={"q": "prodotto"}).text
    assert "Offende qualcuno." not in browser.get("/policy", params={"owner": "legal"}).text
    assert "Offende qualcuno." in browser.get("/policy", params={"severity": "block"}).text
    assert "Nessuna regola è così." in browser.get("/policy", params={"q": "<b>nulla"}).text
    assert browser.get("/policy/rules/nothing.here").status_code == 404


WHO = {
    "a stranger": None, "anna": ANNA, "bruno": (*ANNA, "owner:legal"), "carla": CARLA, "dario": DARIO, "elena": ELENA,
}  # fmt: skip


@pytest.mark.parametrize("who", WHO)
def test_every_route_is_for_whom_it_says(desk: Desk, who: str) -> None:
    titles = WHO[who]
    browser = desk.rig.stranger() if titles is None else desk.visitor(titles)
    roles = {title.partition(":")[0] for title in (titles or ())[1:]}
    for (method, path), audience in browser.app.state.audiences.items():
        if not path.startswith("/policy"):
            continue
        for value in ("x", "%00"):
            status = browser.request(method, re.sub(r"{[^}]+}", value, path)).status_code
            if titles is None:
                assert status == 401, path
            elif method == "POST" or (audience is not None and not roles & audience):
                assert status == 403, path  # a form without the session's token is no form of ours
            else:
                assert status < 500, path


# --- By form ----------------------------------------------------------------------------------------------------------


def test_a_rule_is_changed_by_form_and_a_draft_is_judged_anew(desk: Desk) -> None:
    browser = desk.visitor(DARIO)
    opened = browser.submit("/policy/proposals", rule="tone.shouting").headers["location"]
    fields = _fields(browser.get(opened).text)
    assert [fields[name] for name in ("severity", "message_it", "flag")] == ["note", "Qui il testo grida.", "Evviva!!!"]
    id = re.match(HERE, opened)[1]  # type: ignore[index]
    saved = _send(browser, id, "tone.shouting", severity="warn")
    assert saved.headers["location"] == f"/policy/proposals/{id}?said=saved"
    page = _text(browser.get(saved.headers["location"]))
    assert "tone.shouting: vale come «da sistemare» (prima: «suggerimento»)" in page
    trial = browser.get(f"/policy/proposals/{id}/trial", headers={"HX-Request": "true"})
    assert "Tutte le 6 regole si comportano bene" in trial.text
    assert "<html" not in trial.text
    assert "da sistemare" not in browser.part("/try/preview", text="Evviva!!!").text
    published = _decide(browser, f"/policy/proposals/{id}", "publish")
    assert published.headers["location"] == f"/policy/proposals/{id}?said=published"
    desk.follow()
    assert "da sistemare" in browser.part("/try/preview", text="Evviva!!!").text


def test_only_what_was_changed_is_written(desk: Desk) -> None:
    browser = desk.visitor(DARIO)
    id = desk.begin(browser)
    before = desk.proposals.files(id)[0].text
    assert _send(browser, id, "respect.insults").status_code == 303
    assert desk.proposals.files(id)[0].text == before
    _send(browser, id, "respect.insults", phrases="idiota\nidioti\nidiot\nidiots\nscemo", suggest_en="Stay kind.")
    after = desk.proposals.files(id)[0].text
    assert after.splitlines()[1] == "# The policy of a small company."
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert changed == [
        "    phrases: [idiota, idioti, idiot, idiots, scemo]",
        '    suggest: {it: "Di’ che cosa non va, non che cosa è chi legge.", en: "Stay kind."}',
    ]
    assert len(after.splitlines()) == len(before.splitlines())


KINDS: dict[str, dict[str, str]] = {
    "phrases": {"phrases": "asap\nal più presto possibile", "flag": "Ditemelo asap", "allow": "Ditemelo presto"},
    "substitution": {"swap": "kickoff → avvio\nbrief => punto", "flag": "Il kickoff", "allow": "L’avvio"},
    "pattern": {"patterns": "\\bTICKET-\\p{Nd}+", "flag": "Vedi TICKET-12", "allow": "Vedi il ticket"},
    "occurrence": {"pattern": "#\\p{L}+", "most": "1", "flag": "#uno #due", "allow": "#uno"},
    "topic": {"like": "Il cantiere\nLa gru\nIl ponteggio", "flag": "Una gru", "allow": "Il mare"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_rule_of_every_common_kind_is_made_by_form(desk: Desk, kind: str) -> None:
    browser = desk.visitor(ELENA)
    id = desk.begin(browser)
    shared = {
        "id": f"ours.{kind}", "clause": "2.1", "severity": "note", "message_it": "Così: no.", "message_en": "Not so.",
    }  # fmt: skip
    answer = _send(browser, id, kind=kind, **shared, **KINDS[kind])
    assert answer.status_code == 303, _text(answer)
    rule = desk.proposals.policy(id).rule(f"ours.{kind}")
    assert rule is not None
    assert (rule.message, rule.severity, rule.state) == ({"it": "Così: no.", "en": "Not so."}, "note", "live")
    if kind != "topic":  # which needs the models
        assert desk.proposals.trial(desk.proposals.policy(id)) == ()
    assert _text(browser.get(f"/policy/proposals/{id}")).count(f"ours.{kind}") >= 1


def test_what_would_not_load_is_not_saved_and_nothing_typed_is_lost(desk: Desk) -> None:
    browser = desk.visitor(DARIO)
    id = desk.begin(browser)
    typed = {"id": "Wrong Id", "clause": "2.1", "severity": "note", "message_it": "Ciao", "patterns": "("}
    answer = _send(browser, id, kind="pattern", **typed)
    assert answer.status_code == 422
    assert "«Wrong Id» non può essere un id" in _text(answer)
    assert "RE2 rifiuta questa espressione" in _text(answer)
    for field, label in (("id", "Id"), ("patterns", "Espressioni"), ("flag", "Esempi che deve segnalare")):
        assert f'<a href="#f-{field}">{label}</a>: ' in answer.text
        assert f'id="e-{field}"' in answer.text
        assert re.search(rf'id="f-{field}"[^>]* aria-describedby="e-{field}[^>]* aria-invalid="true"', answer.text)
    assert "Va compilato." in _text(answer)
    assert "small.yaml:" not in answer.text
    assert 'aria-invalid="true"' not in browser.get(f"/policy/proposals/{id}/rule?kind=pattern").text
    assert _fields(answer.text)["patterns"] == "("
    assert "Wrong Id" not in desk.proposals.files(id)[0].text


def test_a_fault_elsewhere_keeps_its_place_in_the_text(desk: Desk) -> None:
    browser = desk.visitor(DARIO)
    id = desk.begin(browser)
    (file,) = desk.proposals.files(id)
    wrong = file.text.replace("severity: note", "severity: loud")
    line = next(number for number, one in enumerate(wrong.splitlines(), start=1) if "loud" in one)
    browser.submit(f"/policy/proposals/{id}/text", file=file.name, version=file.version, text=wrong)
    browser.submit("/language", language="en")
    answer = _send(browser, id, "respect.insults", severity="warn")
    assert answer.status_code == 422
    assert f"Elsewhere in the policy, in the text: small.yaml:{line}:15" in " ".join(_text(answer).split())
    assert 'aria-invalid="true"' not in answer.text


def test_shadow_first_and_a_rule_that_goes(desk: Desk) -> None:
    browser = desk.visitor(DARIO)
    id = desk.begin(browser)
    _send(browser, id, "tone.shouting", severity="warn")
    page = browser.get(f"/policy/proposals/{id}").text
    assert "Prima in prova" in page
    browser.submit(f"/policy/proposals/{id}/shadow", rule="tone.shouting")
    assert str(desk.proposals.policy(id).rule("tone.shouting").state) == "shadow"  # type: ignore[union-attr]
    assert "Prima in prova" not in browser.get(f"/policy/proposals/{id}").text
    _send(browser, id, "names.product", then="remove")
    assert desk.proposals.policy(id).rule("names.product") is None
    _send(browser, id, "data.accounts", then="shadow")
    assert str(desk.proposals.policy(id).rule("data.accounts").state) == "shadow"  # type: ignore[union-attr]


def test_two_people_in_one_rule_are_told_and_in_two_rules_are_not(desk: Desk) -> None:
    dario, elena = desk.visitor(DARIO), desk.visitor(ELENA)
    id = desk.begin(dario)
    path = f"/policy/proposals/{id}/rule"
    shouting, insults = (
        _fields(dario.get(path, params={"rule": rule}).text) for rule in ("tone.shouting", "respect.insults")
    )
    _send(elena, id, "tone.shouting", severity="warn")
    answer = dario.submit(path, **{**shouting, "severity": "review", "csrf": dario.csrf(), "then": "save"})
    assert answer.status_code == 422
    assert "qualcun altro ha salvato" in answer.text
    assert _fields(answer.text)["severity"] == "review"
    answer = dario.submit(path, **{**insults, "severity": "review", "csrf": dario.csrf(), "then": "save"})
    assert answer.status_code == 303
    severities = {rule.id: str(rule.severity) for rule in desk.proposals.policy(id).rules}
    assert (severities["tone.shouting"], severities["respect.insults"]) == ("warn", "review")


# --- As text ----------------------------------------------------------------------------------------------------------


def test_a_text_is_checked_in_place_and_saved_as_it_is(desk: Desk) -> None:
    browser = desk.visitor(DARIO)
    id = desk.begin(browser)
    (file,) = desk.proposals.files(id)
    page = browser.get(f"/policy/proposals/{id}/text")
    assert 'data-editor="yaml"' in page.text
    fields = {"file": file.name, "version": file.version}
    wrong = file.text.replace("severity: note", "severity: loud")
    line = next(number for number, one in enumerate(wrong.splitlines(), start=1) if "loud" in one)
    checked = browser.submit(f"/policy/proposals/{id}/check", **fields, text=wrong).json()
    assert checked["ok"] is False
    (problem,) = checked["problems"]
    assert (problem["line"], problem["column"], problem["here"], problem["file"]) == (line, 15, True, "small.yaml")
    assert "«loud» non è fra i valori ammessi" in problem["message"]
    assert browser.submit(f"/policy/proposals/{id}/check", **fields, text=file.text).json() == {
        "ok": True,
        "problems": [],
    }
    assert desk.proposals.files(id) == (file,)
    saved = browser.submit(f"/policy/proposals/{id}/text", **fields, text=wrong.replace("\n", "\r\n"))
    assert "said=faults" in saved.headers["location"]
    assert desk.proposals.files(id)[0].text == wrong
    assert f"small.yaml:{line}:15" in browser.get(f"/policy/proposals/{id}").text
    assert "Prima la policy deve caricarsi" in browser.get(f"/policy/proposals/{id}").text
    late = browser.submit(f"/policy/proposals/{id}/text", **fields, text=file.text)
    assert late.status_code == 409
    assert "qualcun altro ha salvato" in late.text


WRONG_MESSAGE = "\nadjust:\n  - {rule: tone.shouting, message: {it: 'Si grida {parola}.', en: It shouts.}}\n"


@pytest.mark.parametrize("cause", ["a message", "a fault of ours", "what it builds on too"])
def test_whatever_lies_in_a_proposal_can_be_opened_mended_and_withdrawn(
    desk: Desk, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = desk.visitor(DARIO)
    id = desk.begin(browser)
    here = f"/policy/proposals/{id}"
    (file,) = desk.proposals.files(id)
    wrong = file.text + WRONG_MESSAGE
    told = "nei messaggi della regola «tone.shouting» non si riempie niente"
    with monkeypatch.context() as broken:
        if cause != "a message":
            told = "per un errore di Vaglio (RuntimeError)"
            read = load_policy

            def fail(path: Path, *more: Path) -> Policy:
                if cause == "what it builds on too" or "{parola}" in path.read_text(encoding="utf-8"):
                    raise RuntimeError("parole di qualcuno")
                return read(path, *more)

            broken.setattr("bot.proposals.reading.load_policy", fail)
            broken.setattr(desk.proposals._reader, "_read", {})
        saved = browser.submit(f"{here}/text", file=file.name, version=file.version, text=wrong)
        assert "said=faults" in saved.headers["location"]
        for page in (here, f"{here}/text"):
            assert told in _text(browser.get(page)), page
        assert "Si grida {parola}." in _text(browser.get(f"{here}/text"))
        assert browser.get(f"{here}/words").json()["schema"]
        for page in (f"{here}/rule?rule=tone.shouting", f"{here}/trial", f"{here}/backtest"):
            assert browser.get(page).status_code in (200, 303, 409), page
        for deed in ("shadow", "publish", "rebase", "agree", "backtest"):
            assert browser.submit(f"{here}/{deed}", rule="tone.shouting").status_code < 500, deed
    (now,) = desk.proposals.files(id)
    browser.submit(f"{here}/text", file=now.name, version=now.version, text=file.text)
    assert told not in _text(browser.get(here))
    (now,) = desk.proposals.files(id)
    browser.submit(f"{here}/text", file=now.name, version=now.version, text=wrong)
    assert browser.submit(f"{here}/withdraw").headers["location"] == f"{here}?said=withdrawn"


def test_a_page_that_failed_is_logged_by_its_template_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by its address, which holds an id, nor by what was asked of it."""
    browser = desk.visitor(DARIO)
    id = desk.begin(browser)

    def fail(*_: object) -> None:
        raise KeyError(id)

    monkeypatch.setattr(desk.proposals, "find", fail)
    with structlog.testing.capture_logs() as logs:
        assert browser.get(f"/policy/proposals/{id}?said=segreto").status_code == 500
    failed = {"event": "the console failed", "error": "KeyError", "log_level": "error"}
    assert logs == [failed | {"route": "/policy/proposals/{id}", "method": "GET"}]


def test_the_editor_completes_by_the_schema_and_the_policys_own_ids(desk: Desk) -> None:
    browser = desk.visitor(DARIO)
    words = browser.get(f"/policy/proposals/{desk.begin(browser)}/words").json()
    assert {"properties", "$defs"} <= set(words["schema"])
    assert {"id": "1.2", "title": "Rispetto"} in words["clauses"]
    assert {"id": "press", "title": "Ufficio stampa"} in words["owners"]
    assert "tone.shouting" in [one["id"] for one in words["rules"]]


def test_what_is_not_there_is_not_there(desk: Desk) -> None:
    browser = desk.visitor(DARIO)
    id = desk.begin(browser)
    for path in (
        "w_0", "w_0/rule", "w_0/text", "w_0/words", f"{id}/rule?rule=no.such", f"{id}/text?file=shipped/company.yaml",
    ):  # fmt: skip
        assert browser.get(f"/policy/proposals/{path}").status_code == 404, path


# --- Agreeing, publishing, going back ---------------------------------------------------------------------------------


def test_a_second_person_agrees_where_the_settings_say_so(build: Callable[..., Desk]) -> None:
    desk = build(people=2)
    dario, elena = desk.visitor(DARIO), desk.visitor(ELENA)
    id = desk.begin(dario)
    _send(dario, id, "tone.shouting", severity="warn")
    refused = _decide(dario, f"/policy/proposals/{id}", "publish")
    assert refused.status_code == 409
    assert "Prima serve il sì di una seconda persona" in refused.text
    assert "Sono d’accordo" not in dario.get(f"/policy/proposals/{id}").text
    assert _decide(dario, f"/policy/proposals/{id}", "agree").status_code == 409
    assert "Sono d’accordo" in elena.get(f"/policy/proposals/{id}").text
    assert _decide(elena, f"/policy/proposals/{id}", "agree").status_code == 303
    assert _decide(dario, f"/policy/proposals/{id}", "publish").headers["location"].endswith("said=published")


@pytest.mark.parametrize("deed", ["agree", "publish"])
def test_what_nobody_has_looked_at_is_neither_agreed_to_nor_published(build: Callable[..., Desk], deed: str) -> None:
    """The page is open while somebody else, or its own writer, saves something else."""
    desk = build(people=2 if deed == "agree" else 1)
    dario, elena = desk.visitor(DARIO), desk.visitor(ELENA)
    id = desk.begin(dario)
    there = f"/policy/proposals/{id}"
    _send(dario, id, "tone.shouting", severity="warn")
    shown = re.search(r'name="seen" value="([^"]+)"', elena.get(there).text)
    assert shown
    _send(dario, id, "tone.shouting", severity="block")
    for sent in ({"seen": shown[1]}, {}):
        answer = elena.submit(f"{there}/{deed}", **sent)
        assert answer.status_code == 409
        assert "dopo che hai aperto questa pagina" in _text(answer)
    found = desk.proposals.find(id)
    assert found is not None
    assert (found.state, found.agreed_by) == ("open", None)
    assert _decide(elena, there, deed).status_code == 303


def test_what_does_not_behave_is_told_and_not_published(desk: Desk) -> None:
    browser = desk.visitor(DARIO)
    id = desk.begin(browser)
    _send(browser, id, "respect.insults", phrases="idiota")
    answer = _decide(browser, f"/policy/proposals/{id}", "publish")
    assert answer.status_code == 409
    assert "respect.insults: dovrebbe segnalare" in _text(answer)
    assert desk.revisions.newest() is None


def test_a_change_is_brought_over_to_what_was_published_meanwhile_or_taken_back(desk: Desk) -> None:
    browser = desk.visitor(DARIO)
    first, second = desk.begin(browser), desk.begin(browser)
    _send(browser, first, "tone.shouting", severity="warn")
    _send(browser, second, "respect.insults", severity="review")
    _decide(browser, f"/policy/proposals/{first}", "publish")
    assert "Riporta la modifica" in browser.get(f"/policy/proposals/{second}").text
    assert _decide(browser, f"/policy/proposals/{second}", "publish").status_code == 409
    assert browser.submit(f"/policy/proposals/{second}/rebase").status_code == 303
    page = _text(browser.get(f"/policy/proposals/{second}"))
    assert "Riporta la modifica" not in page
    assert "tone.shouting:" not in page
    assert "Dopo non si torna indietro" in browser.get(f"/policy/proposals/{second}").text
    assert browser.submit(f"/policy/proposals/{second}/withdraw").status_code == 303
    assert "È stata ritirata" in browser.get(f"/policy/proposals/{second}").text
    assert "Una prova" not in browser.get("/policy").text


def test_an_earlier_policy_comes_back_with_a_reason_and_people_read_what_changed(desk: Desk) -> None:
    dario, anna = desk.visitor(DARIO), desk.visitor(ANNA)
    for severity in ("warn", "review"):
        id = desk.begin(dario)
        _send(dario, id, "tone.shouting", severity=severity)
        _decide(dario, f"/policy/proposals/{id}", "publish")
        desk.follow()
    assert "Più severo: Qui il testo grida." in _text(anna.get("/policy"))
    oldest = desk.revisions.history()[-1]
    page = dario.get("/policy/history", params={"seq": str(oldest.seq)})
    assert "Torna a questa" in page.text
    assert "Torna a questa" not in anna.get("/policy/history", params={"seq": str(oldest.seq)}).text
    assert dario.submit("/policy/restore", seq=str(oldest.seq), reason="  ").status_code == 422
    assert anna.submit("/policy/restore", seq=str(oldest.seq), reason="Perché").status_code == 403
    back = dario.submit("/policy/restore", seq=str(oldest.seq), reason="Troppo severa")
    assert back.status_code == 303
    now = desk.revisions.newest()
    assert now is not None
    assert (now.revision, now.note) == (oldest.revision, "Troppo severa")
    assert "Troppo severa" in dario.get("/policy/history").text
    assert "Troppo severa" not in anna.get("/policy/history").text
    again = dario.submit("/policy/restore", seq=str(oldest.seq), reason="Ancora")
    assert again.status_code == 422
    assert "è già in vigore" in _text(again)
    assert dario.submit("/policy/restore", seq="99", reason="Boh").status_code == 404
    desk.follow()
    assert "Meno severo: Qui il testo grida." in _text(anna.get("/policy"))


def test_the_first_publication_is_undone_by_a_proposal_of_what_was_in_force_before(desk: Desk) -> None:
    dario, anna = desk.visitor(DARIO), desk.visitor(ANNA)
    before = desk.proposals.in_force()[1]
    assert "mai pubblicato" not in dario.get("/policy/history").text
    id = desk.begin(dario)
    _send(dario, id, "tone.shouting", severity="warn")
    assert "Quello che vale adesso resta nella storia" in _text(dario.get(f"/policy/proposals/{id}"))
    _decide(dario, f"/policy/proposals/{id}", "publish")
    desk.follow()
    (first,) = desk.revisions.history()
    history = dario.get("/policy/history").text
    assert before in history
    assert "mai pubblicato" in history
    assert 'href="/policy/history?seq=0#back"' in history
    assert 'href="/policy/history?seq=0#back"' not in anna.get("/policy/history").text
    assert "vale come «da sistemare»" in _text(dario.get("/policy/history", params={"seq": str(first.seq)}))
    assert "Torna a questa" not in anna.get("/policy/history", params={"seq": "0"}).text
    page = dario.get("/policy/history", params={"seq": "0"}).text
    assert "Con questo comincia una proposta" in page
    assert dario.submit("/policy/restore", seq="0", reason=" ").status_code == 422
    assert anna.submit("/policy/restore", seq="0", reason="Perché").status_code == 403
    there = dario.submit("/policy/restore", seq="0", reason="Era meglio prima").headers["location"]
    assert desk.revisions.newest() == first  # nothing is in force before somebody has seen what it means
    assert "vale come «suggerimento» (prima: «da sistemare»)" in _text(dario.get(there))
    assert _decide(dario, there, "publish").headers["location"].endswith("said=published")
    now = desk.revisions.newest()
    assert now is not None
    assert (now.revision, now.note) == (before, "Era meglio prima")
    # From now on it is gone back to like any other.
    assert "mai pubblicato" not in dario.get("/policy/history").text
    assert "vale come «da sistemare»" in _text(dario.get("/policy/history", params={"seq": str(first.seq)}))


def test_of_a_first_publication_by_command_the_page_says_what_can_be_done(desk: Desk, tmp_path: Path) -> None:
    dario = desk.visitor(DARIO)
    desk.revisions.publish(tmp_path / "own" / "small.yaml", person=None, note="", at=datetime.now(UTC))
    page = dario.get("/policy/history").text
    assert "vaglio policy publish" in page
    assert "Torna a questa" not in page
    assert "vaglio policy publish" not in desk.visitor(ANNA).get("/policy/history").text
    for seq in ("0", "-1", "x", "99"):
        assert dario.submit("/policy/restore", seq=seq, reason="Boh").status_code == 404, seq
    assert dario.get("/policy/history", params={"seq": "0"}).status_code == 200


def test_going_back_is_a_proposal_where_a_second_person_has_to_agree(build: Callable[..., Desk]) -> None:
    desk = build(people=2)
    dario, elena = desk.visitor(DARIO), desk.visitor(ELENA)
    for severity in ("warn", "review"):
        id = desk.begin(dario)
        _send(dario, id, "tone.shouting", severity=severity)
        _decide(elena, f"/policy/proposals/{id}", "agree")
        _decide(dario, f"/policy/proposals/{id}", "publish")
    newest, oldest = desk.revisions.history()
    there = dario.submit("/policy/restore", seq=str(oldest.seq), reason="Troppo severa").headers["location"]
    assert desk.revisions.newest() == newest
    assert _decide(dario, there, "publish").status_code == 409
    _decide(elena, there, "agree")
    assert _decide(dario, there, "publish").status_code == 303
    now = desk.revisions.newest()
    assert now is not None
    assert now.revision == oldest.revision


# --- Past drafts ------------------------------------------------------------------------------------------------------


def _screened(desk: Desk, *texts: str) -> None:
    """On record, as from a chat."""
    record = Prescreen(desk.rig.prescreen.screener, desk.rig.cabinet.ledger)
    for text in texts:
        record(Draft(text=text, author="slack:T1:UANNA"))


def _replayed(browser: Any, id: str) -> str:
    """The panel, once nobody is at it."""
    for _ in range(100):
        panel: str = browser.get(f"/policy/proposals/{id}/backtest", headers={"HX-Request": "true"}).text
        if "hx-trigger" not in panel:
            return panel
        time.sleep(0.05)
    pytest.fail("the backtest does not end")


def test_past_drafts_are_read_again_and_nobody_is_named(desk: Desk) -> None:
    _screened(desk, "Evviva!!!", "Che idioti", "Buongiorno", "Viva la mamma!!!")
    browser = desk.visitor(DARIO)
    id = desk.begin(browser)
    _send(browser, id, "tone.shouting", severity="review")
    assert browser.submit(f"/policy/proposals/{id}/backtest", last="100").status_code == 303
    panel = html.unescape(_replayed(browser, id))
    assert "2 bozze su 4 andrebbero in altro modo." in panel
    assert "tone.shouting" in panel
    page = browser.get(f"/policy/proposals/{id}")
    assert "2 bozze su 4 andrebbero in altro modo." in html.unescape(page.text)
    shown = browser.submit(f"/policy/proposals/{id}/samples")
    assert "Evviva!!!" in shown.text
    assert "Buongiorno" not in shown.text
    author = desk.rig.cabinet.people.person("slack:T1:UANNA")
    assert author not in shown.text + page.text
    looks = [entry for entry in desk.rig.cabinet.ledger.entries() if entry.kind == "look"]
    assert len(looks) >= 1
    _send(browser, id, "respect.insults", severity="warn")
    assert "Da allora la proposta è cambiata" in html.unescape(_replayed(browser, id))


# --- In a browser -----------------------------------------------------------------------------------------------------


expect.set_options(timeout=20_000)


@pytest.fixture
def watched(desk: Desk, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a path for communications, in a browser that tells what the content policy forbade."""
    cookie = desk.visitor(DARIO).cookies["vaglio"]
    app, opener = desk.rig.app(), Opener(browser)
    with serving(app) as address:

        def open_path(path: str, **more: object) -> Page:
            page = opener("about:blank", **more)
            page.context.add_cookies([{"name": "vaglio", "value": cookie, "url": address}])
            page.goto(f"{address}{path}")
            return page

        yield open_path
        opener.close()
    assert opener.complaints == []
    assert app.state.reports.counted == {}


@pytest.mark.browser
def test_communications_changes_a_rule_sees_what_it_means_and_publishes(desk: Desk, watched: Any) -> None:
    _screened(desk, "Evviva!!!", "Buongiorno")
    page = watched("/policy/rules/tone.shouting")
    page.get_by_role("button", name="Proponi una modifica").click()
    page.get_by_label("Quanto pesa").select_option("warn")
    page.get_by_role("button", name="Salva nella proposta").click()
    expect(page.get_by_text("vale come «da sistemare» (prima: «suggerimento»)")).to_be_visible()
    expect(page.locator("#trial")).to_contain_text("Tutte le 6 regole si comportano bene")
    page.get_by_role("button", name="Rileggi le bozze passate").click()
    expect(page.locator("#backtest-state")).to_contain_text("Una bozza su 2 andrebbe in altro modo.")
    page.get_by_role("button", name="Pubblica", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("È pubblicata e registrata")
    desk.follow()
    page.get_by_role("link", name="Prova", exact=True).click()
    page.locator("#text").fill("Evviva!!!")
    expect(page.locator(".verdict.revise")).to_be_visible()


@pytest.mark.browser
def test_the_editor_tells_faults_completes_and_lets_the_keyboard_go(desk: Desk, watched: Any) -> None:
    id = desk.proposals.begin("p_1", datetime.now(UTC))
    page = watched(f"/policy/proposals/{id}/text")
    editor = page.locator(".cm-content")
    expect(editor).to_be_visible()
    expect(page.locator("textarea[name=text]")).to_be_hidden()
    page.get_by_text("small.yaml come testo").first.click()
    expect(editor).to_be_focused()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type("  - id: ours.asap\nsev")
    page.keyboard.press("Control+Space")
    expect(page.get_by_role("option").first).to_contain_text("severity")
    page.wait_for_timeout(200)  # so soon after it opened, Enter would still be a new line
    page.keyboard.press("Enter")
    page.keyboard.type("lo")
    page.keyboard.press("Escape")
    expect(page.locator(".cm-lint-marker-error").first).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Salva")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Salvata. Così la policy non si carica")
    text = desk.proposals.files(id)[0].text
    assert text.splitlines()[-2:] == ["  - id: ours.asap", "    severity: lo"]
    assert text.startswith(SMALL)


@pytest.mark.browser
def test_without_javascript_the_text_is_a_field(desk: Desk, watched: Any) -> None:
    id = desk.proposals.begin("p_1", datetime.now(UTC))
    page = watched(f"/policy/proposals/{id}/text", java_script_enabled=False)
    page.locator("textarea[name=text]").fill(SMALL.replace("severity: note", "severity: warn"))
    page.get_by_role("button", name="Salva").click()
    expect(page.get_by_text("vale come «da sistemare» (prima: «suggerimento»)")).to_be_visible()
    page.get_by_role("link", name="Fai le prove").click()
    expect(page.locator("#trial")).to_contain_text("Tutte le 6 regole si comportano bene")
    page.get_by_role("button", name="Pubblica", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("È pubblicata e registrata")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_of_a_change_can_be_read(desk: Desk, watched: Any, scheme: str, width: int) -> None:
    _screened(desk, "Evviva!!!", "Che idioti")
    dario = desk.visitor(DARIO)
    id = desk.begin(dario)
    _send(dario, id, "tone.shouting", severity="review")
    dario.submit(f"/policy/proposals/{id}/backtest", last="100")
    _replayed(dario, id)
    page = watched("/policy", color_scheme=scheme, viewport={"width": width, "height": 800})
    found = []
    for path in ("", "/rule?rule=tone.shouting", "/rule?kind=occurrence", "/text"):
        page.goto(f"{page.url.partition('/policy')[0]}/policy/proposals/{id}{path}")
        page.wait_for_load_state("networkidle")
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        found += [f"{path}: {one['id']} {node['target']}" for one in violations for node in one["nodes"]]
        found += [f"{path}: {overflow} px too wide"] if overflow > 0 else []
    assert found == []
