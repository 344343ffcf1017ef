"""The console's pages, each with what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from bot.audit.holds import Holds
from bot.audit.subject import Subjects
from bot.checkup import Checkup, Part
from bot.cli.build import one_command
from bot.cli.doctor import examined
from bot.console.auth import SignIn
from bot.console.clients import Clients
from bot.console.door_page import door_room
from bot.console.link_page import link_room
from bot.console.me_page import me_room
from bot.console.pages import Room
from bot.console.people_page import people_room
from bot.console.pool import Pool
from bot.console.programs_page import programs_room
from bot.console.roster import Roster
from bot.console.settings_page import settings_room
from bot.console.try_page import try_room
from bot.deeds import Cabinet
from bot.prescreen import Prescreen
from bot.settings import Settings
from bot.store import Store
from bot.teams import Teams
from bot.wording import Wording


def open_rooms(
    settings: Settings, store: Store, cabinet: Cabinet, prescreen: Prescreen, sign_in: SignIn
) -> Sequence[Room]:
    terms = settings.sign_in_terms()
    return [
        door_room(sign_in, cabinet.roles, cabinet.ledger, terms.name if terms else None),
        *_by_provider(settings, cabinet, sign_in),
        link_room(cabinet.people),
        try_room(prescreen, Pool(settings.workers, settings.backlog)),
        *_of_people(settings, store, cabinet, prescreen, sign_in),
    ]


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
