"""Exports: what is in them, what never is, and that they are whole or not there."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tampering
from records_made import AT, Key, Made, checkpoint, fill

from bot.audit import export as exports
from bot.audit import sheets as rows
from bot.audit.cells import Separator, said
from bot.audit.errors import RecordError
from bot.audit.export import Exported, Request, Selection, export
from bot.audit.export_errors import ExportError
from bot.audit.index import Filters, Index
from bot.audit.promises import in_ranges
from bot.audit.sheets import Format
from bot.cli.commands import run
from bot.cli.exits import EXIT_USAGE
from bot.settings import PREFIX, Settings

EVERYTHING = tuple(Format)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    made = Made.open(tmp_path, is_new=True)
    made.ledger.catch_up()
    fill(made)
    yield made
    made.store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


def exported(made: Made, folder: Path, **fields: Any) -> Exported:
    line = checkpoint(Key(), made.end())
    return export(made.store, made.ledger, folder, Request("p_1", AT, **fields), signer=Key(), checkpoints=[line])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def checked(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As an auditor would: alone, elsewhere, in a Python that knows nothing of ours."""
    command = [sys.executable, "-I", str(folder / "verify.py"), "--language", "en", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def test_it_is_checked_elsewhere_without_vaglio(made: Made, folder: Path, tmp_path: Path) -> None:
    exported(made, folder, formats=EVERYTHING, with_words=True)
    elsewhere = tmp_path / "elsewhere" / "moved"
    elsewhere.parent.mkdir()
    folder.rename(elsewhere)
    ran = checked(elsewhere, "--key", Key().public)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "all as they were written" in ran.stdout
    assert checked(elsewhere, "--key", Key(9).public).returncode == 1
    assert {path.name for path in elsewhere.iterdir()} == {
        "manifest.json", "manifest.sig", "chain.jsonl", "words.jsonl", "rows.csv", "rows.jsonl", "rows.parquet",
        "checkpoints.jsonl", "verify.py", "README.txt",
    }  # fmt: skip


@pytest.mark.slow
def test_a_changed_byte_in_any_file_is_found_and_so_is_a_file_that_is_gone_or_came(made: Made, folder: Path) -> None:
    exported(made, folder, formats=EVERYTHING, with_words=True)
    trusted = shutil.copy(folder / "verify.py", folder.parent)
    for path in sorted(folder.iterdir()):
        before = path.read_bytes()
        for changed in (before[:-2] + bytes([before[-2] ^ 1]) + before[-1:], before + b" ", before[:-1]):
            path.write_bytes(changed)
            assert _code(trusted, folder) == 1, path.name
        path.unlink()
        assert _code(trusted, folder) == 1, path.name
        path.write_bytes(before)
    assert _code(trusted, folder) == 0
    (folder / "more.txt").write_text("more", encoding="utf-8")
    assert _code(trusted, folder) == 1


def _code(verifier: str, folder: Path) -> int:
    command = [sys.executable, "-I", verifier, str(folder), "--key", Key().public]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_what_it_says_of_itself_is_on_record_and_nothing_of_people_is(made: Made, folder: Path) -> None:
    before = made.end()[0]
    found = exported(made, folder, formats=(Format.CSV, Format.JSONL), filters={"kinds": ["screening"]})
    entry = json.loads(made.ledger.entries(newest=1)[0].body)
    assert (entry["kind"], entry["actor"], entry["commitment"]) == ("export", "p_1", None)
    assert entry["facts"] == {
        "count": before, "formats": ["csv", "jsonl"], "filters": {"kinds": True}, "with_words": False,
        "chain": "whole", "manifest": found.manifest,
    }  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["ledger"]["count"] == before
    assert manifest["files"]["rows.csv"]["rows"] == found.count == before
    assert made.ledger.verify().is_sound
    for path in folder.iterdir():
        for word in (b"T1:U0", b"Ciao", b"Va bene"):
            assert word not in path.read_bytes(), path.name


def test_words_are_there_when_asked_for_and_looking_at_them_is_on_record_first(made: Made, folder: Path) -> None:
    before = made.end()[0]
    exported(made, folder, formats=(Format.JSONL,), with_words=True)
    look, entry = (json.loads(each.body) for each in reversed(made.ledger.entries(newest=2)))
    assert (look["kind"], look["facts"]) == ("look", {"why": "export", "entries": [[1, before]]})
    assert entry["facts"]["with_words"] is True
    assert json.loads((folder / "manifest.json").read_bytes())["ledger"]["count"] == look["seq"]
    words = {each["seq"]: each["words"] for each in lines(folder / "words.jsonl")}
    assert words[1] is words[2] is words[3] is None  # let go in time, and erased
    assert json.loads(words[4])["reason"] == "Va bene 0"
    told = {row["seq"]: row for row in lines(folder / "rows.jsonl")}
    assert (told[4]["text"], told[5]["text"], told[3]["text"]) == ("Va bene 0", "=Ciao 1 😀", None)


def test_every_format_says_the_same(made: Made, folder: Path) -> None:
    from pyarrow import parquet

    exported(made, folder, formats=EVERYTHING, with_words=True)
    theirs = lines(folder / "rows.jsonl")
    assert parquet.read_table(folder / "rows.parquet").to_pylist() == theirs
    assert (folder / "rows.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (folder / "rows.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert [int(row["seq"]) for row in table] == [row["seq"] for row in theirs]
    assert table[4]["text"] == "'=Ciao 1 😀"
    assert (theirs[0]["outcome"], theirs[0]["rules"], theirs[0]["characters"]) == ("clear", "tone.jargon", 12)
    assert json.loads(theirs[0]["facts"])["language"] == "it"


@pytest.mark.parametrize("separator", Separator)
@pytest.mark.parametrize("text", ["=1+1", "+39", "-1", "@SUM(A1)", "a;=1;", "a\t=1", "\r=1", "a\n=1", "＝1"])
def test_no_cell_is_a_formula_and_it_says_what_was_written(tmp_path: Path, text: str, separator: Separator) -> None:
    with rows.CsvRows(tmp_path / "rows.csv", rows.columns(with_words=True), separator) as file:
        file.write([{"seq": 1, "text": text, "subject": f"s{text}"}])
    raw = (tmp_path / "rows.csv").read_bytes().decode("utf-8-sig")
    assert not re.search(r"(?:\A|[,;|\t\r\n])[\"\s]*[=+\-@＝]", raw)
    (row,) = csv.DictReader(io.StringIO(raw, newline=""), delimiter=separator.sign)
    assert (said(row["text"]), said(row["subject"])) == (text, f"s{text}")


def test_semicolons_where_they_are_asked_for_and_the_guide_says_so(made: Made, folder: Path) -> None:
    exported(made, folder, separator=Separator.SEMICOLON, with_words=True)
    with (folder / "rows.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file, delimiter=";"))
    assert [int(row["seq"]) for row in table] == list(range(1, made.end()[0] - 1))
    assert table[4]["text"] == "'=Ciao 1 😀"
    assert json.loads(said(table[0]["facts"]))["language"] == "it"
    guide = (folder / "README.txt").read_text(encoding="utf-8")
    assert "un punto e virgola" in guide
    assert "a semicolon" in guide
    assert checked(folder).returncode == 0


def test_without_the_chain_only_what_was_asked_for_is_there(made: Made, folder: Path) -> None:
    chosen: Selection = lambda: Index(made.store, made.ledger).select(Filters(kind="decision"))  # noqa: E731
    found = exported(made, folder, formats=(Format.JSONL,), selection=chosen, with_words=True, is_whole=False)
    seqs = [row["seq"] for row in lines(folder / "rows.jsonl")]
    assert seqs == [row["seq"] for row in lines(folder / "chain.jsonl")] == list(chosen())
    assert found.count == len(seqs) == 3
    ran = checked(folder, "--key", Key().public)
    assert ran.returncode == 0
    assert "whether others are missing cannot be told" in ran.stdout


def test_some_rows_are_proven_by_the_whole_chain(made: Made, folder: Path) -> None:
    found = exported(made, folder, selection=lambda: iter([2, 4, 4_000]), formats=(Format.JSONL,))
    assert found.count == 2
    assert [row["seq"] for row in lines(folder / "rows.jsonl")] == [2, 4]
    assert len(lines(folder / "chain.jsonl")) == made.end()[0] - 1
    assert checked(folder).returncode == 0


def test_an_empty_ledger_can_be_exported(tmp_path: Path) -> None:
    made = Made.open(tmp_path, is_new=True)
    export(made.store, made.ledger, tmp_path / "out", Request("p_1", AT, formats=EVERYTHING, with_words=True))
    made.store.close()
    assert checked(tmp_path / "out").returncode == 0


def _stopped(done: int, total: int) -> None:
    raise KeyboardInterrupt


def test_one_that_is_stopped_leaves_nothing(made: Made, folder: Path) -> None:
    before = made.end()
    with pytest.raises(KeyboardInterrupt):
        export(made.store, made.ledger, folder, Request("p_1", AT), progress=_stopped)
    assert not [path for path in folder.parent.iterdir() if "out" in path.name]
    assert made.end() == before


def test_words_of_somebody_who_is_erased_meanwhile_go_nowhere(made: Made, folder: Path) -> None:
    person = made.people.person("slack:T1:U0")
    with pytest.raises(ExportError) as refused:
        export(
            made.store, made.ledger, folder, Request("p_1", AT, with_words=True),
            progress=lambda done, total: made.erase(person),
        )  # fmt: skip
    assert refused.value.code == "erased"
    assert not [path for path in folder.parent.iterdir() if "out" in path.name]


def test_nothing_is_written_over(made: Made, folder: Path) -> None:
    folder.mkdir()
    with pytest.raises(ExportError) as refused:
        exported(made, folder)
    assert refused.value.code == "there"
    assert "esiste" in refused.value.show("it")
    assert not list(folder.iterdir())


def test_without_pyarrow_it_says_what_to_do(made: Made, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportError, match="parquet") as refused:
        exported(made, folder, formats=(Format.CSV, Format.PARQUET))
    assert "pip install pyarrow" in refused.value.show("en")
    assert not folder.exists()


def test_an_entry_whose_columns_were_changed_is_not_exported_as_if_it_were_sound(made: Made, folder: Path) -> None:
    with made.store.write() as session:
        connection = session.connection()
        connection.exec_driver_sql("DROP TRIGGER entry_no_update")
        connection.exec_driver_sql("UPDATE entry SET kind = 'appeal' WHERE seq = 3")
    with pytest.raises(RecordError) as refused:
        exported(made, folder)
    assert refused.value.place == "#3"


@pytest.mark.parametrize("number", [2**50, 2**53 - 1, 2**62, 2**63 - 1])
def test_a_number_that_was_changed_to_an_enormous_one_holds_nothing_up(made: Made, folder: Path, number: int) -> None:
    with tampering.opened(made.database) as connection:
        connection.execute("UPDATE content SET seq = ? WHERE seq = 4", (number,))
        connection.execute("UPDATE entry SET seq = ? WHERE seq = 4", (number,))
    with pytest.raises(RecordError) as refused:
        export(made.store, made.ledger, folder, Request("p_1", AT, with_words=True))
    assert refused.value.place == f"#{number}"


def test_very_scattered_entries_make_several_looks(made: Made, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_RANGES", 2)
    exported(made, folder, selection=lambda: iter([1, 3, 4, 6, 8, 10]), with_words=True, is_whole=False)
    looks = [json.loads(each.body)["facts"]["entries"] for each in made.ledger.entries() if each.kind == "look"]
    assert looks == [[[10, 10]], [[6, 6], [8, 8]], [[1, 1], [3, 4]]]


def test_ranges_are_as_few_as_can_be() -> None:
    assert list(in_ranges([1, 2, 3, 7, 8, 10], 2)) == [[(1, 3), (7, 8)], [(10, 10)]]
    assert list(in_ranges([], 2)) == []


@pytest.fixture
def settings(made: Made, monkeypatch: pytest.MonkeyPatch, policy_path: Path, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.setenv(f"{PREFIX}POLICY", str(policy_path))
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("settings")
def test_the_command_exports_what_it_is_asked_for(made: Made, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    asked = ["audit", "export", "out", "-f", "csv", "-f", "jsonl", "--kind", "screening", "--since", "2026-11-26"]
    assert run(asked) == 0
    assert "9 entries exported." in capsys.readouterr().out
    assert {row["kind"] for row in lines(folder / "rows.jsonl")} == {"screening"}
    assert json.loads((folder / "manifest.json").read_bytes())["filters"] == {
        "kind": "screening", "since": "2026-11-25T23:00:00.000000Z",
    }  # fmt: skip
    assert checked(folder).returncode == 0
    assert run(asked) == EXIT_USAGE
    assert "does not exist" in capsys.readouterr().err
    assert (folder / "rows.csv").read_bytes().decode("utf-8-sig").startswith("seq,at,kind,")
    assert run(["audit", "export", "none", "--until", "2026-11-25", "--separator", "semicolon"]) == 0
    assert "0 entries exported." in capsys.readouterr().out
    assert (folder.parent / "none" / "rows.csv").read_bytes().decode("utf-8-sig").startswith("seq;at;kind;")
