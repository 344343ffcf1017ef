"""`vaglio keys ...`: new keys in place of old ones."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.audit import rotation
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.presence import alone
from bot.cli.asking import agreed
from bot.cli.build import (
    Record,
    open_checkpoints,
    open_deliveries,
    refuse_half_a_restore,
    refuse_moved,
    terminal,
    tongue,
)
from bot.cli.exits import EXIT_USAGE
from bot.settings import read_settings
from bot.store import Store
from bot.wording import Wording

keys = typer.Typer(no_args_is_help=True, help="The keys of this installation.")
rotate = typer.Typer(no_args_is_help=True, help="Put a new key in place of an old one.")
forget = typer.Typer(no_args_is_help=True, help="Go on without a key that is lost for good.")
keys.add_typer(rotate, name="rotate")
keys.add_typer(forget, name="forget")


@rotate.callback()
def _rotate() -> None:
    """Put a new key in place of an old one."""


@forget.callback()
def _forget() -> None:
    """Go on without a key that is lost for good."""


@rotate.command("master")
def rotate_master() -> None:
    """A new master key. Whatever the old one opens is under the new one afterwards. Vaglio must not run meanwhile."""
    settings = read_settings()
    wording = Wording(tongue(settings))
    with alone(settings.data_dir), closing(Store(settings.database)) as store:
        refuse_half_a_restore(settings)
        refuse_moved(settings)
        store.look_that_nobody_else_is_here()
        count = rotation.rotate(settings.keys_dir, store)
    said = wording.count(
        "A new master key: {number} key is wrapped by it.", "A new master key: {number} keys are wrapped by it.", count
    )
    terminal().print(said)
    terminal().print(
        wording.say("Keep it where you keep the others. The old one lies beside it, for backups that were made before.")
    )


@forget.command("master")
def forget_master(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask once more.")] = False,
) -> int:
    """The master key is lost for good: let go of what only it opened, and begin with a new one. It cannot be undone."""
    settings = read_settings()
    wording, now = Wording(tongue(settings)), datetime.now(UTC)
    question = wording.say("Every word, account and role under the lost key is let go for good. Go on?")
    if not yes and not agreed(question, wording):
        return EXIT_USAGE
    with alone(settings.data_dir), closing(Store(settings.database)) as store:
        refuse_half_a_restore(settings)
        refuse_moved(settings)
        store.look_that_nobody_else_is_here()
        store.migrate()
        ledger = Ledger(store, settings.data_dir / "ledger.head")
        gone = rotation.forget(settings.keys_dir, store, ledger, now)
        with closing(Index(store, ledger)) as index:
            index.follow()  # what was opened before lies there in the clear
    if gone is None:
        terminal(errors=True).print(wording.say("The master key opens what lies here: nothing was let go."))
        return EXIT_USAGE
    said = wording.count(
        "The words of {number} entry are let go, and that is on record. The chain is whole.",
        "The words of {number} entries are let go, and that is on record. The chain is whole.",
        gone,
    )
    terminal().print(said)
    terminal().print(wording.say("Nobody is known any more: give the roles again (vaglio people grant)."))
    return 0


@rotate.command()
def signing(
    is_lost: Annotated[bool, typer.Option("--lost", help="The old key is gone: nothing vouches for the new one.")] = (
        False
    ),
) -> None:
    """A new key for checkpoints, for which the last checkpoint of the old one vouches. Prints its public half."""
    settings = read_settings()
    wording, record, now = Wording(tongue(settings)), Record.open(settings), datetime.now(UTC)
    store = record.store
    try:
        public = open_checkpoints(settings, store).rotate(now, is_lost=is_lost)
        # Whoever looks at a place must find there what vouches for the new key.
        answers = asyncio.run(open_deliveries(settings, store).deliver_all(now))
    finally:
        store.close()
    sys.stdout.write(f"{public}\n")
    if late := [place for place, answer in answers.items() if answer]:
        terminal(errors=True).print(
            wording.count(
                "{number} place does not have it yet: vaglio audit checkpoint tries again.",
                "{number} places do not have it yet: vaglio audit checkpoint tries again.",
                len(late),
            )
        )
    said = (
        wording.say("Nothing vouches for this key: give it to whoever checks, and tell them why.")
        if is_lost
        else wording.say("The last checkpoint of the old key vouches for it: whoever knows that one can follow.")
    )
    terminal(errors=True).print(said)
