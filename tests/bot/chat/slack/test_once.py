"""Slack: a message that was taken, and could not be noted any more, is found again and not said twice."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from emulators.loopback import Json
from emulators.slack import SlackEmulator, words
from emulators.slack_screen import Surface

from bot.drafts import State
from bot.errands import Errand, What
from bot.reply import Reply
from rules.assembly import load_policy
from rules.screening import Screener

DRAFT = "Che idiota, lo zibaldone"
NEWS = "Un trimestre record dello zibaldone"
LEGALE = "C11"

pytestmark = pytest.mark.parametrize("connect", ["socket"], indirect=True)


@pytest.fixture(scope="module")
def screener(small_policy: Path, tmp_path_factory: pytest.TempPathFactory) -> Screener:
    """The policy names the channel by its id: by a name Slack gives back no history."""
    path = tmp_path_factory.mktemp("policy") / "small.yaml"
    path.write_text(small_policy.read_text(encoding="utf-8").replace("#legale", LEGALE), encoding="utf-8")
    screener = Screener(load_policy(path))
    screener.load()
    return screener


def posted(slack: SlackEmulator, channel: str = "DU1") -> list[Surface]:
    """The messages of a conversation, as they were posted."""
    found = [each for each in slack.surfaces.values() if each.kind == "message" and each.channel == channel]
    return sorted(found, key=lambda each: each.ts)


def looked(slack: SlackEmulator) -> int:
    return sum(call.method == "conversations.history" for call in slack.calls)


def metadata(slack: SlackEmulator) -> list[Json]:
    """Of every message that was posted."""
    return [call.payload["metadata"] for call in slack.calls if call.method == "chat.postMessage"]


async def test_a_first_try_looks_for_nothing_and_bears_a_key_that_tells_nothing(
    slack: SlackEmulator, house: Any
) -> None:
    for _ in range(2):
        await slack.direct_message(DRAFT)
    await house.quiet()
    assert looked(slack) == 0
    one, other = metadata(slack)
    assert one != other
    for each in (one, other):
        assert set(each) == {"event_type", "event_payload"}
        assert set(each["event_payload"]) == {"key"}
        # No id of a check, no receipt, no account: a keyed hash.
        assert re.fullmatch("[0-9a-f]{64}", each["event_payload"]["key"])


async def test_an_answer_whose_receipt_is_lost_is_said_once(slack: SlackEmulator, house: Any) -> None:
    slack.fail_next("chat.postMessage", lost=True)
    await slack.direct_message(DRAFT)
    await house.quiet()
    assert (len(posted(slack)), looked(slack)) == (1, 1)
    assert len(house.ledger.entries()) == 1


async def test_what_was_not_taken_is_sent_at_the_next_try(slack: SlackEmulator, house: Any) -> None:
    slack.fail_next("chat.postMessage", drop=True)
    await slack.direct_message(DRAFT)
    await house.quiet()
    assert (len(posted(slack)), looked(slack)) == (1, 1)


async def test_a_stop_between_the_answer_and_the_note(
    emulator: SlackEmulator, make_house: Any, make_chat: Any, connect: Any
) -> None:
    first = make_house()
    first.start()
    emulator.fail_next("chat.postMessage", delay=60)
    async with connect(emulator, make_chat(first)):
        await emulator.direct_message(DRAFT)
        await emulator.wait_for("chat.postMessage")
        await first.stop()
    assert first.pending() == 1
    second = make_house()
    async with connect(emulator, make_chat(second)):
        second.start()
        await second.quiet()
    assert (len(posted(emulator)), looked(emulator)) == (1, 1)


SILENT = {
    "no scope": {"error": "missing_scope"},
    "rate limit": {"status": 429, "retry_after": 0},
    "server error": {"status": 503},
    # A question the client asks once more by itself.
    "dropped": {"drop": True, "times": 2},
}


@pytest.mark.parametrize("fault", SILENT.values(), ids=SILENT)
async def test_where_slack_does_not_tell_it_is_rather_said_twice(
    slack: SlackEmulator, house: Any, logged: Any, fault: Any
) -> None:
    slack.fail_next("chat.postMessage", lost=True)
    slack.fail_next("conversations.history", **fault)
    await slack.direct_message(DRAFT)
    await house.quiet()
    first, second = posted(slack)
    assert words(first.payload) == words(second.payload)
    assert metadata(slack)[0] == metadata(slack)[1]
    assert '"event": "slack.history_not_read"' in logged()


async def test_an_answer_in_the_place_of_one_that_is_refused_is_said_once(slack: SlackEmulator, house: Any) -> None:
    slack.fail_next("chat.postMessage", error="invalid_blocks")
    slack.fail_next("chat.postMessage", lost=True)
    slack.fail_next("chat.postMessage", error="invalid_blocks")
    await slack.direct_message(DRAFT)
    await house.quiet()
    (failure,) = posted(slack)
    assert "NON è stata controllata" in words(failure.payload)


async def test_of_a_long_answer_only_the_message_that_is_uncertain_is_looked_for(
    slack: SlackEmulator, house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Reply("", None, "Titolo", "\n\n".join("z" * 2_500 for _ in range(14)), sign="📖", footer="r1")
    monkeypatch.setattr(house.learning, "policy", lambda account, language: pages)
    await slack.direct_message("policy")
    await slack.wait_for("chat.postMessage")
    slack.fail_next("chat.postMessage", lost=True)
    await house.quiet()
    shown = posted(slack)
    assert len(shown) > 2
    assert "".join(words(each.payload) for each in shown).count("z") == 35_000
    assert looked(slack) == 1
    assert len({each["event_payload"]["key"] for each in metadata(slack)}) == len(shown)


# --- Owners ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reads", [True, False], ids=["it may read the channel", "it may not"])
async def test_a_card_is_posted_once_where_the_channel_may_be_read(
    slack: SlackEmulator, verdict: Any, press: Any, house: Any, say: Any, reads: bool
) -> None:
    slack.scopes |= {"channels:history"} if reads else set()
    await verdict("command", NEWS)
    slack.fail_next("chat.postMessage", lost=True)
    await press("Ask: {owners}", owners="Ufficio legale")
    cards = posted(slack, LEGALE)
    assert len(cards) == (1 if reads else 2)
    # It is noted as if it had been heard of: it changes, and whoever is in the channel may press on it, on either.
    await slack.press(say("U1", "Approve"), "U3", on=cards[0])
    await house.quiet()
    assert house.cabinet.drafts.find(house.recorder.screenings[0].id).state is State.APPROVED
    assert "✅ Approvata da carla" in words(posted(slack, LEGALE)[-1].payload)


async def test_a_reminder_and_its_news_are_said_once(
    slack: SlackEmulator, verdict: Any, press: Any, house: Any
) -> None:
    slack.scopes.add("channels:history")
    await verdict("command", NEWS)
    await press("Ask: {owners}", owners="Ufficio legale")
    # By the hour of the day there is a summary too.
    slack.fail_next("chat.postMessage", lost=True, times=3)
    await house.clock.tick(datetime.now(UTC) + timedelta(hours=5))
    await house.quiet()
    card, *others = posted(slack, LEGALE)
    assert [each.payload.get("thread_ts") for each in others].count(card.ts) == 1
    assert len({words(each.payload) for each in others}) == len(others)
    assert len(posted(slack)) == 1


async def test_a_digest_is_said_once(slack: SlackEmulator, verdict: Any, press: Any, house: Any) -> None:
    slack.scopes.add("channels:history")
    await verdict("command", NEWS)
    await press("Ask: {owners}", owners="Ufficio legale")
    slack.fail_next("chat.postMessage", lost=True)
    await house.post.send([Errand(What.DIGEST, "legal", "digest:legal:1", owner="legal")])
    await house.quiet()
    assert ["☕" in words(each.payload) for each in posted(slack, LEGALE)] == [False, True]
