"""What an answer shows of a draft: nothing that plays tricks on its reader, and no more than there is room for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import regex

from bot.pieces import Piece
from bot.reply import Reply
from rules.rewriting import Change
from rules.verdict import Outcome, Severity

DOTS = "…"
SIGNS = {Outcome.CLEAR: "✅", Outcome.REVISE: "✏️", Outcome.REVIEW: "✋", Outcome.BLOCK: "⛔"}
MARKS = {Severity.NOTE: "💡", Severity.WARN: "✏️", Severity.REVIEW: "✋", Severity.BLOCK: "⛔"}
_INSTEAD = "\ufffd"
_AROUND = (400, 200, 80, 30, 10)
"""Characters shown on each side of what is marked, ever fewer until all of it fits."""

_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

_NEW_LINE = regex.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
# Marks stacked higher than in any language would be drawn over the lines above and below.
_STACKED = regex.compile(r"(?<=\p{M}{4})\p{M}+")
# Controls, format characters and halves of characters, but for what joins letters and emoji; a flag may end in tags.
_UNSEEN = regex.compile(
    r"(?V1)(?P<flag>\U0001F3F4[\U000E0020-\U000E007E]+\U000E007F)"
    r"|[[\p{Cc}\p{Cf}\p{Cs}]--[\n\t\u200c\u200d]]"
)


def sign_of(reply: Reply) -> str:
    """What stands before its title."""
    return SIGNS[reply.outcome] if reply.outcome else reply.sign


def harmless(text: str) -> str:
    """`text` without what could reorder, hide or overlay the words around it: a sign stands where that was."""
    text = _STACKED.sub("", _NEW_LINE.sub("\n", text))
    return _UNSEEN.sub(lambda match: match["flag"] or _INSTEAD, text)


def numbers(piece: Piece, before: Piece | None) -> str:
    """The remarks that begin at `piece`, raised so that they are not taken for the draft's own digits."""
    fresh = [mark for mark in piece.marks if before is None or mark not in before.marks]
    return "⁺".join(str(mark).translate(_DIGITS) for mark in fresh)


def shown(pieces: Sequence[Piece], fits: Callable[[Sequence[Piece]], bool]) -> tuple[list[Piece], bool]:
    """The pieces made harmless, and shortened until they fit: what is marked most severely stays the longest.

    Also says whether a marked place had to be left out.
    """
    safe = [replace(piece, text=harmless(piece.text)) for piece in pieces]
    if fits(safe):
        return safe, False
    # Remarks are numbered from the most severe.
    marked = sorted((place for place, piece in enumerate(safe) if piece.marks), key=lambda at: (safe[at].marks, at))
    kept = len(marked)
    while kept:
        for around in _AROUND:
            if fits(fewer := _around(safe, set(marked[:kept]), around)):
                return fewer, kept < len(marked)
        kept //= 2
    return _beginning("".join(piece.text for piece in safe), fits), bool(marked)


def changed(changes: Sequence[Change], fits: Callable[[Sequence[Change]], bool]) -> list[Change] | None:
    """The changes made harmless, with ever less of what stays around them; None where not even they alone fit."""
    safe = [Change(harmless(change.before), harmless(change.after)) for change in changes]
    if fits(safe):
        return safe
    last = len(safe) - 1
    for around in _AROUND:
        gaps = [_gap_text(change.before, around, after=at > 0, before=at < last) for at, change in enumerate(safe)]
        fewer = [Change(gap, gap) if change.is_kept else change for change, gap in zip(safe, gaps, strict=True)]
        if fits(fewer):
            return fewer
    return None


def _around(pieces: Sequence[Piece], kept: Collection[int], around: int) -> list[Piece]:
    """The kept places and what is next to them; a place that is not kept loses its mark."""
    result, between = list[Piece](), ""
    for place, piece in enumerate(pieces):
        if place not in kept:
            between += piece.text
            continue
        result += _gap(between, around, after=bool(result), before=True)
        result.append(replace(piece, text=_middle_out(piece.text, 2 * around)))
        between = ""
    return result + _gap(between, around, after=True, before=False)


def _gap(text: str, around: int, *, after: bool, before: bool) -> list[Piece]:
    text = _gap_text(text, around, after=after, before=before)
    return [Piece(text)] if text else []


def _gap_text(text: str, around: int, *, after: bool, before: bool) -> str:
    """What stands `after` one kept place and `before` another."""
    if len(text) > around * (after + before) + len(DOTS):
        return (text[:around] if after else "") + DOTS + (text[-around:] if before else "")
    return text


def _middle_out(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}{DOTS}{text[-(most // 2) :]}"


def _beginning(text: str, fits: Callable[[Sequence[Piece]], bool]) -> list[Piece]:
    length = len(text)
    while length:
        length -= length // 8 + 1
        if fits(beginning := [Piece(text[:length] + DOTS)]):
            return beginning
    return []
