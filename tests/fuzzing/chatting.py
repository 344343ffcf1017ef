"""What Slack and Telegram send: mutated from what the emulators send, through the real handlers."""

from __future__ import annotations

import asyncio
import copy
import importlib.util
import itertools
import json
import os
import re
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
from emulators.loopback import Json
from emulators.slack import SlackEmulator
from emulators.slack_limits import live_parts as live_in_slack
from emulators.slack_link import Ack, signed
from emulators.telegram import TOKEN, TelegramEmulator, live_parts
from emulators.telegram_people import Pushed
from fastapi import FastAPI, Request, Response
from fuzzing.asking import emptied, logged
from fuzzing.target import Check, Target
from fuzzing.words import MARKER, any_texts, edits, mutated
from hypothesis import strategies as st
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler

from bot.chat.slack import SlackChat, slack_client
from bot.chat.telegram import TelegramChat, telegram_bot
from bot.store import Store
from bot.work import Deferred, Patience
from rules.assembly import load_policy
from rules.screening import Screener

_SECRET = "s3cret"
_EACH = 400
"""Events that one house takes before it is built anew: what it remembers of them is not what is looked at."""
_STEERING = re.compile(
    "[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u200b\u2060\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"
)
_FAILED = re.compile(r'"event": "(work\.failed|work\.given_up|work\.retry|desk\.[a-z_]*failed|telegram\.poll_failed)"')


def _fixtures(name: str) -> ModuleType:
    """The house and the policy of the chats' own tests."""
    path = Path(__file__).parents[1] / "bot" / "chat" / "conftest.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class _Chat:
    """A house, one platform's chat over it, and what came of the last event."""

    def __init__(self, folder: Path, log: Any, platform: str) -> None:
        made = _fixtures("fuzzing_house")
        made.BRISK = Patience(first=0.005, longest=0.01, whole=0.02, grace=1.0)
        (folder / "policy.yaml").write_text(made.POLICY, encoding="utf-8")
        screener = Screener(load_policy(folder / "policy.yaml"), patience=60.0)
        screener.load()
        url = f"sqlite:///{folder / 'vaglio.db'}"
        store = Store(url)
        store.migrate()
        store.close()
        self.house, self.log = made.House(folder, url, screener), log
        self.house.platforms.add(platform)
        self.house.start()
        self.taken = 0
        defer = self.house.work.defer

        async def counted(*given: Any) -> Deferred:
            deferred = await defer(*given)
            self.taken += deferred is not Deferred.DUPLICATE
            return deferred

        self.house.work.defer = counted

    async def quiet(self) -> None:
        until = time.monotonic() + 20
        while self.house.pending() or self.house.work._held:
            assert time.monotonic() < until, "it is never done with"
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.002)

    async def after(self, was_answered: Callable[[], bool]) -> None:
        """What must hold once an event was taken in and done with."""
        await self.quiet()
        told = emptied(self.log)
        assert MARKER not in told.lower(), "the log holds the words"
        failed = [line for line in told.splitlines() if _FAILED.search(line) and '"error": "Retry"' not in line]
        assert not failed, failed[0]
        is_said = "work.undeliverable" in told or "work.given_up" in told
        assert not self.taken or was_answered() or is_said, "acknowledged, and nobody was answered"
        self.taken = 0


class _TapedSlack(SlackEmulator):
    tape: list[Json]

    async def _deliver(self, envelope: Json) -> Ack:
        self.tape.append(copy.deepcopy(envelope["payload"]))
        return await super()._deliver(envelope)


class _Slack(_Chat):
    async def open(self, stack: AsyncExitStack) -> None:
        self.slack = await stack.enter_async_context(_TapedSlack())
        slack = self.slack
        slack.tape = []
        slack.users["U3"] = {"name": "carla", "locale": "fr-FR"}
        slack.channels |= {"#stampa": "C10", "#legale": "C11"}
        for user in ("U1", "U2", "U3"):
            self.house.people.person(f"slack:T1:{user}")
        chat = SlackChat(
            client=slack_client("xoxb-test", slack.api, retries=0),
            signing_secret=_SECRET,
            work=self.house.work,
            desk=self.house.desk,
            clock=self.house.clock,
            cards=self.house.cards,
        )
        web, handler = FastAPI(), AsyncSlackRequestHandler(chat.app)

        @web.post("/slack/events")
        async def events(request: Request) -> Response:
            return await handler.handle(request)

        http = await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(web, raise_app_exceptions=False), base_url="http://bot")
        )

        async def deliver(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
            answer = await http.post("/slack/events", content=body, headers=headers)
            return answer.status_code, answer.content

        slack.over_http(deliver, _SECRET)
        await self._recorded()

    async def _recorded(self) -> None:
        """Everything that people do here, once, as Slack sends it."""
        slack = self.slack
        for command in (
            "zibaldone un trimestre record",
            "private zibaldone",
            "new",
            "mine",
            "policy",
            "quiz",
            "language it",
            "verify ABCDEFGH",
            "",
        ):
            await slack.slash(command)
            await self.quiet()
        await slack.app_home_opened()
        await slack.message_shortcut("check_message", "zibaldone vaglietto", "U1")
        await slack.message_shortcut("check_message", "zibaldone vaglietto", "U2")
        await slack.direct_message(
            "zibaldone un trimestre record @carla <vaglietto> https://a.it", files=[{"mimetype": "image/png"}]
        )
        await self.quiet()
        await slack.press("Chiedi a: Ufficio legale")
        await self.quiet()
        await slack.global_shortcut("new_draft")
        await slack.opened()
        await slack.submit(text="zibaldone vaglietto", in_reply_to="zibaldone")
        await self.quiet()
        for user in ("U1", "U3"):
            for surface in slack.screen(user):
                for label in slack._all_labels(surface)[:6]:
                    await slack.press(label, user, on=surface)
                    await self.quiet()
                    if surface.key not in slack.surfaces:
                        break
        self.payloads, slack.tape = slack.tape[:], []
        emptied(self.log)
        slack.refused.clear()
        self.taken = 0

    async def one(self, case: tuple[Any, ...]) -> None:
        which, changes, words = case
        body = mutated(
            self.payloads[which % len(self.payloads)], [*changes, (which, "say", words, 0)] if words else changes
        )
        if not isinstance(body, dict) or isinstance(body.get("type"), list | dict):
            return
        slack = self.slack
        ways = slack._ways("U1", respond=True)
        for name, each in (("trigger_id", ways["trigger_id"]), ("event_id", f"Ev{next(slack._ids)}")):
            if isinstance(body.get(name), str) and body[name]:
                body[name] = each
        if str(body.get("response_url")).startswith(slack.url):
            body["response_url"] = ways["response_url"]
        slack.calls.clear()
        content, headers = signed(body, _SECRET)
        status, said = await slack.deliver(content, headers)
        assert status in (200, 400, 401, 404, 500), status
        asking = ("users.", "auth.", "conversations.")
        await self.after(lambda: bool(said) or any(not call.method.startswith(asking) for call in slack.calls))
        # What a view showed comes back with it, from Slack alone: another one than was shown is none of ours.
        whole = self.payloads[which % len(self.payloads)].get("view")
        assert not slack.refused or body.get("view") != whole, slack.refused[0]
        slack.refused.clear()
        for call in slack.calls:
            if call.method.startswith(("chat.", "views.", "response_url")):
                shown = call.payload.get("view", call.payload)
                assert live_in_slack(shown) == [], "something is live"
                assert not _STEERING.search(json.dumps(_spoken(shown), ensure_ascii=False)), (
                    "something steers the reader"
                )


def _spoken(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["text"].replace("\n", " ").replace("\t", " ")] if isinstance(node.get("text"), str) else []
        return own + [each for value in node.values() for each in _spoken(value)]
    return [each for value in node for each in _spoken(value)] if isinstance(node, list) else []


class _TapedTelegram(TelegramEmulator):
    tape: list[Json]

    async def _deliver(self, update: Json, queue: list[Json]) -> Pushed:
        self.tape.append(copy.deepcopy(update))
        return await super()._deliver(update, queue)


class _Telegram(_Chat):
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
            assert await self.chat.receive(json.loads(json.dumps(update)), _SECRET, _SECRET)
        else:
            telegram._queue.append(update)
            await telegram._notify()
            await self._confirmed(update)
        await self.after(lambda: any(not call.method.startswith("get") for call in telegram.calls))
        for sent in telegram.sent:
            # Vaglio's own pages name its commands, which are meant to be pressed.
            assert MARKER not in sent.text.lower() or live_parts(sent) == [], "something is live"
            assert not _STEERING.search(sent.text), "something steers the reader"

    async def _confirmed(self, update: Json) -> None:
        try:
            await self.telegram._until(lambda: update not in self.telegram._queue, 3.0, "")
        except AssertionError:
            self.telegram._queue.clear()
            told = emptied(self.log)
            raise AssertionError(f"one update holds up all that come after: {told[-300:]}") from None


def _opened(build: Callable[[Path, Any], Any]) -> Callable[[], Any]:
    @contextmanager
    def opened() -> Iterator[Check]:
        os.environ["PTB_TIMEDELTA"] = "1"
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            os.environ.pop(name, None)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        numbers, there = itertools.count(), list[Any]()

        async def fresh(folder: Path, log: Any) -> None:
            chat, stack = build(folder, log), AsyncExitStack()
            stack.push_async_callback(chat.house.close)
            there[:] = [chat, stack]
            await chat.open(stack)

        async def gone() -> None:
            if there:
                await there[1].aclose()
                there.clear()

        async def tried(case: Any) -> None:
            await asyncio.wait_for(there[0].one(case), 60)

        with tempfile.TemporaryDirectory() as name, logged() as log, warnings.catch_warnings():
            warnings.simplefilter("ignore")

            def check(case: Any) -> None:
                number = next(numbers)
                if number % _EACH == 0 or not there:
                    loop.run_until_complete(gone())
                    folder = Path(name) / str(number)
                    folder.mkdir()
                    loop.run_until_complete(fresh(folder, log))
                try:
                    loop.run_until_complete(tried(case))
                except BaseException:
                    # What is left over of it must not be the next one's fault.
                    loop.run_until_complete(gone())
                    raise

            yield check
            loop.run_until_complete(gone())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
            asyncio.set_event_loop(None)

    return opened


_words = st.none() | st.none() | any_texts
_events = st.tuples(st.integers(0, 200), edits, _words)

TARGETS = (
    Target("slack", _events, _opened(lambda folder, log: _Slack(folder, log, "slack")), few=15),
    Target(
        "telegram",
        st.tuples(st.integers(0, 200), edits, _words, st.booleans()),
        _opened(lambda folder, log: _Telegram(folder, log, "telegram")),
        few=15,
    ),
)
