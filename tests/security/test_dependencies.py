"""What is installed: pinned with hashes, licensed as we may use it, listed in full, and held against advisories."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import zipfile
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft7Validator
from packaging.utils import canonicalize_name
from referencing import Registry, Resource

ROOT = Path(__file__).parents[2]
APART = {"torch", "triton"}
"""Installed apart from the lock files (docs/decisions/dependencies.md), with what torch's CUDA build would bring."""
LESSER = {"python-telegram-bot", "psycopg", "psycopg-binary", "psycopg-pool", "pygal"}
"""LGPL, used as they come."""
FREE = {
    *("MIT", "MIT-0", "MIT-CMU", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "Apache-2.0", "Zlib", "CC0-1.0"),
    *("MPL-2.0", "PSF-2.0", "CNRI-Python", "BSL-1.0"),
}


def loaded(name: str) -> ModuleType:
    """A program under deploy/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"deploy_{name}", ROOT / "deploy" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


audit, sbom = loaded("audit"), loaded("sbom")
PACKAGES = sbom.installed()
NEEDED = sorted(sbom.needed(PACKAGES))
on_each_lock = pytest.mark.parametrize("lock", audit.LOCKS, ids=lambda lock: lock.name)


@on_each_lock
def test_every_pin_is_one_version_with_its_hashes(lock: Path) -> None:
    pins = audit.read_lock(lock)
    assert len(pins) > 90
    assert [pin.name for pin in pins if not pin.hashes] == []
    assert not APART & {pin.name for pin in pins}


@on_each_lock
def test_nothing_is_fetched_from_elsewhere(lock: Path) -> None:
    """No address, no option: pip would follow it, and `--require-hashes` says nothing of an index."""
    lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if line and not line.startswith(("#", " "))]
    assert [line for line in lines if line.startswith("-") or "@" in line or "://" in line] == []


def test_the_installation_asks_for_hashes() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert makefile.count("--no-deps --require-hashes -r requirements") == 2


def test_whatever_vaglio_asks_for_is_locked() -> None:
    locked = {pin.name for pin in audit.read_lock(audit.LOCKS[0])} | APART
    direct = {canonicalize_name(re.split(r"[^\w.-]", line)[0]) for line in sbom._direct()}
    assert direct - locked == set()


@pytest.mark.parametrize("name", NEEDED)
def test_a_licence_lets_us_use_it(name: str) -> None:
    expression = sbom.licence(PACKAGES[name])
    assert expression, f"{name} says nothing of its licence"
    parts = {part.strip("()") for part in re.split(r"\s+(?:AND|OR|WITH)\s+", expression)} - {"LLVM-exception"}
    if name in LESSER:
        assert {part for part in parts if part not in FREE} <= {"LGPL-3.0-only", "LGPL-3.0-or-later"}
    else:
        assert parts <= FREE, f"{name}: {expression}"


def test_what_is_lesser_is_named_and_no_more(tmp_path: Path) -> None:
    found = {name for name, package in PACKAGES.items() if "LGPL" in (sbom.licence(package) or "")}
    assert found <= LESSER


def test_the_bill_lists_exactly_what_is_installed() -> None:
    bill = sbom.bill(PACKAGES)
    listed = {each["name"]: each["version"] for each in bill["components"] if each["bom-ref"].startswith("pkg:pypi/")}
    assert listed == {name: package.version for name, package in PACKAGES.items() if name != "vaglio"}
    required = {each["name"] for each in bill["components"] if each["scope"] == "required"}
    assert {"pydantic", "slack-bolt", "pygal", "htmx.org", "@codemirror/view", "vaglio-judge"} <= required
    assert not {"pytest", "hypothesis", "pip-audit"} & required
    assert [each["name"] for each in bill["components"] if each["scope"] == "required" and not each["licenses"]] == []


def test_the_bill_is_cyclonedx() -> None:
    schemas = files("cyclonedx.schema") / "_res"
    names = {"bom-1.6": "bom-1.6", "spdx": "spdx", "jsf-0.82": "jsf-0.82"}
    read = {name: json.loads((schemas / f"{file}.SNAPSHOT.schema.json").read_text()) for name, file in names.items()}
    base = "http://cyclonedx.org/schema/"
    registry: Registry[Any] = Registry().with_resources(
        [(f"{base}{name}{end}", Resource.from_contents(schema)) for name, schema in read.items() for end in
         (".schema.json", ".SNAPSHOT.schema.json")]
    )  # fmt: skip
    faults = list(Draft7Validator(read["bom-1.6"], registry=registry).iter_errors(sbom.bill(PACKAGES)))
    assert [fault.message[:200] for fault in faults] == []


# --- Advisories ------------------------------------------------------------------------------------------------------


def record(name: str, *events: dict[str, str], **fields: object) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    return {
        "id": "PYSEC-2026-1",
        "affected": [{"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges}],
    } | fields


def hit(found: dict[str, Any], version: str = "2.1.0") -> bool:
    return bool(audit.held_against([audit.Pin("ja-ja", version)], [found]))


def test_a_pin_within_a_range_is_found() -> None:
    assert hit(record("Ja_Ja", {"introduced": "0"}, {"fixed": "2.1.1"}))
    assert not hit(record("Ja_Ja", {"introduced": "0"}, {"fixed": "2.1.0"}))
    assert hit(record("ja.ja", {"introduced": "2.1"}))
    assert not hit(record("ja.ja", {"introduced": "2.1.0.1"}))
    assert hit(record("ja-ja", {"introduced": "1"}, {"last_affected": "2.1.0"}))
    assert not hit(record("ja-ja", {"introduced": "1"}, {"last_affected": "2.0"}))
    assert hit(record("ja-ja", {"introduced": "0"}, {"fixed": "1"}, {"introduced": "2"}, {"fixed": "3"}))
    assert not hit(record("ja-ja", {"introduced": "0"}, {"fixed": "1"}, {"introduced": "2"}, {"fixed": "3"}), "1.5")
    assert not hit(record("other", {"introduced": "0"}))
    assert not hit(record("ja-ja", {"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z"))


def test_a_local_copy_of_the_advisories_is_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "all.zip"
    with zipfile.ZipFile(copy, "w") as archive:
        archive.writestr("PYSEC-2026-1.json", json.dumps(record("jinja2", {"introduced": "0"}, {"fixed": "999"})))
        archive.writestr("PYSEC-2026-2.json", json.dumps(record("nobody-has-it", {"introduced": "0"})))
    assert audit.main(["--advisories", str(copy)]) == audit.KNOWN
    assert re.search(r"^jinja2 \S+: PYSEC-2026-1, mended in 999$", capsys.readouterr().out, re.M)
    copy.unlink()
    (tmp_path / "one.json").write_text(json.dumps([record("nobody-has-it", {"introduced": "0"})]))
    assert audit.main(["--advisories", str(tmp_path / "one.json")]) == 0
    assert "0 advisories" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "", "[]", "{broken"])
def test_what_could_not_be_looked_up_is_never_taken_for_sound(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "advisories.json"
    if content is not None:
        place.write_text(content)
    assert audit.main(["--advisories", str(place)]) == audit.NOT_ALL
    assert "NOTHING was checked" in capsys.readouterr().err


def test_an_index_that_knows_nobody_is_no_all_clear(capsys: pytest.CaptureFixture[str]) -> None:
    """pip-audit leaves with 0 where every package is unknown, as behind a mirror that serves no advisories."""
    skipped = {"name": "a", "skip_reason": "Dependency not found on PyPI"}
    sound = {"name": "b", "version": "1", "vulns": []}
    ill = {"name": "c", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
    with pytest.raises(audit.NotAll, match="NOTHING was checked"):
        audit.read_report({"dependencies": [skipped]})
    with pytest.raises(audit.NotAll, match="Not looked up: a"):
        audit.read_report({"dependencies": [skipped, sound, ill]})
    assert "c 1: PYSEC-1, mended in 2" in capsys.readouterr().out
    assert [each.id for each in audit.read_report({"dependencies": [sound, ill]})] == ["PYSEC-1"]
