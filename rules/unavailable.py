"""Why a detector cannot run: it goes into the verdict, and is never passed over."""

from __future__ import annotations


class Unavailable(Exception):
    """A detector cannot run; the reason goes into the verdict as `Unchecked`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
