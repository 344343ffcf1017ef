"""Telegram: every way to hand in a draft or a command, by polling and by webhook, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from emulators.telegram import TelegramEmulator

DRAFT = "Che idiota, lo zibaldone"
BLOCKED = {"it": "⛔ Così, per favore, non pubblicarla", "en": "⛔ Please do not publish this as it is"}
PERSON = {"id": 10, "is_bot": False, "first_name": "Anna"}
HELP = {"it": "Sono Vaglio, un programma.", "en": "I am Vaglio, a program."}
PHOTO = {"photo": [{"file_id": "F", "file_unique_id": "F", "width": 1, "height": 1}]}

both = pytest.mark.parametrize("language", ["it", "en"])
polling_only = pytest.mark.parametrize("connect", ["polling"], indirect=True)


@both
async def test_a_message(telegram: TelegramEmulator, answer: Any, language: str) -> None:
    await telegram.message(DRAFT, language_code=language)
    sent = await answer()
    assert sent.text.startswith(BLOCKED[language])
    call = await telegram.wait_for("sendMessage")
    assert call.payload["chat_id"] == 10
    assert call.payload["reply_parameters"]["message_id"] == 1
    assert call.payload["link_preview_options"] == {"is_disabled": True}
    assert "parse_mode" not in call.payload


@both
async def test_the_caption_of_a_photo(telegram: TelegramEmulator, answer: Any, language: str) -> None:
    await telegram.message(None, language_code=language, caption=DRAFT, **PHOTO)
    text = (await answer()).text
    expected = {"it": "Non so leggere gli allegati (image/jpeg)", "en": "I cannot read attachments (image/jpeg)"}
    assert text.startswith(BLOCKED[language])
    assert expected[language] in text


FILE = {"file_id": "F", "file_unique_id": "F"}
MOVING = FILE | {"width": 1, "height": 1, "duration": 1}

MP4 = {"mime_type": "video/mp4"}


@pytest.mark.parametrize(
    ("attached", "kind"),
    [
        ({"document": FILE | {"mime_type": "application/pdf"}}, "application/pdf"),
        ({"document": FILE}, "document"),
        ({"video": MOVING | MP4}, "video/mp4"),
        (
            {"animation": MOVING | {"mime_type": "video/mp4"}, "document": FILE | {"mime_type": "video/mp4"}},
            "video/mp4",
        ),
        ({"animation": MOVING, "document": FILE}, "animation"),
        ({"voice": FILE | {"duration": 1}}, "voice"),
    ],
    ids=str,
)
async def test_what_hangs_on_it_is_said_not_to_be_checked(
    telegram: TelegramEmulator, answer: Any, attached: Any, kind: str
) -> None:
    await telegram.message(None, caption="Uno zibaldone", **attached)
    text = (await answer()).text
    assert text.count("Non so leggere gli allegati") == 1
    assert f"({kind})" in text


@both
async def test_an_edited_message_is_checked_anew(telegram: TelegramEmulator, answer: Any, language: str) -> None:
    await telegram.message("Uno zibaldone", language_code=language)
    await answer()
    await telegram.edited_message(DRAFT, message_id=1, language_code=language)
    assert (await answer(2)).text.startswith(BLOCKED[language])


@both
async def test_help(telegram: TelegramEmulator, answer: Any, house: Any, language: str) -> None:
    asked = ("/start", "/start from_a_link", "/help", "/HELP", "/help@vaglio_bot", "/aiuto", "help", "aiuto", "/new")
    for count, text in enumerate(asked, start=1):
        await telegram.message(text, language_code=language)
        assert (await answer(count)).text.startswith(HELP[language])
    assert house.ledger.entries() == []


async def test_a_chosen_language_beats_the_telephones(telegram: TelegramEmulator, answer: Any) -> None:
    chosen = ("/language en", "/language@vaglio_bot english", "/lingua en", "/lingua\ninglese", "language en")
    for count, text in enumerate(chosen):
        person = 20 + count
        await telegram.message(text, chat_id=person, user_id=person)
        assert (await answer(2 * count + 1)).text == "From now on I will answer you in English."
        await telegram.message(DRAFT, chat_id=person, user_id=person)
        assert (await answer(2 * count + 2)).text.startswith(BLOCKED["en"])


@both
async def test_which_language_is_asked(telegram: TelegramEmulator, answer: Any, language: str) -> None:
    expected = {"it": "Scrivi /lingua it oppure /lingua en.", "en": "Write /language it or /language en."}
    for count, text in enumerate(("/language", "/language fr", "/lingua"), start=1):
        await telegram.message(text, language_code=language)
        assert (await answer(count)).text == expected[language]


async def test_a_third_language_gets_english(telegram: TelegramEmulator, answer: Any) -> None:
    await telegram.message(DRAFT, language_code="fr")
    assert (await answer()).text.startswith(BLOCKED["en"])


async def test_what_only_begins_like_a_command_is_a_draft(telegram: TelegramEmulator, answer: Any) -> None:
    drafts = ("/help me sell the zibaldone", "/zibaldone", "help me, zibaldone", "/ zibaldone")
    for count, text in enumerate(drafts, start=1):
        await telegram.message(text)
        assert text in (await answer(count)).text


@pytest.mark.parametrize(
    "content",
    [
        {"sticker": FILE | {"type": "regular", "width": 1, "height": 1, "is_animated": False, "is_video": False}},
        PHOTO,
        {"location": {"longitude": 1.0, "latitude": 1.0}},
        {"contact": {"phone_number": "1", "first_name": "Zibaldone"}},
    ],
    ids=lambda content: next(iter(content)),
)
async def test_without_text_there_is_nothing_to_read(telegram: TelegramEmulator, answer: Any, content: Any) -> None:
    await telegram.message(None, **content)
    assert (await answer()).text.startswith("Qui non c’è testo da leggere")


async def test_what_is_not_for_the_bot_is_let_pass(telegram: TelegramEmulator, answer: Any, house: Any) -> None:
    for kind, chat in (("group", -1), ("supergroup", -2)):
        await telegram.message(DRAFT, chat_id=chat, chat_type=kind)
        await telegram.edited_message(DRAFT, message_id=1, chat_id=chat)
    await telegram.message(None, new_chat_title="zibaldone")
    await telegram.message(None, media_group_id="7", **PHOTO)
    moving = {"message_id": 1, "date": 0, "chat": {"id": 10, "type": "private"}, "from": PERSON}
    await telegram.push("edited_message", moving | {"location": {"longitude": 1.0, "latitude": 2.0}})
    bot = {"from": {"id": 7, "is_bot": True, "first_name": "Robot"}}
    await telegram.message(DRAFT, **bot)
    await telegram.push(
        "channel_post", {"message_id": 1, "date": 0, "chat": {"id": -3, "type": "channel"}, "text": "z"}
    )
    await telegram.message("Uno zibaldone")
    await answer()
    await house.quiet()
    assert len(telegram.sent) == len(house.ledger.entries()) == 1


async def test_the_commands_are_named_in_both_languages(telegram: TelegramEmulator) -> None:
    await telegram.wait_for("setMyCommands", count=2)
    described = {key[1]: [each["description"] for each in commands] for key, commands in telegram.settings.items()}
    assert described == {
        "it": [
            "Come mandarmi una bozza",
            "Controlla una risposta: prima le parole del cliente, poi le tue",
            "Controlla una bozza e dimenticala: resta solo un conteggio",
            "Le tue bozze, e a che punto sono",
            "La policy in una pagina",
            "Cinque domande sulla policy",
            "Se una ricevuta vale: con il suo codice",
            "In che lingua ti parlo: it o en",
            "Collega questo Telegram: con il tuo codice",
            "Lascia perdere quello che ti ho chiesto",
            "Che cosa faccio e come chiedermelo",
        ],
        "": [
            "How to send me a draft",
            "Check a reply: first the customer's words, then yours",
            "Check a draft and forget it: only a count remains",
            "Your drafts, and where they stand",
            "The policy in one page",
            "Five questions about the policy",
            "Whether a receipt holds: with its code",
            "How I speak to you: it or en",
            "Make this Telegram yours: with your code",
            "Never mind what I have asked you for",
            "What I do and how to ask me",
        ],
    }


@polling_only
@both
async def test_every_command_that_is_offered_is_one(telegram: TelegramEmulator, answer: Any, language: str) -> None:
    await telegram.wait_for("setMyCommands", count=2)
    offered = telegram.settings["commands", "it" if language == "it" else ""]
    for count, each in enumerate(offered, start=1):
        await telegram.message(f"/{each['command']}", language_code=language)
        text = (await answer(count)).text
        assert "zibaldone" not in text
        assert not text.startswith(("✅", "⛔", "Qui non c’è testo", "There is no text"))


async def test_of_an_album_the_caption_is_checked(telegram: TelegramEmulator, answer: Any, house: Any) -> None:
    for content in ({"caption": DRAFT}, {}, {}):
        await telegram.message(None, media_group_id="7", **PHOTO, **content)
    assert (await answer()).text.startswith(BLOCKED["it"])
    await telegram.message("/help")
    await answer(2)
    await house.quiet()
    assert len(telegram.sent) == 2


async def test_a_telephone_that_says_no_language_gets_italian(telegram: TelegramEmulator, answer: Any) -> None:
    await telegram.message(DRAFT, **{"from": PERSON})
    assert (await answer()).text.startswith(BLOCKED["it"])
