"""Telegram: owners in their groups; what a card offers, who may press, who is told, and what the others see."""

from __future__ import annotations

import asyncio
from operator import itemgetter
from typing import Any

import pytest
import unheard
from emulators.telegram import part
from emulators.telegram_people import labels

from bot.audit.errors import RecordError

both = pytest.mark.parametrize("language", ["it", "en"])

PRESS, LEGAL = -1001, -1002
TWICE = "Uno zibaldone idiota: un trimestre record"
APPROVE, CHANGE, REJECT, TAKE, PASS = "Approva", "Chiedi una modifica", "Respingi", "La guardo io", "Passa ad altri"
NOTED = {"it": "Segnato. Chi l’ha scritta lo sa subito.", "en": "Noted. The writer hears it at once."}
FASTER = "Qualcuno ha fatto prima, o non serve più. Non è cambiato nulla."
shown = itemgetter("text")


async def test_a_card_shows_what_it_is_about(asked: Any) -> None:
    text = shown(asked)
    assert text.startswith("✋ Una bozza aspetta il sì di: Ufficio legale\n")
    assert "Uno zibaldone: un 【trimestre record】¹" in text
    assert "Non ancora annunciato." in text
    assert set(labels(asked)) == {APPROVE, CHANGE, REJECT, TAKE, PASS}


@both
async def test_one_yes_and_the_writer_hears_it(writer: Any, owners: Any, asked: Any, language: str) -> None:
    await owners.press(APPROVE, user=12, language=language)
    assert owners.alerts == [NOTED[language]]
    (card,) = owners.telegram.said(LEGAL)
    assert shown(card).startswith("✅ Approvata da Carla Neri")
    assert "zibaldone" not in shown(card)
    assert labels(card) == {}
    assert writer.says("La tua bozza è approvata", "Your draft is approved")
    assert ("L’ho pubblicata" if language == "it" else "I published it") in labels(writer.seen[-1])
    assert labels(writer.seen[0]) == {}


@both
@pytest.mark.parametrize(
    ("label", "asks", "told", "settled"),
    [
        (REJECT, {"it": "Perché no", "en": "Why not"}, ("non è stata approvata", "was not approved"), "Respinta da"),
        (
            CHANGE,
            {"it": "Che cosa va cambiato", "en": "What should change"},
            ("Ti chiedono una modifica", "A change is asked for"),
            "chiede una modifica",
        ),
    ],
    ids=["reject", "change"],
)
async def test_a_no_needs_words_and_takes_them_as_a_reply(
    writer: Any, owners: Any, asked: Any, language: str, label: str, asks: Any, told: Any, settled: str
) -> None:
    await owners.press(label, language=language)
    question = owners.last()
    assert asks[language] in shown(question)
    sent = next(each for each in owners.telegram.sent if each.message_id == question["message_id"])
    assert sent.reply_markup == {
        "force_reply": True,
        "selective": True,
        "input_field_placeholder": asks[language],
    }
    mention = [each for each in sent.entities if each["type"] == "text_mention"]
    assert [(part(sent.text, each), each["user"]["id"]) for each in mention] == [("Bruno", 11)]
    await owners.say("Meglio dopo il comunicato", reply_to=question["message_id"])
    card = owners.telegram.said(LEGAL)[0]
    assert settled in shown(card)
    assert "Meglio dopo il comunicato" in shown(card)
    assert labels(card) == {}
    assert writer.says(*told)
    assert "«Meglio dopo il comunicato»" in writer.last
    assert shown(owners.telegram.said(11)[-1]) == NOTED["it"]


async def test_only_whoever_was_asked_answers_and_only_by_a_reply(writer: Any, owners: Any, asked: Any) -> None:
    await owners.press(REJECT)
    question = owners.last()["message_id"]
    seen = len(owners.telegram.said(LEGAL))
    await owners.say("Io non c’entro", user=12, reply_to=question)
    await owners.say("Non è una risposta")
    await owners.say("Alla scheda", reply_to=asked["message_id"])
    await owners.say("Non mi conosce nessuno", user=99, reply_to=question)
    assert len(owners.telegram.said(LEGAL)) == seen
    assert APPROVE in labels(owners.telegram.said(LEGAL)[0])
    await writer.send("Uno zibaldone")
    assert "Via libera" in writer.last
    await owners.say("Meglio di no", reply_to=question)
    assert "Respinta da Bruno" in shown(owners.telegram.said(LEGAL)[0])


async def test_a_question_in_a_group_is_called_off(owners: Any, asked: Any) -> None:
    await owners.press(REJECT)
    question = owners.last()["message_id"]
    await owners.say("/annulla@vaglio_bot")
    assert shown(owners.last()) == "Va bene: non l’aspetto più."
    await owners.say("Meglio di no", reply_to=question)
    assert APPROVE in labels(owners.telegram.said(LEGAL)[0])


async def test_after_an_hour_nobody_waits_for_words(owners: Any, asked: Any, moment: Any) -> None:
    await owners.press(REJECT)
    question = owners.last()["message_id"]
    moment.later(minutes=61)
    await owners.say("Meglio di no", reply_to=question)
    assert APPROVE in labels(owners.telegram.said(LEGAL)[0])


@both
async def test_somebody_looks_at_it(writer: Any, owners: Any, asked: Any, language: str) -> None:
    await owners.press(TAKE, language=language)
    assert owners.alerts[0].startswith({"it": "Grazie.", "en": "Thank you."}[language])
    (card,) = owners.telegram.said(LEGAL)
    assert "La sta guardando Bruno" in shown(card)
    assert set(labels(card)) == {APPROVE, CHANGE, REJECT, PASS}
    assert writer.last.startswith("👀")


@both
async def test_it_is_passed_on(owners: Any, asked: Any, language: str) -> None:
    await owners.press(PASS, language=language)
    card, choice = owners.telegram.said(LEGAL)
    assert shown(choice) == {"it": "A chi?", "en": "To whom?"}[language]
    office = {"it": "Ufficio stampa", "en": "Press office"}[language]
    assert list(labels(choice)) == [office]
    await owners.press(office, language=language)
    card, choice = owners.telegram.said(LEGAL)
    assert shown(card).startswith("↪️ Passata a: Ufficio stampa")
    assert shown(choice) == {"it": "Passata a Ufficio stampa.", "en": "Passed on to Press office."}[language]
    assert labels(card) == labels(choice) == {}
    (other,) = owners.telegram.said(PRESS)
    assert APPROVE in labels(other)
    assert "Chiesta prima a: Ufficio legale." in shown(other)
    await owners.press(APPROVE, chat=PRESS)
    assert shown(owners.last(PRESS)).startswith("✅ Approvata da Bruno")


async def test_a_choice_that_comes_too_late_changes_nothing(owners: Any, asked: Any) -> None:
    await owners.press(PASS)
    await owners.press(APPROVE, user=12)
    await owners.press("Ufficio stampa")
    assert owners.alerts[-1] == FASTER
    assert owners.telegram.said(PRESS) == []


async def test_nobody_rules_on_a_draft_of_their_own(writer: Any, owners: Any, asked: Any) -> None:
    for number, label in enumerate((APPROVE, TAKE, REJECT, CHANGE), start=1):
        await owners.press(label, user=10)
        assert owners.alerts == ["Questa bozza è tua: la deve guardare qualcun altro."] * number
    # Nobody else in the group can tell: nothing was said there, and the card is as it was.
    (card,) = owners.telegram.said(LEGAL)
    assert APPROVE in labels(card)
    assert not [call for call in owners.telegram.calls if call.method == "sendMessage" and "Perché no" in str(call)]


async def test_of_two_who_press_at_once_one_is_told(owners: Any, asked: Any, house: Any) -> None:
    pressed = await asyncio.gather(
        *(owners.telegram.press(APPROVE, LEGAL, user_id=user, language_code="it") for user in (11, 12))
    )
    for each in pressed:
        await owners.telegram.taken(each)
    await house.quiet()
    assert sorted(owners.alerts) == sorted([NOTED["it"], FASTER])
    assert [entry.kind for entry in house.ledger.entries()].count("decision") == 1


async def test_a_ruling_while_the_database_fails_is_done_and_said_once(
    writer: Any, owners: Any, asked: Any, house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = unheard.rulings(monkeypatch, 2)
    await owners.press(APPROVE)
    assert failures == []
    assert owners.alerts == [NOTED["it"]]
    assert "La tua bozza è approvata" in writer.last
    assert [entry.kind for entry in house.ledger.entries()].count("decision") == 1


async def test_what_is_asked_for_while_the_database_fails_is_shown_once_it_is_back(
    writer: Any, house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, failures = house.cabinet.drafts.mine, [RecordError("away", "db")] * 2

    def sometimes(person: str) -> Any:
        if failures:
            raise failures.pop()
        return mine(person)

    monkeypatch.setattr(house.cabinet.drafts, "mine", sometimes)
    await writer.send("/mine")
    assert failures == []
    (said,) = writer.seen
    assert "NON è stat" not in said["text"]


async def test_two_clauses_need_two_owners(writer: Any, owners: Any) -> None:
    await writer.send(TWICE)
    await writer.press("Chiedi a: Ufficio stampa, Ufficio legale")
    await owners.press(APPROVE, chat=PRESS)
    assert "Una prima risposta" in writer.last
    assert "Ufficio legale: non ha ancora risposto." in writer.last
    await owners.press(APPROVE, user=12)
    assert "La tua bozza è approvata" in writer.last
    assert "Ricevuta per queste esatte parole" in writer.last


async def test_one_no_is_enough_and_the_other_need_not_answer(writer: Any, owners: Any) -> None:
    await writer.send(TWICE)
    await writer.press("Chiedi a: Ufficio stampa, Ufficio legale")
    await owners.press(REJECT, chat=PRESS)
    await owners.say("No", chat=PRESS, reply_to=owners.last(PRESS)["message_id"])
    assert shown(owners.last(LEGAL)).startswith("↩️")
    assert labels(owners.last(LEGAL)) == {}
    assert "non è stata approvata" in writer.last


async def test_a_draft_that_is_taken_back_closes_its_card(writer: Any, owners: Any, asked: Any) -> None:
    await writer.press("Dimentica questa bozza")
    (card,) = owners.telegram.said(LEGAL)
    assert shown(card).startswith("↩️")
    assert labels(card) == {}


@both
@pytest.mark.parametrize(
    ("label", "told", "settled"),
    [
        ("Ha ragione chi scrive", ("Avevi ragione tu", "You were right"), "ha ragione chi scrive"),
        ("Ha ragione la regola", ("La regola resta", "The rule stays"), "ha ragione la regola"),
    ],
    ids=["overturn", "uphold"],
)
async def test_an_appeal_is_heard(writer: Any, owners: Any, language: str, label: str, told: Any, settled: str) -> None:
    await writer.send("Il vaglietto dello zibaldone")
    await writer.press("Non sono d’accordo" if language == "it" else "I disagree")
    await writer.send("Qui è il nome di una fiera")
    assert "Qui è il nome di una fiera" in shown(owners.last(PRESS))
    await owners.press(label, chat=PRESS, language=language)
    await owners.say("Ho guardato", chat=PRESS, reply_to=owners.last(PRESS)["message_id"])
    card = owners.telegram.said(PRESS)[0]
    assert settled in shown(card)
    assert labels(card) == {}
    assert writer.says(*told)
    assert "«Ho guardato»" in writer.last


async def test_outside_its_channel_a_card_is_nobodys(writer: Any, owners: Any, asked: Any, do: Any) -> None:
    word = labels(asked)[APPROVE]
    await owners.do(owners.telegram.message("/help", chat_id=20, user_id=20))
    await do(owners.telegram.callback(word, chat_id=20, user_id=20))
    assert shown(owners.telegram.said(20)[-1]) == "A questa può rispondere solo Ufficio legale. Non è cambiato nulla."
    assert APPROVE in labels(owners.telegram.said(LEGAL)[0])
