"""Slack: owners and their cards: who may press what, who hears of it, two at once, appeals, and what time does."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from emulators.slack import SlackEmulator, words
from emulators.slack_screen import Surface

from bot import news
from bot.drafts import State
from bot.errands import Errand, What
from bot.reply import Reply
from bot.roles import Role, Source

NEWS = "Un trimestre record dello zibaldone"
TWO = "Un trimestre record dello zibaldone idiota"
RUDE = "Che idiota, lo zibaldone"
STAMPA, LEGALE = "C10", "C11"

both = pytest.mark.parametrize("user", ["U1", "U2"])
pytestmark = pytest.mark.parametrize("connect", ["socket"], indirect=True)


def cards(slack: SlackEmulator, channel: str) -> list[Surface]:
    """The messages of a channel, as they were posted."""
    found = [each for each in slack.screen() if each.kind == "message" and each.channel == channel]
    return sorted(found, key=lambda each: each.ts)


def read(slack: SlackEmulator, channel: str) -> str:
    """The first message of a channel, as it is now."""
    return words(cards(slack, channel)[0].payload)


@pytest.fixture
def ask(slack: SlackEmulator, verdict: Any, house: Any) -> Any:
    """Somebody asks the owners about a draft."""

    async def asked(text: str = NEWS, user: str = "U1") -> None:
        await verdict("direct", text, user)
        (label,) = (each for each in slack.labels(user) if each.startswith(("Chiedi a:", "Ask:")))
        await slack.press(label, user)
        await house.quiet()

    return asked


@both
async def test_approve(slack: SlackEmulator, ask: Any, house: Any, say: Any, user: str) -> None:
    await ask(NEWS, user)
    await slack.press(say("U1", "Approve"), "U3", on=cards(slack, LEGALE)[0])
    await house.quiet()
    # The card is over and says who; whoever pressed hears it alone; the writer hears it in their own language.
    (card,) = cards(slack, LEGALE)
    assert "✅ Approvata da carla" in words(card.payload)
    assert not any(block["type"] == "actions" for block in card.payload["blocks"])
    assert slack.top("U3", "ephemeral").user == "U3"
    assert say("U3", "Noted. The writer hears it at once.") in slack.reads("U3", "ephemeral")
    news = slack.top(user, "message")
    assert (news.user, news.channel) == (user, f"D{user}")
    assert say(user, "Your draft is approved") in words(news.payload)
    assert say(user, "Receipt for exactly these words: {code}", code="")[:-1] in words(news.payload)
    assert say(user, "I published it") in slack.labels(user, "message")


@both
@pytest.mark.parametrize(
    ("label", "news", "state"),
    [
        ("Reject", "Your draft was not approved", State.REJECTED),
        ("Ask for a change", "A change is asked for", State.CHANGE),
    ],
)
async def test_reject_and_ask_for_a_change(
    slack: SlackEmulator, ask: Any, house: Any, say: Any, user: str, label: str, news: str, state: State
) -> None:
    await ask(NEWS, user)
    await slack.press(say("U1", label), "U3", on=cards(slack, LEGALE)[0])
    await slack.opened("U3")
    await slack.submit("U3", text="Aspetta il comunicato, per lo zibaldone")
    await house.quiet()
    assert say(user, news) in slack.reads(user, "message")
    assert "Aspetta il comunicato, per lo zibaldone" in slack.reads(user, "message")
    assert "Aspetta il comunicato, per lo zibaldone" in read(slack, LEGALE)
    assert house.cabinet.drafts.find(house.recorder.screenings[0].id).state is state


@both
async def test_take_it(slack: SlackEmulator, ask: Any, house: Any, say: Any, user: str) -> None:
    await ask(NEWS, user)
    await slack.press(say("U1", "I am looking at it"), "U3", on=cards(slack, LEGALE)[0])
    await house.quiet()
    assert "carla" in read(slack, LEGALE)
    assert say("U1", "I am looking at it") not in words(cards(slack, LEGALE)[0].payload)
    legal = {"U1": "Ufficio legale", "U2": "Legal"}
    assert say(user, "{owner}: somebody is looking at your draft", owner=legal[user]) in slack.reads(user, "message")


@both
async def test_pass_it_on(slack: SlackEmulator, ask: Any, house: Any, user: str, say: Any) -> None:
    await ask(NEWS, user)
    await slack.press(say("U1", "Pass it on"), "U3", on=cards(slack, LEGALE)[0])
    await house.quiet()
    # To whom is asked of the presser alone.
    assert slack.labels("U3", "ephemeral") == ["Press office"]
    await slack.press("Press office", "U3")
    await house.quiet()
    assert "↪️" in read(slack, LEGALE)
    assert "Una bozza aspetta il sì di: Ufficio stampa" in read(slack, STAMPA)
    await slack.press(say("U1", "Approve"), "U3", on=cards(slack, STAMPA)[0])
    await house.quiet()
    assert house.cabinet.drafts.find(house.recorder.screenings[0].id).state is State.APPROVED


async def test_cards_of_two_owners(slack: SlackEmulator, ask: Any, house: Any, say: Any) -> None:
    await ask(TWO)
    for channel in (STAMPA, LEGALE):
        assert len(cards(slack, channel)) == 1
    await slack.press(say("U1", "Approve"), "U3", on=cards(slack, LEGALE)[0])
    await house.quiet()
    assert "Una prima risposta" in slack.reads("U1", "message")
    assert house.cabinet.drafts.find(house.recorder.screenings[0].id).state is State.ASKED
    await slack.press(say("U1", "Approve"), "U2", on=cards(slack, STAMPA)[0])
    await house.quiet()
    assert house.cabinet.drafts.find(house.recorder.screenings[0].id).state is State.APPROVED
    # One no settles the whole: the other card says that it is not needed any more.
    assert [len(cards(slack, channel)) for channel in (STAMPA, LEGALE)] == [1, 1]


async def test_two_owners_press_at_once(slack: SlackEmulator, ask: Any, house: Any, say: Any) -> None:
    await ask()
    card = cards(slack, LEGALE)[0]
    await asyncio.gather(
        slack.press(say("U1", "Approve"), "U2", on=card), slack.press(say("U1", "Approve"), "U3", on=card)
    )
    await house.quiet()
    heard = [slack.reads(user, "ephemeral") for user in ("U2", "U3")]
    won = [say("U2", "Noted. The writer hears it at once.") in each for each in heard]
    late = "Somebody was faster, or it is no longer needed. Nothing has changed."
    assert sorted(won) == [False, True]
    assert [say("U2", late) in each for each in heard] == [not each for each in won]
    assert [entry.kind for entry in house.ledger.entries()].count("decision") == 1
    name = ("bruno", "carla")[won.index(True)]
    assert f"Approvata da {name}" in read(slack, LEGALE)


async def test_nobody_approves_their_own_draft(slack: SlackEmulator, ask: Any, house: Any, say: Any) -> None:
    await ask()
    before = read(slack, LEGALE)
    for label in ("Approve", "Reject"):
        await slack.press(say("U1", label), "U1", on=cards(slack, LEGALE)[0])
        await house.quiet()
        assert say("U1", "This draft is your own: somebody else has to look at it.") in slack.reads("U1", "ephemeral")
    assert read(slack, LEGALE) == before  # what the others see tells nothing
    assert house.cabinet.drafts.find(house.recorder.screenings[0].id).state is State.ASKED


async def test_outside_its_channel_only_an_owner_rules(slack: SlackEmulator, ask: Any, house: Any, say: Any) -> None:
    await ask()
    card = cards(slack, LEGALE)[0]
    copied = Surface("message", "C99/1", None, card.payload, "C99", "1.1")
    await slack.press(say("U1", "Approve"), "U3", on=copied)
    await house.quiet()
    assert say("U3", "Only {owner} can answer this. Nothing has changed.", owner="Legal") in slack.reads("U3")
    person = house.people.person("slack:T1:U3")
    house.cabinet.roles.grant(person, Role.OWNER, "legal", by=None, source=Source.SETTING)
    await slack.press(say("U1", "I am looking at it"), "U3", on=copied)
    await house.quiet()
    assert "carla" in read(slack, LEGALE)


async def test_a_draft_that_its_writer_changes_needs_no_answer_any_more(
    slack: SlackEmulator, ask: Any, press: Any, house: Any
) -> None:
    await ask()
    await press("Change it and check again", words="Uno zibaldone")
    assert "Non serve più" in read(slack, LEGALE)
    assert len(cards(slack, LEGALE)) == 1


# --- Appeals ---------------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("label", "news"), [("The writer is right", "You were right"), ("The rule is right", "The rule stays")]
)
async def test_an_appeal_is_heard(
    slack: SlackEmulator, verdict: Any, press: Any, house: Any, say: Any, user: str, label: str, news: str
) -> None:
    await verdict("direct", RUDE, user)
    await press("I disagree", user, words="È il nome del libro, lo zibaldone")
    await slack.press(say("U1", label), "U3", on=cards(slack, STAMPA)[0])
    await slack.opened("U3")
    await slack.submit("U3", text="Letto e deciso, lo zibaldone")
    await house.quiet()
    assert say(user, news) in slack.reads(user, "message")
    assert "Letto e deciso, lo zibaldone" in slack.reads(user, "message")
    (card,) = cards(slack, STAMPA)
    assert [block["type"] for block in card.payload["blocks"]].count("actions") == 0


# --- What time does --------------------------------------------------------------------------------------------------


async def test_a_reminder_is_a_message_under_the_card(slack: SlackEmulator, ask: Any, house: Any, say: Any) -> None:
    await ask()
    now = datetime.now(UTC)
    await house.clock.tick(now + timedelta(hours=5))
    await house.quiet()
    card = cards(slack, LEGALE)[0]
    reminder = say("U1", "A reminder: its writer is waiting.")
    assert reminder in words(card.payload)
    under = [each for each in slack.messages.values() if each.get("thread_ts") == card.ts]
    assert [reminder in words(each) for each in under] == [True]
    news = [each for each in slack.screen() if each.channel == "DU1"]
    assert say("U1", "Your draft is still waiting") in words(news[-1].payload)
    await house.clock.catch_up()
    await house.quiet()
    assert len([each for each in slack.messages.values() if each.get("thread_ts")]) == 1


async def test_at_the_next_deadline_whoever_is_next_is_asked(slack: SlackEmulator, ask: Any, house: Any) -> None:
    await ask()
    now = datetime.now(UTC)
    await house.clock.tick(now + timedelta(hours=5))
    await house.clock.tick(now + timedelta(hours=10))
    await house.quiet()
    assert "↪️" in words(cards(slack, LEGALE)[0].payload)
    assert "Una bozza aspetta il sì di: Ufficio stampa" in read(slack, STAMPA)


async def test_a_digest_goes_to_the_owners_channel(slack: SlackEmulator, ask: Any, house: Any) -> None:
    await ask()
    await house.post.send([Errand(What.DIGEST, "legal", "digest:legal:1", owner="legal")])
    await house.quiet()
    assert "☕ Una bozza ti aspetta" in words(cards(slack, LEGALE)[-1].payload)


async def test_a_digest_that_fails_in_the_middle_goes_on_where_it_was(
    slack: SlackEmulator, ask: Any, house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask()
    before = len(cards(slack, LEGALE))
    lines = "\n".join(f"Controllo numero {number}, entro domani a mezzogiorno" for number in range(800))
    monkeypatch.setattr(news, "digest", lambda *_: Reply("", None, "Riassunto", lines, sign="☕"))
    slack.fail_next("chat.postMessage", delay=0.0)  # the first one goes well
    slack.fail_next("chat.postMessage", 503, times=2)
    await house.post.send([Errand(What.DIGEST, "legal", "digest:legal:1", owner="legal")])
    await house.quiet()
    said = [words(each.payload) for each in cards(slack, LEGALE)[before:]]
    assert len(said) > 2
    told = [number for text in said for number in re.findall(r"Controllo numero (\d+),", text)]
    assert told == list(map(str, range(800)))


@both
async def test_a_draft_is_checked_again_when_it_was_to_be(
    slack: SlackEmulator, verdict: Any, press: Any, house: Any, say: Any, user: str
) -> None:
    await verdict("command", "Uno zibaldone", user)
    await press("Check it again later", user)
    await slack.press({"U1": "Fra un’ora", "U2": "In an hour"}[user], user)
    await house.quiet()
    await house.clock.tick(datetime.now(UTC) + timedelta(hours=2))
    await house.quiet()
    news = slack.top(user)
    assert (news.kind, news.channel) == ("message", f"D{user}")
    assert say(user, "Good to go") in words(news.payload)
    assert say(user, "I published it") in slack.labels(user)


async def test_times_are_shown_in_the_readers_zone(slack: SlackEmulator, ask: Any, house: Any) -> None:
    slack.users["U2"]["tz"] = "America/New_York"
    await slack.direct_message("Uno zibaldone", "U2")
    await house.quiet()
    assert house.people.zone(house.people.person("slack:T1:U2")) == "America/New_York"
