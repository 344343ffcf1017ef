"""Slack, from what was written down to its answer: drafts, commands, and what buttons and their forms say."""

from __future__ import annotations

import asyncio

import structlog
from slack_sdk.errors import SlackApiError

from bot.actions import Action
from bot.chat import slack_blocks
from bot.chat.commands import command
from bot.chat.desk import Desk
from bot.chat.slack_blocks import Said
from bot.chat.slack_commands import SlackCommands, moment_of
from bot.chat.slack_delivery import PLATFORM, SlackDelivery, account, sorted_out
from bot.chat.slack_forms import text_of
from bot.chat.slack_readers import SlackReaders
from bot.chat.slack_text import mentioned, plain_text, unescaped
from bot.deeds import Act, Answer
from bot.engine import Retry
from bot.people import Language
from bot.reply import Notice, failure, stuck
from bot.wording import Wording
from bot.work import Event
from rules.draft import Account, Channel, Draft, Kind

log = structlog.get_logger(__name__)


class SlackAnswers:
    """Answers events; each as often as it takes."""

    def __init__(self, desk: Desk, readers: SlackReaders, delivery: SlackDelivery, commands: SlackCommands) -> None:
        self._desk, self._readers, self._delivery, self._commands = desk, readers, delivery, commands

    async def handle(self, id: str, event: Event) -> None:
        """Answer one event. Raises `Retry` or `Undeliverable`; may be called again for the same event."""
        language = await self._readers.language(event["team"], event["user"])
        said, replaces = await self._said(id, event, language)
        try:
            await self._delivery.deliver(id, event, said, language, replaces=replaces)
        except SlackApiError as error:
            if not isinstance(sort := sorted_out(error), Retry):
                self._desk.delivered(id)
            raise sort from None
        self._desk.delivered(id)

    async def apologise(self, id: str, event: Event) -> None:
        """Say, where the answer would have been, that there will be none. Raises `Retry` or `Undeliverable`."""
        language = await self._readers.language(event["team"], event["user"])
        said = [slack_blocks.notice(stuck(language))]
        try:
            await self._delivery.deliver(id, event, said, language, replaces=_is_begun(event))
        except SlackApiError as error:
            raise sorted_out(error) from None

    async def _said(self, id: str, event: Event, language: Language) -> tuple[list[Said], bool]:
        try:
            answer = await self._answer(id, event, language)
            return slack_blocks.messages(answer.said, language), answer.replaces
        except Retry:
            raise
        except Exception as error:
            # A fault of ours, which an hour of trying would only hide from the writer.
            log.error("slack.not_answered", id=id, error=type(error).__name__)
            return [slack_blocks.notice(failure(language))], _is_begun(event)

    async def _answer(self, id: str, event: Event, language: Language) -> Answer:
        kind = event["kind"]
        if kind == "welcome":
            return Answer(await asyncio.to_thread(self._desk.learning.welcome, language))
        if kind == "action":
            return await self._act(id, event, language)
        if event.get("is_own") is False:
            somebody_elses = Wording(language).say("I only check messages of your own: this one is somebody else's.")
            return Answer(Notice(somebody_elses))
        if kind in ("command", "direct") and "account" not in event and (asked := command(unescaped(event["text"]))):
            return await self._commands.answer(id, event, asked, language)
        said = await self._desk.answer(id, await self._draft_from(event), language)
        return Answer(said, replaces=_is_begun(event))

    async def _act(self, id: str, event: Event, language: Language) -> Answer:
        action = Action.read(event["word"])
        if action is None:
            wording = Wording(language)
            return Answer(
                Notice(
                    wording.say(
                        "This button is from an older message of mine. Send me the draft again, or ask for help."
                    )
                )
            )
        act = Act(
            id=id,
            account=account(event["team"], event["user"]),
            action=action,
            language=language,
            at=moment_of(event),
            words=event.get("words", ""),
            name=event.get("name"),
            place=f"{PLATFORM}:{event.get('channel', '')}",
        )
        return await self._desk.act(act)

    async def _draft_from(self, event: Event) -> Draft:
        author = account(event["team"], event["user"])
        if event["kind"] != "form":
            names = await self._readers.names(mentioned(event["text"]))
            text = plain_text(event["text"], names, event.get("emoji"))
            said = {"text": text, "author": author, "attachments": tuple(event.get("attachments", ()))}
            if "account" in event:
                said["account"] = Account(event["account"])
            return Draft.model_validate(said)
        fields = event["fields"]
        return Draft(
            text=text_of(fields),
            author=author,
            channel=Channel(fields["channel"] or Channel.OTHER),
            account=Account(fields["account"] or Account.INSTITUTIONAL),
            kind=Kind(fields["kind"] or Kind.POST),
            in_reply_to=fields["in_reply_to"] or None,
        )


def _is_begun(event: Event) -> bool:
    """Whether a word that it is being read stands where the answer will be."""
    return event.get("kind") == "command" and bool(event.get("is_begun", True))
