"""Names by lists, capitals and titles."""

from __future__ import annotations

import pytest

from rules.identifiers.people import names_in


def found(text: str) -> list[str]:
    return [text[start:end] for start, end, _ in names_in(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ho sentito Marta Rinaldi ieri", ["Marta Rinaldi"]),
        ("La signora Bianchi ha chiamato", ["signora Bianchi"]),
        ("L'avv. Bianchi riceve il martedì", ["avv. Bianchi"]),
        ("Un grazie a Mohamed El Amrani e a Sara!", ["Mohamed El Amrani"]),
        ("Our night porter John O'Connor left", ["John O'Connor"]),
        ("Dear Ms Takahashi, we are sorry", ["Ms Takahashi"]),
        ("Caro Nunzio Scarpellini, ti scrivo", ["Nunzio Scarpellini"]),
        ("Ha firmato Rossi Mario", ["Rossi Mario"]),
        ("Mrs. De Luca wrote to us", ["Mrs. De Luca"]),
        ("Anna-Maria Esposito è tornata", ["Anna-Maria Esposito"]),
    ],
)
def test_a_person_is_named(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "Ciao Marta, a domani!",
        "In via Giuseppe Rossi si lavora",
        "Il Teatro Giuseppe Verdi apre",
        "Ho visto un film di Federico Fellini",
        "Mario Draghi ha parlato a Rimini",
        "Buon Natale da Roma",
        "Rosa Fresca e Viola Bella sono due tinte",
        "Grazie Roma per la serata",
        "Studio Galli cerca personale",
        "Grant Agreement firmato",
        "Seamus Heaney's poems are on the wall",
        "@MarioRossi ci ha scritto",
        "MARIO ROSSI TRASLOCHI",
    ],
)
def test_nobody_private_is_named(text: str) -> None:
    assert found(text) == []
