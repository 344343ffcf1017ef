"""`vaglio knowledge ...`, and what `vaglio policy explain` tells step by step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from bot.cli.commands import run
from bot.cli.exits import EXIT_IO, EXIT_SETTINGS, EXIT_USAGE
from bot.cli.policy import _step
from bot.wording import Wording
from rules.tracing import Kind, Step

TABLE = "surname,phone,email\nNeri,333 1234567,chiara.neri@acme.example\nRho,,anna@acme.example\n"
PLAN = "Entro marzo il gruppo acquisirà la società Zorblax di Lecco, con dodici milioni di euro pagati in tre rate."
POLICY = """\
name: acme
languages: [it, en]
owners: [{id: comms, name: Comms}]
clauses: [{id: 1.1, title: {it: Uno, en: One}, text: {it: Uno., en: One.}, owner: comms}]
rules:
  - id: confidential.customer
    detector: exact_match
    severity: block
    clause: 1.1
    message: {it: È un cliente., en: It is a customer.}
    table: customers
    match: [[email], [surname, phone]]
    except: [{phrase: info@acme.example, why: è il centralino}]
    examples: {flag: [x], allow: [y]}
  - id: confidential.plan
    detector: fingerprint
    severity: block
    clause: 1.1
    message: {it: È nel piano., en: It is in the plan.}
    documents: plans
    examples: {flag: [x], allow: [y]}
  - id: confidential.said
    detector: paraphrase
    severity: note
    clause: 1.1
    message: {it: Lo dice il piano., en: The plan says so.}
    sentences: secrets
    examples: {flag: [x], allow: [y]}
"""


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    monkeypatch.setenv("VAGLIO_POLICY", str(tmp_path / "policy.yaml"))
    monkeypatch.setenv("VAGLIO_LANGUAGE", "en")
    monkeypatch.setenv("VAGLIO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("VAGLIO_KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def table(tmp_path: Path) -> str:
    (tmp_path / "customers.csv").write_text(TABLE, encoding="utf-8")
    return str(tmp_path / "customers.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Plans" / "2026").mkdir(parents=True)
    (tmp_path / "Plans" / "2026" / "piano.txt").write_text(PLAN, encoding="utf-8")
    return tmp_path / "Plans"


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run(["knowledge", "list", "--json"]) == 0
    return list(json.loads(capsys.readouterr().out))


def found(capsys: pytest.CaptureFixture[str], text: str) -> list[str]:
    capsys.readouterr()
    run(["check", "--json", text])
    line = json.loads(capsys.readouterr().out)
    return [finding["rule"] for finding in line["findings"]]


# --- add ----------------------------------------------------------------------------------------------------------


def test_a_table_is_taken_in_and_found_in_drafts(capsys: pytest.CaptureFixture[str], table: str) -> None:
    assert run(["knowledge", "add", table, "--columns", "surname, phone,email"]) == 0
    said = capsys.readouterr().out
    assert "customers: 2 rows, 4 values kept as keyed hashes." in said
    assert "1 value is too short or too long to be looked for." in said
    assert found(capsys, "Scrivi a anna@acme.example") == ["confidential.customer"]
    assert found(capsys, "Scrivi a bruno@acme.example") == []


def test_no_value_is_written_or_printed(capsys: pytest.CaptureFixture[str], table: str, tmp_path: Path) -> None:
    assert run(["knowledge", "add", table, "--columns", "surname,phone,email"]) == 0
    assert run(["knowledge", "list"]) == 0
    printed = "".join(capsys.readouterr()).lower().encode()
    files = [path for name in ("data", "keys") for path in (tmp_path / name).rglob("*") if path.is_file()]
    for content in (printed, *(path.read_bytes().lower() for path in files)):
        assert not any(value in content for value in (b"neri", b"anna", b"acme.example", b"1234567"))


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (b"", ["--columns", "email"], "it is empty"),
        (b"name,mail\na,b\n", ["--columns", "email"], "no column 'email'"),
        (b"email\n\xff\n", ["--columns", "email"], "try --encoding cp1252"),
        (b"email\nabcde\n", ["--columns", "email", "--encoding", "klingon"], "no encoding 'klingon'"),
        (b"email\nabcde\n", ["--columns", "email", "--name", "A b"], "small letters"),
        (b"email\na,b\nc,d\n", ["--columns", "email"], ":2: not 1 values"),
    ],
)
def test_a_bad_table_is_an_error_and_leaves_the_old(
    capsys: pytest.CaptureFixture[str], table: str, tmp_path: Path, content: bytes, arguments: list[str], said: str
) -> None:
    assert run(["knowledge", "add", table, "--columns", "surname,phone,email"]) == 0
    (before,) = listed(capsys)
    bad = tmp_path / "bad.csv"
    bad.write_bytes(content)
    named = [] if "--name" in arguments else ["--name", "customers"]
    assert run(["knowledge", "add", str(bad), *named, *arguments]) == EXIT_IO
    assert said in capsys.readouterr().err
    assert listed(capsys) == [before]
    assert found(capsys, "anna@acme.example") == ["confidential.customer"]


def test_a_table_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["knowledge", "add", "none.csv", "--columns", "email"]) == EXIT_IO
    assert "none.csv: No such file" in capsys.readouterr().err
    assert run(["knowledge", "add", "none.csv"]) == EXIT_USAGE


def test_another_encoding_can_be_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "Clienti (2026).csv").write_bytes("città;e-mail\nForlì;anna@acme.example\n".encode("cp1252"))
    arguments = ["Clienti (2026).csv", "--columns", "città,e-mail", "--encoding", "cp1252"]
    assert run(["knowledge", "add", *arguments]) == 0
    assert "clienti--2026: 1 rows" in capsys.readouterr().out


# --- add-docs -----------------------------------------------------------------------------------------------------


def test_documents_are_taken_in_and_found_in_drafts(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    assert run(["knowledge", "add-docs", str(folder)]) == 0
    assert "plans: 1 document kept as keyed hashes." in capsys.readouterr().out
    assert found(capsys, f"Pare che {PLAN[12:80]}") == ["confidential.plan"]
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or b"zorblax" not in path.read_bytes().lower()


def test_a_document_that_cannot_be_read_stops_all_unless_it_is_skipped(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "broken.pdf").write_text(PLAN, encoding="utf-8")
    assert run(["knowledge", "add-docs", str(folder)]) == EXIT_IO
    said = capsys.readouterr().err
    assert "broken.pdf" in said
    assert "--skip-unreadable" in said
    assert "Zorblax" not in said
    assert listed(capsys) == []
    assert run(["knowledge", "add-docs", str(folder), "--skip-unreadable"]) == 0
    assert "broken.pdf" in capsys.readouterr().err
    assert [one["name"] for one in listed(capsys)] == ["plans"]


def test_a_folder_that_is_none_or_empty_is_an_error(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    assert run(["knowledge", "add-docs", str(folder)]) == 0
    (tmp_path / "empty").mkdir()
    for path in ("none", "policy.yaml", "empty"):
        assert run(["knowledge", "add-docs", path, "--name", "plans"]) == EXIT_IO
    assert "a folder is wanted" in capsys.readouterr().err
    assert [one["name"] for one in listed(capsys)] == ["plans"]
    assert found(capsys, PLAN) == ["confidential.plan"]


# --- add-sentences -------------------------------------------------------------------------------------------------


@pytest.fixture
def secrets(tmp_path: Path) -> str:
    text = f"# Da non dire\n{PLAN}\nThe board will replace the chief executive before the summer.\n"
    (tmp_path / "Secrets.md").write_text(text, encoding="utf-8")
    return str(tmp_path / "Secrets.md")


def test_sentences_are_taken_in_and_found_in_other_words(
    capsys: pytest.CaptureFixture[str], secrets: str, tmp_path: Path
) -> None:
    assert run(["knowledge", "add-sentences", secrets]) == 0
    said = capsys.readouterr()
    assert "secrets: 2 sentences kept as vectors, without their words." in said.out
    assert "Secrets.md ..." in said.err
    assert found(capsys, "Il gruppo comprerà entro marzo la Zorblax di Lecco per dodici milioni, in tre rate.") == [
        "confidential.said"
    ]
    assert found(capsys, "Domani a Lecco c'è il mercato, venite a trovarci.") == []
    assert run(["knowledge", "list"]) == 0
    assert "✓ secrets: 2 sentences," in capsys.readouterr().out
    assert [(one["name"], one["about"]["sentences"]) for one in listed(capsys)] == [("secrets", 2)]
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or b"zorblax" not in path.read_bytes().lower()
    assert run(["knowledge", "remove", "secrets"]) == 0
    assert listed(capsys) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no sentence in it"),
        (b"# uno\nTroppo breve Zorblax\n", ":2: fewer than 5 words"),
        (b"Zorblax \xff", ":1: not in UTF-8"),
        (b"\0Zorblax", ":1: not a text"),
    ],
)
def test_bad_sentences_are_an_error_and_leave_the_old(
    capsys: pytest.CaptureFixture[str], secrets: str, tmp_path: Path, content: bytes, said: str
) -> None:
    assert run(["knowledge", "add-sentences", secrets]) == 0
    (before,) = listed(capsys)
    (tmp_path / "bad.txt").write_bytes(content)
    assert run(["knowledge", "add-sentences", "bad.txt", "--name", "secrets"]) == EXIT_IO
    err = capsys.readouterr().err
    assert said in err
    assert "Zorblax" not in err
    assert listed(capsys) == [before]


def test_without_the_encoder_it_says_so(
    capsys: pytest.CaptureFixture[str], secrets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").write_text("a file where a folder is wanted", encoding="utf-8")
    monkeypatch.setenv("VAGLIO_MODELS_DIR", str(tmp_path / "models"))
    assert run(["knowledge", "add-sentences", secrets]) == EXIT_IO
    assert "multilingual-e5-small: it cannot be opened" in capsys.readouterr().err
    assert listed(capsys) == []


# --- list and remove ----------------------------------------------------------------------------------------------


def test_the_list_says_what_there_is(capsys: pytest.CaptureFixture[str], table: str, folder: Path) -> None:
    assert run(["knowledge", "list"]) == 0
    assert "vaglio knowledge add" in capsys.readouterr().out
    assert listed(capsys) == []
    assert run(["knowledge", "add", table, "--columns", "surname,email"]) == 0
    assert run(["knowledge", "add-docs", str(folder)]) == 0
    customers, plans = listed(capsys)
    assert (customers["name"], customers["about"]["columns"], customers["about"]["rows"]) == (
        "customers", ["surname", "email"], 2,
    )  # fmt: skip
    assert plans["name"] == "plans"
    assert "documents" not in plans["about"]
    assert run(["knowledge", "list"]) == 0
    said = capsys.readouterr().out
    assert "✓ customers: 2 × surname, email" in said
    assert "✓ plans: 1 document," in said


@pytest.mark.parametrize(("language", "said"), [("en", "another key"), ("it", "chiave")])
def test_what_another_key_made_is_marked(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    tmp_path: Path,
    language: str,
    said: str,
) -> None:
    assert run(["knowledge", "add", table, "--columns", "email"]) == 0
    (tmp_path / "keys" / "knowledge.key").write_bytes(b"o" * 32)
    monkeypatch.setenv("VAGLIO_LANGUAGE", language)
    capsys.readouterr()
    assert run(["knowledge", "list"]) == 0
    out = capsys.readouterr().out
    assert "✗ customers" in out
    assert said in out
    assert found(capsys, "anna@acme.example") == []


def test_what_is_removed_is_gone(capsys: pytest.CaptureFixture[str], table: str) -> None:
    assert run(["knowledge", "add", table, "--columns", "surname,phone,email"]) == 0
    assert run(["knowledge", "remove", "customers"]) == 0
    assert "customers is forgotten." in capsys.readouterr().out
    assert listed(capsys) == []
    for name in ("customers", "../customers"):
        assert run(["knowledge", "remove", name]) == EXIT_IO
    assert "there is no customers" in capsys.readouterr().err


def test_the_key_is_made_once_and_read_by_nobody_else(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    key = tmp_path / "keys" / "knowledge.key"
    assert run(["knowledge", "list"]) == 0
    made = key.read_bytes()
    assert (len(made), key.stat().st_mode & 0o077) == (32, 0)
    assert run(["knowledge", "list"]) == 0
    assert key.read_bytes() == made
    key.write_bytes(b"short")
    assert run(["knowledge", "list"]) == EXIT_SETTINGS
    assert "restore the key" in capsys.readouterr().err


# --- explain ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "steps"),
    [
        ("en", ["Step by step", "The text is in this language: it.", "It finds «anna@acme.example»", "So it fires."]),
        ("it", ["Passo per passo", "it.", "«anna@acme.example»", "Perciò scatta."]),
    ],
)
def test_a_rule_is_explained_step_by_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, table: str, language: str, steps: list[str]
) -> None:
    assert run(["knowledge", "add", table, "--columns", "surname,phone,email"]) == 0
    monkeypatch.setenv("VAGLIO_LANGUAGE", language)
    capsys.readouterr()
    text = "Per ogni domanda scrivete ad anna@acme.example, che vi risponde in giornata"
    assert run(["policy", "explain", "confidential.customer", text]) == 0
    said = capsys.readouterr().out
    places = [said.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "It cannot run here: knowledge:plans"), ("it", "knowledge:plans")]
)
def test_a_rule_that_cannot_run_says_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, said: str
) -> None:
    monkeypatch.setenv("VAGLIO_LANGUAGE", language)
    assert run(["policy", "explain", "confidential.plan", PLAN]) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_step_is_a_sentence_in_both_languages(kind: Kind) -> None:
    names = ("scope", "dates", "language", "languages", "text", "reason", "name", "score", "least", "words", "start",
             "end", "phrase", "why", "entity", "count")  # fmt: skip
    italian, english = (_step(Step(kind, {name: f"<{name}>" for name in names}), Wording(to)) for to in ("it", "en"))
    assert italian
    assert english
    assert italian != english
