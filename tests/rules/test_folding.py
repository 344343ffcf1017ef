"""The text as a reader reads it."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.draft import Draft
from rules.folding import Folded, Reading, fold, fold_term


def readings(folded: Folded) -> list[Reading]:
    return [folded.plain, folded.cased, *folded.keys]


def keys(text: str) -> list[str]:
    return [reading.text for reading in fold(text).keys]


@given(st.text(string.printable.replace("\r", "").replace("\x0b", "").replace("\x0c", ""), max_size=200))
def test_plain_ascii_reads_as_it_is_written(text: str) -> None:
    assert fold(text).plain.text == text


@given(st.from_type(Draft))
@example(Draft(text="a" + "\u0301" * 10_000))
@example(Draft(text="👨\u200d" * 3_000))
@example(Draft(text="\u0d4e" * 50 + "idiota"))
def test_every_folded_character_knows_where_it_stands_in_the_original(draft: Draft) -> None:
    for reading in readings(fold(draft.text)):
        assert len(reading.text) == len(reading.starts) == len(reading.ends)
        assert all(0 <= start < end <= len(draft.text) for start, end in zip(reading.starts, reading.ends, strict=True))
        assert list(reading.starts) == sorted(reading.starts)
        assert list(reading.ends) == sorted(reading.ends)
        for at in range(min(len(reading.text), 50)):
            span = reading.span(at, len(reading.text))
            assert 0 <= span.start < span.end <= len(draft.text)


@given(st.text(st.characters(), max_size=60))
def test_no_text_at_all_makes_folding_fail(text: str) -> None:
    folded = fold(text)
    fold_term(text)
    assert not any("\ud800" <= c <= "\udfff" for reading in readings(folded) for c in reading.text)


@given(st.text(st.characters(), max_size=40))
def test_a_term_is_folded_as_a_text_is(term: str) -> None:
    assert fold_term(term) == fold(term).keys[0].text.strip()
    assert fold_term(term, case_sensitive=True) == fold(term).cased.text.strip()


@given(st.text(st.characters(), max_size=40))
def test_keys_hold_neither_capitals_nor_double_spaces_in_latin(text: str) -> None:
    for key in keys(text):
        assert not set(key) & set(string.ascii_uppercase)
        assert "  " not in key


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("id\u200bi\u00adot\ufeffa", "idiota"),
        ("idi\u3164o\u115fta", "idiota"),  # fillers
        ("\u202eidiota\u202c", "idiota"),
        ("i\u0336d\u0336i\u0336o\u0336t\u0336a\u0336", "idiota"),  # struck through
        ("ｉｄｉｏｔａ", "idiota"),
        ("𝓲𝓭𝓲𝓸𝓽𝓪", "idiota"),
        ("🅸🅳🅸🅾🆃🅰", "IDIOTA"),
        ("idi\u20e3ota", "idiota"),
        ("раураl", "paypal"),  # Cyrillic, and one Latin letter
        ("Sono un іdіоtа", "Sono un idiota"),
        ("сосо", "coco"),  # all of look-alikes
        ("ᴀᴄᴍᴇ ꜱᴘᴀ", "acme spa"),
        ("L’azienda «Acme» – 3½", 'L\'azienda "Acme" - 31/2'),
        ("perche´", "perche'"),
        ("Aspetta…", "Aspetta..."),
        ("a\r\nb\rc", "a\nb\rc"),
        ("uno\x0bdue\u2028tre", "uno\x0bdue\u2028tre"),
        ("uno\u00a0due\u2800tre", "uno due tre"),
        ("ciao\x00mondo\x07", "ciaomondo"),
        ("e\u0301 è", "é è"),
        ("🇮🇹", "🇮🇹"),
    ],
)
def test_disguises_of_single_characters_are_undone_in_every_reading(written: str, read: str) -> None:
    assert fold(written).plain.text == read


@pytest.mark.parametrize(
    "honest",
    [
        "Москва слезам не верит",
        "Москва: сосо",  # beside an honest word, look-alikes are honest too
        "Ο Παρθενώνας και η Ακρόπολη",
        "漢字 かな 한국어 ไทย עברית العربية",
    ],
)
def test_honest_words_of_other_scripts_are_left_alone(honest: str) -> None:
    assert fold(honest).plain.text == honest


def test_an_honest_word_of_a_script_without_look_alikes_shields_no_disguise() -> None:
    assert fold("漢字 сосо").plain.text == "漢字 coco"


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("Sei un 1d10ta", "sei un idiota"),
        ("Sei un !d|ot@", "sei un idiota"),
        ("Sei un 1d10ta!!!", "sei un idiota!!!"),
        ("Sei un i d i o t a", "sei un idiota"),
        ("Sei un i.d.i.o.t.a", "sei un idiota"),
        ("Sei un i-d-i-o-t-a!", "sei un idiota!"),
        ("Idiooooota", "idiota"),
        ("Paazzzzo", "paazzo"),  # a double consonant stays one
        ("IDIOoota", "idiota"),
        ("#NoVaxOra", "# no vax ora"),
        ("#COVIDFree", "# covid free"),
        ("covid19", "covid 19"),
        ("snake_case", "snake case"),
        ("@AcmeItalia", "@ acme italia"),
    ],
)
def test_disguises_of_words_are_undone_in_a_reading_of_their_own(text: str, reading: str) -> None:
    assert reading in keys(text)
    assert keys(text)[0] != reading


@pytest.mark.parametrize("text", ["Ciao a tutti", "Nel 2026 siamo 1.250", "Costa 10 € al kg", "È un po' tardi"])
def test_an_ordinary_text_has_one_reading(text: str) -> None:
    assert len(keys(text)) == 1


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Perché", "perche"),
        ("perche' no", "perche no"),
        ("perche` no", "perche no"),
        ("L`azienda", "l'azienda"),
        ("l'azienda", "l'azienda"),
        ("ÜBER Straße", "uber straße"),
        ("İstanbul", "istanbul"),
        (" due   spazi\n\ne righe ", " due spazi e righe "),
    ],
)
def test_keys_are_small_letters_without_accents_and_with_single_spaces(text: str, key: str) -> None:
    assert keys(text)[0] == key


def test_the_cased_reading_keeps_capitals_and_accents() -> None:
    assert fold("Il  Progetto\nÈ").cased.text == "Il Progetto È"


@pytest.mark.parametrize(
    ("text", "word", "original"),
    [
        ("sei i d i o t a!", "idiota", "i d i o t a"),
        ("sei 1d10ta!", "idiota", "1d10ta"),
        ("un idiooooota!", "idiota", "idiooooota"),
        ("#NoVaxOra", "vax", "Vax"),
        ("id\u200biota!", "idiota", "id\u200biota"),
        ("🎉 e\u0301lite", "elite", "e\u0301lite"),
        ("la ﬁne", "fine", "ﬁne"),
    ],
)
def test_a_word_is_found_back_where_it_was_written(text: str, word: str, original: str) -> None:
    places = {r.span(at, at + len(word)).of(text) for r in fold(text).keys if (at := r.text.find(word)) >= 0}
    assert original in places


def test_a_letter_is_not_hidden_behind_others_of_its_grapheme() -> None:
    assert "idiota" in fold("\u0d4e" * 9 + "idiota").plain.text


def test_stacked_marks_are_decoration() -> None:
    assert fold("i\u0301\u0302\u0303\u0304\u0305\u0306diota").keys[0].text == "idiota"
    assert len(fold("क" + "\u0301" * 10_000).plain.text) < 10
