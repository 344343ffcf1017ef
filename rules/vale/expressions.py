"""Vale's regular expressions (.NET's syntax, by regexp2), read into a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COUNT = re.compile(r"\{(\d{1,6})(?:(,)(\d{0,6}))?\}")
_FLAGS = re.compile(r"\(\?([ims]*(?:-[ims]+)?)([:)])")
_NAMED = re.compile(r"\(\?P?[<'](\w+)[>']")
_HEX = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})")
_PROPERTY = re.compile(r"[pP]\{\w+\}")
_BACK = re.compile(r"([1-9]\d?)|k[<'{](\w+)[>'}]")
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "e": "\x1b", "0": "\0"}
_LOOKS = ("(?=", "(?!", "(?<=", "(?<!")
_DEEPEST = 60
"""Groups inside one another; more than anybody writes, and less than the stack holds."""


class Unreadable(ValueError):
    """An expression, or a part of one, that is not understood; the message is that part."""


@dataclass(frozen=True, slots=True)
class Literal:
    """One character."""

    character: str


@dataclass(frozen=True, slots=True)
class Shorthand:
    """`\\w`, `\\D`, `\\p{Lu}` and the like, as written; `.` too."""

    text: str


@dataclass(frozen=True, slots=True)
class Class:
    """`[...]`: characters, ranges and shorthands."""

    items: tuple[Literal | Shorthand | tuple[str, str], ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """`^`, `$`, `\\b`, `\\B`, `\\A`, `\\z`, `\\Z` or `\\G`: a place without width."""

    text: str


@dataclass(frozen=True, slots=True)
class Flags:
    """`(?i)`: from here to the end of the group."""

    text: str


@dataclass(frozen=True, slots=True)
class Back:
    """What a group caught, once more; the group by number or name."""

    group: str


@dataclass(frozen=True, slots=True)
class Group:
    """`opening` is all before its content: `(`, `(?:`, `(?i:`, `(?<name>`, `(?>`, or that of a lookaround."""

    opening: str
    body: Choice

    @property
    def is_look(self) -> bool:
        return self.opening in _LOOKS

    @property
    def name(self) -> str | None:
        named = _NAMED.fullmatch(self.opening)
        return named[1] if named else None

    @property
    def is_captured(self) -> bool:
        return self.opening == "(" or self.name is not None


@dataclass(frozen=True, slots=True)
class Repeat:
    """`most` is None for no limit; `sign` as written, with a `?` for few."""

    item: Item
    least: int
    most: int | None
    sign: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Branches, of which the first that fits is taken; each a row of items."""

    branches: tuple[tuple[Item, ...], ...]


Item = Literal | Shorthand | Class | Edge | Flags | Back | Group | Repeat


def read(pattern: str) -> Choice:
    """Raises `Unreadable` with the part that is not understood."""
    reader = _Reader(pattern)
    found = reader.choice()
    if reader.at < len(pattern):
        raise Unreadable(pattern[reader.at :][:20])
    return found


def items(choice: Choice) -> Iterator[Item]:
    """Every item at every depth, in order."""
    for branch in choice.branches:
        for item in branch:
            yield item
            inner = item.item if isinstance(item, Repeat) else item
            if inner is not item:
                yield inner
            if isinstance(inner, Group):
                yield from items(inner.body)


def literal(choice: Choice) -> str | None:
    """The one text that it matches, if it is such a plain one."""
    if len(choice.branches) != 1:
        return None
    characters = [item.character for item in choice.branches[0] if isinstance(item, Literal)]
    return "".join(characters) if len(characters) == len(choice.branches[0]) else None


class _Reader:
    def __init__(self, pattern: str) -> None:
        self._pattern, self.at, self._depth = pattern, 0, 0

    def choice(self) -> Choice:
        branches: list[tuple[Item, ...]] = []
        row: list[Item] = []
        while self._next not in ("", ")"):
            if self._next == "|":
                self.at += 1
                branches.append(tuple(row))
                row = []
            else:
                row += self._quantified(self._item())
        return Choice((*branches, tuple(row)))

    @property
    def _next(self) -> str:
        return self._pattern[self.at : self.at + 1]

    def _take(self, size: int = 1) -> str:
        taken = self._pattern[self.at : self.at + size]
        self.at += size
        return taken

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._pattern, self.at)
        self.at = found.end() if found else self.at
        return found

    def _item(self) -> Item | None:
        match self._next:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escape()
            case "^" | "$":
                return Edge(self._take())
            case ".":
                return Shorthand(self._take())
            case "*" | "+" | "?":
                raise Unreadable(self._pattern[self.at :][:20])
            case _:
                return Literal(self._take())

    def _quantified(self, item: Item | None) -> Iterator[Item]:
        if item is None:
            return
        start, least, most = self.at, 1, 1
        if self._next in ("*", "+", "?") and self._next:
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[self._take()]  # type: ignore[assignment]
        elif counted := self._match(_COUNT):
            least = int(counted[1])
            most = int(counted[3]) if counted[3] else None if counted[2] else least  # type: ignore[assignment]
        if self.at == start:
            yield item
            return
        if isinstance(item, Edge | Flags):
            raise Unreadable(self._pattern[start - 1 :][:20])
        if self._next == "?":
            self.at += 1
        yield Repeat(item, least, most, self._pattern[start : self.at])

    def _group(self) -> Item | None:
        start = self.at
        if self._pattern.startswith("(?#", start):
            self.at = self._pattern.find(")", start) + 1 or len(self._pattern)
            return None
        if flags := self._match(_FLAGS):
            if flags[2] == ")":
                return Flags(flags[0])
        elif look := next((look for look in _LOOKS if self._pattern.startswith(look, start)), None):
            self.at += len(look)
        elif not self._match(_NAMED):
            opening = "(?>" if self._pattern.startswith("(?>", start) else "("
            self.at += len(opening)
            if self._next == "?":
                raise Unreadable(self._pattern[start:][:20])
        opening, self._depth = self._pattern[start : self.at], self._depth + 1
        body = self.choice() if self._depth <= _DEEPEST else Choice(((),))
        if self._next != ")":
            raise Unreadable(self._pattern[start:][:20])
        self.at, self._depth = self.at + 1, self._depth - 1
        return Group(opening, body)

    def _escape(self) -> Item:
        start, sign = self.at, self._pattern[self.at + 1 : self.at + 2]
        self.at += 1
        if back := self._match(_BACK):
            return Back(back[1] or back[2])
        if sign and sign in "bBAzZG":
            return Edge("\\" + self._take())
        if (found := self._character()) is None:
            raise Unreadable(self._pattern[start:][:20])
        return found

    def _character(self) -> Literal | Shorthand | None:
        """What stands after a backslash, in a class or outside."""
        if coded := self._match(_HEX):
            return Literal(chr(int(coded[1] or coded[2], 16)))
        if named := self._match(_PROPERTY):
            return Shorthand("\\" + named[0])
        sign = self._take()
        if sign and sign in "wWdDsS":
            return Shorthand("\\" + sign)
        if sign in _CONTROLS:
            return Literal(_CONTROLS[sign])
        return Literal(sign) if sign and not (sign.isalnum() and sign.isascii()) else None

    def _class(self) -> Class:
        start = self.at
        self.at += 1
        negated = self._next == "^"
        self.at += negated
        found: list[Literal | Shorthand | tuple[str, str]] = []
        while self._next and (self._next != "]" or not found):
            item = self._member(start)
            if item == Literal("-") and found and self._next == "[":
                # A class that is taken away, as in `[a-z-[aeiou]]`, is .NET's alone.
                raise Unreadable(self._pattern[start:][:20])
            if self._next == "-" and self._pattern[self.at + 1 : self.at + 2] not in ("]", "") and _is_one(item):
                self.at += 1
                end = self._member(start)
                if not isinstance(item, Literal) or not isinstance(end, Literal) or end.character < item.character:
                    raise Unreadable(self._pattern[start:][:20])
                found.append((item.character, end.character))
            else:
                found.append(item)
        if self._take() != "]":
            raise Unreadable(self._pattern[start:][:20])
        return Class(tuple(found), negated)

    def _member(self, start: int) -> Literal | Shorthand:
        sign = self._take()
        if sign != "\\":
            return Literal(sign)
        if self._next == "b":
            self.at += 1
            return Literal("\b")
        if (found := self._character()) is None:
            raise Unreadable(self._pattern[start:][:20])
        return found


def _is_one(item: object) -> bool:
    return isinstance(item, Literal)
