"""Slack, the way in: command, shortcuts, buttons and messages, each written down before it is acknowledged."""

from __future__ import annotations

import asyncio
import re
import time
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

from bot.chat import slack_blocks, slack_forms
from bot.chat.commands import Help, Link, Mine, New, ReadPolicy, Speak, TakeQuiz, Verify, command, private
from bot.chat.desk import Aside, Desk
from bot.chat.slack_actions import PRESSED, Body, somebody, who
from bot.chat.slack_answers import SlackAnswers
from bot.chat.slack_commands import SlackCommands
from bot.chat.slack_delivery import PLATFORM, TIMEOUT, SlackDelivery, account
from bot.chat.slack_errands import SlackErrands
from bot.chat.slack_home import LANGUAGE, SlackHomes
from bot.chat.slack_presses import SlackPresses, on_its_way
from bot.chat.slack_readers import ASKING, SlackReaders
from bot.chat.slack_text import emoji_of, unescaped
from bot.clock import Clock
from bot.people import Language
from bot.places import Cards
from bot.turns import Turns
from bot.work import Deferred, Event, Work

log = structlog.get_logger(__name__)


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

    def __init__(
        self, *, client: AsyncWebClient, signing_secret: str, work: Work, desk: Desk, clock: Clock, cards: Cards
    ) -> None:
        self.client, self._work, self._desk = client, work, desk
        delivery = SlackDelivery(client, cards, work.still_ours, desk.people.seals.name)
        self._readers = SlackReaders(client, desk)
        self._commands = SlackCommands(desk)
        self._answers = SlackAnswers(desk, self._readers, delivery, self._commands)
        self._errands = SlackErrands(desk, self._readers, delivery, clock, cards, Turns(cards.store))
        self._homes = SlackHomes(client, desk, self._readers, cards)
        self._presses = SlackPresses(client, work, desk, self._readers, delivery)
        self._delivery, self._aside = delivery, Aside()
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
        self._listen()
        work.on(PLATFORM, self._handle, self._apologise)

    async def check_token(self) -> str:
        """The name of the workspace. Raises `SlackApiError` for a token that Slack does not know."""
        return str((await self.client.auth_test())["team"])

    def _listen(self) -> None:
        self.app.command(re.compile(r"/.*"))(self._on_command)
        self.app.shortcut("check_message")(self._on_message_shortcut)
        self.app.shortcut("new_draft")(self._on_new_draft)
        self.app.action(re.compile(f"^{PRESSED.pattern}$"))(self._presses.on_press)
        self.app.action(LANGUAGE)(self._on_language)
        self.app.view("draft")(self._presses.on_draft)
        self.app.view("words")(self._presses.on_words)
        self.app.view("verify")(self._presses.on_verify)
        self.app.event("message")(self._on_message)
        self.app.event("app_home_opened")(self._on_home)
        self.app.error(self._on_error)

    async def _handle(self, id: str, event: Event) -> None:
        """Do what was written down. Raises `Retry` or `Undeliverable`; may be called again for the same event."""
        match event["kind"]:
            case "home":
                await self._homes.handle(event)
                return
            case "errand":
                await self._errands.handle(id, event)
                platform, _, reader = event["to"].partition(":")
                if platform == PLATFORM:
                    self._aside.do(self._homes.refresh(*reader.split(":")))
            case _:
                await self._answers.handle(id, event)
                self._aside.do(self._homes.refresh(event["team"], event["user"]))

    async def _apologise(self, id: str, event: Event) -> None:
        """Whoever waits for an answer that cannot be given is told. Raises `Retry` or `Undeliverable`."""
        match event["kind"]:
            case "home" | "welcome":
                pass
            case "errand":
                await self._errands.apologise(id, event)
            case _:
                await self._answers.apologise(id, event)

    async def _on_command(self, ack: Any, body: Body) -> None:
        team, user, trigger = body["team_id"], body["user_id"], body["trigger_id"]
        raw = body.get("text") or ""
        await self._meet(team, user)
        event = {"kind": "command", "team": team, "user": user, "at": time.time(), "response_url": body["response_url"]}
        asked = command(unescaped(raw)) if raw.strip() else Help()
        if isinstance(asked, Help | Speak | Link):
            language = await self._at_once(team, user)
            answer = await self._commands.answer("", event, asked, language)
            text, blocks = slack_blocks.messages(answer.said, language)[0]
            await ack(text=text, blocks=blocks)
            self._aside.do(self._homes.refresh(team, user))
        elif isinstance(asked, New | Verify):
            await ack()
            self._aside.do(self._open_form(trigger, team, user, asked))
        elif isinstance(asked, Mine | ReadPolicy | TakeQuiz):
            await self._take(f"trigger:{trigger}", event | {"text": raw, "is_begun": False})
            await ack()
        else:
            secret = private(raw)
            event |= {"text": raw} if secret is None else {"text": secret, "account": "private"}
            deferred = await self._work.defer(PLATFORM, f"trigger:{trigger}", event)
            said = on_its_way(deferred, await self._at_once(team, user))
            await (ack(text=said) if said else ack())

    async def _on_message_shortcut(self, ack: Any, body: Body) -> None:
        message, (team, user) = body["message"], who(body)
        is_own = message.get("user") == user
        event = {"kind": "shortcut", "team": team, "user": user, "is_own": is_own}
        # What somebody else wrote is none of our business, not even for the moment of saying so.
        event |= _content(message if is_own else {}) | {"response_url": body["response_url"]}
        await self._meet(team, user)
        await self._take(f"trigger:{body['trigger_id']}", event)
        await ack()

    async def _on_new_draft(self, ack: Any, body: Body) -> None:
        team, user = who(body)
        await self._meet(team, user)
        await ack()
        self._aside.do(self._open_form(body["trigger_id"], team, user, New()))

    async def _on_message(self, body: Body) -> None:
        message = body["event"]
        is_from_person = (
            "bot_id" not in message and message.get("subtype") in (None, "file_share") and "user" in message
        )
        if message.get("channel_type") == "im" and is_from_person:
            team, user = body["team_id"], message["user"]
            event = {"kind": "direct", "team": team, "user": user, "at": time.time(), "channel": message["channel"]}
            await self._meet(team, user)
            await self._take(f"event:{body['event_id']}", event | _content(message))

    async def _on_home(self, body: Body) -> None:
        event = body["event"]
        if event.get("tab") == "home":
            team, user = body["team_id"], event["user"]
            await self._meet(team, user)
            await self._work.defer(PLATFORM, f"event:{body['event_id']}", {"kind": "home", "team": team, "user": user})

    async def _on_language(self, ack: Any, body: Body) -> None:
        await self._presses.on_language(ack, body)
        self._aside.do(self._homes.refresh(*who(body)))

    async def _on_error(self, error: Exception) -> BoltResponse | None:
        # The body of the request holds the draft: only the kind of the error may be told.
        if isinstance(error, BoltUnhandledRequestError):
            log.info("slack.not_for_us")
            return BoltResponse(status=200)
        log.error("slack.listener_failed", error=type(error).__name__)
        return None

    async def _meet(self, team: str, user: str) -> None:
        """Whoever comes for the first time is welcomed, beside whatever they came for."""
        who = account(*somebody(team, user))
        if not await asyncio.to_thread(self._desk.people.is_known, who):
            await self._work.defer(PLATFORM, f"welcome:{who}", {"kind": "welcome", "team": team, "user": user})

    async def _at_once(self, team: str, user: str) -> Language:
        """The language of an acknowledgement, which is due: the house's, if theirs is not known in a moment."""
        try:
            return await asyncio.wait_for(self._readers.language(team, user, ASKING), ASKING)
        except TimeoutError:
            return self._desk.conversation.house_language()

    async def _take(self, name: str, event: Event) -> None:
        """Write down what is acknowledged without words, and say so apart if it has to wait."""
        if await self._work.defer(PLATFORM, name, event) is Deferred.QUEUED:
            self._aside.do(self._say_queued(event))

    async def _say_queued(self, event: Event) -> None:
        language = await self._readers.language(event["team"], event["user"])
        await self._delivery.say(event, on_its_way(Deferred.QUEUED, language))

    async def _open_form(self, trigger: str, team: str, user: str, asked: New | Verify) -> None:
        """Within the three seconds that the trigger lives."""
        language = await self._readers.language(team, user, ASKING)
        if isinstance(asked, Verify):
            view = slack_forms.verify_form(asked.code, language)
        else:
            view = slack_forms.form(language)
        await self._presses.open(trigger, user, view, language)


async def _authorized(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)


def _content(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "text": message.get("text") or "",
        "emoji": emoji_of(message),
        "attachments": [str(file.get("mimetype") or "application/octet-stream") for file in message.get("files") or ()],
    }
