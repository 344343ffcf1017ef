"""A small policy and the real parts on a database in a temporary folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.appeals import Appeals
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.deeds import Cabinet
from bot.drafts import Drafts
from bot.people import People
from bot.prescreen import Prescreen
from bot.receipts import Receipts
from bot.reminders import Reminders
from bot.review import Reviews
from bot.roles import Roles
from bot.store import Store
from rules.assembly import load_policy
from rules.policy import Policy
from rules.screening import Screener

if TYPE_CHECKING:
    from rules.encoder import Encoder

POLICY = """
name: prova
languages: [it, en]
owners:
  - {id: comms, name: {it: Comunicazione, en: Communications}}
  - {id: legal, name: {it: Legale, en: Legal}}
clauses:
  - {id: 3.1, title: {it: Rispetto, en: Respect}, text: {it: Sii gentile., en: Be kind.}, owner: comms}
  - {id: 4.1, title: {it: Riservatezza, en: Confidence}, text: {it: Tieni i segreti., en: Keep secrets.}, owner: legal}
rules:
  - id: tone.jargon
    detector: substitution
    severity: note
    clause: 3.1
    message: {it: "Meglio «{preferred}».", en: "Better: {preferred}."}
    swap: {sinergia: collaborazione}
    examples: {flag: ["Che sinergia!"], allow: ["Che collaborazione!"]}
  - id: toxicity.insult
    detector: phrases
    severity: warn
    clause: 3.1
    message: {it: Qualcuno può restarci male., en: Somebody may be hurt.}
    suggest: {it: Dillo in un altro modo., en: Say it another way.}
    phrases: [cretino, idiot]
    examples: {flag: [Sei un cretino], allow: [Sei bravo]}
  - id: confidential.embargo
    detector: phrases
    severity: review
    clause: 4.1
    message: {it: Forse non è ancora pubblico., en: It may not be public yet.}
    phrases: [non ancora annunciato, under embargo]
    examples: {flag: [È un prodotto non ancora annunciato], allow: [È un prodotto annunciato]}
  - id: confidential.code
    detector: pattern
    severity: block
    clause: 4.1
    message: {it: È un codice interno., en: It is an internal code.}
    hides: CODE
    patterns: ['SEGRETO-\\p{Nd}+']
    examples: {flag: [Vedi SEGRETO-12], allow: [È un segreto]}
"""


@pytest.fixture
def policy_path(tmp_path: Path) -> Path:
    path = tmp_path / "prova.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return path


@pytest.fixture
def policy(policy_path: Path) -> Policy:
    return load_policy(policy_path)


@pytest.fixture
def changed(policy: Policy) -> Callable[..., Policy]:
    """The policy with other fields, and so of another revision."""
    return lambda **fields: Policy(**{name: getattr(policy, name) for name in Policy.model_fields} | fields)


@pytest.fixture
def screener(policy: Policy) -> Screener:
    return Screener(policy)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store(database)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def seals(tmp_path: Path) -> Seals:
    """Those that a command finds too, if it is run in the same folder."""
    return Seals.open(tmp_path / "keys")


@pytest.fixture
def people(store: Store, seals: Seals) -> People:
    return People(store, seals)


@pytest.fixture
def ledger(store: Store, people: People, tmp_path: Path) -> Ledger:
    ledger = Ledger(store, tmp_path / "data" / "ledger.head", people)
    ledger.catch_up()
    return ledger


@pytest.fixture
def index(store: Store, ledger: Ledger) -> Iterator[Index]:
    index = Index(store, ledger)
    yield index
    index.close()


@pytest.fixture
def cabinet(store: Store, people: People, ledger: Ledger) -> Cabinet:
    vault = people.seals.vault
    return Cabinet(
        people=people,
        roles=Roles(store, ledger),
        drafts=Drafts(store, vault, days=7),
        reviews=Reviews(store, vault),
        appeals=Appeals(store, vault, people, b"a" * 32),
        receipts=Receipts(store, b"r" * 32),
        reminders=Reminders(store),
        ledger=ledger,
    )


@pytest.fixture
def prescreen(screener: Screener, ledger: Ledger) -> Prescreen:
    return Prescreen(screener, ledger)


@pytest.fixture(scope="session")
def encoder(models: Path) -> Encoder:
    from rules.encoder import Encoder  # and with it ONNX Runtime, for the few who ask

    return Encoder(models)
