"""Vale's expressions, written for the engines of our rules: RE2 where it finds the same, else the `regex` module."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import re2
import regex

from rules.folding import fold_plain
from rules.patterns import WORD, Engine, compiled
from rules.vale.expressions import (
    Back,
    Choice,
    Class,
    Edge,
    Flags,
    Group,
    Item,
    Literal,
    Repeat,
    Shorthand,
    Unreadable,
    items,
    read,
)

# In .NET they know every script; RE2's know ASCII, and `\s` is the same once a text is folded.
_SHORTHANDS = {"\\w": f"[{WORD}]", "\\W": f"[^{WORD}]", "\\d": r"\p{Nd}", "\\D": r"\P{Nd}"}
_INSIDE = {"\\w": WORD, "\\d": r"\p{Nd}", "\\D": r"\P{Nd}"}
_SPECIAL = frozenset(r"\.^$*+?{}[]|()")
_SPECIAL_INSIDE = frozenset(r"\^-[]&~|")
_UNSEEN = {"\n": r"\n", "\t": r"\t", "\r": r"\r", "\f": r"\f", "\v": r"\v", "\a": r"\a"}
_WORDY = regex.compile(rf"[{WORD}]")
_WORD_CLASSES = regex.compile(r"\\[wd]|\\p\{(?:L[A-Za-z&]?|N[d]?|M[A-Za-z]?)\}")


@dataclass(frozen=True, slots=True)
class Written:
    """Expressions of one rule, and how the rule is to take them."""

    patterns: tuple[str, ...]
    exceptions: tuple[str, ...]
    engine: Engine
    whole_words: bool
    as_written: bool
    """Whether they name signs that look alike once a text is folded: dashes, quotes, dots."""


def written(
    patterns: Sequence[str],
    exceptions: Sequence[str] = (),
    *,
    whole_words: bool,
    can_take_words: bool = True,
    lines: bool = True,
) -> Written:
    """`patterns` as a rule of ours holds them, each apart; `exceptions` are always sought as whole words.

    `whole_words`: Vale puts `\\b` around them. `can_take_words`: the rule has a field for that. `lines`: `^` and `$`
    stand at every line. Raises `Unreadable`.
    """
    trees, spared = [read(pattern) for pattern in patterns], [_unbounded(read(each)) for each in exceptions]
    as_written = any(_is_folded(item) for tree in trees for item in items(tree))
    if not whole_words and can_take_words and all(_is_bounded(tree) for tree in trees):
        whole_words = True
    if whole_words:
        trees = [_unbounded(tree) for tree in trees]
    as_words = whole_words and can_take_words and all(_is_wordy(tree) for tree in trees)
    is_plain = as_words or not whole_words
    if is_plain and not any(_is_beyond_re2(item) for tree in (*trees, *spared) for item in items(tree)):
        simple = tuple(_line_start(tree, lines) + _ended(_choice(tree, "re2")) for tree in trees)
        beside = tuple(_choice(tree, "re2") for tree in spared)
        # Each by itself, and all in one, as a rule may hold them.
        if all(map(_compiles, (*simple, *beside, "|".join(f"({one})" for one in simple)))):
            return Written(simple, beside, "re2", as_words, as_written)
    around = "{}" if is_plain else r"\b(?:{})\b"
    rich = tuple(_line_start(tree, lines) + _ended(around.format(_choice(tree, "regex"))) for tree in trees)
    beside = tuple(_choice(tree, "regex") for tree in spared)
    for pattern, raw in zip(rich + beside, (*patterns, *exceptions), strict=True):
        try:
            regex.compile(pattern, regex.V1)
        except (regex.error, OverflowError):
            raise Unreadable(raw[:40]) from None
    return Written(rich, beside, "regex", as_words, as_written)


def _ended(pattern: str) -> str:
    """With spaces at either end in a form that nobody trims."""
    inner = pattern.strip(" ")
    left = len(pattern) - len(pattern.lstrip(" "))
    return "[ ]" * left + inner + "[ ]" * (len(pattern) - left - len(inner))


def _compiles(pattern: str) -> bool:
    try:
        compiled(pattern)
    except re2.error:
        return False
    return True


def _is_beyond_re2(item: Item) -> bool:
    """Lookaround, what a group caught, an atomic group, and `\\b`, which in RE2 stops at an accent."""
    match item:
        case Back() | Edge("\\b" | "\\B" | "\\G" | "\\Z"):
            return True
        case Group():
            return item.is_look or item.opening == "(?>"
        case Class():
            return Shorthand("\\W") in item.items
        case _:
            return False


def _is_folded(item: Item) -> bool:
    """Whether folding makes another character of one that is named."""
    match item:
        case Literal():
            return fold_plain(item.character).text != item.character
        case Class():
            return any(_is_folded(one) for one in item.items if isinstance(one, Literal)) or any(
                fold_plain(end).text != end for one in item.items if isinstance(one, tuple) for end in one
            )
        case _:
            return False


def _line_start(choice: Choice, lines: bool) -> str:
    return "(?m)" if lines and any(isinstance(item, Edge) and item.text in "^$" for item in items(choice)) else ""


# --- Whole words ------------------------------------------------------------------------------------------------------


def _is_bounded(choice: Choice) -> bool:
    """Whether every branch begins and ends with `\\b` and a word."""
    bounds = [row and len(row) > 2 and row[0] == row[-1] == Edge("\\b") for row in choice.branches]
    return all(bounds) and _is_wordy(_unbounded(choice))


def _unbounded(choice: Choice) -> Choice:
    """Without `\\b` at either end, where it says nothing new."""
    rows = []
    for row in choice.branches:
        if len(row) > 1 and row[0] == Edge("\\b") and _surely_word(row[1:]):
            row = row[1:]
        if len(row) > 1 and row[-1] == Edge("\\b") and _surely_word(row[-2::-1], backwards=True):
            row = row[:-1]
        rows.append(row)
    return Choice(tuple(rows))


def _is_wordy(choice: Choice, *, backwards: bool | None = None) -> bool:
    """Whether all that it can match begins and ends with a letter, digit or underscore."""
    if backwards is None:
        return _is_wordy(choice, backwards=False) and _is_wordy(choice, backwards=True)
    return all(_surely_word(row[::-1] if backwards else row, backwards=backwards) for row in choice.branches)


def _surely_word(row: Iterable[Item], *, backwards: bool = False) -> bool:
    """Whether the first character that a row of items takes is surely one of a word."""
    for item in row:
        inner, least = (item.item, item.least) if isinstance(item, Repeat) else (item, 1)
        if isinstance(inner, Edge | Flags) or (isinstance(inner, Group) and inner.is_look):
            continue
        if not _takes_words(inner, backwards):
            return False
        if least:
            return True
    return False


def _takes_words(item: Item, backwards: bool) -> bool:
    match item:
        case Literal():
            return bool(_WORDY.match(item.character))
        case Shorthand():
            return bool(_WORD_CLASSES.fullmatch(item.text))
        case Class():
            return not item.negated and all(_is_of_words(one) for one in item.items)
        case Group():
            return _is_wordy(item.body, backwards=backwards)
        case _:
            return False


def _is_of_words(member: Literal | Shorthand | tuple[str, str]) -> bool:
    if isinstance(member, tuple):
        # A range from letter to letter may hold signs in between, as `A-z` does.
        ends = "".join(member)
        return ends.isdigit() or (ends.isalpha() and ends.isascii() and ends.islower() == ends[0].islower())
    return _takes_words(member, backwards=False)


# --- Writing ----------------------------------------------------------------------------------------------------------


def one_character(item: Shorthand | Class) -> str:
    """What takes one character, for the `regex` module."""
    return _item(item, "regex")


def _choice(choice: Choice, engine: Engine) -> str:
    return "|".join("".join(_item(item, engine) for item in row) for row in choice.branches)


def _item(item: Item, engine: Engine) -> str:
    match item:
        case Literal():
            return _escaped(item.character, _SPECIAL, engine)
        case Shorthand():
            return _SHORTHANDS.get(item.text, item.text)
        case Class():
            return f"[{'^' * item.negated}{''.join(_member(one, engine) for one in item.items)}]"
        case Edge():
            return {"\\z": r"\z" if engine == "re2" else r"\Z", "\\Z": r"(?=\n?\Z)"}.get(item.text, item.text)
        case Flags():
            return item.text
        case Back():
            return f"\\{item.group}" if item.group.isdigit() else f"(?P={item.group})"
        case Group():
            opening = f"(?P<{item.name}>" if item.name else item.opening
            return f"{opening}{_choice(item.body, engine)})"
        case Repeat():
            return _item(item.item, engine) + item.sign


def _member(member: Literal | Shorthand | tuple[str, str], engine: Engine) -> str:
    if isinstance(member, tuple):
        return "-".join(_escaped(end, _SPECIAL_INSIDE, engine) for end in member)
    if isinstance(member, Shorthand):
        return _INSIDE.get(member.text, member.text)
    return _escaped(member.character, _SPECIAL_INSIDE, engine)


def _escaped(character: str, special: frozenset[str], engine: Engine) -> str:
    if character in special:
        return f"\\{character}"
    if character in _UNSEEN:
        return _UNSEEN[character]
    if character.isprintable():
        return character
    return f"\\x{{{ord(character):x}}}" if engine == "re2" else f"\\U{ord(character):08x}"
