"""Where checkpoints go, as VAGLIO_CHECKPOINTS names it. An address may hold a password: it is shown to nobody."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from bot.audit.credentials import refused
from bot.wording.saying import WrongValueError, saying

Kind = Literal["dir", "git", "webhook"]

_OWN = ("localhost", "127.0.0.1", "::1")
_REMOTE = re.compile(r"(ssh|https|file)://[^-]\S*|[\w.-]+@[\w.-]+:[^-]\S*")
"""What git is handed as an address: nothing that it could read as an option, or as a program to run."""


@dataclass(frozen=True, slots=True)
class Target:
    """One place. `name` is what logs are told of it: its kind, and a digest."""

    kind: Kind
    address: str = field(repr=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.kind}:{self.address}".encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        return f"{self.kind} {self.digest}"

    @property
    def shown(self) -> str:
        """What whoever runs the machine is told of it: a folder is no secret there, and an address may hold one."""
        return self.address if self.kind == "dir" else self.name

    @property
    def is_remote(self) -> bool:
        """Of a git repository: whether it lies elsewhere, so that a clone of it is needed here."""
        return _REMOTE.fullmatch(self.address) is not None


def read_targets(written: str) -> tuple[Target, ...]:
    """The places in a setting, with blanks or commas between. Raises `WrongValueError` saying which word is wrong,
    and not what it says."""
    return tuple(dict.fromkeys(_read(written)))


def _read(written: str) -> Iterator[Target]:
    for number, word in enumerate(re.split(r"[\s,]+", written.strip()), start=1):
        if not word:
            continue
        target = _target(word)
        if target is None:
            raise WrongValueError(
                saying(
                    "place {number} is none that Vaglio knows: write a folder (/mnt/evidence), a git repository "
                    "(git:/srv/evidence or git:ssh://git@host/evidence.git) or an address to post to (https://...).",
                    number=number,
                )
            )
        if target.kind == "git" and (why := refused(target.address, number)):
            raise WrongValueError(why)
        yield target


def _target(word: str) -> Target | None:
    scheme, separator, rest = word.partition(":")
    if scheme in ("https", "http"):
        return Target("webhook", word) if _may_be_posted_to(word) else None
    if scheme == "git":
        return _repository(rest)
    if scheme == "dir":
        return _folder(rest)
    return None if separator else _folder(word)


def _may_be_posted_to(word: str) -> bool:
    try:
        address = urlsplit(word)
        host = address.hostname
    except ValueError:
        return False
    # On this machine alone nobody listens in between.
    return bool(host) and (address.scheme == "https" or host in _OWN)


def _repository(rest: str) -> Target | None:
    remote = Target("git", rest)
    if remote.is_remote:
        return remote
    return Target("git", str(Path(rest).expanduser().absolute())) if rest and ":" not in rest else None


def _folder(rest: str) -> Target | None:
    return Target("dir", str(Path(rest).expanduser().absolute())) if rest else None
