"""Receipts: a short code that binds outcome and policy to one exact text, and tells later whether it still holds."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from sqlmodel import select

from bot.store import Store
from bot.tables import Receipt

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no letter that is taken for a digit, and none that makes words with others."""
_LENGTH = 8
_ALIKE = str.maketrans("OIL", "011")


class Validity(Enum):
    """What a receipt says of a text."""

    VALID = auto()
    EDITED = auto()
    """The text is not the one that was checked."""
    SUPERSEDED = auto()
    """The text is the same; the policy in force is another."""
    UNKNOWN = auto()
    """There is no such receipt."""


@dataclass(frozen=True, slots=True)
class Verified:
    validity: Validity
    outcome: str | None = None
    context: str | None = None
    """What it was checked as: kind, account and channel, with blanks between."""
    policy: str | None = None
    at: datetime | None = None


class Receipts:
    """Gives and verifies. The database holds a keyed hash of each text, from which nothing of it can be told."""

    def __init__(self, store: Store, key: bytes, code: Callable[[], str] | None = None) -> None:
        self._store, self._key = store, key
        self._code = code or _random

    def give(self, *, screening: str, text: str, policy: str, outcome: str, context: str, at: datetime) -> str:
        """The code for this text, outcome and `context`; asked for again, the same one."""
        outcome = f"{outcome} {context}"
        mac = self._mac(text, policy, outcome)
        known = select(Receipt).where(Receipt.screening == screening, Receipt.mac == mac)
        with self._store.write() as session:
            if found := session.exec(known).first():
                return found.code
            code = self._code()
            while session.get(Receipt, code):
                code = self._code()
            session.add(
                Receipt(code=code, screening=screening, mac=mac, policy=policy, outcome=outcome, at=at.timestamp())
            )
        return code

    def verify(self, code: str, text: str, policy: str) -> Verified:
        """What the receipt `code`, as people write it, says of `text` under the `policy` in force."""
        with self._store.read() as session:
            found = session.get(Receipt, bare(code))
        if found is None:
            return Verified(Validity.UNKNOWN)
        is_same = hmac.compare_digest(found.mac, self._mac(text, found.policy, found.outcome))
        validity = Validity.VALID if found.policy == policy else Validity.SUPERSEDED
        outcome, _, context = found.outcome.partition(" ")
        at = datetime.fromtimestamp(found.at, UTC)
        return Verified(validity if is_same else Validity.EDITED, outcome, context, found.policy, at)

    def _mac(self, text: str, policy: str, outcome: str) -> str:
        said = "\0".join([policy, outcome, as_published(text)])
        return hmac.new(self._key, said.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def as_published(text: str) -> str:
    """The text without what copying and pasting changes: line ends, blanks at the ends of lines, composed accents."""
    lines = unicodedata.normalize("NFC", text).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip()


def shown(code: str) -> str:
    """A code as people read it: `K7QF-2M9X`."""
    return f"{code[:4]}-{code[4:]}"


def bare(code: str) -> str:
    """A code as people write it, without what they add or confuse."""
    return "".join(sign for sign in code.upper().translate(_ALIKE) if sign in _ALPHABET)


def _random() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
