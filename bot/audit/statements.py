"""What a checkpoint says, in the bytes that are signed, and how it is read again where nothing may be believed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.audit import records

VERSION = 1
FIRST = "0" * 64
"""What the first checkpoint names as the one before it."""
FILES = "checkpoint-*.json"

_HEX = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_PERSON = re.compile(r"p_\w+", re.ASCII)
_AT = "%Y-%m-%dT%H:%M:%S.%fZ"
_KEYS = {"v", "number", "at", "count", "head", "previous", "erased", "key"}
_MOST = 2**63 - 1


class StatementError(ValueError):
    """Something that is no checkpoint of Vaglio's. Says nothing of what it is."""


@dataclass(frozen=True, slots=True)
class Statement:
    """At `at` the ledger had `count` entries, and the last one's hash was `head`."""

    number: int
    at: datetime
    count: int
    head: str
    previous: str
    """SHA-256 of the body of the checkpoint before."""
    erased: tuple[str, ...]
    """Pseudonyms of whoever was erased since the checkpoint before."""
    key: str
    """The public key that signs this one, hexadecimal."""
    next_key: str | None = None
    """The one that signs from the next one on, where it is another."""

    @property
    def next_signer(self) -> str:
        return self.next_key or self.key

    def body(self) -> str:
        """Canonical JSON: what is signed."""
        said: dict[str, object] = {
            "v": VERSION,
            "number": self.number,
            "at": records.timestamp(self.at),
            "count": self.count,
            "head": self.head,
            "previous": self.previous,
            "erased": list(self.erased),
            "key": self.key,
        }
        if self.next_key is not None:
            said["next_key"] = self.next_key
        return records.canonical(said).decode()


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it is stored and delivered."""

    body: str
    signature: str

    @property
    def digest(self) -> str:
        """What the checkpoint after it names as `previous`."""
        return hashlib.sha256(self.body.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def line(self) -> str:
        """One line of JSON, without its end."""
        return json.dumps({"body": self.body, "signature": self.signature})

    def statement(self) -> Statement:
        """Raises `StatementError`."""
        return read_statement(self.body)


def file_name(number: int) -> str:
    return f"checkpoint-{number:08d}.json"


def read_line(line: bytes) -> Signed:
    """Raises `StatementError`. What a receiver put beside the two is passed over: it is not signed."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise StatementError from None
    body, signature = (found.get("body"), found.get("signature")) if isinstance(found, dict) else (None, None)
    if not isinstance(body, str) or not isinstance(signature, str):
        raise StatementError
    return Signed(body, signature)


def read_statement(body: str) -> Statement:
    """Only what Vaglio would have written to the letter. Raises `StatementError`."""
    try:
        said = json.loads(body)
        if not isinstance(said, dict) or not _is_sensible(said):
            raise StatementError
        statement = Statement(
            number=said["number"],
            at=datetime.strptime(said["at"], _AT).replace(tzinfo=UTC),
            count=said["count"],
            head=said["head"],
            previous=said["previous"],
            erased=tuple(said["erased"]),
            key=said["key"],
            next_key=said.get("next_key"),
        )
        is_canonical = statement.body() == body
    except (ValueError, TypeError, KeyError, RecursionError):
        raise StatementError from None
    if not is_canonical:
        raise StatementError
    return statement


def is_signature(text: str) -> bool:
    return _SIGNATURE.fullmatch(text) is not None


def is_public_key(text: str) -> bool:
    return _HEX.fullmatch(text) is not None


def is_pseudonym(said: object) -> bool:
    return isinstance(said, str) and _PERSON.fullmatch(said) is not None


def _is_sensible(said: Mapping[str, object]) -> bool:
    keys, numbers, erased = set(said), (said["number"], said["count"]), said["erased"]
    return (
        _KEYS <= keys <= _KEYS | {"next_key"}
        and said["v"] == VERSION
        and all(type(number) is int and 0 <= number <= _MOST for number in numbers)
        and all(isinstance(said[key], str) for key in ("at", "head", "previous", "key"))
        and all(_HEX.fullmatch(str(said[key])) for key in keys & {"head", "previous", "key", "next_key"})
        and isinstance(erased, list)
        and all(is_pseudonym(person) for person in erased)
    )
