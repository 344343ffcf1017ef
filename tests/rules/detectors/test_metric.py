"""Measures of a text."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from rules.detectors.base import Subject
from rules.detectors.metric import MEASURES
from rules.draft import Draft
from rules.folding import fold

Make = Callable[..., Any]

EASY = "Il gatto dorme sul letto. Noi siamo felici. Oggi c'è il sole e la casa è bella. Mangio una mela e bevo il tè."
HARD = (
    "L'implementazione dell'infrastruttura tecnologica transnazionale presuppone l'armonizzazione preliminare delle "
    "regolamentazioni amministrative sovranazionali, nonché l'individuazione degli interlocutori istituzionali "
    "competenti per la rendicontazione delle disponibilità finanziarie straordinarie previste dalla programmazione"
)
PLAIN = "The cat sat on the mat. It was a good day. We had tea and cake in the sun. Then we all went home to bed."
DENSE = (
    "Organizational transformation necessitates comprehensive reconsideration of established methodologies, "
    "facilitating interdisciplinary collaboration and optimizing communicational infrastructure, "
    "notwithstanding considerable administrative complications throughout implementation phases"
)


def subject(text: str) -> Subject:
    return Subject(Draft(text=text), fold(text), ("it", "en"))


@pytest.mark.parametrize(
    ("metric", "text", "value"),
    [
        ("characters", "ciao 🎉", 6),
        ("words", "L'azienda è bella", 3),
        ("words", "🎉", 0),
        ("sentences", "Uno. Due! Il Dott. Tre", 3),
        ("words_per_sentence", "Uno due. Tre quattro cinque", 2.5),
        ("words_per_sentence", "", 0),
        ("gulpease", "Troppo corto.", None),
        ("flesch", "Too short.", None),
        # 89 + (300 * 1 - 10 * 40) / 20
        ("gulpease", " ".join(["ab"] * 20), 84),
        # 206.835 - 1.015 * 20 - 84.6 * 1
        ("flesch", " ".join(["cat"] * 20), 101.935 - 1.935),
    ],
)
def test_a_text_is_measured(metric: str, text: str, value: float | None) -> None:
    assert MEASURES[metric](subject(text)) == value


@pytest.mark.parametrize(("metric", "easy", "hard"), [("gulpease", EASY, HARD), ("flesch", PLAIN, DENSE)])
def test_readability_tells_easy_from_hard(metric: str, easy: str, hard: str) -> None:
    assert (MEASURES[metric](subject(easy)) or 0) > 70
    assert (MEASURES[metric](subject(hard)) or 0) < 30


@pytest.mark.parametrize(
    ("parameters", "text", "fills"),
    [
        ({"metric": "words", "most": 2}, "uno due", None),
        ({"metric": "words", "most": 2}, "uno due tre", {"count": "3", "limit": "2"}),
        ({"metric": "words", "least": 2}, "uno", {"count": "1", "limit": "2"}),
        ({"metric": "words", "least": 2, "most": 3}, "uno", {"count": "1", "limit": "2"}),
        ({"metric": "words", "least": 2, "most": 3}, "uno due", None),
        ({"metric": "words_per_sentence", "most": 2}, "Uno due. Tre quattro cinque", {"count": "2.5", "limit": "2"}),
        ({"metric": "characters", "most": 1_000}, "x" * 1_234_567, {"count": "1234567", "limit": "1000"}),
        ({"metric": "gulpease", "least": 60}, "Troppo corto.", None),
    ],
)
def test_the_whole_text_is_at_fault_beyond_a_bound(
    make_rule: Make, parameters: dict[str, Any], text: str, fills: dict[str, str] | None
) -> None:
    hits = make_rule("metric", **parameters).hits(subject(text))
    assert [hit.fills for hit in hits] == ([fills] if fills else [])
    assert all(hit.span.of(text) == text for hit in hits)


@pytest.mark.parametrize("bounds", [{}, {"most": 1, "least": 2}, {"most": float("nan")}, {"least": float("inf")}])
def test_bounds_that_make_no_sense_are_refused(make_rule: Make, bounds: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        make_rule("metric", metric="words", **bounds)
