"""Slack: the text that is screened and marked is the one its writer saw."""

from __future__ import annotations

from typing import Any

import pytest
from emulators.slack import SlackEmulator

from bot.chat.slack_text import emoji_of, mentioned, plain_text, unescaped, whole

NAMES = {"U1": "anna", "U2": "bruno"}


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("&amp;amp;", "&amp;"),
        ("ciao <@U1>", "ciao @anna"),
        ("ciao <@U1|anna>", "ciao @anna"),
        ("ciao <@U1|>", "ciao @anna"),
        ("ciao <@U7>", "ciao @U7"),
        ("<#C1|general>", "#general"),
        ("<#C1>", "#C1"),
        ("<#C1|>", "#C1"),
        ("<!here> <!channel> <!everyone>", "@here @channel @everyone"),
        ("<!here|here> <!here|@here>", "@here @here"),
        ("<!subteam^S1|@marketing>", "@marketing"),
        ("<!subteam^S1>", "@subteam"),
        ("<!date^1392734382^{date_num}|2014-02-18>", "2014-02-18"),
        ("<!date^1392734382^{date}^https://a.it|18 febbraio>", "18 febbraio"),
        ("<https://a.it/?a=1&amp;b=2>", "https://a.it/?a=1&b=2"),
        ("<https://a.it|il nostro sito>", "il nostro sito"),
        ("<mailto:a@b.it|a@b.it> <mailto:a@b.it>", "a@b.it a@b.it"),
        ("<tel:+39061234|06 1234> <tel:+39061234>", "06 1234 +39061234"),
        ("<>", ""),
        ("&lt;@U1&gt; &lt;!here&gt;", "<@U1> <!here>"),
        ("", ""),
    ],
)
def test_markup_is_undone(raw: str, seen: str) -> None:
    assert plain_text(raw, NAMES) == seen


def test_signs_are_undone_once() -> None:
    assert unescaped("&amp;lt; &lt;") == "&lt; <"


def test_only_people_without_a_name_are_looked_up_each_once() -> None:
    assert mentioned("<@U1> <@U2|bruno> <@U3|> <@U1> &lt;@U4&gt;") == ("U1", "U3")


def test_emoji_are_what_they_look_like() -> None:
    elements = [
        {"type": "emoji", "name": "tada", "unicode": "1f389"},
        {"type": "emoji", "name": "wave", "unicode": "1f44b-1f3fb", "skin_tone": 2},
        {"type": "emoji", "name": "acme"},
    ]
    section = {"type": "rich_text_section", "elements": elements}
    emoji = emoji_of({"blocks": [{"type": "rich_text", "elements": [section]}]})
    assert plain_text(":tada: :wave::skin-tone-2: :acme:", {}, emoji) == "🎉 👋🏻 :acme:"
    assert emoji_of({}) == {}


TYPED = "Se a < b & c > d, scrivi a @anna e @bruno (@here): https://a.it/?a=1&b=2 zibaldone idiota"


@pytest.mark.parametrize("way", ["slash", "direct_message", "message_shortcut"])
async def test_the_draft_is_what_was_typed(slack: SlackEmulator, answer: Any, house: Any, way: str) -> None:
    typed = (TYPED,) if way != "message_shortcut" else ("check_message", TYPED)
    await getattr(slack, way)(*typed)
    assert TYPED.replace("idiota", "idiota¹") in (await answer()).text
    assert house.recorder.screenings[0].draft.text == TYPED


async def test_nobody_is_looked_up_without_end(slack: SlackEmulator, answer: Any) -> None:
    for number in range(10, 60):
        slack.users[f"U{number}"] = {"name": f"persona{number}"}
    await slack.direct_message("zibaldone " + " ".join(f"@persona{number}" for number in range(10, 60)))
    text = (await answer()).text
    assert "@persona10 " in text
    assert "@U59" in text
    assert len([call for call in slack.calls if call.method == "users.info"]) == 21


@pytest.mark.parametrize("fault", [{"error": "user_not_visible"}, {"drop": True, "times": 2}], ids=str)
async def test_a_name_that_slack_does_not_tell_stays_an_id(slack: SlackEmulator, answer: Any, fault: Any) -> None:
    await slack.direct_message("zibaldone")
    await answer()
    slack.fail_next("users.info", **fault)
    await slack.direct_message("zibaldone di @bruno")
    assert "zibaldone di @U2" in (await answer(2)).text


async def test_what_is_written_in_the_form_is_taken_as_it_stands(slack: SlackEmulator, answer: Any, house: Any) -> None:
    typed = "zibaldone &amp; <@U1> :tada: <https://a.it|qui>"
    await slack.global_shortcut("new_draft")
    await slack.wait_for("views.open")
    await slack.view_submission("draft", {"text": {"value": typed}})
    assert typed in (await answer()).text
    assert house.recorder.screenings[0].draft.text == typed


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a\ud800b", "a\ufffdb"), ("\udc00", "\ufffd"), ("🎉 è", "🎉 è"), ("\ud83c\udf89", "🎉"), ("", "")],
)
def test_halves_of_characters(text: str, kept: str) -> None:
    assert whole(text) == kept
