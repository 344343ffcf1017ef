"""Passages of confidential documents, quoted word for word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from rules.detectors.base import Guarding, Hit, Subject
from rules.detectors.fields import Phrase
from rules.knowledge.documents import QUOTED, Documents, open_documents, share_of
from rules.knowledge.store import Knowledge, KnowledgeError
from rules.unavailable import Unavailable


class Fingerprint(Guarding):
    finds: ClassVar[str] = "passages of the company's confidential documents, word for word"
    fills: ClassVar[frozenset[str]] = frozenset({"words", "share"})

    detector: Literal["fingerprint"]
    documents: Phrase
    """As `vaglio knowledge add-docs` has named the collection."""
    least: int = Field(default=QUOTED, ge=QUOTED, le=200)
    """Words in a row from which a quotation counts."""

    def find(self, subject: Subject) -> Iterator[Hit]:
        documents = self._documents(subject.knowledge)
        subject.models[f"knowledge:{self.documents}"] = documents.mark
        reading = subject.folded.plain
        found = list(documents.find(reading.text, self.least))
        share = f"{round(100 * share_of(found, reading.text))} %"
        for quotation in found:
            fills = {"words": str(quotation.words), "share": share}
            yield Hit(reading.span(quotation.start, quotation.end), hides=self.hides or "INTERNAL", fills=fills)

    def ready(self, knowledge: Knowledge | None) -> None:
        self._documents(knowledge)

    def _documents(self, knowledge: Knowledge | None) -> Documents:
        if knowledge is None:
            raise Unavailable(f"knowledge:{self.documents}")
        try:
            return open_documents(knowledge, self.documents)
        except KnowledgeError as error:
            raise Unavailable(f"knowledge:{self.documents}") from error
