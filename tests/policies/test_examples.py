"""Every rule of every policy that comes with Vaglio, on its own examples."""

from pathlib import Path

import pytest

from rules.assembly import SHIPPED, load_policy
from rules.detectors.base import BaseRule
from rules.judges import Judges
from rules.policy import Policy
from rules.trial import find_shadowed, try_examples

FILES = [path for path in sorted(SHIPPED.rglob("*.yaml")) if path.is_file()]
POLICIES = {path: load_policy(path) for path in FILES}


def name(path: Path) -> str:
    return path.relative_to(SHIPPED).with_suffix("").as_posix()


RULES = [
    pytest.param(policy, rule, id=f"{name(path)}:{rule.id}")
    for path, policy in POLICIES.items()
    for rule in policy.rules
]


def test_there_are_policies() -> None:
    assert SHIPPED / "company.yaml" in FILES
    assert RULES


@pytest.mark.parametrize(("policy", "rule"), RULES)
def test_a_rule_flags_and_allows_its_own_examples(policy: Policy, rule: BaseRule, judges: Judges) -> None:
    alone = policy.model_copy(update={"rules": (rule,)})
    assert list(try_examples(alone, judges)) == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_rule_is_covered_by_another(path: Path, judges: Judges) -> None:
    assert list(find_shadowed(POLICIES[path], judges)) == []
