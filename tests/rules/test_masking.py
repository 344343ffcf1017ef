"""Text that is safe to store and show."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.detectors import Rule
from rules.draft import Draft, DraftRefused, Span
from rules.masking import mask
from rules.screening import Screener
from rules.verdict import Finding, Severity

LABELS = ["IBAN", "A", "a"]


def finding(start: int, end: int, hides: str | None) -> Finding:
    return Finding(rule="a.b", clause="1", severity=Severity.WARN, span=Span(start, end), message={}, hides=hides)


@pytest.mark.parametrize(
    ("text", "findings", "masked", "moved"),
    [
        ("niente", [], "niente", []),
        ("sei rude", [(4, 8, None)], "sei rude", ["rude"]),
        ("IBAN 123 qui", [(5, 8, "IBAN")], "IBAN [IBAN] qui", ["[IBAN]"]),
        ("123 e 123", [(0, 3, "X")], "[X] e [X]", ["[X]"]),  # everywhere it stands
        ("123", [(0, 3, "X")], "[X]", ["[X]"]),
        ("123456", [(0, 4, "X"), (2, 6, "LONG")], "[X]", ["[X]", "[X]"]),
        ("123456", [(0, 3, "X"), (2, 6, "LONG")], "[LONG]", ["[LONG]", "[LONG]"]),  # the longer one names it
        ("123456", [(0, 3, "X"), (3, 6, "Y")], "[X][Y]", ["[X]", "[Y]"]),
        ("a 123 rude 123 b", [(2, 5, "X"), (6, 10, None)], "a [X] rude [X] b", ["[X]", "rude"]),
        ("a 123 b", [(0, 7, None), (2, 5, "X")], "a [X] b", ["a [X] b", "[X]"]),
        ("a 123 b", [(3, 7, None), (2, 5, "X")], "a [X] b", ["[X] b", "[X]"]),  # a label is in it whole
        ("a 123 b", [(0, 4, None), (2, 5, "X")], "a [X] b", ["a [X]", "[X]"]),
        ("a 123 b", [(3, 4, None), (2, 5, "X")], "a [X] b", ["[X]", "[X]"]),
        ("🎉 e\u0301 123", [(0, 1, None), (5, 8, "X")], "🎉 e\u0301 [X]", ["🎉", "[X]"]),
        ("aaaa", [(0, 2, "X")], "[X]", ["[X]"]),  # also where it overlaps itself
    ],
)
def test_what_must_be_hidden_is_and_findings_keep_their_places(
    text: str, findings: list[tuple[int, int, str | None]], masked: str, moved: list[str]
) -> None:
    safe = mask(text, [finding(*each) for each in findings])
    assert safe.text == masked
    assert [span.of(masked) for span in safe.spans] == moved


def check(text: str, findings: list[Finding]) -> None:
    safe = mask(text, findings)
    labels = {each.hides for each in findings if each.hides is not None}
    outside = re.split("|".join(re.escape(f"[{label}]") for label in labels), safe.text) if labels else [safe.text]
    for each in findings:
        if each.hides is not None:
            assert not any(each.span.of(text) in piece for piece in outside)
    assert len(safe.spans) == len(findings)
    assert all(span.end <= len(safe.text) for span in safe.spans)
    if not labels:
        assert safe.text == text


@given(st.data(), st.text("ab1 ", min_size=1, max_size=30))
def test_no_hidden_words_are_left_outside_the_labels(data: st.DataObject, text: str) -> None:
    places = st.tuples(st.integers(0, len(text) - 1), st.integers(1, 6), st.sampled_from([None, *LABELS]))
    drawn = data.draw(st.lists(places, max_size=6))
    check(text, [finding(start, min(start + length, len(text)), hides) for start, length, hides in drawn])


@given(st.data(), st.text("ab1 ", min_size=1, max_size=30))
def test_words_that_nothing_hides_stay_where_their_finding_points(data: st.DataObject, text: str) -> None:
    hidden = data.draw(st.integers(0, len(text) - 1))
    hiding = finding(hidden, hidden + 1, "IBAN")
    for at, character in enumerate(text):
        safe = mask(text, [hiding, finding(at, at + 1, None)])
        assert safe.spans[1].of(safe.text) == ("[IBAN]" if character == text[hidden] else character)


@pytest.fixture(scope="module")
def screener(make_policy: Callable[..., Any], every_rule: list[Rule]) -> Screener:
    return Screener(make_policy(*every_rule), patience=30)


@given(st.from_type(Draft))
@example(Draft(text="idiota 1234 i d i o t a 1d10ta #Idiota IDIOTA 1234 12345"))
def test_nothing_that_screening_flags_as_hidden_is_left(screener: Screener, draft: Draft) -> None:
    try:
        verdict = screener.screen(draft)
    except DraftRefused:
        return
    check(draft.text, list(verdict.findings))
