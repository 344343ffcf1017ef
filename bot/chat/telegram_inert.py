"""Words of people between the bot's own: what Telegram would make a link or a command of is shown as code."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from bot.chat.shown import harmless

MOST = 40
"""Places that are quieted one by one: of a message's entities Telegram keeps a hundred and lets the others go live."""

# Wider than what Telegram detects, and by whole words: what is left beside them can never complete anything.
_LIVE = regex.compile(
    r"\S*(?:"
    r"://"  # any scheme
    r"|@\w"  # mentions and addresses
    r"|\w\.\p{L}"  # hosts
    r"|\d\.\d+\.\d+\.\d"  # hosts in digits
    r"|(?<![A-Za-z0-9_])/\w"  # commands
    r"|#\w|\$\w"  # tags
    r"|\d(?:[ \u00a0()./-]{0,2}\d){6}[\d \u00a0()./-]*"  # telephones
    r")\S*"
)
_AROUND = "«»\"'“”‘’()[],;:!?.… \u00a0"
_NAME = regex.compile(r"[^\p{L}\p{M}'’ -]+")
_NAME_LENGTH = 40


def quiet(text: str) -> Iterator[tuple[str, bool]]:
    """`text` made harmless and in pieces, each with whether it has to be shown as code to be no more than words."""
    text = harmless(text)
    found = [match.span() for match in _LIVE.finditer(text)]
    if len(found) > MOST:
        yield text, True
        return
    end = 0
    for start, until in (_bare(text, *span) for span in found):
        if start > end:
            yield text[end:start], False
        yield text[start:until], True
        end = until
    if end < len(text):
        yield text[end:], False


def called(name: str | None) -> str:
    """The name by which somebody goes, of letters alone: nothing in it can come alive. Empty where none is left."""
    letters = _NAME.sub(" ", harmless(name or ""))
    return " ".join(letters.split())[:_NAME_LENGTH].strip()


def _bare(text: str, start: int, until: int) -> tuple[int, int]:
    """Without the quotation marks and the full stop around it."""
    word = text[start:until]
    left = len(word) - len(word.lstrip(_AROUND))
    right = len(word.rstrip(_AROUND))
    return (start + left, start + right) if left < right else (start, until)
