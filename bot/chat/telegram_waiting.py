"""The words that somebody was asked for: kept until the next message of theirs, which is taken for them once."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.audit.vault import Vault
from bot.places import Awaiting

REPLY, ANSWER, PRIVATE = "reply", "answer", "private"
"""What is waited for where it is no action: a customer's words, the draft that answers them, a private draft."""


class Waiting(BaseModel):
    """What the next message of somebody is meant for. It holds no words but those that it has sealed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    word: str
    """An action's, or one of those above."""
    chat: int
    at: float = 0.0
    """When whatever led to the question was done."""
    message: int | None = None
    """The message that is over once the words are there."""
    question: int | None = None
    said: tuple[str, str] | None = None
    """What a customer wrote, sealed: the wrapped key and the bytes."""
    by: int | None = None
    """The update that brought the words."""
    words: int | None = None
    """The message that they stand in."""

    @classmethod
    def read(cls, kept: object) -> Self | None:
        """None for what another version has written."""
        try:
            return cls.model_validate_json(kept) if isinstance(kept, str) else None
        except ValidationError:
            return None


class Waits:
    """Of each account, what it was asked for last, for an hour."""

    def __init__(self, awaiting: Awaiting, vault: Vault) -> None:
        self._awaiting, self._vault = awaiting, vault

    def ask(self, account: str, waiting: Waiting, now: datetime) -> None:
        self._awaiting.ask(account, waiting.model_dump_json(), now)

    def open(self, account: str, now: datetime) -> Waiting | None:
        """What nobody has answered yet."""
        kept = self._kept(account, now)
        return kept if kept and kept.by is None else None

    def claim(
        self, account: str, update: int, chat: int, message: int, question: int | None, now: datetime
    ) -> Waiting | None:
        """What this message answers: from now on it is its update's, and of two at once only one is the answer.

        In a group it has to be one to the `question`. None: nothing waits for it, or something else has answered.
        """
        found: list[Waiting] = []

        def claimed(kept: str) -> str | None:
            waiting = Waiting.read(kept)
            if waiting is None or waiting.by not in (None, update) or waiting.chat != chat:
                return None
            if question is not None and waiting.question not in (None, question):
                return None
            found.append(waiting)
            return waiting.model_copy(update={"by": update, "words": message}).model_dump_json()

        return found[0] if self._awaiting.change(account, claimed, now) else None

    def answered_by(self, account: str, message: int, now: datetime) -> Waiting | None:
        """What a message that is now edited was the answer to."""
        kept = self._kept(account, now)
        return kept if kept and kept.by is not None and kept.words == message else None

    def clear(self, account: str) -> None:
        self._awaiting.clear(account)

    def seal(self, words: str, account: str) -> tuple[str, str]:
        wrapped, sealed = self._vault.seal(words.encode(errors="replace"), account.encode())
        return b64encode(wrapped).decode(), b64encode(sealed).decode()

    def unseal(self, said: tuple[str, str], account: str) -> str:
        """Raises `VaultError` where it was sealed for somebody else, or under another master key."""
        wrapped, sealed = (b64decode(part) for part in said)
        return self._vault.unseal(wrapped, sealed, account.encode()).decode()

    def _kept(self, account: str, now: datetime) -> Waiting | None:
        return Waiting.read(self._awaiting.asked(account, now))
