"""Who writes in Slack, as Slack tells: their language, their time zone, and the names behind mentions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.desk import Desk
from bot.chat.slack_delivery import TIMEOUT, UNREACHED, account
from bot.people import Language

log = structlog.get_logger(__name__)

ASKING = 1.0
"""Seconds that Slack has to tell somebody's language while they wait for the acknowledgement, due within three."""
_NAMES = 20
"""People mentioned without their name who are looked up for one draft."""


class SlackReaders:
    """Slack may be slow or silent: then what is known already has to do."""

    def __init__(self, client: AsyncWebClient, desk: Desk) -> None:
        self._client, self._desk = client, desk

    async def language(self, team: str, user: str, within: float = TIMEOUT) -> Language:
        """The person's language; at their first message Slack is asked for it, for `within` seconds."""
        who = account(team, user)
        if not await asyncio.to_thread(self._desk.people.knows_locale, who):
            await self.notice(team, user, within)
        return await self._desk.language(who)

    async def notice(self, team: str, user: str, within: float = TIMEOUT) -> None:
        """Ask Slack for somebody's language and time zone."""
        who = account(team, user)
        try:
            found = await asyncio.wait_for(self._client.users_info(user=user, include_locale=True), within)
        except UNREACHED as error:
            log.info("slack.locale_unknown", error=type(error).__name__)
            return
        await asyncio.to_thread(self._desk.people.notice_locale, who, found["user"].get("locale"))
        await asyncio.to_thread(self._desk.people.notice_zone, who, found["user"].get("tz"))

    async def names(self, users: Sequence[str]) -> dict[str, str]:
        """The names that people see where these are mentioned; an id stays where Slack does not tell."""
        names = {}
        for user in users[:_NAMES]:
            try:
                profile = (await self._client.users_info(user=user))["user"]
            except UNREACHED:
                continue
            names[user] = profile.get("profile", {}).get("display_name") or profile.get("real_name") or user
        return names
