"""What is asked once more before it is done for good."""

from __future__ import annotations

import sys

import typer

from bot.wording import Wording

_YES = ("s", "sì", "si", "y", "yes")


def agreed(question: str, wording: Wording) -> bool:
    """Whether whoever sits at the terminal says yes, in either language; anything else, and nobody there, is a no.

    Whoever asks takes `--yes` too: where nobody sits at a terminal, that is what is told.
    """
    choice = wording.say("[y/N]")
    sys.stderr.write(f"{question} {choice} ")
    sys.stderr.flush()
    answer = sys.stdin.readline() if sys.stdin else ""  # it is closed under some schedulers
    if answer.strip().lower() in _YES:
        return True
    if not (sys.stdin and sys.stdin.isatty()):
        said = wording.say("Nobody at a terminal said yes, and nothing was done. In a script, give --yes.")
        sys.stderr.write(f"\n{said}\n")
    return False


def reason(given: str) -> str:
    """A typer callback: there must be one."""
    if not given.strip():
        raise typer.BadParameter("it needs a reason, in a few words.")
    return given
