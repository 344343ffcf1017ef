"""Bundles that nobody packed here: refused as a whole, and before they cost memory or reach a disk."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from bot import bundles
from bot.bundles import Unsound, bundled, packed, unpacked
from rules.assembly import SHIPPED

_LAYOUT = {"policy": "policy/a.yaml", "shipped": "shipped"}


def _zip(files: list[tuple[str, bytes]], comment: bytes = json.dumps(_LAYOUT).encode(), how: int = 8) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", how) as archive:
        archive.comment = comment
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return held.getvalue()


def _encrypted() -> bytes:
    raw = bytearray(_zip([("policy/a.yaml", b"x")]))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + at] |= 1
    return bytes(raw)


@pytest.mark.parametrize(
    "bundle",
    [
        pytest.param(_zip([("policy/a.yaml", b"")], b"[" * 60_000), id="a layout that nests without end"),
        pytest.param(_zip([("policy/a.yaml", b"")], b'{"policy":' * 6_000), id="objects that nest without end"),
        pytest.param(_zip([("policy/a.yaml", b""), ("policy/", b"x")]), id="a folder with words in it"),
        pytest.param(_zip([("policy", b"")], b'{"policy": "policy", "shipped": "shipped"}'), id="a file as the folder"),
        pytest.param(_zip([("policy/a.yaml", b""), ("policy/a.yaml/b", b"")]), id="a file in a file"),
        pytest.param(_zip([("policy/a.yaml", b""), ("policy//b.yaml", b"")]), id="a name that is written otherwise"),
        pytest.param(_zip([("policy/a.yaml", b""), ("policy/" + "è" * 130, b"")]), id="a name too long for any disk"),
        pytest.param(_zip([("policy/a.yaml", b""), ("policy/" + "b/" * 600 + "c", b"")]), id="a path too long"),
        pytest.param(_zip([("policy/a.yaml", b"x")], how=zipfile.ZIP_BZIP2), id="packed as nobody packs here"),
        pytest.param(_encrypted(), id="encrypted"),
    ],
)
def test_what_was_not_packed_here_is_no_bundle(bundle: bytes) -> None:
    with pytest.raises(Unsound):
        unpacked(bundle)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_says_two_things() -> None:
    with pytest.raises(Unsound):
        unpacked(_zip([("policy/a.yaml", b"one"), ("policy/a.yaml", b"two")]))


def test_many_files_that_are_fine_alone_are_too_much_together(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [("policy/a.yaml", b""), *((f"policy/{number}.txt", bytes(1_000)) for number in range(20))]
    assert len(unpacked(_zip(files))[0]) == 21
    monkeypatch.setattr(bundles, "MOST_BYTES", 19_999)
    with pytest.raises(Unsound):
        unpacked(_zip(files))
    monkeypatch.setattr(bundles, "MOST_BYTES", 20_000)
    monkeypatch.setattr(bundles, "MOST_FILES", 20)
    with pytest.raises(Unsound):
        unpacked(_zip(files))


def test_what_ships_is_packed_and_found_again() -> None:
    whole = packed(SHIPPED / "company.yaml")
    assert bundled(*unpacked(whole)) == whole
