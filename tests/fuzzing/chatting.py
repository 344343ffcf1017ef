"""The house behind the chats: an event goes in, it is done with, and what came of it is looked at."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import os
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from fuzzing.asking import emptied, logged
from fuzzing.target import Check
from fuzzing.words import MARKER, any_texts
from hypothesis import strategies as st

from bot.store import Store
from bot.work import Deferred, Patience
from rules.assembly import load_policy
from rules.screening import Screener

SECRET = "s3cret"
_EACH = 400
"""Events that one house takes before it is built anew: what it remembers of them is not what is looked at."""
STEERING = re.compile(
    "[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u200b\u2060\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"
)
_PASSES = re.compile('"error": "(Retry|TimedOut|NetworkError)"')
"""What a loop comes to that stood still while another target had its turn."""
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


class Chat:
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
        while self.house.pending() or self.house.work._engine._held:
            assert time.monotonic() < until, "it is never done with"
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.002)

    async def after(self, was_answered: Callable[[], bool]) -> None:
        """What must hold once an event was taken in and done with."""
        await self.quiet()
        told = emptied(self.log)
        assert MARKER not in told.lower(), "the log holds the words"
        failed = [line for line in told.splitlines() if _FAILED.search(line) and not _PASSES.search(line)]
        assert not failed, failed[0]
        is_said = "work.undeliverable" in told or "work.given_up" in told
        assert not self.taken or was_answered() or is_said, "acknowledged, and nobody was answered"
        self.taken = 0


def opened_over(build: Callable[[Path, Any], Any]) -> Callable[[], Any]:
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


said = st.none() | st.none() | any_texts
"""Words put somewhere into an event, after the mark that no log may hold."""
