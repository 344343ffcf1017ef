"""The console's pages, each with what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.audit.index import Index
from bot.audit.signing import SigningKeys
from bot.cli.build import open_judges, trusted_keys
from bot.console.archive import Archive
from bot.console.audit_room import audit_room
from bot.console.auth import SignIn
from bot.console.door_page import door_room
from bot.console.insights_page import CatchUp, insights_room
from bot.console.link_page import link_room
from bot.console.listening_page import listening_room
from bot.console.pages import Room
from bot.console.pool import Pool
from bot.console.try_page import try_room
from bot.deeds import Cabinet
from bot.insights.listening import Listening
from bot.prescreen import Prescreen
from bot.settings import Settings
from bot.store import Store

_COUNTERS, _WAITING = 2, 8
"""Pages of numbers that are made at a time, and that may wait."""


def open_rooms(
    settings: Settings, store: Store, cabinet: Cabinet, prescreen: Prescreen, sign_in: SignIn
) -> Sequence[Room]:
    return [
        door_room(sign_in, cabinet.roles, cabinet.ledger),
        link_room(cabinet.people),
        try_room(prescreen, Pool(settings.workers, settings.backlog)),
        audit_room(open_archive(settings, store, cabinet, prescreen)),
        *_insights(settings, store, cabinet, prescreen),
    ]


def _insights(settings: Settings, store: Store, cabinet: Cabinet, prescreen: Prescreen) -> Sequence[Room]:
    index, judges = Index(store, cabinet.ledger), open_judges(settings)
    # The encoder that rules by example have open is this one too.
    listening = Listening(index, cabinet.ledger, lambda: (prescreen.screener.judges or judges).encoder())
    caught_up, counts = CatchUp(index), Pool(_COUNTERS, _WAITING)
    return [
        listening_room(listening, caught_up, lambda: prescreen.screener.policy, counts),
        insights_room(index, store, lambda: prescreen.screener.policy, counts, caught_up),
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
