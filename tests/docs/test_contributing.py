"""docs/contributing.md: its detector and its language are added as it says, without a file left behind."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
import yaml
from docs.pages import ROOT, Page
from docs.policies import whole
from pydantic import TypeAdapter

import bot.languages
import bot.wording
from bot.languages import asked_for, spoken_in
from bot.wording import CATALOGUES, Wording
from rules.assembly import load_policy
from rules.detectors.base import BaseRule, Subject
from rules.draft import Draft
from rules.folding import fold
from rules.screening import Screener
from rules.trial import try_examples
from rules.verdict import Outcome

PAGE = Page(ROOT / "docs" / "contributing.md")
DETECTOR, TEST, _ = (textwrap.dedent(block.text) for block in PAGE.blocks if block.kind == "python")
RULE, PACK = (block.text for block in PAGE.blocks if block.kind == "yaml")


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> type[BaseRule]:
    """The class that the page has its reader write, as a module of that name."""
    module = ModuleType("rules.detectors.brackets")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(DETECTOR, "brackets.py", "exec"), module.__dict__)  # noqa: S102 -- our own page
    made: type[BaseRule] = module.Brackets  # type: ignore[attr-defined]
    return made


def test_its_test_passes(detector: type[BaseRule]) -> None:
    def make(name: str, **fields: Any) -> BaseRule:
        assert name in get_args(detector.model_fields["detector"].annotation)
        written = yaml.safe_load(RULE)[0]
        return detector.model_validate({**written, **fields})

    def found(rule: BaseRule, text: str) -> list[str]:
        subject = Subject(Draft(text=text), fold(text), ("it", "en"))
        return [hit.span.of(text) for hit in rule.hits(subject)]

    space: dict[str, Callable[..., None]] = {}
    exec(compile(TEST, "test_brackets.py", "exec"), space)  # noqa: S102 -- our own page
    (test,) = (made for name, made in space.items() if name.startswith("test_"))
    test(make, found)


def test_its_rule_behaves_in_a_policy(detector: type[BaseRule], tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(whole(RULE.replace("detector: brackets", "detector: shouting")), encoding="utf-8")
    policy = load_policy(path)
    rule = TypeAdapter(detector).validate_python(yaml.safe_load(RULE)[0])
    policy = policy.model_copy(update={"rules": (rule,)})
    assert list(try_examples(policy)) == []


def test_its_pack_screens_in_french(tmp_path: Path) -> None:
    path = tmp_path / "voix.yaml"
    path.write_text(PACK, encoding="utf-8")
    policy = load_policy(path)
    assert list(try_examples(policy)) == []
    screener = Screener(policy)
    assert screener.screen(Draft(text="Des résultats garantis pour toute la famille.")).outcome is Outcome.REVISE
    assert screener.screen(Draft(text="Nous sommes ouverts lundi matin, venez nous voir.")).outcome is Outcome.CLEAR


def test_a_catalogue_and_a_line_are_enough_to_be_spoken_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = 'msgid ""\nmsgstr ""\n"Language: fr\\n"\n"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'
    (tmp_path / "fr.po").write_text(
        f'{head}msgid "Good to go"\nmsgstr "Prêt à publier"\n\nmsgid "suggestion"\nmsgstr ""\n', encoding="utf-8"
    )
    monkeypatch.setattr(bot.wording, "CATALOGUES", tmp_path)
    monkeypatch.setattr(bot.languages, "LANGUAGES", (*bot.languages.LANGUAGES, "fr"))
    monkeypatch.setattr(bot.languages, "NAMES", {**bot.languages.NAMES, "fr": "Français"})
    bot.wording._catalogue.cache_clear()
    assert asked_for("français") == asked_for("FR") == spoken_in("fr_FR.UTF-8") == spoken_in("fr-CA") == "fr"
    assert Wording("fr").say("Good to go") == "Prêt à publier"
    assert Wording("fr").say("suggestion") == "suggestion"
    bot.wording._catalogue.cache_clear()


def test_every_file_that_it_names_is_there() -> None:
    made = {"rules/detectors/brackets.py", "tests/rules/detectors/test_brackets.py", "bot/wording/fr.po"}
    named = {span for span in PAGE.code if span.split("/")[0] in ("bot", "rules", "tests") and " " not in span}
    assert {name for name in named - made if not (ROOT / name).exists()} == set()
    assert CATALOGUES == ROOT / "bot" / "wording"
