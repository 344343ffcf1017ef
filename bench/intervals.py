"""How far a share that was counted may be from the true one."""

from __future__ import annotations

import numpy as np


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of `hits` out of `count`, from 0 to 1."""
    if not count:
        return 0.0, 1.0
    share, z = hits / count, 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))
