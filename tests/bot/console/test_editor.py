"""The editor that is shipped: built from the sources beside it, with the licences of what is in it."""

from __future__ import annotations

import hashlib
import json

from bot.console.pages import STATIC

SOURCES = STATIC.parent / "editor"
BUILT = (STATIC / "editor.js").read_text(encoding="utf-8")


def test_what_is_shipped_was_built_from_what_lies_here() -> None:
    digest = hashlib.sha256()
    for name in ("build.js", "completing.js", "editor.js", "package-lock.json"):
        digest.update((SOURCES / name).read_bytes())
    assert f"from bot/console/editor ({digest.hexdigest()[:12]})" in BUILT.splitlines()[0], "run `make editor`"


def test_everything_in_it_is_named_with_its_licence() -> None:
    told = (STATIC / "editor.LICENSE.txt").read_text(encoding="utf-8")
    locked = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name in json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))["dependencies"]:
        version = locked[f"node_modules/{name}"]["version"]
        assert f"{name} {version} (MIT)" in told
    assert "Permission is hereby granted, free of charge" in told


def test_the_lock_file_names_no_place_to_download_from() -> None:
    locked = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, one in locked.items() if "resolved" in one] == []
    assert all(one["integrity"] for name, one in locked.items() if name)


def test_it_writes_no_style_of_its_own_accord() -> None:
    """It lives in a shadow root, whose styles are objects: the content policy forbids `<style>`."""
    source = (SOURCES / "editor.js").read_text(encoding="utf-8")
    assert "attachShadow" in source
    assert "cspNonce" not in source
