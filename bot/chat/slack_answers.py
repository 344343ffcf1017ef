"""Slack, the way out: what was written down becomes a draft, and the answer goes where only its writer sees it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.chat import slack_blocks
from bot.chat.desk import Desk, Help, New, Notice, Speak, command
from bot.chat.slack_blocks import Block
from bot.chat.slack_text import mentioned, plain_text, unescaped
from bot.people import Language
from bot.reply import Reply, failure
from bot.wording import Wording
from bot.work import Event, Retry, Undeliverable
from rules.draft import Account, Channel, Draft, Kind

log = structlog.get_logger(__name__)

PLATFORM = "slack"
TIMEOUT = 10
"""Seconds that a call may take."""
_NAMES = 20
"""People mentioned without their name who are looked up for one draft."""
_TOO_LATE = frozenset({"not_found", "expired_url", "used_url", "no_active_hooks", "view_closed"})
"""Slack's words for a view that was closed or an address that no longer takes answers: a direct message does."""
_GONE = frozenset(
    {"user_not_found", "users_not_found", "user_disabled", "channel_not_found", "is_archived", "not_in_channel",
     "account_inactive", "cannot_dm_bot", "restricted_action", "messages_tab_disabled"}
)  # fmt: skip
_REFUSED = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "invalid_arguments", "invalid_payload", "msg_blocks_too_long",
     "msg_too_long", "no_text", "view_too_large"}
)  # fmt: skip
"""Its words for an answer that it will never take, however often it is sent."""
_UNREACHED = (SlackApiError, ClientError, OSError, TimeoutError)


def account(team: str, user: str) -> str:
    return f"{PLATFORM}:{team}:{user}"


class SlackAnswers:
    """Answers events; each as often as it takes."""

    def __init__(self, client: AsyncWebClient, desk: Desk) -> None:
        self._client, self._desk = client, desk

    async def handle(self, id: str, event: Event) -> None:
        """Answer one event. Raises `Retry` or `Undeliverable`; may be called again for the same event."""
        language = await self.language(event["team"], event["user"])
        text, blocks = await self._said(id, event, language)
        try:
            try:
                await self._deliver(event, text, blocks, language)
            except SlackApiError as error:
                if _reason(error) not in _REFUSED:
                    raise
                # A fault of ours as well: trying again does not mend it, and silence is no answer.
                log.error("slack.answer_refused", id=id, reason=_reason(error))
                await self._deliver(event, *slack_blocks.notice(failure(language)), language)
        except SlackApiError as error:
            if not isinstance(sorted_out := _sorted_out(error), Retry):
                self._desk.delivered(id)
            raise sorted_out from None
        self._desk.delivered(id)

    async def say(self, event: Event, sentence: str, language: Language) -> None:
        """A sentence where the answer to `event` will be."""
        await self._deliver(event, *slack_blocks.notice(sentence), language)

    async def language(self, team: str, user: str, within: float = TIMEOUT) -> Language:
        """The person's language; at their first message Slack is asked for it, for `within` seconds."""
        who = account(team, user)
        if not await asyncio.to_thread(self._desk.people.knows_locale, who):
            try:
                found = await asyncio.wait_for(self._client.users_info(user=user, include_locale=True), within)
                await asyncio.to_thread(self._desk.people.notice_locale, who, found["user"].get("locale"))
            except _UNREACHED as error:
                log.info("slack.locale_unknown", error=type(error).__name__)
        return await self._desk.language(who)

    async def _said(self, id: str, event: Event, language: Language) -> tuple[str, list[Block]]:
        try:
            answer = await self._answer(id, event, language)
            if isinstance(answer, Reply):
                return slack_blocks.message(answer, language)
            return slack_blocks.notice(answer.text)
        except Exception as error:
            # A fault of ours, which an hour of trying would only hide from the writer.
            log.error("slack.not_answered", id=id, error=type(error).__name__)
            return slack_blocks.notice(failure(language))

    async def _answer(self, id: str, event: Event, language: Language) -> Reply | Notice:
        if event.get("is_own") is False:
            return Notice(Wording(language).say("I only check messages of your own: this one is somebody else's."))
        if event["kind"] == "direct":
            match command(unescaped(event["text"])):
                case Help() | New():
                    return Notice(self._desk.help(language, slack=True))
                case Speak(chosen):
                    return Notice(await self._desk.speak(account(event["team"], event["user"]), chosen))
        return await self._desk.answer(id, await self._draft_from(event), language)

    async def _draft_from(self, event: Event) -> Draft:
        author = account(event["team"], event["user"])
        if event["kind"] != "form":
            names = await self._names(mentioned(event["text"]))
            text = plain_text(event["text"], names, event.get("emoji"))
            return Draft(text=text, author=author, attachments=tuple(event.get("attachments", ())))
        fields = event["fields"]
        return Draft(
            text=fields["text"] or "",
            author=author,
            channel=Channel(fields["channel"] or Channel.OTHER),
            account=Account(fields["account"] or Account.INSTITUTIONAL),
            kind=Kind(fields["kind"] or Kind.POST),
            in_reply_to=fields["in_reply_to"] or None,
        )

    async def _names(self, users: Sequence[str]) -> dict[str, str]:
        """The names that people see where these are mentioned; an id stays where Slack does not tell."""
        names = {}
        for user in users[:_NAMES]:
            try:
                profile = (await self._client.users_info(user=user))["user"]
            except _UNREACHED:
                continue
            names[user] = profile.get("profile", {}).get("display_name") or profile.get("real_name") or user
        return names

    async def _deliver(self, event: Event, text: str, blocks: list[Block], language: Language) -> None:
        """To the place that the writer looks at; where that is gone, to their direct messages."""
        match event["kind"]:
            case "direct":
                await self._post(event["channel"], text, blocks)
                return
            case "form":
                view = slack_blocks.result_view(blocks, language)
                taken = await self._unless_too_late(self._client.views_update(view_id=event["view"], view=view))
            case kind:
                answer = {"text": text, "blocks": blocks, "response_type": "ephemeral"}
                # An ephemeral message can be replaced through its address, and not be updated like another.
                answer |= {"replace_original": kind == "command"}
                taken = await self._unless_too_late(self._respond(event["response_url"], answer))
        if not taken:
            opened = await self._client.conversations_open(users=event["user"])
            await self._post(opened["channel"]["id"], text, blocks)

    async def _post(self, channel: str, text: str, blocks: list[Block]) -> None:
        await self._client.chat_postMessage(
            channel=channel, text=text, blocks=blocks, unfurl_links=False, unfurl_media=False
        )

    async def _unless_too_late(self, call: Any) -> bool:
        try:
            await call
        except SlackApiError as error:
            if _reason(error) not in _TOO_LATE:
                raise
            return False
        return True

    async def _respond(self, url: str, answer: Mapping[str, Any]) -> None:
        """Raises `SlackApiError` as the Web API's methods do; this address answers `ok`, or says why not in JSON."""
        hook = AsyncWebhookClient(url, timeout=TIMEOUT, retry_handlers=self._client.retry_handlers)
        sent = await hook.send_dict(dict(answer))
        if sent.status_code == 429 or sent.status_code >= 500:
            raise Retry(_seconds(sent.headers))
        try:
            error = json.loads(sent.body).get("error", "")
        except (ValueError, AttributeError):
            error = ""
        if error or sent.status_code != 200:
            # Whatever else it says, it takes no answer any more.
            known = error if error in _REFUSED else "expired_url"
            raise SlackApiError("response_url", {"error": known})  # type: ignore[no-untyped-call]


def _reason(error: SlackApiError) -> str:
    """Slack's own word for what is wrong; whatever else an answer may hold is not for the log."""
    try:
        return str(error.response["error"])[:80]
    except (KeyError, TypeError):
        return ""


def _sorted_out(error: SlackApiError) -> Exception:
    """Whether Slack's refusal passes or stays."""
    reason = _reason(error)
    if reason in _GONE | _TOO_LATE | _REFUSED:
        return Undeliverable(reason)
    return Retry(_seconds(getattr(error.response, "headers", None)))


def _seconds(headers: Mapping[str, str] | None) -> float | None:
    after = (headers or {}).get("Retry-After", "")
    return float(after) if after.isdecimal() else None
