"""What may be said of a draft, and how it is summed up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.draft import Span
from rules.verdict import Finding, Outcome, Severity, Unchecked, Verdict

severities = st.sampled_from(Severity)
findings = st.builds(
    lambda severity: Finding(rule="a.b", clause="1", severity=severity, span=Span(0, 1), message={"*": "x"}), severities
)
unchecked = st.builds(lambda severity: Unchecked("a.b", "timeout", severity), severities)
BADNESS = list(Outcome)


def finding(severity: Severity) -> Finding:
    return Finding(rule="a.b", clause="1", severity=severity, span=Span(0, 1), message={"*": "x"})


def test_severities_rise_from_note_to_block() -> None:
    assert sorted(Severity, key=lambda severity: severity.rank) == ["note", "warn", "review", "block"]


@pytest.mark.parametrize(
    ("found", "missed", "outcome"),
    [
        ([], [], "clear"),
        (["note"], [], "clear"),
        (["warn"], [], "revise"),
        (["note", "review", "warn"], [], "review"),
        (["review", "block"], [], "block"),
        ([], ["note"], "clear"),
        ([], ["warn"], "revise"),
        ([], ["review"], "review"),
        ([], ["block"], "review"),
        (["warn"], ["block"], "review"),
        (["block"], ["block"], "block"),
        (["review"], ["warn"], "review"),
    ],
)
def test_the_worst_decides_and_what_was_missed_counts_up_to_review(
    found: list[str], missed: list[str], outcome: str
) -> None:
    verdict = Verdict(
        "p@1",
        findings=tuple(finding(Severity(severity)) for severity in found),
        unchecked=tuple(Unchecked("a.b", "timeout", Severity(severity)) for severity in missed),
    )
    assert verdict.outcome == outcome


@given(st.lists(findings, max_size=4), st.lists(unchecked, max_size=4), findings, unchecked)
def test_a_further_finding_or_unchecked_rule_never_improves_the_outcome(
    found: list[Finding], missed: list[Unchecked], one_more: Finding, one_missed: Unchecked
) -> None:
    before = Verdict("p@1", findings=tuple(found), unchecked=tuple(missed)).outcome
    found_more = Verdict("p@1", findings=(*found, one_more), unchecked=tuple(missed)).outcome
    missed_more = Verdict("p@1", findings=tuple(found), unchecked=(*missed, one_missed)).outcome
    assert BADNESS.index(found_more) >= BADNESS.index(before)
    assert BADNESS.index(missed_more) >= BADNESS.index(before)


@given(st.lists(findings, max_size=4))
def test_a_rule_on_trial_has_no_say(found: list[Finding]) -> None:
    assert Verdict("p@1", shadow=tuple(found)).outcome is Outcome.CLEAR


def test_a_replacement_may_hold_the_draft_s_words_and_is_not_printed() -> None:
    said = Finding(rule="a.b", clause="1", severity=Severity.WARN, span=Span(0, 7), message={}, replacement="zorblax")
    assert "zorblax" not in repr(said)
    assert "zorblax" not in repr(Verdict("p@1", findings=(said,), shadow=(said,)))
