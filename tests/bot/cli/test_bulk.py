"""`vaglio bulk` judges a whole archive on every core, survives every kind of stop, and leaves one entry on record."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.bulk.output import CHUNK
from bot.cli.commands import run
from bot.store import Store
from bot.tables import Content, Entry
from rules.assembly import load_policy
from rules.draft import Draft
from rules.screening import Screener

ROOT = Path(__file__).parents[3]
TEXTS = ("Buongiorno {n}", "Sei un cretino, {n}", "Prodotto {n} non ancora annunciato", "Ecco SEGRETO-{n}")

pytestmark = pytest.mark.slow


def archive(home: Path, count: int) -> Path:
    path = home / "archive.jsonl"
    lines = (json.dumps({"id": f"a{n}", "text": TEXTS[n % 4].format(n=n)}) for n in range(count))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def entries(home: Path) -> Sequence[dict[str, Any]]:
    store = Store(f"sqlite:///{home / 'data' / 'vaglio.db'}", read_only=True)
    with store.read() as session:
        assert session.exec(select(Content)).all() == []
        found = [json.loads(entry.body) for entry in session.exec(select(Entry).order_by(Entry.seq)).all()]
    store.close()
    return found


@pytest.fixture
def background(home: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    begun: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "bot", "bulk", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "LANG": "en_US.UTF-8"}
        pipe = subprocess.PIPE
        begun.append(subprocess.Popen(command, cwd=home, env=environment, stdout=pipe, stderr=pipe, text=True))
        return begun[-1]

    yield begin
    for one in begun:
        one.kill()
        one.communicate()


def test_every_draft_is_judged_as_one_by_one_and_the_run_is_on_record(
    home: Path, policy_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    posts = archive(home, 2 * CHUNK + 5)
    with posts.open("a") as file:
        file.write('{"id": 7, "text": " "}\n')
    assert run(["bulk", str(posts), "--workers", "2", "--json"]) == 65
    told = json.loads(capsys.readouterr().out)
    screener = Screener(load_policy(policy_path))
    found = results(home / "archive.jsonl.results.jsonl")
    for result, n in zip(found[:-1], range(2 * CHUNK + 5), strict=True):
        verdict = screener.screen(Draft(text=TEXTS[n % 4].format(n=n)))
        assert (result["line"], result["id"], result["outcome"]) == (n + 1, f"a{n}", verdict.outcome)
        spans = [(each["rule"], each["start"], each["end"]) for each in result["findings"]]
        assert spans == [(each.rule, each.span.start, each.span.end) for each in verdict.findings]
    assert found[-1] == {"line": 2 * CHUNK + 6, "id": 7, "error": "non c’è un testo da leggere"}
    (entry,) = entries(home)
    assert (entry["kind"], entry["subject"]) == ("bulk", told["id"])
    outcomes = {"clear": 27, "revise": 26, "review": 26, "block": 26}
    assert entry["facts"] == {"policy": screener.policy.revision, "count": 105, "faulty": 1, "outcomes": outcomes}
    assert told["outcomes"] == outcomes
    assert "SEGRETO" not in (home / "archive.jsonl.results.jsonl").read_text()


def test_words_are_in_the_results_only_where_they_are_asked_for(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    posts = archive(home, 4)
    assert run(["bulk", str(posts), "--out", "with.jsonl", "--workers", "1", "--words"]) == 0
    assert [each["text"] for each in results(home / "with.jsonl")] == [TEXTS[n].format(n=n) for n in range(4)]
    told = capsys.readouterr().out
    assert "4 bozze con prova@" in told
    assert "cretino" not in told


def test_whole_results_stay_and_a_stopped_run_goes_on_with_its_own_file(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    posts = archive(home, 4)
    assert run(["bulk", str(posts), "--workers", "1"]) == 0
    before = (home / "archive.jsonl.results.jsonl").read_bytes()
    assert run(["bulk", str(posts), "--workers", "1"]) == 64
    assert "c’è già" in capsys.readouterr().err
    assert (home / "archive.jsonl.results.jsonl").read_bytes() == before


def test_a_table_without_the_column_of_the_text_leaves_nothing_behind(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    posts = home / "d.csv"
    posts.write_text("codice;testo;autore\n1;Buongiorno;Anna\n2;;Anna\n", encoding="utf-8")
    for language, told in (("it", "Ci sono: codice, testo, autore."), ("en", "There are: codice, testo, autore.")):
        monkeypatch.setenv("VAGLIO_LANGUAGE", language)
        assert run(["bulk", str(posts)]) == 65
        said = capsys.readouterr().err
        assert told in said
        assert "--text testo" in said
        assert [path.name for path in home.iterdir() if path.name.startswith("d.csv")] == ["d.csv"]
    monkeypatch.setenv("VAGLIO_LANGUAGE", "it")
    assert run(["bulk", str(posts), "--id", "codice", "--text", "testo", "--workers", "1"]) == 65
    good, empty = results(home / "d.csv.results.jsonl")
    assert (good["id"], good["outcome"]) == ("1", "clear")
    assert empty == {"line": 3, "id": "2", "error": "non c’è un testo da leggere"}


@pytest.mark.parametrize("command", [["bulk", "archive.jsonl"], ["policy", "backtest"]])
def test_workers_share_only_on_a_server(home: Path, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    archive(home, 4)
    assert run([*command, "--over-workers"]) == 78
    assert "--over-workers vuole PostgreSQL" in capsys.readouterr().err
    assert not [path.name for path in home.iterdir() if path.name.startswith("archive.jsonl.")]


@pytest.mark.timeout(500)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_stopped_at_any_moment_it_goes_on_to_the_same_results(
    home: Path, background: Callable[..., subprocess.Popen[str]], how: signal.Signals
) -> None:
    posts = archive(home, 40 * CHUNK)
    target = home / "archive.jsonl.results.jsonl"
    first = background(str(posts), "--workers", "2")
    while not target.exists() or target.stat().st_size == 0:
        assert first.poll() is None, first.communicate()
        time.sleep(0.02)
    children = _children(first.pid)
    assert len(children) >= 2
    first.send_signal(how)
    out, err = first.communicate(timeout=200)
    if how is signal.SIGKILL:
        assert first.returncode == -9
    else:
        assert first.returncode == 130, (out, err)
        assert err == "Stopped; nothing is lost. The same command goes on from here.\n"
    _wait_for_end(children)
    assert len(results(target)) < 40 * CHUNK
    posts_too = home / "other.jsonl"
    posts_too.write_text('{"text": "x"}\n')
    assert run(["bulk", str(posts_too), "--out", str(target), "--workers", "1"]) == 64
    second = background(str(posts), "--workers", "2", "--json")
    out, err = second.communicate(timeout=250)
    assert (second.returncode, err) == (0, "")
    found = results(target)
    assert [each["line"] for each in found] == list(range(1, 40 * CHUNK + 1))
    assert json.loads(out)["outcomes"] == dict.fromkeys(("clear", "revise", "review", "block"), 10 * CHUNK)
    assert [entry["facts"]["count"] for entry in entries(home)] == [40 * CHUNK]


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return list(map(int, listed.stdout.split()))


def _wait_for_end(pids: Sequence[int]) -> None:
    """Nobody who was begun stays behind; a test that hangs here fails by its own time limit."""
    while any(Path(f"/proc/{pid}/stat").exists() and _state(pid) != "Z" for pid in pids):
        time.sleep(0.05)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
