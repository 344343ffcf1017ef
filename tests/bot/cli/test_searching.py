"""`vaglio audit search`, `index` and `stats`: facts for everybody who may, words only on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.audit.ledger import Ledger
from bot.cli.commands import run
from bot.cli.exits import EXIT_USAGE
from bot.people import People
from bot.prescreen import Prescreen
from bot.settings import PREFIX
from rules.draft import Channel, Draft

ANNA = "slack:T0123:ANNA"


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, home: Path, database: str) -> None:
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", database)


@pytest.fixture(autouse=True)
def _three(prescreen: Prescreen, _home: None) -> None:
    prescreen(Draft(text="Sei un cretino, l’azienda lo sa: SEGRETO-9", author=ANNA, channel=Channel.X))
    prescreen(Draft(text="Che collaborazione!", author=ANNA))
    prescreen(Draft(text="Un altro CRETÌNO", author="slack:T0123:BRUNO", in_reply_to="Chi è il cretino?"))


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run(["audit", "search", "--json", *arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def seqs(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[int]:
    return [line["seq"] for line in found(capsys, *arguments)]


def test_each_option_filters(capsys: pytest.CaptureFixture[str], people: People) -> None:
    assert seqs(capsys) == [3, 2, 1]
    assert seqs(capsys, "--text", "cretin*") == [3, 1]
    assert seqs(capsys, "--text", '"un cretino"') == [1]
    assert seqs(capsys, "--outcome", "block") == [1]
    assert seqs(capsys, "--rule", "confidential.*") == [1]
    assert seqs(capsys, "--rule", "toxicity.insult", "--part", "finding", "--clause", "3.1") == [3, 1]
    assert seqs(capsys, "--channel", "x") == [1]
    assert seqs(capsys, "--account", "personal") == []
    assert seqs(capsys, "--kind", "screening", "-n", "2") == [3, 2]
    assert seqs(capsys, "--after", "3", "--person", people.person(ANNA)) == [2, 1]
    assert seqs(capsys, "--policy", found(capsys)[0]["policy"]) == [3, 2, 1]
    assert seqs(capsys, "--owner", "legal") == seqs(capsys, "--ruling", "approved") == []
    assert seqs(capsys, "--since", "2020-01-01", "--until", "9999-12-31") == [3, 2, 1]
    assert seqs(capsys, "--until", "2020-01-01") == seqs(capsys, "--since", "9999-12-31") == []


def test_facts_and_pseudonyms_and_no_word(capsys: pytest.CaptureFixture[str], people: People, ledger: Ledger) -> None:
    assert run(["audit", "search", "--text", "cretino"]) == 0
    shown = capsys.readouterr().out
    assert people.person(ANNA) in shown
    assert "toxicity.insult" in shown
    assert "cretino" not in shown.lower()
    assert "ANNA" not in shown
    assert [entry.kind for entry in ledger.entries()] == ["screening"] * 3


def test_words_are_shown_with_what_was_looked_for_and_on_record(
    capsys: pytest.CaptureFixture[str], ledger: Ledger, people: People
) -> None:
    assert run(["audit", "search", "--text", "cretino l'azien*", "--words"]) == 0
    assert "Sei un «cretino», «l’azienda» lo sa: [CODE]" in capsys.readouterr().out
    newest = json.loads(ledger.entries(newest=1)[0].body)
    assert newest["kind"] == "look"
    assert newest["actor"] == people.person("local:owner")
    assert newest["facts"] == {"why": "search", "entries": [[1, 1]]}
    [line] = found(capsys, "--text", "chi", "--words")
    assert line["words"] == [
        {"text": "Un altro CRETÌNO", "found": []},
        {"text": "Chi è il cretino?", "found": [[0, 3]]},
    ]
    assert found(capsys, "--kind", "look", "--words")[-1].get("words") is None


def test_nothing_found_is_no_look(capsys: pytest.CaptureFixture[str], ledger: Ledger) -> None:
    assert run(["audit", "search", "--text", "zanzibar", "--words"]) == 0
    assert "Nothing was found." in capsys.readouterr().err
    assert len(ledger.entries()) == 3


def test_more_is_said_to_be_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "search", "-n", "1"]) == 0
    assert "--after 3" in capsys.readouterr().out


def test_a_kind_that_is_none_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["search"], ["export", "away"]):
        assert run(["audit", *command, "--kind", "screenings"]) == EXIT_USAGE
        said = " ".join(capsys.readouterr().err.split())
        assert "no such kind of entry" in said
        assert "appeal_decision" in said
    assert not Path("away").exists()


def test_a_rule_without_its_second_half_gets_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "search", "--rule", "toxicity"]) == 0
    assert "--rule 'toxicity.*'" in capsys.readouterr().err
    assert run(["audit", "search", "--rule", "toxicity.none"]) == 0
    assert "toxicity" not in capsys.readouterr().err


def test_no_number_is_larger_than_a_database_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert seqs(capsys, "--after", str(2**31 - 1)) == [3, 2, 1]
    assert run(["audit", "search", "--after", str(2**31)]) == EXIT_USAGE


def test_days_in_the_wrong_order_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "search", "--since", "2026-02-02", "--until", "2026-02-01"]) == EXIT_USAGE
    assert "comes before the first" in capsys.readouterr().err


def test_the_index_is_brought_up_and_made_anew(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["audit", "index"]) == 0
    assert "3 entries taken in." in capsys.readouterr().out
    assert run(["audit", "index"]) == 0
    assert "0 entries taken in." in capsys.readouterr().out
    assert run(["audit", "index", "--rebuild"]) == 0
    assert "3 entries taken in." in capsys.readouterr().out


def test_where_a_list_of_statistics_stops_is_said(
    capsys: pytest.CaptureFixture[str], ledger: Ledger, people: People
) -> None:
    rules = [
        f"tone.a_rule_whose_name_is_so_long_that_it_is_more_than_a_line_of_eighty_characters_{n}" for n in range(13)
    ]
    facts = {"outcome": "revise", "draft": {}, "findings": [{"rule": rule} for rule in rules]}
    ledger.append("screening", subject="s_1", facts=facts, actor=people.person(ANNA))
    assert run(["audit", "stats"]) == 0
    shown = capsys.readouterr().out
    assert "something to mend" in " ".join(shown.split())
    assert "5 more: --json" in shown
    assert "…" not in shown


def test_statistics_for_people_and_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "stats", "--by", "day"]) == 0
    shown = capsys.readouterr().out
    assert "toxicity.insult" in shown
    assert "Checks: 3; everything that applied was looked at in 3." in shown
    assert "2 rules of it found nothing: tone.jargon, confidential.embargo" in shown
    assert "p_" not in shown
    assert run(["audit", "stats", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["checks"] == 3
    assert [month["counts"] for month in told["months"]] == [{"clear": 1, "revise": 1, "review": 0, "block": 1}]
    assert told["teams"] == told["by_team"] == []
    assert run(["audit", "stats", "--since", "2020-01-01", "--until", "2020-02-01", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["checks"] == 0
