"""From settings to working parts; each command builds what it needs and no more."""

from __future__ import annotations

import os
import sys

from rich.console import Console

from bot.appeals import Appeals
from bot.audit.ledger import Ledger
from bot.audit.vault import Vault
from bot.deeds import Cabinet
from bot.drafts import Drafts
from bot.keys import derived, key_in
from bot.people import LANGUAGES, Language, People
from bot.receipts import Receipts
from bot.reminders import Reminders
from bot.review import Reviews
from bot.roles import Roles
from bot.settings import Settings, SettingsError, read_settings
from bot.store import Store
from rules.built import Report, silent
from rules.judges import Judges
from rules.knowledge.hashing import Keyed
from rules.knowledge.store import Knowledge
from rules.policy import Policy, load_policy
from rules.screening import Screener

AUTHOR = "local:owner"
"""Whoever uses the command line, or the console through the one-time link, on this machine."""


def tongue(settings: Settings | None = None) -> Language:
    """The language of the command line: as set, else as the terminal's, else Italian."""
    try:
        settings = settings or read_settings()
    except SettingsError:
        settings = None
    if settings and settings.language:
        return settings.language
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    # "C" and nothing at all say nothing; a terminal in a third language is more likely to be read in English.
    return LANGUAGES[0] if spoken[:2].lower() == "it" or not spoken[:2].isalpha() else "en"


def open_policy(settings: Settings) -> Policy:
    return load_policy(settings.policy)


def open_judges(settings: Settings, report: Report = silent) -> Judges:
    """The models that read meaning; each is opened, and built where it is missing, when it is first needed."""
    return Judges(settings.models_dir, settings.toxicity, report)


def open_screener(settings: Settings, report: Report = silent, policy: Policy | None = None) -> Screener:
    """Of `policy`, or else of the one in force."""
    return Screener(
        policy or open_policy(settings),
        open_judges(settings, report),
        open_knowledge(settings),
        limit=settings.draft_limit,
        patience=settings.rule_timeout,
    )


def open_knowledge(settings: Settings) -> Knowledge:
    """What the company alone knows. Raises `KeyFileError`."""
    key = key_in(settings.keys_dir, "knowledge.key", "the key of the company's knowledge")
    return Knowledge(settings.data_dir / "knowledge", Keyed(key))


def open_store(settings: Settings) -> Store:
    """The database, brought to its newest form."""
    store = Store(settings.database)
    store.migrate()
    return store


def open_ledger(settings: Settings, store: Store) -> Ledger:
    """The ledger, its head caught up with what a sudden stop left behind."""
    ledger = Ledger(store, settings.data_dir / "ledger.head")
    ledger.catch_up()
    return ledger


def open_cabinet(settings: Settings, store: Store, vault: Vault, ledger: Ledger) -> Cabinet:
    """All that is kept about drafts and people. Raises `KeyFileError`."""
    key = key_in(settings.keys_dir, "texts.key", "the key by which texts are known again")
    people = People(store)
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


def terminal(*, errors: bool = False) -> Console:
    """Plain text unless a person is looking; a draft is never read as markup."""
    return Console(
        file=sys.stderr if errors else sys.stdout, markup=False, highlight=False, emoji=False, soft_wrap=True
    )
