"""Telegram: by polling or by webhook; an update is confirmed only once it is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import structlog
from telegram import Bot, BotCommandScopeAllPrivateChats, Update
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.audit.seals import Seals
from bot.chat import telegram_commands
from bot.chat.desk import Desk
from bot.chat.telegram_actions import TelegramActions
from bot.chat.telegram_answers import TelegramAnswers
from bot.chat.telegram_errands import TelegramErrands
from bot.chat.telegram_events import account_of
from bot.chat.telegram_intake import PLATFORM, TelegramIntake
from bot.chat.telegram_out import TelegramOut, reaching, seconds
from bot.chat.telegram_parts import sentence
from bot.chat.telegram_questions import TelegramQuestions
from bot.chat.telegram_reading import UpdatesRequest, read_update
from bot.chat.telegram_strangers import Marks, how_to_link, spoken_by
from bot.chat.telegram_waiting import Waits
from bot.clock import Clock
from bot.engine import Undeliverable
from bot.errands import What
from bot.people import LANGUAGES
from bot.places import Awaiting, Cards
from bot.reply import stuck
from bot.store import Store
from bot.turns import Turns
from bot.work import Event, Work

log = structlog.get_logger(__name__)

UPDATES = ["message", "edited_message", "callback_query"]
_POLL = 30
"""Seconds that Telegram holds a request for updates open."""
_TIMEOUT = 10.0
_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)


def telegram_bot(token: str, api_url: str, timeout: float = _TIMEOUT) -> Bot:
    """A bot that waits `timeout` seconds for an answer (for updates, as long again as Telegram holds on to them)."""
    base = api_url.rstrip("/")
    return Bot(
        token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=HTTPXRequest(connection_pool_size=16, read_timeout=timeout, connect_timeout=timeout),
        get_updates_request=UpdatesRequest(connection_pool_size=2, read_timeout=timeout, connect_timeout=timeout),
    )


class TelegramChat:
    """One bot; `pauses` are the seconds between its attempts to reach Telegram, the last of them for good."""

    def __init__(
        self,
        *,
        bot: Bot,
        work: Work,
        desk: Desk,
        clock: Clock,
        cards: Cards,
        awaiting: Awaiting,
        store: Store,
        seals: Seals,
        pauses: Sequence[float] = _PAUSES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.bot, self._desk, self._pauses, self._now = bot, desk, pauses, now
        waits = Waits(awaiting, seals.vault)
        self._out = TelegramOut(bot, cards, work.still_ours)
        questions = TelegramQuestions(self._out, waits, now)
        actions = TelegramActions(desk, self._out, questions)
        self._answers = TelegramAnswers(desk, self._out, questions, actions)
        self._errands = TelegramErrands(desk, self._out, cards, clock, now, Turns(store))
        self._intake = TelegramIntake(bot, work, desk, self._out, waits, Marks(store, seals), now)
        work.on(PLATFORM, self.handle, self.apologise)

    async def run(self, then: Callable[[], Awaitable[None]]) -> None:
        """Meet Telegram, then do `then`. Raises `InvalidToken` for a token that Telegram does not know."""
        await self._until_it_works(self.bot.initialize)
        log.info("telegram.connected", bot=self.bot.username)
        await self._until_it_works(self._name_commands)
        await then()

    async def _name_commands(self) -> None:
        for language in LANGUAGES:
            # Telegram shows the list without a language to whoever has no better one.
            await self.bot.set_my_commands(
                telegram_commands.offered(language),
                scope=BotCommandScopeAllPrivateChats(),
                language_code=None if language == "en" else language,
            )

    async def stop(self) -> None:
        await self.bot.shutdown()

    # --- What comes in: written down, then confirmed ---------------------------------------------------------------

    async def poll(self) -> None:
        """Fetch updates until cancelled. The offset moves only past what is written down; the rest is sent again."""
        await self._until_it_works(self.bot.delete_webhook)
        offset, failures = None, 0
        while True:
            try:
                updates = await self.bot.get_updates(offset=offset, timeout=_POLL, allowed_updates=UPDATES)
                for update in updates:
                    await self.take(update)
                    offset = update.update_id + 1
                failures = 0
            except InvalidToken:
                raise
            except Exception as error:
                if isinstance(error, Conflict):
                    log.warning(
                        "telegram.conflict", remedy="another program polls with this token, or a webhook is set"
                    )
                pause = self._pause(error, failures)
                failures += 1
                log.warning("telegram.poll_failed", error=type(error).__name__, pause=pause)
                await asyncio.sleep(pause)

    async def listen(self, url: str, secret: str) -> None:
        """Have Telegram post updates to `url`, each with `secret`."""
        await self._until_it_works(
            lambda: self.bot.set_webhook(url, secret_token=secret, allowed_updates=UPDATES, max_connections=20)
        )

    async def receive(self, body: object) -> bool:
        """One posted update; False if it is none. Returns once it is written down, or unreadable."""
        if not isinstance(body, dict) or "update_id" not in body:
            return False
        if update := read_update(body, self.bot):
            await self.take(update)
        return True

    async def take(self, update: Update) -> None:
        """Write an update down if it is something that the bot answers."""
        await self._intake.take(update)

    async def _until_it_works(self, call: Callable[[], Awaitable[object]]) -> None:
        failures = 0
        while True:
            try:
                await call()
            except InvalidToken:
                raise
            except TelegramError as error:
                pause = self._pause(error, failures)
                failures += 1
                # What Telegram finds wrong with an address or a secret is worth telling; no draft is in play yet.
                reason = error.message if isinstance(error, BadRequest) else None
                log.warning("telegram.not_reached", error=type(error).__name__, reason=reason, pause=pause)
                await asyncio.sleep(pause)
            else:
                return

    def _pause(self, error: Exception, failures: int) -> float:
        if isinstance(error, RetryAfter):
            return seconds(error)
        return self._pauses[min(failures, len(self._pauses) - 1)]

    # --- What was written down: answered ---------------------------------------------------------------------------

    async def handle(self, id: str, event: Event) -> None:
        """Answer one event. Raises `Retry` or `Undeliverable`; may be called again for the same event."""
        try:
            if event.get("kind") == "errand":
                await self._errands.deliver(id, event)
            else:
                # What an older version has written down lacks some of it.
                whole = {"kind": "message", "name": None, "at": self._now().timestamp(), **event}
                with reaching():
                    await self._answer(id, whole)
        except Undeliverable:
            self._let_go(id)
            raise
        self._let_go(id)

    async def apologise(self, id: str, event: Event) -> None:
        """Whoever waits for the answer to a draft is told that there is none. Raises `Retry` or `Undeliverable`."""
        is_news = event.get("kind") == "errand"
        if is_news and event["what"] != What.AGAIN:
            return
        account = event["to"] if is_news else account_of(event)
        if not await asyncio.to_thread(self._desk.people.is_known, account):
            return
        if not is_news:
            await asyncio.to_thread(self._desk.people.notice_locale, account, event["locale"])
        said, user = sentence(stuck(await self._desk.language(account)))[0], int(account.rpartition(":")[2])
        with reaching():
            # In private a chat has the number of the person, and there the answer would have stood under the draft.
            await self._out.send(user, said, event.get("message") if event.get("chat") == user else None)

    async def _answer(self, id: str, event: Event) -> None:
        account = account_of(event)
        if event["kind"] == "link":
            await self._answers.link(id, event)
        elif await asyncio.to_thread(self._desk.people.is_known, account):
            await asyncio.to_thread(self._desk.people.notice_locale, account, event["locale"])
            await self._answers.answer(id, event, await self._desk.language(account))
        else:
            # Known when they wrote, and no longer: nothing of it is read.
            said = sentence(how_to_link(spoken_by(event["locale"])))[0]
            await self._out.send(event["user"], said)

    def _let_go(self, id: str) -> None:
        self._desk.delivered(id)
