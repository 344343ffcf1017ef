"""`vaglio policy import-vale`: what it prints, what it writes, and what it returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.cli.commands import run
from bot.cli.exits import EXIT_IO, EXIT_POLICY, EXIT_USAGE
from bot.settings import PREFIX, Settings
from rules.assembly import load_policy

AVOID = "extends: existence\nmessage: \"Avoid '%s'.\"\nlevel: error\nlink: https://example.com\ntokens: [synergy]\n"
TERMS = "extends: substitution\nmessage: \"Use '%s' instead of '%s'.\"\nignorecase: true\nswap: {utilize: use}\n"
HEADINGS = "extends: capitalization\nmessage: x\nscope: heading\nmatch: $title\n"


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def style(tmp_path: Path) -> Path:
    folder = tmp_path / "Acme"
    folder.mkdir()
    for name, text in {"Avoid": AVOID, "Terms": TERMS, "Headings": HEADINGS, "Broken": "extends: [\n"}.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def _out(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_for_programs_it_says_what_carried_over_and_what_did_not(
    style: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    assert run(["policy", "import-vale", "Acme", "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    said = json.loads(printed.out)
    assert set(said) == {"imported", "skipped"}
    assert said["imported"] == ["Acme.Avoid", "Acme.Terms"]
    assert [each["rule"] for each in said["skipped"]] == ["Acme.Broken", "Acme.Headings"]
    assert said["skipped"][0]["reason"].startswith("Acme/Broken.yml:2:1: not valid YAML")
    assert said["skipped"][1]["reason"] == "it is for `heading` only, and a post has none."


def test_the_pack_goes_to_a_file_loads_and_behaves(style: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "import-vale", "Acme", "--out", "pack.yaml", "--name", "Our Style"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "2 regole importate.\n2 no:\n" in said.out
    assert "Acme.Headings  vale solo per «heading», e in un post non c'è." in said.out
    assert "vaglio policy test pack.yaml" in said.out
    assert load_policy(Path("pack.yaml")).name == "our-style"
    assert run(["policy", "test", "pack.yaml"]) == 0


def test_with_json_the_pack_goes_to_the_file_alone(style: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "import-vale", "Acme", "--json", "--out", "pack.yaml"]) == 0
    assert _out(capsys)["imported"] == ["Acme.Avoid", "Acme.Terms"]
    assert len(load_policy(Path("pack.yaml")).rules) == 2


def test_without_a_file_the_pack_is_what_is_printed(style: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "import-vale", "Acme"]) == 0
    printed = capsys.readouterr()
    Path("pack.yaml").write_text(printed.out, encoding="utf-8")
    assert [rule.id for rule in load_policy(Path("pack.yaml")).rules] == ["acme.avoid", "acme.terms"]
    assert "# Acme.Avoid: https://example.com" in printed.out
    assert "2 regole importate." in printed.err


def test_it_speaks_english_where_that_is_spoken(
    style: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    (style / "Terms.yml").unlink()
    run(["policy", "import-vale", "Acme", "--out", "pack.yaml"])
    assert capsys.readouterr().out.startswith("1 rule carried over.\n2 did not:\n")


def test_a_draft_is_held_against_an_imported_style(style: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["policy", "import-vale", "Acme", "--out", "pack.yaml"])
    Path("policy.yaml").write_text("name: p\nlanguages: [it, en]\ninclude: [pack.yaml]\n", encoding="utf-8")
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"{PREFIX}POLICY", "policy.yaml")
        assert run(["check", "--json", "We Utilize synergy in all that we do together"]) == 1
    findings = _out(capsys)["findings"]
    assert [(each["rule"], each["replacement"], each["message"]) for each in findings] == [
        ("acme.terms", "Use", "Use 'use' instead of this."),
        ("acme.avoid", None, "Avoid this."),
    ]


def test_where_nothing_carries_over_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Acme").mkdir()
    (tmp_path / "Acme" / "Headings.yml").write_text(HEADINGS, encoding="utf-8")
    assert run(["policy", "import-vale", "Acme", "--out", "pack.yaml"]) == EXIT_POLICY
    assert not Path("pack.yaml").exists()
    assert "0 regole importate.\n1 no:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere", "nowhere:1:1: il file non c'è."),
        ("pack.txt", "pack.txt: ci vuole la cartella di uno stile di Vale"),
        ("pack.zip", "pack.zip: lo .zip è rovinato"),
        ("empty", "empty: qui non ci sono regole di Vale"),
    ],
)
def test_what_is_no_style_is_said(capsys: pytest.CaptureFixture[str], path: str, said: str) -> None:
    Path("empty").mkdir()
    for name in ("pack.txt", "pack.zip"):
        Path(name).write_text("x", encoding="utf-8")
    assert run(["policy", "import-vale", path]) == EXIT_POLICY
    printed = capsys.readouterr()
    assert printed.err.startswith(said)
    assert printed.out == ""


def test_a_file_that_cannot_be_written_is_said(style: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "import-vale", "Acme", "--out", "nowhere/pack.yaml"]) == EXIT_IO
    assert "nowhere/pack.yaml" in capsys.readouterr().err


def test_a_style_has_to_be_named() -> None:
    assert run(["policy", "import-vale"]) == EXIT_USAGE
