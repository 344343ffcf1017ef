"""Rules tried on their own examples, and rules that another covers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.detectors.base import Subject
from rules.detectors.phrases import Phrases
from rules.draft import Account, Channel, Kind
from rules.trial import Misbehaviour, find_shadowed, subject_for, try_examples
from rules.unavailable import Unavailable

Make = Callable[..., Any]


def test_rules_that_behave_are_not_mentioned(make_rule: Make, make_policy: Make) -> None:
    rule = make_rule("phrases", phrases=["parola"], examples={"flag": ["La parola", "PAROLA"], "allow": ["parole"]})
    assert list(try_examples(make_policy(rule))) == []


def test_examples_that_do_not_behave_are_named_with_their_place(make_rule: Make, make_policy: Make) -> None:
    examples = {"flag": ["parola", "altro"], "allow": ["niente", "una parola"]}
    rule = make_rule("phrases", phrases=["parola"], examples=examples, state="draft")
    assert list(try_examples(make_policy(rule))) == [
        Misbehaviour("test.phrases", "silent", "altro", ("flag", 1)),
        Misbehaviour("test.phrases", "loud", "una parola", ("allow", 1)),
    ]


def test_an_exception_counts_in_a_trial(make_rule: Make, make_policy: Make) -> None:
    examples = {"flag": ["parola"], "allow": ["parola d'onore"]}
    rule = make_rule("phrases", phrases=["parola"], examples=examples, **{"except": ["parola d'onore"]})
    assert list(try_examples(make_policy(rule))) == []


def test_an_example_is_tried_in_the_first_context_that_the_rule_is_for(make_rule: Make, make_policy: Make) -> None:
    applies = {"kinds": ["reply"], "accounts": ["support", "personal"], "channels": ["x"], "languages": ["en"]}
    subject = subject_for(make_rule("phrases", applies=applies), "x", make_policy())
    draft = subject.draft
    assert (draft.kind, draft.account, draft.channel) == (Kind.REPLY, Account.SUPPORT, Channel.X)
    assert subject.languages == ("en",)
    anywhere = subject_for(make_rule("phrases"), "x", make_policy())
    assert (anywhere.draft.kind, anywhere.languages) == (Kind.POST, ("it", "en"))


@pytest.mark.parametrize(
    ("error", "reason"), [(Unavailable("model:judge"), "model:judge"), (ValueError("x"), "error:ValueError")]
)
@pytest.mark.parametrize("step", ["load", "find"])
def test_a_rule_that_cannot_be_tried_is_named_with_the_reason(
    make_rule: Make, make_policy: Make, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception, reason: str
) -> None:
    def fail(rule: Phrases, subject: Subject | None = None) -> None:
        raise error

    monkeypatch.setattr(Phrases, step, fail)
    policy = make_policy(make_rule("phrases"), make_rule("phrases", id="test.other"))
    assert [(wrong.rule, wrong.kind, wrong.by) for wrong in try_examples(policy)] == [
        ("test.phrases", "unavailable", reason),
        ("test.other", "unavailable", reason),
    ]
    assert step == "load" or list(find_shadowed(policy)) == []


WIDE = {"phrases": ["vax", "no vax"], "examples": {"flag": ["no vax"], "allow": ["x"]}}
NARROW = {"phrases": ["no vax"], "examples": {"flag": ["no vax"], "allow": ["x"]}}


@pytest.mark.parametrize(
    ("first", "second", "shadowed"),
    [
        (WIDE, NARROW, [("test.b", "test.a")]),  # each covers the other's examples: the earlier one stays
        ({**WIDE, "examples": {"flag": ["vax"], "allow": ["x"]}}, NARROW, [("test.b", "test.a")]),
        (NARROW, {**WIDE, "examples": {"flag": ["vax"], "allow": ["x"]}}, [("test.a", "test.b")]),
        ({**WIDE, "severity": "note"}, NARROW, [("test.a", "test.b")]),
        ({**WIDE, "severity": "block"}, NARROW, [("test.b", "test.a")]),
        ({**WIDE, "state": "shadow"}, NARROW, []),
        (WIDE, {**NARROW, "state": "draft"}, []),
        (WIDE, {**NARROW, "examples": {"flag": ["no vax", "altro"], "allow": ["x"]}}, [("test.a", "test.b")]),
        ({**WIDE, "applies": {"kinds": ["reply"]}}, NARROW, [("test.a", "test.b")]),
        ({**WIDE, "applies": {"kinds": ["reply"]}}, {**NARROW, "applies": {"kinds": ["post"]}}, []),
        ({**WIDE, "applies": {"audience": ["press"]}}, {**NARROW, "applies": {"audience": ["investors"]}}, []),
        (
            {**WIDE, "applies": {"kinds": ["reply", "post"]}},
            {**NARROW, "applies": {"kinds": ["reply"]}},
            [("test.b", "test.a")],
        ),
        ({**WIDE, "applies": {"until": "2027-01-01"}}, NARROW, [("test.a", "test.b")]),
        ({**WIDE, "except": ["no vax"]}, NARROW, []),
    ],
)
def test_a_rule_is_shadowed_by_one_that_finds_all_its_examples_wherever_it_applies_as_severely(
    make_rule: Make,
    make_policy: Make,
    first: dict[str, Any],
    second: dict[str, Any],
    shadowed: list[tuple[str, str]],
) -> None:
    policy = make_policy(make_rule("phrases", id="test.a", **first), make_rule("phrases", id="test.b", **second))
    assert [(wrong.rule, wrong.by) for wrong in find_shadowed(policy)] == shadowed


def test_rules_of_different_detectors_do_not_shadow_each_other(make_rule: Make, make_policy: Make) -> None:
    examples = {"flag": ["no vax"], "allow": ["x"]}
    rules = [make_rule("phrases", **NARROW), make_rule("pattern", patterns=["no vax"], examples=examples)]
    assert list(find_shadowed(make_policy(*rules))) == []


def test_of_three_alike_one_is_left(make_rule: Make, make_policy: Make) -> None:
    policy = make_policy(*(make_rule("phrases", id=f"test.{name}", **NARROW) for name in "abc"))
    assert [wrong.rule for wrong in find_shadowed(policy)] == ["test.b", "test.c"]
