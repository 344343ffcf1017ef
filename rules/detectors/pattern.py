"""Regular expressions, by RE2: linear time, whatever the pattern and the draft; or, where it must be, by `regex`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from rules.detectors.base import BaseRule, Hit, Subject
from rules.folding import Reading
from rules.patterns import Engine, Pattern, Scope, find, groups_of, is_spared, scoped


class PatternRule(BaseRule):
    finds: ClassVar[str] = "regular expressions (RE2)"
    seeks_words: ClassVar[bool] = True

    detector: Literal["pattern"]
    engine: Engine = "re2"
    """`regex` knows lookaround and back-references, and may take a tenth of a second a search; then it is unchecked."""
    patterns: tuple[Pattern, ...] = Field(min_length=1)
    r"""In RE2's syntax. Its `\w`, `\d` and `\b` know ASCII only: write `\p{L}` for letters and `\p{Nd}` for digits."""
    ignore_case: bool = True
    whole_words: bool = False
    r"""Whether no letter, digit or underscore may touch a match; letters with accents too, unlike with `\b`."""
    unless: tuple[Pattern, ...] = ()
    """A match is none if one of these is found in it, as whole words and in this very case."""
    scope: Scope = "text"
    """What a match may not reach beyond."""
    as_written: bool = False
    """Whether dashes, quotes, dots and accents must be the very signs that the patterns have."""
    group: int = Field(default=0, ge=0)
    """The group that is at fault, where the rest of the pattern is only context; without it the whole is."""

    @model_validator(mode="after")
    def _has_group(self) -> PatternRule:
        if all(groups_of(pattern, self.engine) < self.group for pattern in self.patterns):
            raise PydanticCustomError("no_group", "no pattern has that group", {"group": str(self.group)})
        return self

    def find(self, subject: Subject) -> Iterator[Hit]:
        for reading in scoped(subject, self.scope, as_written=self.as_written):
            for pattern in self.patterns:
                yield from self._hits(pattern, reading)

    def _hits(self, pattern: str, reading: Reading) -> Iterator[Hit]:
        found = find(
            pattern, reading.text, engine=self.engine, ignore_case=self.ignore_case, whole_words=self.whole_words
        )
        group = min(self.group, groups_of(pattern, self.engine))
        for match in found:
            start, end = match.spans[group]
            if start < end and not is_spared(match, self.unless, self.engine):
                yield Hit(reading.span(start, end))
