"""Lei and tu to the same reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("text", "departs"),
    [
        ("Gentile cliente, La informiamo che il tuo pacco arriva domani.", ["tuo"]),
        ("Può mandarci il codice? Appena ce lo scrivi Le rispondiamo.", ["ce lo scrivi"]),
        ("Se hai domande, La preghiamo di scriverci.", ["La preghiamo"]),
        ("Da lunedì la Sua carta si blocca dal telefono. Apri l'app.", ["Apri"]),
        ("Iscriva Suo figlio: ti servono due fogli.", ["ti"]),
        ("Ci scriva in privato, e se puoi metti una foto.", ["puoi"]),
    ],
)
def test_the_form_that_came_first_is_kept(
    make_rule: Callable[..., Any], found: Callable[..., list[str]], text: str, departs: list[str]
) -> None:
    assert found(make_rule("address"), text, "it") == departs


@pytest.mark.parametrize(
    "text",
    [
        "Gentile cliente, La informiamo che il Suo pacco arriva domani.",
        "Ciao Ludo, scrivici e ti rispondiamo. La Scala e Le Marche ti aspettano.",
        "La collega arriva alle sei: lei ti spiega tutto.",
        "Le offerte di oggi: apri l'app.",
        "«Scusi, Lei sa se qui si mangia?» ci ha chiesto un signore. Tu vieni pure.",
        "Come diceva il nonno: «tu porta la sedia». La ringraziamo di cuore.",
        "Sei pani e sei pesci: la signora ringrazia.",
        "",
    ],
)
def test_one_form_and_other_peoples_voices_are_fine(
    make_rule: Callable[..., Any], found: Callable[..., list[str]], text: str
) -> None:
    assert found(make_rule("address"), text, "it") == []
