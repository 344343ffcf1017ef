from __future__ import annotations

import pytest

from rules.folding import fold
from rules.identifiers import engine
from rules.identifiers.entities import LABELS, Entity


def found(text: str) -> list[tuple[Entity, str]]:
    """Each identifier that counts, and its words as they stand in `text`."""
    plain = fold(text).plain
    counting = engine.settled(engine.find_identifiers(plain.text), dict.fromkeys(Entity, engine.DEFAULT_THRESHOLD))
    return [(one.entity, plain.span(one.start, one.end).of(text)) for one in counting]


FLAGGED = {
    Entity.IT_HEALTH_CARD: (
        ("La tessera sanitaria è 80380001234567890123, la trovate in segreteria", "80380001234567890123"),
        ("health card 8038 0001 2345 6789 0123, thanks", "8038 0001 2345 6789 0123"),
    ),
    Entity.LICENSE_PLATE: (
        ("La Panda targata GA 123 BC blocca il cancello", "GA 123 BC"),
        ("whoever owns LX19 JUV, your lights are on", "LX19 JUV"),
        ("targa fb456cd, ultima chiamata", "fb456cd"),
        ("Texas plates KTR 4471 took my spot again", "KTR 4471"),
        ("thanks to the lad in WN66KLO", "WN66KLO"),
    ),
    Entity.DATE_OF_BIRTH: (
        ("Nato il 12/03/1980 a Bari, cerca casa", "12/03/1980"),
        ("born on March 4th, 1975 in Leeds", "March 4th, 1975"),
        ("data di nascita: 7 maggio 1991", "7 maggio 1991"),
        ("dob 04.11.1968 for the form", "04.11.1968"),
    ),
    Entity.ADDRESS: (
        ("Abita in via dei Gelsi 14, scala B, suonate forte", "via dei Gelsi 14, scala B"),
        ("He lives at 41 Tennyson Avenue, Scarborough YO12 7RB", "41 Tennyson Avenue, Scarborough YO12 7RB"),
        ("consegnate a casa sua, piazza Garibaldi 3", "piazza Garibaldi 3"),
    ),
    Entity.HEALTH: (
        ("Marta, la collega del turno, soffre di ansia", "soffre di"),
        ("Our porter was diagnosed with lupus", "diagnosed with"),
    ),
    Entity.UNION: (("La mia capoturno è delegata Rsu, lo sanno tutti", "delegata Rsu"),),
    Entity.RELIGION: (("Il nostro fornaio è testimone di Geova", "è testimone di Geova"),),
    Entity.SEXUAL_LIFE: (("my manager is on Grindr, she told us", "on Grindr"),),
    Entity.POLITICS: (("Our barista is a Trump supporter", "is a Trump supporter"),),
    Entity.ETHNICITY: (("La vicina di sopra è rom, e allora?", "è rom"),),
    Entity.CRIMINAL: (("Il nostro magazziniere è stato arrestato", "arrestato"),),
    Entity.EMAIL_ADDRESS: (
        ("Per iscriversi: giulia.bernardi82@gmail.com entro venerdì.", "giulia.bernardi82@gmail.com"),
        ("Drop a line to Tom+news@bright-well.co.uk, please.", "Tom+news@bright-well.co.uk"),
        ("Scrivete a mario.rossi [at] acme.it (senza spazi)", "mario.rossi [at] acme.it"),
        ("La mail è mario punto rossi chiocciola acme punto it", "mario punto rossi chiocciola acme punto it"),
        ("write to kate dot lund at proton dot me instead", "kate dot lund at proton dot me"),
        ("La trovi qui...anna@studio.local!", "anna@studio.local"),
        ("d'accordo con «luca.d'alba@posta.unipd.it»", "luca.d'alba@posta.unipd.it"),
    ),
    Entity.PHONE_NUMBER: (
        ("Chiamami al 3331234567 quando esci", "3331234567"),
        ("Call me on (415) 555-2671 tonight", "(415) 555-2671"),
        ("Il mio cellulare è 347/998.12.40, scrivimi", "347/998.12.40"),
        ("📞 02 66984521 per prenotare", "02 66984521"),
        ("text me on 07911 123456", "07911 123456"),
        ("Sono a Londra: +44 (0)20 7946 0958", "+44 (0)20 7946 0958"),
        ("prefisso (+39) 333 123 4567", "(+39) 333 123 4567"),
        ("0033 6 12 34 56 78 per chi è in Francia", "0033 6 12 34 56 78"),
        ("scrivici: https://wa.me/393331234567", "393331234567"),
        ("333 1234567, Mario idraulico", "333 1234567"),
        ("02 66984521 è il numero dello studio", "02 66984521"),
        ("Fisso o cell.3404512789, come vuoi", "3404512789"),
        ("Office: 212.736.5188", "212.736.5188"),
        ("Se il forno si ferma c'è Ernesto, 3485561209", "3485561209"),
        ("Shift swaps go through Declan, 07911123987", "07911123987"),
        ("il contatto è (366/1234567)", "366/1234567"),
        ("per l'ordine 99812 chiamare il cliente al 3404512789", "3404512789"),
    ),
    Entity.IBAN_CODE: (
        ("Bonifico su IT60 X054 2811 1010 0000 0123 456 entro lunedì", "IT60 X054 2811 1010 0000 0123 456"),
        ("Wire it to GB82 WEST 1234 5698 7654 32 by Monday", "GB82 WEST 1234 5698 7654 32"),
        ("iban it60x0542811101000000123456", "it60x0542811101000000123456"),
        ("conto ES91 2100 0418 4502 0005 1332 come sempre", "ES91 2100 0418 4502 0005 1332"),
        ("IT 60 X 05428 11101 000000123456", "IT 60 X 05428 11101 000000123456"),
        ("IBAN: IT-60-X-05428-11101-000000123456.", "IT-60-X-05428-11101-000000123456"),
    ),
    Entity.CREDIT_CARD: (
        ("Ho pagato con la carta 4111 1111 1111 1111 due volte", "4111 1111 1111 1111"),
        ("My card 5555-5555-5555-4444 was declined", "5555-5555-5555-4444"),
        ("Amex 3782 822463 10005", "3782 822463 10005"),
        ("numero 2223003122003222", "2223003122003222"),
        ("la maestro 6759 6498 2643 8453", "6759 6498 2643 8453"),
    ),
    Entity.IT_FISCAL_CODE: (
        ("Il suo codice fiscale è RSSMRA85T10A562S", "RSSMRA85T10A562S"),
        ("The tax code is rssmra85t10a562s, right?", "rssmra85t10a562s"),
        ("omocodia: RSSMRA85T10A56NH", "RSSMRA85T10A56NH"),
        ("cf RSS MRA 85T10 A562S", "RSS MRA 85T10 A562S"),
    ),
    Entity.IT_VAT_CODE: (
        ("Fattura a Studio Galli, P.IVA 00743110157", "00743110157"),
        ("VAT number: 00743110157", "00743110157"),
        ("IT00743110157 Rossi Impianti, Lecco", "IT00743110157"),
        ("partita iva IT 00743110157", "IT 00743110157"),
        ("Il codice fiscale dell'associazione è 00743110157", "00743110157"),
        ("Il nostro fornitore di ghiaia è 00743110157", "00743110157"),
        ("The Bologna supplier gave us 00743110157 on a napkin", "00743110157"),
    ),
    Entity.IT_IDENTITY_CARD: (
        ("La carta d'identità CA45217GK scade ad agosto", "CA45217GK"),
        ("My Italian identity card is AX 4471920", "AX 4471920"),
        ("documento: 4471920AX", "4471920AX"),
        ("Al check-in il signore ha lasciato AV4471902", "AV4471902"),
    ),
    Entity.PASSPORT: (
        ("Passaporto n. YB4419027 rinnovato", "YB4419027"),
        ("my passport is YA8810245", "YA8810245"),
        ("Il documento della guida, YB5520193, è pronto", "YB5520193"),
        ("passaporto francese: 21DK88123", "21DK88123"),
    ),
    Entity.DRIVER_LICENSE: (
        ("Patente U1B83K62ZA rilasciata a Torino", "U1B83K62ZA"),
        ("my driving licence RM7741029F expired", "RM7741029F"),
        ("L'autista nuovo ci ha mandato PD6620193T", "PD6620193T"),
        ("Her license number is F255-921-50-094-0, hire her", "F255-921-50-094-0"),
    ),
    Entity.IP_ADDRESS: (
        ("Il server risponde su 10.24.3.117, non ditelo", "10.24.3.117"),
        ("Traffic from 203.98.17.250 again", "203.98.17.250"),
        ("il mio ip è 5.39.7.12", "5.39.7.12"),
        ("IPv6 2a02:26f0:9d00:18b::2f9", "2a02:26f0:9d00:18b::2f9"),
    ),
    Entity.MAC_ADDRESS: (
        ("MAC della stampante: 3C:52:82:9A:1F:E4", "3C:52:82:9A:1F:E4"),
        ("The sticker says 0012.7f9a.3bc4", "0012.7f9a.3bc4"),
        ("mac address 10-20-30-40-50-60", "10-20-30-40-50-60"),
    ),
    Entity.CRYPTO: (
        ("Donazioni in bitcoin: 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("my wallet bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        ("ETH 0x742d35Cc6634C0532925a3b844Bc454e4438f44e", "0x742d35Cc6634C0532925a3b844Bc454e4438f44e"),
    ),
    Entity.US_SSN: (
        ("My SSN is 219-09-4876", "219-09-4876"),
        ("il suo social security number, 219 09 4876", "219 09 4876"),
    ),
    Entity.UK_NHS: (
        ("My NHS number is 943 476 5870", "943 476 5870"),
        ("il numero NHS del paziente: 9434765870", "9434765870"),
        ("the ward clerk read out 943 476 5870", "943 476 5870"),
    ),
    Entity.UK_NINO: (
        ("National insurance number JK472913D", "JK472913D"),
        ("il mio NINO è AB 12 34 56 C", "AB 12 34 56 C"),
        ("payslip for Gaz: JK472913D", "JK472913D"),
    ),
}

PASSED = [
    "Ci trovate in via Roma 12, il negozio apre alle nove",
    "Ho corso 42 metri in tre secondi",
    "Oggi parliamo di depressione e di lavoro, con una psicologa",
    "Sono in malattia da lunedì, torno presto",
    "Chi soffre di ansia può chiamarci",
    "I volontari seguono le persone con demenza",
    "La scuola è fondata il 12 marzo 1980",
    "Il concorso Giuseppe Verdi apre in corso Garibaldi",
    "Grazie a Mario Draghi per la visita, scrive la stampa",
    "Find us at 12 High Street, the shop with the blue door",
    "The film about Nelson Mandela is on tonight",
    "In via Giuseppe Rossi c'è il mercato",
    # tickets, orders, codes
    *("Il ticket 3401234567 è stato preso in carico.", "Your ticket 4155552671 has been escalated."),
    *("Ordine n. 329 8471105 in consegna", "Il numero del mio ordine è 3331234567", "order number 415-555-2671"),
    *("Numero pratica 0612345678", "Tracking 1Z999AA10123456784", "il tracking 4111111111111111 è fermo"),
    *("La tessera fedeltà 4539148803436467 è scaduta", "Chiama il servizio clienti con il codice 3404512789"),
    *(
        "Codice articolo 0045123987",
        "ORD-3331234567",
        "RMA_3331234567",
        "https://acme.example/p/3331234567?x=3331234567",
    ),
    *("Il suo numero cliente è 00743110157", "Protocollo AB1234567", "Serial CA45217GK is fine", "SKU 219-09-4876"),
    *("booking reference AB123456C", "Reference 943 476 5870 is yours", "Il pacco 4539148803 è in giacenza"),
    *("Software license 20419385 expires in May", "Order number M260-413-78-542-0 ships today"),
    *("Il lotto 12345670785 è in consegna", "Il libretto della lavatrice modello AX1938475 è online"),
    *("Il volo AZ1234567 è un refuso", "Serial AB123456C is on the bottom of the kettle"),
    *("The tag says 100 COTTON and nothing else", "plates: 24 dinner, 12 side"),
    # bare numbers
    *(
        "Ho 3331234567 motivi per amarti",
        "Totale 0212345678 firme",
        "00743110157",
        "219094876",
        "9434765870",
        "AX1234567",
    ),
    # prices, percentages, quantities
    *(
        "Fatturato: 1.234.567.890 euro",
        "€ 3401234567",
        "USD 3401234567",
        "340.123.456 euro",
        "3401234567€",
        "1 234 567 890",
    ),
    *(
        "Crescita del 23,45%",
        "+39% in un anno",
        "340 1234567 visualizzazioni",
        "3471128890 steps today",
        "Rata 120,00 x 24",
    ),
    # dates, times, years, coordinates
    *("Ci vediamo il 12-03-26", "dal 01-02-2026 al 03-04-2026", "Orario: 08.30-12.30", "2019-2024", "2026-03-12"),
    *("Lat 45.464211, 9.191383", "51.507351, -0.127758", "il 10 05 2026 alle 10.30"),
    # versions and paragraphs
    *("La versione 2.14.3.108 corregge tutto", "v1.2.3.4", "Firmware v10.0.12.200", "release 4.18.0.77", "1.2.3.4"),
    *("Capitolo 3.4.1.2 del regolamento", "iOS 17.4.1.2", "Chrome 120.0.6099.129", "ping 127.0.0.1", "DNS 8.8.8.8"),
    # books, products, tags
    *(
        "ISBN 978-88-04-71234-5",
        "ISBN 8804712345",
        "EAN 8001234567893",
        "EAN 4006381333931",
        "#3331234567",
        "@3331234567",
    ),
    # wrong check digits
    *("codice fiscale RSSMRA85T10A562X", "IBAN IT61X0542811101000000123456", "carta 4111 1111 1111 1112"),
    *(
        "P.IVA IT00743110158",
        "NHS 943 476 5871",
        "bitcoin 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "carta 0000000000000000",
    ),
    # nobody's numbers
    *("Numero verde 800 900 313", "Freephone 0800 123 4567", "Chiamate il 112", "SMS al 45580", "tel. 899 123456"),
    # what only looks like an address
    *(
        "logo@2x.png",
        "@mario@mastodon.social",
        "git@github.com:acme/vaglio.git",
        "mario@acme",
        "meet me at the dot com",
    ),
    *("Ci vediamo @ acme.it", "std::vector e a::b::c", "il 10-20-30-40-50-60 è un allenamento", "12:30:45:10:22:33"),
    *(
        "commit 3f2a9c1d4e5b6a7f8091a2b3c4d5e6f708192a3b",
        "123e4567-e89b-12d3-a456-426614174000",
        "lotto 10 20 30 40 50 60",
    ),
]


@pytest.mark.parametrize(
    ("entity", "text", "words"), [(entity, text, words) for entity, pairs in FLAGGED.items() for text, words in pairs]
)
def test_flagged(entity: Entity, text: str, words: str) -> None:
    assert found(text) == [(entity, words)]


def test_every_entity_is_tried() -> None:
    assert set(FLAGGED) == set(Entity) - {Entity.PERSON}  # names: test_people.py


@pytest.mark.parametrize("text", PASSED)
def test_passed(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ma\u200brio@ac\u200bme.it", "ma\u200brio@ac\u200bme.it"),
        ("ｍａｒｉｏ＠ａｃｍｅ．ｉｔ", "ｍａｒｉｏ＠ａｃｍｅ．ｉｔ"),
        ("tel ３３３１２３４５６７", "３３３１２３４５６７"),
        ("carta 4111\u00a01111\u20091111\u00ad 1111", "4111\u00a01111\u20091111\u00ad 1111"),
        ("conto IT60\u00a0X054\u00a02811\u00a01010\u00a00000\u00a00123\u00a0456", None),
        ("+39\u202f333\u202f1234567", "+39\u202f333\u202f1234567"),
        ("cf RSSMRА85T10A562S", "RSSMRА85T10A562S"),
        ("chiama 333\u20111234567", "333\u20111234567"),
    ],
)
def test_disguises_that_folding_undoes(text: str, words: str | None) -> None:
    assert [place for _, place in found(text)] == [words or text.partition(" ")[2]]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("carta 4111 1111 1111 1111", "CARD"),
        ("conto e telefono IT60X0542811101000000123456", "IBAN"),
        ("telefono e P.IVA 00743110157", "VAT"),
        ("chiama 02 1234567 o P.IVA IT00743110157", "PHONE VAT"),
        ("passaporto, non carta d'identità: passaporto YB4419027", "ID_DOCUMENT"),
    ],
)
def test_where_two_overlap_the_stricter_one_is_meant(text: str, label: str) -> None:
    assert " ".join(LABELS[entity] for entity, _ in found(text)) == label
