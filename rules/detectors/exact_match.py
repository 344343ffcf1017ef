"""Rows of a company's tables, such as its customers: who is in one is not named outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rules.detectors.base import Guarding, Hit, Subject
from rules.detectors.fields import Phrase
from rules.draft import outermost
from rules.knowledge.store import Knowledge, KnowledgeError
from rules.knowledge.tables import Table, open_table
from rules.unavailable import Unavailable


class ExactMatch(Guarding):
    finds: ClassVar[str] = "values of the company's own tables: customers, employees, suppliers"

    detector: Literal["exact_match"]
    table: Phrase
    """As `vaglio knowledge add` has named it."""
    match: tuple[tuple[Phrase, ...], ...] = Field(min_length=1)
    """Sets of columns: a draft that holds the values of one row in all columns of a set is found.

    `[[email], [surname, phone], [surname, iban]]`: an e-mail, or a surname with a phone or an IBAN of the same person.
    """

    @model_validator(mode="after")
    def _some_columns(self) -> Self:
        if not all(self.match):
            raise ValueError("each set needs a column")
        return self

    def find(self, subject: Subject) -> Iterator[Hit]:
        table = self._table(subject.knowledge)
        subject.models[f"knowledge:{self.table}"] = table.mark
        places = [
            reading.span(start, end)
            for reading in dict.fromkeys((subject.folded.plain, subject.righted))
            for match in table.find(reading.text, self.match)
            for start, end in match.places
        ]
        for span in outermost(places):
            yield Hit(span, hides=self.hides or "CUSTOMER")

    def ready(self, knowledge: Knowledge | None) -> None:
        self._table(knowledge)

    def _table(self, knowledge: Knowledge | None) -> Table:
        if knowledge is None:
            raise Unavailable(f"knowledge:{self.table}")
        try:
            table = open_table(knowledge, self.table)
        except KnowledgeError as error:
            raise Unavailable(f"knowledge:{self.table}") from error
        for column in (name for one in self.match for name in one):
            if column not in table.columns:
                raise Unavailable(f"knowledge:{self.table}.{column}")
        return table
