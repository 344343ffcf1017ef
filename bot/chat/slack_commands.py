"""What people ask Vaglio in Slack in so many words, by command or in a direct message."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from bot.actions import Action, Button, Verb
from bot.chat.commands import Command, Help, Link, Mine, New, ReadPolicy, Speak, TakeQuiz, Verify
from bot.chat.desk import Desk
from bot.chat.linking import told
from bot.chat.slack_delivery import account
from bot.deeds import Act, Answer
from bot.people import Language
from bot.reply import Notice
from bot.wording import Wording
from bot.work import Event

_DONE = {Mine: Verb.MINE, ReadPolicy: Verb.POLICY, TakeQuiz: Verb.QUIZ}


class SlackCommands:
    """Without forms: whoever can open one does so, and for others there is a button."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def answer(self, id: str, event: Event, command: Command, language: Language) -> Answer:
        """`event` says who asks, and when, as `time.time` does."""
        who, at = account(event["team"], event["user"]), moment_of(event)
        wording = Wording(language)
        match command:
            case Mine() | ReadPolicy() | TakeQuiz():
                return await self._desk.act(Act(id, who, Action(_DONE[type(command)]), language, at))
            case Speak(chosen):
                return Answer(Notice(await self._desk.speak(who, chosen)))
            case Verify(code):
                says = wording.say("Paste the text, and I tell you whether it is the one that was checked.")
                return Answer(Notice(says, (Button(wording.say("Compare a text"), Action(Verb.VERIFY, code)),)))
            case Link(code):
                linked = self._code(who, at, language) if code is None else self._link(who, code, at, language)
                return Answer(Notice(await linked))
            case New() | Help():
                buttons = (Button(wording.say("New draft"), Action(Verb.NEW), is_main=True),)
                return Answer(Notice(self._desk.help(language, slack=True), buttons))

    async def _code(self, who: str, at: datetime, language: Language) -> str:
        """A fresh code for one more account of theirs, in a sentence."""
        people = self._desk.people
        code = await asyncio.to_thread(lambda: people.new_code(people.person(who), at))
        return Wording(language).say(
            "In Telegram, write me within ten minutes: /link {code}. The code works once, and only for you.", code=code
        )

    async def _link(self, who: str, code: str, at: datetime, language: Language) -> str:
        """Make the account one of whoever was given the code, and say so."""
        linked = await asyncio.to_thread(self._desk.conversation.cabinet.link, who, code, at)
        return told(linked, "Slack", Wording(language))


def moment_of(event: Event) -> datetime:
    """When it happened; of an event that does not say so, now."""
    at = event.get("at")
    return datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
