"""Whether a place could take checkpoints, as far as can be told without writing to it."""

from __future__ import annotations

import os
from pathlib import Path

from bot.audit.recipients import Refusal
from bot.audit.targets import Target


def can_be_told(target: Target) -> bool:
    """Of what lies elsewhere, only a delivery tells."""
    return target.kind == "dir" or (target.kind == "git" and not target.is_remote)


def look_at(target: Target) -> Refusal | None:
    """Why a folder or a clone on this machine would take none; None where nothing speaks against it."""
    folder = Path(target.address)
    if not folder.is_dir():
        return Refusal("missing")
    if target.kind == "git" and not (folder / ".git").exists():
        return Refusal("missing", "not the top folder of a clone")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Refusal("rights")
    return None
