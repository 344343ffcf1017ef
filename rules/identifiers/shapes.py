"""What a pattern of an identifier is, and where one may begin and end."""

from __future__ import annotations

Scored = tuple[str, float]
"""A regular expression and the score of what it finds, unless a check or the words around say otherwise.

Letters match in either case. Each expression begins where a word does and has a longest match:
one that could begin anew anywhere inside what it has read would take quadratic time on long runs of one character.
"""
LONE = r"(?<![\w#@=&])(?<!\w[\-_/])"
ENDS = r"(?!\w|[\-_]\w)"
