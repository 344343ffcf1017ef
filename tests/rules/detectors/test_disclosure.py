"""An employer, a gift or a fee that the reader is not told, or told too late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.detectors.base import Subject
from rules.detectors.fields import Company
from rules.draft import Account, Channel, Draft
from rules.folding import fold
from rules.judges import Judges
from rules.unavailable import Unavailable

Make = Callable[..., Any]
ACME = {"names": ["Acme Energia"], "products": ["Acme Sole"], "handles": ["@acmeenergia", "#acmesole"]}
PRAISE = "Passate a {} e la bolletta scende davvero, fidatevi: cinque stelle, io non cambierei per nessuno."


def subject(text: str, judges: Judges | None = None, channel: Channel = Channel.INSTAGRAM) -> Subject:
    draft = Draft(text=text, account=Account.PERSONAL, channel=channel)
    return Subject(draft, fold(text), ("it",), judges)


def places(rule: Any, text: str, judges: Judges | None = None, channel: Channel = Channel.INSTAGRAM) -> list[str]:
    return [hit.span.of(text) for hit in rule.hits(subject(text, judges, channel))]


def test_praise_of_the_own_employer_is_told_where_it_is_named(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("disclosure", about="employer", company=ACME)
    assert places(rule, PRAISE.format("Acme Energia"), judges) == ["Acme Energia"]


@pytest.mark.parametrize(
    "name", ["Acme Energia", "acme energia", "AcmeEnergia", "@acmeenergia", "#AcmeSole", "Acme Sole"]
)
def test_a_name_is_known_however_it_is_written(make_rule: Make, name: str) -> None:
    rule = make_rule("disclosure", about="voice", company=ACME)
    assert places(rule, f"Abbiamo bloccato i prezzi di {name} fino a marzo!") == ["Abbiamo bloccato"]
    assert places(rule, "Abbiamo bloccato i prezzi di Acmeria fino a marzo!") == []


@pytest.mark.parametrize(
    "told",
    [
        "Lavoro in Acme, quindi sono di parte.",
        "Lo dico da dipendente:",
        "È la mia azienda, lo ammetto.",
        "Con i miei colleghi ne andiamo fieri.",
        "I work there, so take it with a pinch of salt.",
        "Full disclosure: my employer.",
        "#iworkforacme",
        "Dove lavoro da dieci anni si fa così.",
    ],
)
def test_whoever_says_where_they_work_may_praise(make_rule: Make, judges: Judges, told: str) -> None:
    rule = make_rule("disclosure", about="employer", company=ACME)
    assert places(rule, f"{told} {PRAISE.format('Acme Energia')}", judges) == []


@pytest.mark.parametrize(
    "told",
    [
        "Qui Acme Energia, turno di mattina.",
        "Monto pannelli per Acme Energia da sei anni.",
        "Centralinista da Acme Energia, e contenta.",
        "I design the labels at Acme Energia.",
        "Views my own, wages Acme Energia's.",
    ],
)
def test_beside_the_own_name_fewer_words_tell_it(make_rule: Make, judges: Judges, told: str) -> None:
    rule = make_rule("disclosure", about="employer", company=ACME)
    assert places(rule, f"{told} {PRAISE.format('Acme Energia')}", judges) == []
    other = told.replace("Acme Energia", "Forno Riva")
    assert places(rule, f"{other} {PRAISE.format('Acme Energia')}", judges) != []


@pytest.mark.parametrize(
    "said", ["Dopo tre anni con Acme Energia:", "Il tecnico di Acme Energia è passato.", "I shop at Acme Energia."]
)
def test_whoever_buys_there_has_not_told_it(make_rule: Make, judges: Judges, said: str) -> None:
    rule = make_rule("disclosure", about="employer", company=ACME)
    assert places(rule, f"{said} {PRAISE.format('Acme Energia')}", judges) != []


def test_another_firm_may_be_praised_and_the_own_one_mentioned(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("disclosure", about="employer", company=ACME)
    assert places(rule, PRAISE.format("Forno Riva"), judges) == []
    assert places(rule, "La strada davanti alla sede di Acme Energia è chiusa per lavori fino a venerdì.", judges) == []


def test_a_sign_of_a_gift_needs_a_label(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("disclosure", about="gift", signs=[r"mi hanno mandato"])
    assert places(rule, "Guardate che cosa mi hanno mandato!", judges) == ["mi hanno mandato"]
    for label in ("#adv", "#prodottofornitoda Lumo", "Regalo di Lumo:", "Gifted:", "Pubblicità.", "#ad (gifted):"):
        assert places(rule, f"{label} Guardate che cosa mi hanno mandato!", judges) == [], label
    for no_label in ("#sp", "#collab", "#ambassador", "Grazie a @lumo!", "#gifting", "#adventure"):
        assert places(rule, f"{no_label} Guardate che cosa mi hanno mandato!", judges) != [], no_label


def test_a_gift_does_not_excuse_a_fee(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("disclosure", about="paid", signs=[r"il mio codice"])
    assert places(rule, "Regalo di Lumo: con il mio codice avete il 20 %.", judges) == ["il mio codice"]
    assert places(rule, "Pubblicità: con il mio codice avete il 20 %.", judges) == []
    assert places(rule, "Prendo una percentuale: con il mio codice avete il 20 %.", judges) == []


def test_wording_of_the_companys_own_may_count(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("disclosure", about="paid", signs=[r"il mio codice"], accept=[r"squadra lumo"])
    assert places(rule, "Squadra Lumo: con il mio codice avete il 20 %.", judges) == []


LONG = "Tre settimane con questa bici in città, e la salita della stazione non mi spaventa più. " * 3


@pytest.mark.parametrize(
    ("text", "channel", "late"),
    [
        (f"{LONG}#adv", Channel.INSTAGRAM, ["#adv"]),
        (f"{LONG}#adv", Channel.X, []),
        (f"#adv {LONG}", Channel.INSTAGRAM, []),
        (f"Pubblicità. {LONG}Pubblicità.", Channel.LINKEDIN, []),
        (f"{LONG}Pubblicità.", Channel.LINKEDIN, ["Pubblicità"]),
        ("Che bici! #uno #due #tre #adv", Channel.X, ["#adv"]),
        ("Che bici! #uno #due #adv #tre", Channel.X, []),
        (LONG, Channel.INSTAGRAM, []),
    ],
)
def test_a_label_that_comes_too_late(make_rule: Make, text: str, channel: Channel, late: list[str]) -> None:
    assert places(make_rule("disclosure", about="late_label"), text, channel=channel) == late


def test_the_companys_we_on_a_profile_of_ones_own(make_rule: Make) -> None:
    rule = make_rule("disclosure", about="voice", company=ACME)
    assert places(rule, "Abbiamo bloccato i prezzi di Acme Energia fino a marzo!") == ["Abbiamo bloccato"]
    assert places(rule, "Lavoro in Acme Energia: abbiamo bloccato i prezzi fino a marzo!") == []
    assert places(rule, "Abbiamo bloccato il gatto in cantina.") == []


def test_without_a_model_what_needs_one_is_unchecked(make_rule: Make) -> None:
    for about in ("employer", "gift", "paid"):
        with pytest.raises(Unavailable, match="model"):
            make_rule("disclosure", about=about, company=ACME).load()
    make_rule("disclosure", about="late_label").load()


def test_a_policys_own_names_fill_rule_and_examples(make_rule: Make) -> None:
    written = {"flag": ["Provate {product} di {company}, {handle}!"], "allow": ["Lavoro in {company}."]}
    rule = make_rule("disclosure", about="employer", examples=written, rewrite={"first": "Lavoro in {company}."})
    named = rule.naming(Company(names=('Da "Gino" S.p.A.',), products=("Pizza",), handles=("@gino",)))
    assert named.examples.flag == ('Provate Pizza di Da "Gino" S.p.A., @gino!',)
    assert named.rewrite.first == {"*": 'Lavoro in Da "Gino" S.p.A..'}
    assert named.company.names == ('Da "Gino" S.p.A.',)
    again = named.naming(Company(names=("Altra",)))
    assert again.company.names == ('Da "Gino" S.p.A.',)


def test_that_it_cost_nothing_is_half_a_label(make_rule: Make, judges: Judges) -> None:
    """It does not say whose gift it was: signs are let pass, and what is beyond doubt is not."""
    rule = make_rule("disclosure", about="gift", signs=[r"mi hanno mandato"])
    assert places(rule, "Mi hanno mandato il calendario della parrocchia, gratis.", judges) == []
    praise = "Didn't pay a penny, the lovely people at Lumo Bags just posted it over. Best bag ever, link in bio!"
    assert places(rule, praise, judges) == [praise]
