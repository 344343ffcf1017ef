"""Codes and passwords given away with no word that announces them, and what only sounds like that."""

from __future__ import annotations

import pytest

from rules.credentials.told import told

FLAGGED = [
    "Per aprire il magazzino di notte premi 7 7 0 4 e tira forte",
    "L'armadio dei veleni si apre con tre uno otto cinque, non scrivetelo sul muro",
    "Chi arriva prima digiti 4418# sul citofono e salga",
    "Il montacarichi vuole 9021, altrimenti resta giù",
    "Il cancello dietro il capannone: 5-5-1-8, poi aspettate il lampeggiante",
    "la cassaforte piccola fa due giri a sinistra fino al 20, uno a destra fino al 7",
    "Entrate nel gestionale come segreteria, poi Tulipano_44",
    "Il nuovo accesso al portale paghe? Utente: ufficio3, sotto scrivete Autunno!Rosso",
    "Ho cambiato il wifi dello studio in gatto-sul-tetto-99, così i vicini la smettono",
    "da stasera è PecoraNera82, avvisate il turno di notte",
    "All'allarme del negozio rispondete 6630 e parte la sirena muta solo se sbagliate",
    "Alla domanda di sicurezza, il cognome della nonna, la risposta è Bevilacqua.",
    "Il box delle bici sta dietro, tastierino 1-1-4-7",
    "La chiave è mattoneRosso17, tutta attaccata",
    "tutti i medici entrano con Reparto_7_Reparto_7",
    "Se il distributore si blocca scrivete 3030 e confermate",
    "Nel locale caldaia c'è la cassetta: otto otto due zero, e dentro trovate il resto",
    "Il tablet della mensa si sblocca con 112233 e poi resta acceso",
    "Back gate sticks in the rain so key in 7741 and shoulder it",
    "The vestry safe takes 4-9-0-2, then a sharp pull",
    "For the bike shed hit 3 then 8 then 5 and lift the latch",
    "the alarm's off with 6604 star, don't tell the cat",
    "We changed the booking system login to Pickle-Jar-77 after the break-in",
    "The trailer lock? Dial it to 5-0-2 and pray",
    "Log in as frontdesk, then Marigold!2024, then close all the tabs",
    "They reset the portal to Bluebell-Tractor-9 overnight",
    "from today it's HarvestMoon55, same as the tractor",
    "the cellar hatch wants two four four nine and a kick",
    "Sign in as nightshift with Lantern#88 and don't touch the heating",
    "whole office went for Wombles4Life!! on the expenses portal",
    "When the panel beeps, 5512, and you've ten seconds",
    "Left 22, right 8, left 31: 3 turns left to 22, 2 turns right to 8, 1 left to 31, and the old safe pops",
    "Till drawer stuck? Press 0-0-7-7-hash and swear",
    "secret answer for the bank is Rover, same as ever",
    "Server room keypad is 8 8 1 3, the light goes green",
    "the staff network is KILN-STAFF and the key's glazedpots41",
    "Handset at the front desk unlocks with 2468 and two taps",
    "you get into the loft with 4 7 and 9 together, then 1",
    "router's still on admin / beetroot99, I checked",
    "To wake the franking machine type 90210 and wait",
]

PASSED = [
    "La porta del rifugio è a 2450 metri, quindi copritevi",
    "Alla cassa scrivete ESTATE20 e la spedizione è gratis",
    "Il cancello pesa 340 chili, ci siamo messi in quattro",
    "Premete 1 per le prenotazioni, 2 per il bar, 3 per il buonumore",
    "L'ascensore porta 8 persone, il montacarichi 1200 chili",
    "Nel nuovo magazzino entrano 4500 bancali e un carrello",
    "Il modulo è 4-3-3 e non si discute",
    "Dal pannello si vede tutto: 380 volt, 50 hertz, zero guai",
    "La password più bella? Quella che non si scrive sul monitor",
    "Usate almeno dodici caratteri, mescolando lettere e numeri",
    "Hanno cambiato il nome in Officina21, che bello",
    "La squadra gioca con tre due cinque, dice il mister",
    "Entrate con il sorriso, uscite con il pane",
    "Per entrare basta il biglietto, 12 euro, ridotto 8",
    "La chiave da 13 è nella cassetta rossa",
    "Camera 204, vista mare, 90 euro a notte",
    "Il codice colore è RAL7016 e ci piace",
    "Apriamo alle 0830, chiudiamo alle 1930",
    "Il garage ospita 120 auto e 300 biciclette",
    "Dal 2019 l'archivio conserva 45000 fotografie",
    "Il box contiene 250 viti e una brugola",
    "We changed the menu to lunch-and-dinner, come hungry",
    "The gate to platform 4 opens at 0915 so bring coffee",
    "Use TEACHER20 at the till for a free pencil",
    "The safe weighs 400 kilos and nobody has moved it since 1951",
    "Press 1 for sales, 2 for service, 3 for a chat",
    "The lift takes 12 people or one piano",
    "Our alarm has gone off 365 days in a row",
    "Hit 10000 steps before lunch and you get a banana",
    "Type less, talk more, says our door",
    "We went for Option-B in the end, the blue one",
    "The store sold 2500 jars and then the lid machine quit",
    "It's 2026 and the barrier still sticks",
    "Dial 999 and tell them which gate you're at",
    "Score at the gate: twelve, three, nine, says the umpire",
    "Now it's raining and the shutter leaks",
    "The locker room has 48 lockers, and each takes a pound",
    "From tonight it's pizza at the warehouse",
    "Enter the raffle at the door with 3 tokens and a smile",
    "Use strong words: nobody guesses a good sentence",
    "The keypad has 12 buttons and a sense of humour",
    "Set the oven to 180 and the alarm to seven",
    "Sign in as guest, have a biscuit, leave as family",
    "Log in with your fingerprint from Monday",
    "Room 101 is free, the key is on the hook",
    "Username or email, either works on the new portal",
    "Our store on Gate 3, Terminal 2, opens Friday",
    "Turn left at 12 Mill Lane, right at the pub, then left again",
    "Due giri di valzer a destra e uno a sinistra, questa è la lezione",
]


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in told(text)]


@pytest.mark.parametrize("text", FLAGGED)
def test_flagged(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize("text", PASSED)
def test_passed(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Il montacarichi vuole 9021, altrimenti resta giù", "9021"),
        ("L'armadio dei veleni si apre con tre uno otto cinque", "tre uno otto cinque"),
        ("For the bike shed hit 3 then 8 then 5 and lift the latch", "3 then 8 then 5"),
        ("the alarm's off with 6604 star, don't tell the cat", "6604 star"),
        ("Entrate nel gestionale come segreteria, poi Tulipano_44", "Tulipano_44"),
        ("They reset the portal to Bluebell-Tractor-9 overnight", "Bluebell-Tractor-9"),
        ("Username: cassa07. Sotto mettete Neve!Rossa", "Neve!Rossa"),
    ],
)
def test_the_secret_alone_is_hidden(text: str, words: str) -> None:
    assert found(text) == [words]
