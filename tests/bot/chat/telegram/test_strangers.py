"""Telegram: people whom nobody has linked; one sentence, nothing kept, and the code that makes them known."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from emulators.telegram import TelegramEmulator, live_parts
from emulators.telegram_people import labels
from sqlalchemy import inspect

from bot.chat.telegram_strangers import how_to_link, spoken_by

STRANGER = 99
DRAFT = "Che idiota, lo zibaldone"
SAYS = {
    "it": "Rispondo ai colleghi di cui conosco il Telegram. Chiedi un codice con «/vaglio collega» in Slack o nella "
    "pagina di Vaglio, poi mandamelo qui: /collega CODICE",
    "en": "I answer colleagues whose Telegram I know. Ask for a code with “/vaglio link” in Slack or on Vaglio's page, "
    "then send it to me here: /link CODE",
}
both = pytest.mark.parametrize("language", ["it", "en"])


@pytest.fixture
def stranger(make_writer: Any, language: str) -> Any:
    return make_writer(language, STRANGER)


async def some(telegram: TelegramEmulator, count: int) -> None:
    """Until a stranger has been told so many things: nothing waits for that."""
    await telegram.wait_for(lambda call: call.method == "sendMessage", count=count)


@both
async def test_a_stranger_is_told_how_to_be_known_and_nothing_is_kept(
    stranger: Any, polling: TelegramEmulator, house: Any, language: str
) -> None:
    before = tables(house)
    await stranger.send(DRAFT)
    await some(polling, 1)
    assert stranger.last == SAYS[language]
    assert live_parts(polling.sent[0]) == []
    after = tables(house)
    assert {name: count for name, count in after.items() if count != before[name]} == {"rate": before["rate"] + 1}
    assert b"zibaldone" not in house.bytes()
    assert str(STRANGER).encode() not in digits(house)
    assert not house.people.is_known(f"telegram:{STRANGER}")


async def test_once_an_hour_is_enough(stranger: Any, polling: TelegramEmulator, moment: Any, writer: Any) -> None:
    for text in (
        DRAFT,
        "/start",
        "/help",
        "/language en",
        "/private zibaldone",
        "/cancel",
        "/link",
        "/link abc",
        "/mine",
    ):
        await stranger.send(text)
    await stranger.do(polling.edited_message(DRAFT, 1, STRANGER, STRANGER))
    await writer.send("Uno zibaldone")
    await asyncio.sleep(0.1)
    assert len(stranger.seen) == 1
    moment.later(minutes=59)
    await stranger.send(DRAFT)
    moment.later(minutes=2)
    await stranger.send(DRAFT)
    await some(polling, 3)
    assert len(stranger.seen) == 2


@both
async def test_a_code_makes_them_known(stranger: Any, house: Any, language: str) -> None:
    person = house.people.person("slack:T1:U1")
    code = house.people.new_code(person, datetime.now(UTC))
    await stranger.send(f"/{'collega' if language == 'it' else 'link'} {code}")
    assert house.people.person(f"telegram:{STRANGER}") == person
    done, welcome = stranger.seen
    assert (
        done["text"]
        == {"it": "Fatto: da ora so chi sei anche qui.", "en": "Done: from now on I know you here too."}[language]
    )
    assert stranger.says("Piacere di conoscerti", "Good to meet you")
    assert list(labels(welcome)) == ["Leggi la policy" if language == "it" else "Read the policy"]
    await stranger.press(next(iter(labels(welcome))))
    assert stranger.last.startswith("📖")
    await stranger.send(DRAFT)
    assert stranger.last.startswith("⛔")


async def test_a_code_is_taken_however_it_is_written(make_writer: Any, house: Any) -> None:
    for number, way in enumerate(("/link {}", "/LINK@vaglio_bot {}", "link {}", "/collega {}")):
        person = house.people.person(f"slack:T1:U{number}")
        code = house.people.new_code(person, datetime.now(UTC))
        written = (code, code.lower(), f"{code[:4]}-{code[4:]}", f"{code[:4]} {code[4:]}")[number]
        await make_writer("it", 100 + number).send(way.format(written))
        assert house.people.person(f"telegram:{100 + number}") == person


@both
async def test_a_code_that_is_none(stranger: Any, house: Any, language: str) -> None:
    for _ in range(5):
        await stranger.send("/link BCDFGHJK")
        assert stranger.says("Questo codice non è valido", "This code is not valid")
    await stranger.send("/link BCDFGHJK")
    assert stranger.says("Troppi codici sbagliati", "Too many wrong codes")
    assert not house.people.is_known(f"telegram:{STRANGER}")


@both
async def test_a_telegram_that_is_somebody_elses(writer: Any, house: Any, language: str) -> None:
    await writer.send("Uno zibaldone")
    code = house.people.new_code(house.people.person("slack:T1:U1"), datetime.now(UTC))
    await writer.send(f"/link {code}")
    assert writer.says("è collegato a un’altra persona", "is linked to somebody else")


@both
async def test_whoever_is_unlinked_is_a_stranger(
    writer: Any, polling: TelegramEmulator, house: Any, language: str
) -> None:
    await writer.send("Il vaglietto dello zibaldone")
    entries = len(house.ledger.entries())
    house.people.unlink("telegram:10")
    await writer.press("Usa la proposta" if language == "it" else "Use the proposal")
    await polling.wait_for(lambda call: call.payload.get("text") == SAYS[language])
    await writer.send(DRAFT)
    await some(polling, 2)
    assert writer.last == SAYS[language]
    assert len(house.ledger.entries()) == entries
    assert not house.people.is_known("telegram:10")


async def test_unlinked_between_the_message_and_the_answer(
    emulator: TelegramEmulator, make_house: Any, make_chat: Any, connect: Any, answer: Any
) -> None:
    house = make_house()
    async with connect(emulator, make_chat(house)):
        pushed = await emulator.message(DRAFT)
        await emulator.taken(pushed)
        house.people.unlink("telegram:10")
        house.start()
        assert (await answer()).text == SAYS["it"]
        await house.quiet()
    assert house.ledger.entries() == []
    assert not house.people.is_known("telegram:10")


async def test_news_for_a_telegram_that_is_no_longer_theirs_goes_nowhere(
    polling: TelegramEmulator, house: Any, logged: Any
) -> None:
    event = {"kind": "errand", "what": "again", "about": "s_1", "owner": None, "to": f"telegram:{STRANGER}"}
    await house.work.defer("telegram", "errand:again", event)
    await house.quiet()
    assert polling.sent == []
    assert not house.people.is_known(f"telegram:{STRANGER}")
    assert '"event": "work.undeliverable"' in logged()


@both
async def test_how_to_link_once_one_is_linked(writer: Any, language: str) -> None:
    for text in ("/link", "/link abc", "/collega"):
        await writer.send(text)
        assert writer.says("Scrivi /collega e poi il codice", "Write /link and after it the code")


@both
def test_the_sentence_fits_into_the_answer_to_a_press(language: str) -> None:
    assert len(how_to_link(language)) <= 200


@pytest.mark.parametrize(
    ("locale", "language"), [("it", "it"), ("it-IT", "it"), ("en_GB", "en"), ("fr", "en"), (None, "it"), ("", "it")]
)
def test_a_strangers_language_is_their_telephones(locale: str | None, language: str) -> None:
    assert spoken_by(locale) == language


def tables(house: Any) -> dict[str, int]:
    """How many rows each table has, but for those by which workers know of one another."""
    with house.store.engine.connect() as connection:
        names = {*inspect(connection).get_table_names()} - {"procrastinate_workers", "round"}
        count = "SELECT count(*) FROM "
        return {name: int(connection.exec_driver_sql(f'{count}"{name}"').scalar_one()) for name in names}


def digits(house: Any) -> bytes:
    """Every account that is known."""
    return b" ".join(account.encode() for accounts in house.people.everybody().values() for account in accounts)
