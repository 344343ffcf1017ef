"""Key sentences: what is said in other words is near, and no word of them is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.e5 import Floats
from rules.encoder import Encoder
from rules.judges import Judges
from rules.knowledge import sentences as module
from rules.knowledge.hashing import KEY_BYTES, Keyed
from rules.knowledge.nearest import SCALE, Nearest, in_bytes
from rules.knowledge.sentences import add_sentences, mark_of, open_sentences, read_sentences, turn_of
from rules.knowledge.store import Knowledge, KnowledgeError

KEYS = (
    "# Piano, non ancora annunciato",
    "",
    "Lo stabilimento di Varano chiuderà a marzo e la produzione passerà in Slovenia.",
    "- Zorblax compra la nostra rete di vendita per dodici milioni di euro.",
    "The board will replace the chief executive before the summer.",
)
CLOSING = "A marzo chiude la fabbrica di Varano e la produzione va in Slovenia."


@pytest.fixture(scope="module")
def encoder(judges: Judges) -> Encoder:
    return judges.encoder()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "secrets.txt").write_text("\n".join(KEYS), encoding="utf-8")
    return tmp_path / "secrets.txt"


def nearest(knowledge: Knowledge, encoder: Encoder, *texts: str) -> list[tuple[int, float]]:
    found = open_sentences(knowledge, "secrets").alike(texts, encoder.read_each(texts))
    return [(one.line, one.likeness) for one in found]


def pretended(texts: Sequence[str]) -> Floats:
    """Vectors without an encoder: the same for the same text."""
    return np.stack([np.random.default_rng(len(text)).standard_normal(384) for text in texts]).astype(np.float32)


# --- What is near --------------------------------------------------------------------------------------------------


def test_the_nearest_is_told_by_its_line(knowledge: Knowledge, encoder: Encoder, source: Path) -> None:
    assert add_sentences(knowledge, "secrets", source, encoder.read_each).about["sentences"] == 3
    texts = (
        CLOSING,
        "Before summer the board replaces the CEO.",
        "Zorblax takes over our sales network for 12 million.",
    )
    assert [line for line, _ in nearest(knowledge, encoder, *texts)] == [3, 5, 4]


def test_the_very_words_are_wholly_alike_whatever_their_vector(knowledge: Knowledge, source: Path) -> None:
    add_sentences(knowledge, "secrets", source, pretended)
    text = KEYS[2].upper().replace(".", "!!").replace("À", "A\u0300")
    (found,) = open_sentences(knowledge, "secrets").alike([text], pretended(["x"]))
    assert (found.likeness, found.line) == (1.0, 3)


def test_nothing_asked_is_nothing_found(knowledge: Knowledge, source: Path) -> None:
    add_sentences(knowledge, "secrets", source, pretended)
    assert open_sentences(knowledge, "secrets").alike([], np.empty((0, 384), np.float32)) == []


def unit(seed: int, count: int) -> Floats:
    found = np.random.default_rng(seed).standard_normal((count, 384)).astype(np.float32)
    unit: Floats = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


@given(count=st.integers(1, 40), asked=st.integers(0, 20), seed=st.integers(0, 1000))
def test_eight_bits_find_what_floats_find(count: int, asked: int, seed: int) -> None:
    vectors, wanted = unit(seed, count), unit(seed + 1, asked)
    cosines = wanted @ vectors.T
    found = Nearest(in_bytes(vectors)).find(wanted)
    assert len(found) == asked
    for one, exact in zip(found, cosines, strict=True):
        assert one.likeness == pytest.approx(exact.max(), abs=0.01)
        assert exact[one.number] == pytest.approx(exact.max(), abs=0.02)


def test_vectors_lose_next_to_nothing_in_eight_bits() -> None:
    vectors = unit(1, 1000)
    assert np.abs(in_bytes(vectors)).max() < 127
    np.testing.assert_allclose(np.linalg.norm(in_bytes(vectors) * SCALE, axis=1), 1, atol=0.01)


def test_turning_changes_no_distance_and_only_the_key_tells_how() -> None:
    one, other = (turn_of(Keyed(key * KEY_BYTES), 384) for key in (b"k", b"o"))
    np.testing.assert_allclose(one @ one.T, np.eye(384), atol=1e-5)
    np.testing.assert_array_equal(one, turn_of(Keyed(b"k" * KEY_BYTES), 384))
    assert np.abs((one * other).sum(axis=0)).max() < 0.4


# --- What is kept --------------------------------------------------------------------------------------------------


def test_no_word_is_on_the_disk_nor_what_the_encoder_made(knowledge: Knowledge, encoder: Encoder, source: Path) -> None:
    add_sentences(knowledge, "secrets", source, encoder.read_each)
    files = [path for path in knowledge.folder.rglob("*") if path.is_file()]
    assert files
    for content in (path.read_bytes().lower() for path in files):
        assert not any(word in content for word in (b"varano", b"zorblax", b"slovenia", b"milioni", b"secrets.txt"))
    (path,) = knowledge.folder.rglob("vectors.npy")
    plain = in_bytes(module.Ordinary.read().placed(encoder.read_each([KEYS[2]])))[0]
    stored = np.load(path)
    assert stored.dtype == np.int8
    cosines = stored.astype(np.float32) @ plain / np.linalg.norm(stored, axis=1) / np.linalg.norm(plain)
    assert np.abs(cosines).max() < 0.3


def test_the_same_sentence_twice_is_kept_once_where_it_first_stands(knowledge: Knowledge, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("Uno due tre quattro cinque.\nuno, due, tré: quattro cinque\n", encoding="utf-8")
    assert add_sentences(knowledge, "secrets", path, pretended).about["sentences"] == 1
    (found,) = open_sentences(knowledge, "secrets").alike(["UNO DUE TRE QUATTRO CINQUE"], pretended(["x"]))
    assert found.line == 1


@given(st.text())
def test_any_text_has_a_mark_under_its_key(text: str) -> None:
    assert mark_of(text, Keyed(b"k" * KEY_BYTES)) == mark_of(f"  {text}!", Keyed(b"k" * KEY_BYTES))


def test_how_far_it_has_come_is_told(knowledge: Knowledge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TOGETHER", 2)
    path = tmp_path / "a.txt"
    path.write_text("\n".join(f"Questa è la frase numero {number}" for number in range(4)), encoding="utf-8")
    told: list[float] = []
    add_sentences(knowledge, "secrets", path, pretended, told.append)
    assert told == [0.0, 0.5, 1.0]


def test_adding_again_replaces_the_whole_and_removing_forgets(
    knowledge: Knowledge, source: Path, tmp_path: Path
) -> None:
    add_sentences(knowledge, "secrets", source, pretended)
    (tmp_path / "b.txt").write_text("Una frase del tutto diversa da prima.", encoding="utf-8")
    assert add_sentences(knowledge, "secrets", tmp_path / "b.txt", pretended).about["sentences"] == 1
    (old,) = open_sentences(knowledge, "secrets").alike([KEYS[2]], pretended(["x"]))
    assert old.likeness < 0.9
    knowledge.remove("secrets")
    with pytest.raises(KnowledgeError, match="there is no secrets"):
        open_sentences(knowledge, "secrets")


def test_another_key_opens_nothing(knowledge: Knowledge, other_key: Knowledge, source: Path) -> None:
    add_sentences(knowledge, "secrets", source, pretended)
    with pytest.raises(KnowledgeError, match="another key"):
        open_sentences(other_key, "secrets")


def test_what_another_encoder_made_is_to_be_added_again(
    knowledge: Knowledge, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_sentences(knowledge, "secrets", source, pretended)
    monkeypatch.setattr("rules.likeness.BUILDER", "another")
    with pytest.raises(KnowledgeError, match="add the source again"):
        open_sentences(knowledge, "secrets")


@pytest.mark.parametrize("name", ["vectors", "marks", "lines"])
@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: np.save(path, np.zeros((1, 384)))])
def test_damaged_files_are_said(
    knowledge: Knowledge, source: Path, name: str, damage: Callable[[Path], object]
) -> None:
    add_sentences(knowledge, "secrets", source, pretended)
    (path,) = knowledge.folder.rglob(f"{name}.npy")
    damage(path)
    with pytest.raises(KnowledgeError, match="damaged"):
        open_sentences(knowledge, "secrets")


# --- What is read --------------------------------------------------------------------------------------------------


def test_comments_blank_lines_and_dashes_are_no_part_of_a_sentence(source: Path) -> None:
    assert list(read_sentences(source)) == [(3, KEYS[2]), (4, KEYS[3][2:]), (5, KEYS[4])]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"", "a.txt: no sentence in it"),
        ("a.txt", b"# segreto\n\n", "a.txt: no sentence in it"),
        ("a.txt", b"Una frase che va bene qui.\nsegreto breve\n", "a.txt:2: fewer than 5 words"),
        ("a.md", b"segreto uno\n" * 9, "a.md:1: fewer than 5 words, in 9 lines (1, 2, 3 ...)"),
        ("a.txt", b"segreto " * 61, "a.txt:1: over 60 words: give each sentence a line"),
        ("a.txt", b"Una frase che va bene qui.\nsegreto \xff\xfe", "a.txt:2: not in UTF-8"),
        ("a.txt", b"uno\nsegreto\0\x01\x02", "a.txt:2: not a text"),
        ("a.txt", "Una frase che va bene qui.".encode("utf-16"), "not"),
        ("a.pdf", b"%PDF segreto", "a.pdf: txt or md is wanted"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_and_not_repeated(
    knowledge: Knowledge, tmp_path: Path, source: Path, name: str, content: bytes, said: str
) -> None:
    add_sentences(knowledge, "secrets", source, pretended)
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(KnowledgeError) as caught:
        add_sentences(knowledge, "secrets", path, pretended)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "segreto" not in str(caught.value)
    assert [one.about["sentences"] for one in knowledge.names()] == [3]


def test_too_many_are_refused_before_any_is_encoded(
    knowledge: Knowledge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(texts: Sequence[str]) -> Floats:
        raise AssertionError

    path = tmp_path / "a.txt"
    path.write_text("una frase di cinque parole\n" * (module.MOST + 1), encoding="utf-8")
    with pytest.raises(KnowledgeError, match="100,001 sentences; up to 100,000"):
        add_sentences(knowledge, "secrets", path, never)


def test_a_file_that_is_not_there_is_named(knowledge: Knowledge, tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    for path in (tmp_path / "none.txt", tmp_path / "folder.txt"):
        with pytest.raises(KnowledgeError, match=path.name):
            add_sentences(knowledge, "secrets", path, pretended)


@given(content=st.binary(max_size=300))
def test_any_file_is_read_or_a_knowledge_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(content)
    try:
        list(read_sentences(path))
    except KnowledgeError as error:
        assert str(path) in str(error)  # noqa: PT017 -- either will do
