"""Slack, the way out: an answer goes where only its reader sees it; where that is gone, to their direct messages."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from aiohttp import ClientError, InvalidURL, NonHttpUrlClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.chat import slack_blocks, slack_forms
from bot.chat.slack_blocks import Block, Said
from bot.chat.slack_sendings import Sending
from bot.engine import Ours, Retry, Undeliverable
from bot.people import Language
from bot.places import Cards
from bot.reply import failure
from bot.work import SINCE, Event

log = structlog.get_logger(__name__)

PLATFORM = "slack"
TIMEOUT = 10
"""Seconds that a call may take."""
_ACKNOWLEDGED = 3.0
"""Seconds after which Slack takes no acknowledgement of a form any more, and so puts no view in its place."""
_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.5)
"""Seconds between two looks for that view: all of them are as long."""
UNREACHED = (SlackApiError, ClientError, OSError, TimeoutError)
"""What a call raises that Slack refused or never saw."""
_TOO_LATE = frozenset(
    {"not_found", "expired_url", "used_url", "no_active_hooks", "view_closed", "message_not_found",
     "cant_update_message", "edit_window_closed"}
)  # fmt: skip
"""Slack's words for a view that was closed, an address that takes no answers, a message that is no more."""
_GONE = frozenset(
    {"user_not_found", "users_not_found", "user_disabled", "channel_not_found", "is_archived", "not_in_channel",
     "account_inactive", "cannot_dm_bot", "restricted_action", "restricted_action_read_only_channel",
     "team_access_not_granted", "messages_tab_disabled", "not_enabled"}
)  # fmt: skip
_REFUSED = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "invalid_arguments", "invalid_payload", "msg_blocks_too_long",
     "msg_too_long", "no_text", "view_too_large"}
)  # fmt: skip
"""Its words for an answer that it will never take, however often it is sent."""


def account(team: str, user: str) -> str:
    return f"{PLATFORM}:{team}:{user}"


class SlackDelivery:
    """Where an answer belongs is in its event: `view`, `response_url`, or `channel`, perhaps with `ts`; or nowhere.

    What its methods raise, `sorted_out` sorts into what passes and what stays; `Lost` where `still_ours` says so.
    """

    def __init__(
        self, client: AsyncWebClient, cards: Cards, still_ours: Ours, name: Callable[[str, str, str], str]
    ) -> None:
        """`still_ours` is asked right before anything is shown; `name` makes keys that nobody else can."""
        self._client, self._cards, self._still_ours, self._name = client, cards, still_ours, name

    async def deliver(self, id: str, event: Event, said: Sequence[Said], language: Language, *, replaces: bool) -> None:
        """Show what was `said`; where it `replaces`, in place of the message that the event came from."""
        if event.get("view") and await self._in_view(id, event, said, language, replaces=replaces):
            return
        since = event.get(SINCE)
        for number in range(await self._out(id, said), len(said)):
            text, blocks = said[number]
            try:
                sending = self.sending(id, number, since)
                await self._one(event, text, blocks, sending, replaces=replaces and number == 0)
            except SlackApiError as error:
                sending = self.sending(id, "refused", since)
                await self._one(event, *_admitted(id, error, language), sending, replaces=replaces)
                break
            await self._are_out(id, said, number + 1)
            # Those after it nobody can have begun.
            since = None

    async def say(self, event: Event, sentence: str) -> None:
        """A sentence beside where the answer to `event` will be."""
        await self._one(event, *slack_blocks.notice(sentence), None, replaces=False)

    def sending(self, id: str, part: object, since: float | None) -> Sending:
        """A message of the answer to the event `id`, begun before or not; see `bot.work.SINCE`."""
        return Sending(self._name("sending", id, str(part)), since)

    async def direct(self, user: str, text: str, blocks: list[Block], sending: Sending | None = None) -> None:
        opened = await self._client.conversations_open(users=user)
        await self.post(opened["channel"]["id"], text, blocks, sending)

    async def post_all(self, id: str, channel: str, said: Sequence[Said], since: float | None) -> None:
        """News of the event `id`, in as many messages as it takes; `since` as for `sending`."""
        for number in range(await self._out(id, said), len(said)):
            await self.post(channel, *said[number], self.sending(id, number, since))
            await self._are_out(id, said, number + 1)
            since = None

    async def post(
        self, channel: str, text: str, blocks: list[Block], sending: Sending | None = None, *, under: str | None = None
    ) -> tuple[str, str]:
        """Returns the channel's id, for it may have been called by its name, and the message's `ts`.

        What was begun before is posted only where it is not there. One that stands `under` another shows in the
        channel as well.
        """
        if sending and (posted := await self.posted(channel, sending)):
            return posted
        await self._still_ours()
        answer = await self._client.chat_postMessage(
            channel=channel,
            text=text,
            blocks=blocks,
            unfurl_links=False,
            unfurl_media=False,
            thread_ts=under,
            reply_broadcast=True if under else None,
            metadata=sending.metadata if sending else None,
        )
        return str(answer["channel"]), str(answer["ts"])

    async def posted(self, channel: str, sending: Sending) -> tuple[str, str] | None:
        """What `post` returns of a message that is there since an earlier try. None too where Slack does not tell."""
        try:
            ts = await sending.found(self._client, channel)
        except UNREACHED as error:
            # Rather twice than never.
            log.info("slack.history_not_read", error=type(error).__name__, reason=reason_of(error))
            return None
        return (channel, ts) if ts else None

    async def update(self, channel: str, ts: str, text: str, blocks: list[Block]) -> bool:
        """Returns whether the message was still there."""
        await self._still_ours()
        return await _in_time(self._client.chat_update(channel=channel, ts=ts, text=text, blocks=blocks))

    async def _out(self, id: str, said: Sequence[Said]) -> int:
        """How many are out already: what fails in the middle is not said again from the beginning, whoever tries."""
        return await asyncio.to_thread(self._cards.out, id) if len(said) > 1 else 0

    async def _are_out(self, id: str, said: Sequence[Said], count: int) -> None:
        if len(said) > 1:
            await asyncio.to_thread(self._cards.are_out, id, count)

    async def _in_view(
        self, id: str, event: Event, said: Sequence[Said], language: Language, *, replaces: bool
    ) -> bool:
        # What stood there before stays, below, unless it is over.
        below = [] if replaces else event.get("below") or []
        view = slack_forms.answer_view([blocks for _, blocks in said], below, language)
        await self._still_ours()
        try:
            taken = await self._put(event, view)
        except SlackApiError as error:
            _, blocks = _admitted(id, error, language)
            view = slack_forms.answer_view([blocks], [], language)
            return await self._put(event, view)
        if taken and replaces and (root := event.get("root")):
            # Its buttons are over too. That it may be closed by now is all right.
            await _in_time(self._client.views_update(view_id=root, view=view))
        return taken

    async def _put(self, event: Event, view: Block) -> bool:
        """Returns whether the event's view, or the one that the acknowledgement of a form put in its place, is open."""
        # By a count, whatever another machine's clock says; ever more slowly, for Slack counts the calls.
        for pause in _PAUSES:
            if "stands" not in event or time.time() - event["at"] >= _ACKNOWLEDGED:
                break
            if await _in_time(self._client.views_update(external_id=event["stands"], view=view)):
                return True
            await asyncio.sleep(pause)
            await self._still_ours()
        return await _in_time(self._client.views_update(view_id=event["view"], view=view))

    async def _one(
        self, event: Event, text: str, blocks: list[Block], sending: Sending | None, *, replaces: bool
    ) -> None:
        """To the place that the reader looks at; where that is gone, to their direct messages."""
        if url := event.get("response_url"):
            # An ephemeral message can be replaced through its address, and not be updated like another. What is not
            # ephemeral is everybody's.
            replaces = replaces and event.get("is_ephemeral", True)
            answer = {"text": text, "blocks": blocks, "response_type": "ephemeral", "replace_original": replaces}
            if await _in_time(self._respond(url, answer)):
                return
        elif (channel := event.get("channel")) and isinstance(channel, str):
            ts = event.get("ts") if replaces else None
            if not ts or not await self.update(channel, ts, text, blocks):
                await self.post(channel, text, blocks, sending)
            return
        await self.direct(event["user"], text, blocks, sending)

    async def _respond(self, url: object, answer: Mapping[str, Any]) -> None:
        """Raises `SlackApiError` as the Web API's methods do; this address answers `ok`, or says why not in JSON."""
        await self._still_ours()
        if not isinstance(url, str):
            raise SlackApiError("response_url", {"error": "expired_url"})  # type: ignore[no-untyped-call]
        hook = AsyncWebhookClient(url, timeout=TIMEOUT, retry_handlers=self._client.retry_handlers)
        try:
            sent = await hook.send_dict(dict(answer))
        except (InvalidURL, NonHttpUrlClientError):
            # No address at all: to try it again for an hour would leave whoever waits without a word.
            raise SlackApiError("response_url", {"error": "expired_url"}) from None  # type: ignore[no-untyped-call]
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


def reason_of(error: Exception) -> str:
    """Slack's own word for what is wrong; whatever else an answer may hold is not for the log."""
    if not isinstance(error, SlackApiError):
        return ""
    try:
        return str(error.response["error"])[:80]
    except (KeyError, TypeError):
        return ""


def sorted_out(error: SlackApiError) -> Retry | Undeliverable:
    """Whether Slack's refusal passes or stays."""
    reason = reason_of(error)
    if reason in _GONE | _TOO_LATE | _REFUSED:
        return Undeliverable(reason)
    return Retry(_seconds(getattr(error.response, "headers", None)))


def _admitted(id: str, error: SlackApiError, language: Language) -> Said:
    """What is said in place of an answer that Slack will never take. Raises any other error again."""
    if reason_of(error) not in _REFUSED:
        raise error
    # A fault of ours as well: trying again does not mend it, and silence is no answer.
    log.error("slack.answer_refused", id=id, reason=reason_of(error))
    return slack_blocks.notice(failure(language))


async def _in_time(call: Awaitable[object]) -> bool:
    try:
        await call
    except SlackApiError as error:
        if reason_of(error) not in _TOO_LATE:
            raise
        return False
    return True


def _seconds(headers: Mapping[str, str] | None) -> float | None:
    after = (headers or {}).get("Retry-After", "")
    return float(after) if after.isdecimal() else None
