"""Texts that an expression is likely to match, made from its tree; whoever uses them tries them first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice

import regex

from rules.vale.dialect import one_character
from rules.vale.expressions import Back, Choice, Class, Edge, Flags, Group, Item, Literal, Repeat, Shorthand, items

_MOST = 12
"""Samples of one expression."""

_LONGEST = 400
"""Characters of a sample: nobody reads a longer example."""

_LETTERS = "parola"
_OTHERS = "aA1 .,-_!?'\"/@#:;()è\n\t"


def samples(choice: Choice) -> list[str]:
    """Up to a dozen, each different from the others; the first takes the first branch everywhere."""
    return list(islice(dict.fromkeys(text for text in _of_choice(choice, choice) if len(text) <= _LONGEST), _MOST))


def _of_choice(choice: Choice, whole: Choice) -> Iterator[str]:
    rows = [_of_row(row, whole) for row in choice.branches]
    # One of each branch before a second of any.
    while rows:
        for row in list(rows):
            try:
                yield next(row)
            except StopIteration:
                rows.remove(row)


def _of_row(row: tuple[Item, ...], whole: Choice) -> Iterator[str]:
    """The first of every item, then each of the others in one place at a time."""
    every = [list(islice(_of_item(item, whole), _MOST)) for item in row]
    if not all(every):
        return
    firsts = [options[0] for options in every]
    yield "".join(firsts)
    for place, options in enumerate(every):
        for option in options[1:]:
            yield "".join([*firsts[:place], option, *firsts[place + 1 :]])


def _of_item(item: Item, whole: Choice) -> Iterator[str]:
    match item:
        case Literal():
            yield item.character
        case Shorthand() | Class():
            yield from _character(item)
        case Edge() | Flags():
            yield ""
        case Back():
            yield from _caught(item, whole)
        case Group("(?!" | "(?<!"):
            yield ""
        case Group():
            yield from _of_choice(item.body, whole)
        case Repeat():
            yield from _repeated(item, whole)


def _character(item: Shorthand | Class) -> list[str]:
    named = ""
    if isinstance(item, Class) and not item.negated:
        named = "".join(one[0] if isinstance(one, tuple) else getattr(one, "character", "") for one in item.items)
    fits = _fitting(item, named)
    return list(fits[:2] if named else fits[:1])


@cache
def _fitting(item: Shorthand | Class, named: str) -> str:
    """Characters that it takes, the more usual ones first."""
    expression = regex.compile(one_character(item), regex.V1)
    wanted = dict.fromkeys(named if named else _LETTERS[1] + _OTHERS)
    return "".join(character for character in wanted if expression.fullmatch(character))


def _repeated(item: Repeat, whole: Choice) -> Iterator[str]:
    most = len(_LETTERS) if item.most is None else item.most
    count = max(item.least, min(most, 1))
    if isinstance(item.item, Shorthand | Class):
        expression = regex.compile(one_character(item.item), regex.V1)
        letters = all(expression.fullmatch(letter) for letter in _LETTERS)
        size = min(max(item.least, min(most, len(_LETTERS))), _LONGEST)
        if letters and size:
            yield (_LETTERS * (1 + size // len(_LETTERS)))[:size]
    for option in islice(_of_item(item.item, whole), _MOST):
        yield option * min(count, _LONGEST // max(1, len(option)) + 1)
    if not item.least:
        yield ""


def _caught(item: Back, whole: Choice) -> Iterator[str]:
    groups = [one for one in items(whole) if isinstance(one, Group) and one.is_captured]
    numbered = {str(number): group for number, group in enumerate(groups, start=1)}
    named = {group.name: group for group in groups if group.name}
    group = numbered.get(item.group) or named.get(item.group)
    # A group that points back, perhaps to itself, would have no end.
    plain = group is not None and not any(isinstance(one, Back) for one in items(group.body))
    yield next(_of_choice(group.body, whole), "") if group and plain else ""
