"""Slack: slash command, shortcuts, form and direct messages; each is written down before it is acknowledged."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.chat import slack_blocks
from bot.chat.desk import Desk, Help, New, Notice, Speak, command
from bot.chat.slack_text import mentioned, plain_text, unescaped
from bot.people import Language
from bot.reply import Reply
from bot.wording import Wording
from bot.work import Deferred, Event, Retry, Undeliverable, Work
from rules.draft import Account, Channel, Draft, Kind

log = structlog.get_logger(__name__)

PLATFORM = "slack"
_TOO_LATE = frozenset(
    {"not_found", "expired_url", "used_url", "expired_trigger_id", "no_active_hooks", "hash_conflict"}
)
"""Slack's words for a view that was closed or an address that no longer takes answers: a direct message does."""
_GONE = frozenset(
    {"user_not_found", "users_not_found", "user_disabled", "channel_not_found", "is_archived", "not_in_channel",
     "account_inactive", "cannot_dm_bot", "restricted_action", "messages_tab_disabled"}
)  # fmt: skip

Body = Mapping[str, Any]


def slack_client(token: str, api_url: str) -> AsyncWebClient:
    """A client that waits out rate limits and tries server errors again.

    Not dropped connections: the message may have been posted before the line was cut, and would be posted twice.
    """
    client = AsyncWebClient(token=token, base_url=api_url.rstrip("/") + "/", timeout=10)
    client.retry_handlers = [
        AsyncRateLimitErrorRetryHandler(max_retry_count=2),
        AsyncServerErrorRetryHandler(max_retry_count=2),
    ]
    return client


class SlackChat:
    """One application for Socket Mode and HTTP."""

    def __init__(self, *, client: AsyncWebClient, signing_secret: str, work: Work, desk: Desk) -> None:
        self.client, self._work, self._desk = client, work, desk
        # Answering only once the listener has returned: what is not written down is not acknowledged, and Slack
        # sends it again; and an exception in a listener can no longer swallow the acknowledgement.
        self.app = AsyncApp(client=client, signing_secret=signing_secret, process_before_response=True)
        self._opening: set[asyncio.Task[None]] = set()
        self.app.command(re.compile(r"/.*"))(self._on_command)
        self.app.shortcut("check_message")(self._on_message_shortcut)
        self.app.shortcut("new_draft")(self._on_new_draft)
        self.app.view("draft")(self._on_form)
        self.app.event("message")(self._on_message)
        self.app.event("app_home_opened")(self._on_nothing)
        self.app.error(self._on_error)
        work.on(PLATFORM, self.handle)

    async def check_token(self) -> str:
        """The name of the workspace. Raises `SlackApiError` for a token that Slack does not know."""
        return str((await self.client.auth_test())["team"])

    # --- What comes in: written down, then acknowledged ------------------------------------------------------------

    async def _on_command(self, ack: Any, body: Body) -> None:
        text = unescaped(body.get("text") or "").strip()
        account = _account(body["team_id"], body["user_id"])
        language = await self._desk.language(account)
        match command(text) if text else Help():
            case Help():
                await ack(text=self._desk.help(language, slack=True))
            case Speak(chosen):
                await ack(text=await self._desk.speak(account, chosen))
            case New():
                await ack()
                self._open_form(body["trigger_id"], language)
            case None:
                event = {
                    "kind": "command",
                    "team": body["team_id"],
                    "user": body["user_id"],
                    "text": body["text"],
                    "response_url": body["response_url"],
                }
                said = self._on_its_way(
                    await self._work.defer(PLATFORM, f"trigger:{body['trigger_id']}", event), language
                )
                await (ack(text=said) if said else ack())

    async def _on_message_shortcut(self, ack: Any, body: Body) -> None:
        message = body["message"]
        event = {
            "kind": "shortcut",
            "team": body["team"]["id"],
            "user": body["user"]["id"],
            "is_own": message.get("user") == body["user"]["id"],
            "text": message.get("text") or "",
            "attachments": _media(message),
            "response_url": body["response_url"],
        }
        await self._work.defer(PLATFORM, f"trigger:{body['trigger_id']}", event)
        await ack()

    async def _on_new_draft(self, ack: Any, body: Body) -> None:
        language = await self._desk.language(_account(body["team"]["id"], body["user"]["id"]))
        await ack()
        self._open_form(body["trigger_id"], language)

    async def _on_form(self, ack: Any, body: Body) -> None:
        view, language = body["view"], await self._desk.language(_account(body["team"]["id"], body["user"]["id"]))
        event = {
            "kind": "form",
            "team": body["team"]["id"],
            "user": body["user"]["id"],
            "view": view["id"],
            "fields": _fields(view),
        }
        said = self._on_its_way(
            await self._work.defer(PLATFORM, f"view:{view['id']}:{view.get('hash')}", event), language
        )
        _, blocks = slack_blocks.notice(said or Wording(language).say("I am reading it …"))
        await ack(response_action="update", view=slack_blocks.result_view(blocks, language))

    async def _on_message(self, body: Body) -> None:
        message = body["event"]
        is_from_person = (
            "bot_id" not in message and message.get("subtype") in (None, "file_share") and "user" in message
        )
        if message.get("channel_type") != "im" or not is_from_person:
            return
        event = {
            "kind": "direct",
            "team": body["team_id"],
            "user": message["user"],
            "text": message.get("text") or "",
            "attachments": _media(message),
            "channel": message["channel"],
        }
        await self._work.defer(PLATFORM, f"event:{body['event_id']}", event)

    async def _on_nothing(self) -> None:
        """An event that the application subscribes to and does not need yet: acknowledged, so that Slack is content."""

    async def _on_error(self, error: Exception) -> None:
        # The body of the request holds the draft: only the kind of the error may be told.
        log.error("slack.listener_failed", error=type(error).__name__)

    def _on_its_way(self, deferred: Deferred, language: Language) -> str:
        wording = Wording(language)
        match deferred:
            case Deferred.TAKEN:
                return wording.say("I am reading it …")
            case Deferred.QUEUED:
                return wording.say("Many drafts are waiting; yours is in the queue and I will answer as soon as I can.")
            case Deferred.DUPLICATE:
                return ""

    def _open_form(self, trigger: str, language: Language) -> None:
        """After the acknowledgement, within the three seconds that the trigger lives."""

        async def open_it() -> None:
            try:
                await self.client.views_open(trigger_id=trigger, view=slack_blocks.form(language))
            except Exception as error:
                log.warning("slack.form_not_opened", error=type(error).__name__)

        task = asyncio.get_running_loop().create_task(open_it())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    # --- What was written down: answered ---------------------------------------------------------------------------

    async def handle(self, id: str, event: Event) -> None:
        """Answer one event. Raises `Retry` or `Undeliverable`; may be called again for the same event."""
        try:
            language = await self._language(event["team"], event["user"])
            answer = await self._answer(id, event, language)
            text, blocks = (
                slack_blocks.message(answer, language)
                if isinstance(answer, Reply)
                else slack_blocks.notice(answer.text)
            )
            await self._deliver(event, text, blocks, language)
        except SlackApiError as error:
            raise _sorted_out(error) from None

    async def _answer(self, id: str, event: Event, language: Language) -> Reply | Notice:
        if event.get("is_own") is False:
            return Notice(Wording(language).say("I only check messages of your own: this one is somebody else's."))
        if event["kind"] == "direct":
            match command(unescaped(event["text"])):
                case Help() | New():
                    return Notice(self._desk.help(language, slack=True))
                case Speak(chosen):
                    return Notice(await self._desk.speak(_account(event["team"], event["user"]), chosen))
        return await self._desk.answer(id, await self._draft_from(event), language)

    async def _draft_from(self, event: Event) -> Draft:
        author = _account(event["team"], event["user"])
        if event["kind"] != "form":
            text = await self._as_read(event["text"])
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

    async def _as_read(self, raw: str) -> str:
        """What the writer saw when they wrote it: names for mentions, addresses for links, `&` for `&amp;`."""
        names = {}
        for user in mentioned(raw):
            try:
                profile = (await self.client.users_info(user=user))["user"]
                names[user] = profile.get("profile", {}).get("display_name") or profile.get("real_name") or user
            except SlackApiError:
                names[user] = user
        return plain_text(raw, names)

    async def _language(self, team: str, user: str) -> Language:
        account = _account(team, user)
        if not await asyncio.to_thread(self._desk.people.knows_locale, account):
            try:
                found = await self.client.users_info(user=user, include_locale=True)
                await asyncio.to_thread(self._desk.people.notice_locale, account, found["user"].get("locale"))
            except (SlackApiError, OSError, TimeoutError):
                log.info("slack.locale_unknown")
        return await self._desk.language(account)

    async def _deliver(self, event: Event, text: str, blocks: list[slack_blocks.Block], language: Language) -> None:
        """To the place that the writer looks at; where that is gone, to their direct messages."""
        if event["kind"] == "form":
            try:
                await self.client.views_update(view_id=event["view"], view=slack_blocks.result_view(blocks, language))
            except SlackApiError as error:
                if error.response["error"] not in _TOO_LATE:
                    raise
            else:
                return
        elif event["kind"] == "direct":
            await self.client.chat_postMessage(channel=event["channel"], text=text, blocks=blocks, unfurl_links=False)
            return
        elif await self._respond(event["response_url"], text, blocks, replace=event["kind"] == "command"):
            return
        opened = await self.client.conversations_open(users=event["user"])
        await self.client.chat_postMessage(
            channel=opened["channel"]["id"], text=text, blocks=blocks, unfurl_links=False
        )

    async def _respond(self, url: str, text: str, blocks: list[slack_blocks.Block], *, replace: bool) -> bool:
        """Whether the address still took the answer; an ephemeral message can be replaced, never updated."""
        webhook = AsyncWebhookClient(url, timeout=10, retry_handlers=self.client.retry_handlers)
        sent = await webhook.send(text=text, blocks=blocks, response_type="ephemeral", replace_original=replace)
        if sent.status_code == 429 or sent.status_code >= 500:
            raise Retry(float(sent.headers.get("Retry-After", 1)))
        return sent.status_code == 200


def _account(team: str, user: str) -> str:
    return f"{PLATFORM}:{team}:{user}"


def _media(message: Body) -> list[str]:
    return [str(file.get("mimetype") or "application/octet-stream") for file in message.get("files") or ()]


def _fields(view: Body) -> dict[str, str | None]:
    found = {}
    for name, inputs in view["state"]["values"].items():
        entered = inputs["value"]
        chosen = entered.get("selected_option")
        found[name] = chosen["value"] if chosen else entered.get("value")
    return found


def _sorted_out(error: SlackApiError) -> Exception:
    """Whether Slack's refusal passes or stays."""
    reason = str(error.response.get("error", "")) if error.response else ""
    if reason in _GONE or reason in _TOO_LATE:
        return Undeliverable(reason)
    after = (error.response.headers or {}).get("Retry-After") if error.response else None
    return Retry(float(after) if after else None)
