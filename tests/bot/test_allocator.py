"""What a process let go of is the system's again."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

from bot.allocator import give_back

_PIECE, _MANY = 2_048, 50_000
_HAS_TRIM = os.name == "posix" and hasattr(ctypes.CDLL(None), "malloc_trim")


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not _HAS_TRIM, reason="only glibc keeps it")
def test_pages_that_hold_nothing_are_given_back() -> None:
    pieces = [bytearray(_PIECE) for _ in range(_MANY)]
    last = bytearray(_PIECE)  # what stands above them keeps glibc from seeing by itself that they are free
    pieces.clear()
    before = resident()
    give_back()
    assert before - resident() > _PIECE * _MANY / 2
    assert last


def test_elsewhere_there_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    give_back()
