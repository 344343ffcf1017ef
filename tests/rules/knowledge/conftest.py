"""Knowledge in a temporary folder, under a key of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.knowledge.hashing import KEY_BYTES, Keyed
from rules.knowledge.store import Knowledge


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    return Knowledge(tmp_path / "knowledge", Keyed(b"k" * KEY_BYTES))


@pytest.fixture
def other_key(knowledge: Knowledge) -> Knowledge:
    """The same folder, under another key."""
    return Knowledge(knowledge.folder, Keyed(b"o" * KEY_BYTES))
