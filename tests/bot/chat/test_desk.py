"""What both platforms share: the commands, the answer that is recorded first, and courtesies that may fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.chat.commands import Help, New, Speak, command
from bot.chat.desk import Aside
from bot.reply import Notice, Reply
from rules.draft import Account, Draft


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("help", Help()),
        (" AIUTO\n", Help()),
        ("new", New()),
        ("nuova", New()),
        ("nuovo", New()),
        ("language it", Speak("it")),
        ("LINGUA  Inglese", Speak("en")),
        ("language italiano", Speak("it")),
        ("lingua", None),
        ("language xx", None),
        ("language it is a language", None),
        ("help me sell", None),
        ("new!", None),
        ("", None),
        ("«help»", None),
    ],
)
def test_a_command_is_one_only_as_a_whole(text: str, expected: object) -> None:
    assert command(text) == expected


async def test_an_answer_is_given_again_until_it_is_delivered(house: Any) -> None:
    draft = Draft(text="Uno zibaldone idiota", author="slack:T1:U1")
    first = await house.desk.answer("s_1", draft, "it")
    assert await house.desk.answer("s_1", draft, "it") is first
    house.desk.delivered("s_1")
    assert await house.desk.answer("s_1", draft, "it") == first
    assert len(house.recorder.screenings) == 2
    assert len(house.ledger.entries()) == 1


async def test_a_failure_is_not_kept(house: Any) -> None:
    draft = Draft(text="Uno zibaldone", author="slack:T1:U1", account=Account.PRIVATE)
    house.recorder.error = OSError("zibaldone")
    assert isinstance(await house.desk.answer("s_1", draft, "it"), Notice)
    house.recorder.error = None
    assert isinstance(await house.desk.answer("s_1", draft, "it"), Reply)


async def test_a_courtesy_that_fails_is_only_logged(logged: Any) -> None:
    aside = Aside()

    async def rude() -> None:
        raise ValueError("zibaldone")

    aside.do(rude())
    while "courtesy.failed" not in logged():
        await asyncio.sleep(0)
    assert "ValueError" in logged()


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("slack", [True, False])
def test_help_names_every_way_in(house: Any, language: str, slack: bool) -> None:
    text = house.desk.help(language, slack=slack)
    named = {
        ("it", True): "/vaglio nuova",
        ("en", True): "/vaglio new",
        ("it", False): "/lingua",
        ("en", False): "/language",
    }
    assert named[language, slack] in text
    assert len(text) < 3000


async def test_answers_are_not_kept_without_end(house: Any) -> None:
    for number in range(205):
        await house.desk.answer(f"s_{number}", Draft(text="Uno zibaldone", account=Account.PRIVATE), "it")
    assert len(house.desk._given) == 200
    assert "s_204" in house.desk._given
