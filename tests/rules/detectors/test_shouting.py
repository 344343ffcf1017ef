"""Capitals, marks, emoji and stretched letters."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
QUIET: dict[str, Any] = {"capitals": None, "marks": None, "emoji": None, "stretched": False}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Italian and English shouts
        ("Oggi TUTTO GRATIS PER VOI!", ["TUTTO GRATIS PER VOI"]),
        ("È TUTTO VERISSIMO", ["È TUTTO VERISSIMO"]),
        ("PERCHÉ NESSUNO PARLA", ["PERCHÉ NESSUNO PARLA"]),
        ("NON CI CREDO PIÙ", ["NON CI CREDO PIÙ"]),  # four short words that nothing separates
        ("I LOVE THIS PLACE", ["I LOVE THIS PLACE"]),
        ("DON'T MISS OUT TODAY", ["DON'T MISS OUT TODAY"]),
        ("COMPRA 2 PRENDI 3 SUBITO", ["COMPRA 2 PRENDI 3 SUBITO"]),  # numbers do not interrupt
        ("SCONTI ORA. SUBITO TUTTI", ["SCONTI ORA. SUBITO TUTTI"]),
        # what may be in capitals
        ("VIENI SUBITO da noi", []),  # two words
        ("BELLISSIMO!", []),
        ("La NATO, l'ONU, l'UE e la FAO", []),
        ("UE, ONU, NATO, FAO, OMS", []),  # a list of acronyms
        ("Usiamo SAP ERP CRM ogni giorno", []),  # three acronyms
        ("Luigi XIV, Pio XII e Giovanni XXIII", []),
        ("È vero. E NATO? I PC.", []),
        ("#SALDI #BLACKFRIDAY #OFFERTE", []),
        ("@ACME @GRUPPO @ITALIANO", []),
        ("HTTPS://ACME.IT/PROMO-SALDI-ORA", []),
        ("1 2 3 4 5", []),
        ("漢字 漢字 漢字 漢字", []),
    ],
)
def test_words_in_capitals_are_found_where_they_shout(
    make_rule: Make, found: Make, text: str, expected: list[str]
) -> None:
    assert found(make_rule("shouting", **{**QUIET, "capitals": 2}), text) == expected


def test_names_in_capitals_may_be_kept(make_rule: Make, found: Make) -> None:
    rule = make_rule("shouting", **{**QUIET, "capitals": 2, "keep": ["ACME GRUPPO ITALIA"]})
    assert found(rule, "La ACME GRUPPO ITALIA cresce") == []
    assert found(rule, "La ACME GRUPPO ITALIA CRESCE OGNI GIORNO") == ["CRESCE OGNI GIORNO"]


def test_more_words_may_be_fine(make_rule: Make, found: Make) -> None:
    rule = make_rule("shouting", **{**QUIET, "capitals": 4})
    assert found(rule, "TUTTO GRATIS PER VOI") == []
    assert found(rule, "TUTTO GRATIS PER TUTTI VOI") == ["TUTTO GRATIS PER TUTTI VOI"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TUTTO GRATIS OGGI", ["Tutto gratis oggi"]),
        ("Oggi è TUTTO GRATIS QUI", ["tutto gratis qui"]),  # no capital inside a sentence
        ("SCONTI ORA. SUBITO DA NOI", ["Sconti ora. Subito da noi"]),
        ("È TUTTO VERISSIMO", ["È tutto verissimo"]),
    ],
)
def test_a_shout_is_offered_in_a_calm_voice(make_rule: Make, mended: Make, text: str, expected: list[str]) -> None:
    assert mended(make_rule("shouting", **{**QUIET, "capitals": 2}), text) == expected


@pytest.mark.parametrize(
    ("most", "text", "expected"),
    [
        (1, "Ciao! Come va? Bene.", []),
        (1, "Ciao!! Come va???", [("!!", "!"), ("???", "?")]),
        (1, "Davvero?! No!?", [("?!", "?"), ("!?", "?")]),
        (1, "Ciao! ! !", [("! ! !", "!")]),
        (1, "Ciao‼ Come⁉", [("‼", "!"), ("⁉", "?")]),
        (1, "Ciao！！ ❓❓", [("！！ ❓❓", "?")]),
        (3, "Ciao!!!", []),
        (3, "Ciao!!!!", [("!!!!", "!")]),
    ],
)
def test_marks_in_a_row_are_found(
    make_rule: Make, found: Make, mended: Make, most: int, text: str, expected: list[tuple[str, str]]
) -> None:
    rule = make_rule("shouting", **{**QUIET, "marks": most})
    assert list(zip(found(rule, text), mended(rule, text), strict=True)) == expected


@pytest.mark.parametrize(
    ("most", "text", "expected"),
    [
        (3, "🎉🎉🎉", []),
        (3, "🎉🎉🎉🎉 evviva", ["🎉🎉🎉🎉"]),
        (3, "🎉 🎉 🎉\n🎉", ["🎉 🎉 🎉\n🎉"]),
        (3, "🎉 a 🎉 b 🎉 c 🎉", []),
        (1, "👨‍👩‍👧‍👦", []),  # one family
        (1, "👍🏽", []),  # one thumb
        (1, "🇮🇹", []),  # one flag
        (1, "1️⃣", []),
        (1, "❤️❤", ["❤️❤"]),
        (1, "🇮🇹🇮🇹", ["🇮🇹🇮🇹"]),
        (1, "👨‍👩‍👧‍👦👍🏽", ["👨‍👩‍👧‍👦👍🏽"]),
        (0, "🎉 1 #2 *", ["🎉"]),
        (0, "Acme® ™ ©", []),
    ],
)
def test_floods_of_emoji_are_found(make_rule: Make, found: Make, most: int, text: str, expected: list[str]) -> None:
    assert found(make_rule("shouting", **{**QUIET, "emoji": most}), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nooo, bellissimooo! AAAAH", ["Nooo", "bellissimooo", "AAAAH"]),
        ("Noo, zoo, cooperazione", []),
        ("nOOo", ["nOOo"]),
        ("Pio XIII nel MMMCC a.C.", []),
        ("www.acme.it e https://acme.it/aaa e @maaaria e #gooool", []),
        ("1000000 e ...", []),
    ],
)
def test_stretched_letters_are_found(make_rule: Make, found: Make, text: str, expected: list[str]) -> None:
    assert found(make_rule("shouting", **{**QUIET, "stretched": True}), text) == expected


@pytest.mark.parametrize(
    ("languages", "text", "expected"),
    [
        (("it",), "Nooo graaazieee", ["No", "grazie"]),
        (("it",), "pazzzzesco", [None]),  # one z or two?
        (("en",), "freeee", [None]),
        (("it", "en"), "nooo", [None]),
    ],
)
def test_a_stretched_word_is_shortened_only_where_that_is_sure(
    make_rule: Make, mended: Make, languages: tuple[str, ...], text: str, expected: list[str | None]
) -> None:
    assert mended(make_rule("shouting", **{**QUIET, "stretched": True}), text, *languages) == expected


def test_each_part_can_be_left_out(make_rule: Make, found: Make) -> None:
    assert found(make_rule("shouting", **QUIET), "TUTTO GRATIS PER VOIIII!!! 🎉🎉🎉🎉") == []
    assert len(found(make_rule("shouting"), "TUTTO GRATIS PER VOIIII!!! 🎉🎉🎉🎉")) == 4
