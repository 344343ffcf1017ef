"""What comes twice, in another order, or at two front-ends at once is answered, decided and told once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from time import time

import pytest
from emulators.slack import words
from emulators.slack_limits import objects
from emulators.slack_screen import Surface
from faults.accounts import WORD, text_of
from faults.house import OTHER_OWNER, OWNER, House

from bot.actions import Action, Verb

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]


async def test_a_later_draft_passes_an_earlier_one(house: House) -> None:
    first, second = house.fronts
    held = first.entrance.hold()
    early = asyncio.create_task(house.send(to=first))
    await held.begun.wait()
    late = await house.send(to=second)
    await house.until(lambda: late in house.answered())
    held.release()
    await early
    await house.sound()
    assert early.result() in house.answered()


async def test_the_same_request_at_both_at_once(house: House) -> None:
    for _ in range(10):
        house.next += 1
        body = house.slack._event(
            house.slack._message(text_of(house.next), "U100") | {"channel": "DU100", "channel_type": "im"},
            f"Ev.{house.next}",
        )
        assert await house.both(body) == [200, 200]
        house.acknowledged.append(house.next)
    found = await house.sound()
    assert [*found.failed, *found.again] == []


async def test_a_command_that_is_sent_again_and_again(house: House) -> None:
    house.to = house.fronts[0]
    ack = await house.slack.slash(text_of(number := house.next + 1), "U101", trigger_id=f"doubled.{number}")
    house.next, house.to = number, None
    house.answers.addresses[ack.envelope["payload"]["response_url"].rpartition("/")[2]] = number
    house.acknowledged.append(number)
    await asyncio.gather(*(house.slack.resend(ack, attempt) for attempt in (0, 0, 1, 2)))
    await house.settled()
    await house.slack.resend(ack, 0)
    found = await house.sound()
    assert number not in found.again


async def test_telegrams_update_at_both_at_once(house: House) -> None:
    pushed = await house.telegram.message(f"{WORD} 1000, idiota")
    await asyncio.gather(*(house.telegram.resend(pushed.update_id) for _ in range(4)))
    await house.sound()
    await house.until(lambda: any(WORD in sent.text for sent in house.telegram.sent))
    assert sum(f"{WORD} 1000" in sent.text for sent in house.telegram.sent) == 1


# --- Decisions ------------------------------------------------------------------------------------------------------


async def asked(house: House) -> tuple[int, Surface]:
    """A draft that needs a yes, asked; and the card before its owners."""
    number = await house.send(text=f"{WORD} {house.next + 1}, un trimestre record", user="U102")
    await house.until(lambda: number in house.answered())
    ask = next(each for each in reversed(house.slack.screen("U102")) if _labels(each, Verb.ASK))
    cards = len(_cards(house))
    await house.slack.press(_labels(ask, Verb.ASK)[0], "U102", on=ask)
    await house.until(lambda: len(_cards(house)) > cards)
    return number, _cards(house)[-1]


def _cards(house: House) -> list[Surface]:
    return [each for each in house.slack.screen(OWNER) if each.channel.startswith("C") and _labels(each, Verb.APPROVE)]


def _labels(surface: Surface, verb: Verb) -> list[str]:
    buttons = [node for node in objects(surface.payload.get("blocks", [])) if node.get("type") == "button"]
    read = ((node, Action.read(node.get("value", ""))) for node in buttons)
    return [node["text"]["text"] for node, action in read if action and action.verb is verb]


def _decisions(house: House) -> int:
    return int(house.one("SELECT count(*) FROM entry WHERE kind = 'decision'"))


async def test_two_owners_decide_at_two_front_ends_at_once(house: House) -> None:
    for _ in range(3):
        _, card = await asked(house)
        label, before = _labels(card, Verb.APPROVE)[0], _decisions(house)
        # Each next request goes to the other front-end.
        await asyncio.gather(*(house.slack.press(label, user, on=card) for user in (OWNER, OTHER_OWNER)))
        await house.sound()
        assert _decisions(house) == before + 1
    news = [words(call.payload) for call in house.slack.calls if call.answer.get("channel") == "DU102"]
    assert sum("è approvata" in each for each in news) == 3


# --- The clock ------------------------------------------------------------------------------------------------------


async def test_what_is_due_is_done_once_over_all_workers(house: House) -> None:
    number, card = await asked(house)
    seat = next(
        action.about for node in objects(card.payload["blocks"]) if (action := Action.read(node.get("value", "")))
    )
    with house.server.admin(house.database) as admin:
        admin.execute(b"UPDATE review SET at = at - 90000")
        admin.execute(f"UPDATE seat SET due = {time() - 60} WHERE id = '{seat}'".encode())
        admin.execute(b"DELETE FROM digest")

    def posted(said: str) -> int:
        return sum(
            said in words(call.payload)
            for call in list(house.slack.calls)
            if call.method == "chat.postMessage" and str(call.answer.get("channel", "")).startswith("C")
        )

    async with asyncio.timeout(90):
        for _ in range(400):
            # Whoever looks at the clock finds that it is due and that nobody is at it: both do, and at once.
            house.one("UPDATE round SET due = 0, until = 0 RETURNING 1")
            await asyncio.sleep(0.05)
    await house.until(lambda: posted("Un promemoria") and posted("☕"))
    await house.sound()
    assert (posted("Un promemoria"), posted("☕")) == (1, 1)
    assert number in house.answered()


# --- A policy that is published while drafts come in ------------------------------------------------------------------


async def test_a_policy_is_published_in_the_middle(house: House, policy: Path) -> None:
    def revisions(since: int) -> Counter[str]:
        with house.server.admin(house.database) as admin:
            rows = admin.execute(
                f"SELECT body FROM entry WHERE kind = 'screening' AND seq > {since}".encode()
            ).fetchall()
        return Counter(json.loads(bytes(row[0]))["facts"]["policy"] for row in rows)

    def newest() -> int:
        return int(house.one("SELECT max(seq) FROM entry"))

    await house.send_many(4)
    await house.settled()
    begun, (before,) = newest(), revisions(newest() - 4)
    edited = policy.with_name("edited.yaml")
    edited.write_text(policy.read_text(encoding="utf-8").replace("severity: note", "severity: warn"), encoding="utf-8")
    async with house.under_load():
        await asyncio.sleep(2)
        code, said = await house.fronts[0].process.run(
            "policy", "publish", str(edited), DATABASE_URL=house.server.url(house.database)
        )
        assert code == 0, said
        # Within five seconds; whatever is being screened at that moment still names the one that it was held against.
        await asyncio.sleep(5)
        published = newest()
        await asyncio.sleep(2)
    await house.sound()
    after = revisions(published + 4)
    assert before not in after
    assert len(after) == 1
    assert set(revisions(begun)) == {before, *after}
