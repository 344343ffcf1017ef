"""What has to be there still when the power comes back: files, and the names by which they are found."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

_NOT_FOR_FOLDERS: Final = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk. Raises `OSError`.

    A new or renamed file is found after a sudden stop only once its folder was synced. Disks that know no such thing
    (some of the network's) have their own ways.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NOT_FOR_FOLDERS or not path.is_dir():
            raise
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make it for its owner alone, with those above it; nothing where it is there. Raises `OSError`."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for each in missing:
        sync(each.parent)
