"""Words and sentences."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.draft import Draft
from rules.segmenting import sentences, verbatim, words


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Ciao a tutti. Domani si parte! Venite?", ["Ciao a tutti.", "Domani si parte!", "Venite?"]),
        ("Prima riga\nseconda\r\n\r\nterza\u2028quarta", ["Prima riga", "seconda", "terza", "quarta"]),
        # abbreviations and titles
        ("Il Dott. Rossi e la Prof.ssa Neri. Poi noi.", ["Il Dott. Rossi e la Prof.ssa Neri.", "Poi noi."]),
        ("Chiedi all'avv. Bianchi o all'ing. Blu.", ["Chiedi all'avv. Bianchi o all'ing. Blu."]),
        ("Acme S.p.A. cresce. Bene.", ["Acme S.p.A. cresce.", "Bene."]),
        ("Lavoro in Acme S.p.A. Domani parto.", ["Lavoro in Acme S.p.A.", "Domani parto."]),
        ("Le norme (art. 5, n. 3, pag. 12) valgono. Ok.", ["Le norme (art. 5, n. 3, pag. 12) valgono.", "Ok."]),
        ("Mele, pere, ecc. e altro. Fine.", ["Mele, pere, ecc. e altro.", "Fine."]),
        ("Mele, pere, ecc. Domani altro.", ["Mele, pere, ecc.", "Domani altro."]),
        ("Ho detto di no. Domani vediamo.", ["Ho detto di no.", "Domani vediamo."]),
        ("Come on. Let's go.", ["Come on.", "Let's go."]),
        ("L'on. Rossi. Mr. Smith vs. Dr. Jones.", ["L'on. Rossi.", "Mr. Smith vs. Dr. Jones."]),
        ("Use a tool, e.g. this one, at 5 p.m. or so. Ok.", ["Use a tool, e.g. this one, at 5 p.m. or so.", "Ok."]),
        ("J. K. Rowling scrive. Sì.", ["J. K. Rowling scrive.", "Sì."]),
        # numbers, links, lists
        ("Cresciamo del 3.5% a 1.250 euro. Bene.", ["Cresciamo del 3.5% a 1.250 euro.", "Bene."]),
        ("Nel 2026. Poi basta.", ["Nel 2026.", "Poi basta."]),
        ("1. apri\n2. chiudi", ["1. apri", "2. chiudi"]),
        ("Vai su www.acme.it/a.b?c. Ciao.", ["Vai su www.acme.it/a.b?c.", "Ciao."]),
        # dots and quotes that go on
        ("Aspetta... poi vediamo. Ma… Sì.", ["Aspetta... poi vediamo.", "Ma…", "Sì."]),
        ("«Vieni!» disse. E poi.", ["«Vieni!» disse.", "E poi."]),
        ("Ha detto “basta.” Poi è uscito.", ["Ha detto “basta.”", "Poi è uscito."]),
        # emoji
        ("Che bello!🎉 Domani si parte 🎉", ["Che bello!🎉", "Domani si parte 🎉"]),
        ("Davvero?!👍🏽❤️ Sì!!!", ["Davvero?!👍🏽❤️", "Sì!!!"]),
        ("🎉 🎉", ["🎉 🎉"]),
        ("...", ["..."]),
        (" \n ", []),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_sees_them_end(text: str, cut: list[str]) -> None:
    assert [span.of(text) for span in sentences(text)] == cut


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("L'azienda è bella", ["L'azienda", "è", "bella"]),
        ("un po’ di smart-working", ["un", "po", "di", "smart-working"]),
        ("3.5 e covid19", ["3", "5", "e", "covid19"]),
        ("e\u0301lite 🎉 #tag @io", ["e\u0301lite", "tag", "io"]),
        ("'virgolette'", ["virgolette"]),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, cut: list[str]) -> None:
    assert [span.of(text) for span in words(text)] == cut


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Vai su https://acme.it/AAA e WWW.ACME.IT", ["https://acme.it/AAA", "WWW.ACME.IT"]),
        ("da acme.it/x o mario.rossi@acme.example.", ["acme.it/x", "mario.rossi@acme.example"]),
        ("con @Mario_1 e #SALDI2026!", ["@Mario_1", "#SALDI2026"]),
        ("Niente. Qui 3.5 S.p.A. # @", []),
    ],
)
def test_links_addresses_mentions_and_hashtags_are_verbatim(text: str, cut: list[str]) -> None:
    assert [span.of(text) for span in verbatim(text)] == cut


@given(st.from_type(Draft))
def test_pieces_are_in_order_apart_and_inside_the_text(draft: Draft) -> None:
    for pieces in (sentences(draft.text), words(draft.text), verbatim(draft.text)):
        assert all(span.end <= len(draft.text) for span in pieces)
        assert all(one.end <= other.start for one, other in pairwise(pieces))


@given(st.from_type(Draft))
def test_sentences_leave_out_nothing_but_white_space(draft: Draft) -> None:
    kept = "".join(span.of(draft.text) for span in sentences(draft.text))
    assert "".join(kept.split()) == "".join(draft.text.split())


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["!", "a", "a.", "a@", "#", "a-", "1. ", "A. ", ". ", "…x", "www.", "'", "\n "])
def test_no_text_of_the_longest_kind_stalls(piece: str) -> None:
    text = piece * (100_000 // len(piece)) + "x"
    for cut in (sentences, words, verbatim):
        cut(text)
