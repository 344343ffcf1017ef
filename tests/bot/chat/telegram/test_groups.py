"""Telegram: the groups that owners sit in: who is not known there, what moves, and what people write in it."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import pytest
from emulators.telegram import live_parts
from emulators.telegram_people import labels

both = pytest.mark.parametrize("language", ["it", "en"])

LEGAL = -1002
ASKED = "Uno zibaldone: un trimestre record"
APPROVE, REJECT, TAKE = "Approva", "Respingi", "La guardo io"
shown = itemgetter("text")


@both
async def test_whoever_is_not_known_may_not_press(owners: Any, asked: Any, house: Any, language: str) -> None:
    pending = house.bytes().count(b"zibaldone")
    for _ in range(2):
        await owners.press(APPROVE, user=99, language=language)
        await owners.telegram.wait_for(lambda call: "text" in call.payload and call.method == "answerCallbackQuery")
    assert owners.alerts[0].startswith({"it": "Rispondo ai colleghi", "en": "I answer colleagues"}[language])
    assert APPROVE in labels(owners.telegram.said(LEGAL)[0])
    assert not house.people.is_known("telegram:99")
    assert house.bytes().count(b"zibaldone") == pending


async def test_a_group_learns_its_number(owners: Any) -> None:
    for text in ("/help@vaglio_bot", "/start@vaglio_bot", "/aiuto@Vaglio_Bot"):
        await owners.say(text)
        assert str(LEGAL) in shown(owners.last())
    for text in ("/help", "/help@other_bot", "help", "Uno zibaldone @vaglio_bot"):
        await owners.say(text)
    await owners.say("/help@vaglio_bot", user=99)
    assert len(owners.telegram.said(LEGAL)) == 3


async def test_a_group_that_has_become_another_is_followed(writer: Any, owners: Any) -> None:
    owners.telegram.migrate(LEGAL, -100777)
    await writer.send(ASKED)
    await writer.press("Chiedi a: Ufficio legale")
    (card,) = owners.telegram.said(-100777)
    await owners.press(TAKE, chat=-100777)
    assert "La sta guardando Bruno" in shown(owners.last(-100777))
    await owners.press(APPROVE, chat=-100777)
    (card,) = owners.telegram.said(-100777)
    assert shown(card).startswith("✅ Approvata da Bruno")


async def test_a_card_whose_group_has_moved_meanwhile_is_shown_in_the_new_one(
    writer: Any, owners: Any, asked: Any
) -> None:
    owners.telegram.migrate(LEGAL, -100777)
    await writer.press("Dimentica questa bozza")
    (card,) = owners.telegram.said(-100777)
    assert shown(card).startswith("↩️")


async def test_what_waits_is_summed_up(owners: Any, asked: Any, house: Any) -> None:
    event = {"kind": "errand", "what": "digest", "about": "legal", "owner": "legal", "to": str(LEGAL)}
    await house.work.defer("telegram", "errand:digest", event)
    await house.quiet()
    assert shown(owners.last()).startswith("☕ ")


async def test_a_card_of_hostile_words_is_inert(writer: Any, owners: Any, hostile: str) -> None:
    owners.telegram.names[11] = {"first_name": hostile[:64], "last_name": "@anna evil.example/x"}
    await writer.send(f"{hostile[:1200]} trimestre record")
    await writer.press(next(label for label in labels(writer.seen[0]) if label.startswith("Chiedi a: ")))
    await owners.press(TAKE)
    await owners.press(REJECT)
    await owners.say(hostile[:3000], reply_to=owners.last()["message_id"])
    live = [each for sent in owners.telegram.sent for each in live_parts(sent)]
    # Of the question alone: whoever is asked, and the command that calls it off.
    assert [each.partition(":")[0] for each in live] == ["text_mention", "bot_command"]
    assert live[1] == "bot_command: /annulla"


async def test_hostile_words_of_a_writer_are_inert_wherever_they_go(
    writer: Any, owners: Any, house: Any, hostile: str
) -> None:
    words = f"{hostile[:900]} vaglietto"
    await writer.send(words)
    await writer.press("Correggi e ricontrolla")
    await writer.send(f"{words} zibaldone")
    await writer.press("Dove va")
    await writer.press("Una risposta a qualcuno")
    await writer.send(hostile[:900])
    await writer.press("Non sono d’accordo")
    if "Quale sbaglia?" in writer.last:
        label = next(label for label in labels(writer.seen[-1]) if label.startswith("2.3"))
        await writer.press(label)
    await writer.send(hostile[:900])
    await owners.press("Ha ragione chi scrive", chat=-1001)
    await owners.say(hostile[:900], chat=-1001, reply_to=owners.last(-1001)["message_id"])
    await writer.send("/bozze")
    await writer.send("/rispondi")
    await writer.send(hostile[:900])
    await writer.send(words)
    assert len(house.recorder.screenings) == 4
    live = [each for sent in owners.telegram.sent for each in live_parts(sent)]
    assert {each for each in live if not each.startswith("text_mention")} == {"bot_command: /annulla"}
    assert len([each for each in live if each.startswith("text_mention")]) == 1
