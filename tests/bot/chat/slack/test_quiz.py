"""Slack: the quiz to its end, wherever it was begun: one question in the place of the other."""

from __future__ import annotations

from typing import Any

import pytest
from emulators.slack import SlackEmulator

from rules.assembly import SHIPPED, load_policy
from rules.screening import Screener

pytestmark = pytest.mark.parametrize("connect", ["socket"], indirect=True)


@pytest.fixture(scope="module")
def screener() -> Screener:
    """The example company's policy, which has examples enough, with the rules that need no model."""
    policy = load_policy(SHIPPED / "company.yaml")
    missing = Screener(policy).load()
    screener = Screener(policy.model_copy(update={"rules": tuple(r for r in policy.rules if r.id not in missing)}))
    screener.load()
    return screener


@pytest.mark.parametrize("user", ["U1", "U2"])
@pytest.mark.parametrize("begun", ["slash", "direct", "home"])
async def test_five_questions(slack: SlackEmulator, say: Any, house: Any, begun: str, user: str) -> None:
    match begun:
        case "slash":
            await slack.slash("quiz", user)
        case "direct":
            await slack.direct_message("quiz", user)
        case _:
            await slack.app_home_opened(user)
            await house.quiet()
            await slack.press(say(user, "Take the quiz"), user)
    await house.quiet()
    kind = {"slash": "ephemeral", "direct": "message", "home": "modal"}[begun]
    first = slack.top(user, kind).key
    for number in range(1, 6):
        assert say(user, "Question {number} of {total}", number=number, total=5) in slack.reads(user, kind)
        before = slack.reads(user, kind)
        option = slack.labels(user, kind)[0]
        await slack.press(option, user, on=slack.top(user, kind))
        await house.quiet()
        # In its place: nobody has five questions before them.
        assert slack.top(user, kind).key == first
        assert slack.reads(user, kind) != before
    assert slack.labels(user, kind) == [say(user, "Take the quiz")]
    assert [entry.kind for entry in house.ledger.entries()] == ["quiz"]


async def test_an_answer_pressed_twice_counts_once(slack: SlackEmulator, say: Any, house: Any) -> None:
    await slack.direct_message("quiz")
    await house.quiet()
    first = slack.top()
    for _ in range(2):
        option = next(e for b in first.payload["blocks"] if b["type"] == "actions" for e in b["elements"])
        await slack.press(option["text"]["text"], on=first)
    await house.quiet()
    assert say("U1", "Question {number} of {total}", number=2, total=5) in slack.reads()
