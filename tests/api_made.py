"""The HTTP API within the console, over a real record, and programs that use it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from httpx2 import Response
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from bot.api.app import Branch, api_app
from bot.audit.ledger import Ledger
from bot.console.app import build_console
from bot.console.auth import SignIn
from bot.console.clients import Clients
from bot.console.door_page import door_room
from bot.console.gate import Gate
from bot.console.link_page import link_room
from bot.console.pool import Pool
from bot.console.sessions import Sessions
from bot.people import People
from bot.prescreen import Prescreen
from bot.rates import Rates
from bot.roles import Roles
from bot.store import Store

BASE = "http://127.0.0.1:8321"
AT = datetime(2026, 3, 1, tzinfo=UTC)


class Program(TestClient):
    """A program with its token."""

    def screen(self, headers: dict[str, str] | None = None, **fields: object) -> Response:
        return self.post("/api/v1/screenings", json=fields, headers=headers)


def console_beside(
    *routes: BaseRoute, people: People, store: Store, ledger: Ledger, hosts: Sequence[str] = ()
) -> FastAPI:
    """A console with hardly a page, and what is beside it."""
    sign_in, roles = SignIn(Sessions(store), people), Roles(store, ledger)
    return build_console(
        gate=Gate(sign_in, roles, frozenset),
        rooms=[door_room(sign_in, roles, ledger), link_room(people)],
        session_key=b"k" * 32,
        default_language="it",
        draft_limit=10_000,
        health=lambda: {"status": "ok"},
        hosts=hosts,
        beside=routes,
    )


@dataclass
class Api:
    """The parts that a test turns."""

    prescreen: Prescreen
    clients: Clients
    ledger: Ledger
    people: People
    store: Store
    rate: int = 1_000
    checks: Pool | None = None
    hosts: tuple[str, ...] = ()

    def app(self) -> FastAPI:
        api = api_app(
            prescreen=self.prescreen,
            clients=self.clients,
            ledger=self.ledger,
            people=self.people,
            rates=Rates(self.store, self.people.seals, self.rate, None),
            checks=self.checks or Pool(2, 10),
            language="it",
        )
        return console_beside(Branch(api), people=self.people, store=self.store, ledger=self.ledger, hosts=self.hosts)

    def stranger(self) -> Program:
        return Program(self.app(), base_url=BASE, client=("127.0.0.1", 50_000))

    def token(self, name: str = "CMS") -> str:
        return self.clients.admit(name, self.people.person("local:owner"), AT)[1]

    def program(self, name: str = "CMS") -> Program:
        program = self.stranger()
        program.headers["Authorization"] = f"Bearer {self.token(name)}"
        return program

    def kept(self) -> list[dict[str, Any]]:
        """The screenings on record."""
        return [json.loads(entry.body) for entry in self.ledger.entries() if entry.kind == "screening"]
