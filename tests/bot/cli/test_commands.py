"""The command line: what it prints, what it returns, and that nothing is half written."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest

from bot.cli.commands import run
from bot.cli.exits import EXIT_INTERNAL, EXIT_IO, EXIT_POLICY, EXIT_REFUSED, EXIT_SETTINGS, EXIT_USAGE
from bot.settings import PREFIX

LINE_KEYS = {
    "id",
    "outcome",
    "language",
    "policy",
    "findings",
    "rewrite",
    "unchecked",
    "scores",
    "models",
    "timings_ms",
}
FINDING_KEYS = {
    "rule", "category", "clause", "severity", "start", "end", "message", "suggestion", "replacement", "score",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


def _json(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return dict(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(
    ("text", "code", "outcome"),
    [
        ("Buongiorno a tutti", 0, "clear"),
        ("Sei un cretino", 1, "revise"),
        ("Un prodotto non ancora annunciato", 2, "review"),
        ("Vedi SEGRETO-1", 3, "block"),
    ],
)
def test_the_exit_code_is_the_outcome(capsys: pytest.CaptureFixture[str], text: str, code: int, outcome: str) -> None:
    assert run(["check", "--json", text]) == code
    line = _json(capsys)
    assert line["outcome"] == outcome
    assert set(line) == LINE_KEYS


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--audience", "press"], 0), (["--audience", "investors"], 1)])
def test_a_draft_is_held_against_the_rules_for_those_whom_it_is_for(
    policy_path: Path, options: list[str], code: int
) -> None:
    written = policy_path.read_text(encoding="utf-8")
    narrowed = written.replace("phrases: [cretino", "applies: {audience: [investors]}\n    phrases: [cretino")
    policy_path.write_text(narrowed, encoding="utf-8")
    assert run(["check", "--json", *options, "Sei un cretino"]) == code


def test_a_line_out_has_every_key_of_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--json", "Che sinergia, e sei un cretino"])
    note, insult = _json(capsys)["findings"]  # type: ignore[misc]
    assert set(note) == set(insult) == FINDING_KEYS
    assert (note["replacement"], note["message"]) == ("collaborazione", "Meglio «collaborazione».")
    assert (insult["category"], insult["start"], insult["end"]) == ("toxicity", 23, 30)
    assert insult["suggestion"] == "Dillo in un altro modo."


def test_for_people_the_words_are_marked_and_the_clause_named(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--language", "it", "Sei un cretino"])
    said = capsys.readouterr().out
    assert said.startswith("Ci siamo quasi")
    assert "Sei un [cretino]¹" in said
    assert "3.1 Rispetto" in said


@pytest.mark.parametrize(
    ("language", "heading", "says"),
    [("it", "Una proposta", "Ricontrollata: via libera"), ("en", "A proposal", "Checked again: good to go")],
)
def test_a_better_wording_is_ready_to_be_copied(
    capsys: pytest.CaptureFixture[str], language: str, heading: str, says: str
) -> None:
    run(["check", "--language", language, "Che sinergia\ntra noi"])
    assert f"\n{heading}\nChe collaborazione\ntra noi\n{says}\n" in capsys.readouterr().out
    run(["check", "--language", language, "Che collaborazione"])
    assert heading not in capsys.readouterr().out


def test_on_a_terminal_what_changes_is_struck_through_and_bold(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    run(["check", "--language", "it", "Che sinergia \x1b[2J\u202e"])
    said = capsys.readouterr().out
    assert "\x1b[9;31msinergia\x1b[0m \x1b[1;32mcollaborazione\x1b[0m" in said
    assert "\x1b[2J" not in said
    assert "\u202e" not in said


def test_a_line_out_holds_the_better_wording_or_null(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(["check", "--json", "Che sinergia, cretino"])
    assert _json(capsys)["rewrite"] == {"text": "Che collaborazione, cretino", "outcome": "revise"}
    (tmp_path / "in.jsonl").write_text('{"text": "Che sinergia"}\n{"text": "Ciao"}\n', encoding="utf-8")
    run(["screen", str(tmp_path / "in.jsonl")])
    lines = [json.loads(line)["rewrite"] for line in capsys.readouterr().out.splitlines()]
    assert lines == [{"text": "Che collaborazione", "outcome": "clear"}, None]


def test_a_secret_stands_in_no_line_out(capsys: pytest.CaptureFixture[str], policy_path: Path) -> None:
    policy = policy_path.read_text(encoding="utf-8").replace("hides: CODE", "hides: SECRET")
    policy_path.write_text(policy.replace("['SEGRETO", r"['\bSEGRETO"), "utf-8")
    run(["check", "--json", "Che sinergia: SEGRETO-12"])
    assert _json(capsys)["rewrite"] == {"text": "Che collaborazione: [segreto rimosso]", "outcome": "clear"}
    for more in ([], ["--json"]):
        run(["check", *more, "Che sinergia: SEGRETO-12, ASEGRETO-12"])
        said = capsys.readouterr().out
        assert "collaborazione" in said
        assert '"rewrite": null' in said or not more
        assert "A proposal" not in said
        assert "Una proposta" not in said


def test_a_draft_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "ciao \x1b[2J\x1b]0;x\x07 \u202erosso"])
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "\u202e" not in said


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Sei un crétino\xff cretino".encode("latin-1"))))
    assert run(["check", "--json", "-"]) == 1


@pytest.mark.parametrize(
    ("text", "said"), [("", "Incolla la bozza"), ("\u200b \n", "Incolla la bozza"), ("a" * 10_001, "10000")]
)
def test_a_draft_that_is_not_screened(capsys: pytest.CaptureFixture[str], text: str, said: str) -> None:
    assert run(["check", text]) == EXIT_REFUSED
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["chek"], ["check"], ["check", "x", "--kind", "novel"], ["screen", "no-such-file"], ["policy", "test", "-x"]],
)
def test_wrong_use_is_64(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert run(arguments) == EXIT_USAGE
    assert capsys.readouterr().err


def test_a_wrong_setting_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}SLACK_BOT_TOKEN", "xoxb-1")
    assert run(["check", "ciao"]) == EXIT_SETTINGS
    assert "VAGLIO_SLACK_APP_TOKEN" in capsys.readouterr().err


def test_an_unforeseen_error_says_its_kind_and_nothing_of_the_draft(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Zanzibar")

    monkeypatch.setattr("bot.cli.screening.open_screener", fail)
    assert run(["check", "Zanzibar"]) == EXIT_INTERNAL
    assert "Zanzibar" not in capsys.readouterr().err


# --- Many drafts ---------------------------------------------------------------------------------------------------


def test_many_drafts_keep_their_order_and_a_bad_line_stops_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = [
        b'{"id": "a", "text": "Sei un cretino"}',
        b"{",
        b"",
        b'{"id": 3, "text": "Ciao", "kind": "reply", "in_reply_to": "Salve", "account": "support", "channel": "x"}',
        b'{"text": "Ciao", "tema": 1}',
        b"\xff\xfe",
        b'{"text": ""}',
        b'{"text": "\\ud800 ciao"}',
        b"[" * 100_000,
        b'"Zanzibar"',
    ]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"\n".join(lines))
    assert run(["screen", str(source), "-o", str(target)]) == EXIT_POLICY
    out = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [line.get("outcome") for line in out] == [
        "revise", None, "clear", None, None, None, "clear", None, None,
    ]  # fmt: skip
    assert [line["line"] for line in out if "error" in line] == [2, 5, 6, 7, 9, 10]
    assert [line["id"] for line in out[:3]] == ["a", None, 3]
    said = capsys.readouterr().err
    assert f"{source}:2:" in said
    assert "tema" in said
    assert "Zanzibar" not in said
    assert not list(tmp_path.glob("*.part"))


def test_all_lines_well_is_exit_0_on_standard_output(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "Ciao"}\n' * 3, encoding="utf-8-sig")
    assert run(["screen", str(tmp_path / "in.jsonl")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_an_output_that_fails_half_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.jsonl"
    target.write_text("prima", encoding="utf-8")
    (tmp_path / "in.jsonl").write_text('{"text": "Ciao"}\n', encoding="utf-8")

    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("bot.cli.screening._write", fail)
    assert run(["screen", str(tmp_path / "in.jsonl"), "-o", str(target)]) == EXIT_IO
    assert target.read_text(encoding="utf-8") == "prima"


def test_the_drafts_are_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "Ciao"}\n', encoding="utf-8")
    (tmp_path / "link.jsonl").symlink_to(source)
    for target in (source, tmp_path / "link.jsonl"):
        assert run(["screen", str(source), "-o", str(target)]) == EXIT_USAGE
    part = tmp_path / "out.jsonl.part"
    source.rename(part)
    assert run(["screen", str(part), "-o", str(tmp_path / "out.jsonl")]) == 0
    assert part.read_text(encoding="utf-8") == '{"text": "Ciao"}\n'
    assert '"clear"' in (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.jsonl", "out.jsonl.part"]


def test_a_pipe_stays_a_pipe_and_a_link_a_link(tmp_path: Path) -> None:
    source, pipe = tmp_path / "in.jsonl", tmp_path / "pipe"
    source.write_text('{"text": "Ciao"}\n', encoding="utf-8")
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    assert run(["screen", str(source), "-o", str(pipe)]) == 0
    reader.join()
    assert pipe.is_fifo()
    assert '"clear"' in received[0]
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert run(["screen", str(source), "-o", str(tmp_path / "link")]) == 0
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize(
    "arguments", [["screen", "{in}", "-o", "nowhere/out.jsonl"], ["screen", "{in}", "-o", "{in}/x"]]
)
def test_an_output_that_cannot_be_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "Ciao"}\n', encoding="utf-8")
    code = run([argument.replace("{in}", str(tmp_path / "in.jsonl")) for argument in arguments])
    assert code in (EXIT_USAGE, EXIT_IO)
    assert "fault of Vaglio" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "id"),
    [('{"id": "\\ud800", "text": "Ciao"}', "\ufffd"), ('{"id": 7, "text": "Ciao"}', 7)],
)
def test_any_id_comes_back(capsys: pytest.CaptureFixture[str], tmp_path: Path, line: str, id: object) -> None:
    (tmp_path / "in.jsonl").write_text(f"{line}\n", encoding="utf-8")
    assert run(["screen", str(tmp_path / "in.jsonl")]) == 0
    assert _json(capsys)["id"] == id


def test_a_reader_that_goes_away_is_not_an_outcome(tmp_path: Path) -> None:
    command = f"{sys.executable} -m bot check 'Vedi SEGRETO-1' | true; exit ${{PIPESTATUS[0]}}"
    left = subprocess.run(["bash", "-c", command], check=False, capture_output=True, env=_environment())
    assert left.returncode not in (0, 1, 2)


def test_no_standard_input_is_said(tmp_path: Path) -> None:
    left = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m bot check - <&-"], check=False, capture_output=True, env=_environment()
    )
    assert left.returncode == EXIT_USAGE


def test_a_terminal_without_accents(tmp_path: Path) -> None:
    environment = _environment() | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "bot", "check", "--language", "it", "Perché sei un cretino?"]
    left = subprocess.run(command, check=False, capture_output=True, env=environment)
    assert left.returncode == 1


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}


# --- Policy --------------------------------------------------------------------------------------------------------


def test_a_policy_that_loads(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "check"]) == 0
    assert "Regole: 4" in capsys.readouterr().out


def test_a_policy_that_does_not(capsys: pytest.CaptureFixture[str], policy_path: Path) -> None:
    policy_path.write_text(policy_path.read_text(encoding="utf-8").replace("severity: note", "severity: loud"), "utf-8")
    assert run(["policy", "check"]) == EXIT_POLICY
    assert f"{policy_path.name}:13:15: «loud»" in capsys.readouterr().err
    assert run(["policy", "check", "--json"]) == EXIT_POLICY
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["line"], problem["column"], problem["code"]) == (13, 15, "not_one_of")


def test_examples_that_do_not_behave_fail(capsys: pytest.CaptureFixture[str], policy_path: Path) -> None:
    assert run(["policy", "test"]) == 0
    policy_path.write_text(policy_path.read_text(encoding="utf-8").replace("[Sei bravo]", "[Sei un cretino]"), "utf-8")
    assert run(["policy", "test"]) == EXIT_POLICY
    assert "toxicity.insult" in capsys.readouterr().out


def test_a_rule_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "explain", "toxicity.insult", "Sei un cretino"]) == 0
    said = capsys.readouterr().out
    for part in ("3.1 Rispetto", "Comunicazione", "parole e frasi", "Sei bravo", "da 7 a 14"):
        assert part in said
    assert run(["policy", "explain", "tone.none"]) == EXIT_USAGE


def test_the_schema_is_the_shipped_one(capsys: pytest.CaptureFixture[str]) -> None:
    run(["policy", "schema"])
    shipped = Path(__file__).parents[3] / "policies" / "policy.schema.json"
    assert capsys.readouterr().out == shipped.read_text(encoding="utf-8"), "make schema"


# --- The record ----------------------------------------------------------------------------------------------------


def test_judging_records_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(["check", "Sei un cretino"])
    assert not (tmp_path / "data").exists()


def test_what_is_recorded_is_listed_shown_and_verified(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["check", "--record", "--json", "Vedi SEGRETO-1, cretino"]) == 3
    name = str(_json(capsys)["id"])
    (tmp_path / "in.jsonl").write_text('{"text": "Ciao"}\n' * 2, encoding="utf-8")
    run(["screen", "--record", str(tmp_path / "in.jsonl")])
    capsys.readouterr()
    assert run(["audit", "list", "--json", "-n", "2"]) == 0
    assert [json.loads(line)["seq"] for line in capsys.readouterr().out.splitlines()] == [3, 2]
    run(["audit", "list"])
    assert "confidential.code" in capsys.readouterr().out
    assert run(["audit", "show", name, "--json"]) == 0
    assert "words" not in json.loads(capsys.readouterr().out)
    assert run(["audit", "show", name, "--words", "--json"]) == 0
    shown = capsys.readouterr().out
    assert json.loads(shown)["words"]["text"] == "Vedi [CODE], cretino"
    assert "SEGRETO" not in shown
    # Who looked at the words is on record too.
    run(["audit", "list", "--json", "-n", "1"])
    look = _json(capsys)
    assert (look["kind"], look["facts"]) == ("look", {"why": "show", "entries": [[1, 1]]})
    assert run(["audit", "show", "99"]) == EXIT_USAGE
    assert run(["audit", "verify"]) == 0
    assert "4 voci" in capsys.readouterr().out


def test_a_row_changed_in_the_file_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for _ in range(3):
        run(["check", "--record", "Sei un cretino"])
    with sqlite3.connect(tmp_path / "data" / "vaglio.db") as connection:
        connection.execute("DROP TRIGGER entry_no_update")
        connection.execute("UPDATE entry SET body = replace(body, 'revise', 'clear_') WHERE seq = 2")
    connection.close()
    capsys.readouterr()
    assert run(["audit", "verify"]) == EXIT_POLICY
    assert "Voce 2: " in capsys.readouterr().out
    assert run(["audit", "verify", "--json"]) == EXIT_POLICY
    assert json.loads(capsys.readouterr().out)["faults"] == [{"entry": 2, "what": "hash"}]


def test_the_doctor_says_what_is_missing_and_what_that_costs(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--record", "Ciao"])
    capsys.readouterr()
    assert run(["doctor", "--json"]) == 0
    parts = {part["name"]: part for part in json.loads(capsys.readouterr().out)}
    assert parts["Policy"]["state"] == parts["Registro"]["state"] == "active"
    assert parts["Slack"]["state"] == parts["Telegram"]["state"] == parts["Detoxify"]["state"] == "missing"


def test_the_doctor_finds_a_policy_that_is_not_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}POLICY", "nowhere.yaml")
    assert run(["doctor"]) == 1
    assert "nowhere.yaml" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["audit", "list"], ["audit", "show", "1"], ["audit", "verify"]])
def test_where_there_is_no_record_that_is_said_and_none_is_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]
) -> None:
    assert run(command) == EXIT_IO
    assert "qui non c’è ancora un registro" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
    run(["doctor"])
    assert not (tmp_path / "data").exists()


def test_the_doctor_makes_no_key_and_no_folder_of_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(["check", "--record", "Ciao"])

    def there() -> list[Path]:
        """Without what is built of models, and SQLite's own files, which any reader makes."""
        return sorted(
            path
            for path in tmp_path.rglob("*")
            if "models" not in path.parts and not path.name.endswith(("-wal", "-shm"))
        )

    before = there()
    monkeypatch.setenv(f"{PREFIX}KEYS_DIR", "kyes")
    run(["doctor"])
    assert not (tmp_path / "kyes").exists()
    monkeypatch.delenv(f"{PREFIX}KEYS_DIR")
    (tmp_path / "keys" / "knowledge.key").unlink(missing_ok=True)
    run(["doctor"])
    assert there() == [path for path in before if path.name != "knowledge.key"]


def test_it_says_which_vaglio_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    declared = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    assert capsys.readouterr().out == f"Vaglio {declared['project']['version']}\n"
