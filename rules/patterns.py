"""Regular expressions from policy authors: RE2, so that no pattern can take more than linear time.

An expression that RE2 has no words for may run on the `regex` module instead, for a tenth of a second a search.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import re2
import regex
from pydantic import AfterValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from rules.folding import Reading

if TYPE_CHECKING:
    from rules.detectors.base import Subject

Engine = Literal["re2", "regex"]
Scope = Literal["text", "paragraph", "sentence"]

PATIENCE = 0.1
"""Seconds that one search may take on the `regex` module."""

WORD = r"\p{L}\p{M}\p{Nd}\p{Pc}"
"""What a word is made of, as the inside of a class: unlike `\\w`, it is the same for both engines."""

_BREAK = regex.compile(rf"[^{WORD}]|$")
_PARAGRAPH = re.compile(r"(?:[^\n]|\n(?!\s*\n))+")


@dataclass(frozen=True, slots=True)
class Found:
    """A place where an expression matched. `spans` are those of the whole and of each group, in characters of `text`.

    A group that took no part has the span (-1, -1).
    """

    text: str = field(repr=False)
    spans: tuple[tuple[int, int], ...]

    def group(self, number: int = 0) -> str | None:
        start, end = self.spans[number]
        return self.text[start:end] if start >= 0 else None


@cache
def compiled(pattern: str, ignore_case: bool = True) -> Any:
    """Raises `re2.error` with RE2's own reason. Cached for good: patterns come from policies, not from drafts."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    return re2.compile(pattern, options)


@cache
def _flexible(pattern: str, ignore_case: bool) -> regex.Pattern[str]:
    return regex.compile(pattern, regex.V1 | (regex.I if ignore_case else 0))


def groups_of(pattern: str, engine: Engine = "re2") -> int:
    """How many groups an expression has."""
    expression = compiled(pattern) if engine == "re2" else _flexible(pattern, True)
    return int(expression.groups)


def find(
    pattern: str, text: str, *, engine: Engine = "re2", ignore_case: bool = True, whole_words: bool = False
) -> Iterator[Found]:
    """Where `pattern` matches, in order; never the empty text.

    With `whole_words`, no letter, digit or underscore may touch a match. Raises `Unavailable` when a search on the
    `regex` module takes more than `PATIENCE`.
    """
    if engine == "regex":
        found = _patiently(rf"(?<![{WORD}])(?:{pattern})(?![{WORD}])" if whole_words else pattern, text, ignore_case)
    elif whole_words:
        found = _as_words(pattern, text, ignore_case)
    else:
        found = (Found(text, _spans(match)) for match in compiled(pattern, ignore_case).finditer(text))
    return (each for each in found if each.spans[0][0] < each.spans[0][1])


def _spans(match: Any) -> tuple[tuple[int, int], ...]:
    return tuple(match.span(group) for group in range(match.re.groups + 1))


def _as_words(pattern: str, text: str, ignore_case: bool) -> Iterator[Found]:
    """RE2's `\\b` knows ASCII alone, and it has no lookaround: what comes after is matched too and then left out."""
    expression, at = compiled(rf"({pattern})(?:[^{WORD}]|\z)", ignore_case), 0
    while match := expression.search(text, at):
        start, end = match.span(1)
        if start and not _BREAK.match(text, start - 1):
            # Nothing can begin before this word is over.
            at = max(start + 1, _next_break(text, start))
            continue
        yield Found(text, _spans(match)[1:])
        at = max(end, at + 1)


def _next_break(text: str, at: int) -> int:
    found = _BREAK.search(text, at)
    return found.end() if found else len(text)


def _patiently(pattern: str, text: str, ignore_case: bool) -> Iterator[Found]:
    from rules.unavailable import Unavailable

    expression, at = _flexible(pattern, ignore_case), 0
    while at <= len(text):
        try:
            match = expression.search(text, at, timeout=PATIENCE)
        except TimeoutError:
            raise Unavailable("timeout") from None
        if match is None:
            return
        yield Found(text, _spans(match))
        at = max(match.end(), match.start() + 1)


def is_spared(found: Found, unless: Sequence[str], engine: Engine) -> bool:
    """Whether one of the expressions `unless` is found in a match, as whole words and in this very case."""
    text = found.group() or ""
    return any(
        next(find(each, text, engine=engine, ignore_case=False, whole_words=True), None) is not None for each in unless
    )


def scoped(subject: Subject, scope: Scope, *, as_written: bool = False) -> Iterator[Reading]:
    """The text as it reads, whole or cut into paragraphs or sentences: no expression sees beyond its piece.

    `as_written`: with the very dashes, quotes and dots that stand there.
    """
    size = len(subject.text)
    plain = subject.folded.plain
    if as_written:
        plain = Reading(subject.text, tuple(range(size)), tuple(range(1, size + 1)))
    if scope == "text":
        yield plain
    elif scope == "paragraph":
        yield from (_piece(plain, *match.span()) for match in _PARAGRAPH.finditer(plain.text))
    else:
        for sentence in subject.sentences:
            start, end = (bisect_left(plain.starts, edge) for edge in (sentence.start, sentence.end))
            if start < end:
                yield _piece(plain, start, end)


def _piece(plain: Reading, start: int, end: int) -> Reading:
    return Reading(plain.text[start:end], plain.starts[start:end], plain.ends[start:end])


def checked(pattern: str, engine: Engine = "re2") -> str:
    """`pattern` itself. Raises pydantic's error when it does not compile or matches the empty text."""
    try:
        found = compiled(pattern) if engine == "re2" else _flexible(pattern, True)
        is_empty = found.search("")
    except re2.error as error:
        reason = error.args[0]
        raise PydanticCustomError(
            "regex", "{reason}", {"reason": reason.decode() if isinstance(reason, bytes) else str(reason)}
        ) from None
    except regex.error as error:
        raise PydanticCustomError(
            "other", "`{pattern}`: {reason}", {"pattern": pattern, "reason": str(error)}
        ) from None
    if is_empty:
        raise PydanticCustomError("regex_empty", "it matches the empty text, and so everywhere")
    return pattern


def _checked(pattern: str, info: ValidationInfo) -> str:
    return checked(pattern, (info.data or {}).get("engine", "re2"))


Pattern = Annotated[str, AfterValidator(_checked)]
"""An expression that compiles and does not match the empty text.

It is RE2's, unless its model has an `engine`, declared before it, that says otherwise.
"""
