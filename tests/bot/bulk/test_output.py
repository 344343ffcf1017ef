"""Results are whole whatever moment a run is stopped at: none twice, none missing, in the drafts' own order."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.bulk.output import CHUNK, Output, OutputError, Run, chunk_of, digest_of
from bot.bulk.posts import Posts
from bot.bulk.processes import Chunk
from bot.bulk.results import Result, screened
from bot.bulk.run import run
from rules.policy import Policy
from rules.screening import Screener

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
TEXTS = ("Buongiorno", "Sei un cretino", "Prodotto non ancora annunciato", "SEGRETO-3")


def written(path: Path, count: int) -> Path:
    """Drafts by turns of each outcome; of every seven lines one is blank and one is none."""
    lines = []
    for number in range(count):
        line = json.dumps({"id": number, "text": f"{TEXTS[number % 4]} {number}"})
        lines.append({5: "", 6: "{"}.get(number % 7, line))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


class Here:
    """Screens in this process, and is stopped after so many chunks."""

    def __init__(self, policy: Policy, stop_after: int | None = None) -> None:
        self._screener, self._left = Screener(policy), stop_after

    def __call__(self, chunks: Iterable[Chunk]) -> Iterator[list[Result]]:
        for chunk in chunks:
            if self._left == 0:
                raise KeyboardInterrupt
            yield [screened(row, self._screener, NOON) for row in chunk]
            self._left = None if self._left is None else self._left - 1


def begun(policy: Policy, posts: Path) -> Run:
    return Run.begin(policy, NOON, posts, id="id", text="text", words=False)


def lines(path: Path) -> list[int]:
    return [json.loads(line)["line"] for line in path.read_text(encoding="utf-8").splitlines()]


def settled(held: bytes) -> int:
    """Where the last chunk begins."""
    each = held.splitlines(keepends=True)
    last = chunk_of(json.loads(each[-1])["line"]) if each else 0
    return sum(len(line) for line in each if chunk_of(json.loads(line)["line"]) < last)


def test_each_draft_has_its_result_and_the_summary_counts_them(tmp_path: Path, policy: Policy) -> None:
    posts, target = written(tmp_path / "a.jsonl", 140), tmp_path / "out.jsonl"
    output = Output(target)
    output.begin(begun(policy, posts))
    summary = run(Posts(posts), output, Here(policy))
    output.finish()
    output.close()
    results = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [result["line"] for result in results] == [n + 1 for n in range(140) if n % 7 != 5]
    assert (summary.drafts, summary.faulty) == (100, 20)
    assert summary.facts()["outcomes"] == {"clear": 25, "revise": 25, "review": 25, "block": 25}
    assert summary.rules == {"toxicity.insult": 25, "confidential.embargo": 25, "confidential.code": 25}
    (blocked,) = [result for result in results if result["id"] == 3]
    assert blocked["findings"] == [
        {"rule": "confidential.code", "clause": "4.1", "severity": "block", "start": 0, "end": 9, "score": None}
    ]
    assert results[5] == {"line": 7, "id": None, "error": "not JSON at character 2"}
    assert "SEGRETO" not in target.read_text(encoding="utf-8")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "out.jsonl", "prova.yaml"]


@settings(deadline=None, max_examples=30)
@given(chunks=st.lists(st.integers(0, 3), max_size=3), cut=st.integers(0, 6_000))
def test_stopped_and_cut_anywhere_it_ends_as_if_never_stopped(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[int], cut: int, small: Policy
) -> None:
    folder = tmp_path_factory.mktemp("bulk")
    posts = written(folder / "a.jsonl", 4 * CHUNK + 7)
    whole = Output(folder / "whole.jsonl")
    expected = run(Posts(posts), whole, Here(small))
    output = Output(folder / "out.jsonl")
    for count in chunks:
        with suppress(KeyboardInterrupt):
            run(Posts(posts), output, Here(small, count))
        if output.path.exists():
            # A power cut may leave the last chunk in part; what was settled before it stays.
            held = output.path.read_bytes()
            output.path.write_bytes(held[: max(settled(held), len(held) - cut)])
    assert run(Posts(posts), output, Here(small)) == expected
    assert output.path.read_bytes() == whole.path.read_bytes()
    output.close()
    whole.close()


def test_blocks_that_a_power_cut_left_empty_are_judged_again(tmp_path: Path, policy: Policy) -> None:
    posts = written(tmp_path / "a.jsonl", 2 * CHUNK)
    whole, output = Output(tmp_path / "whole.jsonl"), Output(tmp_path / "out.jsonl")
    expected = run(Posts(posts), whole, Here(policy))
    with suppress(KeyboardInterrupt):
        run(Posts(posts), output, Here(policy, 1))
    with output.path.open("ab") as file:
        file.write(bytes(4096) + b'\n{"line": "x"}\n')
    assert run(Posts(posts), output, Here(policy)) == expected
    assert output.path.read_bytes() == whole.path.read_bytes()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    from small_policy import POLICY

    from rules.assembly import load_policy

    path = tmp_path_factory.mktemp("policy") / "small.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return load_policy(path)


def test_whole_results_are_never_written_over(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_text("mine\n")
    output = Output(target)
    with pytest.raises(OutputError) as error:
        output.begun()
    output.close()
    assert error.value.code == "exists"
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    output = Output(tmp_path / "out.jsonl")
    with pytest.raises(OutputError) as error:
        Output(tmp_path / "out.jsonl")
    assert error.value.code == "busy"
    output.close()
    Output(tmp_path / "out.jsonl").close()


def test_what_it_was_begun_with_is_kept(tmp_path: Path, policy: Policy) -> None:
    posts = written(tmp_path / "a.jsonl", 3)
    output, first = Output(tmp_path / "out.jsonl"), begun(policy, posts)
    output.begin(first)
    output.close()
    again = Output(tmp_path / "out.jsonl").begun()
    assert again == first
    assert again is not None
    assert (again.opened(), again.opened().revision) == (policy, policy.revision)
    assert again.moment == NOON
    assert again.source == digest_of(posts)
    assert "phrases" not in repr(replace(first))
