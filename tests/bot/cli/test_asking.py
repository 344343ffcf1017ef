"""What is asked once more: of whoever sits at a terminal; a script is told what it has to give."""

from __future__ import annotations

import io
import sys

import pytest

from bot.cli.asking import agreed
from bot.cli.commands import run
from bot.cli.exits import EXIT_USAGE
from bot.wording import Wording


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("stdin", [None, io.StringIO(), io.StringIO("no\n")])
def test_without_a_terminal_a_script_is_told_what_to_give(
    language: str, stdin: io.StringIO | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    assert not agreed("Go on?", Wording(language))
    assert "--yes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stdin", "is_yes"), [(Terminal("sì\n"), True), (Terminal("n\n"), False), (io.StringIO("y\n"), True)]
)
def test_whoever_answers_is_told_nothing_more(
    stdin: io.StringIO, is_yes: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    assert agreed("Go on?", Wording("en")) is is_yes
    assert "--yes" not in capsys.readouterr().err


@pytest.mark.usefixtures("home")
def test_a_command_without_a_terminal_says_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert run(["keys", "forget", "master"]) == EXIT_USAGE
    assert "In uno script aggiungi --yes." in capsys.readouterr().err
