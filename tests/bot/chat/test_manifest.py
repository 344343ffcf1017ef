"""The Slack manifest asks for what the code uses, and for nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.commands import command, private

ROOT = Path(__file__).parents[3]
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "slack-manifest.yaml").read_text(encoding="utf-8"))
SOURCES = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "bot" / "chat").glob("slack*.py"))]

# Each Web API method that the code may call, and the scope that Slack asks for it.
SCOPES = {
    "auth_test": None,
    "chat_postMessage": "chat:write",
    "chat_update": "chat:write",
    "conversations_history": "im:history",
    "conversations_open": "im:write",
    "users_info": "users:read",
    "views_open": None,
    "views_publish": None,
    "views_push": None,
    "views_update": None,
}
# The same of what only some settings need: docs/slack.md says so, and the manifest does not ask for it.
OPTIONAL = {
    "usergroups_users_list": "usergroups:read",
    "users_lookupByEmail": "users:read.email",
}
# Each event, and the scope without which Slack does not send it.
EVENTS = {"app_home_opened": None, "message.im": "im:history"}


def calls() -> Iterator[ast.Call]:
    for tree in SOURCES:
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def used_methods() -> set[str]:
    methods = {name for name in dir(AsyncWebClient) if "_" in name.strip("_") and not name.startswith("_")}
    return {call.func.attr for call in calls() if isinstance(call.func, ast.Attribute) and call.func.attr in methods}


def registered(kind: str) -> set[str]:
    """The names under which `self.app.<kind>("name")` listens."""
    return {
        call.args[0].value
        for call in calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == kind
        and isinstance(call.func.value, ast.Attribute)
        and call.func.value.attr == "app"
        and isinstance(call.args[0], ast.Constant)
    }


def test_its_form_is_the_current_one() -> None:
    assert MANIFEST["_metadata"] == {"major_version": 1, "minor_version": 1}
    assert set(MANIFEST) == {"_metadata", "display_information", "features", "oauth_config", "settings"}


def test_methods_and_events_make_the_scopes() -> None:
    assert used_methods() == {*SCOPES, *OPTIONAL}
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert set(events) == set(EVENTS)
    needed = {*SCOPES.values(), *EVENTS.values(), "commands"} - {None}
    scopes = MANIFEST["oauth_config"]["scopes"]
    assert list(scopes) == ["bot"]
    assert sorted(scopes["bot"]) == scopes["bot"] == sorted(needed)


def test_scopes_for_some_settings_only_are_in_the_docs() -> None:
    page = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    assert [scope for scope in OPTIONAL.values() if f"| `{scope}` |" not in page] == []


def test_what_is_listened_for_is_what_is_asked_for() -> None:
    features = MANIFEST["features"]
    shortcuts = {each["callback_id"]: each["type"] for each in features["shortcuts"]}
    assert shortcuts == {"new_draft": "global", "check_message": "message"}
    assert registered("shortcut") == set(shortcuts)
    assert registered("view") == {"draft", "words", "verify"}
    listened = {"message.im" if name == "message" else name for name in registered("event")}
    assert listened == set(EVENTS)


def test_the_command_is_the_one_that_people_are_told() -> None:
    (slash,) = MANIFEST["features"]["slash_commands"]
    assert slash["command"] == "/vaglio"
    assert slash["should_escape"] is True
    assert "language" in slash["usage_hint"]
    assert "lingua" in slash["usage_hint"]
    for words in (
        "help new mine policy quiz verify link private",
        "aiuto nuova bozze regole quiz verifica collega privata",
    ):
        assert [word for word in words.split() if word not in slash["usage_hint"]] == []


def test_every_command_in_the_hint_is_one() -> None:
    (slash,) = MANIFEST["features"]["slash_commands"]
    told = re.findall(r"(?<=[|\[])([^|\]]+)", slash["usage_hint"])
    drafts = {"la bozza", "the draft"}
    for word in {each.strip() for each in told} - drafts:
        said = word.replace("…", "ABCD-EFGH")
        assert command(said) or private(said), word


def test_the_home_is_there() -> None:
    assert MANIFEST["features"]["app_home"]["home_tab_enabled"] is True
    assert "app_home_opened" in MANIFEST["settings"]["event_subscriptions"]["bot_events"]


def test_what_channels_need_is_in_the_docs() -> None:
    page = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    for scope in ("chat:write.public", "channels:history", "groups:history"):
        assert f"| `{scope}` |" in page
    assert "/invite @Vaglio" in page


def test_people_may_write_to_it_by_socket_mode() -> None:
    home = MANIFEST["features"]["app_home"]
    assert home["messages_tab_enabled"] is True
    assert home["messages_tab_read_only_enabled"] is False
    settings = MANIFEST["settings"]
    assert settings["socket_mode_enabled"] is settings["interactivity"]["is_enabled"] is True


@pytest.mark.parametrize(
    ("text", "most"),
    [
        (MANIFEST["display_information"]["name"], 35),
        (MANIFEST["display_information"]["description"], 140),
        *[(each["name"], 24) for each in MANIFEST["features"]["shortcuts"]],
        *[(each["description"], 150) for each in MANIFEST["features"]["shortcuts"]],
        *[(each["description"], 2000) for each in MANIFEST["features"]["slash_commands"]],
        *[(each["usage_hint"], 1000) for each in MANIFEST["features"]["slash_commands"]],
    ],
)
def test_every_text_is_as_short_as_slack_wants_it(text: str, most: int) -> None:
    assert 0 < len(text) <= most
