"""`python -m rules.weights.average A B --out C`: the mean of trainings of one network, one begun on the other.

Whoever goes on from weights with new rows forgets a little of the old ones; half-way between both, what was new is
kept and little of the old is lost (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m rules.weights.average", description=__doc__)
    parser.add_argument("weights", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    average(asked.weights, asked.out)


def average(weights: Sequence[Path], out: Path) -> None:
    """Raises `KeyError` or `RuntimeError` where the networks are not of one shape."""
    trained = [load_file(str(path)) for path in weights]
    mean = {
        name: torch.stack([each[name].float() for each in trained]).mean(dim=0).to(first.dtype).contiguous()
        for name, first in trained[0].items()
    }
    with safe_open(str(weights[0]), "pt") as file:
        save_file(mean, str(out), metadata=file.metadata())


if __name__ == "__main__":
    main()
