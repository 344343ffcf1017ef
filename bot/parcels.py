"""A version of what the company knows as one parcel: a ZIP, sealed in pieces that fit anywhere."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bot.audit.vault import decrypted, encrypted
from rules.knowledge.store import KnowledgeError, Manifest

PIECE: Final = 1_000_000
"""Bytes of a piece, before it is sealed."""
_MANIFEST: Final = "manifest.json"


def sealed(manifest: Manifest, made: Path, parcel: Path, id: str, key: bytes) -> Iterator[bytes]:
    """The pieces, in order, of what lies in the folder `made`; `parcel` is a file to be made on the way."""
    with zipfile.ZipFile(parcel, "x") as file:
        file.writestr(_MANIFEST, json.dumps(asdict(manifest)))
        for path in sorted(made.iterdir()):
            file.write(path, path.name)
    number = 0
    with parcel.open("rb") as plain:
        while piece := plain.read(PIECE):
            yield encrypted(key, piece, _about(id, number))
            number += 1


def opened(pieces: Iterable[bytes], parcel: Path, made: Path, id: str, key: bytes) -> Manifest:
    """Fill the empty folder `made`. Raises `VaultError` for a piece of something else, `KnowledgeError`, `OSError`."""
    with parcel.open("xb") as plain:
        for number, piece in enumerate(pieces):
            plain.write(decrypted(key, piece, _about(id, number)))
    try:
        with zipfile.ZipFile(parcel) as file:
            manifest = Manifest(**json.loads(file.read(_MANIFEST)))
            for name in file.namelist():
                if name != _MANIFEST:
                    _laid(file, name, made)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise KnowledgeError(f"what the database keeps is damaged ({type(error).__name__})") from None
    return manifest


def _laid(file: zipfile.ZipFile, name: str, made: Path) -> None:
    if Path(name).name != name or not name.endswith(".npy"):
        raise KnowledgeError("what the database keeps holds a file that is none of knowledge")
    file.extract(name, made)


def _about(id: str, number: int) -> bytes:
    """What a piece is bound to: it cannot stand in the place of another."""
    return f"{id}:{number}".encode()
