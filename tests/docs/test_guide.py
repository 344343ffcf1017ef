"""The policy guide, in both languages: nothing is missing from it, and every rule in it loads and behaves."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from docs.pages import GUIDES, README, Block, Page, tables
from docs.policies import whole, wordless
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rules.assembly import SHIPPED, load_policy
from rules.detectors import DETECTORS
from rules.detectors.base import BaseRule
from rules.detectors.dictionary import Entry
from rules.detectors.fields import Applies, Company, Examples, Override, Protected, Remedy, State
from rules.draft import Account, Audience, Channel, Kind
from rules.identifiers.entities import LABELS, Entity
from rules.judges import Judges
from rules.keeping import Keeping
from rules.knowledge.documents import add_documents
from rules.knowledge.hashing import KEY_BYTES, Keyed
from rules.knowledge.sentences import add_sentences
from rules.knowledge.store import Knowledge
from rules.knowledge.tables import add_table
from rules.policy import Adjustment, Clause, Owner, Policy, PolicyFile
from rules.problems import SENTENCES
from rules.trial import find_shadowed, try_examples
from rules.verdict import Severity

REQUIRED = {"en": "required", "it": "obbligatoria"}
_PLACED = re.compile(r"^\S+\.yaml:\d+:\d+: (.+)$", re.M)

in_both = pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.language)
in_each_detector = pytest.mark.parametrize("detector", DETECTORS)


def _key(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _own(detector: str) -> dict[str, FieldInfo]:
    fields = DETECTORS[detector].model_fields.items()
    return {_key(name, field): field for name, field in fields if name not in {*BaseRule.model_fields, "detector"}}


def _default(field: FieldInfo, language: str) -> str:
    """A field's default as a policy would write it."""
    if field.is_required():
        return REQUIRED[language]
    match field.get_default():
        case None:
            return "—"
        case bool(value):
            return f"`{str(value).lower()}`"
        case tuple(values):
            return f"`[{', '.join(values)}]`"
        case BaseModel() | dict():
            return "`{}`"
        case value:
            return f"`{value}`"


def _defaults(fields: dict[str, FieldInfo], language: str) -> dict[str, str]:
    return {key: _default(field, language) for key, field in fields.items()}


def _second_cells(table: dict[str, list[str]]) -> dict[str, str]:
    return {key: cells[0] for key, cells in table.items()}


# --- Nothing is missing --------------------------------------------------------------------------------------------


@in_both
@pytest.mark.parametrize(
    "model",
    [PolicyFile, Owner, Clause, Adjustment, Applies, BaseRule, Company, Keeping, Remedy, Protected, Examples, Entry],
)
def test_every_key_has_its_row_and_its_default(guide: Page, model: type[BaseModel]) -> None:
    fields = {_key(name, field): field for name, field in model.model_fields.items()}
    if model is BaseRule:
        # Each detector declares it for itself, since it is what tells them apart.
        fields["detector"] = DETECTORS["phrases"].model_fields["detector"]
    expected = _defaults(fields, guide.language)
    assert expected in [_second_cells(table) for table in guide.tables if all(table.values())]


@in_both
@in_each_detector
def test_every_field_of_a_detector_has_its_row_and_its_default(guide: Page, detector: str) -> None:
    # One that has no key of its own needs no table.
    first = next(iter(tables(guide.section(f"`{detector}`"))), {})
    assert _second_cells(first) == _defaults(_own(detector), guide.language)


@in_both
@in_each_detector
def test_every_value_that_a_field_may_have_is_named(guide: Page, detector: str) -> None:
    section = guide.section(f"`{detector}`")
    values = {value for field in _own(detector).values() for value in _choices(field.annotation)}
    assert {value for value in values if f"`{value}`" not in section} == set()


def _choices(annotation: object) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    for inner in get_args(annotation) if get_origin(annotation) is not Literal else ():
        yield from _choices(inner)


@in_both
@pytest.mark.parametrize("words", [Severity, State, Override, Kind, Account, Channel, Audience, Entity])
def test_every_word_of_the_policy_is_named(guide: Page, words: type[StrEnum]) -> None:
    assert {word.value for word in words} - set(guide.code) == set()


@in_both
def test_every_entity_is_told_with_its_label(guide: Page) -> None:
    expected = {entity.value: f"`[{label}]`" for entity, label in LABELS.items()}
    assert expected in [_second_cells(table) for table in tables(guide.section("`personal_data`"))]


@in_both
def test_phrases_from_is_explained(guide: Page) -> None:
    assert "phrases_from" in guide.code


# --- What is shown is true -----------------------------------------------------------------------------------------


def _yaml_blocks() -> list[Any]:
    return [
        pytest.param(block, id=f"{page.name}:{block.line}")
        for page in (*GUIDES, README)
        for block in page.blocks
        if block.kind == "yaml"
    ]


@pytest.mark.parametrize("block", _yaml_blocks())
def test_every_rule_shown_loads_and_behaves(block: Block, tmp_path: Path, judges: Judges, knowledge: Knowledge) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(whole(block.text), encoding="utf-8")
    policy = load_policy(path)
    shown = _rules_of(block.text)
    assert shown or "record:" in block.text
    assert list(try_examples(_only(policy, shown), judges, knowledge)) == []
    assert list(find_shadowed(_only(policy, shown), judges, knowledge)) == []


@pytest.fixture
def knowledge(tmp_path: Path, judges: Judges) -> Knowledge:
    """The made-up table, document and sentences that the guide shows, taken in under the names that its rules use."""
    found = Knowledge(tmp_path / "knowledge", Keyed(bytes(KEY_BYTES)))
    table = tmp_path / "customers.csv"
    table.write_text(_shown("csv"), encoding="utf-8")
    add_table(found, "customers", table, _shown("csv").partition("\n")[0].split(","))
    add_documents(found, "contracts", iter([("made-up.txt", _shown("txt"))]))
    (tmp_path / "secrets.md").write_text(_shown("md"), encoding="utf-8")
    add_sentences(found, "secrets", tmp_path / "secrets.md", judges.encoder().read_each)
    return found


def _shown(kind: str) -> str:
    """The one block of that kind, the same in both languages."""
    (text,) = {block.text for guide in GUIDES for block in guide.blocks if block.kind == kind}
    return text


def _rules_of(written: str) -> set[str]:
    """The rules that a block defines or adjusts."""
    data = yaml.safe_load(textwrap.dedent(written))
    rules = data if isinstance(data, list) else data.get("rules", [])
    adjusted = [] if isinstance(data, list) else data.get("adjust", [])
    return {rule["id"] for rule in rules} | {adjustment["rule"] for adjustment in adjusted}


def _only(policy: Policy, rules: set[str]) -> Policy:
    return policy.model_copy(update={"rules": tuple(rule for rule in policy.rules if rule.id in rules)})


def test_the_example_policy_takes_the_readmes_edits(tmp_path: Path) -> None:
    written = (SHIPPED / "company.yaml").read_text(encoding="utf-8")
    for block in README.blocks:
        if block.kind == "yaml":
            edit = textwrap.dedent(block.text)
            key, edit = ("adjust:\n", edit.removeprefix("adjust:\n")) if "adjust:" in edit else ("rules:\n", edit)
            written = written.replace(f"\n{key}", f"\n{key}{textwrap.indent(textwrap.dedent(edit), '  ')}")
            assert edit.splitlines()[0].strip() in written
    path = tmp_path / "company.yaml"
    path.write_text(written, encoding="utf-8")
    load_policy(path)


@in_both
@in_each_detector
def test_every_detector_has_an_example(guide: Page, detector: str) -> None:
    used = {rule["detector"] for block in _parsed(guide) if isinstance(block, list) for rule in block}
    assert detector in used


@in_both
def test_every_error_shown_is_one_that_vaglio_says(guide: Page) -> None:
    sentences = [sentence for block in guide.blocks for sentence in _PLACED.findall(block.text)]
    assert sentences
    number = ("it", "en").index(guide.language)
    # `other` is any sentence at all.
    known = [said[number] for code, said in SENTENCES.items() if code != "other"]
    forms = [re.sub(r"\\\{\w+\\\}", ".+", re.escape(said)) for said in known]
    assert [sentence for sentence in sentences if not any(re.fullmatch(form, sentence) for form in forms)] == []


# --- Both say the same ---------------------------------------------------------------------------------------------


def test_both_have_the_same_headings() -> None:
    italian, english = ([level for level, _ in guide.headings] for guide in GUIDES)
    assert italian == english


def test_both_have_the_same_detectors_in_the_same_order() -> None:
    for guide in GUIDES:
        headings = [heading.strip("`") for _, heading in guide.headings]
        assert [heading for heading in headings if heading in DETECTORS] == list(DETECTORS)


def test_both_have_the_same_yaml() -> None:
    english, italian = ([wordless(block) for block in _parsed(guide)] for guide in GUIDES)
    assert english == italian


def test_both_have_as_many_tables_with_the_same_keys() -> None:
    english, italian = ([len(table) for table in guide.tables] for guide in GUIDES)
    assert english == italian


def _parsed(guide: Page) -> list[Any]:
    return [yaml.safe_load(block.text) for block in guide.blocks if block.kind == "yaml"]


def _models(annotation: object, seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """Every model that can stand under that annotation, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        seen.add(annotation)
        for field in annotation.model_fields.values():
            _models(field.annotation, seen)
            for part in field.metadata:
                _models(getattr(part, "annotation", None), seen)
    for inner in get_args(annotation):
        _models(inner, seen)
    return seen


@in_both
def test_no_key_of_a_policy_goes_unnamed(guide: Page) -> None:
    """Whatever model a policy's file may hold, in whatever detector: each key by its name, in a table or in a block."""
    models: set[type[BaseModel]] = set()
    for model in (PolicyFile, Owner, Clause, Adjustment, *DETECTORS.values()):
        _models(model, models)
    keys = {_key(name, field) for model in models for name, field in model.model_fields.items()}
    named = {word for span in guide.code for word in re.findall(r"\w+", span)}
    assert len(models) > len(DETECTORS)
    assert keys - named == set()
