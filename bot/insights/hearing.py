"""What customers wrote, read once and kept as vectors beside the search index: derived, in no backup, let go with it.

Its words are opened as those of the index are: the machine's work and no look, since nobody sees them by it. A vector
tells nearly as much as the words do, and is treated like them.
"""

# ruff: noqa: S608 -- statements are put together from our own pieces; values always go beside them

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import Connection, Row, text

from bot.audit.facets import plain
from bot.audit.index import Index
from bot.audit.statistics import Period
from bot.insights.telling import Message, words_of
from bot.people import LANGUAGES
from rules.language import detect
from rules.serving import Floats

if TYPE_CHECKING:
    from rules.encoder import Encoder

MOST: Final = 2_000
"""Replies that are heard for one page, evenly by week: those whose random names come first, and so any."""
_BATCH: Final = 32
_LONGEST: Final = 2_000
"""Characters of a message that are read."""

_REPLIES = (
    "hit.kind = 'screening' AND hit.draft = 'reply' AND hit.holder IS NOT NULL "
    "AND hit.seq BETWEEN :low AND :high AND hit.at >= :since AND hit.at < :until"
)
_COUNT = text(f"SELECT count(*) FROM hit WHERE {_REPLIES}")
_CHOSEN = text(
    "SELECT hit.seq, heard.words, coalesce(heard.language, hit.language) AS language, heard.asks, heard.vector "
    f"FROM hit LEFT JOIN heard ON heard.seq = hit.seq AND heard.model = :model WHERE {_REPLIES} "
    "ORDER BY hit.subject, hit.seq LIMIT :most"
)
_NEW = text(
    "INSERT INTO heard (seq, model, words, language, asks, vector) "
    "VALUES (:seq, :model, :words, :language, :asks, :vector) "
    "ON CONFLICT (seq) DO UPDATE "
    "SET model = :model, words = :words, language = :language, asks = :asks, vector = :vector"
)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of a customer with its vector."""

    message: Message
    asks: bool
    """Whether there is a question mark in it."""
    vector: Floats


@dataclass(frozen=True, slots=True)
class Week:
    """The replies of one week."""

    replies: int
    """All of them, also those that answer nothing that is known."""
    chosen: int
    """Those that were listened to."""
    heard: tuple[Heard, ...]
    """What they answer, each text once."""
    missing: tuple[int, ...]
    """Entries that are still to be read."""


class Hearing:
    """Reads each message once. Thread-safe; raises `RecordError`."""

    def __init__(self, index: Index, encoder: Callable[[], Encoder]) -> None:
        self._index, self._encoder = index, encoder
        self._reads = threading.Lock()

    def read(self, weeks: Sequence[Period], patience: float) -> list[Week]:
        """These weeks, the index caught up first. What takes more than `patience` seconds to read is left `missing`."""
        self._index.catch_up()
        until = time.monotonic() + patience
        found = self._weeks(weeks)
        # The newest week first; and one reads at a time, since the others would read the same.
        missing = [seq for week in reversed(found) for seq in week.missing]
        if not missing or not self._reads.acquire(timeout=patience):
            return found
        try:
            for start in range(0, len(missing), _BATCH):
                if time.monotonic() > until:
                    break
                self._take_in(missing[start : start + _BATCH])
        finally:
            self._reads.release()
        return self._weeks(weeks)

    def _weeks(self, weeks: Sequence[Period]) -> list[Week]:
        most = max(1, MOST // max(1, len(weeks)))
        with self._index.read() as connection:
            return [self._week(connection, week.bounds(connection), most) for week in weeks]

    def _week(self, connection: Connection, bounds: dict[str, str | int], most: int) -> Week:
        replies = int(connection.execute(_COUNT, bounds).scalar_one())
        rows = connection.execute(_CHOSEN, {**bounds, "model": self._model, "most": most}).all()
        missing = tuple(row.seq for row in rows if row.words is None)
        texts: dict[str, Heard] = {}
        for row in rows:
            if row.words:
                texts.setdefault(row.words, _heard(row))
        return Week(replies, len(rows), tuple(texts.values()), missing)

    @property
    def _model(self) -> str:
        from rules.encoder import BUILDER, SHA256

        return f"{SHA256[:12]}.{BUILDER}"

    def _take_in(self, seqs: Sequence[int]) -> None:
        answered = {seq: answered_in(content) for seq, content in self._index.opened(list(seqs)).items()}
        said = {seq: words for seq, words in answered.items() if words_of(words)}
        by_seq = dict(zip(said, apart(self._encoder(), list(said.values())), strict=True)) if said else {}
        with self._index.write() as connection:
            # Whoever was erased meanwhile is not to come back: what is let go from now on waits for us.
            still = self._index.opened(list(seqs))
            rows = [
                self._row(seq, said[seq], by_seq[seq]) if seq in said and seq in still else self._row(seq)
                for seq in seqs
            ]
            connection.execute(_NEW, rows)

    def _row(self, seq: int, said: str = "", vector: Floats | None = None) -> dict[str, Any]:
        kept = None if vector is None else vector.astype(np.float16).tobytes()
        return {
            "seq": seq,
            "model": self._model,
            "words": " ".join(words_of(said)),
            "language": spoken(said),
            "asks": int("?" in said),
            "vector": kept,
        }


def apart(encoder: Encoder, texts: Sequence[str]) -> Floats:
    """One vector for each, whatever else is read: in eight bits, what is read together colours one another."""
    return np.concatenate([encoder.vectors([text]) for text in texts])


def spoken(said: str) -> str | None:
    """Italian or English, where that is clear; else the reply's language may tell."""
    return detect(said, LANGUAGES).code if said else None


def answered_in(content: bytes) -> str:
    """What a reply answers, masked; empty where that is not known."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    answered = said.get("in_reply_to") if isinstance(said, dict) else None
    return plain(answered)[:_LONGEST] if isinstance(answered, str) else ""


def _heard(row: Row[Any]) -> Heard:
    message = Message(row.seq, row.language, tuple(row.words.split()))
    return Heard(message, bool(row.asks), np.frombuffer(bytes(row.vector), np.float16).astype(np.float32))
