"""spaCy's official pipelines for people's names: from where Explosion publishes them or from a file, checked."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from importlib.metadata import version
from pathlib import Path

from bot.fetching import FetchError, fetch
from rules.built import Report
from rules.identifiers.pipelines import FAMILIES, SIZES

PIPELINES = tuple(f"{family}_{size}" for family in FAMILIES.values() for size in SIZES)
_PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index")
_RELEASES = "https://github.com/explosion/spacy-models/releases/download"
_WHEEL = re.compile(r"(?P<name>[a-z_]+)-(?P<version>\d+\.\d+\.\d+)-py3-none-any\.whl")


def install_pipeline(name: str, source: Path | None, sha256: str | None, folder: Path, report: Report) -> str:
    """Install the pipeline into this Python, from `source` (a wheel, or a folder with it) or from Explosion's releases.

    Returns the wheel's SHA-256. `sha256`: what it must be. Raises `FetchError`; nothing is installed then.
    """
    wheel = _found(name, source) if source else _downloaded(name, folder, report)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if sha256 and digest != sha256.lower():
        raise FetchError(f"{wheel.name}: its SHA-256 is {digest}, and {sha256} was expected")
    _check(wheel, name)
    ran = subprocess.run(  # noqa: S603 -- this Python, and a file that was checked
        [*_PIP, str(wheel)], capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode:
        raise FetchError(f"{wheel.name}: pip could not install it: {ran.stderr.strip().splitlines()[-1:]}")
    return digest


def _series() -> str:
    """Pipelines bear the first two numbers of the spaCy that they were made for."""
    return ".".join(version("spacy").split(".")[:2])


def _downloaded(name: str, folder: Path, report: Report) -> Path:
    file = f"{name}-{_series()}.0-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    fetch(f"{_RELEASES}/{name}-{_series()}.0/{file}", folder / file, report)
    return folder / file


def _found(name: str, source: Path) -> Path:
    wheels = [source] if source.is_file() else sorted(source.glob(f"{name}-*.whl"))
    if len(wheels) != 1:
        raise FetchError(f"{source}: one {name}-{_series()}.*.whl is wanted there, and there are {len(wheels)}")
    return wheels[0]


def _check(wheel: Path, name: str) -> None:
    """Whether it is what its name says, and nothing besides. Look-alikes are on offer under these names."""
    named = _WHEEL.fullmatch(wheel.name)
    if named is None or named["name"] != name or not named["version"].startswith(f"{_series()}."):
        raise FetchError(f"{wheel.name}: {name}-{_series()}.N-py3-none-any.whl is wanted, for the installed spaCy")
    try:
        with zipfile.ZipFile(wheel) as archive:
            outside = [member for member in archive.namelist() if not member.startswith((f"{name}/", f"{name}-"))]
            metadata = archive.read(f"{name}-{named['version']}.dist-info/METADATA").decode("utf-8")
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, OSError):
        raise FetchError(f"{wheel.name}: it is no wheel, or a broken one") from None
    author = Parser().parsestr(metadata).get("Author", "")
    if outside or author != "Explosion":
        raise FetchError(
            f"{wheel.name}: not one of spaCy's own (author: {author or '-'}; {len(outside)} files beside it)"
        )
