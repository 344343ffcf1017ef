"""Which files a policy reads, and where they are sought."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rules.assembly import SHIPPED, files_of, load_policy
from rules.problems import PolicyError

Write = Callable[[str, "str | bytes"], Path]
RuleText = Callable[..., str]


def test_every_file_is_named_that_one_first(write: Write, head: str, a_rule: RuleText, tmp_path: Path) -> None:
    write("packs/own.yaml", "name: own\nlanguages: [it]\nrules:\n" + a_rule("own.a", phrases_from="[list.txt]"))
    write("packs/list.txt", "parola\n")
    path = write("policy.yaml", head + "include: [packs/own.yaml, packs/tone.yaml, packs/own.yaml]\n")
    assert files_of(path) == (
        path,
        tmp_path / "packs" / "own.yaml",
        tmp_path / "packs" / "list.txt",
        SHIPPED / "packs" / "tone.yaml",
    )


def test_the_shipped_policy_with_its_packs_and_lists() -> None:
    found = files_of(SHIPPED / "company.yaml")
    assert found[0] == SHIPPED / "company.yaml"
    assert {SHIPPED / "packs" / "toxicity.yaml", SHIPPED / "lexicon" / "insults-it.txt"} <= set(found)
    assert len(found) == len(set(found))


def test_a_file_that_is_not_there_is_named(write: Write, head: str) -> None:
    with pytest.raises(PolicyError) as caught:
        files_of(write("policy.yaml", head + "include: [none.yaml]\n"))
    assert [problem.code for problem in caught.value.problems] == ["no_file"]


def test_what_is_shipped_may_be_sought_elsewhere(write: Write, head: str, a_rule: RuleText, tmp_path: Path) -> None:
    """A policy from another time brings along what was shipped then, and takes nothing of what is shipped now."""
    write("then/packs/a.yaml", "name: a\nlanguages: [it]\nrules:\n" + a_rule("then.a"))
    path = write("policy.yaml", head + "include: [packs/a.yaml]\n")
    assert [rule.id for rule in load_policy(path, tmp_path / "then").rules] == ["then.a"]
    with pytest.raises(PolicyError):
        load_policy(path)
    with pytest.raises(PolicyError):
        load_policy(write("policy.yaml", head + "include: [packs/tone.yaml]\n"), tmp_path / "then")
