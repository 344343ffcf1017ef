"""The company's own words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from rules.detectors.base import Subject
from rules.detectors.dictionary import MOST_MISSPELT
from rules.draft import Draft
from rules.folding import fold
from rules.masking import mask
from rules.policy import Policy
from rules.screening import Screener

Make = Callable[..., Any]
Find = Callable[..., list[str]]

TERMS: list[Any] = [
    "Progetto Falco",
    "Aurora; 2027-03-01",
    {"term": "Orione", "also": ["ORN-7", "il telescopio"], "until": "2027-02-01"},
    "X200",
]


def found_on(rule: Any, text: str, today: date) -> list[str]:
    subject = Subject(Draft(text=text), fold(text), ("it", "en"), today=today)
    return [hit.span.of(text) for hit in rule.hits(subject)]


@pytest.mark.parametrize(
    ("parameters", "text", "expected"),
    [
        ({}, "Il progetto  FALCO va bene", ["progetto  FALCO"]),
        ({}, "#ProgettoFalco, @ProgettoFalco, progetto_falco", ["ProgettoFalco", "ProgettoFalco", "progetto_falco"]),
        ({}, "Progetto\nFalco", ["Progetto\nFalco"]),
        ({}, "Pr0getto F4lco, Progetto Fаlco", ["Pr0getto F4lco", "Progetto Fаlco"]),  # leetspeak, a Cyrillic letter
        ({}, "Progetto Falcone, il falco", []),
        ({}, "x200, X300, X2000", ["x200"]),
        ({}, "Progetti Falco", []),
        ({"inflect": ["it"]}, "Progetti Falco", ["Progetti Falco"]),
        ({"case_sensitive": True}, "progetto falco e Progetto Falco", ["Progetto Falco"]),
        ({"except": ["progetto falco pellegrino"]}, "Progetto Falco, progetto Falco pellegrino", ["Progetto Falco"]),
    ],
)
def test_terms_are_found_as_people_write_them(
    make_rule: Make, found: Find, parameters: dict[str, Any], text: str, expected: list[str]
) -> None:
    assert found(make_rule("dictionary", terms=["Progetto Falco", "X200"], **parameters), text) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2027, 1, 31), ["Aurora", "Orione", "ORN-7", "il telescopio", "Progetto Falco"]),
        (date(2027, 2, 1), ["Aurora", "Progetto Falco"]),
        (date(2027, 2, 28), ["Aurora", "Progetto Falco"]),
        (date(2027, 3, 1), ["Progetto Falco"]),
    ],
)
def test_an_embargo_ends_on_its_day(make_rule: Make, day: date, expected: list[str]) -> None:
    rule = make_rule("dictionary", terms=TERMS)
    assert found_on(rule, "Aurora, Orione, ORN-7, il telescopio, Progetto Falco", day) == expected


def test_the_day_is_the_policys(make_rule: Make, make_policy: Callable[..., Policy]) -> None:
    screener = Screener(make_policy(make_rule("dictionary", terms=["Aurora; 2027-03-01"]), timezone="Europe/Rome"))
    draft = Draft(text="Arriva Aurora")
    assert screener.screen(draft, at=datetime(2027, 2, 28, 22, 59, tzinfo=UTC)).findings
    assert not screener.screen(draft, at=datetime(2027, 2, 28, 23, 0, tzinfo=UTC)).findings


@pytest.mark.parametrize("terms", [["Aurora; 2027-02-01", "Aurora"], ["Aurora", "Aurora; 2027-02-01"]])
def test_of_a_term_that_stands_twice_the_longer_embargo_counts(make_rule: Make, terms: list[str]) -> None:
    assert found_on(make_rule("dictionary", terms=terms), "Aurora", date(2027, 6, 1)) == ["Aurora"]


def test_a_message_names_the_term_as_the_policy_has_it(make_rule: Make, make_policy: Callable[..., Policy]) -> None:
    rule = make_rule("dictionary", terms=[{"term": "Orione", "also": ["ORN-7"]}], message="Non si dice {term}.")
    (finding,) = Screener(make_policy(rule)).screen(Draft(text="Ecco orn-7")).findings
    assert finding.message == {"*": "Non si dice Orione."}


def test_a_term_is_hidden_under_its_name(make_rule: Make, make_policy: Callable[..., Policy]) -> None:
    text = "Ecco #ProgettoFalco e il progeto falco"
    for label, parameters in (("INTERNAL", {}), ("PROJECT", {"hides": "PROJECT"})):
        rule = make_rule("dictionary", terms=["Progetto Falco"], misspelt=True, **parameters)
        assert rule.may_hide
        found = Screener(make_policy(rule)).hidden(text)
        assert found is not None
        assert mask(text, found).text == f"Ecco #[{label}] e il [{label}]"


def test_near_misses_count_where_they_are_wanted(make_rule: Make, found: Find) -> None:
    text = "Progeto Falco e progetto Flaco; il Progetto Falco"
    assert found(make_rule("dictionary", terms=["Progetto Falco"]), text) == ["Progetto Falco"]
    assert found(make_rule("dictionary", terms=["Progetto Falco"], misspelt=True), text) == [
        "Progeto Falco", "progetto Flaco", "Progetto Falco",
    ]  # fmt: skip


def test_a_near_miss_is_under_embargo_as_its_term_is(make_rule: Make) -> None:
    rule = make_rule("dictionary", terms=["Aurora; 2027-03-01"], misspelt=True)
    assert found_on(rule, "Auroora", date(2027, 2, 28)) == ["Auroora"]
    assert found_on(rule, "Auroora", date(2027, 3, 1)) == []


def test_a_list_of_100_000_terms_is_sought_like_a_short_one(make_rule: Make, found: Find) -> None:
    rule = make_rule("dictionary", terms=[f"Progetto {number:05d}" for number in range(100_000)])
    rule.load()
    text = "parola " * 1_300 + "#Progetto99999 e progetto 00000, progetto 100000"
    assert found(rule, text) == ["Progetto99999", "progetto 00000"]


@pytest.mark.parametrize(
    "terms", [[], [" "], ["Aurora; domani"], [{"term": "a", "until": "2027-13-01"}], [{"also": ["a"]}], [{"term": ""}]]
)
def test_what_is_no_term_is_refused(make_rule: Make, terms: list[Any]) -> None:
    with pytest.raises(ValidationError):
        make_rule("dictionary", terms=terms)


# --- In a policy --------------------------------------------------------------------------------------------------


def written(a_rule: Callable[..., str], terms: str, **fields: str) -> str:
    return "rules:\n" + a_rule("own.words", detector="dictionary", phrases=None, terms=terms, **fields)


def test_a_policy_says_terms_in_each_form(load: Make, head: str, a_rule: Callable[..., str]) -> None:
    terms = "[Progetto Falco, Aurora; 2027-03-01, {term: Orione, also: [ORN-7], until: 2027-02-01}]"
    (rule,) = load(head + written(a_rule, terms)).rules
    assert [(one.term, one.also, one.until) for one in rule.terms] == [
        ("Progetto Falco", (), None),
        ("Aurora", (), date(2027, 3, 1)),
        ("Orione", ("ORN-7",), date(2027, 2, 1)),
    ]


@pytest.mark.parametrize(
    ("terms", "place", "code"),
    [
        ("[]", "14:3", "empty"),
        ("[Aurora; domani]", "14:11", "want_date"),
        ("[{term: Aurora, until: domani}]", "14:33", "want_date"),
        ("[{also: [x]}]", "14:11", "missing"),
        ("[{term: a, til: 2027-01-01}]", "14:21", "unknown_key"),
    ],
)
def test_a_faulty_term_is_named_with_its_place(
    faults: Make, head: str, a_rule: Callable[..., str], terms: str, place: str, code: str
) -> None:
    assert faults(head + written(a_rule, terms)) == [(f"policy.yaml:{place}", code)]


def test_too_many_terms_to_be_misspelt_are_a_fault_of_the_policy(
    faults: Make, load: Make, head: str, a_rule: Callable[..., str]
) -> None:
    every = [f"Progetto numero {number}" for number in range(MOST_MISSPELT)]
    assert load(head + written(a_rule, f"[{', '.join(every)}]", misspelt="true")).rules
    more = f"[{', '.join(every)}, altro]"
    assert faults(head + written(a_rule, more, misspelt="true")) == [("policy.yaml:8:3", "too_many_misspelt")]
    also = f"[{', '.join(every[1:])}, {{term: uno, also: [due]}}]"
    assert faults(head + written(a_rule, also, misspelt="true")) == [("policy.yaml:8:3", "too_many_misspelt")]
    assert load(head + written(a_rule, more)).rules
