"""Memory that was let go of and that the C library keeps for itself: under threads a little more every hour."""

from __future__ import annotations

import asyncio
import ctypes
from typing import Final

_EVERY: Final = 60.0
"""Seconds between two returns."""


def give_back() -> None:
    """Hand pages that hold nothing any more back to the system. Only glibc has a way, and only it needs one."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return
    trim(ctypes.c_size_t(0))


async def keep_giving_back() -> None:
    """Until it is cancelled; beside whatever else the process does."""
    while True:
        await asyncio.sleep(_EVERY)
        await asyncio.to_thread(give_back)
