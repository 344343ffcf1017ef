"""`make sbom`: a CycloneDX list of exactly what is installed here, with versions and licences.

Python's packages are read from the environment that runs this, the scripts from what the console ships, the weights
from their file. What Vaglio needs to run is `required`, what only its tests need `excluded`.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
_EDITOR = ROOT / "bot" / "console" / "editor" / "package-lock.json"
_HTMX = ROOT / "bot" / "console" / "static" / "htmx.LICENSE.txt"
_WEIGHTS = ROOT / "rules" / "weights" / "judge.safetensors"
_SPELT = {
    r"apache( software)?( license)?([ ,]*(version )?2(\.0)?)?( license)?": "Apache-2.0",
    r"mit( license)?": "MIT",
    r"(3-clause )?bsd( license)?": "BSD-3-Clause",
    r"bsd 2-clause license": "BSD-2-Clause",
    r"mit, bsd": "MIT AND BSD-3-Clause",
    r"(python software foundation license|psfl)": "PSF-2.0",
    r"mozilla public license 2\.0 \(mpl 2\.0\)": "MPL-2.0",
    r"isc license( \(iscl\))?": "ISC",
    r"gnu lgpl v3\+|gnu lesser general public license v3 or later \(lgplv3\+\)": "LGPL-3.0-or-later",
}
"""How licences are written where no SPDX expression is given."""
_UNSAID = {"atheris": "Apache-2.0", "axe-playwright-python": "MIT"}
"""Whose metadata names none: read in their repositories."""


def licence(distribution: Distribution) -> str | None:
    """The SPDX expression of what a package says of itself; None where it says nothing that is known."""
    data = distribution.metadata
    classified = [each.split(" :: ")[-1] for each in data.get_all("Classifier") or () if each.startswith("License ::")]
    written = [data.get("License-Expression"), (data.get("License") or "").strip().split("\n")[0], *classified]
    for each in filter(None, written):
        if (found := _spdx(re.sub(r"\s+", " ", each.strip()))) is not None:
            return found
    return _UNSAID.get(canonicalize_name(data["Name"]))


def _spdx(written: str) -> str | None:
    for pattern, expression in _SPELT.items():
        if re.fullmatch(pattern, written, re.I) or re.match(r"MIT License\s+Copyright", written):
            return expression if re.fullmatch(pattern, written, re.I) else "MIT"
    try:
        return str(canonicalize_license_expression(written))
    except InvalidLicenseExpression:
        return None


def installed() -> dict[str, Distribution]:
    """Every package of this environment, by its canonical name, Vaglio itself among them."""
    return {canonicalize_name(each.metadata["Name"]): each for each in distributions()}


def needed(packages: dict[str, Distribution]) -> set[str]:
    """The names that Vaglio needs to run, directly or by others."""
    found: set[str] = set()
    waiting = [("vaglio", frozenset[str]())]
    seen = set(waiting)
    while waiting:
        name, extras = waiting.pop()
        if name not in packages:
            continue
        found.add(name)
        for line in _direct() if name == "vaglio" else packages[name].requires or ():
            wanted = Requirement(line)
            if any(wanted.marker is None or wanted.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                step = (canonicalize_name(wanted.name), frozenset(wanted.extras))
                if step not in seen:
                    seen.add(step)
                    waiting.append(step)
    return found - {"vaglio"}


def _direct() -> list[str]:
    """What pyproject.toml asks for; the installed metadata of a checkout may be older."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"]]


def _licensed(expression: str | None) -> list[dict[str, Any]]:
    if expression is None:
        return []
    return [{"expression": expression}] if " " in expression else [{"license": {"id": expression}}]


def _python(packages: dict[str, Distribution]) -> Iterable[dict[str, Any]]:
    run = needed(packages)
    for name in sorted(packages.keys() - {"vaglio"}):
        purl = f"pkg:pypi/{name}@{packages[name].version}"
        yield {
            "type": "library", "bom-ref": purl, "name": name, "version": packages[name].version, "purl": purl,
            "scope": "required" if name in run else "excluded", "licenses": _licensed(licence(packages[name])),
        }  # fmt: skip


def _scripts() -> Iterable[dict[str, Any]]:
    """What lies in the console's own files: the editor as its lock names it, and htmx."""
    for place, package in json.loads(_EDITOR.read_text(encoding="utf-8"))["packages"].items():
        if place and not package.get("dev"):
            name = place.rpartition("node_modules/")[2]
            purl = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
            yield {
                "type": "library", "bom-ref": purl, "name": name, "version": package["version"], "purl": purl,
                "scope": "required", "licenses": _licensed(package.get("license")),
            }  # fmt: skip
    version = re.match(r"htmx ([\d.]+)", _HTMX.read_text(encoding="utf-8"))
    if version is None:
        raise SystemExit(f"{_HTMX}: it does not begin with htmx's version")
    purl = f"pkg:npm/htmx.org@{version[1]}"
    yield {
        "type": "library", "bom-ref": purl, "name": "htmx.org", "version": version[1], "purl": purl,
        "scope": "required", "licenses": _licensed("0BSD"),
    }  # fmt: skip


def _models() -> Iterable[dict[str, Any]]:
    digest = hashlib.sha256(_WEIGHTS.read_bytes()).hexdigest()
    yield {
        "type": "machine-learning-model", "bom-ref": "vaglio-judge", "name": "vaglio-judge", "version": digest[:12],
        "scope": "required", "hashes": [{"alg": "SHA-256", "content": digest}], "licenses": _licensed("Apache-2.0"),
    }  # fmt: skip


def bill(packages: dict[str, Distribution]) -> dict[str, Any]:
    """The whole list, as CycloneDX 1.6."""
    own = packages["vaglio"]
    purl = f"pkg:pypi/vaglio@{own.version}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": uuid.uuid4().urn, "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application", "bom-ref": purl, "name": "vaglio", "version": own.version, "purl": purl,
                "licenses": _licensed(licence(own)),
            },
        },
        "components": [*_python(packages), *_scripts(), *_models()],
    }  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bill(installed()), indent=1, ensure_ascii=False) + "\n")
