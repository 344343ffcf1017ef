"""Dates that are somebody's birthday, and those that are another day's."""

from __future__ import annotations

import pytest

from rules.identifiers.births import births_in

FLAGGED = [
    "Il nuovo magazziniere, Bogdan (3 aprile 1992), comincia domani",
    "La mia capa compie sessant'anni il 4 febbraio, che le regaliamo?",
    "Auguri al nostro Ettore che il 9 agosto fa 50 anni!",
    "La vicina del primo piano è del 3 marzo '41 e porta ancora la spesa da sola",
    "Documento alla mano: la signora Wanda è classe di ferro, 07/08/1939",
    "Sul suo curriculum c'è scritto 19/06/1990 ma ne dimostra venti",
    "Dal modulo di iscrizione: Bonetti Kevin, M, 14-03-2011, allergia alle noci",
    "Il passaporto della direttrice dice 22 nov. 1964, lei dice 1974",
    "Venuto al mondo il 2/2/1982, il nostro Gigi è acquario fino al midollo",
    "Benvenuto piccolo Tommaso, arrivato il 5 ottobre 2025, tre chili e due",
    "Trentacinque candeline il 18 maggio per Ilaria, la nostra grafica",
    "La segretaria ha lasciato sulla stampante la fotocopia: Marchetti Paola, 30/01/1977",
    "il più anziano del reparto? Osvaldo, 11 settembre 1958",
    "Scheda paziente rimasta sullo schermo: Galli Enzo, 04.04.1951",
    "Segno zodiacale del capo? Leone, infatti è del 10 agosto 1969",
    "Il postino festeggia quarant'anni il 22 marzo e noi portiamo i pasticcini",
    "mio cognato, 16/07/1985, cerca lavoro come saldatore",
    "Il tecnico della caldaia risulta nato nel registro il 01.12.1973",
    "Che dite, per i 18 anni di Giulia (14 giugno) facciamo la torta?",
    "La contabile, 5 maggio 1980 come me, oggi offre il caffè",
    "Katarzyna, la badante della nonna, 27/09/1975, cerca una stanza",
    "New receptionist Zainab (14 March 1998) starts Monday",
    "Our plumber Gareth, 02/06/1971, swears he's thirty",
    "Big birthday for Sheila in accounts: 60 on Saturday the 8th of June",
    "Deirdre turns fifty on 12 November and nobody is to mention it",
    "It says 11 Sept 1983 on the new chef's CV",
    "Passport copy of the tour guide left on the scanner: Hoang, Linh, 04/05/1990",
    "My boss is 50 on March 9, card's going round",
    "Record on screen at the front desk: Bailey, Trevor, M, 12/12/1949",
    "the night porter was born on Boxing Day 1961, poor soul",
    "The lad from the garage, 23.07.2001 on his licence, wanted a beer",
    "Baby Olive arrived on 4 November 2025, 7lb 2oz, mum's our buyer",
    "Ask Ravi from the bakery for his star sign, he's the 3rd of May 1986",
    "That ID she showed at the door? 5/11/2007. Nice try, Kayleigh.",
    "The oldest volunteer is Edith, 17 August 1931, and she runs the tombola",
    "Our driver's birthday: 1988-02-29, so he's nine",
    "Membership form for Hamza: 13 Oct 1995, size medium, goalkeeper",
    "The vet's receptionist will be 21 on 5 April, doughnuts please",
    "Rosalind hits the big 40 on January 30th, hide the gin",
    "Who wrote 06/21/1979 next to Marcy's name on the whiteboard? HR, was that you?",
    "her wristband said DOB 19 Jun 1944 so I called her ma'am",
]

PASSED = [
    "La nostra sede di Treviso ha aperto il 4 aprile 1987, e il primo cliente voleva un francobollo.",
    "Il 6 maggio 1976 il Friuli tremò. Noi eravamo qui, e siamo ancora qui.",
    "Marco Rossi guiderà la visita: la chiesa fu consacrata il 12 ottobre 1932.",
    "Ritrovata in archivio una lettera di nonno Ernesto datata 3 giugno 1944.",
    "Dal 01/09/2009 al 30/06/2010 Lucia ha lavorato con noi, e oggi torna!",
    "Il signor Carlo viene da noi dal 14/02/1998, sempre lo stesso tavolo.",
    "Vecchia foto del 25 dicembre 1978: il direttore con la barba.",
    "Riunione dei soci il 12/04/2025, ore 18, relatore Giovanni.",
    "Maria, la riunione è il 12 marzo 2026, porta i verbali.",
    "Il contratto di Paolo scade il 31/12/2025, ricordatelo all'ufficio personale.",
    "Certificato ISO rilasciato il 22.05.2013, lo trovate appeso dietro la cassa di Marta.",
    "Il nostro museo compie 40 anni il 3 ottobre: ingresso gratis per tutti.",
    "L'azienda spegne 50 candeline il 12 novembre e il direttore offre da bere.",
    "Buon compleanno Vasco Rossi, nato il 7 febbraio 1952!",
    "Si sono sposati il 20 giugno 1971 nella nostra sala, e ieri Ada e Renzo sono tornati a cena.",
    "Treno storico: la locomotiva fu costruita il 9 marzo 1931 e la guida ancora Mario.",
    "Il 2 giugno 1946 votarono anche le donne: mia nonna ci andò col vestito della festa.",
    "La collega Anna ha preso servizio il 1 settembre 1995 e va in pensione venerdì.",
    "Serie A, 17 giugno 2001: il nostro magazziniere era in curva.",
    "Legge 8 marzo 2000, n. 53: ne parla l'avvocata Bianchi giovedì.",
    "Ultimo aggiornamento 14/05/2024 a cura di Stefano.",
    "Il 15 luglio 1998 Davide entrò in officina per cambiare una gomma e non è più uscito.",
    "Ciao Luca, ci vediamo il 15 maggio allo stand 12.",
    "Sara compie un mese di lavoro il 4 giugno.",
    "Torino, 12 maggio 1983: la prima insegna luminosa di via Po era nostra.",
    "Lotto 4471, imbottigliato il 3/10/2012, firmato dal cantiniere Piero.",
    "Our first shop opened on 12 May 1983 and Doreen still has the key.",
    "Photo taken 4 July 1976, that's my grandad on the left with the trombone.",
    "Karen joined us on 3 March 1999 and she's never had a sick day.",
    "The lifeboat was launched on 22/08/1967 and coxswain Tom still polishes the bell.",
    "Happy birthday to Paul McCartney, born 18 June 1942, from the whole record counter.",
    "On 20 July 1969 my mum watched the moon landing in the window of our shop.",
    "Sarah, the meeting's moved to 14/05/2025, same room.",
    "Our pub turns 100 on 3 March, bring a balloon.",
    "We turn 25 on 14 June and there's cake for the first hundred customers.",
    "The bridge by the mill was finished on 9 Oct 1931, says Neville from the archive.",
    "Ticket prices are held until 31 December 2025, says Mike in the box office.",
    "The Act came in on 1 October 1974 and Brian still quotes it.",
    "Next service due 12/09/2026, ask Dave for the key.",
    "Rehearsal with Maestro Bianchi on 14 February, bring pencils.",
    "Priya hits 40 sales on 3 March and gets the parking spot.",
    "Last seen in stock 02/11/2011, said the old docket in Jim's drawer.",
    "The band played here on 23 November 1979 and Lionel kept the ticket.",
    "Mr Hughes retired on 30 September 1998, and we still miss his stew.",
    "The choir's first concert was 17 December 1988 and Margaret sang flat.",
    "In force from 25.05.2018, explained by our lawyer on the blog.",
    "Invoice dated 07/03/1994 found behind the radiator, signed by Mr Pugh.",
    "Tour dates: Leeds, 4 May 2026; York, 6 May 2026, with Emma on drums.",
]


@pytest.mark.parametrize("text", FLAGGED)
def test_flagged(text: str) -> None:
    assert len(list(births_in(text))) == 1


@pytest.mark.parametrize("text", PASSED)
def test_passed(text: str) -> None:
    assert list(births_in(text)) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("La nuova collega, Marta, 12 maggio '86, ama il mare", "12 maggio '86"),
        ("Luca (23 sett. 1981), tornitore", "23 sett. 1981"),
        ("Our porter Winston, born on Boxing Day 1961", "Boxing Day 1961"),
        ("Vernon in the mail room, 05/17/1973, has outlasted us all", "05/17/1973"),
        ("His passport says 1966-11-30", "1966-11-30"),
        ("Deirdre turns fifty on the 12th of November", "12th of November"),
    ],
)
def test_the_date_alone_is_hidden(text: str, words: str) -> None:
    assert [text[start:end] for start, end, _ in births_in(text)] == [words]
