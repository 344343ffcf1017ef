"""Where one thing stands, another must stand too: an acronym and its explanation, a product and its note."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from rules.detectors.base import BaseRule, Hit, Subject
from rules.patterns import Pattern, compiled


class Conditional(BaseRule):
    finds: ClassVar[str] = "something that stands without what it calls for"

    detector: Literal["conditional"]
    first: Pattern
    second: Pattern
    """Where both have a group, what the groups caught must agree; otherwise `second` anywhere satisfies `first`."""
    ignore_case: bool = True

    def find(self, subject: Subject) -> Iterator[Hit]:
        plain = subject.folded.plain
        first, second = compiled(self.first, self.ignore_case), compiled(self.second, self.ignore_case)
        grouped = first.groups > 0 and second.groups > 0
        met = {self._caught(match, grouped) for match in second.finditer(plain.text) if match.end() > match.start()}
        for match in first.finditer(plain.text):
            if match.end() > match.start() and self._caught(match, grouped) not in met:
                yield Hit(plain.span(*match.span()))

    def _caught(self, match: Any, grouped: bool) -> str | None:
        caught: str | None = match[1] if grouped else ""
        return caught.lower() if caught and self.ignore_case else caught
