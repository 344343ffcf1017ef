"""From settings to working parts; each command builds what it needs and no more."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from rich.console import Console

from bot.addresses import OWNERS
from bot.appeals import Appeals
from bot.audit import masters
from bot.audit.checkpoints import Checkpoints, Rhythm
from bot.audit.deliveries import Deliveries, open_recipients
from bot.audit.erasure import Erasures
from bot.audit.errors import ADDRESS, RecordError
from bot.audit.ledger import Ledger
from bot.audit.moved import read_note
from bot.audit.presence import Presence, alone, present
from bot.audit.seals import Seals
from bot.audit.signing import SigningKeys
from bot.audit.switching import broken_off
from bot.audit.vault import VaultError
from bot.audit.witnesses import erased_later
from bot.deeds import Cabinet
from bot.drafts import Drafts
from bot.keys import KeyFileError, derived, key_in
from bot.knowledge import Collections, knowledge_key
from bot.knowledge_tables import Collection
from bot.languages import LANGUAGES, spoken_in
from bot.live import LivePolicy
from bot.people import Language, People
from bot.receipts import Receipts
from bot.reminders import Reminders
from bot.review import Reviews
from bot.revisions import Revisions
from bot.roles import Roles
from bot.settings import Settings, SettingsError, read_settings, written_language
from bot.store import Store
from bot.tables import Revision
from bot.wording.saying import saying
from rules.built import Report, silent
from rules.judges import Judges
from rules.knowledge.hashing import Keyed
from rules.knowledge.store import Knowledge
from rules.policy import Policy
from rules.screening import Screener

log = structlog.get_logger(__name__)

AUTHOR = "local:owner"
"""Whoever uses the command line, or the console through the one-time link, on this machine."""
_COMMAND: ContextVar[ExitStack | None] = ContextVar("command", default=None)


def tongue(settings: Settings | None = None) -> Language:
    """The language of the command line: as set, whatever else is wrong, else as the terminal's, else Italian."""
    try:
        set_to = (settings or read_settings()).language
    except SettingsError:
        set_to = written_language()
    if set_to:
        return set_to
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    # "C" and nothing at all say nothing; a terminal in a third language is more likely to be read in English.
    return (spoken_in(spoken) or "en") if spoken[:2].isalpha() else LANGUAGES[0]


def open_judges(settings: Settings, report: Report = silent) -> Judges:
    """The models that read meaning; each is opened, and built where it is missing, when it is first needed."""
    return Judges(settings.models_dir, settings.toxicity, report)


def screeners(settings: Settings, report: Report = silent) -> Callable[[Policy], Screener]:
    """What makes a screener of a policy; all of them share one set of models."""
    judges, knowledge = open_judges(settings, report), open_knowledge(settings)
    return lambda policy: Screener(
        policy, judges, knowledge, limit=settings.draft_limit, patience=settings.rule_timeout
    )


def open_screener(settings: Settings, report: Report = silent) -> Screener:
    """Of the policy in force."""
    return screeners(settings, report)(open_policy(settings))


def open_knowledge(settings: Settings) -> Knowledge:
    """What the company alone knows. Raises `KeyFileError`."""
    here = Knowledge(settings.data_dir / "knowledge", Keyed(knowledge_key(settings.keys_dir)))
    _bring(settings, here)
    return here


def _bring(settings: Settings, here: Knowledge) -> None:
    """What other machines have taken in, as far as it can be read: whoever needs it and has it not says so."""
    store = open_store(settings, read_only=True)
    if store.file is not None:
        return
    try:
        seals = masters.fitting(settings.keys_dir, store) if store.has(Collection) else None
        if seals is not None:
            Collections(store, seals.vault, None, here).keep_up()
    except (RecordError, VaultError, OSError) as error:
        log.warning("knowledge.not_looked_for", error=type(error).__name__, remedy="run vaglio doctor")


def open_collections(settings: Settings, record: Record) -> Collections:
    """By which knowledge is taken in and removed. Raises `KeyFileError`."""
    vault = record.people.seals.vault
    return Collections(record.store, vault, record.ledger, open_knowledge(settings))


def open_policy(settings: Settings) -> Policy:
    """The one in force: the newest that was published, else the file. Raises `PolicyError`, `RevisionError`."""
    return LivePolicy(existing_revisions(settings), settings.policy).policy()


def open_store(settings: Settings, *, read_only: bool = False, for_long: bool = False) -> Store:
    """The database; a command's is closed when the command is over. Raises `StoreError`."""
    store = Store(settings.database, read_only=read_only, keeps_open=for_long)
    if command := _COMMAND.get():
        command.callback(store.close)
    return store


def owners_store(settings: Settings) -> Store:
    """The database for who changes the tables: the same one, under another user where one is set.

    Raises `SettingsError` where it is not the same.
    """
    store = Store(settings.database, keeps_open=False)
    if not settings.database_owner_url:
        return store
    owners = Store(settings.database_owner_url, named=OWNERS, keeps_open=False)
    store.close()
    if owners.place != store.place:
        raise SettingsError(saying("{owners}: it names another database than {named}.", owners=OWNERS, named=ADDRESS))
    return owners


@contextmanager
def one_command() -> Iterator[None]:
    """While a command runs; what it opened is closed with it, however it ends."""
    with ExitStack() as command:
        before = _COMMAND.set(command)
        try:
            yield
        finally:
            _COMMAND.reset(before)


def open_revisions(settings: Settings, store: Store, ledger: Ledger) -> Revisions:
    return Revisions(store, settings.data_dir / "policies", ledger)


def existing_revisions(settings: Settings) -> Revisions | None:
    """What was published, for who only reads: nothing is made or migrated. None where nothing can have been."""
    store = open_store(settings, read_only=True)
    try:
        if not store.has(Revision):
            return None
    except RecordError as error:
        if error.code == "none":
            return None
        raise
    return open_revisions(settings, store, Ledger(store, settings.data_dir / "ledger.head"))


@dataclass(frozen=True, slots=True)
class Record:
    """The database with its keys: who is who, and what happened."""

    store: Store
    people: People
    ledger: Ledger
    presence: Presence
    """As long as it lives, nobody replaces the data or the keys."""

    @classmethod
    def open(cls, settings: Settings, *, for_long: bool = False) -> Record:
        """Tables brought to their newest form, keys made at the very first start, the ledger's head caught up.

        Raises `SettingsError` for a key that cannot be read, `RecordError` for the rest: also where another master key
        sealed what lies here, or a restore was broken off.
        """
        presence = _settled(settings)
        store = open_store(settings, for_long=for_long)
        try:
            masters.look(settings.keys_dir, store)
            seals = Seals.open(settings.keys_dir)
        except VaultError as error:
            raise SettingsError(*error.said) from None
        store.migrate(seals)
        masters.bind(store, seals.vault, settings.keys_dir)
        people = People(store, seals)
        ledger = Ledger(store, settings.data_dir / "ledger.head", people)
        ledger.catch_up()
        # Whoever was erased and is back, because a backup was put in place, is gone again before anybody can read.
        told = erased_later(store, checkpoint_folders(settings), trusted_keys(settings))
        Erasures(store, ledger, people, settings.keys_dir / "erased").again(datetime.now(UTC), told)
        return cls(store, people, ledger, presence)


def _settled(settings: Settings) -> Presence:
    """Once no restore is under way, and a rotation of the master key that was broken off is finished or taken back."""
    refuse_moved(settings)
    if (settings.keys_dir / masters.NEXT).exists():
        with alone(settings.data_dir), closing(Store(settings.database)) as store:
            masters.settle(settings.keys_dir, store)
    presence = present(settings.data_dir)
    refuse_half_a_restore(settings)
    refuse_moved(settings)  # it may have waited for whoever moved the record just now
    return presence


def refuse_half_a_restore(settings: Settings) -> None:
    """Raises `RecordError` ("restoring") where a restore was broken off: what lies here is half of two states."""
    if broken_off(settings.data_dir) is not None:
        raise RecordError("restoring", str(settings.data_dir))


def refuse_moved(settings: Settings) -> None:
    """Raises `RecordError` ("moved", "moving") where the record in this file goes on elsewhere, or may."""
    with closing(Store(settings.database, keeps_open=False)) as store:
        if store.file and (note := read_note(store.file)):
            raise RecordError(note.state, str(store.file))


def checkpoint_folders(settings: Settings) -> Sequence[Path]:
    """Those of the places for checkpoints that are folders here. Raises `SettingsError`."""
    return [Path(target.address) for target in settings.checkpoint_targets() if target.kind == "dir"]


def trusted_keys(settings: Settings) -> Sequence[str]:
    """The public key of this installation, as far as it can be read: whoever checks need not be able to sign."""
    try:
        public = SigningKeys(settings.keys_dir).public()
    except KeyFileError:
        return ()
    return (public,) if public else ()


def open_checkpoints(settings: Settings, store: Store) -> Checkpoints:
    return Checkpoints(store, SigningKeys(settings.keys_dir))


def open_deliveries(settings: Settings, store: Store) -> Deliveries:
    """What brings checkpoints to the places that are set. Raises `SettingsError`."""
    period = timedelta(minutes=settings.checkpoint_minutes)
    return Deliveries(
        store,
        open_checkpoints(settings, store),
        open_recipients(settings.checkpoint_targets(), settings.data_dir / "checkpoints"),
        Rhythm(settings.checkpoint_entries, period),
    )


def open_cabinet(settings: Settings, record: Record) -> Cabinet:
    """All that is kept about drafts and people. Raises `KeyFileError`."""
    store, people, ledger = record.store, record.people, record.ledger
    key = _texts_key(settings)
    vault = people.seals.vault
    return Cabinet(
        people=people,
        roles=Roles(store, ledger),
        drafts=Drafts(store, vault, days=settings.draft_days),
        reviews=Reviews(store, vault),
        appeals=Appeals(store, vault, people, derived(key, "appeals")),
        receipts=Receipts(store, derived(key, "receipts")),
        reminders=Reminders(store),
        ledger=ledger,
    )


def session_key(settings: Settings) -> bytes:
    """By which the console's cookies are signed, in every process alike. Raises `KeyFileError`."""
    return derived(_texts_key(settings), "sessions")


def _texts_key(settings: Settings) -> bytes:
    return key_in(settings.keys_dir, "texts.key", saying("the key by which texts are known again"))


def terminal(*, errors: bool = False) -> Console:
    """Plain text unless a person is looking; a draft is never read as markup."""
    return Console(
        file=sys.stderr if errors else sys.stdout, markup=False, highlight=False, emoji=False, soft_wrap=True
    )
