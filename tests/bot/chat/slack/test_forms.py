"""Slack: the forms: a long text across inputs, what each asks, and that Slack takes them."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from emulators.slack import SlackEmulator
from emulators.slack_limits import check_view
from hypothesis import given
from hypothesis import strategies as st

from bot.actions import Action, Asks, Button, Verb
from bot.chat.slack_actions import rows
from bot.chat.slack_forms import INPUT, parted, text_of, verify_form, words_form
from bot.choices import asked_for
from rules.draft import LIMIT

socket_only = pytest.mark.parametrize("connect", ["socket"], indirect=True)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def fields(parts: list[str]) -> dict[str, str | None]:
    return {"text" if number == 0 else f"text_{number + 1}": part for number, part in enumerate(parts)}


words = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=40)
spaces = st.sampled_from(["", " ", "  ", "\n", "\n\n", " " * 30, "\t"])
times = st.integers(1, 400)


@given(st.lists(st.tuples(words, spaces, times), max_size=6))
def test_a_text_in_parts_is_the_same_text(pieces: list[tuple[str, str, int]]) -> None:
    text = "".join((word + space) * count for word, space, count in pieces)[: 2 * LIMIT]
    parts, gaps = parted(text)
    assert text_of(fields(parts), gaps) == text
    assert all(units(part) <= INPUT for part in parts)
    assert len(gaps) == len(parts) - 1


@pytest.mark.parametrize(
    ("entered", "text"),
    [
        (["a" * INPUT, "b"], "a" * INPUT + "b"),
        (["a", "b"], "a\nb"),
        (["a ", "b"], "a b"),
        (["a", "\nb"], "a\nb"),
        (["a", "", "b"], "a\nb"),
        (["", "b"], "b"),
        (["", ""], ""),
    ],
)
def test_where_one_input_ends_and_the_next_begins(entered: list[str], text: str) -> None:
    assert text_of(fields(entered)) == text


def test_ten_inputs_stay_in_order() -> None:
    assert text_of(fields([str(number) + " " for number in range(12)])) == "0 1 2 3 4 5 6 7 8 9 10 11 "


TEXTS = {
    "short": "zibaldone",
    "10,000 characters": "zibaldone " * 1000,
    "one word": "z" * LIMIT,
    "emoji": "🎉👩‍👩‍👧" * 1666,
    "lines": "zibaldone\n\n" * 900,
    "halves and controls": "zibaldone \ud800 \x00 \x1b[31m",
}


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_draft_to_be_edited_fits(text: str, language: str) -> None:
    action = Action(Verb.EDIT, "s_1")
    asks = asked_for(action, language, text)
    assert asks
    place = {"channel": "C1", "response_url": "https://hooks.slack.com/actions/" + "x" * 100, "is_ephemeral": True}
    view = words_form(action, asks, place, language)
    check_view(view)
    entered = {b["block_id"]: b["element"].get("initial_value") for b in view["blocks"]}
    meta = json.loads(view["private_metadata"])
    kept = text_of(entered, meta["gaps"])
    assert kept == text if "\ud800" not in text else kept == "zibaldone   [31m"
    assert (meta["word"], meta["place"]) == (action.word, place)
    assert "zibaldone" not in view["private_metadata"]


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("verb", [v for v in Verb if asked_for(Action(v, "s_1", "abcdef12"), "en")])
def test_each_form_is_one_that_slack_takes(verb: Verb, language: str) -> None:
    action = Action(verb, "s_1", "abcdef12")
    asks = asked_for(action, language)
    assert asks
    check_view(words_form(action, asks, {}, language))
    check_view(words_form(action, Asks("l" * 2000, "h" * 2000, is_optional=True), {}, language))
    check_view(verify_form("ABCD-EFGH", language))


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("count", [0, 1, 5, 6, 25, 40])
def test_buttons_are_such_as_slack_takes(count: int, language: str) -> None:
    from emulators.slack_limits import check_message, live_parts

    label = "<!channel> :tada: \u202e*b* " + "z" * 100
    buttons = [
        Button(label, Action(Verb.PASS, "q_1", f"{number:08}"), is_main=number == 0, is_grave=number == 1)
        for number in range(count)
    ]
    blocks = rows(buttons, language)
    check_message({"text": "Vaglio", **({"blocks": blocks} if blocks else {})})
    assert live_parts({"text": "Vaglio", "blocks": blocks}) == []
    assert [len(block["elements"]) for block in blocks] == ([5] * (min(count, 25) // 5) + [count % 5] * (count < 25))[
        : len(blocks)
    ]


@socket_only
@pytest.mark.parametrize("user", ["U1", "U2"])
async def test_a_draft_of_ten_thousand_characters(slack: SlackEmulator, house: Any, say: Any, user: str) -> None:
    text = "".join(f"Zibaldone numero {number}. " for number in range(1000))[:9_990] + " idiota"
    await slack.global_shortcut("new_draft", user)
    await slack.opened(user)
    parts = {"text": text[:3000], "text_2": text[3000:6000], "text_3": text[6000:9000], "text_4": text[9000:]}
    await slack.submit(user, **parts, channel="linkedin", account="support", kind="reply", in_reply_to="Perché?")
    await house.quiet()
    draft = house.recorder.screenings[0].draft
    assert draft.text == text
    assert (draft.channel, draft.account, draft.kind, draft.in_reply_to) == ("linkedin", "support", "reply", "Perché?")
    await slack.press(say(user, "Change it and check again"), user)
    await slack.opened(user)
    await slack.submit(user)
    await house.quiet()
    again = house.recorder.screenings[1].draft
    assert (again.text, again.channel, again.in_reply_to) == (text.strip(), "linkedin", "Perché?")


@socket_only
@pytest.mark.parametrize("user", ["U1", "U2"])
async def test_a_draft_that_is_too_long_is_said_to_be(slack: SlackEmulator, house: Any, say: Any, user: str) -> None:
    await slack.global_shortcut("new_draft", user)
    await slack.opened(user)
    await slack.submit(user, **{name: "z" * 3000 for name in ("text", "text_2", "text_3", "text_4")})
    await house.quiet()
    assert "12000" in slack.reads(user)
    assert house.ledger.entries() == []


@pytest.mark.parametrize("connect", ["http"], indirect=True)
async def test_buttons_and_forms_by_http(slack: SlackEmulator, verdict: Any, press: Any, say: Any, house: Any) -> None:
    """A form on a message and one on a view, each by signed requests."""
    await verdict("command", "Che idiota, lo zibaldone")
    await press("Change it and check again", words="Uno zibaldone")
    assert say("U1", "Good to go") in slack.reads()
    await verdict("form", "Che idiota, lo zibaldone")
    await press("I disagree", words="È il nome del libro")
    thanks = say("U1", "Thank you. {owner} reads it, and I bring you the answer.", owner="Ufficio stampa")
    assert thanks in slack.reads("U1", "modal")
    await slack.app_home_opened()
    await house.quiet()
    await slack.press(say("U1", "I have read it"))
    await house.quiet()
    assert say("U1", "Thank you: noted. When it changes, I tell you what is new.") in slack.reads("U1", "modal")


async def test_an_answer_that_is_ready_before_the_acknowledgement_is_shown_stays(
    slack: SlackEmulator, verdict: Any, say: Any, house: Any
) -> None:
    """It would be overwritten by "One moment…"."""
    slack.lag = 0.5
    await verdict("form", "Che idiota, lo zibaldone")
    assert say("U1", "Please do not publish this as it is") in slack.reads("U1", "modal")
    await slack.slash("verify 0000-0000")
    await slack.opened("U1")
    await slack.submit("U1", text="Uno zibaldone")
    await house.quiet()
    assert say("U1", "I know no receipt with this code.") in slack.reads("U1", "modal")


@socket_only
async def test_whatever_the_clocks_say_the_view_is_looked_for_a_few_times(
    slack: SlackEmulator, verdict: Any, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The front-end's clock may be an hour ahead of the worker's, and Slack takes only so many calls a minute."""
    monkeypatch.setattr("bot.chat.slack_presses.time", SimpleNamespace(time=lambda: time.time() + 3_600))
    monkeypatch.setattr("bot.chat.slack_delivery._PAUSES", (0.01,) * 5)
    update = slack.api_views_update
    monkeypatch.setattr(
        slack, "api_views_update", lambda payload: update({k: v for k, v in payload.items() if k != "external_id"})
    )
    await verdict("form", "Che idiota, lo zibaldone")
    assert say("U1", "Please do not publish this as it is") in slack.reads("U1", "modal")
    assert len([call for call in slack.calls if call.method == "views.update"]) == 6


@socket_only
@pytest.mark.parametrize("user", ["U1", "U2"])
async def test_a_view_that_is_found_by_no_name_of_ours_is_found_by_its_own(
    slack: SlackEmulator, verdict: Any, say: Any, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    """Should Slack not keep the name that an acknowledgement gives a view."""
    monkeypatch.setattr("bot.chat.slack_delivery._ACKNOWLEDGED", 0.3)
    update = slack.api_views_update
    monkeypatch.setattr(
        slack, "api_views_update", lambda payload: update({k: v for k, v in payload.items() if k != "external_id"})
    )
    await verdict("form", "Che idiota, lo zibaldone", user)
    assert say(user, "Please do not publish this as it is") in slack.reads(user, "modal")
