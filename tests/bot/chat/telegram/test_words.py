"""Telegram: words that were asked for; what is taken for them, what ends the waiting, and what no edit brings back."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import pytest
from emulators.telegram import TelegramEmulator
from emulators.telegram_people import labels

from bot.chat.telegram_waiting import Waiting

both = pytest.mark.parametrize("language", ["it", "en"])
DRAFT = "Il vaglietto dello zibaldone"
shown = itemgetter("text")
OTHER = {"type": "hidden_user", "sender_user_name": "Cliente", "date": 0}
EDIT = {"it": "Correggi e ricontrolla", "en": "Change it and check again"}


@both
async def test_the_next_message_is_the_words_whatever_it_says(writer: Any, house: Any, language: str) -> None:
    await writer.send(DRAFT)
    await writer.press(EDIT[language])
    assert writer.says("anche se è un’altra bozza", "even if it is another draft")
    await writer.send("help")
    assert house.recorder.screenings[-1].draft.text == "help"
    await writer.send("help")
    assert writer.says("Sono Vaglio, un programma.", "I am Vaglio, a program.")


@both
@pytest.mark.parametrize("ending", ["/annulla", "/cancel", "annulla", "Cancel", "/cancel@vaglio_bot"])
async def test_it_is_called_off(writer: Any, house: Any, language: str, ending: str) -> None:
    await writer.send(DRAFT)
    await writer.press(EDIT[language])
    await writer.send(ending)
    assert writer.says("Va bene: non l’aspetto più.", "All right: I no longer wait for it.")
    await writer.send("Uno zibaldone")
    assert house.recorder.screenings[-1].id != house.recorder.screenings[0].id
    assert not writer.says("Dall’ultimo controllo", "Since the last check")
    await writer.send(ending)
    assert writer.says("Non stavo aspettando nulla.", "I was not waiting for anything.")


@pytest.mark.parametrize("command", ["/help", "/mine", "/policy", "/language it", "/new", "/private Uno zibaldone"])
async def test_a_command_ends_it(writer: Any, house: Any, command: str) -> None:
    await writer.send(DRAFT)
    await writer.press(EDIT["it"])
    await writer.send(command)
    await writer.send("Uno zibaldone")
    assert "Dall’ultimo controllo" not in writer.last


async def test_another_button_ends_it(writer: Any) -> None:
    await writer.send(DRAFT)
    await writer.press(EDIT["it"])
    await writer.press("Pubblico comunque")
    await writer.send("Uno zibaldone")
    assert "Dall’ultimo controllo" not in writer.last


async def test_a_newer_question_takes_the_place_of_an_older_one(writer: Any, house: Any) -> None:
    await writer.send(DRAFT)
    await writer.press(EDIT["it"])
    await writer.press("Non sono d’accordo")
    await writer.send("È il nome di una fiera")
    assert writer.last.startswith("Grazie.")
    assert len(house.recorder.screenings) == 1


async def test_after_an_hour_it_is_over(writer: Any, moment: Any) -> None:
    await writer.send(DRAFT)
    await writer.press(EDIT["it"])
    moment.later(minutes=61)
    await writer.send("Uno zibaldone")
    assert "Dall’ultimo controllo" not in writer.last


async def test_a_picture_is_no_words(writer: Any, house: Any, polling: TelegramEmulator) -> None:
    await writer.send(DRAFT)
    await writer.press(EDIT["it"])
    await writer.do(polling.message(None, sticker={
        "file_id": "F", "file_unique_id": "F", "type": "regular", "width": 1, "height": 1, "is_animated": False,
        "is_video": False,
    }))  # fmt: skip
    assert writer.last.startswith("Qui non c’è testo da leggere")
    await writer.send("Uno zibaldone")
    assert "Dall’ultimo controllo" in writer.last


async def test_words_that_are_edited_later(writer: Any, house: Any, polling: TelegramEmulator) -> None:
    await writer.send(DRAFT)
    await writer.press(EDIT["it"])
    await writer.send("Uno zibaldone idiota")
    (words,) = [number for (_, number), each in polling.messages.items() if each.get("text") == "Uno zibaldone idiota"]
    await writer.do(polling.edited_message("Uno zibaldone gentile", words))
    # A draft goes on in its thread ...
    assert "Dall’ultimo controllo" in writer.last
    assert house.recorder.screenings[-1].draft.text == "Uno zibaldone gentile"
    await writer.send(DRAFT)
    await writer.press("Non sono d’accordo")
    await writer.send("È il nome di una fiera")
    (words,) = [number for (_, number), each in polling.messages.items() if "fiera" in each.get("text", "")]
    count = len(writer.seen)
    await writer.do(polling.edited_message("È il nome della fiera", words))
    await writer.press(EDIT["it"])
    await writer.do(polling.edited_message("È il nome di quella fiera", words))
    # ... and what was said about one is no draft, whatever was asked since.
    assert [shown(each) for each in writer.seen[count:]] == [DRAFT, shown(writer.seen[-1])]
    assert "fiera" not in "".join(screening.draft.text for screening in house.recorder.screenings)


async def test_a_draft_of_several_messages_is_copied_whole(writer: Any, house: Any) -> None:
    text = "Uno zibaldone di parole. " * 300
    await writer.send(text)
    await writer.press(EDIT["it"])
    _, *blocks, question = writer.seen
    assert "".join(shown(block) for block in blocks).replace(" ", "") == text.replace(" ", "")
    assert all(block["entities"][0]["type"] == "pre" for block in blocks)
    assert "La tua bozza" in shown(question)


# --- A reply to a customer, and a private draft ----------------------------------------------------------------------


@both
async def test_a_reply_in_two_steps(writer: Any, house: Any, language: str) -> None:
    await writer.send("/rispondi" if language == "it" else "/reply")
    assert writer.says("Che cosa ha scritto il cliente", "What the customer wrote")
    await writer.send("Il vostro vaglietto non si apre, idiota", forward_origin=OTHER)
    assert writer.says("La tua risposta", "Your reply")
    assert b"non si apre" not in house.bytes()
    await writer.send("Ci scusiamo, lo zibaldone si apre da sotto")
    (screening,) = house.recorder.screenings
    assert screening.draft.kind == "reply"
    assert screening.draft.in_reply_to == "Il vostro vaglietto non si apre, idiota"
    assert writer.says("Via libera", "Good to go")
    await writer.send("Uno zibaldone")
    assert house.recorder.screenings[-1].draft.kind == "post"


@both
async def test_an_answer_to_a_forwarded_message_is_a_reply(writer: Any, house: Any, language: str) -> None:
    await writer.send("Il vostro vaglietto non si apre", forward_origin=OTHER)
    assert writer.says("Questo l’ha scritto qualcun altro", "Somebody else wrote this")
    assert house.recorder.screenings == []
    await writer.send("Ci scusiamo per lo zibaldone", reply_to=1)
    (screening,) = house.recorder.screenings
    assert (screening.draft.kind, screening.draft.in_reply_to) == ("reply", "Il vostro vaglietto non si apre")


async def test_what_somebody_forwards_of_their_own_is_a_draft(writer: Any, house: Any) -> None:
    own = {"type": "user", "date": 0, "sender_user": {"id": 10, "is_bot": False, "first_name": "Anna"}}
    await writer.send("Uno zibaldone", forward_origin=own)
    assert "Via libera" in writer.last
    await writer.send("Un altro zibaldone", reply_to=1)
    assert house.recorder.screenings[-1].draft.kind == "post"


@both
@pytest.mark.parametrize("in_two", [False, True])
async def test_a_private_draft_leaves_nothing(
    writer: Any, house: Any, polling: TelegramEmulator, language: str, in_two: bool
) -> None:
    command = "/privata" if language == "it" else "/private"
    if in_two:
        await writer.send(command)
        assert writer.says("La controllo e la dimentico", "I check it and forget it")
        await writer.send("Uno zibaldone idiota")
    else:
        await writer.send(f"{command} Uno zibaldone idiota")
    assert writer.says("Controllata e dimenticata", "Checked and forgotten")
    assert labels(writer.seen[-1]) == {}
    assert house.recorder.screenings[-1].draft.account == "private"
    (words,) = [number for (_, number), each in polling.messages.items() if each.get("text", "").endswith("e idiota")]
    again = "Uno zibaldone gentile" if in_two else f"{command} Uno zibaldone gentile"
    await writer.do(polling.edited_message(again, words, language_code=language))
    assert house.recorder.screenings[-1].draft.account == "private"
    assert house.ledger.entries() == []


async def test_what_another_version_was_waiting_for_is_let_go(writer: Any, house: Any, moment: Any) -> None:
    for kept in ("1|edit|s_1|", "{}", '{"word": "edit", "chat": 10, "more": 1}'):
        house.awaiting.ask("telegram:10", kept, moment())
        await writer.send("Uno zibaldone")
        assert "Via libera" in writer.last
    house.awaiting.ask("telegram:10", Waiting(word="0|edit|s_1|", chat=10).model_dump_json(), moment())
    await writer.send("Uno zibaldone")
    assert "Via libera" in writer.last
