"""Messages into themes by what their vectors say, the same ones each time. Figures: docs/decisions/listening.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rules.serving import Floats

_NEIGHBOURS: Final = 33
"""One in so many of the others counts as near, so that as many themes are found in many messages as in few;"""
_FEWEST, _MOST = 8, 60
"""but never fewer, nor more."""
_GRAIN: Final = 2.0
"""The resolution of modularity: the larger, the finer the themes."""
_SAME: Final = 0.15
"""The mean cosine of the messages of two themes from which they are one."""
_BELONGS: Final = 0.25
"""The cosine to the others of a theme from which a message is one of them."""
_LEAST: Final = 1e-12
_ROUNDS: Final = 50

Numbers = NDArray[Any]


def themes_among(rows: Floats, fewest: int) -> list[list[int]]:
    """Numbers of the messages of each theme, the nearest to its middle first; themes of `fewest` and more.

    `rows` as `bot.insights.reference` gives them, of length 1. A message that is near to no theme is in none.
    """
    found = []
    for members in _joined(rows, _communities(_neighbours(rows))):
        near = _near(rows, members)
        if len(near) >= fewest:
            found.append(near)
    return sorted(found, key=lambda theme: (-len(theme), min(theme)))


def _joined(rows: Floats, communities: list[list[int]]) -> list[list[int]]:
    """Where all write about one thing, what is linked is only a part of it: parts that are alike are joined."""
    members = [list(each) for each in communities]
    sums = np.stack([rows[each].sum(0) for each in members])
    while len(members) > 1:
        sizes = np.array([len(each) for each in members], np.float32)
        alike = (sums @ sums.T / np.outer(sizes, sizes)).round(5)
        alike[np.triu_indices(len(members))] = -2.0
        later, sooner = (int(place) for place in np.unravel_index(np.argmax(alike), alike.shape))
        if alike[later, sooner] < _SAME:
            break
        members[sooner] += members.pop(later)
        sums[sooner] += sums[later]
        sums = np.delete(sums, later, 0)
    return members


def _near(rows: Floats, members: Sequence[int]) -> list[int]:
    """Those that are like the others, the likest first."""
    own = rows[list(members)]
    others = own.sum(0) - own
    likeness = (unit(others) * own).sum(1).round(5)
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


def unit(rows: Floats) -> Floats:
    """Each row at length 1."""
    unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _LEAST)
    return unit
