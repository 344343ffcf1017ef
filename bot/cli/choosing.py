"""Which policy a command means: a file, a revision that was published, or the one in force."""

from __future__ import annotations

import sys
from pathlib import Path

from bot.cli.build import existing_revisions
from bot.cli.exits import EXIT_USAGE
from bot.live import LivePolicy
from bot.revisions import NAME
from bot.settings import Settings
from bot.wording import Wording
from rules.assembly import load_policy
from rules.policy import Policy


class NoRevisionError(Exception):
    """None of that name was published."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


def nowhere(missing: NoRevisionError, wording: Wording) -> int:
    """Says so; the exit code."""
    said = wording.say("There is no revision {name}. vaglio policy history lists them.", name=missing.name)
    sys.stderr.write(f"{said}\n")
    return EXIT_USAGE


def is_revision(name: str) -> bool:
    return NAME.fullmatch(name) is not None and not Path(name).exists()


def policy_named(name: str | None, settings: Settings, default: Path | None) -> Policy:
    """The policy of a file or a revision; without a name, the one in `default`, else the one in force.

    Raises `NoRevisionError`, `PolicyError` and `RevisionError`.
    """
    if name is None:
        return load_policy(default) if default else LivePolicy(existing_revisions(settings), settings.policy).policy()
    if not is_revision(name):
        return load_policy(Path(name))
    revisions = existing_revisions(settings)
    found = revisions.policy_of(name) if revisions else None
    if found is None:
        raise NoRevisionError(name)
    return found
