"""Slack, the way in: command, shortcuts, form and direct messages, each written down before it is acknowledged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import slack_blocks
from bot.chat.desk import Aside, Desk, Help, New, Speak, command
from bot.chat.slack_answers import PLATFORM, TIMEOUT, SlackAnswers, account
from bot.chat.slack_text import emoji_of, unescaped
from bot.people import Language
from bot.wording import Wording
from bot.work import Deferred, Event, Work

log = structlog.get_logger(__name__)

_ASKING = 1.0
"""Seconds that Slack has to tell somebody's language while they wait for the acknowledgement, due within three."""

Body = Mapping[str, Any]


def slack_client(token: str, api_url: str, retries: int = 2) -> AsyncWebClient:
    """A client that waits out rate limits and tries server errors again, each `retries` times.

    Not dropped connections: those are for `Work`, which goes on with others in the meantime.
    """
    client = AsyncWebClient(token=token, base_url=api_url.rstrip("/") + "/", timeout=TIMEOUT)
    client.retry_handlers = [
        AsyncRateLimitErrorRetryHandler(max_retry_count=retries),
        AsyncServerErrorRetryHandler(max_retry_count=retries),
    ]
    return client


class SlackChat:
    """One application for Socket Mode and HTTP."""

    def __init__(self, *, client: AsyncWebClient, signing_secret: str, work: Work, desk: Desk) -> None:
        self.client, self._work, self._desk = client, work, desk
        self._answers = SlackAnswers(client, desk)
        self._aside = Aside()
        self.app = AsyncApp(
            # Without a token, or Bolt would ask Slack about itself first and, where Slack is silent, acknowledge an
            # event that it drops. Whoever asks has proved to be Slack already, by the socket or the signature.
            client=AsyncWebClient(base_url=client.base_url),
            authorize=_authorized,
            signing_secret=signing_secret,
            # Answering only once the listener has returned: what is not written down is not acknowledged, and Slack
            # sends it again; and an exception in a listener can no longer swallow the acknowledgement.
            process_before_response=True,
            # Otherwise Bolt writes the whole body of what it does not know into the log.
            raise_error_for_unhandled_request=True,
        )
        self.app.command(re.compile(r"/.*"))(self._on_command)
        self.app.shortcut("check_message")(self._on_message_shortcut)
        self.app.shortcut("new_draft")(self._on_new_draft)
        self.app.view("draft")(self._on_form)
        self.app.event("message")(self._on_message)
        self.app.event("app_home_opened")(self._on_nothing)
        self.app.error(self._on_error)
        work.on(PLATFORM, self._answers.handle)

    async def check_token(self) -> str:
        """The name of the workspace. Raises `SlackApiError` for a token that Slack does not know."""
        return str((await self.client.auth_test())["team"])

    async def _on_command(self, ack: Any, body: Body) -> None:
        team, user, trigger = body["team_id"], body["user_id"], body["trigger_id"]
        raw = body.get("text") or ""
        match command(unescaped(raw)) if raw.strip() else Help():
            case Help():
                await ack(text=self._desk.help(await self._answers.language(team, user, _ASKING), slack=True))
            case Speak(chosen):
                await ack(text=await self._desk.speak(account(team, user), chosen))
            case New():
                await ack()
                self._aside.do(self._open_form(trigger, team, user))
            case None:
                event = {"kind": "command", "team": team, "user": user, "text": raw}
                event |= {"response_url": body["response_url"]}
                deferred = await self._work.defer(PLATFORM, f"trigger:{trigger}", event)
                said = _on_its_way(deferred, await self._answers.language(team, user, _ASKING))
                await (ack(text=said) if said else ack())

    async def _on_message_shortcut(self, ack: Any, body: Body) -> None:
        message, (team, user) = body["message"], _who(body)
        is_own = message.get("user") == user
        event = {"kind": "shortcut", "team": team, "user": user, "is_own": is_own}
        # What somebody else wrote is none of our business, not even for the moment of saying so.
        event |= _content(message if is_own else {}) | {"response_url": body["response_url"]}
        await self._take(f"trigger:{body['trigger_id']}", event)
        await ack()

    async def _on_new_draft(self, ack: Any, body: Body) -> None:
        await ack()
        self._aside.do(self._open_form(body["trigger_id"], *_who(body)))

    async def _on_form(self, ack: Any, body: Body) -> None:
        view, (team, user) = body["view"], _who(body)
        event = {"kind": "form", "team": team, "user": user, "view": view["id"], "fields": _fields(view)}
        # Not by the view's own name: somebody who saw an error may mend their text and send the same view again.
        deferred = await self._work.defer(PLATFORM, f"trigger:{body['trigger_id']}", event)
        # Known since the form was opened; to ask for it now could let the answer come before this acknowledgement.
        language = await self._desk.language(account(team, user))
        if said := _on_its_way(deferred, language):
            _, blocks = slack_blocks.notice(said)
            await ack(response_action="update", view=slack_blocks.result_view(blocks, language))
        else:
            # Its answer may stand in the view already.
            await ack()

    async def _on_message(self, body: Body) -> None:
        message = body["event"]
        is_from_person = (
            "bot_id" not in message and message.get("subtype") in (None, "file_share") and "user" in message
        )
        if message.get("channel_type") == "im" and is_from_person:
            event = {"kind": "direct", "team": body["team_id"], "user": message["user"], "channel": message["channel"]}
            await self._take(f"event:{body['event_id']}", event | _content(message))

    async def _on_nothing(self) -> None:
        """An event that the application subscribes to and does not need yet: acknowledged, so that Slack is content."""

    async def _on_error(self, error: Exception) -> BoltResponse | None:
        # The body of the request holds the draft: only the kind of the error may be told.
        if isinstance(error, BoltUnhandledRequestError):
            log.info("slack.not_for_us")
            return BoltResponse(status=200)
        log.error("slack.listener_failed", error=type(error).__name__)
        return None

    async def _take(self, name: str, event: Event) -> None:
        """Write down what is acknowledged without words, and say so apart if it has to wait."""
        if await self._work.defer(PLATFORM, name, event) is Deferred.QUEUED:
            self._aside.do(self._say_queued(event))

    async def _say_queued(self, event: Event) -> None:
        language = await self._answers.language(event["team"], event["user"])
        await self._answers.say(event, _on_its_way(Deferred.QUEUED, language), language)

    async def _open_form(self, trigger: str, team: str, user: str) -> None:
        """Within the three seconds that the trigger lives."""
        language = await self._answers.language(team, user, _ASKING)
        await self.client.views_open(trigger_id=trigger, view=slack_blocks.form(language))


async def _authorized(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)


def _on_its_way(deferred: Deferred, language: Language) -> str:
    wording = Wording(language)
    match deferred:
        case Deferred.TAKEN:
            return wording.say("I am reading it…")
        case Deferred.QUEUED:
            return wording.say("Many drafts are waiting; yours is in the queue and I will answer as soon as I can.")
        case Deferred.DUPLICATE:
            return ""


def _who(body: Body) -> tuple[str, str]:
    """Team and user of an interaction; installed for a whole organisation, it names the team only with the user."""
    user = body["user"]
    return (body.get("team") or {}).get("id") or user.get("team_id", ""), user["id"]


def _content(message: Body) -> dict[str, Any]:
    return {
        "text": message.get("text") or "",
        "emoji": emoji_of(message),
        "attachments": [str(file.get("mimetype") or "application/octet-stream") for file in message.get("files") or ()],
    }


def _fields(view: Body) -> dict[str, str | None]:
    found = {}
    for name, inputs in view["state"]["values"].items():
        entered = inputs["value"]
        chosen = entered.get("selected_option")
        found[name] = chosen["value"] if chosen else entered.get("value")
    return found
