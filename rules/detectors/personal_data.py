"""Identifiers that lead to a person, an account or a device: held to check digits and to the words around them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field

from rules.detectors.base import Guarding, Hit, Subject
from rules.detectors.fields import Company, Spared, phrase_of
from rules.draft import Span
from rules.folding import Reading, fold
from rules.identifiers import engine
from rules.identifiers.engine import DEFAULT_THRESHOLD, Found
from rules.identifiers.entities import IN_WORDS, LABELS, Entity
from rules.identifiers.pipelines import official_pipelines
from rules.unavailable import Unavailable

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


class PersonalData(Guarding):
    finds: ClassVar[str] = (
        "identifiers: e-mail addresses, phones, IBANs, cards, fiscal codes, documents, IP addresses ..."
    )

    detector: Literal["personal_data"]
    entities: Thresholds
    """Each entity sought, with the score (0 to 1) from which it counts; a plain list takes 0.35 for all.

    PERSON goes by lists of names, and by spaCy's official pipelines where they are installed. HEALTH, UNION, RELIGION,
    SEXUAL_LIFE, POLITICS, ETHNICITY and CRIMINAL are what is said of somebody who can be recognised.
    """
    allow: tuple[Spared, ...] = ()
    """The company's own public numbers, addresses and e-mails; `@acme.example` allows every address of that domain."""

    def naming(self, company: Company) -> Self:
        """A company's own name is nobody's."""
        return self.model_copy(update={"excepted": (*self.excepted, *company.spellings)})

    def load(self, judges: Judges | None = None) -> None:
        _check_presidio()

    def find(self, subject: Subject) -> Iterator[Hit]:
        return (hit for _, hit in self.identified(subject))

    def identified(self, subject: Subject) -> Iterator[tuple[Entity, Hit]]:
        """What is found, and which identifier each is."""
        _check_presidio()
        told = list[Span]()
        for reading, found in self._found(subject):
            span = reading.span(found.start, found.end)
            # The first reading to tell of a place is the nearest to what is written there.
            words = reading.text[found.start : found.end]
            if any(span.overlaps(other) for other in told) or self.allowing(found.entity, words) is not None:
                continue
            told.append(span)
            yield found.entity, Hit(span, score=round(found.score, 3), hides=self.hides or LABELS[found.entity])

    def _found(self, subject: Subject) -> Iterator[tuple[Reading, Found]]:
        """What counts for this rule, with the reading in which it stands. The draft is read once for all rules."""
        plain = subject.folded.plain
        righted = subject.righted
        if righted is not plain:
            coded = {entity: least for entity, least in self.entities.items() if entity not in IN_WORDS}
            candidates = subject.once(
                "identifiers in what is put right", partial(engine.find_identifiers, righted.text)
            )
            yield from ((righted, found) for found in engine.settled(candidates, coded))
        candidates = subject.once("identifiers", partial(engine.find_identifiers, plain.text))
        yield from ((plain, found) for found in engine.settled(candidates, self.entities))
        if Entity.PERSON in self.entities:
            yield from ((plain, found) for found in self._names(subject))

    def _names(self, subject: Subject) -> Iterator[Found]:
        """Names that one of spaCy's pipelines sees and no list holds, in the languages that have one."""
        for language in subject.languages:
            if (pipeline := official_pipelines().get(language)) is None:
                continue
            subject.models[pipeline.name] = pipeline.version
            text = subject.folded.plain.text
            candidates = subject.once(("names", language), partial(engine.find_names, text, language))
            yield from engine.settled(candidates, self.entities)

    def allowing(self, entity: Entity, words: str) -> Spared | None:
        """The entry of `allow` that lets this pass."""
        key = _key(entity, words)
        found = self._allowed.get(key)
        if found is None and entity is Entity.EMAIL_ADDRESS:
            found = self._allowed.get(f"@{key.rpartition('@')[2]}")
        return found

    @cached_property
    def _allowed(self) -> dict[str, Spared]:
        return {
            _key(entity, words): one
            for one in self.allow
            for words in (fold(phrase_of(one)).plain.text,)
            for entity in _kinds(words)
        }


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
