"""The console's pages, each with what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo

from bot.audit.holds import Holds
from bot.audit.index import Index
from bot.audit.signing import SigningKeys
from bot.audit.subject import Subjects
from bot.chat.desk import Desk
from bot.checkup import Part
from bot.cli.build import one_command, open_judges, trusted_keys
from bot.cli.doctor import examined
from bot.console.archive import Archive
from bot.console.audit_room import audit_room
from bot.console.auth import SignIn
from bot.console.clients import Clients
from bot.console.door_page import door_room
from bot.console.drafts_page import drafts_room
from bot.console.fired import Fired
from bot.console.insights_page import CatchUp, insights_room
from bot.console.link_page import link_room
from bot.console.listening_page import listening_room
from bot.console.me_page import me_room
from bot.console.pages import Room
from bot.console.people_page import people_room
from bot.console.policy_page import policy_room
from bot.console.pool import Pool
from bot.console.programs_page import programs_room
from bot.console.proposal_page import proposal_room
from bot.console.queue_view import Queue
from bot.console.reviews_page import reviews_room
from bot.console.roster import Roster
from bot.console.settings_page import settings_room
from bot.console.try_page import try_room
from bot.deeds import Cabinet
from bot.folders import EXPORTS
from bot.insights.listening import Listening
from bot.prescreen import Prescreen
from bot.proposals.backtests import Backtests
from bot.proposals.proposals import Proposals
from bot.proposals.sharing import Put
from bot.revisions import Revisions
from bot.settings import Settings
from bot.store import Store
from bot.teams import Teams
from bot.wording import Wording
from rules.policy import Policy

_COUNTERS, _WAITING = 2, 8
"""Pages of numbers that are made at a time, and that may wait."""


@dataclass(frozen=True, slots=True)
class Floor:
    """What the pages stand on."""

    settings: Settings
    store: Store
    cabinet: Cabinet
    prescreen: Prescreen
    revisions: Revisions
    sign_in: SignIn
    desk: Desk
    put: Put | None = None
    """By which workers of several processes are given backtests; without, this process does them itself."""

    def rooms(self) -> Sequence[Room]:
        """Every page. Raises `SettingsError`."""
        index = Index(self.store, self.cabinet.ledger)
        return [
            *self._door(),
            link_room(self.cabinet.people),
            self._try(),
            drafts_room(self.desk),
            reviews_room(self.desk, Queue(self.cabinet, self.policy)),
            *self._of_policy(index),
            audit_room(self._archive()),
            *self._of_insights(index),
            *self._of_people(),
        ]

    def _try(self) -> Room:
        checks = Pool(self.settings.workers, self.settings.backlog)
        return try_room(self.prescreen, checks, self.desk, is_alone=self.store.file is not None)

    def policy(self) -> Policy:
        """The one in force."""
        return self.prescreen.screener.policy

    def zone(self, person: str) -> tzinfo:
        return self.cabinet.zone(person, self.policy())

    def _door(self) -> Sequence[Room]:
        terms, cabinet = self.settings.sign_in_terms(), self.cabinet
        door = door_room(self.sign_in, cabinet.roles, cabinet.ledger, terms.name if terms else None)
        if terms is None:
            return [door]
        # It takes a moment to import, which only who uses it pays for.
        from bot.console.provider import Provider
        from bot.console.provider_page import provider_room

        return [
            door,
            provider_room(Provider(terms), self.sign_in, cabinet.roles, cabinet.ledger, self.settings.admin),
        ]

    def _of_policy(self, index: Index) -> Sequence[Room]:
        ledger, means = self.cabinet.ledger, self.prescreen.screener.means
        proposals = Proposals(
            self.store,
            ledger,
            self.revisions,
            self.settings.policy,
            *means,
            people=self.settings.publish_people,
            whose=self.cabinet.people.whose,
        )
        backtests = Backtests(self.store, ledger, self.revisions, means[0], self.put)
        return [
            policy_room(self.policy, self.revisions, proposals, Fired(index, self.store, self.policy).counts),
            proposal_room(self.policy, proposals, backtests),
        ]

    def _archive(self) -> Archive:
        """What the pages of the record need."""
        settings = self.settings
        return Archive(
            store=self.store,
            ledger=self.cabinet.ledger,
            people=self.cabinet.people,
            policy=self.policy,
            keys=SigningKeys(settings.keys_dir),
            trusted=lambda: trusted_keys(settings),
            targets=settings.checkpoint_targets(),
            period=timedelta(minutes=settings.checkpoint_minutes),
            erased=settings.keys_dir / "erased",
            exports=settings.data_dir / EXPORTS,
            needs_two=settings.unmask_people > 1,
        )

    def _of_insights(self, index: Index) -> Sequence[Room]:
        judges = open_judges(self.settings)
        # The encoder that rules by example have open is this one too.
        listening = Listening(index, self.cabinet.ledger, lambda: (self.prescreen.screener.judges or judges).encoder())
        caught_up, counts = CatchUp(index), Pool(_COUNTERS, _WAITING)
        return [
            listening_room(listening, caught_up, self.policy, counts),
            insights_room(index, self.store, self.policy, counts, caught_up),
        ]

    def _of_people(self) -> Sequence[Room]:
        """Who is who and may do what, oneself, and the settings."""
        people, ledger = self.cabinet.people, self.cabinet.ledger
        holds, sessions = Holds(self.store, ledger), self.sign_in.sessions
        roster = Roster(people, self.cabinet.roles, Teams(self.store), holds, ledger, sessions, self.sign_in.now)
        return [
            people_room(roster, lambda: self.policy().owners),
            me_room(roster, Subjects(self.store, ledger, people), lambda: self.policy().owners, self.zone),
            settings_room(self._look, self.zone, self.sign_in.now, has_programs=True),
            programs_room(Clients(self.store, ledger, people), self.zone),
        ]

    def _look(self, wording: Wording) -> Iterator[Part]:
        """What is active and what is missing."""
        with one_command():  # what a look opens is closed with it
            yield from examined(wording, self.settings, self.prescreen.screener)
