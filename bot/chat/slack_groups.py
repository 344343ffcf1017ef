"""Roles from Slack: whoever is in a user group that the settings name has its role, and loses it on leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.accounts import Role, Title, is_account
from bot.chat.slack_delivery import UNREACHED, account, reason_of
from bot.people import People
from bot.roles import Roles, Source

log = structlog.get_logger(__name__)

PAUSE = 300
"""Seconds between two looks at the groups."""
_AGAIN = 30.0
"""Seconds after which Slack is asked again for the admin, while it cannot be reached."""
_NO_GROUP = "no_such_subteam"
_ADMIN_REMEDY = {
    "missing_scope": "add the scope users:read.email and reinstall, or name an account in VAGLIO_ADMIN",
    "users_not_found": "nobody in the workspace has this address: look at VAGLIO_ADMIN",
}
"""By Slack's words for what waiting does not mend."""


async def sync(client: AsyncWebClient, people: People, roles: Roles, groups: Sequence[tuple[Title, str]]) -> None:
    """Give and take what the groups say, once. Raises what the client raises when Slack cannot be reached.

    A role one of whose groups Slack does not tell stays as it is; a group that is gone has nobody in it, and what a
    group gave that the settings no longer name is taken back.
    """
    team = str((await client.auth_test())["team_id"]) if groups else ""
    members: dict[Title, set[str]] = {title: set() for title, _ in groups}
    untold: set[Title] = set()
    for title, group in groups:
        try:
            members[title] |= {account(team, user) for user in await _members(client, group)}
        except UNREACHED as error:
            untold.add(title)
            log.warning("slack.group_not_read", group=group, error=type(error).__name__, reason=reason_of(error))
    await asyncio.to_thread(_settle, people, roles, members, untold)


async def step(client: AsyncWebClient, people: People, roles: Roles, groups: Sequence[tuple[Title, str]]) -> None:
    """`sync`; what fails is logged, and tried again the next time.

    Without groups, what they once gave is taken back, and that is all.
    """
    try:
        await sync(client, people, roles, groups)
    except Exception as error:
        log.warning("slack.groups_not_read", error=type(error).__name__, reason=reason_of(error))


async def admin_of(client: AsyncWebClient, setting: str) -> str | None:
    """The account that `VAGLIO_ADMIN` means: itself, or whose e-mail address it is. None: nobody's; the log says so.

    Raises what the client raises when Slack cannot be reached.
    """
    if is_account(setting):
        return setting
    try:
        user = (await client.users_lookupByEmail(email=setting))["user"]
    except SlackApiError as error:
        if (remedy := _ADMIN_REMEDY.get(reason_of(error))) is None:
            raise
        log.error("slack.admin_unknown", reason=reason_of(error), remedy=remedy)
        return None
    return account(user["team_id"], user["id"])


async def appoint(client: AsyncWebClient, people: People, roles: Roles, setting: str, *, pause: float = _AGAIN) -> None:
    """Make an admin of whoever `VAGLIO_ADMIN` means; what fails is logged and tried again after `pause` seconds."""
    while True:
        try:
            if found := await admin_of(client, setting):
                person = await asyncio.to_thread(people.person, found)
                await asyncio.to_thread(roles.grant, person, Role.ADMIN, by=None, source=Source.SETTING)
        except Exception as error:
            log.warning("slack.admin_not_read", error=type(error).__name__, reason=reason_of(error))
            await asyncio.sleep(pause)
        else:
            return


async def _members(client: AsyncWebClient, group: str) -> Collection[str]:
    try:
        return list((await client.usergroups_users_list(usergroup=group))["users"])
    except SlackApiError as error:
        if reason_of(error) != _NO_GROUP:
            raise
        log.warning("slack.group_unknown", group=group, remedy="look at VAGLIO_SLACK_GROUPS")
        return ()


def _settle(people: People, roles: Roles, members: dict[Title, set[str]], untold: Collection[Title]) -> None:
    wanted = {(people.person(each), title) for title, accounts in members.items() for each in accounts}
    had = {(given.person, given.title) for given in roles.given() if given.is_by_group}
    for person, title in sorted(wanted - had):
        roles.grant(person, title.role, title.owner, by=None, source=Source.GROUP)
    for person, title in sorted(had - wanted):
        if title not in untold:
            roles.revoke(person, title.role, title.owner, by=None, source=Source.GROUP)
