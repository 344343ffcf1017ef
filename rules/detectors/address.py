"""Lei and tu to the same reader, in Italian: whoever begins with one form keeps to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import regex

from rules.detectors.base import BaseRule, Hit, Subject
from rules.draft import Cover, Span
from rules.segmenting import quotations

_FORMAL = regex.compile(
    "|".join(
        (
            r"(?<!\p{L})(?i:l[ae] (?:ringraz|pregh|inform|invit|contatt|richiam|avvis|ricord|chied)iamo)(?!\p{L})",
            r"(?<!\p{L})(?i:gentil(?:e|issim[oa]) (?:cliente|signor[ae]?|dott\p{L}*|utente))(?!\p{L})",
            r"(?<!\p{L})(?i:può (?:mandar|scriver|contattar|chiamar|indicar|dir)(?:ci|mi))(?!\p{L})",
            r"(?<!\p{L})(?i:(?:ci|mi) (?:scriva|mandi|contatti|chiami|indichi|dica))(?!\p{L})",
            r"(?:^|(?<=[.!?:] ))(?:Iscriva|Scriva|Chiami|Contatti|Mandi|Compili|Verifichi|Prenoti|Venga|Scusi)(?= )",
            # Capitals inside a sentence, before a small word: "La Scala" and "Le Marche" are names.
            r"(?<=[\p{L}\p{Nd},;:)] )(?:Lei|Suo|Sua|Suoi|Sue|(?:La|Le)(?= \p{Ll}))(?!\p{L})",
        )
    )
)
_FAMILIAR = regex.compile(
    r"(?<!\p{L})(?i:tu|ti|tuo|tua|tuoi|tue|puoi|vuoi|hai|devi|scrivici|chiamaci|contattaci|mandaci|iscriviti|apri|scegli"
    r"|ce l[oa] (?:scrivi|mandi)|(?:ci|mi) (?:scrivi|mandi|dici))(?![\p{L}'’])"
)


class Address(BaseRule):
    finds: ClassVar[str] = "Lei and tu to the same reader, in one text"

    detector: Literal["address"]

    def find(self, subject: Subject) -> Iterator[Hit]:
        """Each place that departs from the form that came first; what is quoted is somebody else's voice."""
        quoted = Cover(quotations(subject.text))
        formal, familiar = (
            [span for match in form.finditer(subject.text) if not quoted.covers(span := Span(*match.span()))]
            for form in (_FORMAL, _FAMILIAR)
        )
        if formal and familiar:
            yield from map(Hit, familiar if formal[0] < familiar[0] else formal)
