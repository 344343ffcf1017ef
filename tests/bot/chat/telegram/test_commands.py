"""Telegram: the commands that show something, in both languages: drafts, the policy, the quiz, receipts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from emulators.telegram import TelegramEmulator
from emulators.telegram_people import labels

from bot.chat.commands import Help, Link, Mine, New, ReadPolicy, Speak, TakeQuiz, Verify
from bot.chat.telegram_commands import AnswerTo, Cancel, Private, Which, is_command, spoken
from rules.assembly import load_policy
from rules.screening import Screener

both = pytest.mark.parametrize("language", ["it", "en"])
CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/start", Help()),
        ("/start BCDFGHJK", Help()),
        ("/aiuto@vaglio_bot", Help()),
        ("/nuova", New()),
        ("/bozze", Mine()),
        ("mine", Mine()),
        ("/regole", ReadPolicy()),
        ("/quiz", TakeQuiz()),
        ("/lingua\ninglese", Speak("en")),
        ("/lingua", Which("language")),
        ("/language xx", Which("language")),
        ("/link", Link()),
        ("/collega bcdf ghjk", Link("BCDF-GHJK")),
        ("/link BCDF-GHJK", Link("BCDF-GHJK")),
        ("/link bcd", Which("link")),
        ("/link to the zibaldone", None),
        ("/verifica K7QF 2M9X", Verify("K7QF-2M9X")),
        ("/verify", Which("verify")),
        ("/verify that the zibaldone works", None),
        ("/reply", AnswerTo()),
        ("/rispondi@vaglio_bot", AnswerTo()),
        ("/reply to the zibaldone", None),
        ("/private", Private()),
        ("/PRIVATA@vaglio_bot\n Uno\nzibaldone ", Private("Uno\nzibaldone ")),
        ("private lessons", None),
        ("/cancel", Cancel()),
        ("Annulla ", Cancel()),
        ("/annulla tutto", None),
        ("/", None),
        ("/@vaglio_bot", None),
        ("Uno zibaldone", None),
    ],
)
def test_what_is_a_command(text: str, expected: object) -> None:
    assert spoken(text) == expected


def test_what_ends_a_question_has_a_slash_or_says_so() -> None:
    assert [is_command(text) for text in ("/mine", "/annulla", "annulla", "/lingua")] == [True] * 4
    assert [is_command(text) for text in ("mine", "help", "/zibaldone", "no")] == [False] * 4


@both
async def test_my_drafts(writer: Any, language: str) -> None:
    command = "/bozze" if language == "it" else "/mine"
    await writer.send(command)
    assert writer.says("Non hai bozze in corso", "You have no drafts under way")
    await writer.send("Il vaglietto dello zibaldone")
    await writer.send("Che idiota, lo zibaldone")
    await writer.send(command)
    assert writer.says("2 bozze in corso", "2 drafts under way")
    await writer.press("Mostra la 2" if language == "it" else "Show 2")
    assert "Il 【vaglietto】¹ dello zibaldone" in writer.last
    assert "Usa la proposta" in labels(writer.seen[-1]) or "Use the proposal" in labels(writer.seen[-1])
    # Of the messages about one draft only the last has buttons.
    assert [labels(message) != {} for message in writer.seen] == [False, False, True, True]


@both
async def test_the_policy_is_read_and_acknowledged(writer: Any, house: Any, language: str) -> None:
    await writer.send("/regole" if language == "it" else "/policy")
    assert writer.last.startswith("📖")
    assert writer.says("Non hai ancora confermato", "You have not said yet")
    assert writer.says("4.1 A tempo debito\nDopo. (Ufficio legale)", "4.1 In due time\nLater. (Legal)")
    await writer.press("L’ho letta" if language == "it" else "I have read it")
    assert writer.says("Grazie, segnato.", "Thank you: noted.")
    assert [entry.kind for entry in house.ledger.entries()] == ["acknowledgement"]
    await writer.send("/policy")
    assert list(labels(writer.seen[-1])) == ["Fai il quiz" if language == "it" else "Take the quiz"]


@pytest.fixture
def bilingual(small_policy: Path, house: Any) -> Iterator[None]:
    """A policy whose examples are in both languages."""
    text = small_policy.read_text(encoding="utf-8")
    for it, en in (
        ('flag: ["Che idiota"', "What an idiot that customer is"),
        ('allow: ["Che bello"', "Such a lovely day at the office with all of you"),
        ('flag: ["Un trimestre record"', "We have had a record quarter in the whole company"),
        ('allow: ["Un bel trimestre"', "We have had a good quarter in the whole company"),
    ):
        assert it in text
        text = text.replace(it, f'{it}, "{en}"')
    path = small_policy.with_name("bilingual.yaml")
    path.write_text(text, encoding="utf-8")
    before, house.prescreen.screener = house.prescreen.screener, Screener(load_policy(path))
    yield
    house.prescreen.screener = before


@pytest.mark.parametrize("language", ["en"])
async def test_without_examples_there_is_no_quiz(writer: Any, language: str) -> None:
    await writer.send("/quiz")
    assert "I cannot make a quiz of this policy yet" in writer.last


@both
@pytest.mark.usefixtures("bilingual")
@pytest.mark.parametrize("by_button", [False, True])
async def test_the_quiz(writer: Any, house: Any, language: str, by_button: bool) -> None:
    if by_button:
        await writer.send("/policy")
        await writer.press("Fai il quiz" if language == "it" else "Take the quiz")
    else:
        await writer.send("/quiz")
    quiz = writer.seen[-1]["message_id"]
    for _ in range(5):
        asked = labels(writer.seen[-1])
        if len(asked) < 2:
            break
        assert writer.last.startswith("🎓")
        await writer.press(next(iter(asked)))
        assert writer.seen[-1]["message_id"] == quiz
    assert writer.says("Risposte giuste:", "Right answers:")
    assert list(labels(writer.seen[-1])) == ["Fai il quiz" if language == "it" else "Take the quiz"]
    assert [entry.kind for entry in house.ledger.entries()] == ["quiz"]


@both
async def test_a_receipt(writer: Any, language: str) -> None:
    await writer.send("Uno zibaldone")
    code = CODE.findall(writer.last)[-1]
    command = "/verifica" if language == "it" else "/verify"
    for text, it, en in (
        ("Uno zibaldone", "Valida:", "Valid:"),
        ("Due zibaldoni", "Modificato:", "Edited:"),
    ):
        await writer.send(f"{command} {code}")
        assert writer.says("Il testo da confrontare", "The text to compare")
        await writer.send(text)
        assert writer.says(it, en)
    await writer.send(f"{command} ZZZZ-ZZZZ")
    await writer.send("Uno zibaldone")
    assert writer.says("Non conosco nessuna ricevuta", "I know no receipt")
    await writer.send(f"{command} che")
    assert writer.says("Scrivi /verifica e poi il codice", "Write /verify and after it the code")


async def test_help_names_every_command(writer: Any, polling: TelegramEmulator) -> None:
    for language, text in (("it", "/aiuto"), ("en", "/help")):
        writer.language = language
        await writer.send(text)
        offered = {each["command"] for each in polling.settings["commands", "it" if language == "it" else ""]}
        # How somebody is linked, and how a draft is sent, is known to whoever reads this.
        missing = {command for command in offered if f"/{command}" not in writer.last}
        assert missing <= {"new", "nuova", "link", "collega"}
