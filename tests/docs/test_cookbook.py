"""The cookbook: each rule is tried by the real screener, on what it shows and on sentences that it does not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs.pages import COOKBOOKS, ROOT
from docs.policies import whole, wordless

from rules.assembly import load_policy
from rules.detectors.fields import Example, Examples
from rules.judges import Judges
from rules.policy import Policy
from rules.screening import Screener
from rules.trial import find_shadowed, subject_for, text_of, try_examples

FURTHER = yaml.safe_load((ROOT / "tests" / "docs" / "cookbook.yaml").read_text(encoding="utf-8"))
BEFORE = datetime(2026, 12, 1, 12, tzinfo=UTC)
"""A day on which no embargo of the cookbook has ended."""

ENGLISH, ITALIAN = COOKBOOKS
RULES = {yaml.safe_load(block.text)[0]["id"]: block.text for block in ENGLISH.blocks if block.kind == "yaml"}


def _policy(written: str, folder: Path) -> Policy:
    path = folder / "policy.yaml"
    path.write_text(whole(written), encoding="utf-8")
    return load_policy(path)


def _flagged(policy: Policy, judges: Judges, examples: Sequence[Example]) -> Iterator[bool]:
    """Whether the screener finds something in each, as a draft of the first kind that the rule is for."""
    (rule,) = policy.rules
    at = datetime.combine(rule.applies.since, time(12), UTC) if rule.applies.since else BEFORE
    screener = Screener(policy, judges, patience=30)
    for example in examples:
        verdict = screener.screen(subject_for(rule, example, policy, judges).draft, at)
        assert [missed for missed in verdict.unchecked if missed.rule == rule.id] == []
        yield bool(verdict.findings)


def _further(rule: str, kind: str) -> Sequence[Example]:
    written = {"flag": FURTHER[rule].get(kind) or ["-"], "allow": ["-"]}
    examples = Examples.model_validate(written).flag
    return examples if kind in FURTHER[rule] else ()


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_behaves_on_what_it_shows(rule: str, tmp_path: Path, judges: Judges) -> None:
    policy = _policy(RULES[rule], tmp_path)
    assert list(try_examples(policy, judges)) == []
    assert list(find_shadowed(policy, judges)) == []
    shown = policy.rules[0].examples
    assert all(_flagged(policy, judges, shown.flag))
    assert not any(_flagged(policy, judges, shown.allow))


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_behaves_on_further_sentences(rule: str, tmp_path: Path, judges: Judges) -> None:
    policy = _policy(RULES[rule], tmp_path)
    for kind, is_flagged in {"flag": True, "allow": False, "missed": False, "alarms": True, "told": False}.items():
        examples = _further(rule, kind)
        wrong = [
            text_of(example)
            for example, found in zip(examples, _flagged(policy, judges, examples), strict=True)
            if found is not is_flagged
        ]
        assert wrong == [], kind


def test_the_whole_cookbook_is_one_policy(tmp_path: Path) -> None:
    rules = "".join(RULES.values())
    assert [rule.id for rule in _policy(rules, tmp_path).rules] == list(RULES) == list(FURTHER)


def test_what_is_told_of_the_trial_is_so() -> None:
    """The numbers in the introduction, and each miss and false alarm under its rule, but for those told in general."""
    right = sum(len(kinds[kind]) for kinds in FURTHER.values() for kind in ("flag", "allow"))
    wrong = sum(len(kinds.get(kind, ())) for kinds in FURTHER.values() for kind in ("missed", "alarms"))
    assert f"{right} of which" in ENGLISH.text
    assert f"{right} sono state" in ITALIAN.text
    assert round(right + wrong, -1) == 360
    for rule, kinds in FURTHER.items():
        assert {"missed", "alarms"}.isdisjoint(kinds) or rule in _TOLD


_TOLD = {
    *("not-yet.layoffs", "customers.bounced", "respect.swearing", "disclosure.paid", "safety.secrets", "people.names"),
    "customers.sarcasm",
}
"""Rules whose *Limits* say what they got wrong: whoever adds one here has written it there, in both languages."""


def test_both_languages_have_the_same_rules() -> None:
    english, italian = (
        [wordless(yaml.safe_load(block.text)) for block in page.blocks if block.kind == "yaml"] for page in COOKBOOKS
    )
    assert english == italian


def test_a_sentence_stands_in_one_place_only() -> None:
    """What is printed was tuned by: it proves nothing a second time."""
    printed: list[Any] = [
        text for block in RULES.values() for kind in yaml.safe_load(block)[0]["examples"].values() for text in kind
    ]
    further = [text for kinds in FURTHER.values() for kind in kinds.values() for text in kind]
    assert [text for text in further if text in printed] == []
