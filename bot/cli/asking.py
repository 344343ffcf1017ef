"""What is asked once more before it is done for good."""

from __future__ import annotations

import sys

import typer

from bot.wording import Wording

_YES = ("s", "sì", "si", "y", "yes")


def agreed(question: str, wording: Wording) -> bool:
    """Whether whoever sits at the terminal says yes, in either language; anything else, and nobody there, is a no."""
    choice = wording.say("[y/N]")
    sys.stderr.write(f"{question} {choice} ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in _YES


def reason(given: str) -> str:
    """A typer callback: there must be one."""
    if not given.strip():
        raise typer.BadParameter("it needs a reason, in a few words.")
    return given
