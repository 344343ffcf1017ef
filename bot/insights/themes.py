"""Messages into themes by what their vectors say, the same ones each time. Figures: docs/decisions/listening.md."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rules.serving import Floats

_SHRINK: Final = 5.0
"""Messages by which a small group's own middle is drawn to that of all."""
_NEIGHBOURS: Final = 33
"""One in so many of the others counts as near, so that as many themes are found in many messages as in few;"""
_FEWEST, _MOST = 8, 60
"""but never fewer, nor more."""
_GRAIN: Final = 2.0
"""The resolution of modularity: the larger, the finer the themes."""
_BELONGS: Final = 0.25
"""The cosine to the others of a theme from which a message is one of them."""
_LEAST: Final = 1e-12
_ROUNDS: Final = 50

Numbers = NDArray[Any]


def centred(vectors: Floats, groups: Sequence[Hashable]) -> Floats:
    """Each of length 1, without what its group has in common: `(messages, width)`.

    A group is how something is said, such as its language: what is left is what it is about.
    """
    rows = np.array(vectors, np.float32)
    whole = rows.mean(0)
    for group in set(groups):
        own = [number for number, each in enumerate(groups) if each == group]
        rows[own] -= (rows[own].sum(0) + _SHRINK * whole) / (len(own) + _SHRINK)
    return _unit(rows)


def themes_among(rows: Floats, fewest: int) -> list[list[int]]:
    """Numbers of the messages of each theme, the nearest to its middle first; themes of `fewest` and more.

    `rows` as `centred` gives them. A message that is near to no theme is in none.
    """
    found = []
    for members in _communities(_neighbours(rows)):
        near = _near(rows, members)
        if len(near) >= fewest:
            found.append(near)
    return sorted(found, key=lambda theme: (-len(theme), min(theme)))


def _near(rows: Floats, members: Sequence[int]) -> list[int]:
    """Those that are like the others, the likest first."""
    own = rows[list(members)]
    others = own.sum(0) - own
    likeness = (_unit(others) * own).sum(1).round(5)
    order = sorted(range(len(members)), key=lambda at: (-likeness[at], members[at]))
    return [members[at] for at in order if likeness[at] >= _BELONGS]


def _neighbours(rows: Floats) -> Numbers:
    """How alike each message and its nearest ones are, symmetric: `(messages, messages)`, else 0."""
    count = len(rows)
    near = min(max(_FEWEST, min(_MOST, count // _NEIGHBOURS)), count - 1)
    # Rounded, so that the order of a sum decides nothing.
    alike = (rows @ rows.T).round(5)
    np.fill_diagonal(alike, -2.0)
    linked = np.zeros_like(alike)
    if near > 0:
        places = np.argsort(-alike, axis=1, kind="stable")[:, :near]
        np.put_along_axis(linked, places, np.maximum(np.take_along_axis(alike, places, 1), 0.0), 1)
    return np.maximum(linked, linked.T)


def _communities(links: Numbers) -> list[list[int]]:
    """Louvain's method: what is linked with one another more than chance would have it, whatever the number."""
    members = [[number] for number in range(len(links))]
    while len(members) > 1 and links.sum() > 0:
        homes = _moved(links)
        kept = sorted(set(homes.tolist()))
        if len(kept) == len(members):
            break
        members = [[one for at in np.flatnonzero(homes == home) for one in members[at]] for home in kept]
        joined = (homes[None, :] == np.array(kept)[:, None]).astype(links.dtype)
        links = joined @ links @ joined.T
    return members


def _moved(links: Numbers) -> Numbers:
    """Each moves to where it gains most, in order, until nobody gains. Returns where each one is."""
    count, whole = len(links), float(links.sum())
    degrees = links.sum(1)
    homes, totals = np.arange(count), degrees.copy()
    for _ in range(_ROUNDS):
        moved = False
        for one in range(count):
            home = homes[one]
            totals[home] -= degrees[one]
            near = np.flatnonzero(links[one])
            near = near[near != one]
            ties = np.bincount(homes[near], weights=links[one, near], minlength=count)
            gains = ties - _GRAIN * degrees[one] * totals / whole
            best = int(np.argmax(gains))
            best = best if gains[best] > gains[home] + _LEAST else home
            totals[best] += degrees[one]
            moved = moved or best != home
            homes[one] = best
        if not moved:
            break
    return homes


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _LEAST)
    return unit
