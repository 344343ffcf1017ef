"""The try page over HTTP: what a draft is told, what is recorded, and what must never be shown, kept or logged."""

from __future__ import annotations

import html
import json
from base64 import b64decode

import pytest
import structlog

from rules.draft import Account, Channel, Kind

EVERYTHING = "Trimestre record!!! Il vaglietto vola, idioti."
NOT_CHECKED = "la tua bozza NON è stata controllata"


def test_the_first_page_is_the_try_page(rig) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    assert owner.get("/").headers["location"] == "/try"
    page = owner.get("/try")
    assert page.status_code == 200
    assert '<html lang="it">' in page.text
    assert "L’esito compare qui" in page.text


def test_a_preview_is_judged_and_not_recorded(rig) -> None:  # type: ignore[no-untyped-def]
    answer = rig.owner().part("/try/preview", text=EVERYTHING)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Così, per favore, non pubblicarla" in answer.text
    assert "Anteprima, non registrata" in answer.text
    assert "controllo s_" not in answer.text
    assert rig.recorder.recorded == []


def test_the_button_records_and_then_answers(rig) -> None:  # type: ignore[no-untyped-def]
    answer = rig.owner().part("/try", text=EVERYTHING, account="personal", channel="linkedin")
    assert answer.status_code == 200
    (screening,) = rig.recorder.recorded
    assert screening.id in answer.text
    assert "Controllata e registrata" in answer.text
    draft = screening.draft
    assert (draft.text, draft.author) == (EVERYTHING, "local:owner")
    assert (draft.kind, draft.account, draft.channel) == (Kind.POST, Account.PERSONAL, Channel.LINKEDIN)


def test_the_answer_says_all_that_the_reply_holds(rig) -> None:  # type: ignore[no-untyped-def]
    page = rig.owner().part("/try", text=EVERYTHING).text
    for words in (
        "da non pubblicare",
        "serve un sì",
        "da sistemare",
        "suggerimento",
        "§ 1.2 Rispetto",
        "Offende qualcuno.",
        "Di’ che cosa non va, non che cosa è chi legge.",
        "<q>Vaglio Mini</q>",
        '<mark class="block" data-tip="tip-1">idioti</mark><a class="number block" href="#remark-1" data-tip="tip-1"',
        '<mark class="review" data-tip="tip-2">Trimestre record</mark><a class="number review" href="#remark-2"',
    ):
        assert words in page


def test_what_could_not_be_checked_is_said(rig, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def fail(*_: object) -> None:
        raise RuntimeError("idioti")

    monkeypatch.setattr("rules.detectors.phrases.Phrases.find", fail)
    page = rig.owner().part("/try", text="Buongiorno").text
    assert "Che cosa non ho controllato" in page
    assert "respect.insults: non ha funzionato." in page


def test_without_javascript_the_whole_page_comes_back_with_the_draft_in_it(rig) -> None:  # type: ignore[no-untyped-def]
    page = rig.owner().submit("/try", text="\r\nIl vaglietto\r\nvola", kind="reply", in_reply_to="Quando?", channel="x")
    assert "<html" in page.text
    # The line end after the tag is the parser's; the second one is the draft's own.
    assert 'dir="auto">\n\nIl vaglietto\nvola</textarea>' in page.text
    assert '<option value="x" selected>' in page.text
    (screening,) = rig.recorder.recorded
    assert screening.draft.text == "\nIl vaglietto\nvola"
    assert screening.draft.in_reply_to == "Quando?"


def test_what_is_replied_to_is_none_of_a_posts_business(rig) -> None:  # type: ignore[no-untyped-def]
    rig.owner().submit("/try", text="Buongiorno", kind="post", in_reply_to="Quando?")
    assert rig.recorder.recorded[0].draft.in_reply_to is None


def test_a_private_draft_is_said_to_be_forgotten(rig) -> None:  # type: ignore[no-untyped-def]
    answer = rig.owner().part("/try", text="Buongiorno", account="private")
    assert "Controllata e dimenticata: ne resta solo il conteggio" in answer.text
    assert rig.recorder.recorded[0].id not in answer.text


@pytest.mark.parametrize("path", ["/try", "/try/preview"])
def test_a_draft_that_is_too_long_is_refused_with_its_length(rig, path: str) -> None:  # type: ignore[no-untyped-def]
    answer = rig.owner().part(path, text="a" * 10_001)
    assert answer.status_code == 422
    assert "10001 caratteri" in answer.text
    assert rig.recorder.recorded == []


def test_an_empty_draft_is_refused_by_the_button_and_rests_in_the_preview(rig) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    pressed, previewed = owner.part("/try", text=" \n"), owner.part("/try/preview", text=" \n")
    assert (pressed.status_code, previewed.status_code) == (422, 200)
    assert "Qui non c’è testo da leggere" in pressed.text
    assert "L’esito compare qui" in previewed.text


def test_a_long_draft_is_shown_whole(rig) -> None:  # type: ignore[no-untyped-def]
    page = rig.owner().part("/try/preview", text="Buongiorno. " * 300 + "Che idioti.").text
    assert page.count("Buongiorno.") == 300


def test_a_clause_says_its_own_words(rig) -> None:  # type: ignore[no-untyped-def]
    page = rig.owner().part("/try/preview", text="Che idioti.").text
    assert "<p>Si parla con rispetto.</p>" in page


SHOUTED = "ABBIAMO VINTO TUTTI INSIEME!!! Versate su IT60X0542811101000000123456 oggi."
CALM = "Abbiamo vinto tutti insieme! Versate su [numero rimosso] oggi."


def proposed(browser, text: str) -> str:  # type: ignore[no-untyped-def]
    """What a preview shows, and what comes a moment after it."""
    return str(browser.part("/try/preview", text=text).text + browser.part("/try/proposal", text=text).text)


def test_a_better_wording_is_proposed_word_by_word(rig) -> None:  # type: ignore[no-untyped-def]
    page = proposed(rig.owner(), SHOUTED)
    proposal = page.split('<section class="proposal"')[1].split("</section>")[0]
    for words in (
        "Una proposta",
        "Ricontrollata: via libera",
        "tolto: </span>ABBIAMO VINTO TUTTI INSIEME!!!</del>",
        "aggiunto: </span>Abbiamo vinto tutti insieme!</ins>",
        "tolto: </span>IT60X0542811101000000123456</del>",
        "aggiunto: </span>[numero rimosso]</ins>",
        f">\n{CALM}</textarea>",
        "Usa questa versione",
    ):
        assert words in proposal
    assert "readonly" in proposal


def test_a_proposal_speaks_english_too(rig) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    owner.submit("/language", language="en")
    page = proposed(owner, "The vaglietto flies")
    for words in ("A proposal", "Checked again: good to go", "removed: </span>vaglietto</del>", "Use this wording"):
        assert words in page


def test_where_nothing_would_be_better_nothing_is_proposed(rig) -> None:  # type: ignore[no-untyped-def]
    page = proposed(rig.owner(), "Che idioti")
    assert "proposta" not in page
    assert "<del>" not in page


def test_a_proposal_is_made_of_what_was_previewed_last(rig) -> None:  # type: ignore[no-untyped-def]
    owner, other = rig.owner(), rig.visitor()
    for browser, text in ((owner, SHOUTED), (owner, "Il vaglietto vola"), (other, SHOUTED)):
        browser.part("/try/preview", text=text)
    assert owner.part("/try/proposal", text=SHOUTED).status_code == 204
    assert CALM in other.part("/try/proposal", text=SHOUTED).text
    assert rig.recorder.recorded == []


def test_a_proposal_for_what_another_process_previewed_is_worked_out_anew(rig) -> None:  # type: ignore[no-untyped-def]
    assert CALM in rig.owner().part("/try/proposal", text=SHOUTED).text
    assert rig.recorder.recorded == []


def test_a_secret_stands_in_no_part_of_a_proposal(rig) -> None:  # type: ignore[no-untyped-def]
    page = proposed(rig.owner(), "Evviva!!! segretissimo7")
    assert "Evviva! [segreto rimosso]" in page
    assert "segretissimo7" not in page


def test_hostile_markup_stays_text_in_a_proposal_too(rig, hostile: str) -> None:  # type: ignore[no-untyped-def]
    page = proposed(rig.owner(), f"</textarea></del>{hostile} vaglietto!!!")
    proposal = page.split('<section class="proposal"')[1].split("</section>")[0]
    assert "<script>alert" not in page
    assert "<img" not in page
    assert proposal.count("</textarea>") == 1
    assert html.escape("</textarea></del><script>") in proposal


def test_the_event_loop_is_left_alone(rig) -> None:  # type: ignore[no-untyped-def]
    rig.owner().part("/try", text="Buongiorno")
    assert len(rig.recorder.recorded) == 1
    assert not rig.recorder.on_the_loop


def test_without_a_record_there_is_no_verdict(rig) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    rig.recorder.error = OSError(f"cannot write {EVERYTHING}")
    with structlog.testing.capture_logs() as logs:
        answers = [owner.part("/try", text=EVERYTHING), owner.submit("/try", text=EVERYTHING)]
    for answer in answers:
        assert answer.status_code == 503
        assert NOT_CHECKED in answer.text
        assert "non pubblicarla" not in answer.text
        assert "<mark" not in answer.text
    assert "OSError" in str(logs)
    assert "vaglietto" not in str(logs)


def test_beyond_what_can_wait_the_answer_is_busy(rig) -> None:  # type: ignore[no-untyped-def]
    answer = rig.owner(backlog=0).part("/try", text="Buongiorno")
    assert answer.status_code == 503
    assert "Ci sono troppe bozze in attesa" in answer.text
    assert rig.recorder.recorded == []


def test_hostile_markup_stays_text(rig, hostile: str) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    for answer in (owner.part("/try", text=hostile), owner.submit("/try", text=f"</textarea>{hostile}")):
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
        assert "</textarea><" not in answer.text
        assert html.escape("<script>alert(1)</script>") in answer.text
        assert "{{7*7}}" in answer.text


def test_the_cookie_knows_nothing_of_the_draft(rig) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    owner.submit("/language", language="en", text=EVERYTHING)
    owner.submit("/try", text=EVERYTHING)
    session = json.loads(b64decode(owner.cookies["vaglio"].split(".")[0]))
    assert set(session) == {"account", "id", "way", "csrf", "language"}
    assert "vaglietto" not in str(session)


@pytest.mark.parametrize("field", ["kind", "account", "channel"])
def test_a_choice_that_the_page_does_not_offer_is_refused(rig, field: str) -> None:  # type: ignore[no-untyped-def]
    answer = rig.owner().submit("/try", text="Buongiorno", **{field: "<b>mars</b>"})
    assert answer.status_code == 400
    assert "mars" not in answer.text
    assert rig.recorder.recorded == []


def test_a_body_beyond_the_limit_ends_in_a_sentence(rig) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    token = owner.csrf()
    body = f"csrf={token}&text=".encode() + b"a" * 1_200_000
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    announced = owner.post("/try", content=body, headers=headers)
    streamed = owner.post(
        "/try", content=(body[at : at + 90_000] for at in range(0, len(body), 90_000)), headers=headers
    )
    for answer in (announced, streamed):
        assert answer.status_code == 413
        assert "dividila e mandami le parti" in answer.text


def test_the_longest_draft_in_the_longest_spelling_is_read(rig) -> None:  # type: ignore[no-untyped-def]
    longest = "🙂" * 9_999
    answer = rig.owner().part("/try/preview", text=longest, kind="reply", in_reply_to=longest)
    assert answer.status_code == 200


def test_what_nobody_foresaw_becomes_a_kind_page(rig, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()

    def fail(*_: object, **__: object) -> None:
        raise KeyError(EVERYTHING)

    monkeypatch.setattr("bot.console.try_page.draft_from", fail)
    with structlog.testing.capture_logs() as logs:
        answer = owner.submit("/try", text=EVERYTHING)
    assert answer.status_code == 500
    assert NOT_CHECKED in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for place in (answer.text, str(logs)):
        assert "vaglietto" not in place
    assert [(one["event"], one["route"], one["method"]) for one in logs if "error" in one] == [
        ("the console failed", "/try", "POST")
    ]
    assert "KeyError" in str(logs)


# --- Languages ---------------------------------------------------------------------------------------------------


def test_the_language_is_the_browsers_until_one_is_chosen(rig) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    owner.headers["Accept-Language"] = "de-DE, en-GB;q=0.8, it;q=0.5"
    assert '<html lang="en">' in owner.get("/try").text
    owner.headers["Accept-Language"] = "de-DE"
    assert '<html lang="it">' in owner.get("/try").text
    assert owner.submit("/language", language="en").headers["location"] == "/try"
    assert '<html lang="en">' in owner.get("/try").text


def test_changing_language_keeps_the_draft_and_records_nothing(rig) -> None:  # type: ignore[no-untyped-def]
    page = rig.owner().submit("/language", language="en", text="Il vaglietto vola", account="support")
    assert page.status_code == 200
    for words in (
        "Il vaglietto vola</textarea>",
        "Nearly there",
        "Previewed, not recorded",
        'value="support" selected',
    ):
        assert words in page.text
    assert rig.recorder.recorded == []


def test_only_our_languages_can_be_chosen(rig) -> None:  # type: ignore[no-untyped-def]
    assert rig.owner().submit("/language", language="xx").status_code == 400


def test_refusals_and_failures_are_said_in_english_too(rig) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    owner.submit("/language", language="en")
    assert "There is no text to read here" in owner.part("/try", text="").text
    rig.recorder.error = OSError()
    assert "your draft was NOT checked" in owner.part("/try", text="Hello").text


# --- Health and assets -------------------------------------------------------------------------------------------


def test_health_needs_no_sign_in_and_says_when_something_is_wrong(rig) -> None:  # type: ignore[no-untyped-def]
    stranger = rig.stranger()
    assert stranger.get("/healthz").json() == {"status": "ok"}
    rig.health = lambda: {"status": "failing", "ledger": "behind"}
    assert stranger.get("/healthz").status_code == 503
    rig.health = lambda: {}["database"]
    broken = stranger.get("/healthz")
    assert (broken.status_code, broken.json()) == (503, {"status": "failing"})


def test_assets_are_ours_and_kept_only_under_their_digest(rig) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    page = owner.get("/try").text
    assert "https://" not in page
    for name in ("console.css", "htmx.min.js", "try.js", "icon.svg"):
        pinned = page.split(f"/static/{name}?v=")[1].split('"')[0]
        assert "immutable" in owner.get(f"/static/{name}?v={pinned}").headers["Cache-Control"]
        assert owner.get(f"/static/{name}").headers["Cache-Control"] == "no-cache"
    missing = owner.get("/static/../app.py")
    assert missing.status_code == 404
    assert missing.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/nowhere"])
def test_there_is_nothing_else(rig, path: str) -> None:  # type: ignore[no-untyped-def]
    answer = rig.owner().get(path)
    assert answer.status_code == 404
    assert "Qui non c’è niente" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://["},
        {"content-type": "multipart/form-data; boundary=x; charset=undefined"},
        {"content-type": "multipart/form-data; boundary=x; charset=nobody-knows"},
    ],
)
def test_an_odd_request_is_refused_and_breaks_nothing(rig, headers: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    body = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nciao\r\n--x--\r\n'
    answer = rig.owner().post("/try", content=body, headers=headers)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(("charset", "written"), [("utf-7", "+2AA-"), ("unicode_escape", "\\ud800")])
def test_half_a_character_is_refused_by_whatever_charset_it_is_sent(rig, charset: str, written: str) -> None:  # type: ignore[no-untyped-def]
    visitor = rig.owner()
    fields = {"csrf": visitor.csrf(), "text": written}
    if charset == "utf-7":
        fields["csrf"] = fields["csrf"].encode("utf-7").decode()
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n' for name in fields]
    answer = visitor.post(
        "/try",
        content="".join([*parts, "--x--\r\n"]).encode(),
        headers={"content-type": f"multipart/form-data; boundary=x; charset={charset}"},
    )
    assert answer.status_code == 400
    assert rig.recorder.recorded == []
