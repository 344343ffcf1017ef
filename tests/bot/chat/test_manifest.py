"""The Slack manifest asks for what the code uses, and for nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

ROOT = Path(__file__).parents[3]
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "slack-manifest.yaml").read_text(encoding="utf-8"))
SOURCES = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "bot" / "chat").glob("slack*.py"))]

# Each Web API method that the code may call, and the scope that Slack asks for it.
SCOPES = {
    "auth_test": None,
    "chat_postMessage": "chat:write",
    "conversations_open": "im:write",
    "users_info": "users:read",
    "views_open": None,
    "views_update": None,
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
    assert used_methods() == set(SCOPES)
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert set(events) == set(EVENTS)
    needed = {*SCOPES.values(), *EVENTS.values(), "commands"} - {None}
    scopes = MANIFEST["oauth_config"]["scopes"]
    assert list(scopes) == ["bot"]
    assert sorted(scopes["bot"]) == scopes["bot"] == sorted(needed)


def test_what_is_listened_for_is_what_is_asked_for() -> None:
    features = MANIFEST["features"]
    shortcuts = {each["callback_id"]: each["type"] for each in features["shortcuts"]}
    assert shortcuts == {"new_draft": "global", "check_message": "message"}
    assert registered("shortcut") == set(shortcuts)
    assert registered("view") == {"draft"}
    listened = {"message.im" if name == "message" else name for name in registered("event")}
    assert listened == set(EVENTS)


def test_the_command_is_the_one_that_people_are_told() -> None:
    (command,) = MANIFEST["features"]["slash_commands"]
    assert command["command"] == "/vaglio"
    assert command["should_escape"] is True
    assert "language" in command["usage_hint"]
    assert "lingua" in command["usage_hint"]


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
