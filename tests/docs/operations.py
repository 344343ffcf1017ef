"""What docs/operations.md tells an operator to do, as the tests of failures follow it."""

from __future__ import annotations

import re
import shlex

from docs.pages import ROOT

_SECTION = r"^#+ {heading}\n(?P<text>.*?)(?=^#+ |\Z)"
_COMMAND = re.compile(r"^(?:\.venv/bin/)?vaglio (.+)$", re.M)


def section(heading: str) -> str:
    """The text under a heading."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    match = re.search(_SECTION.format(heading=re.escape(heading)), page, re.M | re.S)
    assert match, heading
    return match["text"]


def steps(heading: str) -> list[list[str]]:
    """The commands under a heading, in order."""
    return [shlex.split(line) for line in _COMMAND.findall(section(heading))]
