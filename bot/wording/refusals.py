"""Why the system refuses a file or an address: in the reader's language where it is known, else in its own words."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from typing import Final

from bot.wording.saying import Saying, saying, verbatim

# In English word for word what Linux says.
_REASONS: Final[Mapping[int, Saying]] = {
    errno.EACCES: saying("Permission denied"),
    errno.EADDRINUSE: saying("Address already in use"),
    errno.EADDRNOTAVAIL: saying("Cannot assign requested address"),
    errno.EBUSY: saying("Device or resource busy"),
    errno.ECONNREFUSED: saying("Connection refused"),
    errno.EDQUOT: saying("Disk quota exceeded"),
    errno.EEXIST: saying("File exists"),
    errno.EFBIG: saying("File too large"),
    errno.EIO: saying("Input/output error"),
    errno.EISDIR: saying("Is a directory"),
    errno.ELOOP: saying("Too many levels of symbolic links"),
    errno.EMFILE: saying("Too many open files"),
    errno.ENAMETOOLONG: saying("File name too long"),
    errno.ENOENT: saying("No such file or directory"),
    errno.ENOMEM: saying("Cannot allocate memory"),
    errno.ENOSPC: saying("No space left on device"),
    errno.ENOTDIR: saying("Not a directory"),
    errno.ENOTEMPTY: saying("Directory not empty"),
    errno.EPERM: saying("Operation not permitted"),
    errno.EROFS: saying("Read-only file system"),
}

# Names of machines are looked up by numbers of their own.
_OF_NAMES: Final[Mapping[int, Saying]] = {
    socket.EAI_NONAME: saying("Name or service not known"),
    socket.EAI_AGAIN: saying("Temporary failure in name resolution"),
}


def reason(error: BaseException) -> Saying:
    """Its kind alone where the system says nothing: what else it says may hold what was typed."""
    if not isinstance(error, OSError):
        return verbatim(type(error).__name__)
    known = (_OF_NAMES if isinstance(error, socket.gaierror) else _REASONS).get(error.errno or 0)
    return known or verbatim(error.strerror or type(error).__name__)
