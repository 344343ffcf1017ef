"""docs/security.md: each danger has what stops it, what does not, and tests that are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from bot.secret_files import FILE
from bot.settings import secret_names

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part.partition("\n")[2] for part in PAGE.split("\n## ")[1:]}
DANGERS = {title: text for title, text in SECTIONS.items() if "**Wants**" in text}
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@cache
def functions_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_whoever_may_do_harm_has_a_section() -> None:
    wanted = (
        "employee", "outsider", "curious owner", "malicious administrator", "stolen database", "stolen backup",
        "hostile policy", "hostile attachment", "compromised dependency", "Communications", "shared screen",
        "Another program",
    )  # fmt: skip
    assert [each for each in wanted if not any(each in title for title in DANGERS)] == []


@pytest.mark.parametrize("title", DANGERS)
def test_a_danger_is_told_whole(title: str) -> None:
    text = DANGERS[title]
    assert re.findall(r"^\*\*(Wants|What stops it\.|What does not\.)\*\*", text, re.M) == [
        "Wants", "What stops it.", "What does not."
    ]  # fmt: skip
    assert _TEST.search(text), "no test shows it"


@pytest.mark.parametrize(("file", "function"), sorted(set(_TEST.findall(PAGE))))
def test_a_test_that_is_named_is_there(file: str, function: str) -> None:
    assert (ROOT / file).is_file()
    assert function in functions_of(ROOT / file)


def test_no_test_is_named_in_another_way() -> None:
    assert len(re.findall(r"tests/\S+\.py", PAGE)) == len(_TEST.findall(PAGE))


def test_every_secret_is_named() -> None:
    said = SECTIONS["Secrets"]
    assert [name for name in secret_names() if f"`{name}`" not in said] == []
    assert FILE in said
