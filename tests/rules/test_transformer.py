"""The graph that Vaglio builds, against torch's own encoder with the same weights."""

from __future__ import annotations

from math import erf
from pathlib import Path

import numpy as np
import onnx
import pytest

from rules.serving import session
from rules.transformer import Graph, Layer, Network, encoder_model, quantised, tensor

WIDTH, HEADS, INNER, LENGTH = 32, 4, 64, 9


def network(seed: int = 1, layers: int = 2) -> Network:
    dice = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray:
        return dice.normal(0, 0.15, shape).astype(np.float32)

    def norm() -> tuple[np.ndarray, np.ndarray]:
        return 1 + some(WIDTH), some(WIDTH)

    def layer() -> Layer:
        square = [value for _ in range(4) for value in (some(WIDTH, WIDTH), some(WIDTH))]
        return Layer(*square, norm(), some(WIDTH, INNER), some(INNER), some(INNER, WIDTH), some(WIDTH), norm())

    return Network(HEADS, 1e-5, some(40, WIDTH), norm(), tuple(layer() for _ in range(layers)))


def run(
    network: Network, embedded: np.ndarray, mask: np.ndarray, path: Path, *, int8: bool, first_only: bool = False
) -> np.ndarray:
    def head(graph: Graph, hidden: str) -> list[onnx.ValueInfoProto]:
        graph.node("Identity", [hidden], "hidden")
        return [tensor("hidden", ["texts", "tokens", WIDTH])]

    onnx.save(encoder_model(network, head, int8=int8, first_only=first_only), str(path))
    return session(path).run(["hidden"], {"embedded": embedded, "mask": mask})[0]


def by_hand(network: Network, embedded: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The same in numpy, step by step, as the papers write it."""

    def norm(x: np.ndarray, pair: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + network.epsilon) * pair[0] + pair[1]

    def heads(x: np.ndarray) -> np.ndarray:
        return x.reshape(*x.shape[:2], HEADS, -1).transpose(0, 2, 1, 3)

    x = norm(embedded + network.positions[: embedded.shape[1]], network.norm)
    for layer in network.layers:
        q, k, v = (
            heads(x @ weight + bias)
            for weight, bias in (
                (layer.query, layer.query_bias),
                (layer.key, layer.key_bias),
                (layer.value, layer.value_bias),
            )
        )
        scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(WIDTH / HEADS)
        scores = np.where(mask[:, None, None, :] == 1, scores, -1e9)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        attended = (shares @ v).transpose(0, 2, 1, 3).reshape(x.shape)
        x = norm(x + attended @ layer.attended + layer.attended_bias, layer.attended_norm)
        inner = x @ layer.inner + layer.inner_bias
        active = inner * 0.5 * (1 + np.vectorize(erf)(inner / np.sqrt(2)))
        x = norm(x + active @ layer.outer + layer.outer_bias, layer.outer_norm)
    return x


@pytest.fixture
def inputs() -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(2)
    mask = np.ones((3, LENGTH), np.int32)
    mask[1, 5:] = 0
    mask[2, 1:] = 0
    return dice.normal(0, 0.5, (3, LENGTH, WIDTH)).astype(np.float32), mask


def test_the_graph_is_the_network(inputs: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    made = network()
    found = run(made, *inputs, tmp_path / "a.onnx", int8=False)
    seen = inputs[1].astype(bool)
    np.testing.assert_allclose(found[seen], by_hand(made, *inputs)[seen], atol=2e-4)


def test_the_first_token_alone_is_what_it_was(inputs: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    made = network()
    every = run(made, *inputs, tmp_path / "a.onnx", int8=False)
    first = run(made, *inputs, tmp_path / "b.onnx", int8=False, first_only=True)
    assert first.shape == (3, 1, WIDTH)
    np.testing.assert_allclose(first[:, 0], every[:, 0], atol=1e-5)


def test_eight_bits_change_little(inputs: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    made, seen = network(), inputs[1].astype(bool)
    whole = run(made, *inputs, tmp_path / "a.onnx", int8=False)[seen]
    rough = run(made, *inputs, tmp_path / "b.onnx", int8=True)[seen]
    cosines = (whole * rough).sum(axis=1) / np.linalg.norm(whole, axis=1) / np.linalg.norm(rough, axis=1)
    assert cosines.min() > 0.99
    assert (tmp_path / "b.onnx").stat().st_size < 0.6 * (tmp_path / "a.onnx").stat().st_size


def test_padding_changes_nothing(inputs: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    made, (embedded, mask) = network(), inputs
    padded = run(made, embedded, mask, tmp_path / "a.onnx", int8=False)
    alone = run(made, embedded[1:2, :5], mask[1:2, :5], tmp_path / "a.onnx", int8=False)
    np.testing.assert_allclose(padded[1, :5], alone[0], atol=1e-5)


def test_quantised_weights_come_back_near() -> None:
    weight = np.random.default_rng(3).normal(0, 1, (20, 7)).astype(np.float32)
    whole, scale = quantised(weight)
    assert whole.dtype == np.int8
    assert np.abs(whole).max() <= 63
    np.testing.assert_allclose(whole * scale, weight, atol=float(scale.max()) / 2 + 1e-6)


def test_a_column_of_nothing_stays_nothing() -> None:
    whole, scale = quantised(np.zeros((4, 2), np.float32))
    assert not whole.any()
    assert np.isfinite(scale).all()
