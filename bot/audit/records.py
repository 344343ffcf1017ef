"""What an entry says, in canonical bytes: facts and places, never words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import rfc8785

from bot.prescreen import Keepsake, Screening
from rules.verdict import Finding

VERSION = 2
RAW = "raw"
"""The kind of entry whose words are a draft as it was written, where the policy says so."""
GENESIS = "0" * 64
"""The hash that the first entry names as the one before it."""
LAST = 2**53 - 1
"""The highest number that an entry can have: canonical JSON knows no whole numbers beyond."""
SALT_BYTES = 32
"""Exactly: see `commitment`."""

_UNSAID = frozenset({"protected_speech", "special_category"})
"""Labels of which no score is recorded: an employer may not gather opinions, faith, health or union of anybody."""

Facts = Mapping[str, object]


def canonical(value: Facts) -> bytes:
    """RFC 8785: one value, one sequence of bytes."""
    return rfc8785.dumps(cast("dict[str, rfc8785._impl._Value]", value))


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def commitment(salt: bytes, content: bytes) -> str:
    """Binds an entry to its content without telling it: a plain hash of a short post could be guessed.

    Salt and content meet without a seam, so a salt of any other length than `SALT_BYTES` must not be believed.
    """
    return hashlib.sha256(salt + content).hexdigest()


def timestamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Words:
    """What an entry says of the words that belong to it, without telling any."""

    commitment: str
    holder: str
    """Under whose key they are sealed."""
    sealed: str
    """SHA-256 of the sealed bytes: so whoever has no key sees too that they are the ones that were written."""


def sealed_about(seq: int) -> bytes:
    """What the sealed words of entry `seq` are bound to."""
    return f"content:{seq}".encode()


def entry_body(
    *,
    seq: int,
    previous: str,
    at: datetime,
    kind: str,
    actor: str | None,
    subject: str,
    facts: Facts,
    words: Words | None,
) -> bytes:
    """The canonical bytes of an entry. `actor` is a pseudonym; `subject` is what the entry is about."""
    return canonical(
        {
            "v": VERSION,
            "seq": seq,
            "previous": previous,
            "at": timestamp(at),
            "kind": kind,
            "actor": actor,
            "subject": subject,
            "commitment": words.commitment if words else None,
            "holder": words.holder if words else None,
            "sealed": words.sealed if words else None,
            "facts": facts,
        }
    )


def screening_facts(screening: Screening) -> Facts:
    draft, verdict = screening.draft, screening.verdict
    again = {"thread": screening.thread} if screening.thread and screening.thread != screening.id else {}
    return again | {
        "policy": verdict.policy_revision,
        "outcome": verdict.outcome.value,
        "draft": {
            "kind": draft.kind.value,
            "account": draft.account.value,
            "channel": draft.channel.value,
            "audience": draft.audience.value,
            "characters": len(draft.text),
            "is_answer": draft.in_reply_to is not None,
            "attachments": list(draft.attachments),
        },
        "language": verdict.language,
        "findings": _findings(_recorded(verdict.findings)),
        "shadow": _findings(_recorded(verdict.shadow)),
        "dismissed": _findings(screening.dismissed),
        "unchecked": [
            {"rule": missed.rule, "reason": missed.reason, "severity": missed.severity.value}
            for missed in verdict.unchecked
        ],
        "scores": {name: score for name, score in verdict.scores.items() if name.rpartition(".")[2] not in _UNSAID},
        "models": dict(verdict.models),
    }


def screening_content(keepsake: Keepsake, count: int) -> bytes:
    """The masked words, and where the verdict's `count` findings stand in them."""
    text, answered = (keepsake.text, keepsake.in_reply_to) if keepsake.is_recorded else (None, None)
    spans = text.spans[:count] if text else ()
    return canonical(
        {
            "text": text.text if text else None,
            "spans": [[span.start, span.end] for span in spans],
            "in_reply_to": answered.text if answered else None,
        }
    )


def _recorded(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if not finding.tells_opinion]


def _findings(findings: Sequence[Finding]) -> list[Facts]:
    return [
        {
            "rule": finding.rule,
            "clause": finding.clause,
            "severity": finding.severity.value,
            "start": finding.span.start,
            "end": finding.span.end,
            "score": finding.score,
            "hides": finding.hides,
        }
        for finding in findings
    ]
