"""`vaglio keys ...`: new keys in place of old ones."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.cli.build import Record, open_checkpoints, terminal, tongue
from bot.settings import read_settings
from bot.wording import Wording

keys = typer.Typer(no_args_is_help=True, help="The keys of this installation.")
rotate = typer.Typer(no_args_is_help=True, help="Put a new key in place of an old one.")
keys.add_typer(rotate, name="rotate")


@rotate.callback()
def _rotate() -> None:
    """Put a new key in place of an old one."""


@rotate.command()
def signing(
    is_lost: Annotated[bool, typer.Option("--lost", help="The old key is gone: nothing vouches for the new one.")] = (
        False
    ),
) -> None:
    """A new key for checkpoints, for which the last checkpoint of the old one vouches. Prints its public half."""
    settings = read_settings()
    wording, store = Wording(tongue(settings)), Record.open(settings).store
    try:
        public = open_checkpoints(settings, store).rotate(datetime.now(UTC), is_lost=is_lost)
    finally:
        store.close()
    sys.stdout.write(f"{public}\n")
    said = (
        wording.say("Nothing vouches for this key: give it to whoever checks, and tell them why.")
        if is_lost
        else wording.say("The last checkpoint of the old key vouches for it: whoever knows that one can follow.")
    )
    terminal(errors=True).print(said)
