"""`vaglio audit list` and `show`: for whoever reads them, in their language, with nothing cut away."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlmodel import delete

from bot.audit.spoken import KINDS, Spoken
from bot.cli.build import Record, terminal
from bot.cli.commands import run
from bot.cli.listing import Row, listing
from bot.settings import PREFIX, read_settings
from bot.tables import Content
from bot.wording import Wording


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "it")
    monkeypatch.setenv("COLUMNS", "80")
    run(["check", "--record", "Vedi SEGRETO-1, cretino"])


def _out(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(["audit", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ["list", "search"])
def test_what_does_not_fit_stands_below(capsys: pytest.CaptureFixture[str], command: str) -> None:
    shown = _out(capsys, command)
    assert all(len(line) <= 80 for line in shown.splitlines())
    heading, _, first, rules = shown.splitlines()
    assert re.split(r" {2,}", heading) == ["#", "Quando (UTC)", "Che cosa", "Chi", "Esito"]
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.fullmatch(rf"1  {when}  un controllo  p_[0-9a-f]{{16}}  da non pubblicare", first)
    assert sorted(rules.split(", ")) == ["      confidential.code", "toxicity.insult"]


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_id_pseudonym_or_rule_is_ever_cut(kind: str, language: str) -> None:
    rules = tuple(f"confidential.a_very_long_name_of_a_rule_{number}" for number in range(5))
    row = Row(1_234_567, "2026-03-01T09:30:00.1Z", kind, "p_0123456789abcdef", "review", None, rules)
    *_, (_, lines) = listing([row], Spoken.of(Wording(language)), 80)
    assert "1234567  2026-03-01 09:30  " in lines[0]
    assert "  p_0123456789abcdef" in lines[0]
    assert ", ".join(rules) in " ".join(line.strip() for line in lines)
    assert all(len(line) <= 80 for line in lines[1:])


def test_wide_terminals_have_it_all_in_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert terminal().width == 160
    assert len(_out(capsys, "list").splitlines()) == 2


def test_an_entry_is_shown_as_one_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    shown = _out(capsys, "show", "1")
    for line in (
        "Voce 1", "Che cosa:          un controllo", "Esito:             da non pubblicare",
        "confidential.code · 4.1 · da non pubblicare", "toxicity.insult · 3.1 · da sistemare",
        "canale: Un altro canale",
    ):  # fmt: skip
        assert line in shown
    assert "cretino" not in shown
    assert _out(capsys, "show", "1", "--words").startswith("testo:\n  Vedi [CODE], cretino\n\nVoce 1\n")
    assert "perché: una voce mostrata" in _out(capsys, "show", "2")


def test_the_story_of_an_entry_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    _out(capsys, "show", "1", "--words")
    story = _out(capsys, "show", "1", "--story")
    steps = story[story.index("Tutta la storia") :].splitlines()[1:3]
    assert re.fullmatch(r" +#1 · .* · un controllo · p_\w+ · s_\w+ · da non pubblicare", steps[0])
    assert re.fullmatch(r" +#2 · .* · uno sguardo alle parole · p_\w+ · l_\w+", steps[1])
    assert "cretino" not in story
    whole = json.loads(_out(capsys, "show", "1", "--story", "--json"))
    assert [step["seq"] for step in whole["story"]] == [1, 2]
    assert "words" not in whole


def test_why_there_are_no_words_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    _out(capsys, "show", "1", "--words")
    assert "Parole: mai conservate.\n" in _out(capsys, "show", "2", "--words")
    assert run(["audit", "erase", "local:owner", "--reason", "Chiesto", "--yes"]) == 0
    assert "Parole: cancellate con la persona.\n" in _out(capsys, "show", "1", "--words")


def test_words_whose_time_was_over_are_told_from_lost_ones(capsys: pytest.CaptureFixture[str]) -> None:
    record = Record.open(read_settings())
    with record.store.write() as session:
        session.exec(delete(Content))
    assert "Parole: mancano, e niente dice perché." in _out(capsys, "show", "1", "--words")
    record.ledger.append("retention", subject="t_1", facts={"purged": [[1, 1]], "policy": "prova@1"})
    record.store.close()
    assert "Parole: scadute.\n" in _out(capsys, "show", "1", "--words")
