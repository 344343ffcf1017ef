"""Slack's App Home: somebody's drafts and where they stand, the policy and what is new in it, and their language."""

from __future__ import annotations

import asyncio
from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.actions import Action, Button, Verb
from bot.chat.desk import Desk
from bot.chat.shown import harmless, sign_of
from bot.chat.slack_actions import button_block, rows
from bot.chat.slack_blocks import HEADER, TEXT, Block, clip, sections
from bot.chat.slack_delivery import account, sorted_out
from bot.chat.slack_readers import SlackReaders
from bot.languages import NAMES, Language
from bot.places import Cards
from bot.reply import Reply
from bot.wording import Wording
from bot.work import Event

LANGUAGE: Final = "language"
"""The `action_id` by which somebody chooses theirs."""


class SlackHomes:
    """Whoever has opened theirs once has it kept in step from then on."""

    def __init__(self, client: AsyncWebClient, desk: Desk, readers: SlackReaders, cards: Cards) -> None:
        self._client, self._desk, self._readers, self._cards = client, desk, readers, cards
        # One at a time, and one for each person: whatever changes in the meantime is in it.
        self._waiting: set[str] = set()
        self._turn = asyncio.Lock()

    async def handle(self, event: Event) -> None:
        """Somebody has opened their Home. Raises `Retry` or `Undeliverable`."""
        team, user = event["team"], event["user"]
        # People travel: what Slack knows of them is looked at again.
        await self._readers.notice(team, user)
        try:
            await self._publish(team, user)
        except SlackApiError as error:
            raise sorted_out(error) from None

    async def refresh(self, team: str, user: str) -> None:
        """Something that the Home shows may have changed."""
        who = account(team, user)
        if who in self._waiting:
            return
        self._waiting.add(who)
        try:
            async with self._turn:
                self._waiting.discard(who)
                if await asyncio.to_thread(self._is_open, who):
                    await self._publish(team, user)
        finally:
            self._waiting.discard(who)

    async def _publish(self, team: str, user: str) -> None:
        who = account(team, user)
        language = await self._readers.language(team, user)
        mine = await self._desk.mine(who, language)
        policy = await asyncio.to_thread(self._desk.learning.news, who, language)
        published = await self._client.views_publish(user_id=user, view=home(mine, policy, language))
        await asyncio.to_thread(self._cards.put, self._name(who), self._place(who), str(published["view"]["id"]))

    def _is_open(self, who: str) -> bool:
        return self._cards.message(self._name(who), self._place(who)) is not None

    def _place(self, who: str) -> str:
        return self._desk.people.seals.name("home", who)

    def _name(self, who: str) -> str:
        return f"home/{self._desk.people.pseudonym(who)}"


def home(mine: Reply, policy: Reply, language: Language) -> Block:
    """The view, from what somebody has under way and what is new to them in the policy. Pure."""
    wording = Wording(language)
    blocks = [
        *rows([Button(wording.say("New draft"), Action(Verb.NEW), is_main=True)], language),
        _header(mine),
        *_drafts(mine, language),
        {"type": "divider"},
        _header(policy),
        *sections(policy.summary),
        {"type": "context", "elements": [_text(wording.say("Version {revision}", revision=policy.footer))]},
        *rows(policy.buttons, language),
        {"type": "divider"},
        _languages(language, wording),
    ]
    return {"type": "home", "blocks": blocks}


def _drafts(mine: Reply, language: Language) -> list[Block]:
    """A line for each draft, and its button beside it."""
    blocks: list[Block] = []
    for number, line in enumerate(filter(None, mine.summary.split("\n"))):
        block: Block = {"type": "section", "text": _text(clip(harmless(line), TEXT))}
        if number < len(mine.buttons):
            block["accessory"] = button_block(mine.buttons[number], number, language)
        blocks.append(block)
    return blocks


def _languages(language: Language, wording: Wording) -> Block:
    options = {spoken: {"text": _text(name), "value": spoken} for spoken, name in NAMES.items()}
    chooser = {
        "type": "static_select",
        "action_id": LANGUAGE,
        "options": list(options.values()),
        "initial_option": options[language],
    }
    return {"type": "section", "text": _text(wording.say("The language in which I answer you")), "accessory": chooser}


def _header(reply: Reply) -> Block:
    return {"type": "header", "text": _text(clip(harmless(f"{sign_of(reply)} {reply.title}"), HEADER))}


def _text(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
