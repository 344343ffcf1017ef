"""A policy's files in one ZIP, as they were written, in the places where they find one another."""

from __future__ import annotations

import io
import json
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
            files = {info.filename: archive.open(info).read(MAX_BYTES + 1) for info in archive.infolist()}
        sound = layout[OWN] in files and all(map(_stays, [*files, layout[SHIPS]]))
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, NotImplementedError):
        sound = False
    if not sound or any(len(content) > MAX_BYTES for content in files.values()):
        raise Unsound
    return files, layout


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
