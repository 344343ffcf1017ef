"""What a process has in hand is known to the next one, exactly where it died of something."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.in_hand import InHand

ROOT = Path(__file__).parents[2]
A, B, C = ("event", "a"), ("event", "b"), ("backtest", "c")
KILLED = """
import os, signal, sys
from pathlib import Path
from bot.in_hand import InHand
marks = InHand(Path(sys.argv[1]))
assert marks.open() == []
for piece in (("event", "a"), ("event", "b"), ("backtest", "c")):
    marks.take(piece)
marks.let_go(("event", "b"))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "vaglio.db.in-hand"


def test_what_a_process_was_killed_with_is_found_by_the_next(file: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(file)]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL
    after = InHand(file)
    assert sorted(after.open()) == sorted([A, C])
    after.close()
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_was_found_is_found_again_until_it_is_counted(file: Path) -> None:
    file.write_text('[["event", "a"]]')
    for _ in range(2):
        marks = InHand(file)
        assert marks.open() == [A]
        assert marks._handle is not None
        os.close(marks._handle)  # as the system does at the end of a process
    counted = InHand(file)
    counted.open()
    counted.clear()
    assert counted._handle is not None
    os.close(counted._handle)
    assert InHand(file).open() == []


def test_an_orderly_end_leaves_nothing(file: Path) -> None:
    marks = InHand(file)
    marks.open()
    marks.take(A)
    marks.close()
    again = InHand(file)
    assert again.open() == []
    again.close()


def test_beside_another_process_nothing_is_marked_and_nobody_is_blamed(file: Path) -> None:
    first, second = InHand(file), InHand(file)
    first.open()
    first.take(A)
    with capture_logs() as logs:
        assert second.open() == []
    assert [log["event"] for log in logs] == ["work.not_marked"]
    second.take(B)
    second.close()
    assert b'"a"' in file.read_bytes()
    assert b'"b"' not in file.read_bytes()
    first.close()


def test_a_folder_that_takes_no_marks_stops_nobody(tmp_path: Path) -> None:
    marks = InHand(tmp_path / "nowhere" / "vaglio.db.in-hand")
    with capture_logs() as logs:
        assert marks.open() == []
        marks.take(A)
        marks.let_go(A)
        marks.close()
    assert [log["event"] for log in logs] == ["work.not_marked"]


@pytest.mark.parametrize("marks", [b"", b"\0" * 4_096, b"[[1", b"[1, 2]", b"{}", b'"event"'])
def test_marks_that_nobody_can_read_blame_nobody(file: Path, marks: bytes) -> None:
    file.write_bytes(marks)
    after = InHand(file)
    assert after.open() == []
    after.close()


def test_many_pieces_need_more_room_than_a_few(file: Path) -> None:
    many = [("event", f"s_{number:020x}") for number in range(300)]
    marks = InHand(file)
    marks.open()
    for piece in many:
        marks.take(piece)
    for piece in many[1:]:
        marks.let_go(piece)
    assert marks._handle is not None
    os.close(marks._handle)
    after = InHand(file)
    assert after.open() == many[:1]
    after.close()
