"""What a writer does on the page about a draft that was checked there: the same as in a chat, and on record."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.actions import Action, Verb, tag
from bot.appeals import Standing
from bot.drafts import State
from bot.review import Ruling

ANNA = "slack:T1:UANNA"
LEGAL = ("slack:T1:UCARLA", "owner:legal")


def checked(rig: Any, browser: Any, text: str) -> tuple[str, str]:
    """The id of a draft that is checked by the button, and the page."""
    page = browser.submit("/try", text=text)
    assert page.status_code == 200
    return rig.recorder.recorded[-1].id, page.text


def do(browser: Any, verb: Verb, about: str, words: str = "", choice: str = "", **more: str) -> Any:
    return browser.submit(f"/drafts/{about}", word=Action(verb, about, choice).word, words=words, **more)


def test_a_question_asked_on_the_page_is_answered_on_the_page(rig: Any) -> None:
    anna = rig.visitor(ANNA)
    id, page = checked(rig, anna, "Un trimestre record, finalmente")
    assert "Chiedi a: Ufficio legale" in page
    assert "Ho chiesto a Ufficio legale" in do(anna, Verb.ASK, id).text
    assert ("card", "#legale") in rig.mailbag.told()
    (seat,) = rig.cabinet.reviews.of_screening(id)
    assert seat.state is Ruling.OPEN
    assert "aspetta una risposta" in anna.get("/drafts").text
    rig.visitor(*LEGAL).submit(f"/reviews/{seat.id}", word=Action(Verb.APPROVE, seat.id).word, words="Va bene")
    page = anna.get(f"/drafts/{id}").text
    assert "La tua bozza è approvata" in page
    assert "«Va bene»" in page
    assert re.search(r"Ricevuta per queste esatte parole: \w{4}-\w{4}", page)
    do(anna, Verb.PUBLISHED, id, "https://example.org/1")
    assert rig.cabinet.drafts.find(id).state is State.PUBLISHED


def test_a_warning_is_acknowledged_and_gives_a_receipt(rig: Any) -> None:
    anna = rig.visitor(ANNA)
    id, page = checked(rig, anna, "Il vaglietto vola")
    assert "Pubblico comunque" in page
    answer = do(anna, Verb.ACCEPT, id).text
    assert re.search(r"\w{4}-\w{4}", answer)
    assert "L’ho pubblicata" in answer
    assert rig.cabinet.drafts.find(id).state is State.OVERRIDDEN
    assert [entry.kind for entry in rig.cabinet.ledger.entries(newest=1)] == ["override"]


def test_one_of_several_findings_is_disagreed_with(rig: Any) -> None:
    anna = rig.visitor(ANNA)
    id, _ = checked(rig, anna, "Il vaglietto vola!!!")
    which = do(anna, Verb.DISAGREE, id).text
    assert "Quale" in which
    assert which.count("<summary>2.") == 2
    assert do(anna, Verb.DISAGREE, id, "Lo chiamano così", tag("names.product")).status_code == 200
    (appeal,) = rig.cabinet.appeals.standing(Standing.OPEN)
    assert (appeal.rule, appeal.why) == ("names.product", "Lo chiamano così")


def test_what_is_clear_has_its_receipt_and_what_is_forgotten_is_gone(rig: Any) -> None:
    anna = rig.visitor(ANNA)
    id, page = checked(rig, anna, "Buongiorno a tutti")
    assert re.search(r"ricevuta \w{4}-\w{4}", page)
    assert id in anna.get("/drafts").text
    assert "non ce l’ho più" in do(anna, Verb.FORGET, id).text
    assert id not in anna.get("/drafts").text
    assert anna.get(f"/drafts/{id}").status_code == 404


def test_a_private_draft_has_nothing_to_be_acted_on(rig: Any) -> None:
    anna = rig.visitor(ANNA)
    page = anna.submit("/try", text="Il vaglietto vola", account="private").text
    assert "Controllata e dimenticata" in page
    assert "/drafts/" not in page
    assert "Non hai bozze in corso" in anna.get("/drafts").text


def test_a_preview_offers_nothing(rig: Any) -> None:
    anna = rig.visitor(ANNA)
    assert "/drafts/" not in anna.part("/try/preview", text="Un trimestre record").text
    assert "Non hai bozze in corso" in anna.get("/drafts").text


def test_somebody_else_s_draft_is_nobody_s_business(rig: Any) -> None:
    id, _ = checked(rig, rig.visitor(ANNA), "Un trimestre record, finalmente")
    bruno = rig.visitor("slack:T1:UBRUNO")
    assert bruno.get(f"/drafts/{id}").status_code == 404
    answer = do(bruno, Verb.ASK, id)
    assert "Questa bozza non ce l’ho più" in answer.text
    assert "trimestre" not in answer.text
    assert rig.cabinet.reviews.of_screening(id) == ()
    do(bruno, Verb.FORGET, id)
    assert rig.cabinet.drafts.find(id) is not None


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.EDIT, Verb.REWRITE, Verb.CONTEXT, Verb.REMIND, Verb.MINE])
def test_other_deeds_are_not_for_this_page(rig: Any, verb: Verb) -> None:
    anna = rig.visitor(ANNA)
    id, _ = checked(rig, anna, "Un trimestre record, finalmente")
    assert do(anna, verb, id).status_code == 400


def test_too_many_checks_are_told_so(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = rig.visitor(ANNA)
    monkeypatch.setattr(rig.desk._rates, "_person", 1)
    assert anna.submit("/try", text="Buongiorno").status_code == 200
    answer = anna.submit("/try", text="Buonasera")
    assert answer.status_code == 429
    assert len(rig.recorder.recorded) == 1
