"""Buttons in Telegram: what a press or the words that it asked for do, and where the answer is shown."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import structlog
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.actions import Action, Verb
from bot.chat.desk import Desk
from bot.chat.telegram_events import account_of
from bot.chat.telegram_out import TelegramOut
from bot.chat.telegram_parts import SKIP, Part, Sending, alert, live, parts, sentence
from bot.chat.telegram_questions import TelegramQuestions, is_shared
from bot.chat.telegram_waiting import Waiting
from bot.deeds import Act, Answer
from bot.people import Language
from bot.reply import Notice, failure
from bot.wording import Wording
from bot.work import Event

log = structlog.get_logger(__name__)

_ONCE = {Verb.REWRITE, Verb.AGAIN, Verb.SHOW, Verb.CONTEXT}
"""Check the draft anew and put the answer in the place of the button: a second press is the same check."""


class TelegramActions:
    """In private an answer replies or replaces; in a group what concerns only the presser, only the presser sees."""

    def __init__(self, desk: Desk, out: TelegramOut, questions: TelegramQuestions) -> None:
        self._desk, self._out, self._questions = desk, out, questions

    async def press(self, id: str, event: Event, language: Language) -> None:
        """Do what a button says, or ask for the words that it needs. Raises Telegram's errors and `Retry`."""
        is_skip = event["word"].startswith(SKIP)
        action = Action.read(event["word"].removeprefix(SKIP))
        if action is None:
            await self._too_old(id, event, language)
            return
        asks = None if is_skip else await self._desk.asks(action, account_of(event), language)
        # Of a draft that is gone there is nothing to change: the answer says so.
        if asks and (asks.given or action.verb is not Verb.EDIT):
            over = event["parent"] if event["which"] else event["message"]
            await self._questions.for_action(id, event, action, asks, language, over=over)
            await self._heard(event)
            return
        # Whoever does something else no longer means to answer.
        await self._questions.give_up(event)
        done = id if asks else self._once(id, event, action)
        answer = await self._act(done, event, action, language, place=event["chat"])
        sending = self._sending(id, event, answer, action, language)
        await self._show(id, event, answer, sending, is_choice=event["which"] or is_skip)
        self._desk.delivered(done)

    async def words(self, id: str, event: Event, action: Action, waiting: Waiting, language: Language) -> None:
        """Do what a button says, with the words that it asked for. Raises Telegram's errors and `Retry`."""
        answer = await self._act(id, event, action, language, place=waiting.chat, words=event["text"])
        if is_shared(event):
            await self._in_private(id, event, answer, language)
            return
        # The answer belongs below the words; what stands above has been overtaken by it.
        spent = (waiting.message,) if answer.replaces and waiting.message else ()
        sending = self._sending(id, event, answer, action, language)
        await self._out.deliver(id, replace(sending, to=event["message"], spent=spent))

    async def _act(
        self, id: str, event: Event, action: Action, language: Language, *, place: int, words: str = ""
    ) -> Answer:
        if action.verb is Verb.NEW:
            return Answer(Notice(self._desk.help(language, slack=False)))
        act = Act(
            id=id,
            account=account_of(event),
            action=action,
            language=language,
            at=datetime.fromtimestamp(event["at"], UTC),
            words=words,
            name=event["name"],
            place=f"telegram:{place}",
        )
        return await self._desk.act(act)

    def _once(self, id: str, event: Event, action: Action) -> str:
        """The name of what is done: of a double press the same, as long as the policy is."""
        if action.verb not in _ONCE:
            return id
        revision = self._desk.conversation.policy.revision
        # Keyed, for it stands on the owners' card: whoever knows the accounts there are could try them all.
        said = (account_of(event), str(event["chat"]), str(event["message"]), action.word, revision)
        return f"s_{self._desk.people.seals.name('pressed', *said)[:20]}"

    def _sending(self, id: str, event: Event, answer: Answer, action: Action, language: Language) -> Sending:
        shown, replaced = self._parts(id, answer, language), action.about if answer.replaces else None
        return Sending(event["chat"], shown, language, about=live(answer.said), replaces=replaced)

    async def _show(self, id: str, event: Event, answer: Answer, sending: Sending, *, is_choice: bool) -> None:
        message, language = event["message"], sending.language
        if not is_shared(event):
            # With a choice that stood in a message of its own, what it was offered for is over too.
            spent = (event["parent"],) if answer.replaces and event["parent"] and is_choice else ()
            is_over = answer.replaces or is_choice
            place = replace(sending, over=message, spent=spent) if is_over else replace(sending, to=message)
            await self._out.deliver(id, place)
        elif answer.said.buttons:
            # To be pressed here, where the card is: elsewhere nobody would be an owner.
            await self._out.deliver(id, replace(sending, to=message))
            await self._heard(event)
        elif is_choice and answer.errands:
            await self._out.deliver(id, replace(sending, over=message))
            await self._heard(event)
        else:
            text = alert(answer.said.text) if isinstance(answer.said, Notice) else None
            if text is None or not await self._out.whisper(event["query"], text):
                await self._in_private(id, event, answer, language)

    async def _in_private(self, id: str, event: Event, answer: Answer, language: Language) -> None:
        try:
            await self._out.deliver(id, Sending(event["user"], self._parts(id, answer, language), language))
        except (Forbidden, BadRequest) as error:
            # They have closed their chat with the bot. What they did is done, and the card shows it.
            log.warning("telegram.not_told", id=id, reason=error.message)

    async def _too_old(self, id: str, event: Event, language: Language) -> None:
        said = Wording(language).say(
            "This button is from an older message of mine. Send me the draft again, or ask for help."
        )
        if not is_shared(event):
            sending = Sending(event["chat"], sentence(said), language, to=event["message"], spent=(event["message"],))
            await self._out.deliver(id, sending)
        elif not await self._out.whisper(event["query"], said):
            await self._in_private(id, event, Answer(Notice(said)), language)

    async def _heard(self, event: Event) -> None:
        """The button stops turning: a courtesy. In private it has already."""
        if is_shared(event):
            with suppress(TelegramError):
                await self._out.whisper(event["query"])

    def _parts(self, id: str, answer: Answer, language: Language) -> tuple[Part, ...]:
        try:
            return parts(answer.said, language)
        except Exception as error:
            # A fault of ours, which an hour of trying would only hide.
            log.error("telegram.not_answered", id=id, error=type(error).__name__)
            return sentence(failure(language))
