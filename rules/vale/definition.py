"""One Vale rule, as its file says it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from rules.problems import PolicyError
from rules.source import Node, Source, parse_source
from rules.vale.files import MAX_RULE, RuleFile
from rules.vale.reasons import Skip

_TRUE = frozenset({"true", "yes", "on", "1", "t", "y"})


@dataclass(frozen=True, slots=True)
class Definition:
    """The keys of a rule's file. Values are text until they are asked for; a wrong one raises `Skip`."""

    file: RuleFile
    _source: Source
    _keys: dict[str, str]
    """Each key as Vale knows it, in small letters, and as it is written."""

    def has(self, key: str) -> bool:
        return self._node(key) is not None

    def text(self, key: str, default: str = "") -> str:
        value = self._value(key)
        if value is None:
            return default
        return value if isinstance(value, str) else self._refuse(key)

    def required(self, key: str) -> str:
        return self.text(key) or _missing(key)

    def flag(self, key: str) -> bool:
        return self.text(key).lower() in _TRUE

    def number(self, key: str, default: float) -> float:
        try:
            value = float(self.text(key) or default)
        except ValueError:
            return self._refuse(key)
        return value if math.isfinite(value) else self._refuse(key)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list; one text is a list of one, and what is empty does not count."""
        value = self._value(key)
        nodes = value if isinstance(value, list) else [] if value is None else [Node(value, 1, 1)]
        found = [node.value for node in nodes if node.value is not None]
        return tuple(each if isinstance(each, str) else self._refuse(key) for each in found if each != "")

    def pairs(self, key: str) -> dict[str, str]:
        """A mapping from text to text; so is a list of such mappings."""
        value = self._value(key)
        maps = [node.value for node in value] if isinstance(value, list) else [{} if value is None else value]
        found: dict[str, str] = {}
        for each in maps:
            if not isinstance(each, dict):
                self._refuse(key)
            for left, node in each.items():
                found[left] = node.value if isinstance(node.value, str) else self._refuse(key)
        return found

    def inner(self, key: str, name: str) -> tuple[str, ...]:
        """The texts at `name` in the mapping at `key`."""
        value = self._value(key)
        node = value.get(name) if isinstance(value, dict) else None
        if node is None:
            return ()
        nodes = node.value if isinstance(node.value, list) else [node]
        return tuple(each.value for each in nodes if isinstance(each.value, str))

    def where(self, key: str) -> str:
        return str(self._source.place((self._keys.get(key, key),)))

    def _node(self, key: str) -> Node | None:
        root = self._source.root.value
        return root.get(self._keys.get(key, key)) if isinstance(root, dict) else None

    def _value(self, key: str) -> str | list[Node] | dict[str, Node] | None:
        node = self._node(key)
        return node.value if node else None

    def _refuse(self, key: str) -> NoReturn:
        raise Skip("wrong_type", key=key, where=self.where(key))


def definition(file: RuleFile) -> Definition:
    """Raises `Skip` for a file that is no YAML, or no mapping."""
    if len(file.content) > MAX_RULE:
        raise Skip("too_large", limit=f"{MAX_RULE // 1_000_000} MB")
    try:
        source = parse_source(file.content.decode("utf-8-sig"), Path(file.name), file.name)
    except UnicodeDecodeError:
        raise Skip("not_utf8") from None
    except PolicyError as error:
        raise Skip("unread", error.problems[0]) from None
    root = source.root.value
    return Definition(file, source, {key.lower(): key for key in root} if isinstance(root, dict) else {})


def _missing(key: str) -> NoReturn:
    raise Skip("missing", key=key)
