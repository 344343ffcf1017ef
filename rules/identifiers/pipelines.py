"""Which of spaCy's official pipelines are installed, told without importing any."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

FAMILIES = {"it": "it_core_news", "en": "en_core_web"}
SIZES = ("lg", "md", "sm")
"""The largest first."""


class Pipeline(NamedTuple):
    name: str
    version: str


@cache
def official_pipelines() -> dict[str, Pipeline]:
    """The largest installed pipeline of each language, Italian and English.

    Look-alikes are on offer under these names. An official pipeline has the version of the spaCy that it was made for;
    anything else is left alone.
    """
    found = {}
    for language, family in FAMILIES.items():
        sizes = (Pipeline(f"{family}_{size}", _version(f"{family}_{size}")) for size in SIZES)
        if best := next(
            (one for one in sizes if one.version and _series(one.version) == _series(_version("spacy"))), None
        ):
            found[language] = best
    return found


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _series(version: str) -> list[str]:
    return version.split(".")[:2]
