"""The nearest of many vectors, in eight bits: 100,000 of them against a draft's sentences in some milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.e5 import Floats
from rules.serving import session

Bytes = NDArray[np.int8]

SCALE = 0.3 / 127
"""What one step of the eight bits is worth: turned at random, a vector of 384 numbers has next to none over 0.3."""
_MIDDLE = 128
"""Sentences are read as unsigned numbers around this: signed by signed is twenty times slower."""
_TOGETHER = 8
"""Sentences that are compared at once: with more the processor leaves its quick way."""


@dataclass(frozen=True, slots=True)
class Near:
    """The nearest of the vectors, by its number, and the cosine."""

    number: int
    likeness: float


def in_bytes(vectors: Floats) -> Bytes:
    """Vectors of length 1 in eight bits, `SCALE` a step."""
    rounded: Bytes = np.clip(np.rint(vectors / SCALE), -127, 127).astype(np.int8)
    return rounded


class Nearest:
    """Thread-safe. `vectors`: `(count, width)`, as `in_bytes` makes them."""

    def __init__(self, vectors: Bytes) -> None:
        self._session = session(_graph(vectors))

    def find(self, vectors: Floats) -> list[Near]:
        """For each of `vectors`, which have length 1."""
        asked = (in_bytes(vectors).astype(np.int16) + _MIDDLE).astype(np.uint8)
        found: list[Near] = []
        for at in range(0, len(asked), _TOGETHER):
            products: NDArray[Any] = self._session.run(None, {"asked": asked[at : at + _TOGETHER]})[0]
            numbers = products.argmax(axis=1)
            best = products[np.arange(len(products)), numbers] * SCALE**2
            found += [Near(int(number), float(one)) for number, one in zip(numbers, best, strict=True)]
        return found


def _graph(vectors: Bytes) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    count, width = vectors.shape
    known = numpy_helper.from_array(np.ascontiguousarray(vectors.T), "known")
    middle = numpy_helper.from_array(np.array(_MIDDLE, np.uint8), "middle")
    asked = helper.make_tensor_value_info("asked", TensorProto.UINT8, ["sentences", width])
    products = helper.make_tensor_value_info("products", TensorProto.INT32, ["sentences", count])
    node = helper.make_node("MatMulInteger", ["asked", "known", "middle"], ["products"])
    graph = helper.make_graph([node], "nearest", [asked], [products], [known, middle])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    made: bytes = model.SerializeToString()
    return made
