"""All that is fuzzed, each found without importing the others."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from fuzzing.target import Target

PLACES: Final = {
    "folding": "reading", "screening": "reading", "policy": "policies", "vale": "styles", "slack": "slacking",
    "telegram": "telegraphing", "export": "exporting", "dossier": "exporting", "verify export": "verifying",
    "verify database": "verifying", "verify anything": "verifying", "bundles": "sealed", "sealed": "sealed",
    "receipts": "sealed", "tokens": "sealed", "api": "asking", "search": "asking",
}  # fmt: skip
"""Names of targets, and the module in which each is."""


def target(name: str) -> Target:
    found: tuple[Target, ...] = import_module(f"fuzzing.{PLACES[name]}").TARGETS
    return next(each for each in found if each.name == name)
