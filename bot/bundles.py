"""A policy's files in one ZIP, as they were written, in the places where they find one another."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from rules.assembly import SHIPPED, files_of
from rules.source import MAX_BYTES

OWN: Final = "policy"
SHIPS: Final = "shipped"
"""The company's own files, and what comes with Vaglio."""
MOST_FILES: Final = 2_000
MOST_BYTES: Final = 20 * MAX_BYTES
"""Of a whole bundle, unpacked: a small ZIP can hold more than any memory."""
_LONGEST, _LONGEST_PART = 1_000, 255
"""Bytes of a name, and of each part of it, that any disk takes."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE = 0o100600 << 16


class Unsound(Exception):
    """It is no such ZIP."""


def packed(path: Path) -> bytes:
    """Always the same bytes for the same files. Raises `PolicyError`."""
    top = path.parent.resolve() / path.name
    places = _places(top.parent)
    files = {_inside(places, file): file.read_bytes() for file in files_of(top)}
    return bundled(files, {OWN: _inside(places, top), SHIPS: _inside(places, SHIPPED)})


def bundled(files: Mapping[str, bytes], layout: Mapping[str, str]) -> bytes:
    """The inverse of `unpacked`."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.comment = json.dumps(layout, sort_keys=True).encode()
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, _FILE
            archive.writestr(info, files[name])
    return held.getvalue()


def _places(own: Path) -> dict[Path, str]:
    """Where in a bundle the folders go from which a policy in `own` reads. One inside the other stays there."""
    if own.is_relative_to(SHIPPED):
        return {SHIPPED: SHIPS}
    return {own: OWN} if SHIPPED.is_relative_to(own) else {own: OWN, SHIPPED: SHIPS}


def _inside(places: Mapping[Path, str], file: Path) -> str:
    folder = next(folder for folder in places if file.is_relative_to(folder))
    return PurePosixPath(places[folder], *file.relative_to(folder).parts).as_posix()


def unpacked(bundle: bytes) -> tuple[dict[str, bytes], Mapping[str, str]]:
    """The files by their names, and where the policy and what is shipped lie among them.

    Raises `Unsound` for what `packed` does not write, such as a name that leads elsewhere.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            layout = json.loads(archive.comment)
            files = _read(archive)
        sound = layout[OWN] in files and _stays(layout[SHIPS])
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, KeyError, TypeError):
        sound = False
    except RuntimeError:  # it is encrypted, or packed in a way that is not known, or its layout has no end of depth
        sound = False
    if not sound:
        raise Unsound
    return files, layout


def _read(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """Each file, no further than is fine: what a ZIP says of its sizes may be a lie. Raises `Unsound`."""
    entries, files, size = archive.infolist(), dict[str, bytes](), 0
    if len(entries) > MOST_FILES:
        raise Unsound
    for info in entries:
        # As `bundled` packs it, under a name that can be written below a folder and comes once.
        is_ours = info.compress_type == zipfile.ZIP_DEFLATED and _is_file(info.filename)
        if not is_ours or info.filename in files:
            raise Unsound
        files[info.filename] = content = archive.open(info).read(MAX_BYTES + 1)
        size += len(content)
        if len(content) > MAX_BYTES or size > MOST_BYTES:
            raise Unsound
    folders = {str(folder) for name in files for folder in PurePosixPath(name).parents}
    if not folders.isdisjoint(files):
        raise Unsound
    return files


def together(files: Mapping[str, bytes], layout: Mapping[str, str]) -> tuple[Mapping[str, bytes], str]:
    """What `unpacked` gives as one folder in which all is found again, and the name of the policy's own file in it.

    As it is in the bundle where a file of the company's has the name of another one that is shipped.
    """
    named = {PurePosixPath(*PurePosixPath(name).parts[1:]).as_posix(): content for name, content in files.items()}
    if len(named) < len(files):
        return files, layout[OWN]
    return named, PurePosixPath(*PurePosixPath(layout[OWN]).parts[1:]).as_posix()


def _stays(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and parts[0] in (OWN, SHIPS) and ".." not in parts and "\0" not in name


def _is_file(name: str) -> bool:
    parts = PurePosixPath(name).parts
    is_short = len(name.encode()) <= _LONGEST and all(len(part.encode()) <= _LONGEST_PART for part in parts)
    return _stays(name) and len(parts) > 1 and "/".join(parts) == name and is_short


def own_files(files: Mapping[str, bytes], layout: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the company's own files, the policy itself first; what comes with Vaglio is not to be edited."""
    shipped = f"{layout[SHIPS]}/"
    return (layout[OWN], *(name for name in files if name != layout[OWN] and not name.startswith(shipped)))


def laid_out(files: Mapping[str, bytes], place: Path) -> None:
    """Write them below a folder."""
    for name, content in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.write_bytes(content)


def written(place: Path) -> dict[str, bytes]:
    """Every file under a folder, by its name."""
    return {file.relative_to(place).as_posix(): file.read_bytes() for file in place.rglob("*") if file.is_file()}
