"""The console's pages, each with what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.audit.signing import SigningKeys
from bot.cli.build import trusted_keys
from bot.console.archive import Archive
from bot.console.audit_room import audit_room
from bot.console.auth import SignIn
from bot.console.door_page import door_room
from bot.console.link_page import link_room
from bot.console.pages import Room
from bot.console.pool import Pool
from bot.console.try_page import try_room
from bot.deeds import Cabinet
from bot.prescreen import Prescreen
from bot.settings import Settings
from bot.store import Store


def open_rooms(
    settings: Settings, store: Store, cabinet: Cabinet, prescreen: Prescreen, sign_in: SignIn
) -> Sequence[Room]:
    return [
        door_room(sign_in, cabinet.roles, cabinet.ledger),
        link_room(cabinet.people),
        try_room(prescreen, Pool(settings.workers, settings.backlog)),
        audit_room(open_archive(settings, store, cabinet, prescreen)),
    ]


def open_archive(settings: Settings, store: Store, cabinet: Cabinet, prescreen: Prescreen) -> Archive:
    """What the pages of the record need. Raises `SettingsError`."""
    return Archive(
        store=store,
        ledger=cabinet.ledger,
        people=cabinet.people,
        policy=lambda: prescreen.screener.policy,
        keys=SigningKeys(settings.keys_dir),
        trusted=lambda: trusted_keys(settings),
        targets=settings.checkpoint_targets(),
        period=timedelta(minutes=settings.checkpoint_minutes),
        erased=settings.keys_dir / "erased",
        needs_two=settings.unmask_people > 1,
    )
