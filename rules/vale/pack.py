"""A pack as YAML that people can read: a comment says where each rule comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

_WIDE = 100_000
"""Columns: one value, one line."""


class _Dumper(yaml.SafeDumper):
    """Without anchors, which a policy may not have."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def as_yaml(head: Mapping[str, Any], rules: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The text of a pack. Each rule comes with what its comment says: its name in Vale, and its link."""
    parts = [_dumped(head), "rules:\n"]
    for comment, fields in rules:
        lines = _dumped([fields]).splitlines(keepends=True)
        parts.append(f"\n  # {_one_line(comment)}\n" + "".join(f"  {line}" for line in lines))
    return "".join(parts)


def _dumped(value: object) -> str:
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDE)


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text).strip()
