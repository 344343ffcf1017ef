"""A policy file as text: its values, and the line and column of each one.

Every scalar is text until the field that takes it says otherwise: `clause: 4.1` stays "4.1" and the language `no`
stays "no". Anchors, aliases and tags are refused, so that no file can grow in memory beyond its own size.
"""

from __future__ import annotations

import io
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from rules.problems import Place, PolicyError, Problem

MAX_BYTES = 5_000_000
MAX_NODES = 200_000
"""Values in a file: each costs memory and a check, however few bytes it has."""
_MAX_DEPTH = 24
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(slots=True)
class Node:
    """A value and where it stands; a mapping also knows where each of its keys stands."""

    value: str | list[Node] | dict[str, Node] | None
    line: int
    column: int
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that has been read. `name` is the path as its author knows it."""

    path: Path
    name: str
    lines: Sequence[str]
    root: Node

    def place(self, loc: Sequence[int | str], *, of_key: bool = False) -> Place:
        """Where the deepest part of `loc` stands that the file has; with `of_key`, its key rather than its value."""
        node, at = self.root, (self.root.line, self.root.column)
        for step in loc:
            if isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                at = node.line, node.column
            elif isinstance(node.value, dict) and step in node.value:
                at = node.keys[str(step)]
                node = node.value[str(step)]
                if not of_key and isinstance(node.value, str):
                    at = node.line, node.column
        return Place(self.name, at[0], at[1], self.lines[at[0] - 1] if at[0] <= len(self.lines) else "")

    def has(self, loc: Sequence[int | str]) -> bool:
        return self._node(loc) is not None

    def text(self, loc: Sequence[int | str]) -> str:
        """The text that stands at `loc`; empty if there is none."""
        node = self._node(loc)
        return node.value if node and isinstance(node.value, str) else ""

    def _node(self, loc: Sequence[int | str]) -> Node | None:
        node = self.root
        for step in loc:
            if isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            elif isinstance(node.value, dict) and step in node.value:
                node = node.value[str(step)]
            else:
                return None
        return node


def read_source(path: Path, name: str | None = None) -> Source:
    """Read a YAML file. Raises `PolicyError` if it cannot be read or is not a mapping."""
    name = name or str(path)
    return parse_source(read_text(path, name), path, name)


def read_text(path: Path, name: str) -> str:
    """The text of a file of a policy. Raises `PolicyError` if there is none."""
    here = Place(name, 1, 1, "")
    try:
        # Before it is opened: a pipe that nobody writes to would never let go.
        if not path.is_dir() and not stat.S_ISREG(path.stat().st_mode):
            raise PolicyError([Problem(here, "no_regular_file")])
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise PolicyError([Problem(here, "too_large", {"limit": f"{MAX_BYTES // 1_000_000} MB"})])
        return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig").read()
    except (FileNotFoundError, IsADirectoryError):
        raise PolicyError([Problem(here, "no_file")]) from None
    except UnicodeDecodeError as error:
        raise PolicyError([Problem(here, "not_utf8", {"byte": str(error.start)})]) from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        raise PolicyError([Problem(here, "unreadable", {"reason": reason})]) from None


def parse_source(text: str, path: Path, name: str) -> Source:
    """Read YAML from `text`. Raises `PolicyError` with the place of what is wrong."""
    lines = text.splitlines()
    if lone := _LONE_SURROGATE.search(text):
        raise PolicyError([_fault(name, lines, _line_and_column(text, lone.start()), "yaml", reason="not a character")])
    try:
        root = _Tree(name, lines).build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise PolicyError([_fault(name, lines, at, "yaml", reason=error.problem or str(error.context))]) from None
    except yaml.reader.ReaderError as error:
        # It counts the bytes before what is no text, such as a NUL.
        at = _line_and_column(text, len(text.encode()[: error.position].decode(errors="ignore")))
        raise PolicyError([_fault(name, lines, at, "yaml", reason=str(error.reason))]) from None
    if not isinstance(root.value, dict):
        raise PolicyError([_fault(name, lines, (root.line, root.column), "not_a_mapping")])
    return Source(path, name, lines, root)


def _fault(name: str, lines: Sequence[str], at: tuple[int, int], code: str, **facts: str) -> Problem:
    line, column = at
    return Problem(Place(name, line, column, lines[line - 1] if line <= len(lines) else ""), code, facts)


def _line_and_column(text: str, position: int) -> tuple[int, int]:
    before = text[:position].splitlines(keepends=True) or [""]
    ended = before[-1] != before[-1].rstrip("\r\n")
    return (len(before) + 1, 1) if ended else (len(before), len(before[-1]) + 1)


def plain(node: Node) -> object:
    """The node's values without their places, as pydantic takes them."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


class _Tree:
    """Builds nodes from the parser's events with a stack of its own: nothing recurses into what a stranger wrote."""

    def __init__(self, name: str, lines: Sequence[str]) -> None:
        self._name, self._lines = name, lines
        self._stack: list[tuple[Node, str | None]] = []
        self._root: Node | None = None
        self._nodes = 0

    def build(self, text: str) -> Node:
        documents = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self._refuse(event, "two_documents")
                case yaml.AliasEvent():
                    self._refuse(event, "alias")
                case yaml.ScalarEvent():
                    self._check(event)
                    is_null = not event.style and event.value in _NULLS
                    self._place(event, None if is_null else event.value)
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self._check(event)
                    self._open(event)
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self._stack.pop()
        return self._root or Node(None, 1, 1)

    def _check(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            self._refuse(event, "alias")
        if getattr(event, "tag", None) not in (None, "!"):
            self._refuse(event, "tag")

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._stack) >= _MAX_DEPTH:
            self._refuse(event, "too_deep", limit=str(_MAX_DEPTH))
        empty: list[Node] | dict[str, Node] = [] if isinstance(event, yaml.SequenceStartEvent) else {}
        self._stack.append((self._place(event, empty), None))

    def _place(self, event: yaml.NodeEvent, value: str | list[Node] | dict[str, Node] | None) -> Node:
        line, column = _where(event)
        node = Node(value, line, column)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._refuse(event, "too_many_values", limit=f"{MAX_NODES:_}".replace("_", " "))
        if not self._stack:
            self._root = node
            return node
        parent, key = self._stack[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
        elif isinstance(parent.value, dict) and key is not None:
            parent.value[key] = node
            self._stack[-1] = parent, None
        elif isinstance(parent.value, dict):
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, "key_not_text")
            else:
                self._take_key(parent, event, (line, column))
        return node

    def _take_key(self, parent: Node, event: yaml.ScalarEvent, at: tuple[int, int]) -> None:
        if event.value in parent.keys:
            self._refuse(event, "key_twice", key=event.value, line=str(parent.keys[event.value][0]))
        parent.keys[event.value] = at
        self._stack[-1] = parent, event.value

    def _refuse(self, event: yaml.Event, code: str, **facts: str) -> None:
        raise PolicyError([_fault(self._name, self._lines, _where(event), code, **facts)])


def _where(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
