"""Identifiers that lead to a person, an account or a device: held to check digits and to the words around them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from rules.detectors.base import BaseRule, Hit, Phrase, Subject, Unavailable
from rules.folding import fold
from rules.identifiers import engine
from rules.identifiers.engine import DEFAULT_THRESHOLD, Found
from rules.identifiers.entities import LABELS, Entity
from rules.identifiers.pipelines import official_pipelines

if TYPE_CHECKING:
    from rules.judges import Judges

_Each = Annotated[dict[Entity, Annotated[float, Field(ge=0, le=1)]], Field(min_length=1)]
_Names = Annotated[list[Entity], Field(min_length=1)]


def _with_thresholds(written: object) -> object:
    if isinstance(written, list | tuple) and all(isinstance(name, str) for name in written):
        return dict.fromkeys(written, DEFAULT_THRESHOLD)
    return written


Thresholds = Annotated[_Each, BeforeValidator(_with_thresholds, json_schema_input_type=_Each | _Names)]
"""`{IBAN_CODE: 0.5, PHONE_NUMBER: 0.4}`, or a list of names for the usual threshold."""


class PersonalData(BaseRule):
    finds: ClassVar[str] = (
        "identifiers: e-mail addresses, phones, IBANs, cards, fiscal codes, documents, IP addresses ..."
    )

    detector: Literal["personal_data"]
    entities: Thresholds
    """Each entity sought, with the score (0 to 1) from which it counts; a plain list takes 0.35 for all.

    PERSON needs one of spaCy's official pipelines in the draft's language. Without, the whole rule is unchecked: give
    it a rule of its own.
    """
    allow: tuple[Phrase, ...] = ()
    """The company's own public numbers, addresses and e-mails; `@acme.example` allows every address of that domain."""

    @property
    def may_hide(self) -> bool:
        return True

    def load(self, judges: Judges | None = None) -> None:
        _check_presidio()
        if Entity.PERSON in self.entities and not official_pipelines():
            raise Unavailable("model:spacy")

    def find(self, subject: Subject) -> Iterator[Hit]:
        plain = subject.folded.plain
        for found in self._found(subject):
            words = plain.text[found.start : found.end]
            if not self._is_allowed(found.entity, words):
                hides = self.hides or LABELS[found.entity]
                yield Hit(plain.span(found.start, found.end), score=round(found.score, 3), hides=hides)

    def _found(self, subject: Subject) -> Iterator[Found]:
        """What counts for this rule. The draft is read once for all; names apart: they take a hundred times longer."""
        _check_presidio()
        text = subject.folded.plain.text
        if self.entities.keys() - {Entity.PERSON}:
            candidates = subject.once("identifiers", partial(engine.find_identifiers, text))
            yield from engine.settled(candidates, self.entities)
        if Entity.PERSON in self.entities:
            for language in subject.languages:
                if (pipeline := official_pipelines().get(language)) is None:
                    raise Unavailable(f"model:spacy:{language}")
                subject.models[pipeline.name] = pipeline.version
                candidates = subject.once(("names", language), partial(engine.find_names, text, language))
                yield from engine.settled(candidates, self.entities)

    def _is_allowed(self, entity: Entity, words: str) -> bool:
        key = _key(entity, words)
        return key in self._allowed or (
            entity is Entity.EMAIL_ADDRESS and f"@{key.rpartition('@')[2]}" in self._allowed
        )

    @cached_property
    def _allowed(self) -> frozenset[str]:
        written = [fold(phrase).plain.text for phrase in self.allow]
        return frozenset(_key(entity, words) for words in written for entity in _kinds(words))


def _check_presidio() -> None:
    try:
        engine.load()
    except Exception as error:
        raise Unavailable("model:presidio") from error


def _kinds(allowed: str) -> tuple[Entity, ...]:
    if "@" in allowed:
        return (Entity.EMAIL_ADDRESS,)
    return Entity.PHONE_NUMBER, Entity.IT_VAT_CODE, Entity.IBAN_CODE, Entity.IP_ADDRESS


def _key(entity: Entity, words: str) -> str:
    """The form in which an identifier is compared: what may vary in writing is gone, what makes it another is not."""
    if entity in (Entity.EMAIL_ADDRESS, Entity.IP_ADDRESS):
        return words.strip().lower()
    bare = "".join(c for c in words.casefold() if c.isalnum())
    if entity is Entity.PHONE_NUMBER:
        digits = bare.removeprefix("00")
        return digits if "+" in words or digits != bare else f"39{bare}"
    return bare.removeprefix("it") if entity is Entity.IT_VAT_CODE else bare
