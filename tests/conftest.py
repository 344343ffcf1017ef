"""What every test may share: the models, built once for all runs into a folder that git does not see."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rules.judges import Judges

MODELS = Path(__file__).parents[1] / "models"


# Commands that tests start would each build the models anew in their own folder.
os.environ.setdefault("VAGLIO_MODELS_DIR", str(MODELS))


@pytest.fixture(scope="session")
def models() -> Path:
    """Where the encoder and the judge are built: their digests are checked at every opening."""
    return MODELS


@pytest.fixture(scope="session")
def judges() -> Judges:
    """The built-in judge alone, whatever is installed."""
    return Judges(MODELS, "built-in")
