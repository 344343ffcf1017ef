"""A policy file as text: values with places, and a clear answer to whatever is no policy."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rules.problems import PolicyError
from rules.source import MAX_BYTES, MAX_NODES, Source, parse_source, plain, read_source

Write = Callable[[str, str | bytes], Path]

BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def source(text: str) -> Source:
    return parse_source(text, Path("p.yaml"), "p.yaml")


def fault(text: str) -> tuple[int, int, str]:
    with pytest.raises(PolicyError) as caught:
        source(text)
    (problem,) = caught.value.problems
    assert problem.say("it")
    assert problem.say("en")
    return problem.place.line, problem.place.column, problem.code


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("4.1", "4.1"),
        ("4.10", "4.10"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("007", "007"),
        ("2027-01-10", "2027-01-10"),
        ("0x1F", "0x1F"),
        (".nan", ".nan"),
        ("'null'", "null"),
        ("''", ""),
        ("null", None),
        ("~", None),
        ("", None),
        ("[no, 4.1, ~]", ["no", "4.1", None]),
        ("{no: on}", {"no": "on"}),
        ("! testo", "testo"),
    ],
)
def test_every_scalar_is_text_and_only_a_bare_null_is_nothing(written: str, value: object) -> None:
    assert plain(source(f"key: {written}").root) == {"key": value}


def test_places_count_lines_and_characters_from_one() -> None:
    read = source("è: {à: x}\nlist:\n  - due: 2\n    tre: [a, b]\n")
    assert str(read.place(("è", "à"))) == "p.yaml:1:8"
    assert str(read.place(("list",))) == "p.yaml:2:1"
    assert str(read.place(("list", 0))) == "p.yaml:3:5"
    assert str(read.place(("list", 0, "due"))) == "p.yaml:3:10"
    assert str(read.place(("list", 0, "due"), of_key=True)) == "p.yaml:3:5"
    assert str(read.place(("list", 0, "tre", 1))) == "p.yaml:4:14"


def test_the_place_of_what_is_not_there_is_the_deepest_that_is() -> None:
    read = source("rules:\n  - id: a\n")
    assert str(read.place(("rules", 0, "clause"))) == "p.yaml:2:5"
    assert str(read.place(("rules", 7))) == "p.yaml:1:1"
    assert str(read.place(("owners", 0))) == "p.yaml:1:1"


def test_a_source_knows_what_it_has() -> None:
    read = source("rules:\n  - id: a\n")
    assert read.has(("rules", 0, "id"))
    assert not read.has(("rules", 1))
    assert not read.has(("rules", "id"))
    assert read.text(("rules", 0, "id")) == "a"
    assert read.text(("rules",)) == read.text(("owners",)) == ""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", (1, 1, "not_a_mapping")),
        ("# only\n# comments\n", (1, 1, "not_a_mapping")),
        ("---\n", (2, 1, "not_a_mapping")),
        ("- a\n- b\n", (1, 1, "not_a_mapping")),
        ("\n\n  testo\n", (3, 3, "not_a_mapping")),
        ("name: a\n\tlanguages: [it]\n", (2, 1, "yaml")),
        ("name: a\nrules: [a, b\n", (3, 1, "yaml")),
        ("name: a: b\n", (1, 8, "yaml")),
        ('name: "a\n', (2, 1, "yaml")),
        ("a: 1\n b: 2\n", (2, 3, "yaml")),
        ("a: @x\n", (1, 4, "yaml")),
        ("a: %x\n", (1, 4, "yaml")),
        ("name: a\nnome: x\nname: b\n", (3, 1, "key_twice")),
        ("a: {b: 1, b: 2}\n", (1, 11, "key_twice")),
        ("a: 1\n---\nb: 2\n", (2, 1, "two_documents")),
        ("a: &x 1\nb: 2\n", (1, 4, "alias")),
        ("b: *x\n", (1, 4, "alias")),
        ("<<: *x\n", (1, 5, "alias")),
        ("*x : 1\n", (1, 1, "alias")),
        (BOMB, (1, 4, "alias")),
        ("a: !!python/object/apply:os.system [ls]\n", (1, 4, "tag")),
        ("a: !!set {x}\n", (1, 4, "tag")),
        ("a: !no\n", (1, 4, "tag")),
        ("? [a, b]\n: c\n", (1, 3, "key_not_text")),
        ("{a: 1}: b\n", (1, 1, "key_not_text")),
        ("a: " + "[" * 100_000, (1, 27, "too_deep")),
        ("- " * 100_000, (1, 49, "too_deep")),
        ("{a: " * 100_000, (1, 97, "too_deep")),
        ("? " * 100_000, (1, 3, "key_not_text")),
        ("a: b\nc: d\x00e\n", (2, 5, "yaml")),
        ("è: \x07\n", (1, 4, "yaml")),
        ("a: b\nc: \ud83d\n", (2, 4, "yaml")),
        ('a: "\\ud800"\n', (1, 7, "yaml")),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_policy_is_refused_with_its_place(text: str, place: tuple[int, int, str]) -> None:
    assert fault(text) == place


@pytest.mark.parametrize(
    ("content", "code", "facts"),
    [
        ("nome: perch\xe9\n".encode("latin-1"), "not_utf8", {"byte": "11"}),
        ("name: a\n".encode("utf-16"), "not_utf8", {"byte": "0"}),
        (b"a: " + b"x" * MAX_BYTES, "too_large", {"limit": "5 MB"}),
    ],
    ids=["Latin-1", "UTF-16", "large"],
)
def test_a_file_that_is_no_text_is_refused(write: Write, content: bytes, code: str, facts: dict[str, str]) -> None:
    with pytest.raises(PolicyError) as caught:
        read_source(write("p.yaml", content), "p.yaml")
    (problem,) = caught.value.problems
    assert (str(problem.place), problem.code, problem.facts) == ("p.yaml:1:1", code, facts)


def test_a_byte_order_mark_is_no_part_of_the_text(write: Write) -> None:
    read = read_source(write("p.yaml", b"\xef\xbb\xbfname: a\n"))
    assert plain(read.root) == {"name": "a"}
    assert str(read.place(("name",))).endswith(":1:7")


def test_line_ends_of_every_system_are_fine(write: Write) -> None:
    assert plain(read_source(write("p.yaml", b"a: 1\r\nb: 2\rc: 3\n")).root) == {"a": "1", "b": "2", "c": "3"}


@pytest.mark.parametrize("name", ["none.yaml", "folder", "a" * 5_000 + ".yaml"])
def test_a_file_that_cannot_be_read_is_named(write: Write, name: str) -> None:
    folder = write("folder/p.yaml", "a: b").parent.parent
    with pytest.raises(PolicyError) as caught:
        read_source(folder / name, name)
    assert caught.value.problems[0].code in {"no_file", "unreadable"}
    assert str(caught.value.problems[0].place) == f"{name}:1:1"


def test_the_snippet_shows_the_line_and_a_caret_under_the_column() -> None:
    with pytest.raises(PolicyError) as caught:
        source("name: a\nrules:\n  - &x 1\n")
    assert caught.value.show("en").splitlines()[1:] == ["    3 |   - &x 1", "            ^"]


def test_the_snippet_of_a_long_line_is_the_part_around_the_column() -> None:
    with pytest.raises(PolicyError) as caught:
        source("a: [" + "x, " * 1_000 + "*y]\n")
    line, caret = caught.value.problems[0].place.snippet.splitlines()
    assert len(line) < 120
    assert line[caret.index("^")] == "*"


def test_too_many_values_are_refused_where_the_first_of_them_stands() -> None:
    assert plain(source("a: [" + "x, " * (MAX_NODES - 3) + "]").root) is not None
    assert fault("a: [" + "x," * MAX_NODES + "]\n")[2] == "too_many_values"
    assert fault("a: [" + "{id: 1}," * MAX_NODES + "]\n")[2] == "too_many_values"


def test_a_pipe_or_a_device_is_not_even_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", Path("/dev/zero")):
        with pytest.raises(PolicyError) as caught:
            read_source(path, "p.yaml")
        assert [problem.code for problem in caught.value.problems] == ["no_regular_file"]
