"""How people say for whom they work, what they were given and who pays, in Italian and English; where it is seen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from rules.draft import Channel

_LINE = r"(?:^|[^\p{L}\p{Nd}_#@])((?:%s))(?:[^\p{L}\p{Nd}_]|$)"


def _read(name: str) -> tuple[str, ...]:
    """The expressions (RE2) of a list, one a line, each as whole words; what they find is their first group."""
    lines = (Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(_LINE % line for line in lines if line)


WORKS = _read("works")
"""That one works there."""
_WORKS_AT = _read("works-at")
PAID = _read("paid")
"""A clear label that somebody pays. `#sp`, `#collab`, `#partner`, `#ambassador` and `thanks to` are none."""
GIVEN = _read("given")
"""That it was given: a label, where it stands early enough."""
FREE = _read("free")
"""That it cost nothing: half a label, for it does not say whose gift it was."""
OWN = _read("own")
"""That one has paid oneself, or that it came from one's own people."""
VOICE = _read("voice")
"""The company's "we"."""


def works_at(names: Iterable[str]) -> tuple[str, ...]:
    """That one works there, in words that tell it only beside the company's own name."""
    company = "|".join(map(re.escape, names))
    return tuple(line.replace("{company}", f"(?:{company})") for line in _WORKS_AT) if company else ()


FOLDS = {
    Channel.LINKEDIN: 210,
    Channel.INSTAGRAM: 125,
    Channel.FACEBOOK: 400,
    Channel.TIKTOK: 100,
    Channel.YOUTUBE: 150,
    Channel.BLOG: 400,
    Channel.OTHER: 400,
}
"""Characters seen before "more": approximate, for no platform promises them. X and Threads show a post whole."""
OPENING = 3
"""Hashtags among which a label must stand to be seen (AGCOM, IAP)."""
