"""Slack and the page: whatever is done in one is seen in the other."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from emulators.slack import SlackEmulator, words
from itsdangerous import TimestampSigner

from bot.actions import Action, Verb
from bot.appeals import Standing
from bot.console.app import build_console
from bot.console.auth import SignIn
from bot.console.gate import Gate
from bot.console.queue_view import Queue
from bot.console.reviews_page import reviews_room
from bot.console.sessions import Sessions
from bot.roles import Role

NEWS = "Un trimestre record dello zibaldone"
LEGALE, STAMPA = "C11", "C10"
KEY = b"k" * 32

pytestmark = pytest.mark.parametrize("connect", ["socket"], indirect=True)


class Colleague:
    """Carla's browser, signed in as her account in Slack."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def read(self, path: str = "/reviews") -> str:
        answer = await self._http.get(path)
        assert answer.status_code == 200
        return answer.text

    async def press(self, about: str, verb: Verb, words: str = "") -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', await self.read())
        assert found
        form = {"csrf": found[1], "word": Action(verb, about).word, "words": words}
        return (await self._http.post(f"/reviews/{about}", data=form)).text


@pytest.fixture
async def carla(house: Any) -> AsyncIterator[Colleague]:
    account, policy = "slack:T1:U3", lambda: house.prescreen.screener.policy
    house.cabinet.roles.grant(house.people.person(account), Role.OWNER, "legal", by=None)
    house.cabinet.roles.grant(house.people.person(account), Role.COMMUNICATIONS, by=None)
    sign_in = SignIn(Sessions(house.store), house.people)
    app = build_console(
        gate=Gate(sign_in, house.cabinet.roles, frozenset),
        rooms=[reviews_room(house.desk, Queue(house.cabinet, policy))],
        session_key=KEY,
        default_language="it",
        draft_limit=10_000,
        health=dict,
    )
    session: dict[str, object] = {}
    sign_in.begin(session, account, "provider")
    cookie = TimestampSigner(KEY.hex()).sign(b64encode(json.dumps(session).encode())).decode()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", cookies={"vaglio": cookie}
    ) as http:
        yield Colleague(http)


@pytest.fixture
async def asked(slack: SlackEmulator, verdict: Any, house: Any) -> str:
    """The id of the seat that a writer has asked."""
    await verdict("direct", NEWS, "U1")
    (label,) = (each for each in slack.labels("U1") if each.startswith("Chiedi a:"))
    await slack.press(label, "U1")
    await house.quiet()
    (seat,) = house.cabinet.reviews.waiting()
    return str(seat.id)


def card(slack: SlackEmulator, channel: str = LEGALE) -> Any:
    """The one card of a channel, as it is now."""
    (found,) = (each for each in slack.screen() if each.kind == "message" and each.channel == channel)
    return found


def told(slack: SlackEmulator, part: str) -> bool:
    """Whether one message says so to the writer, whichever comes last: the news or the card as it is then."""
    messages = [words(each.payload) for each in slack.screen("U1") if each.kind == "message"]
    return [part in each for each in messages].count(True) == 1


async def test_an_approval_on_the_page_changes_the_card_and_the_writer_hears_it(
    slack: SlackEmulator, house: Any, carla: Colleague, asked: str, say: Any
) -> None:
    assert "trimestre record" in await carla.read()
    assert "Approva" in words(card(slack).payload)
    await carla.press(asked, Verb.APPROVE)
    await house.quiet()
    assert "✅ Approvata da Ufficio legale" in words(card(slack).payload)
    assert not any(block["type"] == "actions" for block in card(slack).payload["blocks"])
    assert told(slack, say("U1", "Your draft is approved"))
    assert asked not in await carla.read()


async def test_an_approval_in_slack_is_gone_from_the_page(
    slack: SlackEmulator, house: Any, carla: Colleague, asked: str, say: Any
) -> None:
    before = await carla.read()
    assert asked in before
    await slack.press(say("U1", "Approve"), "U3", on=card(slack))
    await house.quiet()
    assert asked not in await carla.read()
    assert "Approvata da carla" in await carla.read("/reviews/decided")
    # Whoever has the page open since before is told, and nothing changes.
    assert "Qualcuno ha fatto prima" in await carla.press(asked, Verb.REJECT, "No, per lo zibaldone")
    await house.quiet()
    assert "✅ Approvata da carla" in words(card(slack).payload)


async def test_what_is_taken_and_passed_on_is_seen_on_both_sides(
    slack: SlackEmulator, house: Any, carla: Colleague, asked: str, say: Any
) -> None:
    await slack.press(say("U1", "I am looking at it"), "U3", on=card(slack))
    await house.quiet()
    assert "carla" in await carla.read()
    await carla.press(asked, Verb.CHANGE, "Togli il numero")
    await house.quiet()
    assert "Togli il numero" in words(card(slack).payload)
    assert "Togli il numero" in slack.reads("U1", "message")


async def test_an_appeal_that_is_decided_on_the_page(
    slack: SlackEmulator, house: Any, carla: Colleague, verdict: Any, press: Any, say: Any
) -> None:
    await verdict("direct", "Lo zibaldone vaglietto", "U1")
    await press("I disagree", "U1", "È il nome vero")
    (appeal,) = house.cabinet.appeals.standing(Standing.OPEN)
    assert "È il nome vero" in await carla.read()
    await carla.press(appeal.id, Verb.OVERTURN, "Hai ragione")
    await house.quiet()
    assert "Comunicazione: ha ragione chi scrive" in words(card(slack, STAMPA).payload)
    assert told(slack, say("U1", "You were right"))
