"""CSV that acts nowhere, whichever spreadsheet opens it, and says what was written."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.audit.cells import Separator, inert, said

ACTS = re.compile(r'["\s\x00-\x20\x7f-\xa0\u200b-\u200f\u2060-\u206f\ufeff]*[=+\-@＝＋－＠]')
"""What a cell may begin with that a spreadsheet takes for a formula."""
HOSTILE = (
    "ciao;=HYPERLINK(A1);", "ciao\n=1+1", "ciao\r\n@SUM(A1)", "a\t=1", 'a;"=1', 'a; " =1', "=1+1", "'=1", "a;''-1", ";",
    "|+39", "a,=1", "＝1", "a;＝1", '";=1', "a;\ufeff=1", "a;\x00=1", "\r=1", "x;,;\n =1",
)  # fmt: skip

telling = st.sampled_from("=+-@;,|\t\r\n\"' a1\u200b\xa0＝")
words = st.text(telling | st.characters(exclude_categories=["Cs"]), max_size=30)


def pieces(raw: str) -> set[str]:
    """Whatever any program may take for a cell: by each separator with its quotes, and without them."""
    lines = [line for cut in ",;\t|" for line in csv.reader(io.StringIO(raw, newline=""), delimiter=cut)]
    return {cell for line in lines for cell in line} | set(re.split(r"[,;|\t\r\n]", raw))


def written(rows: list[list[str]], separator: Separator) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator.sign).writerows([inert(cell, separator) for cell in row] for row in rows)
    return file.getvalue()


@given(st.lists(st.lists(words, min_size=1, max_size=4), max_size=4), st.sampled_from(Separator))
@example([list(HOSTILE), list(reversed(HOSTILE))], Separator.COMMA)
@example([list(HOSTILE), list(reversed(HOSTILE))], Separator.SEMICOLON)
def test_no_piece_of_a_file_is_a_formula_wherever_it_is_cut(rows: list[list[str]], separator: Separator) -> None:
    raw = written(rows, separator)
    assert [piece for piece in pieces(raw) if ACTS.match(piece)] == []
    read = csv.reader(io.StringIO(raw, newline=""), delimiter=separator.sign, strict=True)
    assert [[said(cell) for cell in line] for line in read] == rows


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("ciao;=HYPERLINK(A1);", "ciao;'=HYPERLINK(A1);"),
        ("ciao\n=1+1", "ciao\n'=1+1"),
        ('ciao; "@io', "ciao; \"'@io"),
        ("'=1", "''=1"),
        ("prezzo - 5, cioè = 5", "prezzo - 5, cioè = 5"),
        ('{"score":-0.5}', '{"score":-0.5}'),
        ("\tciao", "\tciao"),
    ],
)  # fmt: skip
def test_only_where_a_formula_could_begin_there_is_an_apostrophe(text: str, cell: str) -> None:
    assert inert(text) == cell
    assert said(cell) == text


def test_numbers_are_written_as_the_country_of_the_separator_writes_them() -> None:
    assert [inert(1.5, each) for each in Separator] == ["1.5", "1,5"]
    assert [inert(value, Separator.SEMICOLON) for value in (7, True, None, "1.5")] == ["7", "true", "", "1.5"]
    assert [Separator.of(language) for language in ("it", "en", "fr")] == ["semicolon", "comma", "comma"]


def test_what_is_full_of_separators_is_written_at_once() -> None:
    """Looked at anew from each of them it would take minutes."""
    text = f"{'; ' * 300_000}x{chr(39) * 300_000}x"
    assert said(inert(text)) == text
