"""No word is shown that fewer than three different messages share, and none that may be a name."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.insights.telling import FEWEST, Message, Vocabulary, commonest, phrase, words_of

WORDS = st.sampled_from(
    ["pacco", "Pacco", "rotto", "Rossi", "rossi", "arrivato", "il", "è", "12345", "AB12", "del", "molto"]
)
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=12)
_WORD = re.compile(r"[^\W_]+")


def messages(texts: Sequence[str]) -> list[Message]:
    return [Message(number, "it", tuple(words_of(text))) for number, text in enumerate(texts)]


@settings(deadline=None)
@given(TEXTS, st.integers(0, 11))
def test_what_is_shown_others_wrote_too(texts: list[str], which: int) -> None:
    said = messages(texts)
    vocabulary = Vocabulary(said)
    name = vocabulary.name(said[: which + 1])
    shown = phrase(texts[which % len(texts)], name, vocabulary.shared) or ""
    for word in [*name, *_WORD.findall(shown)]:
        plain = word.lower()
        different = {message.words for message in said if plain in message.words}
        assert plain in commonest() or len(different) >= FEWEST
        assert not word.isdigit()


def test_a_name_that_is_a_common_word_is_left_out_inside_a_sentence() -> None:
    texts = ["una borsa rosa", "la maglia rosa", "vorrei il rosa"]
    vocabulary = Vocabulary(messages(texts))
    assert phrase("la borsa di Rosa è rosa", (), vocabulary.shared | {"borsa"}) == "la borsa di … è rosa"


def test_the_same_message_three_times_is_one() -> None:
    said = messages(["il signor brambilla non risponde"] * 3)
    vocabulary = Vocabulary(said)
    assert "brambilla" not in vocabulary.shared
    assert vocabulary.name(said) == ()


def test_labels_of_what_was_masked_stay_and_are_no_words() -> None:
    text = "il pacco per [IBAN] non è arrivato"
    assert "IBAN" not in words_of(text)
    assert phrase(text, (), frozenset({"pacco", "arrivato"})) == text


def test_a_phrase_of_which_too_little_is_left_is_not_shown() -> None:
    assert phrase("Brambilla Ernesto abita in via Garibaldi", (), frozenset()) is None
    assert phrase("", (), frozenset()) is None


def test_the_sentence_that_says_most_of_the_theme_is_shown() -> None:
    text = "Buongiorno a tutti voi. Il pacco non è arrivato! Grazie"
    assert phrase(text, ("pacco", "arrivato"), frozenset({"pacco", "arrivato"})) == "Il pacco non è arrivato!"


def test_a_long_sentence_ends_at_a_word() -> None:
    shown = phrase(" ".join(["pacco arrivato"] * 40), (), frozenset({"pacco", "arrivato"}))
    assert shown is not None
    assert len(shown) <= 162
    assert shown.endswith("pacco …") or shown.endswith("arrivato …")


def test_a_name_of_a_theme_tells_it_from_the_others() -> None:
    theme = [f"il pacco {number} non arriva" for number in ("uno", "due", "tre", "quattro")]
    others = [f"la fattura {number} non arriva" for number in ("uno", "due", "tre", "quattro")]
    said = messages(theme + others)
    assert Vocabulary(said).name(said[:4])[0] == "pacco"


def test_forms_of_a_word_are_one_word() -> None:
    said = messages(["una spedizione lenta", "la spedizione ferma", "la spedizione persa", "le spedizioni tutte",
                     "le spedizioni vostre", "solo spedizioni lente", "un tè", "due tè", "tre tè"])  # fmt: skip
    assert Vocabulary(said).name(said[:6]).count("spedizione") == 1
    assert "spedizioni" not in Vocabulary(said).name(said[:6])


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_commonest_words_are_in_lower_case_and_name_nobody(language: str) -> None:
    assert all(word == word.lower() and word.isalpha() for word in commonest())
    assert not {"marco", "rosa", "mark", "grace", "rossi", "smith"} & commonest()
