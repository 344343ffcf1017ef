"""Block Kit's limits, and what Slack makes live."""

from __future__ import annotations

import pytest
from emulators import slack_limits
from emulators.loopback import Json
from emulators.slack_limits import SlackLimit, check_message, check_view
from emulators.slack_payloads import button, form, rich, section

PLAIN = {"type": "plain_text", "text": "Ciao"}
OPTION = {"text": PLAIN, "value": "1"}
GOOD = [
    [section("Ciao"), {"type": "divider"}, {"type": "header", "text": PLAIN}],
    [{"type": "section", "fields": [PLAIN] * 10, "accessory": {"type": "overflow", "options": [OPTION] * 5}}],
    [{"type": "context", "elements": [PLAIN, {"type": "image", "image_url": "https://a.it/a.png", "alt_text": "A"}]}],
    [rich({"type": "text", "text": "a", "style": {"bold": True}}, {"type": "emoji", "name": "tada"})],
]
BAD = {
    "/blocks: 51 items": [{"type": "divider"}] * 51,
    "/blocks/0/text/text: 0 characters": [section("")],
    "/blocks/0/text/text: 3001": [section("a" * 3001)],
    "/blocks/0/type: video": [{"type": "video"}],
    "/blocks/0/colour: unknown key": [section("a") | {"colour": "red"}],
    "/blocks/0: needs text or fields": [{"type": "section"}],
    "/blocks/1/block_id: occurs twice": [section("a") | {"block_id": "x"}] * 2,
    "/blocks/0/elements/0/text/text: 76": [{"type": "actions", "elements": [button(text=PLAIN | {"text": "a" * 76})]}],
    "/blocks/0: an action_id": [{"type": "actions", "elements": [button(), button()]}],
    "/blocks/0/elements/0/elements/0/text: 0": [rich({"type": "text", "text": ""})],
    "/blocks/0/accessory: what is chosen": [
        section("a")
        | {"accessory": {"type": "radio_buttons", "options": [OPTION], "initial_option": OPTION | {"value": "2"}}}
    ],
    "/blocks: 15": [section("a" * 3000)] * 5,
}


@pytest.mark.parametrize("blocks", GOOD)
def test_block_kit_takes(blocks: list[Json]) -> None:
    check_message({"channel": "C1", "text": "Ciao", "blocks": blocks})


@pytest.mark.parametrize(("reason", "blocks"), BAD.items())
def test_block_kit_refuses(reason: str, blocks: list[Json]) -> None:
    with pytest.raises(SlackLimit) as limit:
        check_message({"channel": "C1", "text": "Ciao", "blocks": blocks})
    assert str(limit.value).startswith(reason)


@pytest.mark.parametrize(
    "change", [{"title": PLAIN | {"text": "a" * 25}}, {"private_metadata": "a" * 3001}, {"blocks": []}]
)
def test_views_have_limits_too(change: Json) -> None:
    check_view(form())
    with pytest.raises(SlackLimit):
        check_view(form(**change))


def test_slack_live_parts() -> None:
    hostile = "<!channel> *b* :tada: https://a.it @here &lt;!channel&gt; snake_case_name"
    loud = ["<!channel>", ":tada:", "*b*", "https://a.it"]
    parts = slack_limits.live_parts
    assert parts({"text": hostile}) == loud
    assert parts({"text": hostile, "link_names": True}) == [*loud, "@here"]
    assert parts({"blocks": [section(hostile, verbatim=True)]}) == loud[:3]
    assert parts({"blocks": [section(hostile, "plain_text")]}) == [":tada:"]
    assert parts({"blocks": [rich({"type": "text", "text": hostile}, {"type": "user", "user_id": "U1"})]}) == [
        "user: U1"
    ]
