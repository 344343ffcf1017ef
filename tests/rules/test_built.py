"""What is built once: whole or not at all, again when its source or its files changed, by one at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from rules.built import Build, Report, is_sound, opened


def build(key: str = "1", content: str = "x", made: list[str] | None = None) -> Build:
    def make(place: Path, report: Report) -> None:
        report("thing", 0.5)
        (place / "thing.txt").write_text(content, encoding="utf-8")
        if made is not None:
            made.append(key)

    return Build("thing", key, make)


def test_it_is_made_once(tmp_path: Path) -> None:
    made: list[str] = []
    for _ in range(3):
        assert (opened(tmp_path, build(made=made)) / "thing.txt").read_text(encoding="utf-8") == "x"
    assert made == ["1"]


def test_another_source_makes_it_anew(tmp_path: Path) -> None:
    opened(tmp_path, build())
    assert (opened(tmp_path, build("2", "y")) / "thing.txt").read_text(encoding="utf-8") == "y"
    assert is_sound(tmp_path / "thing", "2")
    assert not is_sound(tmp_path / "thing", "1")


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    place = opened(tmp_path, build())
    (place / "thing.txt").write_text("changed", encoding="utf-8")
    assert not is_sound(place, "1")
    assert (opened(tmp_path, build()) / "thing.txt").read_text(encoding="utf-8") == "x"


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(place: Path, report: Report) -> None:
        (place / "half").touch()
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        opened(tmp_path, Build("thing", "1", fail))
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_what_somebody_left_who_was_stopped_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".thing.abcd1234").mkdir()
    (tmp_path / ".thing-2.abcd1234").mkdir()
    opened(tmp_path, build())
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == [".thing-2.abcd1234", "thing"]


def test_what_fails_leaves_the_old(tmp_path: Path) -> None:
    def fail(place: Path, report: Report) -> None:
        raise ValueError("no")

    opened(tmp_path, build())
    with pytest.raises(ValueError, match="no"):
        opened(tmp_path, Build("thing", "2", fail))
    assert is_sound(tmp_path / "thing", "1")


def test_many_ask_and_one_makes(tmp_path: Path) -> None:
    made: list[str] = []
    threads = [threading.Thread(target=opened, args=(tmp_path, build(made=made))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["1"]


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{}", '{"key": "1", "files": 3}', '{"key": "1", "files": {"gone": "x"}}']
)
def test_a_strange_manifest_is_not_sound(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "built.json").write_text(manifest, encoding="utf-8")
    assert not is_sound(tmp_path, "1")
