"""The judge's network in torch, for training only: the encoder frozen, an adapter and heads that learn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rules.e5 import E5File
from rules.labels import LABELS, WHOLE
from rules.passages import Passage
from rules.serving import padded

PROJECTIONS = ("q", "k", "v", "ao", "fi", "fo")
"""The six matrices of a layer, by their names in the weight file."""


class Adapted(nn.Module):
    """A frozen matrix and what a low-rank adapter adds to it: `x W + b + (x A) B`."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: np.ndarray, bias: np.ndarray, rank: int) -> None:
        super().__init__()
        outputs, inputs = weight.shape
        self.register_buffer("weight", torch.from_numpy(np.array(weight)), persistent=False)
        self.register_buffer("bias", torch.from_numpy(np.array(bias)), persistent=False)
        self.down = nn.Parameter(torch.randn(inputs, rank) / inputs**0.5) if rank else None
        self.up = nn.Parameter(torch.zeros(rank, outputs)) if rank else None

    def forward(self, x: Tensor) -> Tensor:
        y = functional.linear(x, self.weight, self.bias)
        return y if self.down is None or self.up is None else y + (x @ self.down) @ (self.up * SCALE)


SCALE = 2.0
"""By how much an adapter's product counts; it is in the weights that are saved."""


class Layer(nn.Module):
    q: Adapted
    k: Adapted
    v: Adapted
    ao: Adapted
    fi: Adapted
    fo: Adapted
    aln_w: Tensor
    aln_b: Tensor
    oln_w: Tensor
    oln_b: Tensor

    def __init__(self, file: E5File, number: int, rank: int) -> None:
        super().__init__()
        self.heads, self.epsilon = file.shape.heads, file.shape.epsilon
        for name in PROJECTIONS:
            weight, bias = (file.tensor(f"l{number}.{name}.{kind}") for kind in "wb")
            setattr(self, name, Adapted(weight, bias, rank))
        for name in ("aln", "oln"):
            for kind in "wb":
                value = torch.from_numpy(np.array(file.tensor(f"l{number}.{name}.{kind}")))
                self.register_buffer(f"{name}_{kind}", value, persistent=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        count, length, width = x.shape
        q, k, v = (
            projection(x).view(count, length, self.heads, -1).transpose(1, 2) for projection in (self.q, self.k, self.v)
        )
        attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        attended = self.ao(attended.transpose(1, 2).reshape(count, length, width))
        x = functional.layer_norm(x + attended, (width,), self.aln_w, self.aln_b, self.epsilon)
        y = self.fo(functional.gelu(self.fi(x)))
        return functional.layer_norm(x + y, (width,), self.oln_w, self.oln_b, self.epsilon)


class JudgeNetwork(nn.Module):
    """Passages in, a logit for each segment and label out."""

    positions: Tensor
    norm_w: Tensor
    norm_b: Tensor
    middle: Tensor
    spread: Tensor

    def __init__(self, file: E5File, rank: int, hidden: int, *, lowest: int = 0, dropout: float = 0.1) -> None:
        """`rank` of the adapter from layer `lowest` up; `hidden` units in the head, 0 for a linear one."""
        super().__init__()
        shape = file.shape
        self.words, self.epsilon, self.width = file.words, shape.epsilon, shape.hidden
        positions = file.tensor("emb.pos").reshape(shape.positions, shape.hidden)
        kinds = file.tensor("emb.type").reshape(-1, shape.hidden)
        self.register_buffer("positions", torch.from_numpy(positions + kinds[0]), persistent=False)
        for kind in "wb":
            value = torch.from_numpy(np.array(file.tensor(f"emb.ln.{kind}")))
            self.register_buffer(f"norm_{kind}", value, persistent=False)
        self.layers = nn.ModuleList(Layer(file, n, rank if n >= lowest else 0) for n in range(shape.layers))
        self.dropout = nn.Dropout(dropout)
        # The encoder's vectors all point much the same way: the heads read how far each is from the middle.
        self.register_buffer("middle", torch.zeros(shape.hidden))
        self.register_buffer("spread", torch.ones(shape.hidden))
        self.inner = nn.Linear(shape.hidden, hidden) if hidden else None
        self.outer = nn.Linear(hidden or shape.hidden, len(LABELS))
        nn.init.constant_(self.outer.bias, -3.0)

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor) -> Tensor:
        """From `(texts, tokens)` twice and `(texts, segments, tokens)` to `(texts, segments, labels)`."""
        pooled = self.dropout((self.pooled(ids, mask, segments) - self.middle) / self.spread)
        if self.inner is not None:
            pooled = self.dropout(functional.gelu(self.inner(pooled)))
        logits: Tensor = self.outer(pooled)
        return logits

    @torch.no_grad()
    def centre(self, ids: Tensor, mask: Tensor, segments: Tensor) -> None:
        """Take the middle and the spread of these texts' vectors as everybody's."""
        vectors = self.pooled(ids, mask, segments)[:, 0]
        self.middle.copy_(vectors.mean(dim=0))
        self.spread.copy_(vectors.std(dim=0).clamp(min=1e-4))

    def pooled(self, ids: Tensor, mask: Tensor, segments: Tensor) -> Tensor:
        """The mean of each segment's tokens, `(texts, segments, hidden)`."""
        x = torch.from_numpy(self.words.rows(ids.numpy())) + self.positions[: ids.shape[1]]
        x = functional.layer_norm(x, (self.width,), self.norm_w, self.norm_b, self.epsilon)
        unseen = mask[:, None, None, :].bool()
        for layer in self.layers:
            x = layer(x, unseen)
        return segments @ x


def batch(passages: Sequence[Passage]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Padded `ids`, `mask`, pooling weights of the segments, and which segments are there."""
    ids, mask, segments = map(torch.from_numpy, padded(passages))
    counts = torch.tensor([len(passage.segments) for passage in passages])
    return ids, mask, segments, torch.arange(segments.shape[1]) < counts[:, None]


_WHOLE = torch.tensor([label in WHOLE for label in LABELS])


def highest(logits: Tensor, there: Tensor) -> Tensor:
    """One logit a label: the highest of the text and its sentences, or the text's own for what only it can show."""
    masked = logits.masked_fill(~there[..., None], -1e4)
    return torch.where(_WHOLE, masked[:, 0], masked.max(dim=1).values)
