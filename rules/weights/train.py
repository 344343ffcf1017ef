"""`python -m rules.weights.train`: from corpus and open data to the judge's weights, with a fixed seed, resumable."""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from rules.e5 import read_e5, weights_path
from rules.encoder import vocabulary
from rules.labels import LABELS
from rules.tokens import Tokenizer
from rules.weights.network import SCALE, JudgeNetwork, batch, highest
from rules.weights.rows import CORPUS, Row, read_corpus, read_open, seen, varied

_BATCH = 32
_SORTED = 40
"""Batches that are sorted by length together, so that little of a batch is padding."""
_SAVED_EVERY = 100
_HEADS = 3.0
"""How much faster the heads learn than the adapter."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what comes out, besides the data."""

    rank: int = 16
    hidden: int = 256
    lowest: int = 4
    epochs: float = 3.0
    open_share: float = 0.2
    """Rows of open data in an epoch, as a share of its rows."""
    rate: float = 6e-4
    seed: int = 20261125
    sample: float = 1.0
    """Share of the corpus that is used, for comparing recipes or going on."""
    newest: int = 0
    """The first hand whose rows are all used, and twice, whatever the share: for going on with what is new."""


def main() -> None:
    asked = _arguments()
    recipe = Recipe(**{name: getattr(asked, name) for name in Recipe.__dataclass_fields__})
    asked.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    tokenizer = Tokenizer(vocabulary(asked.models))
    network = JudgeNetwork(read_e5(weights_path()), recipe.rank, recipe.hidden, lowest=recipe.lowest)
    if asked.onto:
        restore(network, asked.onto)
    rows = Rows(asked.corpus, asked.open, recipe)
    train(network, tokenizer, rows, recipe, asked.out, is_new=not asked.onto)
    save(network, recipe, asked.out / "judge.safetensors")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rules.weights.train", description=__doc__)
    parser.add_argument("--open", type=Path, help="folder of toxicity.jsonl.gz; without, the corpus alone is used")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="folder of train.jsonl; 'none' for open data alone")
    parser.add_argument("--onto", type=Path, help="weights to go on from, as this command has saved them")
    parser.add_argument("--models", type=Path, default=Path("models"), help="where `vaglio models build` has built")
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights and of the state to resume from")
    for name, field in Recipe.__dataclass_fields__.items():
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, type=type(field.default), default=field.default)
    return parser.parse_args()


class Rows:
    """What an epoch is made of: the same for the same recipe and epoch, whenever training was interrupted."""

    def __init__(self, corpus: Path, open_folder: Path | None, recipe: Recipe) -> None:
        dice = random.Random(recipe.seed)  # noqa: S311 -- shuffling is no secret
        self._corpus = [] if str(corpus) == "none" else read_corpus("train", corpus)
        if recipe.sample < 1:
            new = [row for row in self._corpus if recipe.newest and row.hand >= recipe.newest]
            old = [row for row in self._corpus if not recipe.newest or row.hand < recipe.newest]
            self._corpus = [*dice.sample(old, round(recipe.sample * len(old))), *new, *new]
        self._open = read_open(open_folder, "train") if open_folder else []
        self.digest = _digest([*self._corpus, *self._open])
        self._recipe = recipe
        self._fine: dict[str, list[Row]] = defaultdict(list)
        for row in self._corpus:
            if row.is_fine and not row.context.asked and len(row.text) < 300:
                self._fine[row.language].append(row)

    def epoch(self, number: int) -> list[Row]:
        dice = random.Random(f"{self._recipe.seed}:{number}")  # noqa: S311 -- shuffling is no secret
        share = self._recipe.open_share if self._corpus else 1.0
        some = _weighted(self._open, round(share * len(self._open) * self._recipe.sample), dice)
        rows = [varied(row, self._fine, dice) for row in (*self._corpus, *some)]
        dice.shuffle(rows)
        return rows


def _digest(rows: Sequence[Row]) -> str:
    return sha256("\0".join(f"{row.text} {row.truth}" for row in rows).encode()).hexdigest()[:12]


def _weighted(rows: Sequence[Row], count: int, dice: random.Random) -> list[Row]:
    """`count` rows without doubles; a source counts by the root of its size, so that none drowns the others."""
    sizes: dict[str, int] = defaultdict(int)
    for row in rows:
        sizes[row.source] += 1
    keyed = sorted(rows, key=lambda row: math.log(1 - dice.random()) * math.sqrt(sizes[row.source]), reverse=True)
    return keyed[:count]


def train(
    network: JudgeNetwork, tokenizer: Tokenizer, rows: Rows, recipe: Recipe, out: Path, *, is_new: bool = True
) -> None:
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = _optimizer(network, recipe.rate)
    batches = math.ceil(len(rows.epoch(0)) / _BATCH)
    total = round(recipe.epochs * batches)
    state = out / "state.pt"
    begun = f"{recipe!r}, data {rows.digest}"
    done = _resumed(network, optimizer, state, begun)
    if not done and is_new:
        _centre(network, tokenizer, rows)
    network.train()
    began, lost, step = time.monotonic(), 0.0, 0
    for number in range(math.ceil(recipe.epochs)):
        if (number + 1) * batches <= done:
            step += batches
            continue
        for inputs, truth, known in _batches(rows.epoch(number), tokenizer, recipe.seed + number):
            step += 1
            if step <= done:
                continue
            if step > total:
                return
            _pace(optimizer, recipe.rate, step / total)
            loss = _loss(network, inputs, truth, known)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(learning, 1.0)
            optimizer.step()
            lost = 0.98 * lost + 0.02 * float(loss.detach()) if lost else float(loss.detach())
            if step % 20 == 0:
                left = (time.monotonic() - began) / (step - done) * (total - step) / 60
                sys.stderr.write(f"step {step}/{total}  loss {lost:.4f}  {left:.0f} minutes left\n")
            if step % _SAVED_EVERY == 0:
                _save_state(network, optimizer, state, step, begun)
    _save_state(network, optimizer, state, step, begun)


def _optimizer(network: JudgeNetwork, rate: float) -> torch.optim.Optimizer:
    adapter = [parameter for name, parameter in network.named_parameters() if name.endswith((".down", ".up"))]
    heads = [*network.outer.parameters(), *(network.inner.parameters() if network.inner is not None else ())]
    groups = [{"params": adapter, "share": 1.0}, {"params": heads, "share": _HEADS}]
    return torch.optim.AdamW(groups, lr=rate, weight_decay=0.01)


def _pace(optimizer: torch.optim.Optimizer, rate: float, done: float) -> None:
    """Faster over the first twentieth, then ever slower."""
    for group in optimizer.param_groups:
        group["lr"] = group["share"] * rate * min(done / 0.06, max(0.02, 1 - done))


def _centre(network: JudgeNetwork, tokenizer: Tokenizer, rows: Rows) -> None:
    some = [passage for row in rows.epoch(0)[:_CENTRED] if (passage := seen(row, tokenizer))]
    ids, mask, segments, _ = batch(some)
    network.eval()
    network.centre(ids, mask, segments)


_CENTRED = 256
"""Texts that are enough to know the middle of all."""


def _batches(
    rows: Sequence[Row], tokenizer: Tokenizer, seed: int
) -> Iterator[tuple[tuple[Tensor, Tensor, Tensor, Tensor], Tensor, Tensor]]:
    dice = random.Random(seed)  # noqa: S311 -- shuffling is no secret
    size = _BATCH * _SORTED
    for start in range(0, len(rows), size):
        read = [(row, passage) for row in rows[start : start + size] if (passage := seen(row, tokenizer))]
        read.sort(key=lambda pair: len(pair[1].ids))
        cut = [read[at : at + _BATCH] for at in range(0, len(read), _BATCH)]
        dice.shuffle(cut)
        for pairs in cut:
            yield batch([passage for _, passage in pairs]), *_truths([row for row, _ in pairs])


def _truths(rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
    truth = torch.tensor([[float(row.truth.get(label, False)) for label in LABELS] for row in rows])
    known = torch.tensor([[float(label in row.truth) for label in LABELS] for row in rows])
    return truth, known


def _loss(network: JudgeNetwork, inputs: tuple[Tensor, Tensor, Tensor, Tensor], truth: Tensor, known: Tensor) -> Tensor:
    ids, mask, segments, there = inputs
    logits = highest(network(ids, mask, segments), there)
    each = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return (each * known).sum() / len(truth)


def _save_state(network: JudgeNetwork, optimizer: torch.optim.Optimizer, path: Path, step: int, begun: str) -> None:
    part = path.with_suffix(".part")
    state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "begun": begun}
    state["random"] = torch.get_rng_state()
    torch.save(state, part)
    part.replace(path)


def _resumed(network: JudgeNetwork, optimizer: torch.optim.Optimizer, path: Path, begun: str) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    if state["begun"] != begun:
        raise SystemExit(f"{path}: begun with another recipe or other data; remove it, or choose another --out")
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    return int(state["step"])


def restore(network: JudgeNetwork, path: Path) -> None:
    """Puts saved weights back into a network of the same shape. Raises `RuntimeError` naming what does not fit."""
    state = network.state_dict()
    for name, saved in load_file(str(path)).items():
        key = re.sub(r"^l(?=\d)", "layers.", name)
        value = saved.to(torch.float32)
        state[key] = value / SCALE if key.endswith(".up") else value
    network.load_state_dict(state)


def save(network: JudgeNetwork, recipe: Recipe, path: Path) -> None:
    """Adapter and heads in half precision, all that the judge needs besides the encoder."""
    tensors: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        scaled = value * SCALE if name.endswith(".up") else value
        kind = torch.float16 if value.ndim > 1 else torch.float32
        tensors[name.replace("layers.", "l")] = scaled.to(kind).contiguous()
    save_file(tensors, str(path), metadata={"labels": json.dumps(LABELS), "recipe": json.dumps(asdict(recipe))})


if __name__ == "__main__":
    main()
