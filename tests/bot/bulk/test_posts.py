"""Lines and rows that are drafts are read as they are; what is none is told by number and reason, never by words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.bulk import posts
from bot.bulk.posts import BadFile, BadLine, Posts, Row, line_of, read_line


def rows(tmp_path: Path, name: str, content: bytes, **names: str) -> list[Row]:
    path = tmp_path / name
    path.write_bytes(content)
    return list(Posts(path, **names).rows())


def test_lines_of_json_keep_their_numbers(tmp_path: Path) -> None:
    found = rows(tmp_path, "a.jsonl", b'{"text": "uno", "id": 1}\n\n  \n{"text": "due", "id": "x"}')
    assert [(row.line, row.fields) for row in found] == [
        (1, {"text": "uno", "id": 1}),
        (4, {"text": "due", "id": "x"}),
    ]


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"{no", "not JSON at character 2"),
        (b'{"text": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_line_that_is_no_json_is_told(tmp_path: Path, raw: bytes, fault: str) -> None:
    first, second = rows(tmp_path, "a.jsonl", raw + b'\n{"text": "due"}\n')
    assert (first.line, str(first.fault)) == (1, fault)
    assert (second.line, second.fields) == (2, {"text": "due"})


def test_an_endless_line_is_passed_over_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posts, "_LONGEST", 16)
    first, second = rows(tmp_path, "a.jsonl", b"x" * 100 + b'\n{"text":"due"}\n')
    assert (first.line, str(first.fault)) == (1, "too long for a draft")
    assert (second.line, second.fields) == (2, {"text": "due"})


@pytest.mark.parametrize("raw", ["[1]", '"text"', "{}", '{"text": "x", "channel": "fax SEGRETO"}', '{"text": 3}'])
def test_what_is_no_draft_says_which_key_and_not_what_stands_there(raw: str) -> None:
    with pytest.raises(BadLine) as error:
        read_line(raw.encode())
    assert "SEGRETO" not in str(error.value)


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_a_table_as_spreadsheets_write_it(tmp_path: Path, between: str) -> None:
    lines = ["url;Testo;Id;channel;likes", 'x;"Ciao; a, tutti\nda noi ""qui""";7;linkedin;3', ";;;;", "y;;8;;"]
    content = "\r\n".join(line.replace(";", between) for line in lines)
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode("utf-8-sig"))
    read = Posts(path, id="Id", text="Testo")
    told = f'Ciao{between} a, tutti\nda noi "qui"'
    assert [(row.line, row.fields) for row in read.rows()] == [
        (2, {"text": told, "id": "7", "channel": "linkedin"}),
        (4, {"text": "", "id": "8"}),
    ]
    assert list(read.not_read) == ["url", "likes"]


def test_faulty_rows_do_not_stop_a_table(tmp_path: Path) -> None:
    found = rows(tmp_path, "a.csv", b'text,id\nuno,1\ndue,2,3\n"tr"e,3\nqu\xffattro,4\ncinque,5\n')
    assert [(row.line, row.fault and str(row.fault)) for row in found] == [
        (2, None),
        (3, "3 cells, and the first row has 2"),
        (4, "not CSV: something stands between a closing quotation mark and the end of its cell"),
        (5, "not UTF-8"),
        (6, None),
    ]


@pytest.mark.parametrize(
    ("content", "english", "italian"),
    [
        (b"", "names no columns", "non nomina colonne"),
        (
            b"codice;testo;autore\n1;SEGRETO;x\n",
            "no column text. There are: codice, testo, autore. Say which one holds the text, for example: --text testo",
            "la colonna text. Ci sono: codice, testo, autore. Indica quella del testo, per esempio: --text testo",
        ),
        (b"my words,id\n", "--text 'my words'", "--text 'my words'"),
        (b"Una bozza SEGRETO che sta nella prima riga del file,id\n", "There are: id.", "Ci sono: id."),
        (b'te"xt,"a"b"\n', "its first row is not CSV", "la prima riga non è CSV"),
    ],
)
def test_a_table_without_the_column_of_the_text_is_refused_and_says_which_there_are(
    tmp_path: Path, content: bytes, english: str, italian: str
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    for read in (Posts(tmp_path / "a.csv").look, lambda: list(Posts(tmp_path / "a.csv").rows())):
        with pytest.raises(BadFile) as refused:
            read()
        assert english in str(refused.value)
        assert italian in refused.value.show("it")
        assert "SEGRETO" not in str(refused.value)


@pytest.mark.parametrize(
    "fields",
    [{}, {"text": 3}, {"text": "x", "channel": "fax"}, {"text": "x", "language": "ITA"}, {"text": "x", "id": 1.5}, [1],
     {"text": "x", "more": 1}],
)  # fmt: skip
def test_what_is_wrong_with_a_line_is_told_in_italian_too(fields: object) -> None:
    with pytest.raises(BadLine) as refused:
        line_of(fields)
    assert not re.search("Input|Field|String|should|line", refused.value.show("it")), refused.value.show("it")


def test_what_is_wrong_with_a_file_is_told_in_italian_too(tmp_path: Path) -> None:
    faults = rows(tmp_path, "a.csv", b'text,id\ndue,2,3\n"tr"e,3\nqu\xffattro,4\n"cinque\n')
    told = [row.fault.show("it") for row in faults if row.fault]
    assert len(told) == 4
    assert not re.search("cell|not|row", " ".join(told)), told


def test_only_what_comes_after_a_line_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"text": "{number}"}}\n' for number in range(1, 8)))
    assert [row.line for row in Posts(path).rows(beyond=4)] == [5, 6, 7]


@given(text=st.text(min_size=1), id=st.text(min_size=1))
def test_whatever_a_table_holds_is_read_as_it_is(tmp_path_factory: pytest.TempPathFactory, text: str, id: str) -> None:
    import csv

    path = tmp_path_factory.mktemp("posts") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerows([("id", "text"), (id, text)])
    (row,) = Posts(path).rows()
    line = line_of(row.fields)
    assert (line.id, line.text) == (id, text)
