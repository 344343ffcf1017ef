"""Roles from Slack's user groups and an admin by e-mail address, with Slack as it is and as it goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from emulators.slack import SlackEmulator
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.accounts import Role, Title
from bot.audit.ledger import Ledger
from bot.chat.slack import slack_client
from bot.chat.slack_groups import admin_of, appoint, step, sync
from bot.people import People
from bot.roles import Roles, Source
from bot.store import Store

LEGAL, COMPLIANCE = Title(Role.OWNER, "legal"), Title(Role.COMPLIANCE)
GROUPS = ((COMPLIANCE, "S1"), (LEGAL, "S2"), (LEGAL, "S3"))


@pytest.fixture
def client(emulator: SlackEmulator) -> AsyncWebClient:
    emulator.groups |= {"S1": ["U1"], "S2": ["U1"], "S3": ["U2"]}
    emulator.emails["anna@acme.example"] = "U1"
    return slack_client("xoxb-test", emulator.api, retries=0)


@pytest.fixture
def roles(store: Store, ledger: Ledger) -> Roles:
    return Roles(store, ledger)


@pytest.fixture
def held(people: People, roles: Roles) -> Callable[[], set[tuple[str, str]]]:
    """Which user has which role from a group."""

    def found() -> set[tuple[str, str]]:
        named = {person: accounts[0] for person, accounts in people.everybody().items()}
        return {
            (named[given.person].removeprefix("slack:T1:"), str(given.title))
            for given in roles.given()
            if given.is_by_group
        }

    return found


EVERYBODY = {("U1", "compliance"), ("U1", "owner:legal"), ("U2", "owner:legal")}


@asynccontextmanager
async def running(doing: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(doing)
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_who_is_in_the_group_has_the_role(client: Any, people: People, roles: Roles, held: Any) -> None:
    await sync(client, people, roles, GROUPS)
    assert held() == EVERYBODY
    assert roles.may_rule(people.person("slack:T1:U2"), "legal")


async def test_whoever_left_has_lost_it_and_whoever_joined_has_it(
    client: Any, emulator: SlackEmulator, people: People, roles: Roles, held: Any
) -> None:
    await sync(client, people, roles, GROUPS)
    emulator.groups |= {"S1": ["U2"], "S2": [], "S3": ["U3"]}
    await sync(client, people, roles, GROUPS)
    assert held() == {("U2", "compliance"), ("U3", "owner:legal")}


async def test_nothing_new_is_no_entry(client: Any, ledger: Ledger, people: People, roles: Roles) -> None:
    for _ in range(3):
        await sync(client, people, roles, GROUPS)
    assert len(ledger.entries()) == 3
    assert ledger.verify().is_sound


async def test_what_was_given_by_hand_is_left_alone(
    client: Any, emulator: SlackEmulator, people: People, roles: Roles
) -> None:
    anna, bruno = people.person("slack:T1:U1"), people.person("slack:T1:U2")
    for person in (anna, bruno):
        roles.grant(person, Role.COMPLIANCE, by=anna)
    await sync(client, people, roles, GROUPS)
    emulator.groups["S1"] = []
    await sync(client, people, roles, GROUPS)
    assert roles.who(Role.COMPLIANCE) == tuple(sorted([anna, bruno]))


async def test_a_group_that_is_no_longer_named_gives_nothing(
    client: Any, people: People, roles: Roles, held: Any
) -> None:
    await sync(client, people, roles, GROUPS)
    await sync(client, people, roles, GROUPS[:1])
    assert held() == {("U1", "compliance")}
    # Where none is named at all, once is enough, and Slack is not asked.
    await asyncio.wait_for(step(client, people, roles, ()), 5)
    assert held() == set()


async def test_a_group_that_is_gone_has_nobody_in_it(
    client: Any, emulator: SlackEmulator, people: People, roles: Roles, held: Any, logged: Callable[[], str]
) -> None:
    await sync(client, people, roles, GROUPS)
    del emulator.groups["S3"]
    await sync(client, people, roles, GROUPS)
    assert held() == EVERYBODY - {("U2", "owner:legal")}
    assert "VAGLIO_SLACK_GROUPS" in logged()


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"status": 429}, {"error": "missing_scope"}, {"drop": True}, {"error": "no_permission"}]
)
async def test_while_slack_does_not_tell_everything_stays(
    client: Any, emulator: SlackEmulator, people: People, roles: Roles, held: Any, fault: Any,
    logged: Callable[[], str],
) -> None:  # fmt: skip
    await sync(client, people, roles, GROUPS)
    emulator.groups |= {"S1": [], "S2": [], "S3": []}
    # A dropped connection is tried twice by the client itself.
    emulator.fail_next("usergroups.users.list", times=6, **fault)
    await sync(client, people, roles, GROUPS)
    assert held() == EVERYBODY
    assert "slack.group_not_read" in logged()


async def test_one_group_that_is_not_told_keeps_its_role_and_no_other(
    client: Any, emulator: SlackEmulator, people: People, roles: Roles, held: Any
) -> None:
    await sync(client, people, roles, GROUPS)
    emulator.groups |= {"S1": [], "S2": [], "S3": ["U3"]}
    # The first call is for S1, the second for one of the two groups of the owner.
    for fault in ({"delay": 0.01}, {"error": "internal_error"}):
        emulator.fail_next("usergroups.users.list", **fault)
    await sync(client, people, roles, GROUPS)
    assert held() == {("U1", "owner:legal"), ("U2", "owner:legal"), ("U3", "owner:legal")}


async def test_it_looks_again_and_again_whatever_happens(
    client: Any, emulator: SlackEmulator, people: People, roles: Roles, held: Any, logged: Callable[[], str]
) -> None:
    emulator.fail_next("auth.test", drop=True, times=2)
    for _ in range(3):
        await step(client, people, roles, GROUPS)
    assert held() == EVERYBODY
    emulator.groups["S1"] = ["U3"]
    await step(client, people, roles, GROUPS)
    assert ("U3", "compliance") in held()
    assert "slack.groups_not_read" in logged()


async def test_an_admin_by_e_mail_address(client: Any, people: People, roles: Roles) -> None:
    assert await admin_of(client, "anna@acme.example") == "slack:T1:U1"
    assert await admin_of(client, "slack:T9:U9") == "slack:T9:U9"
    await appoint(client, people, roles, "anna@acme.example")
    assert roles.who(Role.ADMIN) == (people.person("slack:T1:U1"),)
    # It is no group's: leaving one does not end it.
    await sync(client, people, roles, ())
    assert roles.revoke(people.person("slack:T1:U1"), Role.ADMIN, by=None, source=Source.HAND)


@pytest.mark.parametrize(
    ("error", "remedy"), [("users_not_found", "VAGLIO_ADMIN"), ("missing_scope", "users:read.email")]
)
async def test_an_admin_whom_nobody_knows_is_said_and_stops_nothing(
    client: Any, emulator: SlackEmulator, people: People, roles: Roles, error: str, remedy: str,
    logged: Callable[[], str],
) -> None:  # fmt: skip
    emulator.fail_next("users.lookupByEmail", error=error)
    await asyncio.wait_for(appoint(client, people, roles, "anna@acme.example"), 5)
    assert roles.who(Role.ADMIN) == ()
    assert remedy in logged()


async def test_slack_is_asked_again_for_the_admin(
    client: Any, emulator: SlackEmulator, people: People, roles: Roles
) -> None:
    emulator.fail_next("users.lookupByEmail", 503)
    with pytest.raises(SlackApiError):
        await admin_of(client, "anna@acme.example")
    emulator.fail_next("users.lookupByEmail", 503)
    emulator.fail_next("users.lookupByEmail", drop=True)
    await appoint(client, people, roles, "anna@acme.example", pause=0.01)
    assert roles.who(Role.ADMIN) == (people.person("slack:T1:U1"),)
