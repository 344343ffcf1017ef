"""Screenings as the record holds them, with their masked words: what a backtest replays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import Connection, text
from sqlmodel import Session

from bot.audit.forms import read
from bot.audit.ledger import Ledger
from bot.audit.promises import LetGo, Promised
from bot.audit.vault import VaultError
from rules.draft import Draft

KIND = "screening"
Missing = Literal["erased", "no_words"]
"""Why a screening cannot be replayed: whose it was is erased; or its words were not kept, or not any more."""

_LAST = text(
    "SELECT count(*) AS number, max(seq) AS newest"
    " FROM (SELECT seq FROM entry WHERE kind = :kind ORDER BY seq DESC LIMIT :last) AS chosen"
)
_NEXT = text("SELECT seq, body FROM entry WHERE kind = :kind AND seq < :beyond ORDER BY seq DESC LIMIT :most")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One screening. Of rules it has the ids."""

    seq: int
    id: str
    at: datetime
    policy: str
    """A revision."""
    draft: Draft
    """As it was stored, without an author."""
    is_whole: bool
    """Whether surely nothing was masked: then the words are those of the writer."""
    language: str | None
    """As it was told at the time; None: undecided."""
    found: frozenset[str]
    """Of rules in force and on trial."""
    dismissed: frozenset[str]
    unchecked: Mapping[str, str]
    """With the reason."""
    scores: Mapping[str, float]
    models: Mapping[str, str]

    @classmethod
    def of(cls, said: Mapping[str, Any], words: bytes) -> Recorded | None:
        """None: there are no words in it, or it is not as Vaglio writes it, which is for `verify` to tell."""
        try:
            facts, held = said["facts"], json.loads(words)
            if not (held["text"] or "").strip():
                return None
            return cls(
                seq=said["seq"], id=said["subject"], at=datetime.fromisoformat(said["at"]), policy=facts["policy"],
                draft=_draft(facts["draft"], held), language=facts["language"],
                # Whatever is masked is a name in square brackets.
                is_whole="[" not in held["text"] + (held["in_reply_to"] or ""),
                found=_rules(facts["findings"]) | _rules(facts["shadow"]), dismissed=_rules(facts["dismissed"]),
                unchecked={each["rule"]: each["reason"] for each in facts["unchecked"]},
                scores=facts["scores"], models=facts["models"],
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, ValidationError):
            return None


def _draft(told: Mapping[str, Any], held: Mapping[str, Any]) -> Draft:
    return Draft(
        text=held["text"], in_reply_to=held["in_reply_to"], kind=told["kind"], account=told["account"],
        channel=told["channel"], attachments=tuple(told["attachments"]),
        **({"audience": told["audience"]} if "audience" in told else {}),
    )  # fmt: skip


def _rules(findings: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(each["rule"] for each in findings)


def last_ones(connection: Connection, last: int) -> tuple[int, int]:
    """How many screenings there are, at most `last`, and the number of the newest."""
    row = connection.execute(_LAST, {"kind": KIND, "last": last}).one()
    return row.number, row.newest or 0


def recorded(ledger: Ledger, session: Session, *, beyond: int, most: int) -> list[tuple[int, Recorded | Missing]]:
    """The newest screenings before entry `beyond`, the newest first. Raises what the record raises."""
    rows = session.connection().execute(_NEXT, {"kind": KIND, "beyond": beyond, "most": most}).all()
    words = _opened(ledger, [row.seq for row in rows])
    gone = LetGo.told(session.connection()) if len(words) < len(rows) else LetGo()
    found = []
    for row in rows:
        said = read(bytes(row.body)) or {}
        one = Recorded.of(said, words[row.seq]) if row.seq in words else None
        found.append((row.seq, one or _missing(said, gone)))
    return found


def _missing(said: Mapping[str, Any], gone: LetGo) -> Missing:
    return "erased" if said and Promised.by(said).holder in gone.persons else "no_words"


def _opened(ledger: Ledger, seqs: Sequence[int]) -> dict[int, bytes]:
    """What can be opened: somebody's damaged words are no reason to say nothing of all others."""
    try:
        return ledger.words(seqs)
    except VaultError:
        return {} if len(seqs) == 1 else {seq: words for each in seqs for seq, words in _opened(ledger, [each]).items()}
