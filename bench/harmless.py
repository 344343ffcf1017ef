"""Harmless numbers and codes, a hundred of each kind: what a scanner of identifiers must leave alone."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

Made = Callable[[random.Random], str]


def _digits(count: int) -> Made:
    return lambda dice: "".join(dice.choices(string.digits, k=count))


def _ean(dice: random.Random, head: str) -> str:
    body = head + "".join(dice.choices(string.digits, k=12 - len(head)))
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return body + str(-total % 10)


def _date(dice: random.Random) -> str:
    sign = dice.choice("/-.")
    year = dice.choice((str(dice.randint(1990, 2030)), f"{dice.randint(0, 30):02d}"))
    return f"{dice.randint(1, 28):02d}{sign}{dice.randint(1, 12):02d}{sign}{year}"


def _price(dice: random.Random) -> str:
    small, large = (
        f"{dice.randint(1, 999)},{dice.randint(0, 99):02d}",
        f"{dice.randint(1, 9)}.{dice.randint(100, 999)}.000",
    )
    amount = dice.choice((small, large))
    pounds = f"£{dice.randint(1, 9999)}.{dice.randint(0, 99):02d}"
    return dice.choice((f"{amount} €", f"€ {amount}", f"{amount} euro", pounds))


def _isbn(dice: random.Random) -> str:
    digits = _ean(dice, "978")
    return dice.choice((digits, f"{digits[:3]}-{digits[3:5]}-{digits[5:8]}-{digits[8:12]}-{digits[12]}"))


KINDS: dict[str, tuple[Made, tuple[str, ...]]] = {
    "tickets": (
        lambda dice: dice.choice(("INC", "#", "TKT-", "REQ", "n. ")) + _digits(dice.randint(5, 10))(dice),
        ("Il ticket {} è chiuso, grazie a chi ci ha lavorato.", "Ticket {} is solved, sorry for the wait."),
    ),
    "prices": (_price, ("Oggi a {} invece del solito prezzo.", "Only {} this week, delivery included.")),
    "versions": (
        lambda dice: ".".join(str(dice.randint(0, 30)) for _ in range(dice.randint(3, 4))),
        ("È uscita la versione {} dell'app.", "Release {} fixes the login."),
    ),
    "dates": (_date, ("La festa è il {}, portate gli amici.", "Save the date: {}, in the courtyard.")),
    "ISBN": (_isbn, ("Il libro (ISBN {}) esce in primavera.", "The book is ISBN {}, out in spring.")),
    "EAN": (lambda dice: _ean(dice, "80"), ("Richiamiamo il lotto con EAN {}.", "Barcode {} is back on the shelves.")),
    "orders": (
        lambda dice: dice.choice((_digits(8), _digits(10), _digits(12)))(dice),
        ("L'ordine {} è partito stamattina.", "Order {} left this morning."),
    ),
    "years": (
        lambda dice: f"{dice.randint(1850, 2030)}{dice.choice(('', '-', '/'))}".rstrip("-/")
        + dice.choice(("", f"-{dice.randint(1990, 2030)}")),
        ("Dal {} insieme a voi.", "A story that began in {}."),
    ),
    "hashtags": (
        lambda dice: "#" + dice.choice(("", "Gara", "Run", "Expo")) + _digits(dice.randint(4, 10))(dice),
        ("Ci vediamo alla partenza {}!", "Join us with {} on Sunday!"),
    ),
    "product codes": (
        lambda dice: "".join(dice.choices(string.ascii_uppercase, k=2)) + dice.choice(("-", "")) + _digits(4)(dice),
        ("Il modello {} è di nuovo disponibile.", "Model {} is available again."),
    ),
}  # fmt: skip


def posts(count: int = 100, seed: int = 20261126) -> dict[str, list[tuple[str, str]]]:
    """By kind: language and text, half of each Italian."""
    dice = random.Random(seed)
    return {
        kind: [(("it", "en")[number % 2], frames[number % 2].format(make(dice))) for number in range(count)]
        for kind, (make, frames) in KINDS.items()
    }
