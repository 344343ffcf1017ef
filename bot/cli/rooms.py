"""The console's pages, each with what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta, tzinfo

from bot.audit.holds import Holds
from bot.audit.index import Index
from bot.audit.signing import SigningKeys
from bot.audit.subject import Subjects
from bot.chat.desk import Desk
from bot.checkup import Checkup, Part
from bot.cli.build import one_command, open_judges, trusted_keys
from bot.cli.doctor import examined
from bot.console.archive import Archive
from bot.console.audit_room import audit_room
from bot.console.auth import SignIn
from bot.console.clients import Clients
from bot.console.door_page import door_room
from bot.console.drafts_page import drafts_room
from bot.console.insights_page import CatchUp, insights_room
from bot.console.link_page import link_room
from bot.console.listening_page import listening_room
from bot.console.me_page import me_room
from bot.console.pages import Room
from bot.console.people_page import people_room
from bot.console.pool import Pool
from bot.console.programs_page import programs_room
from bot.console.queue_view import Queue
from bot.console.reviews_page import reviews_room
from bot.console.roster import Roster
from bot.console.settings_page import settings_room
from bot.console.try_page import try_room
from bot.deeds import Cabinet
from bot.insights.listening import Listening
from bot.prescreen import Prescreen
from bot.settings import Settings
from bot.store import Store
from bot.teams import Teams
from bot.wording import Wording

_COUNTERS, _WAITING = 2, 8
"""Pages of numbers that are made at a time, and that may wait."""


def open_rooms(
    settings: Settings, store: Store, cabinet: Cabinet, prescreen: Prescreen, sign_in: SignIn, desk: Desk
) -> Sequence[Room]:
    terms = settings.sign_in_terms()
    return [
        door_room(sign_in, cabinet.roles, cabinet.ledger, terms.name if terms else None),
        *_by_provider(settings, cabinet, sign_in),
        link_room(cabinet.people),
        try_room(prescreen, Pool(settings.workers, settings.backlog), desk),
        drafts_room(desk),
        reviews_room(desk, Queue(cabinet, lambda: prescreen.screener.policy)),
        audit_room(open_archive(settings, store, cabinet, prescreen)),
        *_insights(settings, store, cabinet, prescreen),
        *_of_people(settings, store, cabinet, prescreen, sign_in),
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


def _of_people(
    settings: Settings, store: Store, cabinet: Cabinet, prescreen: Prescreen, sign_in: SignIn
) -> Sequence[Room]:
    """Who is who and may do what, oneself, and the settings."""
    people, ledger = cabinet.people, cabinet.ledger
    holds, sessions = Holds(store, ledger), sign_in.sessions
    roster = Roster(people, cabinet.roles, Teams(store), holds, ledger, sessions, sign_in.now)

    def zone(person: str) -> tzinfo:
        return cabinet.zone(person, prescreen.screener.policy)

    return [
        people_room(roster, lambda: prescreen.screener.policy.owners),
        me_room(roster, Subjects(store, ledger, people), lambda: prescreen.screener.policy.owners, zone),
        settings_room(_checkup(settings, prescreen), zone, sign_in.now, has_programs=True),
        programs_room(Clients(store, ledger, people), zone),
    ]


def _checkup(settings: Settings, prescreen: Prescreen) -> Checkup:
    def look(wording: Wording) -> Iterator[Part]:
        with one_command():  # what a look opens is closed with it
            yield from examined(wording, settings, prescreen.screener)

    return look


def _by_provider(settings: Settings, cabinet: Cabinet, sign_in: SignIn) -> Sequence[Room]:
    terms = settings.sign_in_terms()
    if terms is None:
        return ()
    # It takes a moment to import, which only who uses it pays for.
    from bot.console.provider import Provider
    from bot.console.provider_page import provider_room

    return [provider_room(Provider(terms), sign_in, cabinet.roles, cabinet.ledger, settings.admin)]
