"""The rule files of Vale styles, from a folder or a .zip that nobody vouches for."""

from __future__ import annotations

import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from rules.problems import Place, PolicyError, Problem
from rules.vale.reasons import StyleError

MAX_FILES = 10_000
"""Entries of a folder or of a .zip that are looked at."""
MAX_BYTES = 20_000_000
"""Bytes of all rule files together, unpacked."""
MAX_RULE = 1_000_000
"""Bytes of one."""

_ASIDE = frozenset({"config", "vocab", "vocabularies", "dictionaries", "actions", "filters", "scripts", "templates"})
"""Folders beside the rules that hold none."""

_DEEPEST = 20
"""Folders inside one another, and the file."""

_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, ValueError, OSError,
)  # fmt: skip
"""What reading a .zip comes to that is none; `OSError` for places before its beginning, and for bytes of bzip2."""

_EXTENDS = re.compile(rb"(?im)^[\s\"']*extends[\"']?\s*:")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One file. `rule` has a dot for each folder inside the style; `name` is the path as its user knows it."""

    style: str
    rule: str
    name: str
    content: bytes = field(repr=False)
    """At most `MAX_RULE` bytes and one more, which says that it is too large."""

    @property
    def title(self) -> str:
        """As Vale calls it: `Microsoft.Avoid`."""
        return f"{self.style}.{self.rule}"


def rule_files(path: Path) -> list[RuleFile]:
    """Every rule file under `path`, by style and name. Raises `PolicyError` if it is not there, else `StyleError`."""
    if not path.exists():
        raise PolicyError([Problem(Place(str(path), 1, 1, ""), "no_file")])
    if path.is_dir():
        found = dict(_in_folder(path))
    elif path.is_file() and zipfile.is_zipfile(path):
        found = dict(_in_zip(path))
    elif path.suffix.lower() == ".zip":
        raise StyleError(str(path), "damaged", reason="not a zip file")
    else:
        raise StyleError(str(path), "not_a_style")
    if not found:
        raise StyleError(str(path), "no_rules")
    name = path.resolve().name if path.is_dir() else path.stem
    # A .zip's own folder is the style; what lies at its top is one by the name of the .zip.
    styles = list(_styles(found, PurePosixPath())) or [PurePosixPath()]
    return [
        RuleFile(root.name or name, ".".join(file.relative_to(root).with_suffix("").parts), str(path / file), content)
        for root in styles
        for file, content in sorted(found.items(), key=lambda item: str(item[0]).casefold())
        if file.is_relative_to(root)
    ]


def _styles(files: dict[PurePosixPath, bytes], folder: PurePosixPath) -> Iterator[PurePosixPath]:
    """The folders that hold rules themselves; what lies deeper belongs to them."""
    if any(file.parent == folder and _EXTENDS.search(content) for file, content in files.items()):
        yield folder
        return
    depth = len(folder.parts)
    inside = {file.parts[depth] for file in files if file.is_relative_to(folder) and len(file.parts) > depth + 1}
    for name in sorted(inside, key=str.casefold):
        yield from _styles(files, folder / name)


def _is_rule(file: PurePosixPath) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in file.parts)
    aside = any(part.lower() in _ASIDE for part in file.parts[:-1])
    return file.suffix.lower() in (".yml", ".yaml") and len(file.parts) <= _DEEPEST and not hidden and not aside


def _in_folder(root: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    seen = size = 0
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            file = PurePosixPath(path.relative_to(root).as_posix())
            seen += 1
            if seen > MAX_FILES:
                raise StyleError(str(root), "too_many", limit=f"{MAX_FILES:,}")
            # A pipe that nobody writes to would never let go; a link may lead nowhere.
            if not _is_rule(file) or not path.is_file():
                continue
            with path.open("rb") as opened:
                content = opened.read(MAX_RULE + 1)
            size += len(content)
            _weigh(str(root), size)
            yield file, content


def _in_zip(path: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    size = 0
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_FILES:
                raise StyleError(str(path), "too_many", limit=f"{MAX_FILES:,}")
            for entry in entries:
                _refuse_unsafe(path, entry)
            for entry in entries:
                file = PurePosixPath(entry.filename)
                if entry.is_dir() or not _is_rule(file):
                    continue
                # What an entry says of its own size may be a lie: it is read no further than is fine.
                with archive.open(entry) as opened:
                    content = opened.read(MAX_RULE + 1)
                size += len(content)
                _weigh(str(path), size)
                yield file, content
    except _DAMAGED as error:
        raise StyleError(str(path), "damaged", reason=str(error) or type(error).__name__) from None


def _refuse_unsafe(path: Path, entry: zipfile.ZipInfo) -> None:
    # `orig_filename` is as it stands in the archive; zipfile cuts it at a NUL and turns signs round.
    name = entry.orig_filename
    parts = re.split(r"[\\/]", name)
    if name.startswith(("/", "\\")) or ".." in parts or "\0" in name or re.match(r"[A-Za-z]:", name):
        raise StyleError(str(path), "unsafe", name=entry.filename[:100])
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise StyleError(str(path), "unsafe", name=entry.filename[:100])
    if entry.flag_bits & 1:
        raise StyleError(str(path), "locked")


def _weigh(name: str, size: int) -> None:
    if size > MAX_BYTES:
        raise StyleError(name, "too_much", limit=f"{MAX_BYTES // 1_000_000} MB")
