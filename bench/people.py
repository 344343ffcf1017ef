"""People who write drafts and the Slack that they see, as a process of their own that costs little: for bench/scale.py.

It reads one order a line, as JSON, and answers with a line. Drafts arrive whether or not the ones before are answered
(`poisson`), at moments drawn beforehand; what is late at being sent counts from when it was due. `flood` keeps so many
unanswered at any time instead, which finds out how much can be done at all. The Slack here checks nothing that it is
sent: the emulator in tests/ does, and costs ten times as much.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from commands import drafts, person
from emulators.slack_link import APP, signed
from emulators.slack_people import BOT, BOT_USER, TEAM

from bot.reply import failure

_CHECK = re.compile(rb"\bs_[0-9a-f]{20}\b")
_FAILURES = tuple(failure(language)[:60] for language in ("it", "en"))
_STILL = 60.0
"""Seconds without any answer after which what is missing counts as lost."""
_SECRET = "secret"  # noqa: S105 -- of an emulated Slack
_ACK = 3.0


@dataclass(slots=True)
class Sent:
    due: float
    """When it was to be sent; moments are seconds of the monotonic clock."""
    begun: float = 0.0
    acked: float | None = None
    answered: float | None = None
    checks: set[bytes] = field(default_factory=set)
    answers: int = 0
    failures: int = 0


class CheapSlack:
    """Says yes to everything, and notes what came to which address."""

    def __init__(self) -> None:
        self.sent: dict[str, Sent] = {}
        self.answered = 0
        self.moved = asyncio.Event()
        self._ids = count(1)
        app = web.Application(client_max_size=10_000_000)
        app.add_routes([web.route("*", "/api/{method}", self._api), web.post("/response/{token}", self._response)])
        self._runner = web.AppRunner(app, access_log=None)

    async def start(self) -> str:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1_024).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _api(self, request: web.Request) -> web.Response:
        method, asked = request.match_info["method"], await request.post()
        answer: dict[str, Any] = {"ok": True}
        match method:
            case "auth.test":
                answer |= {"team": "acme", "user": "vaglio", "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT}
            case "users.info":
                user = str(asked.get("user") or request.query.get("user"))
                number = int(user[1:]) - 1_000 if user[1:].isdigit() else 0
                locale = ("it-IT", "en-US")[number % 2]
                answer |= {"user": {"id": user, "name": user, "locale": locale, "profile": {"display_name": user}}}
            case "conversations.open":
                answer |= {"channel": {"id": "D1"}}
            case "chat.postMessage":
                answer |= {"channel": "C1", "ts": f"{next(self._ids)}.0"}
            case "views.publish":
                answer |= {"view": {"id": "V1", "hash": "h"}}
        return web.json_response(answer)

    async def _response(self, request: web.Request) -> web.Response:
        body, sent = await request.read(), self.sent.get(request.match_info["token"])
        check = _CHECK.search(body)
        failed = check is None and any(said in str(json.loads(body).get("text")) for said in _FAILURES)
        if sent is not None and (check or failed):
            sent.answers += 1
            sent.failures += failed
            if check:
                sent.checks.add(check[0])
            if sent.answered is None:
                sent.answered = time.monotonic()
                self.answered += 1
                self.moved.set()
        return web.json_response({"ok": True})


class People:
    def __init__(self, slack: CheapSlack, url: str, http: ClientSession) -> None:
        self._slack, self._url, self._http = slack, url, http
        self._texts = drafts(sys.maxsize)

    async def poisson(self, fronts: Sequence[str], rate: float, seconds: float, seed: int) -> dict[str, object]:
        """Drafts arrive at random, `rate` a second on average."""
        begun, used = time.monotonic(), time.process_time()
        sending, sent = [], []
        for due in _moments(rate, seconds, random.Random(seed)):
            await asyncio.sleep(max(0.0, begun + due - time.monotonic()))
            sent.append(Sent(begun + due))
            sending.append(asyncio.create_task(self._send(sent[-1], fronts[len(sent) % len(fronts)])))
        took = time.monotonic() - begun
        await asyncio.gather(*sending)
        await self._until_answered(sent)
        return _told(sent, took) | {"generator_cpu": (time.process_time() - used) / (time.monotonic() - begun)}

    async def flood(self, fronts: Sequence[str], at_once: int, seconds: float) -> dict[str, object]:
        """So many are unanswered at any time. What is answered in the last four fifths of the time is counted."""
        begun, used = time.monotonic(), time.process_time()
        sending, sent, counted = [], list[Sent](), 0
        answered_before, since = self._slack.answered, begun
        while (now := time.monotonic()) - begun < seconds:
            if now - begun < seconds / 5:
                counted, since = self._slack.answered, now
            self._slack.moved.clear()
            for _ in range(at_once - (len(sent) - (self._slack.answered - answered_before))):
                sent.append(Sent(now))
                sending.append(asyncio.create_task(self._send(sent[-1], fronts[len(sent) % len(fronts)])))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._slack.moved.wait(), 0.5)
        rate = (self._slack.answered - counted) / (time.monotonic() - since)
        await asyncio.gather(*sending)
        await self._until_answered(sent)
        told = _told(sent, time.monotonic() - begun)
        return told | {"rate": rate, "generator_cpu": (time.process_time() - used) / (time.monotonic() - begun)}

    async def _send(self, sent: Sent, front: str) -> None:
        number, text = next(self._texts)
        user, token = person(number)[0], f"t{number}"
        self._slack.sent[token] = sent
        body = {
            "token": "verification", "team_id": TEAM, "team_domain": "acme", "api_app_id": APP, "user_id": user,
            "user_name": user, "channel_id": "C1", "channel_name": "general", "command": "/vaglio", "text": text,
            "is_enterprise_install": "false", "trigger_id": f"{number}.1.trigger",
            "response_url": f"{self._url}/response/{token}",
        }  # fmt: skip
        content, headers = signed(body, _SECRET)
        sent.begun = time.monotonic()
        # Slack waits no longer; what comes too late was no promise, and an answer may come all the same.
        with suppress(TimeoutError, ClientError, OSError):
            async with self._http.post(f"{front}/slack/events", data=content, headers=headers) as answer:
                await answer.read()
                if answer.status == 200:
                    sent.acked = time.monotonic()

    async def _until_answered(self, sent: Sequence[Sent]) -> None:
        moved, known = time.monotonic(), -1
        while any(each.acked and each.answered is None for each in sent):
            if self._slack.answered != known:
                moved, known = time.monotonic(), self._slack.answered
            if time.monotonic() - moved > _STILL:
                return
            await asyncio.sleep(0.1)


def _moments(rate: float, seconds: float, drawn: random.Random) -> Iterator[float]:
    due = drawn.expovariate(rate)
    while due < seconds:
        yield due
        due += drawn.expovariate(rate)


def _told(sent: Sequence[Sent], took: float) -> dict[str, object]:
    acked = [each for each in sent if each.acked is not None]
    answered = [each for each in acked if each.answered is not None]
    return {
        "sent": len(sent),
        "not_acked": len(sent) - len(acked),
        "lost": len(acked) - len(answered),
        "twice": sum(len(each.checks) > 1 for each in sent),
        "again": sum(each.answers > 1 for each in sent),
        "failures": sum(bool(each.failures) for each in sent),
        "seconds": took,
        "ack": _quantiles([each.acked - each.due for each in acked if each.acked]),
        "answer": _quantiles(
            [max(0.0, each.answered - each.acked) for each in answered if each.answered and each.acked]
        ),
        "whole": _quantiles([each.answered - each.due for each in answered if each.answered]),
        "late_at_sending": max((each.begun - each.due for each in sent), default=0.0),
    }


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=100)
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": max(seconds)}


async def main() -> None:
    slack = CheapSlack()
    url = await slack.start()
    sys.stdout.write(json.dumps({"slack": url}) + "\n")
    sys.stdout.flush()
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(total=_ACK)) as http:
        people = People(slack, url, http)
        async for line in lines:
            order = json.loads(line)
            told = await {"poisson": people.poisson, "flood": people.flood}[order.pop("do")](**order)
            slack.sent.clear()
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
