"""What both platforms do with a draft once they have one: screen, record, and put the answer into words."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.people import LANGUAGES, Language, People
from bot.prescreen import Prescreen
from bot.reply import Reply, failure, refusal, reply_to
from bot.wording import Wording
from rules.draft import Draft, DraftRefused

log = structlog.get_logger(__name__)

_KEPT: Final = 200
"""Answers kept until they are delivered; one that was let go too early is only worked out again."""
_NAMES: Final = {"it": "it", "italiano": "it", "italian": "it", "en": "en", "english": "en", "inglese": "en"}


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the writer where there is no verdict to show."""

    text: str


@dataclass(frozen=True, slots=True)
class Help:
    pass


@dataclass(frozen=True, slots=True)
class New:
    """Open a form for a new draft."""


@dataclass(frozen=True, slots=True)
class Speak:
    language: Language


Command = Help | New | Speak


def command(text: str) -> Command | None:
    """The command that the whole of `text` is; None for anything else, which is a draft."""
    match text.lower().split():
        case ["help" | "aiuto"]:
            return Help()
        case ["new" | "nuova" | "nuovo"]:
            return New()
        case ["language" | "lingua", name] if name in _NAMES:
            return Speak(LANGUAGES[0] if _NAMES[name] == LANGUAGES[0] else LANGUAGES[1])
        case _:
            return None


class Desk:
    """Screens on a bounded pool of threads, so that no event loop ever waits for a detector."""

    def __init__(self, prescreen: Prescreen, people: People, *, threads: int) -> None:
        self.people = people
        self._prescreen = prescreen
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="vaglio-desk")
        self._given: dict[str, Reply] = {}

    async def answer(self, id: str, draft: Draft, language: Language) -> Reply | Notice:
        """The verdict, recorded, or the sentence that says why there is none.

        The same `id` asked again before `delivered` gets the same verdict: it is screened, recorded and counted once.
        """
        if id in self._given:
            return self._given[id]
        loop = asyncio.get_running_loop()
        try:
            reply = await loop.run_in_executor(self._pool, self._screened, id, draft, language)
        except DraftRefused as refused:
            return Notice(refusal(refused, language))
        except Exception as error:
            # Its message may quote the draft: the type is all that may be told.
            log.error("screening.failed", id=id, error=type(error).__name__)
            return Notice(failure(language))
        self._given[id] = reply
        while len(self._given) > _KEPT:
            del self._given[next(iter(self._given))]
        return reply

    def delivered(self, id: str) -> None:
        """The answer is out, or nobody will ever take it: its words are let go."""
        self._given.pop(id, None)

    def _screened(self, id: str, draft: Draft, language: Language) -> Reply:
        return reply_to(self._prescreen(draft, id=id), self._prescreen.screener.policy, language)

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
            "I am Vaglio. Before you publish, I hold your draft against the company's social media policy and tell "
            "you, only you, what to mend and why. I block nothing and I watch nobody: you ask, I answer."
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
                "• Send me the text of your draft: I check it\n"
                "• /language it, /language en: how I speak to you\n"
                "• /help: this page"
            )
        )
        record = wording.say(
            "Each check is recorded for compliance under a pseudonym, with personal data blanked. "
            "Nobody else sees my answer."
        )
        return f"{what}\n\n{how}\n\n{record}"

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


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
