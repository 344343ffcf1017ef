"""What is wrong with a rule is told by the labels of its form, and what is not the rule's by its place in the text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_policy import POLICY

from bot.console.rule_faults import FieldFault, Written, labels_of, told
from bot.console.rule_form import KINDS, RuleForm, new_rule
from bot.proposals import editing
from bot.wording import Wording
from rules.assembly import load_policy
from rules.problems import PolicyError

NAME = "policy/small.yaml"
GOOD = {
    "id": "ours.new", "clause": "2.1", "severity": "note", "message_it": "Così no.", "message_en": "Not so.",
    "flag": "Ditemelo asap", "allow": "Ditemelo presto",
}  # fmt: skip
OWN = {
    "phrases": {"phrases": "asap"}, "substitution": {"swap": "asap → presto"}, "pattern": {"patterns": "asap"},
    "occurrence": {"pattern": "asap", "most": "0"}, "topic": {"like": "Il cantiere\nLa gru\nIl ponteggio"},
}  # fmt: skip


def problems_of(text: str, folder: Path) -> Any:
    """As the proposal's reader names them: by the file's name in the bundle."""
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    return [replace(one, place=replace(one.place, file=NAME)) for one in caught.value.problems]


def faults(kind: str, folder: Path, language: str = "en", **fields: str) -> list[FieldFault]:
    """Of a new rule of that kind that is filled in right, but for these fields."""
    form = RuleForm(kind, ("it", "en"), False)
    text = editing.added(POLICY, new_rule(fields.get("id", GOOD["id"]), form, {**GOOD, **OWN[kind], **fields}))
    return told(problems_of(text, folder), Written(NAME, text, "rules", ""), form, Wording(language))


@pytest.mark.parametrize(
    ("kind", "fields", "field", "label"),
    [
        ("phrases", {"id": "Wrong Id"}, "id", "Id"),
        ("phrases", {"id": "tone.shouting"}, "id", "Id"),
        ("phrases", {"clause": "9.9"}, "clause", "Clause"),
        ("phrases", {"severity": "loud"}, "severity", "How much it weighs"),
        ("phrases", {"severity": ""}, "severity", "How much it weighs"),
        ("phrases", {"state": "asleep"}, "state", "State"),
        ("phrases", {"phrases": ""}, "phrases", "Words and phrases"),
        ("phrases", {"message_en": ""}, "message_en", "What the writer is told (en)"),
        ("phrases", {"message_it": "", "message_en": ""}, "message_it", "What the writer is told (it)"),
        ("phrases", {"suggest_it": "Così."}, "suggest_en", "What to do instead (en)"),
        ("phrases", {"flag": "", "allow": ""}, "flag", "Examples that it must flag"),
        ("substitution", {"swap": "asap"}, "swap", "What is written → what to write"),
        ("pattern", {"patterns": "asap\n("}, "patterns", "Patterns"),
        ("occurrence", {"pattern": "("}, "pattern", "Pattern"),
        ("occurrence", {"most": "many"}, "most", "At most"),
        ("occurrence", {"most": ""}, "most", "At most"),
        ("occurrence", {"most": "1", "least": "3"}, "least", "At least"),
        ("topic", {"like": ""}, "like", "Sentences on the subject"),
        ("topic", {"threshold": "7"}, "threshold", "Threshold"),
    ],
)  # fmt: skip
def test_a_fault_is_told_by_its_field(
    kind: str, fields: dict[str, str], field: str, label: str, tmp_path: Path
) -> None:
    (fault,) = faults(kind, tmp_path, **fields)
    assert (fault.field, fault.label, fault.place) == (field, label, None)
    assert fault.message
    (italian,) = faults(kind, tmp_path, "it", **fields)
    assert italian.field == field
    assert italian.message != fault.message
    for said in (fault.message, italian.message):
        assert "small.yaml" not in said


def test_several_faults_are_told_each_in_its_field(tmp_path: Path) -> None:
    found = faults("pattern", tmp_path, id="Wrong Id", severity="loud", patterns="(", flag="")
    assert {fault.field for fault in found} >= {"id", "severity", "patterns"}
    assert all(fault.place is None for fault in found)


def test_of_a_rule_that_is_there_only_its_own_fields_are_named(tmp_path: Path) -> None:
    """The others keep their file and line: they are mended in the text."""
    written = editing.written(POLICY, "tone.shouting")
    assert written
    form = RuleForm("shouting", ("it", "en"), False, written)
    text = editing.changed(POLICY, "tone.shouting", {"severity": "loud", "clause": "9.9"})
    text = editing.changed(text, "respect.insults", {"severity": "loud"})
    found = told(problems_of(text, tmp_path), Written(NAME, text, "rules", "tone.shouting"), form, Wording("it"))
    by_field = {fault.field: fault for fault in found}
    assert by_field["severity"].label == "Quanto pesa"
    elsewhere = by_field[""].place
    assert elsewhere is not None
    assert (elsewhere.shown, text.splitlines()[elsewhere.line - 1].strip()) == ("small.yaml", "severity: loud")


def test_what_the_form_has_no_field_for_is_the_rule_s_as_a_whole(tmp_path: Path) -> None:
    text = editing.changed(POLICY, "tone.shouting", {"applies": {"channels": ["nowhere"]}})
    form = RuleForm("shouting", ("it", "en"), False, editing.written(text, "tone.shouting") or {})
    (fault,) = told(problems_of(text, tmp_path), Written(NAME, text, "rules", "tone.shouting"), form, Wording("en"))
    assert (fault.field, fault.label, fault.place) == ("", "", None)


def test_an_adjustment_is_told_by_its_fields_too(tmp_path: Path) -> None:
    policy = f"{POLICY}\nadjust:\n  - {{rule: tone.shouting, severity: warn}}\n"
    text = editing.adjusted(policy, "respect.insults", {"severity": "loud"})
    form = RuleForm("phrases", ("it", "en"), True, {"rule": "respect.insults"})
    (fault,) = told(problems_of(text, tmp_path), Written(NAME, text, "adjust", "respect.insults"), form, Wording("it"))
    assert (fault.field, fault.label) == ("severity", "Quanto pesa")


@pytest.mark.parametrize(
    ("kind", "fields", "italian", "english"),
    [
        (
            "topic", {"like": "Il cantiere"},
            "servono almeno 3 voci: per ora 1.", "at least 3 entries are wanted: so far 1.",
        ),
        ("topic", {"threshold": "7"}, "qui ci vuole meno di 1.", "less than 1 is wanted here."),
        (
            "substitution", {"swap": "acme cloud"},
            "In ogni riga scrivi: che cosa si scrive → che cosa scrivere.",
            "In each line write: what is written → what to write.",
        ),
    ],
)  # fmt: skip
def test_a_fault_says_what_is_there_and_what_to_write(
    kind: str, fields: dict[str, str], italian: str, english: str, tmp_path: Path
) -> None:
    assert [one.message for one in faults(kind, tmp_path, "it", **fields)] == [italian]
    assert [one.message for one in faults(kind, tmp_path, "en", **fields)] == [english]


@pytest.mark.parametrize("key", ["message", "suggest"])
def test_what_an_adjusted_message_cannot_be_filled_in_with_is_told_in_its_field(key: str, tmp_path: Path) -> None:
    text = editing.adjusted(POLICY, "tone.shouting", {key: {"it": "Si grida.", "en": "It shouts {word}."}})
    form = RuleForm("shouting", ("it", "en"), True, {"rule": "tone.shouting"})
    (fault,) = told(problems_of(text, tmp_path), Written(NAME, text, "adjust", "tone.shouting"), form, Wording("it"))
    assert (fault.field, fault.place) == (f"{key}_en", None)
    assert "{word}" in fault.message


@pytest.mark.parametrize("is_adjusting", [True, False])
@pytest.mark.parametrize("kind", [*KINDS, "judge", "toxicity"])
def test_every_field_has_a_label(kind: str, is_adjusting: bool) -> None:
    form = RuleForm(kind, ("it", "en", "fr"), is_adjusting)
    for language in ("it", "en"):
        assert set(form.names) <= set(labels_of(form, Wording(language)))
