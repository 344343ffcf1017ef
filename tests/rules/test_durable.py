"""Files and their names are on the disk, also where a disk knows no such thing for folders."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from rules.durable import make_folder, sync


def test_a_folder_is_made_with_those_above_it_for_its_owner_alone(tmp_path: Path, synced: list[Path]) -> None:
    folder = tmp_path / "a" / "b"
    make_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    # Each name stands in the folder above.
    assert synced == [tmp_path / "a", tmp_path]
    make_folder(folder)
    assert len(synced) == 2


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_disk_that_syncs_no_folders_is_no_fault(tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refused)
    sync(tmp_path)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OSError, match=os.strerror(code)):
        sync(file)


def test_a_disk_that_fails_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failed(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", failed)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        sync(tmp_path)
