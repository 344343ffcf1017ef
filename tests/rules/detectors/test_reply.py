"""A reply held against what the customer wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.detectors.base import Subject
from rules.draft import Account, Draft, Kind
from rules.folding import fold
from rules.judges import Judges
from rules.unavailable import Unavailable

Make = Callable[..., Any]
ASKED = "Le docce dello spogliatoio sono fredde da lunedì, sono furibonda. Quando le aggiustate?"
AWAY = "Per questo deve chiamare l'ufficio tecnico, noi non ce ne occupiamo."
KIND = "Ha ragione, ci dispiace: il tecnico arriva domattina e la avviso io appena l'acqua è calda. Anna"


def hits(rule: Any, judges: Judges, text: str, asked: str | None = ASKED, kind: Kind = Kind.REPLY) -> list[str]:
    draft = Draft(text=text, kind=kind, account=Account.SUPPORT, in_reply_to=asked)
    return [hit.span.of(text) for hit in rule.hits(Subject(draft, fold(text), ("it",), judges))]


def test_a_customer_sent_elsewhere(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("reply", fault="bounces")
    assert hits(rule, judges, AWAY) == [AWAY]
    assert hits(rule, judges, KIND) == []
    assert hits(rule, judges, AWAY, kind=Kind.POST) == []


def test_signs_stand_beside_the_judge_and_are_told_once(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("reply", fault="bounces", signs=[r"chiamare l'ufficio \p{L}+"])
    assert hits(rule, judges, AWAY) == ["chiamare l'ufficio tecnico"]


def test_what_shows_that_all_is_well_silences_it(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("reply", fault="bounces", unless=[r"emergenza"])
    assert hits(rule, judges, f"Se è un'emergenza: {AWAY}") == []


def test_what_is_left_out_shows_only_beside_what_it_answers(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("reply", fault="no_next_step")
    with pytest.raises(Unavailable, match="context"):
        hits(rule, judges, KIND, asked=None)
    assert hits(rule, judges, KIND) == []


def test_signs_hold_where_the_rest_cannot_be_judged(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("reply", fault="bounces", signs=[r"non ce ne occupiamo"])
    assert "non ce ne occupiamo" in hits(rule, judges, AWAY, asked=None)
