"""`python -m rules.weights.background`: what ordinary posts look like to both networks, for topics to stand out from.

To be run after `calibrate`, since the judge's vectors are the judge's own. Posts of the corpus's train part, fine and
not: a topic must stand out from both.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np

from rules.detectors.reading import vectors_of
from rules.judges import Judges
from rules.topics import BACKGROUND
from rules.weights.rows import read_corpus

_POSTS = 500
_SEED = 20261126


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m rules.weights.background", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--out", type=Path, default=BACKGROUND)
    asked = parser.parse_args()
    judges = Judges(asked.models, "built-in")
    rows = random.Random(_SEED).sample(read_corpus("train"), 2 * _POSTS)  # noqa: S311 -- a sample is no secret
    texts = [row.text for row in rows]
    vectors = np.stack([np.stack(vectors_of(text, judges)) for text in texts])
    italian = np.array([row.language == "it" for row in rows])
    # What tells the languages apart tells nothing of the subject.
    ways = vectors[italian].mean(axis=0) - vectors[~italian].mean(axis=0)
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    middle = np.stack([(vectors[italian].mean(axis=0) + vectors[~italian].mean(axis=0)) / 2, ways], axis=1)
    np.savez_compressed(
        asked.out, digest=judges.judge().digest, middle=middle.astype(np.float32),
        vectors=vectors[:_POSTS].astype(np.float16),
    )  # fmt: skip


if __name__ == "__main__":
    main()
