"""`.env`, read so that no line of it is passed over in silence: another policy would be used than was meant."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Final

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from bot.wording.saying import Saying, WrongValueError, saying

ENV_FILE: Final = ".env"
_BLANK = re.compile(r"\s*")
_END_OF_LINE = re.compile(r"\r\n|\n|\r")


def read_env_file(path: Path = Path(ENV_FILE)) -> dict[str, str | None]:
    """What it sets; nothing where it is not there. Raises `WrongValueError`, which names a line and never repeats it:
    it may hold a secret."""
    for binding in _bindings(path):
        if fault := _fault(binding):
            raise WrongValueError(fault)
    return dotenv_values(path)


def language_in(name: str, path: Path = Path(ENV_FILE)) -> str | None:
    """What the setting `name` says there, whatever is wrong with other lines."""
    try:
        return next((each.value for each in _bindings(path) if (each.key or "").upper() == name), None)
    except WrongValueError:
        return None


def _bindings(path: Path) -> list[Binding]:
    try:
        # Of a folder of that name, or a file that may not be read, its library says nothing either.
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
    except UnicodeDecodeError:
        raise WrongValueError(saying(".env is not UTF-8: save it as UTF-8.")) from None
    return list(parse_stream(io.StringIO(text)))


def _fault(binding: Binding) -> Saying | None:
    if not binding.error and (binding.key is None or binding.value is not None):
        return None
    written = binding.original.string
    # What is blank before it is counted to it.
    before = _BLANK.match(written)
    line = binding.original.line + len(_END_OF_LINE.findall(before[0] if before else ""))
    if binding.error and "=" in written:
        return saying(".env, line {line}: write NAME=value, and close every quotation mark that you open.", line=line)
    return saying(".env, line {line}: write NAME=value.", line=line)
