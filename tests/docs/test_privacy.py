"""docs/privacy.md, in both languages: nothing that is stored goes without its row, and both say the same."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from docs.pages import ROOT, Page
from sqlmodel import SQLModel

import bot.audit.tables
import bot.bulk.tables
import bot.console.tables
import bot.knowledge_tables
import bot.proposals.tables
import bot.tables
import bot.work_tables
from rules.keeping import Keeping

ENGLISH, ITALIAN = (Page(ROOT / "docs" / name) for name in ("privacy.md", "privacy.it.md"))
_DATABASE = {"en": "In the database", "it": "Nel database"}
_KEY = re.compile(r'"([a-z]+\.key)"')

in_both = pytest.mark.parametrize("page", [ENGLISH, ITALIAN], ids=lambda page: page.language)


def _tables(module: ModuleType) -> set[str]:
    made = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, SQLModel)]
    return {str(one.__tablename__) for one in made if one is not SQLModel}


def _first_cells(page: Page) -> str:
    rows = page.section(_DATABASE[page.language]).splitlines()
    return " ".join(row.split("|")[1] for row in rows if row.startswith("| `"))


@in_both
def test_every_table_is_named_and_none_that_is_not_there(page: Page) -> None:
    named = re.findall(r"`(\w+)`", _first_cells(page))
    modules = (
        *(bot.tables, bot.work_tables, bot.knowledge_tables, bot.audit.tables, bot.bulk.tables),
        *(bot.console.tables, bot.proposals.tables),
    )
    assert sorted(named) == sorted(set().union(*map(_tables, modules)))


@in_both
def test_every_key_file_is_named(page: Page) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "bot").rglob("*.py")]
    keys = {key for source in sources for key in _KEY.findall(source)}
    assert keys
    assert keys - set(page.code) == set()


@in_both
def test_every_setting_of_what_is_kept_is_named(page: Page) -> None:
    assert {f"record.{name}" for name in Keeping.model_fields} - set(page.code) == set()


def test_both_have_the_same_headings_and_tables() -> None:
    english, italian = ([level for level, _ in page.headings] for page in (ENGLISH, ITALIAN))
    assert english == italian
    english, italian = ([len(table) for table in page.tables] for page in (ENGLISH, ITALIAN))
    assert english == italian


def test_both_have_as_many_blanks_to_be_filled_in() -> None:
    english, italian = (len([span for span in page.code if span.startswith("[")]) for page in (ENGLISH, ITALIAN))
    assert english == italian
