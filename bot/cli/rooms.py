"""The console's pages, each with what it needs."""

from __future__ import annotations

from collections.abc import Sequence

from bot.console.auth import SignIn
from bot.console.door_page import door_room
from bot.console.link_page import link_room
from bot.console.pages import Room
from bot.console.pool import Pool
from bot.console.try_page import try_room
from bot.deeds import Cabinet
from bot.prescreen import Prescreen
from bot.settings import Settings


def open_rooms(settings: Settings, cabinet: Cabinet, prescreen: Prescreen, sign_in: SignIn) -> Sequence[Room]:
    return [
        door_room(sign_in, cabinet.roles, cabinet.ledger),
        link_room(cabinet.people),
        try_room(prescreen, Pool(settings.workers, settings.backlog)),
    ]
