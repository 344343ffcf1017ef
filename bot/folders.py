"""What lies in which folder: no keys among the data, and no file of root's where another user's are."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bot.wording.saying import Saying, WrongValueError, saying

EXPORTS: Final = "exports"
"""In the data folder, of those made on the page: where the system keeps what is temporary there may be no room."""

Named = tuple[Saying | str, Path]
"""A folder, after the setting that names it."""


def keep_apart(keys: Named, data: Iterable[Named]) -> None:
    """Raises `WrongValueError` where the keys lie in a folder of data."""
    for name, place in data:
        try:
            outer, inner = place.resolve(), keys[1].resolve()
        except (RuntimeError, OSError):
            said = saying("{name} or {keys} is a link that leads to itself.", name=name, keys=keys[0])
            raise WrongValueError(said) from None
        except ValueError:  # a character that no file system takes
            said = saying("{name} or {keys} is no path of a folder: write it anew.", name=name, keys=keys[0])
            raise WrongValueError(said) from None
        if inner == outer or outer in inner.parents:
            raise WrongValueError(
                saying(
                    "{keys} ({inner}) must lie outside {name} ({outer}): a copy of the data must never carry the keys "
                    "that open it.",
                    keys=keys[0], inner=keys[1], name=name, outer=place,
                )
            )  # fmt: skip


def refuse_root(places: Iterable[Named]) -> None:
    """Of folders that may be written to. Nothing is left there.

    Every file of Vaglio's is its user's alone, whoever that is: one of root's among them (the ledger's head, a key, a
    lock) would keep the service from answering. Raises `WrongValueError` naming the setting, the folder and its user.
    """
    for name, folder in places:
        owner = _shut_out(folder)
        if owner is not None:
            raise WrongValueError(
                saying(
                    "{name} ({folder}) belongs to user {owner}, who could not read what root writes there. Give the "
                    "command as that user: sudo -u '#{owner}' ..., and for the service as docs/operations.md tells.",
                    name=name, folder=folder, owner=owner,
                )
            )  # fmt: skip


def _shut_out(folder: Path) -> int | None:
    """The user whose folder it is, if files that are made there now are not theirs; else None."""
    if _user() != 0:
        return None  # whoever else may write there does so by a group, and was given it for that
    try:
        owner = folder.stat().st_uid
    except OSError:
        return None
    made = owner if owner == 0 else _made_in(folder)
    return None if made in (owner, None) else owner


def _made_in(folder: Path) -> int | None:
    """Whose a new file is there: on some disks all of them are one user's. None: none can be made."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            return os.fstat(file.fileno()).st_uid
    except OSError:
        return None


def _user() -> int:
    return os.geteuid()
