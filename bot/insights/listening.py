"""What customers write about, week by week: themes of the messages that replies answered, complaints first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog

from bot.audit.groups import FEWEST
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.looks import look
from bot.audit.vault import VaultError
from bot.insights.hearing import Heard, Hearing, answered_in, apart
from bot.insights.periods import week_of
from bot.insights.reference import Reference
from bot.insights.telling import Vocabulary, phrase
from bot.insights.themes import themes_among
from rules.serving import Floats

if TYPE_CHECKING:
    from rules.encoder import Encoder

log = structlog.get_logger(__name__)

PATIENCE: Final = 3.0
"""Seconds of reading for which a page waits."""
_MOST: Final = 15
"""Themes that are shown."""


@dataclass(frozen=True, slots=True)
class Theme:
    """At least five different messages about one thing."""

    words: tuple[str, ...]
    """The most telling first; of at least three messages each."""
    weeks: tuple[int, ...]
    """Messages in each week."""
    complaints: int
    """How many of them complain."""
    phrases: tuple[str, ...] = ()

    @property
    def messages(self) -> int:
        return sum(self.weeks)

    @property
    def complains(self) -> bool:
        """Whether most of it is complaint."""
        return 2 * self.complaints >= self.messages


@dataclass(frozen=True, slots=True)
class Listened:
    """Some weeks; numbers are one a week, the oldest first."""

    weeks: tuple[date, ...]
    replies: tuple[int, ...]
    """Replies that were checked."""
    chosen: tuple[int, ...]
    """Those of them that were listened to: where there are very many, not all."""
    messages: tuple[int, ...]
    """Different messages that these answer."""
    unread: int
    """Entries that are still to be read: the next look goes on with them."""
    complaints: int
    """How many of the messages complain."""
    themes: tuple[Theme, ...]
    """Those that mostly complain first, of these and of the others the largest first."""

    @property
    def complaints_elsewhere(self) -> int:
        return self.complaints - sum(theme.complaints for theme in self.themes)

    @property
    def elsewhere(self) -> tuple[int, ...]:
        """Messages in none of the themes, by week."""
        return tuple(count - sum(theme.weeks[at] for theme in self.themes) for at, count in enumerate(self.messages))


@dataclass(frozen=True, slots=True)
class _Found:
    """A theme, and the messages from which its phrases may be taken."""

    theme: Theme
    samples: tuple[int, ...]


class Listening:
    """Thread-safe. `encoder` opens it, or gives the one that is open."""

    def __init__(self, index: Index, ledger: Ledger, encoder: Callable[[], Encoder]) -> None:
        self._ledger, self._encoder = ledger, encoder
        self._hearing = Hearing(index, encoder)
        self._reference: Reference | None = None

    def listen(
        self, mondays: Sequence[date], zone: tzinfo, *, by: str | None, at: datetime, patience: float = PATIENCE
    ) -> Listened:
        """The weeks that begin on these days. That phrases were looked at by the person `by` is on record first.

        `by` None: without phrases. Raises `RecordError`, and what opening the encoder raises.
        """
        weeks = self._hearing.read([week_of(monday, zone) for monday in mondays], patience)
        heard = [(number, each) for number, week in enumerate(weeks) for each in week.heard]
        vocabulary, complain, found = Vocabulary(each.message for _, each in heard), list[bool](), list[_Found]()
        if heard:
            vectors, reference = np.stack([each.vector for _, each in heard]), self._held_against()
            complain = reference.complain(vectors)
            rows = reference.centred(vectors, [(each.message.language, each.asks) for _, each in heard])
            found = _themes(heard, rows, complain, len(weeks), vocabulary)
        return Listened(
            weeks=tuple(mondays),
            replies=tuple(week.replies for week in weeks),
            chosen=tuple(week.chosen for week in weeks),
            messages=tuple(len(week.heard) for week in weeks),
            unread=sum(len(week.missing) for week in weeks),
            complaints=sum(complain),
            themes=self._with_phrases(found, vocabulary.shared, by, at),
        )

    def read_on(self, mondays: Sequence[date], zone: tzinfo, *, patience: float = PATIENCE) -> int:
        """Read more of these weeks, for the next look. Returns how many entries are left. Raises as `listen`."""
        weeks = self._hearing.read([week_of(monday, zone) for monday in mondays], patience)
        return sum(len(week.missing) for week in weeks)

    def _held_against(self) -> Reference:
        if self._reference is None:
            encoder = self._encoder()
            self._reference = Reference(lambda texts: apart(encoder, texts))
        return self._reference

    def _with_phrases(
        self, found: Sequence[_Found], shared: Set[str], by: str | None, at: datetime
    ) -> tuple[Theme, ...]:
        seqs = sorted(seq for each in found for seq in each.samples) if by is not None else []
        words: dict[int, bytes] = {}
        if by is not None and seqs:
            try:
                words = look(self._ledger, seqs, by=by, at=at, why="listening")
            except VaultError:
                log.warning("listening.words_unreadable")
        themes = []
        for each in found:
            told = (phrase(answered_in(words[seq]), each.theme.words, shared) for seq in each.samples if seq in words)
            phrases = tuple(dict.fromkeys(one for one in told if one))
            themes.append(replace(each.theme, phrases=phrases))
        return tuple(themes)


def _themes(
    heard: Sequence[tuple[int, Heard]], rows: Floats, complain: Sequence[bool], weeks: int, vocabulary: Vocabulary
) -> list[_Found]:
    """`heard`: each message with the number of its week."""
    found = []
    for members in themes_among(rows, FEWEST):
        messages = [heard[number][1].message for number in members]
        if len({message.words for message in messages}) < FEWEST:
            continue
        counts, name = Counter(heard[number][0] for number in members), vocabulary.name(messages)
        theme = Theme(
            words=name,
            weeks=tuple(counts[week] for week in range(weeks)),
            complaints=sum(complain[number] for number in members),
        )
        found.append(_Found(theme, tuple(message.seq for message in vocabulary.samples(messages, name))))
    return sorted(found, key=_rank)[:_MOST]


def _rank(found: _Found) -> tuple[bool, int, tuple[str, ...]]:
    theme = found.theme
    return not theme.complains, -(theme.complaints if theme.complains else theme.messages), theme.words
