"""What stands behind the chats, built once: the conversation, what is learnt of the policy, the clock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.audit.erasure import Erasures
from bot.audit.index import Index
from bot.audit.retention import Retention
from bot.chat.desk import Desk
from bot.clock import Clock
from bot.conversation import Conversation
from bot.dead_letters import DeadLetters
from bot.deeds import Cabinet
from bot.differences import for_people
from bot.engine import Engine
from bot.errands import Post
from bot.in_process import InProcess
from bot.knowing import Acknowledgements
from bot.learning import Learning
from bot.places import Awaiting, Cards, Days
from bot.prescreen import Prescreen
from bot.quizzes import Quizzes
from bot.rates import Rates
from bot.revisions import RevisionError, Revisions
from bot.settings import Settings
from bot.store import Store
from bot.work import Work
from rules.policy import Policy
from rules.problems import PolicyError


@dataclass(frozen=True, slots=True)
class Parts:
    """What both platforms are given."""

    store: Store
    cabinet: Cabinet
    engine: Engine
    work: Work
    dead_letters: DeadLetters
    desk: Desk
    clock: Clock
    cards: Cards
    awaiting: Awaiting

    @classmethod
    def open(
        cls,
        settings: Settings,
        store: Store,
        cabinet: Cabinet,
        prescreen: Prescreen,
        revisions: Revisions,
    ) -> Parts:
        """Ready to be started. Whatever asks for the policy gets the one that is in force at that moment."""
        seals = cabinet.people.seals
        engine = open_engine(settings, store)
        work = Work(store, seals.vault, engine, backlog=settings.backlog, kept=settings.draft_days)
        cards, awaiting = Cards(store), Awaiting(store, seals)
        acknowledgements = Acknowledgements(store, cabinet.ledger, lambda name: _kept(revisions, name), for_people)
        post = Post(work, cabinet.people, lambda: prescreen.screener.policy, running(settings))
        quizzes = Quizzes(store, cabinet.ledger, lambda: prescreen.screener)
        desk = Desk(
            Conversation(prescreen, cabinet, cards, post.reaches, post.put),
            Learning(cabinet.people, quizzes, acknowledgements, lambda: prescreen.screener.policy),
            cabinet.people,
            post,
            Rates(store, seals, settings.rate_person, settings.rate_workspace),
            threads=settings.workers,
        )
        index = Index(store, cabinet.ledger)
        clock = Clock(
            cabinet,
            post,
            Days(store),
            awaiting,
            quizzes,
            Retention(store, cabinet.ledger, index),
            Erasures(store, cabinet.ledger, cabinet.people, settings.keys_dir / "erased", index),
            lambda: prescreen.screener.policy,
        )
        return cls(
            store, cabinet, engine, work, DeadLetters(store, engine, cabinet.ledger), desk, clock, cards, awaiting
        )


def open_engine(settings: Settings, store: Store) -> Engine:
    """What does the work: this process on SQLite; on PostgreSQL whichever process has a worker free."""
    if store.file:
        return InProcess(store, workers=settings.workers)
    from bot.queue import Queue  # its library is for whoever uses it

    return Queue(store, workers=settings.workers)


def _kept(revisions: Revisions, name: str) -> Policy | None:
    """A policy that was published; None too where this version cannot read it: then it is as good as gone."""
    try:
        return revisions.policy_of(name)
    except (RevisionError, PolicyError):
        return None


def running(settings: Settings) -> Collection[str]:
    """The platforms that are set up."""
    modes = {"slack": settings.slack_mode(), "telegram": settings.telegram_mode()}
    return [name for name, mode in modes.items() if mode is not None]
