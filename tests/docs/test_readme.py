"""README and docs: every command runs, every link leads somewhere, and nothing is named that does not exist."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import typer
from docs.pages import GUIDES, PAGES, README, ROOT, Page

from bot.cli.commands import app, run
from bot.secret_files import FILE
from bot.settings import PREFIX, Settings, secret_names

_VAGLIO = re.compile(r"(?:\$ )?(?P<settings>(?:[A-Z_]+=\S+ )*)(?:\.venv/bin/)?vaglio (?P<rest>.+)")
_SETTING = re.compile(rf"\b{PREFIX}[A-Z]+(?:_[A-Z]+)*\b")
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.M)
_ELSEWHERE = re.compile(r"[a-z]+:")

SETTINGS = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
IN_FILES = {f"{name}{FILE}" for name in secret_names()}

on_each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@dataclass(frozen=True, slots=True)
class Command:
    """A `vaglio` command line as a page has it."""

    page: Page
    arguments: tuple[str, ...]
    settings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.page.name}: {shlex.join(self.arguments)}"


def _lines(page: Page) -> Iterator[str]:
    """What looks like something to type."""
    yield from page.code
    for block in page.blocks:
        yield from block.text.replace("\\\n", " ").splitlines()


def _words(line: str) -> tuple[str, ...]:
    """The words of a command line, up to where another command or a file takes over."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set("|&;<>"):
            break
        words.append(word)
    return tuple(words)


def _commands(page: Page) -> list[Command]:
    found = [match for line in _lines(page) if (match := _VAGLIO.fullmatch(line.strip()))]
    return [Command(page, _words(match["rest"]), tuple(match["settings"].split())) for match in found]


def _each_command() -> list[Any]:
    commands = dict.fromkeys(command for page in PAGES for command in _commands(page))
    return [pytest.param(command, id=str(command)) for command in commands]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: Path) -> Path:
    """A folder such as a reader has: a few drafts in it, and nothing set."""
    for name in SETTINGS | {"LC_ALL", "LC_MESSAGES", "LANG"}:
        monkeypatch.delenv(name, raising=False)
    for name in ("DATA", "KEYS"):
        monkeypatch.setenv(f"{PREFIX}{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv(f"{PREFIX}MODELS_DIR", str(models))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Buongiorno a tutti")))
    (tmp_path / "customers.csv").write_text("surname,email,phone\nPrimavera,z@mail.example,3401112233\n", "utf-8")
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "frame.txt").write_text("Il fornitore ci fa uno sconto del diciotto per cento.", "utf-8")
    (tmp_path / "key-sentences.txt").write_text("Acme Nuvola chiuderà a marzo lo stabilimento di Varano.", "utf-8")
    _give_style(tmp_path)
    (tmp_path / "drafts.jsonl").write_text('{"text": "Buongiorno a tutti"}\n{"text": "Hello there"}\n', "utf-8")
    return tmp_path


def _give_style(home: Path) -> None:
    """A style of somebody's, in a folder and in an archive."""
    style = home / "styles" / "Acme"
    style.mkdir(parents=True)
    lines = ["extends: existence", 'message: "Avoid this."', "level: warning", "tokens: [utilizzare, leverage]"]
    rule = "\n".join(lines)
    (style / "Words.yml").write_text(rule, encoding="utf-8")
    with zipfile.ZipFile(home / "styles.zip", "w") as archive:
        archive.write(style / "Words.yml", "Acme/Words.yml")


def _follow(guide: Page, home: Path) -> None:
    """Do what the guide asks for before its commands: save the first policy, name it in `.env`."""
    kinds = {"yaml": "policies/acme.yaml", "ini": ".env"}
    (home / "policies").mkdir(exist_ok=True)
    for block in reversed(guide.blocks):
        if block.kind in kinds:
            (home / kinds[block.kind]).write_text(block.text, encoding="utf-8")


def _run(command: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    is_of_published = command.arguments[:2] in (("policy", "rollback"), ("policy", "export"))
    if command.page in GUIDES or is_of_published:
        _follow(command.page if command.page in GUIDES else GUIDES[0], home)
    for setting in command.settings:
        monkeypatch.setenv(*setting.split("=", 1))
    if command.arguments[:2] == ("policy", "test") and "house-style" in command.arguments[-1]:
        run(["policy", "import-vale", "styles/Acme", "--name", "house-style", "--out", "policies/house-style.yaml"])
    if command.arguments[0] == "policy":
        (home / "policies").mkdir(exist_ok=True)
    if is_of_published:
        _publish_twice(home)
    if command.arguments[:2] == ("policy", "voice"):
        monkeypatch.setenv(f"{PREFIX}POLICY", str(ROOT / "policies" / "company.yaml"))
    if command.arguments[:2] == ("knowledge", "remove"):
        run(["knowledge", "add", "customers.csv", "--columns", "surname,email,phone"])
    if command.arguments[:2] in (("people", "revoke"), ("people", "unlink")):
        run(["people", "grant", command.arguments[2], "admin"])
    if command.arguments[:2] in _ABOUT_SOMEBODY and command.arguments not in _NAMED:
        run(["people", "grant", command.arguments[2], "admin"])
    _give_record(command, home, monkeypatch)
    return run(_harmless(command))


def _publish_twice(home: Path) -> None:
    """The guide's policy, and after it the same under another name."""
    file = home / "policies" / "acme.yaml"
    first = file.read_text(encoding="utf-8")
    assert run(["policy", "publish"]) == 0
    file.write_text(re.sub("(?m)^name: .*$", "name: next", first), encoding="utf-8")
    assert run(["policy", "publish"]) == 0


def _give_record(command: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry, and where they are asked for, a backup, a folder that has a checkpoint and a file that has the same."""
    if command.arguments[0] not in ("audit", "db"):
        return
    run(["check", "--record", "Buongiorno a tutti"])
    if command.arguments[:2] == ("db", "restore") and command.arguments not in _NAMED:
        run(["db", "backup", command.arguments[2]])
    if "--checkpoints" not in command.arguments:
        return
    (home / "evidence").mkdir()
    monkeypatch.setenv(f"{PREFIX}CHECKPOINTS", "evidence")
    run(["audit", "checkpoint"])
    (home / "kept.jsonl").write_bytes((home / "evidence" / "checkpoint-00000001.json").read_bytes())


def _harmless(command: Command) -> tuple[str, ...]:
    """As typed, but for what would run until it is told to stop, or download a gigabyte: those are tested elsewhere."""
    endless = command.arguments[0] in ("run", "work", "health") or command.arguments[:2] == ("models", "install")
    is_elsewhere = command.arguments[:2] in _ON_A_SERVER or any("OWNER_URL" in each for each in command.settings)
    is_left_out = endless or is_elsewhere or command.arguments in _NAMED
    return (*command.arguments, "--help") if is_left_out else command.arguments


_ON_A_SERVER = {("db", "move"), ("db", "grant")}
"""Tried as they are written in tests/docs/test_server.py."""
_ABOUT_SOMEBODY = {("audit", name) for name in ("erase", "subject", "unmask", "hold")}
_NAMED = {
    ("audit",),
    ("audit", "agree"),
    ("audit", "erase"),
    ("audit", "subject"),
    ("audit", "release"),
    ("keys", "forget", "master"),
    ("db", "restore"),
    ("db", "backup"),
    ("knowledge",),
    ("knowledge", "add"),
    ("knowledge", "add-docs"),
    ("knowledge", "add-sentences"),
    ("policy", "explain"),
    ("clients", "add"),
    ("clients", "end", "c_0123"),
    ("bulk",),
    ("screen",),
    ("policy", "backtest", "--over-workers"),
    ("queue",),
    ("queue", "replay"),
    ("queue", "drop"),
}
"""Commands that a page speaks of without what they need."""


def _may_return(command: Command) -> range:
    return range(4) if command.arguments[0] == "check" else range(1)


@pytest.mark.parametrize("command", _each_command())
def test_every_command_shown_runs(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _run(command, home, monkeypatch)
    assert code in _may_return(command), capsys.readouterr()


def _each_shown() -> list[Any]:
    return [
        pytest.param(page, block.text, id=f"{page.name}:{block.line}")
        for page in PAGES
        for block in page.blocks
        if block.kind == "console" and _VAGLIO.match(block.text)
    ]


@pytest.mark.parametrize(("page", "text"), _each_shown())
def test_a_command_prints_what_is_shown(
    page: Page, text: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed, _, shown = text.partition("\n")
    match = _VAGLIO.fullmatch(typed)
    assert match
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", page.language)
    _run(Command(page, _words(match["rest"]), tuple(match["settings"].split())), home, monkeypatch)
    printed = capsys.readouterr().out.strip().splitlines()
    expected = zip_longest(shown.strip().splitlines(), printed, fillvalue="")
    assert printed == [is_ if _fits(is_, said) else said for said, is_ in expected]


def _fits(printed: str, shown: str) -> bool:
    """Whether a line is as shown, where three dots stand for anything."""
    return re.fullmatch(re.escape(shown).replace("…", ".*"), printed) is not None


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_readme_works_in_a_terminal(home: Path) -> None:
    typed = [
        command
        for block in README.blocks
        for line in block.text.splitlines()
        if (match := _VAGLIO.fullmatch(line.strip()))
        for command in [Command(README, _words(match["rest"]))]
    ]
    assert typed
    subprocess.run([sys.executable, "-m", "bot", "check", "--record", "Buongiorno"], cwd=home, check=True)
    for command in typed:
        done = subprocess.run(
            [sys.executable, "-m", "bot", *_harmless(command)],
            cwd=home,
            capture_output=True,
            text=True,
        )
        assert done.returncode in _may_return(command), (command, done.stderr)


# --- Nothing is named that does not exist --------------------------------------------------------------------------


@on_each_page
def test_every_link_and_picture_leads_to_a_file(page: Page) -> None:
    missing = []
    for link in page.links:
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        if _ELSEWHERE.match(link):
            continue
        is_there = target.exists() and target.is_relative_to(ROOT)
        if not is_there or (anchor and anchor not in Page(target).anchors):
            missing.append(link)
    assert missing == []


@on_each_page
def test_every_setting_named_exists(page: Page) -> None:
    assert set(_SETTING.findall(page.text)) - SETTINGS - IN_FILES == set()


@on_each_page
def test_every_make_target_named_exists(page: Page) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    typed = [line.strip().removeprefix("$ ") for line in _lines(page)]
    named = {word for line in typed if line.startswith("make ") for word in _words(line)[1:]}
    assert {word for word in named if "=" not in word and not word.startswith("-")} - targets == set()


# --- Nothing exists that is not named ------------------------------------------------------------------------------


def test_every_command_is_named() -> None:
    everything = " ".join(" ".join(page.text.split()) for page in PAGES)
    names = list(_names(typer.main.get_command(app), "vaglio"))
    assert names
    assert [name for name in names if name not in everything] == []


def _names(command: Any, name: str) -> Iterator[str]:
    """Each command that does something, by its whole name."""
    parts: dict[str, Any] = getattr(command, "commands", {})
    for part, inner in parts.items():
        yield from _names(inner, f"{name} {part}")
    if not parts:
        yield name
