"""A rule as a form and back: what nobody touched changes nothing, whatever the rule is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.console.rule_form import RuleForm, new_rule
from rules.assembly import SHIPPED
from rules.source import parse_source, plain

FILES = [SHIPPED / "company.yaml", *sorted((SHIPPED / "packs").glob("*.yaml"))]


def _entries(path: Path, key: str) -> list[dict[str, Any]]:
    found = plain(parse_source(path.read_text(encoding="utf-8"), path, path.name).root)
    assert isinstance(found, dict)
    entries: list[dict[str, Any]] = found.get(key) or []
    return entries


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_form_that_nobody_touched_changes_nothing(path: Path) -> None:
    for rule in _entries(path, "rules"):
        form = RuleForm(rule["detector"], ("it", "en"), False, rule)
        assert form.changes(form.values) == {}, rule["id"]
        as_sent = {name: f"{text}\n" for name, text in form.values.items()}
        assert form.changes(as_sent) == {}, rule["id"]
    for rule in _entries(path, "adjust"):
        form = RuleForm("judge", ("it", "en"), True, rule)
        assert form.changes(form.values) == {}, rule["rule"]


def test_only_what_is_different_changes() -> None:
    rule = {
        "id": "a.b", "detector": "phrases", "severity": "warn", "state": "shadow",
        "message": {"it": "Uno", "en": "One", "fr": "Un"}, "phrases": ["uno", "due"],
        "examples": {"flag": ["uno", {"text": "due", "in_reply_to": "tre"}], "allow": ["quattro"]},
    }  # fmt: skip
    form = RuleForm("phrases", ("it", "en", "fr"), False, rule)
    assert form.locked == {"flag"}
    assert form.changes({"severity": "block", "state": "", "flag": "lost", "allow": "cinque\n\n sei "}) == {
        "severity": "block", "state": None,
        "examples": {"flag": rule["examples"]["flag"], "allow": ["cinque", "sei"]},  # type: ignore[index]
    }  # fmt: skip
    assert form.changes({"message_it": "Due\nrighe"}) == {"message": {"it": "Due righe", "en": "One", "fr": "Un"}}
    assert form.changes({"phrases": "uno\ntre", "except": "x"}) == {"phrases": ["uno", "tre"], "except": ["x"]}


def test_a_new_rule_has_what_was_filled_in() -> None:
    form = RuleForm("substitution", ("it",), False)
    sent = {"severity": "note", "message_it": "Ciao", "swap": "a → b\nc => d => e\nf", "flag": "", "state": ""}
    assert new_rule(" x.y ", form, sent) == {
        "id": "x.y", "detector": "substitution", "severity": "note", "message": {"it": "Ciao"},
        "swap": {"a": "b", "c": "d => e", "f": ""},
    }  # fmt: skip


def test_a_line_full_of_blanks_is_read_at_once() -> None:
    """It took hours, during which nobody was answered."""
    blanks = " " * 500_000
    made = new_rule("x.y", RuleForm("substitution", ("it",), False), {"swap": f"a{blanks}b\nc{blanks}=>{blanks}d"})
    assert made["swap"] == {f"a{blanks}b": "", "c": "d"}
