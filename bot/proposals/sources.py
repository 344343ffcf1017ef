"""Where a policy's rule is written: which file, which lines, and whether the file is the company's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.bundles import own_files, unpacked
from bot.proposals.editing import lines_of
from bot.proposals.sheet import NotEditable


@dataclass(frozen=True, slots=True)
class Origin:
    """`name` is the file's in the bundle. A pack's rule is adjusted, in the policy's own file."""

    name: str
    line: int
    yaml: str
    is_own: bool

    @property
    def shown(self) -> str:
        return self.name.partition("/")[2]


def origin_of(bundle: bytes, rule: str) -> Origin | None:
    """None: no file of it can be read as holding that rule."""
    files, layout = unpacked(bundle)
    own = own_files(files, layout)
    for name in (*own, *(each for each in files if each not in own)):
        text = _text(files, name)
        if not name.endswith(".txt") and rule in text:
            try:
                found = lines_of(text, rule)
            except NotEditable:
                continue
            if found:
                return Origin(name, found[0], found[1], name in own)
    return None


def _text(files: Mapping[str, bytes], name: str) -> str:
    return files[name].decode("utf-8-sig", errors="replace")
