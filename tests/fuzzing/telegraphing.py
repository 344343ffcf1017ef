"""What Telegram sends: mutated from what the emulator sends, by polling and by webhook, through the real handlers."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

from emulators.loopback import Json
from emulators.telegram import TOKEN, TelegramEmulator, live_parts
from emulators.telegram_people import Pushed
from fuzzing.asking import emptied
from fuzzing.chatting import STEERING, Chat, opened_over, said
from fuzzing.target import Target
from fuzzing.words import MARKER, edits, mutated
from hypothesis import strategies as st

from bot.chat.telegram import TelegramChat, telegram_bot


class _TapedTelegram(TelegramEmulator):
    tape: list[Json]

    async def _deliver(self, update: Json, queue: list[Json]) -> Pushed:
        self.tape.append(copy.deepcopy(update))
        return await super()._deliver(update, queue)


class _Telegram(Chat):
    async def open(self, stack: AsyncExitStack) -> None:
        self.telegram = await stack.enter_async_context(_TapedTelegram())
        self.telegram.tape = []
        for user in (10, 11, 12):
            self.house.people.person(f"telegram:{user}")
        house = self.house
        self.chat = TelegramChat(
            bot=telegram_bot(TOKEN, self.telegram.url, timeout=5.0),
            work=house.work,
            desk=house.desk,
            clock=house.clock,
            cards=house.cards,
            awaiting=house.awaiting,
            seals=house.seals,
            store=house.store,
            pauses=(0.02,),
            now=lambda: datetime.now(UTC),
        )
        running = asyncio.create_task(self.chat.run(self.chat.poll))

        async def stop() -> None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await self.chat.stop()

        stack.push_async_callback(stop)
        await self.telegram.wait_for(lambda call: call.method == "deleteWebhook" and call.answer["ok"])
        await self._recorded()

    async def _do(self, doing: Awaitable[Pushed]) -> None:
        await self.telegram.taken(await doing)
        await self.quiet()

    async def _recorded(self) -> None:
        telegram, photo = self.telegram, [{"file_id": "F", "file_unique_id": "F", "width": 1, "height": 1}]
        telegram.group(-1001)
        telegram.group(-1002)
        for text in (
            "zibaldone un trimestre record",
            "/private zibaldone",
            "/reply",
            "zibaldone vaglietto",
            "/mine",
            "/policy",
            "/quiz",
            "/language it",
            "/verify ABCDEFGH",
            "/start",
            "/help",
        ):
            await self._do(telegram.message(text))
        await self._do(telegram.message(None, caption="zibaldone", photo=photo))
        await self._do(
            telegram.message(None, document={"file_id": "F", "file_unique_id": "F", "mime_type": "image/png"})
        )
        origin = {"type": "user", "date": 1, "sender_user": {"id": 99, "is_bot": False, "first_name": "Eve"}}
        await self._do(telegram.message("zibaldone inoltrato", forward_origin=origin))
        await self._do(telegram.message("zibaldone risposta", reply_to=next(iter(telegram.messages))[1]))
        mine = max(
            number for (chat, number), each in telegram.messages.items() if chat == 10 and each["from"]["id"] == 10
        )
        await self._do(telegram.edited_message("zibaldone corretto", mine))
        await self._do(telegram.message("/help@vaglio_bot", chat_id=-1001, user_id=11, chat_type="supergroup"))
        await self._do(telegram.message("zibaldone di un estraneo", chat_id=77, user_id=77))
        for message in telegram.with_buttons(10)[:6]:
            for row in message["reply_markup"]["inline_keyboard"]:
                for button in row[:3]:
                    await self._do(telegram.callback(button["callback_data"], message["message_id"]))
        self.payloads, telegram.tape = telegram.tape[:], []
        emptied(self.log)
        self.taken = 0

    async def one(self, case: tuple[Any, ...]) -> None:
        which, changes, words, is_posted = case
        update = mutated(
            self.payloads[which % len(self.payloads)], [*changes, (which, "say", words, 0)] if words else changes
        )
        telegram = self.telegram
        telegram.calls.clear()
        telegram.sent.clear()
        if not isinstance(update, dict):
            return
        number = 10_000 + next(telegram._ids)
        update["update_id"] = number
        if isinstance(query := update.get("callback_query"), dict):
            query["id"] = str(number)
            telegram._queries.add(str(number))
        if is_posted:
            assert await self.chat.receive(json.loads(json.dumps(update)))
        else:
            telegram._queue.append(update)
            await telegram._notify()
            await self._confirmed(update)
        await self.after(lambda: any(not call.method.startswith("get") for call in telegram.calls))
        for sent in telegram.sent:
            # Vaglio's own pages name its commands, which are meant to be pressed.
            assert MARKER not in sent.text.lower() or live_parts(sent) == [], "something is live"
            assert not STEERING.search(sent.text), "something steers the reader"

    async def _confirmed(self, update: Json) -> None:
        try:
            await self.telegram._until(lambda: update not in self.telegram._queue, 3.0, "")
        except AssertionError:
            self.telegram._queue.clear()
            told = emptied(self.log)
            raise AssertionError(f"one update holds up all that come after: {told[-300:]}") from None


_updates = st.tuples(st.integers(0, 200), edits, said, st.booleans())

TARGETS = (Target("telegram", _updates, opened_over(lambda folder, log: _Telegram(folder, log, "telegram")), few=15),)
