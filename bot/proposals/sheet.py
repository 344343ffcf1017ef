"""A policy's YAML as it was written, and changes of it that touch no other line: comments, order and quotes stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final, TypeGuard, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.proposals.emitting import Value, flow, pair, scalar
from bot.proposals.merging import is_costly
from rules.problems import PolicyError
from rules.source import parse_source

_FOLDED: Final = ("|", ">")
Way = tuple[str | int, ...]
"""Keys and positions, from the root."""


class NotEditable(Exception):
    """A form cannot make this change in this file, whose text can be edited all the same."""


class Sheet:
    """One file. Each change is made at once; the places of the next are those of the new text."""

    def __init__(self, text: str) -> None:
        """Raises `NotEditable` for what is no YAML, or none that a policy may be written in."""
        try:
            # By a reader that no file makes recurse or grow: what it refuses, aliases above all, is not gone into here.
            parse_source(text, Path("policy.yaml"), "policy.yaml")
        except PolicyError:
            raise NotEditable from None
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self._take(text)

    def value(self, way: Way = ()) -> Value | None:
        """What stands there; None where nothing does."""
        node = self._node(way)
        return None if node is None else _plain(node)

    def set(self, way: Way, value: Value | None, *, order: Sequence[str] = ()) -> None:
        """Make it so; None takes the key away. A new key comes after those that `order` has before it.

        Raises `NotEditable` where the mapping that is to hold the key is not there.
        """
        held, key = self._node(way[:-1]), way[-1]
        node = self._node(way)
        if node is not None and value is not None:
            self._replace(node, value, way, order)
        elif isinstance(held, MappingNode) and isinstance(key, str):
            if node is not None:
                self._remove_key(held, key)
            elif value is not None:
                self._add_key(held, key, value, order)
        else:
            raise NotEditable

    def add_entry(self, key: str, lines: Sequence[str]) -> None:
        """A new last entry of the list `key` at the root, made of `lines`, whose dash stands as `dash` says."""
        node = self._node((key,))
        if isinstance(node, SequenceNode) and node.value and not node.flow_style:
            last = node.value[-1]
            at = self._line_end(self._end(last))
            gap = self.newline if len(node.value) > 1 and self._is_apart(node) else ""
            self._write(at, at, f"{self.newline}{gap}{self.newline.join(lines)}")
            return
        if node is not None and _plain(node):
            raise NotEditable
        if node is not None:
            self._remove_key(self._root(), key)
        kept = self.text.rstrip()
        ending = self.text[len(kept) :] or self.newline
        self._take(f"{kept}{self.newline * 2}{key}:{self.newline}{self.newline.join(lines)}{ending}")

    def remove_entry(self, key: str, position: int) -> None:
        """Take an entry of the list `key` away; comments above it stay. Without entries the key goes too."""
        node = self._node((key,))
        if not isinstance(node, SequenceNode):
            raise NotEditable
        if len(node.value) == 1:
            self._remove_key(self._root(), key)
        else:
            self._remove_items(node, position, position + 1)

    def dash(self, key: str) -> str:
        """What stands before the dashes of the list `key`."""
        node = self._node((key,))
        if not isinstance(node, SequenceNode) or node.flow_style or not node.value:
            return "  "
        return " " * int(node.start_mark.column)

    # --- Places -------------------------------------------------------------------------------------------------------

    def _take(self, text: str) -> None:
        self.text = text
        try:
            self._top = YAML(typ="safe", pure=True).compose(text)
        except (YAMLError, ValueError):
            raise NotEditable from None

    def _root(self) -> MappingNode:
        if not isinstance(self._top, MappingNode):
            raise NotEditable
        return self._top

    def _node(self, way: Way) -> Node | None:
        node: Any = self._top
        for step in way:
            if isinstance(node, MappingNode) and isinstance(step, str):
                node = next((value for key, value in node.value if key.value == step), None)
            elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            else:
                return None
        return cast("Node | None", node)

    def _end(self, node: Any) -> int:
        """Where its last sign ends: a block's own end is where the next one begins, comments and all."""
        if not isinstance(node, ScalarNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._end(last[1] if isinstance(node, MappingNode) else last)
        end = int(node.end_mark.index)
        if isinstance(node, ScalarNode) and node.style in _FOLDED:
            return len(self.text[:end].rstrip())
        return end

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _line_end(self, index: int) -> int:
        """Before its line end."""
        found = self.text.find("\n", index)
        end = len(self.text) if found < 0 else found
        return end - 1 if end > index and self.text[end - 1] == "\r" else end

    def _is_apart(self, node: SequenceNode) -> bool:
        """Whether a blank line stands between the first two entries."""
        between = self.text[self._end(node.value[0]) : int(node.value[1].start_mark.index)]
        return any(not line.strip() for line in between.splitlines()[1:-1])

    def _write(self, start: int, end: int, text: str) -> None:
        self._take(self.text[:start] + text + self.text[end:])

    # --- Changes ------------------------------------------------------------------------------------------------------

    def _replace(self, node: Node, value: Value, way: Way, order: Sequence[str]) -> None:
        if _plain(node) == value:
            return
        if isinstance(node, ScalarNode) and isinstance(value, str):
            self._write_scalar(node, value)
        elif isinstance(node, MappingNode) and isinstance(value, Mapping) and value:
            # What is new first: a mapping that is empty in between would be none.
            for name, one in value.items():
                self.set((*way, name), one, order=tuple(value))
            for gone in [name for name in _keys(node) if name not in value]:
                self.set((*way, gone), None)
        elif isinstance(node, SequenceNode) and _is_list(value) and node.value and value:
            self._change_items(way, value)
        else:
            held, key = self._node(way[:-1]), way[-1]
            if not isinstance(held, MappingNode) or not isinstance(key, str):
                self._write(int(node.start_mark.index), self._end(node), flow(value))
                return
            before = _keys(held)[: _keys(held).index(key)]
            self._remove_key(held, key)
            self.set(way, value, order=(*before, key) if before else order)

    def _write_scalar(self, node: ScalarNode, value: str) -> None:
        style = node.style if node.style in ("'", '"') else None
        start = int(node.start_mark.index)
        gap = "" if start and self.text[start - 1].isspace() else " "
        self._write(start, self._end(node), gap + scalar(value, style))

    def _change_items(self, way: Way, wanted: Sequence[Value]) -> None:
        """From the last change to the first, so that what comes before keeps its position."""
        node = self._node(way)
        assert isinstance(node, SequenceNode)  # noqa: S101 -- whoever calls has seen to it
        before = [_plain(item) for item in node.value]
        marks = [repr(one) for one in before], [repr(one) for one in wanted]
        if is_costly(*marks):
            raise NotEditable
        for what, low, high, first, last in reversed(
            SequenceMatcher(a=marks[0], b=marks[1], autojunk=False).get_opcodes()
        ):
            if what == "equal":
                continue
            paired = min(high - low, last - first) if what == "replace" else 0
            if last - first > paired:
                self._add_items(way, low + paired, wanted[first + paired : last])
            current = self._node(way)
            if high > low + paired and isinstance(current, SequenceNode):
                self._remove_items(current, low + paired, high)
            for offset in range(paired):
                self.set((*way, low + offset), wanted[first + offset])

    def _add_items(self, way: Way, position: int, values: Sequence[Value]) -> None:
        """Each quoted as the one before it is."""
        node = self._node(way)
        assert isinstance(node, SequenceNode)  # noqa: S101 -- whoever calls has seen to it
        neighbour = node.value[max(0, position - 1)]
        style = neighbour.style if isinstance(neighbour, ScalarNode) and neighbour.style in ("'", '"') else None
        written = [scalar(one, style) if isinstance(one, str) and style else flow(one) for one in values]
        if node.flow_style:
            at = self._end(neighbour) if position else int(neighbour.start_mark.index)
            joined = ", ".join(written)
            self._write(at, at, f", {joined}" if position else f"{joined}, ")
            return
        dash = " " * int(node.start_mark.column)
        lines = self.newline.join(f"{dash}- {one}" for one in written)
        if position:
            at = self._line_end(self._end(neighbour))
            self._write(at, at, f"{self.newline}{lines}")
        else:
            at = self._line_start(int(neighbour.start_mark.index))
            self._write(at, at, f"{lines}{self.newline}")

    def _remove_items(self, node: SequenceNode, first: int, beyond: int) -> None:
        if node.flow_style:
            self._cut([(int(item.start_mark.index), self._end(item)) for item in node.value], first, beyond)
            return
        self._cut_lines([(int(item.start_mark.index), self._end(item)) for item in node.value[first:beyond]])

    def _remove_key(self, node: MappingNode, key: str) -> None:
        places = [(int(name.start_mark.index), self._end(value)) for name, value in node.value]
        position = _keys(node).index(key)
        if node.flow_style:
            self._cut(places, position, position + 1)
            return
        start = places[position][0]
        if self.text[self._line_start(start) : start].strip():
            raise NotEditable  # it stands beside a dash
        self._cut_lines([places[position]])

    def _cut(self, places: Sequence[tuple[int, int]], first: int, beyond: int) -> None:
        """From something in braces or brackets, with the comma that is left over."""
        start, end = places[first][0], places[beyond - 1][1]
        if beyond < len(places):
            end = places[beyond][0]
        elif first:
            start = places[first - 1][1]
        self._write(start, end, "")

    def _cut_lines(self, places: Sequence[tuple[int, int]]) -> None:
        """Whole lines, and one blank line of two that would meet; from the last to the first."""
        text = self.text
        for start, end in reversed(places):
            begin, after = self._line_start(start), min(self._line_end(end) + len(self.newline), len(text))
            follows = self._line_end(after)
            above = text[:begin].rstrip(" ").endswith(self.newline * 2)
            if above and after < len(text) and not self.text[after:follows].strip():
                after = min(follows + len(self.newline), len(text))
            text = text[:begin] + text[after:]
        self._take(text)

    def _add_key(self, node: MappingNode, key: str, value: Value, order: Sequence[str]) -> None:
        keys = _keys(node)
        earlier = set(order[: order.index(key)]) if key in order else set(keys)
        position = max((place for place, name in enumerate(keys) if name in earlier), default=len(keys) - 1)
        if node.flow_style:
            quote = next((one.style for _, one in node.value if isinstance(one, ScalarNode) and one.style), None)
            written = f"{scalar(key)}: {scalar(value, quote) if isinstance(value, str) else flow(value)}"
            at = self._end(node.value[position][1]) if keys else int(node.start_mark.index) + 1
            self._write(at, at, f", {written}" if keys else written)
            return
        indent = " " * int(node.start_mark.column)
        at = self._line_end(self._end(node.value[position][1]))
        lines = self.newline.join(pair(key, value, indent))
        self._write(at, at, f"{self.newline}{indent}{lines}")


def _keys(node: MappingNode) -> list[str]:
    return [key.value for key, _ in node.value]


def _plain(node: Node) -> Value:
    if isinstance(node, MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [_plain(item) for item in node.value]
    return str(node.value)


def _is_list(value: Value) -> TypeGuard[Sequence[Value]]:
    return isinstance(value, Sequence) and not isinstance(value, str)
