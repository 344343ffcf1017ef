"""Rows of tables: found in drafts in all columns of a set, kept as hashes only, read from whatever CSV there is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.knowledge.hashing import KEY_BYTES, Keyed
from rules.knowledge.store import Knowledge, KnowledgeError
from rules.knowledge.tables import add_table, open_table

COLUMNS = ["name", "surname", "phone", "email", "iban", "vat"]
ROWS = [
    ["Chiara Neri", "Neri", "+39 333 1234567", "chiara.neri@acme.it", "IT60X0542811101000000123456", "00743110157"],
    ["Marco D'Angelo", "D'Angelo", "02 66984521", "marco1@acme.it", "", "02669845212"],
    ["Anna De Luca", "De Luca", "0044 20 7946 0958", "anna@acme.co.uk", "", ""],
    ["Li Wu", "Wu", "333 7654321", "", "", ""],
]
TABLE = "\n".join([",".join(COLUMNS), *(",".join(row) for row in ROWS)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def one_row(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    folder = tmp_path_factory.mktemp("one")
    (folder / "a.csv").write_text("email\nchiara.neri@acme.it\n", encoding="utf-8")
    held = Knowledge(folder / "knowledge", Keyed(b"k" * KEY_BYTES))
    add_table(held, "customers", folder / "a.csv", ["email"])
    return held


def found(knowledge: Knowledge, text: str, *together: Sequence[str]) -> list[str]:
    """What of `text` stands in the table, place by place."""
    places = {place for match in open_table(knowledge, "customers").find(text, together) for place in match.places}
    return [text[start:end] for start, end in sorted(places)]


# --- What is found ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("together", "text", "expected"),
    [
        # names
        (["name"], "Grazie a Chiara Neri e a Marco", ["Chiara Neri"]),
        (["name"], "NERI CHIARA, d'angelo marco", ["NERI CHIARA", "d'angelo marco"]),
        (["name"], "Grazie, De Luca Anna", ["De Luca Anna"]),
        (["name"], "Chiara e Neri; Anna Luca", []),
        (["surname"], "La signora De\nLuca", ["De\nLuca"]),
        (["surname"], "Wu", []),  # too short to tell
        # numbers, with their prefix and without
        (["phone"], "chiama 3331234567", ["3331234567"]),
        (["phone"], "chiama 333/123.45.67!", ["333/123.45.67"]),
        (["phone"], "chiama +393331234567", ["393331234567"]),
        (["phone"], "chiama 00393331234567", ["00393331234567"]),
        (["phone"], "chiama +39 02 6698 4521", ["39 02 6698 4521", "02 6698 4521"]),
        (["phone"], "chiama +39 333 7654321", ["39 333 7654321", "333 7654321"]),
        (["phone"], "call +44 (0)20 7946 0958", []),
        (["phone"], "call +44 20 7946-0958", ["44 20 7946-0958"]),
        (["phone"], "call 00442079460958", ["00442079460958"]),
        (["phone"], "chiama 3331234568 o 33312345670", []),
        # codes
        (["email"], "Scrivi a Chiara.Neri@ACME.it.", ["Chiara.Neri@ACME.it"]),
        (["email"], "marco1@acme.it, marco2@acme.it", ["marco1@acme.it"]),
        (["iban"], "it60 x054 2811 1010 0000 0123 456", ["it60 x054 2811 1010 0000 0123 456"]),
        (["vat"], "P.IVA 00743110157 e IT 02669845212", ["00743110157", "02669845212"]),
        # several columns of one row
        (["surname", "phone"], "La Neri risponde al 333 1234567", ["Neri", "333 1234567"]),
        (["surname", "phone"], "Al 3331234567 c'è la Neri, o De Luca", ["3331234567", "Neri"]),
        (["surname", "phone"], "La Neri risponde al 02 66984521", []),  # somebody else's
        (["surname", "phone"], "La Neri e D'Angelo, 0266984521", ["D'Angelo", "0266984521"]),
        (["surname", "phone", "email"], "Neri, 3331234567, anna@acme.co.uk", []),
        (["surname", "phone", "email"], "Neri 3331234567 chiara.neri@acme.it",
         ["Neri", "3331234567", "chiara.neri@acme.it", "neri"]),
        (["surname", "phone"], "Neri, Neri", []),
        (["name"], "", []),
    ],
)  # fmt: skip
def test_values_of_one_row_are_found(
    knowledge: Knowledge, source: Path, together: list[str], text: str, expected: list[str]
) -> None:
    add_table(knowledge, "customers", source, COLUMNS)
    assert found(knowledge, text, together) == expected


def test_one_set_of_columns_is_enough(knowledge: Knowledge, source: Path) -> None:
    add_table(knowledge, "customers", source, ["surname", "phone", "email"])
    sets = (["email"], ["surname", "phone"])
    assert found(knowledge, "Neri, marco1@acme.it", *sets) == ["marco1@acme.it"]
    assert found(knowledge, "Neri, 333 1234567", *sets) == ["Neri", "333 1234567"]
    assert found(knowledge, "Neri, 02 66984521", *sets) == []


def test_a_value_of_too_many_rows_tells_nobody_apart(knowledge: Knowledge, tmp_path: Path) -> None:
    source = tmp_path / "many.csv"
    rows = [f"Rossi,33312{number:05d}" for number in range(2_100)]
    source.write_text("\n".join(["surname,phone", *rows, "Verdi,0266984521"]), encoding="utf-8")
    add_table(knowledge, "customers", source, ["surname", "phone"])
    assert found(knowledge, "Rossi 3331200001", ["surname", "phone"]) == []
    assert found(knowledge, "Verdi 0266984521", ["surname", "phone"]) == ["Verdi", "0266984521"]
    assert found(knowledge, "Rossi 3331200001", ["surname"], ["phone"]) == ["Rossi", "3331200001"]


def test_many_values_in_a_long_text_are_found_once_each(knowledge: Knowledge, source: Path) -> None:
    add_table(knowledge, "customers", source, ["surname", "phone"])
    text = "Neri 3331234567 " * 600
    assert len(found(knowledge, text, ["surname", "phone"])) == 1_200


@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_whatever_stands_around_a_value_is_found(one_row: Knowledge, before: str, after: str) -> None:
    text = f"{before} chiara.neri@acme.it {after}"
    assert "chiara.neri@acme.it" in found(one_row, text, ["email"])


# --- What is kept -------------------------------------------------------------------------------------------------


def test_no_value_is_on_the_disk(knowledge: Knowledge, source: Path) -> None:
    add_table(knowledge, "customers", source, COLUMNS)
    written = [path.read_bytes().lower() for path in knowledge.folder.rglob("*") if path.is_file()]
    assert len(written) >= 4
    for value in ("neri", "chiara", "angelo", "1234567", "66984521", "marco1", "acme", "it60x", "00743110157"):
        for form in (value.encode(), value.encode("utf-16-le"), value.encode("utf-32-le"), value[::-1].encode()):
            assert not any(form in content for content in written), value


def test_the_manifest_counts_and_names_columns(knowledge: Knowledge, source: Path) -> None:
    reported: list[float] = []
    manifest = add_table(knowledge, "customers", source, ["surname", "phone"], reported.append)
    assert manifest.about["columns"] == ["surname", "phone"]
    assert (manifest.about["rows"], manifest.about["unfit"]) == (4, 1)


def test_another_key_finds_nothing(knowledge: Knowledge, other_key: Knowledge, source: Path) -> None:
    add_table(knowledge, "customers", source, COLUMNS)
    with pytest.raises(KnowledgeError, match="another key"):
        open_table(other_key, "customers")


# --- What is read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("surname,phone\nNeri,3331234567\n", "utf-8-sig"),
        ("\ufeffsurname,phone\r\nNeri,3331234567\r\n", "utf-8-sig"),
        ("\ufeffsurname,phone\nNeri,3331234567", "utf-8"),
        ("surname;phone\nNeri;3331234567\n", "utf-8-sig"),
        ("surname\tphone\nNeri\t3331234567\n", "utf-8-sig"),
        ("surname|phone\nNeri|3331234567\n", "utf-8-sig"),
        ('"surname","phone"\n"Neri","3331234567"\n', "utf-8-sig"),
        ('id,Phone , SURNAME\n1,3331234567,"Neri"\n', "utf-8-sig"),
        ("surname,phone\n\n\nNeri,3331234567\n\n", "utf-8-sig"),
        ('note,surname,phone\n"due\nrighe, e ""virgole""",Neri,3331234567\n', "utf-8-sig"),
        ("città,surname,phone\nForlì,Neri,3331234567\n", "cp1252"),
        ("surname,phone\nNeri,3331234567\n", "utf-16"),
    ],
)
def test_a_table_is_read_however_it_is_written(
    knowledge: Knowledge, tmp_path: Path, content: str, encoding: str
) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(content.encode("utf-8" if encoding == "utf-8-sig" else encoding))
    add_table(knowledge, "customers", source, ["surname", "phone"], encoding=encoding)
    assert found(knowledge, "Neri 3331234567", ["surname", "phone"]) == ["Neri", "3331234567"]


@pytest.mark.parametrize(
    ("content", "columns", "encoding", "said"),
    [
        (b"", ["email"], "utf-8-sig", "it is empty"),
        (b" \n\n", ["email"], "utf-8-sig", "it is empty"),
        (b"email\n", ["email"], "utf-8-sig", "no value of at least 4 characters in email"),
        (b"email\nabc\n", ["email"], "utf-8-sig", "no value of at least 4 characters in email"),
        (b"name,email\na,b\n", ["mail"], "utf-8-sig", ":1: no column 'mail'; there are: name, email"),
        (b"citt\xe0,email\na,bcde\n", ["email"], "utf-8-sig", "byte 4 is not utf-8: try --encoding cp1252"),
        (b"name,email\na,bcde\n", ["email"], "utf-16", "it is not utf-16"),
        (b"name,email\na,bcde\n", ["email"], "klingon", "there is no encoding 'klingon'"),
        (b"name,email\n" + b"a" * 200_000 + b",b\n", ["email"], "utf-8-sig", "no table of values"),
    ],
)
def test_what_cannot_be_read_is_named(
    knowledge: Knowledge, tmp_path: Path, content: bytes, columns: list[str], encoding: str, said: str
) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(content)
    with pytest.raises(KnowledgeError) as caught:
        add_table(knowledge, "customers", source, columns, encoding=encoding)
    assert said in str(caught.value)
    assert encoding == "klingon" or str(source) in str(caught.value)
    assert list(knowledge.names()) == []


def test_a_file_that_is_not_there_is_named(knowledge: Knowledge, tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(KnowledgeError, match=str(path)):
            add_table(knowledge, "customers", path, ["email"])


def test_a_few_rows_of_another_length_are_passed_over(knowledge: Knowledge, tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    rows = [f"Neri,33312{number:05d}" for number in range(300)]
    source.write_text("\n".join(["surname,phone", *rows, "Verdi", "Bianchi,0266984521,x", ""]), encoding="utf-8")
    assert add_table(knowledge, "customers", source, ["surname", "phone"]).about["rows"] == 300
    assert found(knowledge, "Verdi e Bianchi, 3331200299", ["surname"], ["phone"]) == ["3331200299"]


def test_many_are_an_error_that_says_in_which_lines(knowledge: Knowledge, tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    lines = ["surname,note,phone", '"Neri","due\nrighe",3331234567', "", "Verdi,0266984521", "Bianchi", "Neri,x,y,z"]
    source.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        add_table(knowledge, "customers", source, ["surname"])
    assert str(caught.value).startswith(f"{source}:5: not 3 values")
    assert "in 3 rows (5, 6, 7 ...)" in str(caught.value)
    assert not any(name in str(caught.value) for name in ("Neri", "Verdi", "Bianchi"))


def test_a_file_that_is_no_table_is_given_up_early(knowledge: Knowledge, tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("email\n" + "a,b\n" * 100_000, encoding="utf-8")
    with pytest.raises(KnowledgeError, match="in 101 rows"):
        add_table(knowledge, "customers", source, ["email"])


def test_a_table_that_cannot_be_read_leaves_the_old_in_force(
    knowledge: Knowledge, source: Path, tmp_path: Path
) -> None:
    add_table(knowledge, "customers", source, ["email"])
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"email\nanna@acme.it\n" + b"\xff\n")
    with pytest.raises(KnowledgeError):
        add_table(knowledge, "customers", bad, ["email"])
    assert found(knowledge, "marco1@acme.it", ["email"]) == ["marco1@acme.it"]


@given(content=st.binary(max_size=300))
def test_any_file_is_a_table_or_a_knowledge_error(one_row: Knowledge, content: bytes) -> None:
    source = one_row.folder.parent / "any.csv"
    source.write_bytes(b"email," + content)
    try:
        add_table(one_row, "other", source, ["email"])
    except KnowledgeError as error:
        assert str(source) in str(error)  # noqa: PT017 -- either will do


def test_what_a_spreadsheet_writes_is_understood(knowledge: Knowledge, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\nemail;name\na@mail.example;Anna Primavera\n", encoding="utf-8")
    assert add_table(knowledge, "customers", path, ["email"]).about["rows"] == 1
    path.write_bytes("email,name\na@mail.example,Anna\n".encode("utf-16"))
    with pytest.raises(KnowledgeError, match="--encoding utf-16"):
        add_table(knowledge, "customers", path, ["email"])
    assert add_table(knowledge, "customers", path, ["email"], encoding="utf-16").about["rows"] == 1


def test_an_unclosed_quote_is_no_reason_to_lose_the_rest(knowledge: Knowledge, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('email\nx@mail.example\n"open\n' + "y@mail.example\n" * 300, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"a\.csv"):
        add_table(knowledge, "customers", path, ["email"])


def test_a_first_line_that_is_a_customer_is_not_repeated(knowledge: Knowledge, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("anna@mail.example,3401112233\n", encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        add_table(knowledge, "customers", path, ["email"])
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize("columns", [[], ["email", "email"], [f"c{n}" for n in range(256)]])
def test_columns_are_named_once_each_and_not_too_many(knowledge: Knowledge, tmp_path: Path, columns: list[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("email\nx@mail.example\n", encoding="utf-8")
    with pytest.raises(KnowledgeError, match="--columns"):
        add_table(knowledge, "customers", path, columns)
