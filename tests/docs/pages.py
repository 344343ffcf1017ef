"""Markdown as these tests read it: headings, fenced blocks, tables, code spans, links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<body>.*?)^(?P=indent)```$", re.M | re.S)
_HEADING = re.compile(r"^(#+) (.+)$", re.M)
_CODE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)*)`")
_LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"\s]+)"')
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two fences; `line` is that of its first line."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def language(self) -> str:
        return "it" if self.path.name.endswith(".it.md") else "en"

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def blocks(self) -> list[Block]:
        return [
            Block(match["kind"], match["body"], self.text.count("\n", 0, match.start("body")) + 1)
            for match in _FENCE.finditer(self.text)
        ]

    @property
    def headings(self) -> list[tuple[int, str]]:
        """Level and text of each."""
        return [(len(match[1]), match[2]) for match in _HEADING.finditer(self.prose)]

    @property
    def anchors(self) -> set[str]:
        """The names by which links reach the headings, as GitHub makes them."""
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for _, heading in self.headings}

    @property
    def code(self) -> list[str]:
        """Code spans outside fenced blocks, on one line each."""
        return [" ".join(span.split()) for span in _CODE.findall(self.prose)]

    @property
    def links(self) -> list[str]:
        """Where links and pictures lead to, in Markdown or HTML."""
        return [markdown or html for markdown, html in _LINK.findall(_CODE.sub("", self.prose))]

    @property
    def tables(self) -> list[dict[str, list[str]]]:
        return tables(self.prose)

    def section(self, heading: str) -> str:
        """The prose from that heading to the next one as high."""
        for match in _HEADING.finditer(self.prose):
            if match[2] == heading:
                rest = self.prose[match.end() :]
                end = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.M)
                return rest[: end.start()] if end else rest
        raise LookupError(f"{self.name} has no heading {heading!r}")


def tables(text: str) -> list[dict[str, list[str]]]:
    """Each table's rows by their first cell, less its backticks; the heading row is left out."""
    found = []
    for table in re.findall(r"(?:^\|.*\|\n?)+", text, re.M):
        rows = [[cell.strip() for cell in _CELL.split(line)[1:-1]] for line in table.splitlines()]
        found.append({row[0].strip("`"): row[1:] for row in rows[2:]})
    return found


GUIDES = [Page(ROOT / "docs" / name) for name in ("policy-guide.md", "policy-guide.it.md")]
COOKBOOKS = [Page(ROOT / "docs" / name) for name in ("cookbook.md", "cookbook.it.md")]
README = Page(ROOT / "README.md")
PAGES = [README, Page(ROOT / "CONTRIBUTING.md"), *(Page(path) for path in sorted((ROOT / "docs").rglob("*.md")))]
