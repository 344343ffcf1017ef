"""Slack: the App Home: drafts, policy and language, kept in step with what changes them."""

from __future__ import annotations

from typing import Any

import pytest
from emulators.slack import SlackEmulator, words
from emulators.slack_limits import check_view, live_parts

from bot.actions import Action, Button, Verb
from bot.chat.slack_home import home
from bot.reply import Reply

RUDE = "Che idiota, lo zibaldone"
both = pytest.mark.parametrize("user", ["U1", "U2"])
pytestmark = pytest.mark.parametrize("connect", ["socket"], indirect=True)


@pytest.fixture
def visit(slack: SlackEmulator, house: Any) -> Any:
    """Somebody opens their Home; the words that they see."""

    async def visited(user: str) -> str:
        await slack.app_home_opened(user)
        await house.quiet()
        return slack.reads(user, "home")

    return visited


async def changed(slack: SlackEmulator, user: str, sentence: str) -> None:
    """The Home says so, by now or in a moment."""
    await slack._until(lambda: sentence in slack.reads(user, "home"), 5, sentence)


@both
async def test_what_it_shows(slack: SlackEmulator, visit: Any, say: Any, house: Any, user: str) -> None:
    await slack.direct_message(RUDE, user)
    await house.quiet()
    text = await visit(user)
    for part in (
        say(user, "You have one draft under way"),
        say(user, "not to be published"),
        say(user, "You have not said yet that you have read the policy."),
        house.prescreen.screener.policy.revision,
        "Italiano",
        "English",
    ):
        assert part in text
    labels = ["New draft", "Show {number}", "I have read it", "Take the quiz", "Read the policy"]
    assert slack.labels(user, "home") == [say(user, label, number=1) for label in labels]


@both
async def test_show_a_draft(slack: SlackEmulator, visit: Any, say: Any, house: Any, user: str) -> None:
    await slack.direct_message(RUDE, user)
    await house.quiet()
    await visit(user)
    await slack.press(say(user, "Show {number}", number=1), user)
    await house.quiet()
    assert slack.top(user, "modal").user == user
    assert say(user, "Please do not publish this as it is") in slack.reads(user, "modal")
    await slack.press(say(user, "Forget this draft"), user)
    await house.quiet()
    await changed(slack, user, say(user, "You have no drafts under way"))


@both
async def test_acknowledge(slack: SlackEmulator, visit: Any, say: Any, house: Any, user: str) -> None:
    await visit(user)
    await slack.press(say(user, "I have read it"), user)
    await house.quiet()
    assert say(user, "Thank you: noted. When it changes, I tell you what is new.") in slack.reads(user, "modal")
    await changed(slack, user, say(user, "Nothing in the policy has changed since you said that you had read it."))
    assert say(user, "I have read it") not in slack.labels(user, "home")
    assert [entry.kind for entry in house.ledger.entries()] == ["acknowledgement"]


@both
async def test_a_new_check_is_in_it(slack: SlackEmulator, visit: Any, say: Any, house: Any, user: str) -> None:
    await visit(user)
    await slack.slash(RUDE, user)
    await house.quiet()
    await changed(slack, user, say(user, "You have one draft under way"))


async def test_whoever_never_opened_it_has_none(slack: SlackEmulator, visit: Any, house: Any) -> None:
    await visit("U2")
    await slack.slash(RUDE)
    await house.quiet()
    await slack.direct_message(RUDE, "U2")
    await house.quiet()
    await slack.wait_for("views.publish", count=2)
    assert {call.payload["user_id"] for call in slack.calls if call.method == "views.publish"} == {"U2"}


async def test_a_language_is_chosen(slack: SlackEmulator, visit: Any, house: Any) -> None:
    await visit("U1")
    assert (await slack.choose("language", "en", "U1")).status == 200
    await changed(slack, "U1", "You have no drafts under way")
    assert house.people.language("slack:T1:U1") == "en"
    await slack.choose("language", "it", "U1")
    await changed(slack, "U1", "Non hai bozze in corso")


async def test_a_language_by_command_is_in_it(slack: SlackEmulator, visit: Any) -> None:
    await visit("U1")
    await slack.slash("language en")
    await changed(slack, "U1", "You have no drafts under way")


@both
async def test_a_new_draft(slack: SlackEmulator, visit: Any, say: Any, house: Any, user: str) -> None:
    await visit(user)
    await slack.press(say(user, "New draft"), user)
    await slack.opened(user)
    await slack.submit(user, text="Uno zibaldone")
    await house.quiet()
    assert say(user, "Good to go") in slack.reads(user, "modal")


@both
async def test_the_policy_in_one_view(slack: SlackEmulator, visit: Any, say: Any, house: Any, user: str) -> None:
    await visit(user)
    await slack.press(say(user, "Read the policy"), user)
    await house.quiet()
    assert "4.1" in slack.reads(user, "modal")
    assert say(user, "Take the quiz") in slack.labels(user, "modal")


async def test_an_answer_without_a_view_is_a_direct_message(slack: SlackEmulator, visit: Any, house: Any) -> None:
    await visit("U1")
    slack.fail_next("views.open", error="expired_trigger_id")
    await slack.press("Leggi la policy")
    await house.quiet()
    assert slack.top("U1", "message").channel == "DU1"
    assert "4.1" in slack.reads("U1", "message")


async def test_the_other_tab_is_not_it(slack: SlackEmulator, house: Any) -> None:
    event = {"type": "app_home_opened", "user": "U1", "channel": "DU1", "tab": "messages", "event_ts": "1.1"}
    assert (await slack._push("events_api", slack._event(event, None))).status == 200
    await house.quiet()
    assert slack.surfaces == {}


async def test_what_slack_refuses_for_now_is_published_later(slack: SlackEmulator, visit: Any) -> None:
    slack.fail_next("views.publish", 503)
    slack.fail_next("views.publish", 429, retry_after=0)
    assert "bozze" in await visit("U1")


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize(("drafts", "size"), [(0, 1), (20, 1), (20, 4000)])
@pytest.mark.parametrize("changes", [0, 10])
async def test_it_fits(language: Any, drafts: int, size: int, changes: int, connect: Any) -> None:
    hostile = "<!channel> :tada: \u202e*b* " + "z" * size
    show = [Button(f"Show {number} {hostile}", Action(Verb.AGAIN, f"s_{number}")) for number in range(min(drafts, 10))]
    mine = Reply("", None, hostile, "\n".join([hostile] * drafts), sign="🗂️", buttons=tuple(show))
    news = "\n".join([hostile] * (changes + 1))
    known = Button(hostile, Action(Verb.ACKNOWLEDGE, "x"), is_main=True)
    view = home(
        mine,
        Reply("", None, hostile, f"{news}\n\n{'z' * 20_000}", footer="r1", sign="📖", buttons=(known,)),
        language,
    )
    check_view(view)
    assert live_parts(view) == []
    assert "\u202e" not in words(view)
    assert len(view["blocks"]) <= 100
