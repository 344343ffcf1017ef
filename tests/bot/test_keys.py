"""Keys of an installation: made once, whole, whoever comes first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.keys import KEY_BYTES, KeyFileError, key_in


def test_a_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    key = key_in(folder, "knowledge.key", "the key")
    assert len(key) == KEY_BYTES
    assert key_in(folder, "knowledge.key", "the key") == key
    assert (folder / "knowledge.key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder.iterdir()] == ["knowledge.key"]


def test_of_many_that_start_together_all_have_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(30):
            folder = tmp_path / str(number)
            keys = set(pool.map(lambda _, folder=folder: key_in(folder, "a.key", "the key"), range(8)))
            assert len(keys) == 1


def test_a_key_cut_short_or_out_of_reach_is_named(tmp_path: Path) -> None:
    (tmp_path / "short.key").write_bytes(b"x")
    with pytest.raises(KeyFileError, match=r"short\.key: 1 bytes, not 32"):
        key_in(tmp_path, "short.key", "the key")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(KeyFileError, match="the key cannot be made"):
        key_in(tmp_path / "file", "a.key", "the key")
