"""What both platforms do with a draft once they have one: screen, record, and put the answer into words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import structlog

from bot.actions import Action, Asks, Verb
from bot.audit.errors import RecordError, is_outage
from bot.conversation import Conversation
from bot.deeds import Act, Answer
from bot.engine import Retry
from bot.errands import Post, What
from bot.learning import Learning
from bot.people import Language, People
from bot.pieces import EXCERPT
from bot.rates import Rates
from bot.reply import Notice, Reply, failure, mishap, refusal
from bot.wording import Wording
from bot.work import Event
from rules.draft import Draft, DraftRefused

log = structlog.get_logger(__name__)

T = TypeVar("T")

_KEPT: Final = 200
"""Answers kept until they are delivered; one that was let go too early is only worked out again."""
_SCREENING: Final = (Verb.REWRITE, Verb.EDIT, Verb.AGAIN, Verb.SHOW, Verb.CONTEXT)
"""What checks a draft once more, and so counts as one."""


class Desk:
    """Screens on a bounded pool of threads, so that no event loop ever waits for a detector."""

    def __init__(
        self,
        conversation: Conversation,
        learning: Learning,
        people: People,
        post: Post,
        rates: Rates,
        *,
        threads: int,
    ) -> None:
        self.people = people
        self.conversation, self.learning = conversation, learning
        self._post, self._rates = post, rates
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="vaglio-desk")
        self._given: dict[str, Answer] = {}

    async def answer(self, id: str, draft: Draft, language: Language) -> Reply | Notice:
        """The verdict, recorded, or the sentence that says why there is none."""
        return (await self._once(id, language, lambda: self.check(id, draft, language))).said

    def check(self, id: str, draft: Draft, language: str, *, room: int = EXCERPT) -> Answer:
        """The same at once, on the caller's thread. Raises `DraftRefused` and what the record raises."""
        if too_many := self._rates.admit(id, draft.author, datetime.now(UTC)):
            return Answer(Notice(too_many.show(language)))
        return self.conversation.check(id, draft, language, room=room)

    async def act(self, act: Act) -> Answer:
        """Do what a button says, and have whoever it concerns told.

        Raises `Retry` where it may be done, or a part of it, and the database fails: to be asked for once more, which
        does it once. That it was not done is said only where it was not.
        """
        return await self._once(act.id, act.language, lambda: self._acted(act), act)

    async def told(self, id: str, event: Event, account: str, language: Language) -> Answer | None:
        """The message of an errand, as things stand now; None where there is nothing to say any more.

        Raises what goes wrong: nobody waits for it, and so it is tried again.
        """
        if id in self._given:
            return self._given[id]
        what, about, owner = What(event["what"]), event["about"], event.get("owner")
        answer = await self._run(lambda: self.conversation.told(what, about, owner, id, account, language))
        if answer is not None:
            await self._post.send(answer.errands)
            self._keep(id, answer)
        return answer

    async def asks(self, action: Action, account: str, language: Language) -> Asks | None:
        """The words that an action needs; None for one that needs none."""
        # Not on the threads of drafts, which may be busy for longer than a platform waits for a form.
        return await asyncio.to_thread(self.conversation.asks, action, account, language)

    async def mine(self, account: str, language: Language) -> Reply:
        return await self._run(lambda: self.conversation.mine(account, language))

    def delivered(self, id: str) -> None:
        """The answer is out, or nobody will ever take it: its words are let go."""
        self._given.pop(id, None)

    async def _once(self, id: str, language: Language, work: Callable[[], Answer], act: Act | None = None) -> Answer:
        """The same `id` asked again before `delivered` gets the same answer: it is worked out and counted once."""
        if id in self._given:
            return self._given[id]
        answer: Answer | None = None
        try:
            answer = await self._run(work)
            # Before anybody is answered: what somebody was promised is under way.
            if not answer.are_under_way:
                await self._post.send(answer.errands)
        except DraftRefused as refused:
            return Answer(Notice(refusal(refused, language)))
        except Exception as error:
            # Its message may quote the draft: the type is all that may be told.
            log.error("screening.failed", id=id, error=type(error).__name__, **_alarm(error))
            if act is None:
                return Answer(Notice(failure(language)))
            # Whoever waits for a verdict is told at once that there is none.
            if answer is not None or (is_outage(error) and act.action.verb not in _SCREENING):
                raise Retry from None
            return Answer(Notice(mishap(language)))
        self._keep(id, answer)
        return answer

    def _keep(self, id: str, answer: Answer) -> None:
        self._given[id] = answer
        while len(self._given) > _KEPT:
            del self._given[next(iter(self._given))]

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _acted(self, act: Act) -> Answer:
        if act.action.verb in _SCREENING and (too_many := self._rates.admit(act.id, act.account, datetime.now(UTC))):
            return Answer(Notice(too_many.show(act.language)))
        return self.learning.act(act) or self.conversation.act(act)

    async def language(self, account: str) -> Language:
        return await asyncio.to_thread(self.people.language, account)

    async def speak(self, account: str, language: Language) -> str:
        """Answer this person in `language` from now on, and say so in it."""
        await asyncio.to_thread(self.people.choose_language, account, language)
        return Wording(language).say("From now on I will answer you in English.")

    def help(self, language: Language, *, slack: bool) -> str:
        """What Vaglio is and how it is asked, with the platform's own commands."""
        wording = Wording(language)
        what = wording.say(
            "I am Vaglio, a program. Before you publish, I hold your draft against the company's social media policy "
            "and tell you, only you, what to mend and why. I block nothing and I watch nobody: you ask, I answer."
        )
        how = (
            wording.say(
                "• /vaglio followed by the text: I check it\n"
                "• /vaglio new: a form, for a reply or another channel\n"
                "• a message here in private: I check that\n"
                "• /vaglio language it, /vaglio language en: how I speak to you"
            )
            if slack
            else wording.say(
                "• Send me the text of your draft: I check it as a post in the company's name, and with a button you "
                "change that\n"
                "• A reply: forward me what the customer wrote and reply to it there, or /reply\n"
                "• /private and the text: I check it and forget it\n"
                "• /mine: your drafts · /policy: the policy · /quiz: five questions about it\n"
                "• /verify and a code: whether a receipt holds\n"
                "• /language it, /language en: how I speak to you\n"
                "• /cancel: never mind what I have asked you for · /help: this page"
            )
        )
        if slack:
            how += "\n" + wording.say(
                "• /vaglio private followed by the text: I check it and forget it\n"
                "• /vaglio mine: your drafts · /vaglio policy: the rules · /vaglio quiz: five questions\n"
                "• /vaglio verify CODE: whether a text is the one that was checked\n"
                "• /vaglio link: a code by which I know you in Telegram too"
            )
        record = wording.say(
            "Each check is recorded for compliance under a pseudonym, with personal data blanked. "
            "Nobody else sees my answer."
        )
        return f"{what}\n\n{how}\n\n{record}"

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def _alarm(error: Exception) -> dict[str, str]:
    """What an operator must mend: the record's own errors hold a code and a place, and never a word."""
    return {"code": error.code, "remedy": str(error)} if isinstance(error, RecordError) else {}


class Aside:
    """What is done beside the work, out of courtesy: if it fails that is logged, and it is not tried again."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, doing: Coroutine[Any, Any, None]) -> None:
        async def kindly() -> None:
            try:
                await doing
            except Exception as error:
                log.warning("courtesy.failed", error=type(error).__name__)

        task = asyncio.create_task(kindly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
