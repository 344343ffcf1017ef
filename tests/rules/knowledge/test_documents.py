"""Passages of documents: whoever quotes ten words of one is found, and whoever quotes four is not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.knowledge.documents import (
    QUOTED,
    SHINGLE,
    WINDOW,
    Documents,
    Quotation,
    add_documents,
    open_documents,
    share_of,
)
from rules.knowledge.hashing import KEY_BYTES, Keyed
from rules.knowledge.store import Knowledge, KnowledgeError

WORDS = ["".join(parts) for parts in product(("ba", "lò", "ti", "ru"), ("ne", "do", "sa"), ("mi", "vo", "", "ta"))]


def written(seed: str, count: int) -> str:
    """A document of invented words, always the same for the same seed."""
    dice = random.Random(seed)
    return " ".join(dice.choices(WORDS, k=count))


TEXTS = {"piano.docx": written("a", 200), "bilancio/2026.pdf": written("b", 60), "nota.txt": written("c", QUOTED)}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    knowledge = Knowledge(tmp_path_factory.mktemp("documents") / "knowledge", Keyed(b"k" * KEY_BYTES))
    add_documents(knowledge, "plans", iter(TEXTS.items()))
    return open_documents(knowledge, "plans")


@st.composite
def quotations(draw: st.DrawFn, least: int, most: int) -> tuple[str, str]:
    """A document's name, and so many words of it in a row."""
    name = draw(st.sampled_from(sorted(TEXTS)))
    words = TEXTS[name].split()
    size = draw(st.integers(min(least, len(words)), min(most, len(words))))
    start = draw(st.integers(0, len(words) - size))
    return name, " ".join(words[start : start + size])


around = st.text(st.sampled_from("xyz .,\n🎉"), max_size=40).map(lambda text: f"{text} . ")


@given(quoted=quotations(QUOTED, 200), before=around, after=around)
def test_any_ten_words_in_a_row_are_found(
    documents: Documents, quoted: tuple[str, str], before: str, after: str
) -> None:
    name, passage = quoted
    text = f"{before}{passage} . {after}"
    (found,) = documents.find(text)
    assert found.document == name
    assert passage in text[found.start : found.end]
    assert found.words >= len(passage.split())


@given(quoted=quotations(1, QUOTED - 1))
def test_fewer_words_than_are_wanted_are_no_quotation(documents: Documents, quoted: tuple[str, str]) -> None:
    assert list(documents.find(quoted[1])) == []


@given(quoted=quotations(1, SHINGLE - 1), least=st.integers(1, SHINGLE))
def test_what_is_shorter_than_five_words_is_never_found(
    documents: Documents, quoted: tuple[str, str], least: int
) -> None:
    assert list(documents.find(quoted[1], least)) == []


@given(quoted=quotations(QUOTED, 200), least=st.integers(QUOTED, 200))
def test_a_quotation_counts_from_as_many_words_as_are_wanted(
    documents: Documents, quoted: tuple[str, str], least: int
) -> None:
    assert bool(list(documents.find(quoted[1], least))) == (len(quoted[1].split()) >= least)


def test_case_accents_signs_and_lines_do_not_matter(documents: Documents) -> None:
    passage = " ".join(TEXTS["piano.docx"].split()[20:34])
    for changed in (passage.upper(), passage.replace(" ", ",\n"), passage.replace("ò", "o"), f"«{passage}»"):
        (found,) = documents.find(f"Come da piano: {changed}!")
        assert (found.document, found.words) == ("piano.docx", 14)


def test_a_word_changed_or_left_out_breaks_a_quotation(documents: Documents) -> None:
    words = TEXTS["piano.docx"].split()[:19]
    assert list(documents.find(" ".join([*words[:9], "altro", *words[10:]]))) == []
    assert [one.words for one in documents.find(" ".join(words))] == [19]


def test_quotations_of_several_documents_are_told_apart(documents: Documents) -> None:
    first, second = (" ".join(TEXTS[name].split()[5:25]) for name in ("piano.docx", "bilancio/2026.pdf"))
    text = f"{first}. E poi anche questo: {second}."
    assert [(one.document, one.words) for one in documents.find(text)] == [
        ("piano.docx", 20),
        ("bilancio/2026.pdf", 20),
    ]


def test_of_two_documents_the_one_with_most_of_it_is_named(knowledge: Knowledge) -> None:
    long = written("d", 40)
    add_documents(knowledge, "plans", iter({"part.txt": " ".join(long.split()[:12]), "whole.txt": long}.items()))
    (found,) = open_documents(knowledge, "plans").find(long)
    assert (found.document, found.words) == ("whole.txt", 40)


@pytest.mark.parametrize(
    ("quoted", "text", "share"),
    [
        ([], "uno due tre", 0.0),
        ([10], " ".join(["parola"] * 20), 0.5),
        ([10, 10], " ".join(["parola"] * 20), 1.0),
        ([30], " ".join(["parola"] * 20), 1.0),
        ([], "", 0.0),
        ([], "🎉", 0.0),
    ],
)
def test_the_share_of_a_post_that_is_quoted(quoted: list[int], text: str, share: float) -> None:
    assert share_of([Quotation("a", words, 0, 1) for words in quoted], text) == share


def test_a_post_that_is_nothing_but_a_quotation_is_quoted_whole(documents: Documents) -> None:
    text = " ".join(TEXTS["nota.txt"].split())
    assert share_of(list(documents.find(text)), text) == 1.0
    longer = f"{text} . {' '.join(['zzz'] * QUOTED)}"
    assert share_of(list(documents.find(longer)), longer) == 0.5


# --- What is kept -------------------------------------------------------------------------------------------------


def test_no_word_is_on_the_disk(knowledge: Knowledge) -> None:
    add_documents(knowledge, "plans", iter([("piano.txt", "acquisizione segretissima di zorblax per dodici milioni")]))
    for path in knowledge.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            assert not any(word in content for word in (b"acquisizione", b"segretissima", b"zorblax", b"milioni"))


def test_documents_are_named_and_counted(knowledge: Knowledge) -> None:
    told: list[str] = []
    texts = [("a.txt", written("a", 20)), ("empty.txt", ""), ("short.txt", "uno due tre"), ("b.txt", written("b", 9))]
    manifest = add_documents(knowledge, "plans", iter(texts), told.append)
    assert told == ["a.txt", "empty.txt", "short.txt", "b.txt"]
    assert manifest.about["documents"] == ["a.txt", "b.txt"]
    assert manifest.about["shingles"] == 20 - SHINGLE + 1 + 9 - SHINGLE + 1


@pytest.mark.parametrize("count", range(SHINGLE, SHINGLE + 2 * WINDOW))
def test_short_documents_are_found_whole(knowledge: Knowledge, count: int) -> None:
    text = written("short", count)
    add_documents(knowledge, "plans", iter([("short.txt", text)]))
    assert [one.words for one in open_documents(knowledge, "plans").find(text, SHINGLE)] == [count]


@pytest.mark.parametrize("texts", [[], [("a.txt", "")], [("a.txt", "uno due tre quattro")]])
def test_no_document_of_five_words_is_an_error(knowledge: Knowledge, texts: list[tuple[str, str]]) -> None:
    with pytest.raises(KnowledgeError, match="no document of at least 5 words"):
        add_documents(knowledge, "plans", iter(texts))
    assert list(knowledge.names()) == []


def test_a_document_that_cannot_be_read_leaves_the_old_in_force(knowledge: Knowledge) -> None:
    def broken() -> Iterator[tuple[str, str]]:
        yield "a.txt", written("z", 20)
        raise KnowledgeError("b.pdf: broken")

    text = written("a", 20)
    add_documents(knowledge, "plans", iter([("a.txt", text)]))
    with pytest.raises(KnowledgeError, match=r"b\.pdf: broken"):
        add_documents(knowledge, "plans", broken())
    assert [one.words for one in open_documents(knowledge, "plans").find(text)] == [20]


def test_another_key_opens_nothing(knowledge: Knowledge, other_key: Knowledge) -> None:
    add_documents(knowledge, "plans", iter([("a.txt", written("a", 20))]))
    with pytest.raises(KnowledgeError, match="another key"):
        open_documents(other_key, "plans")


def test_ordinary_posts_quote_nothing(documents: Documents) -> None:
    dice = random.Random(1)
    assert not any(list(documents.find(" ".join(dice.choices(WORDS, k=400)))) for _ in range(50))
