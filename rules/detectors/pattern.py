"""Regular expressions, by RE2: linear time, whatever the pattern and the draft."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from rules.detectors.base import BaseRule, Hit, Subject
from rules.patterns import Pattern, compiled


class PatternRule(BaseRule):
    finds: ClassVar[str] = "regular expressions (RE2)"

    detector: Literal["pattern"]
    patterns: tuple[Pattern, ...] = Field(min_length=1)
    r"""In RE2's syntax. Its `\w`, `\d` and `\b` know ASCII only: write `\p{L}` for letters and `\p{Nd}` for digits."""
    ignore_case: bool = True
    group: int = Field(default=0, ge=0)
    """The group that is at fault, where the rest of the pattern is only context; without it the whole is."""

    @model_validator(mode="after")
    def _has_group(self) -> PatternRule:
        if all(compiled(pattern, self.ignore_case).groups < self.group for pattern in self.patterns):
            raise PydanticCustomError("no_group", "no pattern has that group", {"group": str(self.group)})
        return self

    def find(self, subject: Subject) -> Iterator[Hit]:
        plain = subject.folded.plain
        for pattern in self.patterns:
            expression = compiled(pattern, self.ignore_case)
            group = min(self.group, expression.groups)
            for match in expression.finditer(plain.text):
                start, end = match.span(group)
                if start < end:
                    yield Hit(plain.span(start, end))
