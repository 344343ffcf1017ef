"""Values as YAML in the manner of our policies: texts on one line, short maps in braces, long lists a line each."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString

Value = str | Sequence["Value"] | Mapping[str, "Value"]
"""What a policy's file holds: every scalar is text until its field says otherwise."""

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_NUMBER: Final = re.compile(r"\d+(\.\d+)?|\d{4}-\d\d-\d\d|24x7")
_TAKEN: Final = frozenset({"null", "yes", "no", "on", "off", "y", "n"})
"""Words that some reader of YAML or other takes for something else, in whatever case."""
_SPOKEN: Final = frozenset({"message", "suggest", "title", "text", "name"})
"""Keys whose texts, one a language, stand on their own line, in braces and quotes."""
_STEP: Final = "  "
QUOTE: Final = '"'


def scalar(text: str, style: str | None = None) -> str:
    """On one line. `style` is the quote that was there before, or None: bare where that is safe everywhere."""
    if style is None and _is_bare(text):
        return text
    single = style == "'" and text.isprintable()
    quoted = SingleQuotedScalarString(text) if single else DoubleQuotedScalarString(text)
    writer, held = YAML(typ="rt", pure=True), io.StringIO()
    writer.width = 10**9
    writer.allow_unicode = True
    writer.dump(quoted, held)
    return held.getvalue().removesuffix("...\n").rstrip("\n")


def _is_bare(text: str) -> bool:
    return text.lower() not in _TAKEN and bool(_PLAIN.fullmatch(text) or _NUMBER.fullmatch(text))


def flow(value: Value) -> str:
    """On one line, in braces and brackets."""
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(map(flow, value)) + "]"


def pair(key: str, value: Value, indent: str) -> list[str]:
    """The lines of a key and its value; the first is not indented, for it may follow a dash."""
    head = scalar(key)
    if isinstance(value, str):
        # A clause's number looks like one that may be rounded.
        return [f"{head}: {scalar(value, QUOTE if key == 'clause' else None)}"]
    if key in _SPOKEN and isinstance(value, Mapping):
        said = ", ".join(f"{language}: {scalar(str(one), QUOTE)}" for language, one in value.items())
        return [f"{head}: {{{said}}}"]
    if not value or key == "applies" or (isinstance(value, Sequence) and all(map(_is_word, value))):
        return [f"{head}: {flow(value)}"]
    inside = indent + _STEP
    if isinstance(value, Mapping):
        return [
            f"{head}:",
            *(line for name, one in value.items() for line in _indented(pair(name, one, inside), inside)),
        ]
    return [f"{head}:", *(f"{inside}- {flow(one)}" for one in value)]


def entry(value: Mapping[str, Value], indent: str) -> list[str]:
    """The lines of a list's entry whose dash stands at `indent`."""
    inside = indent + _STEP
    lines = [line for key, one in value.items() for line in _indented(pair(key, one, inside), inside)]
    return [f"{indent}- {lines[0].strip()}", *lines[1:]]


def _indented(lines: list[str], indent: str) -> list[str]:
    return [f"{indent}{lines[0]}", *lines[1:]]


def _is_word(value: Value) -> bool:
    return isinstance(value, str) and bool(_PLAIN.fullmatch(value))
