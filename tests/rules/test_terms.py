"""Words and phrases sought all at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.draft import Draft
from rules.folding import fold
from rules.terms import STEMMED, Terms


def found(terms: Terms, text: str) -> list[str]:
    return [span.of(text) for span in terms.spans(fold(text))]


@pytest.mark.parametrize(
    ("term", "text", "expected"),
    [
        ("parola", "Una parola, una PAROLA.", ["parola", "PAROLA"]),
        ("parola", "paroliere parolaio sparola", []),
        ("parola", "«parola» (parola) parola: parola/parola-parola", ["parola"] * 6),
        ("parola", "_parola_ e __parola__ e *parola*", ["parola"] * 3),  # as chats mark italics
        ("parola", "parola2 e 2parola", ["parola"]),  # only where letters turn into digits, as in covid19
        ("perché", "perche' PERCHÉ perche perchè", ["perche'", "PERCHÉ", "perche", "perchè"]),
        ("perche'", "perché no, PERCHE' no", ["perché", "PERCHE'"]),
        ("casa", "la 'casa' e l'unica casa", ["casa", "casa"]),  # a quotation mark, not an accent
        ("l'azienda", "L’azienda e l'azienda", ["L’azienda", "l'azienda"]),
        ("azienda", "dell'azienda", ["azienda"]),
        ("progetto aquila", "Il Progetto\n  Aquila parte", ["Progetto\n  Aquila"]),
        ("#adv", "Bello #adv e #advanced #ADV", ["#adv", "#ADV"]),
        ("c++", "Il C++ e il c", ["C++"]),
        ("no vax", "#NoVax e no-vax e no vax", ["NoVax", "no vax"]),
        ("idiota", "1d10ta, i d i o t a, idiooota", ["1d10ta", "i d i o t a", "idiooota"]),
        ("50%", "il 50% e il 150%", ["50%"]),
        ("a", "A b a", ["A", "a"]),
        ("🎉", "che 🎉🎉", ["🎉", "🎉"]),
    ],
)
def test_terms_are_found_as_whole_words_whatever_their_guise(term: str, text: str, expected: list[str]) -> None:
    assert found(Terms([term]), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("il direttore generale parla", ["direttore generale"]),  # inside a longer one: left out
        ("il direttore e il generale", ["direttore"]),
        ("generale di brigata", []),
        ("il direttore generale aggiunto", ["direttore generale", "generale aggiunto"]),  # neither inside the other
    ],
)
def test_of_terms_one_inside_the_other_the_longest_is_found(text: str, expected: list[str]) -> None:
    assert found(Terms(["direttore", "direttore generale", "generale aggiunto"]), text) == expected


def test_the_longest_is_found_also_where_different_readings_find_them() -> None:
    assert found(Terms(["cliente", "cliente difficile"], inflect=["it"]), "i clienti difficili") == [
        "clienti difficili"
    ]
    assert found(Terms(["vax", "no vax"]), "#NoVax") == ["NoVax"]


def test_each_place_is_found_once() -> None:
    assert found(Terms(["cliente", "clienti", "Cliente"], inflect=["it", "en"]), "il cliente") == ["cliente"]


def test_a_place_is_given_the_index_of_the_first_term_that_fits() -> None:
    terms = Terms(["b", "a", "A"])
    assert [index for _, index in terms.find(fold("a b"))] == [1, 0]


@pytest.mark.parametrize(
    ("language", "term", "text", "expected"),
    [
        ("it", "cliente", "Clienti e cliente, clientela", ["Clienti", "cliente"]),
        ("it", "licenziamento collettivo", "i licenziamenti collettivi", ["licenziamenti collettivi"]),
        ("it", "l'azienda", "con l'aziende", ["l'aziende"]),
        ("en", "layoff", "The layoffs", ["layoffs"]),
        ("en", "fire an employee", "firing an employees", ["firing an employees"]),
        ("de", "Kunde", "die Kunden", ["Kunden"]),
    ],
)
def test_endings_do_not_matter_where_asked(language: str, term: str, text: str, expected: list[str]) -> None:
    assert found(Terms([term], inflect=[language]), text) == expected
    assert found(Terms([term]), text) != expected


def test_stems_do_not_match_across_signs() -> None:
    assert found(Terms(["cliente felice"], inflect=["it"]), "Clienti. Felici noi") == []


def test_every_stemmer_offered_exists() -> None:
    for language in STEMMED:
        assert found(Terms(["x"], inflect=[language]), "x") == ["x"]


@pytest.mark.parametrize(
    ("term", "text", "expected"),
    [
        ("Aquila", "Aquila, aquila, AQUILA", ["Aquila"]),
        ("Progetto Aquila", "Progetto\nAquila e progetto Aquila", ["Progetto\nAquila"]),
        ("L’Aquila", "L'Aquila e L’Aquila e l'Aquila", ["L'Aquila", "L’Aquila"]),
        ("È", "È e' è", ["È"]),
    ],
)
def test_case_matters_where_asked(term: str, text: str, expected: list[str]) -> None:
    assert found(Terms([term], case_sensitive=True), text) == expected


@pytest.mark.parametrize("terms", [[], [""], ["\u200b"], [" "]])
def test_terms_that_say_nothing_find_nothing(terms: list[str]) -> None:
    assert found(Terms(terms), "qualcosa \u200b ") == []
    assert found(Terms(terms, inflect=["it"]), "qualcosa \u200b ") == []


@given(
    st.lists(st.text(st.characters(), max_size=8), max_size=8),
    st.from_type(Draft),
    st.booleans(),
    st.sampled_from([(), ("it",), ("it", "en")]),
)
def test_whatever_is_sought_is_found_inside_the_text_in_order_and_never_inside_another(
    terms: list[str], draft: Draft, case_sensitive: bool, inflect: tuple[str, ...]
) -> None:
    spans = list(Terms(terms, case_sensitive=case_sensitive, inflect=inflect).spans(fold(draft.text)))
    assert spans == sorted(spans)
    assert all(span.end <= len(draft.text) for span in spans)
    assert not any(one.covers(other) for one in spans for other in spans if one is not other)


@given(st.lists(st.from_regex(r"[a-z]{1,6}( [a-z]{1,6})?", fullmatch=True), min_size=1, max_size=6), st.data())
def test_a_term_that_stands_in_a_text_is_found(terms: list[str], data: st.DataObject) -> None:
    term = data.draw(st.sampled_from(terms))
    text = f"Ecco: {term.upper()}!"
    assert any(term.upper() in place or place in term.upper() for place in found(Terms(terms), text))


def test_a_list_of_100_000_terms_finds_its_last_one() -> None:
    terms = Terms([f"termine{number}" for number in range(100_000)])
    assert found(terms, "Ecco termine99999, e termine100000") == ["termine99999"]


def test_threads_share_terms() -> None:
    terms = Terms(["cliente difficile", "azienda", "licenziamento"], inflect=["it", "en"])
    texts = [f"{n} clienti difficili, {n} aziende e {n} licenziamenti" for n in range(200)]
    alone = [found(terms, text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: found(terms, text), texts)) == alone
    assert alone[0] == ["clienti difficili", "aziende", "licenziamenti"]
