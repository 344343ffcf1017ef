"""`make audit`: what is locked, held against published advisories; never silent about what could not be looked up.

pip-audit asks PyPI. Where that cannot be reached, a copy of OSV's records does: `make audit ADVISORIES=all.zip`, from
osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip. Exit codes: 0 nothing is known, 1 something is, 2 not all was
looked up.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parents[1]
LOCKS = (ROOT / "requirements.lock", ROOT / "requirements-dev.lock")
KNOWN, NOT_ALL = 1, 2
_PIN = re.compile(r"^(?P<pin>[A-Za-z0-9].*?)(?: \\)?$", re.M)


@dataclass(frozen=True, slots=True, order=True)
class Pin:
    """A package at one version; `hashes` are those of its files."""

    name: str
    version: str
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Advisory:
    """One that a pin falls under."""

    name: str
    version: str
    id: str
    fixed: str


class NotAll(Exception):
    """Something could not be looked up; the message says what, and what to do."""


def read_lock(path: Path) -> list[Pin]:
    """Every pin of a lock file, whatever platform it is for. Raises `ValueError` for a line that is no pin."""
    pins = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.M)):
        line, *rest = block.strip().splitlines()
        required = Requirement(line.removesuffix("\\").strip())
        exact = re.fullmatch(r"==([^,*]+)", str(required.specifier))
        if exact is None:
            raise ValueError(f"{path.name}: {line}: not one version")
        hashes = tuple(found for each in rest for found in re.findall(r"--hash=(sha256:[0-9a-f]{64})\b", each))
        pins.append(Pin(canonicalize_name(required.name), exact[1], hashes))
    return pins


# --- PyPI, by pip-audit ----------------------------------------------------------------------------------------------


def asked_online(locks: Iterable[Path]) -> list[Advisory]:
    """What PyPI says. Raises `NotAll`."""
    options = ("--disable-pip", "--no-deps", "--progress-spinner=off", "--format=json")
    given = [f"--requirement={lock}" for lock in locks]
    command = [sys.executable, "-m", "pip_audit", *options, *given]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- told only of our locks
    try:
        report = json.loads(ran.stdout)
    except ValueError:
        last = (ran.stderr.strip().splitlines() or ["no answer"])[-1]
        raise NotAll(f"The advisories cannot be reached, and NOTHING was checked ({last[:200]}).") from None
    return read_report(report)


def read_report(report: Mapping[str, Any]) -> list[Advisory]:
    """pip-audit's own report. Raises `NotAll`: it takes a package that nobody knows for one without faults."""
    skipped = [each["name"] for each in report["dependencies"] if "skip_reason" in each]
    looked_up = [each for each in report["dependencies"] if "skip_reason" not in each]
    if not looked_up:
        raise NotAll("The advisories cannot be reached, and NOTHING was checked.")
    found = [
        Advisory(canonicalize_name(each["name"]), each["version"], vuln["id"], ", ".join(vuln["fix_versions"]) or "-")
        for each in looked_up
        for vuln in each["vulns"]
    ]
    if skipped:
        _tell(found)
        raise NotAll(f"Not looked up: {', '.join(sorted(skipped))}.")
    return found


# --- A copy of OSV's records -----------------------------------------------------------------------------------------


def held_against(pins: Iterable[Pin], records: Iterable[Mapping[str, Any]]) -> list[Advisory]:
    """The advisories among OSV's `records` that the `pins` fall under."""
    versions: dict[str, set[str]] = {}
    for pin in pins:
        versions.setdefault(pin.name, set()).add(pin.version)
    found = set()
    for record in records:
        for affected in () if record.get("withdrawn") else record.get("affected", ()):
            package = affected.get("package", {})
            name = canonicalize_name(package.get("name", ""))
            if package.get("ecosystem") == "PyPI":
                hit = [version for version in versions.get(name, ()) if _is_affected(version, affected)]
                found |= {Advisory(name, version, record["id"], _fixed(affected)) for version in hit}
    return sorted(found)


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """OSV's records: an archive or a folder of JSON files, or one with a list. Raises `NotAll`."""
    try:
        if path.is_dir():
            texts: Iterable[bytes] = (file.read_bytes() for file in sorted(path.glob("*.json")))
        elif zipfile.is_zipfile(path):
            archive = zipfile.ZipFile(path)
            texts = (archive.read(name) for name in archive.namelist() if name.endswith(".json"))
        else:
            texts = [path.read_bytes()]
        count = 0
        for text in texts:
            read = json.loads(text)
            for record in read if isinstance(read, list) else [read]:
                count += 1
                yield record
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise NotAll(f"{path} cannot be read ({type(error).__name__}), and NOTHING was checked.") from None
    if not count:
        raise NotAll(f"{path} holds no advisory, and NOTHING was checked.")


def _is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    if version in affected.get("versions", ()):
        return True
    return any(
        _is_within(version, each["events"]) for each in affected.get("ranges", ()) if each["type"] == "ECOSYSTEM"
    )


def _is_within(version: str, events: Iterable[Mapping[str, str]]) -> bool:
    """Whether the last of a range's events before `version` brought the fault in."""
    own, inside = Version(version), False
    for event in sorted(events, key=_place):
        (kind, at), *_ = event.items()
        if kind == "introduced" and (at == "0" or own >= Version(at)):
            inside = True
        elif (kind == "fixed" and own >= Version(at)) or (kind == "last_affected" and own > Version(at)):
            inside = False
    return inside


def _place(event: Mapping[str, str]) -> Version:
    try:
        return Version(next(iter(event.values())))
    except InvalidVersion:
        return Version("0")


def _fixed(affected: Mapping[str, Any]) -> str:
    events = [event for each in affected.get("ranges", ()) for event in each["events"]]
    return ", ".join(event["fixed"] for event in events if "fixed" in event and len(event["fixed"]) < 20) or "-"


def _tell(found: Iterable[Advisory]) -> None:
    for each in found:
        print(f"{each.name} {each.version}: {each.id}, mended in {each.fixed}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--advisories", type=Path, help="OSV's records: all.zip, a folder, or a file with a list")
    given = parser.parse_args(arguments)
    pins = sorted({pin for lock in LOCKS for pin in read_lock(lock)})
    try:
        found = held_against(pins, read_records(given.advisories)) if given.advisories else asked_online(LOCKS)
    except NotAll as error:
        print(f"{error}\nWithout a way to PyPI: make audit ADVISORIES=all.zip (docs/security.md).", file=sys.stderr)
        return NOT_ALL
    _tell(found)
    print(f"{len(pins)} pins looked up, {len(found)} advisories.")
    return KNOWN if found else 0


if __name__ == "__main__":
    sys.exit(main())
