"""The forms that an entry can have, held against bytes of which nothing may be believed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from typing import Any, Final

import rfc8785

_FIRST: Final[Set[str]] = {"v", "seq", "previous", "at", "kind", "actor", "subject", "commitment", "facts"}
_FORMS: Final[Mapping[int, Set[str]]] = {1: _FIRST, 2: _FIRST | {"holder", "sealed"}}
_MOST: Final = 4 << 20
"""Bytes: no entry of Vaglio's comes near it."""
_EXACT: Final = 2**53
_UNSURE: Final = re.compile(r"[:,\[-][0-9]{16}|\.0[,}\]]|[0-9]e[-+]|NaN|Infinity")
"""Numbers that Python may write otherwise than ECMAScript does; what looks so in a text takes the long way too."""
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


def read(body: bytes) -> Mapping[str, Any] | None:
    """What an entry says; None unless it is canonical JSON (RFC 8785) to the letter, and of a form of Vaglio's."""
    if len(body) > _MOST:
        return None
    try:
        text = body.decode()
        said = _quickly(text)
        if said is None:
            said = _slowly(text)
            if rfc8785.dumps(said) != body:
                return None
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and _is_of_a_form(said) else None


def _is_of_a_form(said: Mapping[str, Any]) -> bool:
    version = said.get("v")
    if type(version) is not int or _FORMS.get(version) != said.keys():
        return False
    return (
        all(isinstance(said[each], str) for each in ("at", "kind", "subject", "previous"))
        and type(said["seq"]) is int
        and said["seq"] >= 0
        and _MOMENT.fullmatch(said["at"]) is not None
        and isinstance(said["facts"], dict)
        and isinstance(said["actor"], str | None)
        and _is_promise(said, version)
    )


def _is_promise(said: Mapping[str, Any], version: int) -> bool:
    """Either there are words and everything is said of them, or nothing."""
    if version == 1:
        return said["commitment"] is None or _is_hex(said["commitment"])
    if said["commitment"] is None:
        return said["holder"] is None and said["sealed"] is None
    return _is_hex(said["commitment"]) and isinstance(said["holder"], str) and _is_hex(said["sealed"])


def _is_hex(value: object) -> bool:
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def _whole(text: str) -> float:
    value = int(text)
    return value if -_EXACT < value < _EXACT else float(text)


def _no_number(_: str) -> None:
    raise ValueError


_slowly: Final = json.JSONDecoder(parse_int=_whole, parse_constant=_no_number).decode
_written: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def _quickly(text: str) -> Any:
    """None where the long way has to tell: Python's order of keys beyond ASCII and its numbers may be others.

    A million entries are read so, most of them within this.
    """
    if not text.isascii() or _UNSURE.search(text):
        return None
    said = json.loads(text)
    return said if _written(said) == text else None
