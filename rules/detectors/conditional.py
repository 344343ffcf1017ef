"""Where one thing stands, another must stand too: an acronym and its explanation, a product and its note."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from rules.detectors.base import BaseRule, Hit, Subject
from rules.folding import Reading
from rules.patterns import Engine, Found, Pattern, Scope, find, groups_of, is_spared, scoped


class Conditional(BaseRule):
    finds: ClassVar[str] = "something that stands without what it calls for"
    seeks_words: ClassVar[bool] = True

    detector: Literal["conditional"]
    engine: Engine = "re2"
    """As that of `pattern`."""
    first: Pattern
    second: Pattern
    """Where both have a group, what the groups caught must agree; otherwise `second` anywhere satisfies `first`."""
    ignore_case: bool = True
    unless: tuple[Pattern, ...] = ()
    """What `first` finds is none if one of these is found in it, as whole words and in this very case."""
    scope: Scope = "text"
    """Within what `second` must stand; what groups caught may also stand before it."""

    def find(self, subject: Subject) -> Iterator[Hit]:
        grouped = all(groups_of(pattern, self.engine) > 0 for pattern in (self.first, self.second))
        known = set[str | None]()
        for reading in scoped(subject, self.scope):
            met = {self._caught(match, grouped) for match in self._matches(self.second, reading)}
            known |= met if grouped else set()
            for match in self._matches(self.first, reading):
                if self._caught(match, grouped) not in met | known and not is_spared(match, self.unless, self.engine):
                    yield Hit(reading.span(*match.spans[0]))

    def _matches(self, pattern: str, reading: Reading) -> Iterator[Found]:
        return find(pattern, reading.text, engine=self.engine, ignore_case=self.ignore_case)

    def _caught(self, match: Found, grouped: bool) -> str | None:
        caught = match.group(1) if grouped else ""
        return caught.lower() if caught and self.ignore_case else caught
