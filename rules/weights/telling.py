"""`python -m rules.weights.telling`: what tells a text that gives something away from a harmless one, for the judge.

To be run after `calibrate`, since the vectors are the judge's own. Of `bench/data/paraphrases.jsonl`, less every third
line: key sentences and what people make of them on one side, harmless posts on the same subject on the other.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from rules.draft import Account, Kind
from rules.e5 import Floats
from rules.folding import fold
from rules.judge import Judge
from rules.likeness import TELLING
from rules.passages import Context
from rules.segmenting import sentences

PAIRS = Path(__file__).parents[2] / "bench" / "data" / "paraphrases.jsonl"
_RIDGE = 300.0
_BOUND = 0.28
"""Where it begins to count: with likeness, under 5 % of harmless posts on the same subject are over it."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m rules.weights.telling", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--out", type=Path, default=TELLING)
    asked = parser.parse_args()
    judge = Judge(asked.models)
    lines = PAIRS.read_text(encoding="utf-8").splitlines()
    pairs = [json.loads(line) for number, line in enumerate(lines, start=1) if number % 3]

    def vectors(*names: str) -> Floats:
        found = [_vector(judge, pair[name], account) for name in names for pair in pairs for account in _ACCOUNTS]
        return np.stack(found)

    direction, shift = fitted(vectors("key", "same"), vectors("near"))
    np.savez_compressed(asked.out, digest=judge.digest, direction=direction.astype(np.float32), shift=shift - _BOUND)


_ACCOUNTS = Account.INSTITUTIONAL, Account.PERSONAL


def _vector(judge: Judge, text: str, account: Account) -> Floats:
    plain = fold(text).plain.text
    found: Floats = judge.read(plain, sentences(plain), Context(Kind.POST, account)).vectors[0]
    return found / np.linalg.norm(found)


def fitted(telling: Floats, harmless: Floats) -> tuple[Floats, float]:
    """Direction and shift of the ridge regression to 1 and -1."""
    rows = np.concatenate([telling, harmless]).astype(np.float64)
    wanted = np.concatenate([np.ones(len(telling)), -np.ones(len(harmless))])
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    even = (rows - middle) / spread
    # Each text is there once for each account.
    ridge = _RIDGE * len(_ACCOUNTS) * np.eye(even.shape[1])
    direction = np.linalg.solve(even.T @ even + ridge, even.T @ wanted) / spread
    return direction, -float(middle @ direction)


if __name__ == "__main__":
    main()
