"""`python -m rules.weights.ordinary`: where ordinary sentences lie in the encoder's space, and how they spread.

Of the corpus's train part, by the encoder alone. To be run again for another encoder only: sentences that companies
have added were placed by this file, and must be added anew after it.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rules.e5 import Floats
from rules.encoder import Encoder
from rules.folding import fold
from rules.knowledge.nearest import in_bytes
from rules.knowledge.sentences import LEAST
from rules.likeness import ORDINARY
from rules.segmenting import sentences
from rules.weights.rows import read_corpus

_SENTENCES, _KEPT = 4000, 1500
_TOGETHER = 250
_SEED = 2
_EVENED = 0.25
"""Power to which each direction's variance is evened out: 0.5 would make all alike, and rare ones too loud."""
_FLOOR = 0.1
"""Share of the mean variance that is added to each direction's, since the smallest are mostly chance."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m rules.weights.ordinary", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--out", type=Path, default=ORDINARY)
    asked = parser.parse_args()
    found = [
        (span.of(text), row.language)
        for row in read_corpus("train")
        for text in [fold(row.text).plain.text]
        for span in sentences(text)
        if len(span.of(text).split()) >= LEAST
    ]
    some = random.Random(_SEED).sample(found, _SENTENCES)  # noqa: S311 -- a sample is no secret
    encoder, texts = Encoder(asked.models), [text for text, _ in some]
    vectors = np.concatenate([encoder.read_each(texts[at : at + _TOGETHER]) for at in range(0, len(texts), _TOGETHER)])
    middle, view = seen(vectors, np.array([language == "it" for _, language in some]))
    placed = (vectors[:_KEPT] - middle) @ view
    np.savez_compressed(
        asked.out, middle=middle.astype(np.float32), view=view.astype(np.float16),
        sentences=in_bytes(placed / np.linalg.norm(placed, axis=1, keepdims=True)),
    )  # fmt: skip


def seen(vectors: Floats, italian: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The middle between the languages, and the view from there in which no direction drowns the others."""
    middles = [vectors[rows].mean(axis=0) for rows in (italian, ~italian)]
    apart = np.concatenate([vectors[rows] - own for rows, own in zip((italian, ~italian), middles, strict=True)])
    variances, ways = np.linalg.eigh(apart.T @ apart / len(apart))
    return sum(middles) / 2, ways * (variances + _FLOOR * variances.mean()) ** -_EVENED


if __name__ == "__main__":
    main()
