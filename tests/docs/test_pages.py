"""All pages together: what one is to type is run or excused, every block is tried, both languages go together."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs.pages import COOKBOOKS, GUIDES, PAGES, README, ROOT, Block, Page
from docs.policies import whole

from bot.metrics import Metrics
from bot.settings import PREFIX, Settings
from rules.assembly import load_policy

_COMMAND = re.compile(r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?(?P<name>[\w./-]+)(?: |$)")
_SETTING = re.compile(rf"{PREFIX}[A-Z_]+=.*")
_PROGRAMS = {"vaglio", "make"}
"""tests/docs/test_readme.py runs the one, and looks whether the other has that target."""

EXCUSED = {
    "python": "the verifier that goes with an export: run from there by tests/bot/audit/test_verifier.py",
    "curl": "sent as it stands by tests/bot/console/test_api_docs.py",
    "pytest": "would run the tests in the tests; that the files are there is checked here",
    "docker": "no daemon here; what the files promise is held by tests/deploy/test_containers.py",
    "cp": "into the system's own folders",
    "systemd-run": "no systemd here; what it gives is held against the unit by tests/deploy/test_units.py",
    "systemctl": "no systemd here; the units are held by tests/deploy/test_units.py",
    "pybabel": "writes into the package; tests/docs/test_contributing.py takes a catalogue in, elsewhere",
}
"""What is not run as it stands, and why."""

_MADE = {"tests/rules/detectors/test_brackets.py"}
"""What a page has its reader write."""

PAIRS = [
    (Page(path.with_name(path.name.replace(".it.md", ".md"))), Page(path))
    for path in sorted((ROOT / "docs").glob("*.it.md"))
]


def _typed(page: Page) -> list[str]:
    """Each line to be typed; where a block shows a prompt, what follows it."""
    typed = []
    for block in page.blocks:
        lines = textwrap.dedent(block.text).replace("\\\n", " ").splitlines()
        if block.kind in ("console", "text"):
            lines = [line for line in lines if line.startswith("$ ")]
        elif block.kind not in ("", "sh"):
            continue
        typed += [line for line in lines if line and not _SETTING.fullmatch(line)]
    return typed


def _program(line: str) -> str:
    match = _COMMAND.match(line)
    assert match, line
    words = shlex.split(line)
    return words[words.index("-m") + 1] if "-m" in words else match["name"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_line_to_be_typed_is_run_or_excused(page: Page) -> None:
    assert {_program(line) for line in _typed(page)} - _PROGRAMS - EXCUSED.keys() == set()


def test_no_excuse_is_left_over() -> None:
    assert EXCUSED.keys() - {_program(line) for page in PAGES for line in _typed(page)} == set()


def test_every_test_to_be_run_is_there() -> None:
    lines = [line for page in PAGES for line in _typed(page) if _program(line) == "pytest"]
    named = {word for line in lines for word in shlex.split(line) if word.startswith("tests/")}
    assert named
    assert {name for name in named - _MADE if not (ROOT / name).is_file()} == set()


TRIED = {*GUIDES, *COOKBOOKS, README, Page(ROOT / "docs" / "contributing.md")}
"""Their blocks of YAML are tried with their examples by tests of their own."""


def _fragments() -> list[Any]:
    return [
        pytest.param(block, id=f"{page.name}:{block.line}")
        for page in PAGES
        for block in page.blocks
        if page not in TRIED and block.kind == "yaml"
    ]


@pytest.mark.parametrize("block", _fragments())
def test_every_other_block_of_yaml_is_a_part_of_a_policy(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(whole(block.text), encoding="utf-8")
    load_policy(path)


@pytest.mark.parametrize("block", [block for page in PAGES for block in page.blocks if block.kind == "yaml"])
def test_no_block_of_yaml_says_a_key_twice(block: Block) -> None:
    assert yaml.safe_load(textwrap.dedent(block.text))


# --- Nothing exists that is not named ------------------------------------------------------------------------------


def test_every_setting_is_in_the_docs() -> None:
    everything = "\n".join(page.text for page in PAGES)
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    assert {name for name in names if not re.search(rf"\b{name}\b", everything)} == set()


def test_every_metric_is_in_the_docs() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    source = (ROOT / "bot" / "metrics.py").read_text(encoding="utf-8")
    names = set(re.findall(r'"(vaglio_\w+)"', source))
    assert names
    assert Metrics.__module__ == "bot.metrics"
    assert {name for name in names if name.removesuffix("_total") not in page} == set()


# --- Both languages go together ------------------------------------------------------------------------------------

in_pairs = pytest.mark.parametrize(("english", "italian"), PAIRS, ids=lambda page: page.name)


@in_pairs
def test_both_have_the_same_headings(english: Page, italian: Page) -> None:
    assert [level for level, _ in english.headings] == [level for level, _ in italian.headings]


@in_pairs
def test_both_have_the_same_blocks(english: Page, italian: Page) -> None:
    assert [block.kind for block in english.blocks] == [block.kind for block in italian.blocks]


@in_pairs
def test_each_leads_to_the_other(english: Page, italian: Page) -> None:
    assert italian.path.name in english.links
    assert english.path.name in italian.links


def test_every_page_is_in_the_readme() -> None:
    linked = {link.partition("#")[0] for link in README.links}
    pages = {page.name for page in PAGES if page.path.parent == ROOT / "docs"}
    assert pages - linked == set()
