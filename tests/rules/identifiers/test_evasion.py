"""What people do so that a machine does not see an identifier: each is seen through, or is named as missed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rules.detectors.base import Subject
from rules.detectors.personal_data import PersonalData
from rules.draft import Draft
from rules.folding import fold
from rules.identifiers.entities import IN_WORDS, Entity

CASES: tuple[tuple[str, str, str], ...] = (
    ("EMAIL_ADDRESS", "zero-width space", "scrivi a mario\u200b.rossi@acme\u200b.it"),
    ("EMAIL_ADDRESS", "fullwidth", "scrivi a ｍａｒｉｏ＠ａｃｍｅ．ｉｔ"),
    ("EMAIL_ADDRESS", "spelled out, Italian", "mario punto rossi chiocciola acme punto it"),
    ("EMAIL_ADDRESS", "spelled out, English", "jane dot miller at example dot com"),
    ("EMAIL_ADDRESS", "brackets", "mario.rossi [at] acme [dot] it"),
    ("EMAIL_ADDRESS", "round brackets", "mario.rossi(at)acme(dot)it"),
    ("EMAIL_ADDRESS", "curly brackets", "mario.rossi{at}acme{dot}it"),
    ("EMAIL_ADDRESS", "one letter in brackets", "gtclub.rsvp (a) gmail . com"),
    ("EMAIL_ADDRESS", "guillemets", "zeno_77 «at» protonmail «dot» com"),
    ("EMAIL_ADDRESS", "dashes", "moscato -at- gmail -dot- com"),
    ("EMAIL_ADDRESS", "spaces around the signs", "scrivi a mario.rossi @ acme . it"),
    ("EMAIL_ADDRESS", "underscore in words", "mario underscore rossi chiocciola acme punto it"),
    ("EMAIL_ADDRESS", "over two lines", "scrivi a mario.rossi@\nacme.it"),
    ("EMAIL_ADDRESS", "homoglyphs", "scrivi a mаriо.rоssi@acme.it"),
    ("CREDIT_CARD", "no-break spaces", "carta 4111\u00a01111\u00a01111\u00a01111"),
    ("CREDIT_CARD", "thin spaces", "carta 4111\u20091111\u20091111\u20091111"),
    ("CREDIT_CARD", "dots", "carta 4111.1111.1111.1111"),
    ("CREDIT_CARD", "soft hyphens", "carta 4111\u00ad1111\u00ad1111\u00ad1111"),
    ("CREDIT_CARD", "fullwidth digits", "carta ４１１１１１１１１１１１１１１１"),
    ("CREDIT_CARD", "letters O for 0", "carta 4OO0 0O00 00OO 0OO2"),
    ("CREDIT_CARD", "digit by digit", "la carta: 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
    ("CREDIT_CARD", "asterisks", "carta 4111*1111*1111*1111"),
    ("CREDIT_CARD", "over two lines", "la carta 4111 1111\n1111 1111"),
    ("CREDIT_CARD", "slashes", "amex 3782/822463/10005"),
    ("IBAN_CODE", "spaced in fours", "IT60 X054 2811 1010 0000 0123 456"),
    ("IBAN_CODE", "no-break spaces", "IT60\u00a0X0542811101\u00a0000000123456"),
    ("IBAN_CODE", "dots", "IT60.X054.2811.1010.0000.0123.456"),
    ("IBAN_CODE", "letters O for 0", "IT6O X054 2811 1O1O OOOO O123 456"),
    ("IBAN_CODE", "letter by letter", "I T 6 0 X 0 5 4 2 8 1 1 1 0 1 0 0 0 0 0 0 1 2 3 4 5 6"),
    ("IBAN_CODE", "over two lines", "IT60X0542811101\n000000123456"),
    ("IBAN_CODE", "lower case", "it60x0542811101000000123456"),
    ("IT_FISCAL_CODE", "spaced", "RSS MRA 85T10 A562S"),
    ("IT_FISCAL_CODE", "letter by letter", "R S S M R A 8 5 T 1 0 A 5 6 2 S"),
    ("IT_FISCAL_CODE", "Cyrillic letters", "RЅЅMRА85T10A562S"),
    ("IT_FISCAL_CODE", "letters I and O for digits", "RSSMRA85TIOA562S"),
    ("IT_FISCAL_CODE", "over two lines", "RSSMRA85\nT10A562S"),
    ("IT_FISCAL_CODE", "omocodia", "RSSMRA85T10A56NH"),
    ("PHONE_NUMBER", "digits in words, Italian", "chiamami al tre quattro sette uno due tre quattro cinque sei sette"),
    (
        "PHONE_NUMBER",
        "digits in words, English",
        "call me: oh seven seven double zero nine double zero four five six",
    ),
    ("PHONE_NUMBER", "words and digits mixed", "chiamami: tre quattro sette, 12 34 567"),
    ("PHONE_NUMBER", "letters O for 0", "telefono O2 6698 4521"),
    ("PHONE_NUMBER", "stars", "tel 347*123*4567"),
    ("PHONE_NUMBER", "keycap emoji", "tel 3️⃣4️⃣7️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣"),
    ("PHONE_NUMBER", "zero-width spaces", "tel 347\u200b123\u200b4567"),
    ("PHONE_NUMBER", "over two lines", "tel 347\n1234567"),
    ("PHONE_NUMBER", "dots and dashes", "tel. 3-4-7.1-2-3.4-5-6-7"),
    ("IP_ADDRESS", "defanged", "il server è 10[.]24[.]3[.]117"),
    ("IP_ADDRESS", "dots in words", "server 151 punto 193 punto 150 punto 195"),
    ("MAC_ADDRESS", "spaces", "MAC della stampante 00 1A 2B 3C 4D 5E"),
    ("IT_VAT_CODE", "digit by digit", "partita iva 1 2 3 4 5 6 7 0 7 8 5"),
    ("US_SSN", "dots", "my social is 536.22.8145"),
    ("CREDIT_CARD", "roman numerals", "carta IV MCXI MCXI MCXI MCXI"),
    ("PHONE_NUMBER", "hundreds in words", "chiamami al trecentoquarantasette 123 4567"),
    ("PHONE_NUMBER", "a person instead of a word for it", "le chiavi a Manuela: tre tre nove, quarantacinque, 11, 802"),
    ("EMAIL_ADDRESS", "dashes in words", "paul dash henri dot marchand at lac underscore bleu dot fr"),
    ("CREDIT_CARD", "tens in words", "carta: quarantuno undici, undici undici, undici undici, undici undici"),
    ("IBAN_CODE", "words and slashes", "GB eighty-two WEST / 1234 5698 / 7654 32"),
    ("IT_FISCAL_CODE", "Italian spelling alphabet", "Roma Savona Savona, Milano Roma Ancona, 85, T, 10, A 562 S"),
    ("IT_FISCAL_CODE", "slashes", "RSS / MRA / 85T10 / A562S"),
    ("LICENSE_PLATE", "NATO alphabet", "alpha bravo five one, sierra mike romeo is the car on the ramp"),
    ("LICENSE_PLATE", "a dash after each sign", "la Golf di Piero, F B - 3 3 1 - K R"),
    ("UK_NINO", "J for Juliet", "J for Juliet, K for Kilo, forty-seven, twenty-nine, thirteen, D for Delta"),
    ("US_SSN", "digits in words", "two one nine, oh nine, four eight seven six is the new hire's social"),
    ("DRIVER_LICENSE", "in chunks", "licence in chunks: MORGA 753116 SM9IJ"),
    ("PASSPORT", "slashes", "Y B / 4 4 1 / 9 0 2 7 è quello di Luca"),
    ("CRYPTO", "in two pieces", "la quota qui: 1A1zP1eP5QGefi2 DMPTfTL5SLmv7DivfNa"),
    ("MAC_ADDRESS", "a sign in words", "the camera's address is 3c 52 dash 82 9f dash 1a b7"),
    ("IP_ADDRESS", "in words", "il database è su dieci punto quaranta punto due punto centodue"),
    ("IP_ADDRESS", "digit by digit", "the server is one nine two dot one six eight dot four dot twenty"),
    ("DATE_OF_BIRTH", "in Italian words", "il nostro Ugo è del tre marzo millenovecentosessantadue"),
    ("DATE_OF_BIRTH", "in English words", "Her date of birth is the ninth of June nineteen eighty-four"),
)
MISSED = {"roman numerals"}
"""Known, and left: what would see them sees them everywhere."""


@pytest.fixture(scope="module")
def seen() -> Callable[[str], list[str]]:
    wanted = [str(entity) for entity in Entity if entity not in IN_WORDS]
    fields = {"id": "test.one", "severity": "warn", "clause": "1", "message": "x", "detector": "personal_data"}
    rule = PersonalData.model_validate({**fields, "entities": wanted, "examples": {"flag": ["x"], "allow": ["y"]}})

    def find(text: str) -> list[str]:
        subject = Subject(Draft(text=text), fold(text), ("it", "en"))
        return [str(entity) for entity, _ in rule.identified(subject)]

    return find


@pytest.mark.parametrize(("entity", "how", "text"), CASES, ids=[f"{entity}: {how}" for entity, how, _ in CASES])
def test_it_is_seen_through(seen: Callable[[str], list[str]], entity: str, how: str, text: str) -> None:
    assert (entity in seen(text)) is (how not in MISSED)


def test_nine_in_ten_are_seen() -> None:
    assert len(CASES) >= 40
    assert len(MISSED) <= len(CASES) / 10


@pytest.mark.parametrize(
    "text",
    [
        "Perché no? Così è più bello: città, caffè, però.",
        "Viva l'Italia 🇮🇹 e la famiglia 👨\u200d👩\u200d👧\u200d👦, 1️⃣ passo alla volta",
        "Γνῶθι σεαυτόν: conosci te stesso",
        "سلام عليكم significa pace a voi",
        "Привет da Mosca, 北京 e שלום da Tel Aviv",
        "Naïve café, façade, Zoë and Brontë",
        "Uno due tre stella! Quattro amici al bar.",
        "One two three four, tell me that you love me more",
        "Roma Milano Napoli Torino: quattro tappe, due treni, un panino",
        "Alpha and Bravo teams met at Charlie's for golf, then tango",
        "Two hundred and six guests, nineteen eighty-four on the jukebox",
        "SKU 12 34 56 ab cd ef is out of stock",
        "Il modello C-A-5-1-9-3-8-K-L è fuori catalogo",
        "Our Belper shop is in DE56 1GD",
        "Sala O2 di Londra, metro M1, uscita A4",
        "√2 ≈ 1,414 e π ≈ 3,14159",
    ],
)
def test_honest_text_is_left_alone(seen: Callable[[str], list[str]], text: str) -> None:
    assert seen(text) == []
