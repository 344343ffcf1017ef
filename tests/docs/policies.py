"""Policies around the rules that pages show."""

from __future__ import annotations

import textwrap
from typing import Any

import yaml

from rules.assembly import SHIPPED

FOR_PEOPLE = {"message", "suggest", "title", "text", "name", "why"}


def whole(written: str) -> str:
    """A policy around a rule or a part of a policy; a whole policy is left as it is."""
    written = textwrap.dedent(written)
    data = yaml.safe_load(written)
    if isinstance(data, list):
        written, data = f"rules:\n{written}", {"rules": data}
    if "name" in data:
        return written
    around: dict[str, object] = {
        "name": "docs",
        "languages": ["it", "en"],
        "clauses": [
            {"id": id, "title": "A clause", "text": "A clause.", "owner": "comms"}
            for id in sorted({rule["clause"] for rule in data.get("rules", ())})
        ],
    }
    if "owners" not in data:
        around["owners"] = [{"id": "comms", "name": "Comms"}]
    if "adjust" in data:
        around["include"] = [f"packs/{pack.name}" for pack in sorted((SHIPPED / "packs").glob("*.yaml"))]
    return yaml.safe_dump(around) + written


def wordless(written: Any) -> Any:
    """The same without what is said to people."""
    if isinstance(written, list):
        return [wordless(item) for item in written]
    if isinstance(written, dict):
        return {key: wordless(value) for key, value in written.items() if key not in FOR_PEOPLE}
    return written
