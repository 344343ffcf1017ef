"""A policy that is packed, read as the files that it is packed of; what is wrong names them as their authors do."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from bot.bundles import OWN, SHIPS, laid_out, unpacked
from rules.assembly import load_policy
from rules.policy import Policy
from rules.problems import Place, PolicyError, Problem

_log = structlog.get_logger("vaglio.proposals")

_KEPT: Final = 6
"""Policies that are kept as they were read."""


class Reader:
    """Remembers what it read last. Safe for several threads at once."""

    def __init__(self) -> None:
        self._read: dict[str, Policy] = {}
        self._lock = threading.Lock()

    def read(self, bundle: bytes) -> Policy:
        """Raises `PolicyError`."""
        digest = hashlib.sha256(bundle).hexdigest()
        with self._lock:
            if digest in self._read:
                return self._read[digest]
        policy = _assembled(bundle)
        with self._lock:
            self._read[digest] = policy
            while len(self._read) > _KEPT:
                del self._read[next(iter(self._read))]
        return policy


def _assembled(bundle: bytes) -> Policy:
    files, layout = unpacked(bundle)
    with tempfile.TemporaryDirectory(prefix="vaglio-") as folder:
        place = Path(folder).resolve()
        laid_out(files, place)
        try:
            return load_policy(place / layout[OWN], place / layout[SHIPS])
        except PolicyError as error:
            raise PolicyError([_named(problem, place) for problem in error.problems]) from None
        except (OSError, MemoryError):  # this machine's, and none of what lies in the files
            raise
        except Exception as error:
            # A fault of ours in a proposal that was saved must not keep people from mending it, or from taking it back.
            kind = type(error).__name__
            _log.error("a policy could not be read", error=kind)
            raise PolicyError([Problem(Place(layout[OWN], 1, 1, ""), "unforeseen", {"kind": kind})]) from None


def _named(problem: Problem, folder: Path) -> Problem:
    """By the file's name in the bundle, not by where it was unpacked."""
    facts = {key: value.replace(f"{folder}/", "") for key, value in problem.facts.items()}
    return Problem(_moved(problem.place, folder), problem.code, facts)


def _moved(place: Place, folder: Path) -> Place:
    try:
        return replace(place, file=Path(place.file).resolve().relative_to(folder).as_posix())
    except ValueError:
        return place
