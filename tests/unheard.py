"""A database that goes away right after it did what it was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from bot.audit.errors import RecordError
from bot.review import Reviews, Ruled


def rulings(monkeypatch: pytest.MonkeyPatch, times: int) -> list[RecordError]:
    """Have them done, and so many times whoever rules not hear so. Returns the failures that are still to come."""
    rule, failures = Reviews.rule, [RecordError("away", "db")] * times

    def done(*given: Any, **more: Any) -> Ruled:
        ruled = rule(*given, **more)
        if failures:
            raise failures.pop()
        return ruled

    monkeypatch.setattr(Reviews, "rule", done)
    return failures
