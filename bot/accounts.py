"""How accounts and roles are written: in the settings, on the command line and in the record."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from bot.wording.saying import WrongValueError, saying

_ACCOUNT = re.compile(
    r"slack:[A-Z0-9]+:[A-Z0-9]+|telegram:[0-9]+|oidc:[0-9a-f]{32}|local:[A-Za-z0-9._-]+|api:c_[0-9a-f]+", re.ASCII
)
_OWNER = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)
_GROUP = re.compile(r"S[A-Z0-9]+", re.ASCII)


class Role(StrEnum):
    """What somebody may do beyond checking drafts of their own."""

    OWNER = "owner"
    """Says yes or no to drafts that touch an owner's clauses."""
    COMMUNICATIONS = "communications"
    COMPLIANCE = "compliance"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, order=True)
class Title:
    """A role, and of `owner` which owner of the policy. `str` and `read` are each other's inverse."""

    role: Role
    owner: str = ""

    def __post_init__(self) -> None:
        """Raises `ValueError` for an owner of nothing, and for an owner's id beside another role."""
        if (self.role is Role.OWNER) != bool(self.owner):
            raise ValueError("the role owner, and no other, says of what: owner:legal")

    def __str__(self) -> str:
        return f"{self.role}:{self.owner}" if self.owner else str(self.role)

    @classmethod
    def read(cls, written: str) -> Self | None:
        """The title that is written as `admin` or as `owner:legal`; None for anything else."""
        role, colon, owner = written.partition(":")
        if role not in set(Role) or (role == Role.OWNER) != bool(colon) or (colon and not _OWNER.fullmatch(owner)):
            return None
        return cls(Role(role), owner)


def read_groups(written: str) -> tuple[tuple[Title, str], ...]:
    """Roles with the user groups of Slack's that have them, as `communications=S0123`. Raises `WrongValueError`."""
    found = []
    for pair in filter(str.strip, written.split(",")):
        role, _, group = (part.strip() for part in pair.partition("="))
        title = Title.read(role)
        if title is None or not _GROUP.fullmatch(group):
            raise WrongValueError(
                saying(
                    "write communications=S0123, owner:legal=S0456, with commas between: a role ({roles}, or owner: "
                    "and its id in the policy) and a user group's ID, which begins with S (in Slack: the group, …, "
                    "Copy group ID).",
                    roles=", ".join(each for each in Role if each is not Role.OWNER),
                )
            )
        found.append((title, group))
    return tuple(found)


def is_account(written: str) -> bool:
    """Whether it is written as `slack:T0123:U0456`, `telegram:12345`, `oidc:` and 32 digits, `local:owner` or
    `api:c_0123` are."""
    return _ACCOUNT.fullmatch(written) is not None


def provider_account(issuer: str, subject: str) -> str:
    """Whoever a provider of OpenID Connect calls `subject`; the same one whatever becomes of their address."""
    return f"oidc:{hashlib.sha256(chr(10).join((issuer, subject)).encode(errors='replace')).hexdigest()[:32]}"


def client_account(client: str) -> str:
    """That of a program which hands in drafts by the HTTP API; `client` is the id that it was let in by."""
    return f"api:{client}"


def is_program(account: str) -> bool:
    """Whether it is a program's, which has no role and is nobody's."""
    return account.startswith("api:")
