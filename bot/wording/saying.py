"""Sentences that are said later, in the language of whoever reads them, and errors that bear them until then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.wording import Wording


@dataclass(frozen=True, slots=True)
class Saying:
    """A sentence in English and its facts, each of which may be a saying too. As a string it is English."""

    sentence: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.show("en")

    def show(self, language: str) -> str:
        told = {name: fact.show(language) if isinstance(fact, Saying) else fact for name, fact in self.facts.items()}
        return Wording(language).say(self.sentence, **told)


def read_saying(written: object) -> Saying:
    """Of what `asdict` made of one and JSON carried; plain words are from a release before."""
    if not isinstance(written, Mapping):
        return verbatim(str(written))
    facts = {name: read_saying(fact) if isinstance(fact, Mapping) else fact for name, fact in written["facts"].items()}
    return Saying(written["sentence"], facts)


def saying(sentence: str, **facts: object) -> Saying:
    """By this name the sentences for the catalogues are found, as by `Wording.say`: write them out here."""
    return Saying(sentence, facts)


def verbatim(words: str) -> Saying:
    """What another program says, in whatever language that is."""
    return Saying("{words}", {"words": words})


def about(name: str, fault: Saying) -> Saying:
    """What is wrong with something, behind its name."""
    return Saying("{name}: {fault}", {"name": name, "fault": fault})


class SaidError(Exception):
    """What is wrong, and the remedy, a line each: `str` is English, for logs, and `show` is for people."""

    def __init__(self, *said: Saying) -> None:
        self.said = said
        super().__init__(*said)

    def __str__(self) -> str:
        return self.show("en")

    def show(self, language: str) -> str:
        return "\n".join(each.show(language) for each in self.said)


class WrongValueError(SaidError, ValueError):
    """Something written that cannot be meant. Whoever knows which setting it is makes a `SettingsError` of it."""
