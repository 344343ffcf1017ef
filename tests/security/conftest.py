"""A real `vaglio run` with both chats by HTTP, and the emulated Slack and Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attacked import SECRETS, SIGNING, Under, free_port, started
from emulators.slack import SlackEmulator
from emulators.telegram import TelegramEmulator

from bot.audit.seals import Seals
from bot.people import People
from bot.store import Store


@pytest.fixture(params=["text", "json"])
async def under(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Under]:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    store = Store(f"sqlite:///{tmp_path / 'data' / 'vaglio.db'}")
    store.migrate()
    people = People(store, Seals.open(tmp_path / "keys"))
    people.person("telegram:10")
    store.close()
    port = free_port()
    async with SlackEmulator("xoxb-zanzibar-1") as slack, TelegramEmulator("1:zanzibar") as telegram:
        settings = SECRETS | {
            "SLACK_API_URL": slack.api, "TELEGRAM_API_URL": telegram.base_url.removesuffix("/bot"),
            "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram/updates", "LOG_FORMAT": request.param,
            "OIDC_ISSUER": "https://login.example", "OIDC_CLIENT_ID": "1.2", "OIDC_ALLOWED": "acme.example",
            "CONSOLE_URL": "https://vaglio.example", "CONSOLE_PORT": str(port),
        }  # fmt: skip
        async with started(tmp_path, **settings) as running, running.outsider() as http:

            async def deliver(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
                answer = await http.post("/slack/events", content=body, headers=headers)
                return answer.status_code, answer.content

            slack.over_http(deliver, SIGNING)
            async with asyncio.timeout(30):
                while not telegram.webhook["url"]:
                    await asyncio.sleep(0.05)
            yield Under(running, slack, telegram)
