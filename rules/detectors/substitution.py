"""Preferred wording: what stands there, and what the company writes instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from rules.detectors.base import BaseRule, Hit, Subject
from rules.detectors.fields import Phrase
from rules.folding import Reading
from rules.patterns import Engine, Found, Scope, checked, find, groups_of, is_spared, scoped
from rules.terms import Terms

if TYPE_CHECKING:
    from rules.judges import Judges

Written = TypeVar("Written", dict[str, str], tuple[str, ...])

_PARTED = re.compile(r"(?<!\\)\|")
_GROUP = re.compile(r"\\([1-9])")


class Substitution(BaseRule):
    finds: ClassVar[str] = "wording for which the company has a better one"
    seeks_words: ClassVar[bool] = True
    fills: ClassVar[frozenset[str]] = frozenset({"preferred"})

    detector: Literal["substitution"]
    engine: Literal["words", "re2", "regex"] = "words"
    """How the left sides are read: as words, or as expressions of RE2 or of the `regex` module.

    Of expressions, the longest comes first; `|` on the right parts several wordings, `\\1` is what a group caught.
    """
    swap: dict[Phrase, Phrase] = Field(min_length=1)
    """What is written: what to write instead. `{preferred}` in the message is the latter."""
    case_sensitive: bool = False
    whole_words: bool = True
    """For expressions: whether no letter, digit or underscore may touch a match. Words always are whole."""
    unless: tuple[Phrase, ...] = ()
    """For expressions: a match is none if one of these is found in it, as whole words and in this very case."""
    scope: Scope = "text"
    """For expressions: what a match may not reach beyond."""
    as_written: bool = False
    """For expressions: whether dashes, quotes, dots and accents must be the very signs that they have."""

    @field_validator("swap", "unless")
    @classmethod
    def _expressions(cls, written: Written, info: ValidationInfo) -> Written:
        engine = info.data.get("engine", "words")
        if engine != "words" or info.field_name == "unless":
            for expression in written:
                checked(expression, "re2" if engine == "words" else engine)
        if engine != "words" and isinstance(written, dict):
            for expression, preferred in written.items():
                highest = max(map(int, _GROUP.findall(preferred)), default=0)
                if highest > groups_of(expression, engine):
                    raise PydanticCustomError("no_group", "it has no such group", {"group": str(highest)})
        return written

    def load(self, judges: Judges | None = None) -> None:
        self._terms  # noqa: B018 -- building the automaton is the point

    def find(self, subject: Subject) -> Iterator[Hit]:
        if self.engine != "words":
            for reading in scoped(subject, self.scope, as_written=self.as_written):
                yield from self._expressed(reading, self.engine)
            return
        swaps = tuple(self.swap.items())
        for span, index in self._terms.find(subject.folded):
            if index >= len(swaps):
                continue
            (written, preferred), found = swaps[index], span.of(subject.text)
            replacement = _in_case_of(found, written, preferred)
            if replacement != found:
                yield Hit(span, replacement, fills={"preferred": preferred})

    def _expressed(self, reading: Reading, engine: Engine) -> Iterator[Hit]:
        choice = "|".join(f"({written})" for written, _ in self._swaps)
        matches = find(
            choice, reading.text, engine=engine, ignore_case=not self.case_sensitive, whole_words=self.whole_words
        )
        for match in matches:
            found, number = match.group() or "", next(n for n, group in enumerate(self._groups) if match.group(group))
            written, preferred = self._swaps[number]
            offered = [_filled(option, match, self._groups[number]) for option in _PARTED.split(preferred)]
            if found not in offered and not is_spared(match, self.unless, engine):
                fitted = _in_case_of(found, written, offered[0])
                yield Hit(
                    reading.span(*match.spans[0]),
                    # One wording alone is offered; a case that makes no difference is left as the policy has it.
                    (offered[0] if fitted == found else fitted) if len(offered) == 1 else None,
                    fills={"preferred": " / ".join(_PARTED.split(_GROUP.sub("…", preferred)))},
                )

    @cached_property
    def _swaps(self) -> list[tuple[str, str]]:
        return sorted(self.swap.items(), key=lambda pair: -len(pair[0]))

    @cached_property
    def _groups(self) -> list[int]:
        """The group that each of the left sides is, all in one expression."""
        engine: Engine = "regex" if self.engine == "regex" else "re2"
        sizes = (1 + groups_of(written, engine) for written, _ in self._swaps)
        return list(accumulate(sizes, initial=1))[:-1]

    @cached_property
    def _terms(self) -> Terms:
        # The preferred wordings are sought too: "Acme" is at fault, but not inside "Acme Italia".
        return Terms((*self.swap, *self.swap.values()), case_sensitive=self.case_sensitive)


def _filled(option: str, match: Found, first: int) -> str:
    """A wording with what the groups caught put in; `first` is the group of the whole left side."""
    return _GROUP.sub(lambda group: match.group(first + int(group[1])) or "", option).replace("\\|", "|")


def _in_case_of(found: str, written: str, preferred: str) -> str:
    """A shout stays one, and so does a capital at the start; a brand's own capitals and an acronym's say nothing."""
    if written.isupper() or not preferred.islower():
        return preferred
    if found.isupper() and len(found) > 1:
        return preferred.upper()
    return preferred[0].upper() + preferred[1:] if found[0].isupper() else preferred
