"""Words are folded alike for both databases, and nothing that is typed is a fault."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.audit.terms import LONGEST, MOST, Question, Term, for_postgres, for_sqlite, pieces_of, words_in

AWKWARD = st.text(
    st.one_of(
        st.characters(codec="utf-8"), st.sampled_from("\"*«»àÀßﬁİςΣ\u0301\u00ad\u200d\ue000😀(){}^:-+'\\\0 AN[]")
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("L’AZIENDA è bella: perché?", ["l", "azienda", "e", "bella", "perche"]),
        ("e-mail 12.5 a_b", ["e", "mail", "12", "5", "a", "b"]),
        ("pe\u0301rche\u0301 re\u00adgola ﬁne ＡＢＣ Straße", ["perche", "regola", "fine", "abc", "strasse"]),
        ("😀 [CODE] …", ["code"]),
        ("x" * 200, ["x" * LONGEST]),
    ],
)
def test_words_are_folded(text: str, words: list[str]) -> None:
    assert words_in(text) == words


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("due parole", [Term(("due",)), Term(("parole",))]),
        ('"due parole" tre', [Term(("due", "parole")), Term(("tre",))]),
        ("«due parole»", [Term(("due", "parole"))]),
        ('"mai chiusa', [Term(("mai", "chiusa"))]),
        ("azien*", [Term(("azien",), True)]),
        ("l'azien*", [Term(("l", "azien"), True)]),
        ('"la nostra azien"*', [Term(("la", "nostra", "azien"), True)]),
        ("a*", [Term(("a",))]),
        ("e-mail", [Term(("e", "mail"))]),
        ("sì sì si", [Term(("si",))]),
        ("NOT AND OR NEAR(a)", [Term(("not",)), Term(("and",)), Term(("or",)), Term(("near", "a"))]),
        ('"" * -- 😀', []),
    ],
)
def test_the_grammar(typed: str, terms: list[Term]) -> None:
    assert list(Question.of(typed).terms) == terms


def test_a_question_has_an_end() -> None:
    assert len(Question.of(" ".join(map(str, range(100)))).terms) == MOST


@given(AWKWARD, AWKWARD, AWKWARD)
def test_sqlite_finds_what_the_terms_say(typed: str, text: str, other: str) -> None:
    question = Question.of(typed)
    texts = [each for each in (text, other) if each.strip()]
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (body, tokenize = 'ascii', prefix = '2 3')")
        connection.execute("INSERT INTO words VALUES (?)", (for_sqlite(texts),))
        asked = "SELECT count(*) FROM words WHERE words MATCH ?"
        found = [connection.execute(asked, (question.for_sqlite(),)).fetchone()[0] == 1] if question.terms else []
    connection.close()
    stands = all(
        any(_stands(term, words_in(piece)) for each in texts for piece in pieces_of(each)) for term in question.terms
    )
    assert found == ([stands] if question.terms else [])


def _stands(term: Term, words: list[str]) -> bool:
    for at in range(len(words) - len(term.words) + 1):
        *whole, last = words[at : at + len(term.words)]
        if tuple(whole) == term.words[:-1]:
            fits = last.startswith(term.words[-1]) if term.is_beginning else last == term.words[-1]
            if fits:
                return True
    return False


@given(AWKWARD, AWKWARD)
def test_what_is_marked_is_what_was_asked_for(typed: str, text: str) -> None:
    question, before = Question.of(typed), 0
    for start, end in question.places(text):
        assert before <= start < end <= len(text)
        marked = words_in(text[start:end])
        assert any(term.begins(marked[at:]) for term in question.terms for at in range(len(marked)))
        before = end
    assert bool(question.places(text)) == any(
        _stands(term, words_in(piece)) for term in question.terms for piece in pieces_of(text)
    )


def test_a_place_is_where_the_reader_sees_it() -> None:
    text = "Perche\u0301 l’Azienda? PERCHÉ sì: la nostra azienda."
    places = Question.of('perche "nostra azien"*').places(text)
    assert [text[start:end] for start, end in places] == ["Perche\u0301", "PERCHÉ", "nostra azienda"]


def test_a_label_is_no_word_and_no_phrase_reaches_over_it() -> None:
    text = "IBAN [IBAN] di [HOME_ADDRESS] un home [nota] [Iban]"
    assert for_sqlite([text]).split() == ["iban", "\ue000", "di", "\ue000", "un", "home", "nota", "iban"]
    assert for_postgres([text]) == "'iban':1,8 'di':3 'un':5 'home':6 'nota':7"
    asked = Question.of('iban "di un" home')
    assert [text[start:end] for start, end in asked.places(text)] == ["IBAN", "home", "Iban"]


@given(st.lists(AWKWARD, max_size=3))
def test_postgres_is_given_words_and_places_and_nothing_else(texts: list[str]) -> None:
    for lexeme in for_postgres(texts).split():
        word, _, places = lexeme.partition("':")
        assert word[1:].isalnum()
        assert all(place.isdigit() for place in places.split(","))
