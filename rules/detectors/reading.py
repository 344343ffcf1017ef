"""What rules read of a draft by model, once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from rules.detectors.base import Subject
from rules.draft import Account, Draft, Kind, Span
from rules.folding import fold
from rules.passages import Context
from rules.segmenting import sentences, words
from rules.unavailable import Unavailable

if TYPE_CHECKING:
    from rules.detoxified import Detoxified
    from rules.e5 import Floats
    from rules.judge import Judge, Judged, Scored
    from rules.judges import Judges

T = TypeVar("T")


def judges(subject: Subject) -> Judges:
    """Raises `Unavailable` where the screener was given none."""
    if subject.judges is None:
        raise Unavailable("model:vaglio-judge")
    return subject.judges


def judged(subject: Subject) -> tuple[Judge, Judged]:
    """The draft as the judge reads it, with what it answers; spans are of the folded text. Raises `Unavailable`."""
    judge = judges(subject).judge()
    subject.models[judge.name] = judge.digest
    return judge, subject.once("judged", partial(_read, judge, subject))


def already_judged(subject: Subject) -> tuple[Judge, Judged] | None:
    """As `judged`, where some rule has asked before; it opens nothing and waits for nothing."""
    read = subject.known("judged")
    return (judges(subject).judge(), cast("Judged", read)) if read is not None else None


def detoxified(subject: Subject) -> tuple[Detoxified, Judged] | None:
    """The draft as Detoxify reads it; None where there is none. Raises `Unavailable`."""
    detoxify = judges(subject).detoxify()
    if detoxify is None:
        return None
    subject.models[detoxify.name] = detoxify.digest
    text = subject.folded.plain.text
    return detoxify, subject.once("detoxified", lambda: detoxify.read(text, _plain_sentences(subject)))


def undisguised(subject: Subject, reader: Judge | Detoxified) -> Sequence[tuple[Span, Judged]]:
    """Sentences that read otherwise once a disguise is undone (leetspeak, spaced or stretched letters), judged apart.

    Each with its place in the draft. Raises `Unavailable`.
    """
    return subject.once(f"undisguised {reader.name}", partial(_read_undisguised, reader, subject))


@dataclass(frozen=True, slots=True)
class Topical:
    """The draft as topics read it: a vector for each segment."""

    spans: tuple[Span, ...]
    windows: tuple[bool, ...]
    vectors: Floats

    def over(self, scores: Floats, threshold: float) -> list[tuple[Scored, Floats]]:
        """Segments whose score reaches `threshold`, told as the judge tells them, each with its vector."""
        from rules.judge import Judged

        told = Judged(("topic",), self.spans, self.windows, scores[:, None]).over("topic", threshold)
        return [(scored, self.vectors[self.spans.index(scored.span)]) for scored in told]


def topical(subject: Subject) -> Topical:
    """Raises `Unavailable`."""
    return subject.once("topical", partial(_read_topical, subject))


def _read_topical(subject: Subject) -> Topical:
    from rules.topics import placed

    held = judges(subject)
    background, encoder = held.background(), held.encoder()
    _, read = judged(subject)
    encoded = encoder.read(subject.folded.plain.text, _plain_sentences(subject))
    return Topical(read.spans, read.windows, placed(encoded, read.vectors, background.middle))


@dataclass(frozen=True, slots=True)
class Apart:
    """Sentences of the draft by the encoder, each as if it stood alone: others would hide what it says."""

    spans: tuple[Span, ...]
    texts: tuple[str, ...]
    vectors: Floats


def apart(subject: Subject, least: int) -> Apart:
    """Those of at least so many words. Raises `Unavailable`."""
    return subject.once(("apart", least), partial(_read_apart, subject, least))


def _read_apart(subject: Subject, least: int) -> Apart:
    from rules.encoder import NAME, SHA256

    encoder, text = judges(subject).encoder(), subject.folded.plain.text
    subject.models[NAME] = SHA256[:12]
    spans = tuple(span for span in _plain_sentences(subject) if len(words(span.of(text))) >= least)
    texts = tuple(span.of(text) for span in spans)
    return Apart(spans, texts, encoder.read_each(texts))


def vectors_of(text: str, held: Judges) -> tuple[Floats, Floats]:
    """An example's vectors, by the encoder and by the judge: of its first window, which nearly always is all of it.

    Raises `Unavailable`.
    """
    plain = fold(text).plain.text
    parts = sentences(plain)
    context = Context(Kind.POST, Account.INSTITUTIONAL)
    return held.encoder().read(plain, parts)[0], held.judge().read(plain, parts, context).vectors[0]


def spoken(subject: Subject) -> str | None:
    """The draft's language where it is decided."""
    return subject.languages[0] if len(subject.languages) == 1 else None


def _read(judge: Judge, subject: Subject) -> Judged:
    draft = subject.draft
    asked = fold(draft.in_reply_to).plain.text if draft.in_reply_to else ""
    context = Context(draft.kind, known_account(draft), asked)
    text, parts = subject.folded.plain.text, _plain_sentences(subject)
    return _in_time(lambda: judge.read(text, parts, context, spoken(subject)))


def known_account(draft: Draft) -> Account:
    """As the judge has learned them: a private draft is a person's."""
    return Account.PERSONAL if draft.account is Account.PRIVATE else draft.account


def _plain_sentences(subject: Subject) -> tuple[Span, ...]:
    return subject.once("plain sentences", lambda: sentences(subject.folded.plain.text))


def _read_undisguised(reader: Judge | Detoxified, subject: Subject) -> list[tuple[Span, Judged]]:
    places = subject.once("undisguised", partial(_undisguised, subject))
    read = _in_time(lambda: _each_read(reader, list(places), subject))
    return [(span, one) for words, one in zip(places, read, strict=True) for span in places[words]]


def _each_read(reader: Judge | Detoxified, texts: Sequence[str], subject: Subject) -> list[Judged]:
    from rules.judge import Judge

    if not isinstance(reader, Judge):
        return reader.read_each(texts)
    context = Context(subject.draft.kind, known_account(subject.draft))
    return reader.read_each(texts, context, spoken(subject))


def _undisguised(subject: Subject) -> dict[str, set[Span]]:
    """The sentences that are new in a further reading, and their places in the draft."""
    text = subject.folded.plain.text
    known = {span.of(text) for span in _plain_sentences(subject)}
    places: dict[str, set[Span]] = {}
    for reading in subject.folded.undisguised:
        for span in sentences(reading.text):
            if (words := span.of(reading.text)) not in known:
                places.setdefault(words, set()).add(reading.span(span.start, span.end))
    return places


def _in_time(read: Callable[[], T]) -> T:
    from rules.judge import TooLong

    try:
        return read()
    except TooLong:
        raise Unavailable("timeout") from None
