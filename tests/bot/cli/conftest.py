"""A folder in which commands are run."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import PREFIX, Settings


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, policy_path: Path) -> Path:
    """With the small policy, and nothing else set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.setenv(f"{PREFIX}POLICY", str(policy_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path
