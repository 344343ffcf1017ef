"""Telegram, the way out: every event that was written down is answered, or it is said why not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from bot.actions import Action, Verb
from bot.chat.commands import Link, Mine, ReadPolicy, Speak, TakeQuiz, Verify
from bot.chat.desk import Desk
from bot.chat.linking import told
from bot.chat.telegram_actions import TelegramActions
from bot.chat.telegram_commands import AnswerTo, Cancel, Private, Spoken, Which, spoken
from bot.chat.telegram_events import account_of
from bot.chat.telegram_out import TelegramOut
from bot.chat.telegram_parts import Sending, live, parts, sentence
from bot.chat.telegram_questions import TelegramQuestions
from bot.chat.telegram_strangers import spoken_by
from bot.chat.telegram_waiting import ANSWER, PRIVATE, REPLY, Waiting
from bot.deeds import Act
from bot.engine import Retry
from bot.people import Language, Linked
from bot.reply import Notice, Reply, failure
from bot.wording import Wording
from bot.work import Event
from rules.draft import Account, Draft, Kind

log = structlog.get_logger(__name__)


class TelegramAnswers:
    """Of people whom Vaglio knows, and of whoever makes themselves known."""

    def __init__(self, desk: Desk, out: TelegramOut, questions: TelegramQuestions, actions: TelegramActions) -> None:
        self._desk, self._out, self._questions, self._actions = desk, out, questions, actions

    async def answer(self, id: str, event: Event, language: Language) -> None:
        """Raises Telegram's errors and `Retry`; may be called again for the same event."""
        waiting = Waiting.read(event.get("waiting"))
        if event.get("kind") == "action":
            await self._actions.press(id, event, language)
        elif waiting and (action := Action.read(waiting.word)):
            await self._actions.words(id, event, action, waiting, language)
        elif not await self._asked(id, event, waiting, language):
            await self._out.deliver(id, await self._sending(id, event, waiting, language))

    async def link(self, id: str, event: Event) -> None:
        """Make an account known, or say why not. Raises Telegram's errors."""
        account, at = account_of(event), datetime.fromtimestamp(event["at"], UTC)
        linked = await asyncio.to_thread(self._desk.conversation.cabinet.link, account, event["code"], at)
        language = spoken_by(event["locale"])
        if await asyncio.to_thread(self._desk.people.is_known, account):
            await asyncio.to_thread(self._desk.people.notice_locale, account, event["locale"])
            language = await self._desk.language(account)
        shown = sentence(told(linked, "Telegram", Wording(language)))
        if linked is Linked.DONE:
            shown += parts(await asyncio.to_thread(self._desk.learning.welcome, language), language)
        await self._out.deliver(id, Sending(event["chat"], shown, language, to=event["message"]))

    async def _asked(self, id: str, event: Event, waiting: Waiting | None, language: Language) -> bool:
        """Whether there was something to ask rather than to say, and it has been asked."""
        if waiting:
            if waiting.word != REPLY:
                return False
            said = await asyncio.to_thread(self._questions.waits.seal, event["text"], account_of(event))
            await self._questions.for_draft(id, event, ANSWER, language, said)
            return True
        match spoken(event["text"]):
            case AnswerTo():
                await self._questions.for_draft(id, event, REPLY, language)
            case Private(None):
                await self._questions.for_draft(id, event, PRIVATE, language)
            case Verify(code):
                action = Action(Verb.VERIFY, code.replace("-", ""))
                asks = await self._desk.asks(action, account_of(event), language)
                if asks is None:
                    return False
                await self._questions.for_action(id, event, action, asks, language, over=None)
            case _:
                return False
        return True

    async def _sending(self, id: str, event: Event, waiting: Waiting | None, language: Language) -> Sending:
        about = None
        try:
            said = await self._said(id, event, waiting, language)
            shown, about = parts(said, language), live(said)
        except Retry:
            raise
        except Exception as error:
            # A fault of ours, which an hour of trying would only hide from the writer.
            log.error("telegram.not_answered", id=id, error=type(error).__name__)
            shown = sentence(failure(language))
        return Sending(event["chat"], shown, language, to=event["message"], about=about)

    async def _said(self, id: str, event: Event, waiting: Waiting | None, language: Language) -> Reply | Notice:
        if event.get("kind") == "group":
            return Notice(_about_a_group(event["chat"], Wording(language)))
        if waiting:
            return await self._desk.answer(id, await self._draft(event, waiting), language)
        if (command := spoken(event["text"])) is not None:
            return await self._obeyed(id, event, command, language)
        if event.get("forwarded"):
            return Notice(_somebody_elses(Wording(language)))
        return await self._desk.answer(id, await self._draft(event, None), language)

    async def _obeyed(self, id: str, event: Event, command: Spoken, language: Language) -> Reply | Notice:
        wording = Wording(language)
        match command:
            case Private(text):
                draft = await self._draft({**event, "text": text or ""}, None)
                return await self._desk.answer(id, _forgotten(draft), language)
            case Speak(chosen):
                return Notice(await self._desk.speak(account_of(event), chosen))
            case Mine():
                return await self._done(id, event, Verb.MINE, language)
            case ReadPolicy():
                return await self._done(id, event, Verb.POLICY, language)
            case TakeQuiz():
                return await self._done(id, event, Verb.QUIZ, language)
            case Cancel():
                return Notice(
                    wording.say("All right: I no longer wait for it.")
                    if event.get("was_waiting")
                    else wording.say("I was not waiting for anything.")
                )
            case Which(name):
                return Notice(_which(name, wording))
            case Link():
                return Notice(_which("link", wording))
            case _:
                return Notice(self._desk.help(language, slack=False))

    async def _done(self, id: str, event: Event, verb: Verb, language: Language) -> Reply | Notice:
        at = datetime.fromtimestamp(event["at"], UTC)
        place = f"telegram:{event['chat']}"
        act = Act(id, account_of(event), Action(verb), language, at, name=event["name"], place=place)
        return (await self._desk.act(act)).said

    async def _draft(self, event: Event, waiting: Waiting | None) -> Draft:
        """A post in the company's name, unless it is said otherwise. Raises `VaultError`."""
        account = account_of(event)
        draft = Draft(text=event["text"], author=account, attachments=tuple(event["attachments"]))
        answered = event.get("replied") or None
        if waiting and waiting.word == PRIVATE:
            return _forgotten(draft)
        if waiting and waiting.said:
            answered = await asyncio.to_thread(self._questions.waits.unseal, waiting.said, account)
        if answered is None:
            return draft
        return Draft.model_validate({**draft.model_dump(), "kind": Kind.REPLY, "in_reply_to": answered})


def _forgotten(draft: Draft) -> Draft:
    return draft.model_copy(update={"account": Account.PRIVATE})


def _which(name: str, wording: Wording) -> str:
    match name:
        case "link":
            return wording.say("Write /link and after it the code of eight letters and digits.")
        case "verify":
            return wording.say("Write /verify and after it the code of the receipt: I then ask for the text.")
        case _:
            return wording.say("Write /language it or /language en.")


def _somebody_elses(wording: Wording) -> str:
    return wording.say(
        "Somebody else wrote this. If it is a customer: send me your answer as a reply to this message, and I check "
        "it as one. If it is your draft: copy the text and send it to me."
    )


def _about_a_group(chat: int, wording: Wording) -> str:
    return wording.say(
        "The number of this group is {number}. In the policy it is the telegram_chat of an owner: then I bring their "
        "drafts here. Yours you send me in private.",
        number=chat,
    )
