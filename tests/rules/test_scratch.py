"""Folders for what is made and handed out: each gone with its process, and nobody's while one is at it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rules.scratch import Scratch

ROOT = Path(__file__).parents[2]
_MAKES = """
import sys
from pathlib import Path
from rules.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
print(scratch.new(), flush=True)
sys.stdin.read()
"""


def test_a_folder_is_its_users_alone_and_goes(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "exports")
    folder = scratch.new()
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "words.jsonl").write_text("x", encoding="utf-8")
    scratch.let_go(folder)
    assert not folder.exists()
    scratch.let_go(folder)


def test_what_somebody_is_at_is_left_to_them(tmp_path: Path) -> None:
    mine = Scratch(tmp_path).new()
    Scratch(tmp_path).sweep()
    assert mine.exists()


def test_what_a_process_had_when_it_was_killed_goes_and_not_before(tmp_path: Path) -> None:
    """Its number tells nothing: in another container it is somebody else's."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _MAKES, str(tmp_path)]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        folder = Path(process.stdout.readline().strip())
        assert folder.parent == tmp_path
        Scratch(tmp_path).sweep()
        assert folder.exists()
        process.kill()
        process.wait()
    Scratch(tmp_path).sweep()
    assert not folder.exists()


def test_one_that_was_stopped_before_it_was_anybodys_goes(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    Scratch(tmp_path).sweep()
    assert not (tmp_path / "half").exists()
