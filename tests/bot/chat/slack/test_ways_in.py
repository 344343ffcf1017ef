"""Slack: every way to hand in a draft or a command, by Socket Mode and by HTTP, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from emulators.slack import SlackEmulator
from emulators.slack_limits import live_parts

DRAFT = "Che idiota, lo zibaldone"
BLOCKED = {"U1": "Così, per favore, non pubblicarla", "U2": "Please do not publish this as it is"}
READING = {"U1": "La sto leggendo…", "U2": "I am reading it…"}
HELP = {"U1": "Sono Vaglio, un programma.", "U2": "I am Vaglio, a program."}

both = pytest.mark.parametrize("user", ["U1", "U2"])


def said(shown: Any) -> str:
    return str(shown.payload)


@both
async def test_a_command_is_answered_where_it_was_typed(slack: SlackEmulator, answer: Any, user: str) -> None:
    ack = await slack.slash(DRAFT, user)
    assert ack.payload["text"] == READING[user]
    shown = await answer()
    assert (shown.method, shown.payload["response_type"]) == ("response_url", "ephemeral")
    assert shown.payload["replace_original"] is True
    assert BLOCKED[user] in shown.text


@both
async def test_help_is_answered_in_the_acknowledgement(slack: SlackEmulator, house: Any, user: str) -> None:
    for text in ("", "  ", "help", "AIUTO", " help "):
        ack = await slack.slash(text, user)
        assert HELP[user] in ack.payload["text"]
        assert live_parts(ack.payload) == []
        assert "response_type" not in ack.payload  # which makes it ephemeral
    assert house.pending() == 0


async def test_a_language_is_chosen_in_the_acknowledgement(slack: SlackEmulator, house: Any) -> None:
    for text, sentence in (
        ("language en", "From now on"),
        ("lingua inglese", "From now on"),
        ("LINGUA it", "D’ora in poi"),
    ):
        assert sentence in (await slack.slash(text)).payload["text"]
    assert house.pending() == 0


async def test_a_form_by_command(slack: SlackEmulator) -> None:
    for count, text in enumerate(("new", "nuova", "Nuovo"), start=1):
        assert (await slack.slash(text)).payload == {}
        assert (await slack.wait_for("views.open", count=count)).answer["ok"]


async def test_what_only_begins_like_a_command_is_a_draft(slack: SlackEmulator, answer: Any) -> None:
    drafts = (
        "language it is a language",
        "help me sell the zibaldone",
        "new zibaldone",
        "language fr",
        "nuova it",
        "lingua",
    )
    for count, text in enumerate(drafts, start=1):
        assert (await slack.slash(text)).payload["text"] == READING["U1"]
        assert text in (await answer(count)).text


@both
async def test_a_message_of_ones_own(slack: SlackEmulator, answer: Any, user: str) -> None:
    ack = await slack.message_shortcut("check_message", DRAFT, message_user=user, user=user)
    shown = await answer()
    assert ack.payload == {}
    assert (shown.method, shown.payload["response_type"]) == ("response_url", "ephemeral")
    assert shown.payload["replace_original"] is False
    assert BLOCKED[user] in shown.text


@both
async def test_a_message_of_somebody_else(slack: SlackEmulator, answer: Any, house: Any, user: str) -> None:
    await slack.message_shortcut("check_message", DRAFT, message_user="U3", user=user)
    shown = await answer()
    expected = {"U1": "è di un’altra persona", "U2": "is somebody else's"}
    assert expected[user] in shown.text
    assert "zibaldone" not in said(shown)
    assert house.ledger.entries() == []


async def submit(slack: SlackEmulator, user: str = "U1", **fields: str) -> Any:
    await slack.global_shortcut("new_draft", user)
    opened = await slack.wait_for("views.open")
    assert opened.answer["ok"]
    return await slack.view_submission(
        "draft",
        {name: {"value": value} for name, value in fields.items()},
        user,
        view_id=opened.answer["view"]["id"],
    )


@both
async def test_a_form_with_all_its_fields(slack: SlackEmulator, answer: Any, house: Any, user: str) -> None:
    ack = await submit(
        slack,
        user,
        text=DRAFT,
        channel="linkedin",
        account="support",
        kind="reply",
        in_reply_to="Quanto zibaldone!",
    )
    assert ack.payload["response_action"] == "update"
    assert READING[user] in said(ack)
    shown = await answer()
    assert shown.method == "views.update"
    assert BLOCKED[user] in shown.text
    draft = house.recorder.screenings[0].draft
    assert (draft.channel, draft.account, draft.kind) == ("linkedin", "support", "reply")
    assert (draft.text, draft.in_reply_to) == (DRAFT, "Quanto zibaldone!")


async def test_a_form_left_as_it_is(slack: SlackEmulator, answer: Any, house: Any) -> None:
    await submit(slack, text=DRAFT)
    await answer()
    draft = house.recorder.screenings[0].draft
    assert (draft.channel, draft.account, draft.kind) == ("other", "institutional", "post")
    assert draft.in_reply_to is None


async def test_of_a_private_draft_only_a_count_remains(slack: SlackEmulator, answer: Any, house: Any) -> None:
    slack.fail_next("views.update", 503, times=4)
    await submit(slack, text=f"{DRAFT} Xanadu", account="private")
    assert BLOCKED["U1"] in (await answer()).text
    await house.quiet()
    assert house.ledger.entries() == []
    assert b"Xanadu" not in house.bytes()
    with house.store.engine.connect() as connection:
        # Once, however often the answer had to be sent.
        assert connection.exec_driver_sql("SELECT count FROM tally").scalars().all() == [1]


@both
async def test_a_direct_message(slack: SlackEmulator, answer: Any, user: str) -> None:
    await slack.direct_message(DRAFT, user)
    shown = await answer()
    assert (shown.method, shown.payload["channel"]) == ("chat.postMessage", f"D{user}")
    assert BLOCKED[user] in shown.text


@both
async def test_help_by_direct_message(slack: SlackEmulator, answer: Any, user: str) -> None:
    for count, text in enumerate(("help", "aiuto", "new"), start=1):
        await slack.direct_message(text, user)
        assert HELP[user] in (await answer(count)).text


async def test_a_language_by_direct_message(slack: SlackEmulator, answer: Any) -> None:
    await slack.direct_message("lingua en")
    assert "From now on" in (await answer()).text


@both
async def test_a_file_is_not_read_and_that_is_said(slack: SlackEmulator, answer: Any, user: str) -> None:
    files = [{"id": "F1", "mimetype": "image/png"}, {"id": "F2"}]
    await slack.direct_message("Uno zibaldone", user, subtype="file_share", files=files)
    shown = await answer()
    expected = {"U1": "Non so leggere gli allegati (image/png)", "U2": "I cannot read attachments (image/png)"}
    assert expected[user] in shown.text
    assert "application/octet-stream" in shown.text


@both
async def test_there_is_nothing_to_read_in_a_file_alone(slack: SlackEmulator, answer: Any, user: str) -> None:
    await slack.direct_message("", user, subtype="file_share", files=[{"id": "F1", "mimetype": "image/png"}])
    expected = {"U1": "Qui non c’è testo da leggere", "U2": "There is no text to read here"}
    assert expected[user] in (await answer()).text


NOT_FOR_US = (
    {"bot_id": "B1"},
    {"bot_id": "B7"},
    {"subtype": "bot_message", "bot_id": "B7"},
    {"subtype": "message_changed"},
    {"subtype": "message_deleted"},
    {"channel_type": "channel", "channel": "C1"},
    {"channel_type": "group", "channel": "G1"},
    {"channel_type": "mpim", "channel": "G2"},
)


async def test_what_is_not_for_the_bot_is_let_pass(slack: SlackEmulator, house: Any) -> None:
    for extra in NOT_FOR_US:
        ack = await slack.direct_message(DRAFT, **extra)
        assert (ack.status, ack.payload) == (200, {})
    assert house.pending() == 0
    assert house.ledger.entries() == []
    assert slack.posted == []


async def test_what_nobody_listens_for_is_acknowledged(slack: SlackEmulator, house: Any) -> None:
    acks = [
        await slack.block_action("unknown", "zibaldone"),
        await slack.global_shortcut("unknown"),
        await slack.view_submission("unknown", {"text": {"value": "zibaldone"}}),
    ]
    assert [(ack.status, ack.payload) for ack in acks] == [(200, {})] * 3
    assert house.pending() == 0
