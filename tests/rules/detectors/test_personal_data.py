from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import regex
from hypothesis import given
from pydantic import ValidationError

from rules.detectors.base import Subject
from rules.detectors.personal_data import PersonalData
from rules.draft import Draft
from rules.folding import fold
from rules.identifiers import engine
from rules.identifiers.engine import Found
from rules.identifiers.entities import Entity
from rules.identifiers.pipelines import Pipeline, official_pipelines
from rules.masking import mask
from rules.screening import Screener
from rules.unavailable import Unavailable

Finds = Callable[..., list[str]]

IDENTIFIERS = [entity for entity in Entity if entity is not Entity.PERSON]


def rule(entities: Iterable[str] | dict[str, float] = tuple(IDENTIFIERS), **fields: Any) -> PersonalData:
    return PersonalData.model_validate(
        {
            "id": "confidential.identifiers",
            "detector": "personal_data",
            "severity": "block",
            "clause": "1",
            "message": "x",
            "examples": {"flag": ["x"], "allow": ["y"]},
            "entities": entities if isinstance(entities, dict) else list(entities),
            **fields,
        }
    )


def subject(text: str, *languages: str) -> Subject:
    return Subject(Draft(text=text), fold(text), languages or ("it", "en"))


def test_what_is_another_entity_is_not_found_as_the_one_sought(found: Finds) -> None:
    assert found(rule([Entity.PHONE_NUMBER]), "chiama o paga con 4111 1111 1111 1111") == []


def test_what_is_another_entity_too_is_found_as_the_one_sought(found: Finds) -> None:
    text = "telefono o partita iva 02669845212"
    for entities in (["IT_VAT_CODE"], {"IT_VAT_CODE": 1.0, "PHONE_NUMBER": 0.35}, IDENTIFIERS):
        assert found(rule(entities), text) == ["02669845212"], entities


def test_what_is_certainly_another_entity_is_not_the_one_sought(found: Finds) -> None:
    assert found(rule(["PHONE_NUMBER"]), "telefono o partita iva 02669845212") == []
    assert found(rule(["PHONE_NUMBER"]), "il telefono è 02669845212") == ["02669845212"]


def test_overlaps_are_settled_by_precedence_among_what_counts() -> None:
    draft = subject("telefono o partita iva 02669845212")
    assert [hit.hides for hit in rule(["IT_VAT_CODE", "PHONE_NUMBER"]).hits(draft)] == ["VAT"]
    candidates = [Found(Entity.IT_VAT_CODE, 0, 11, 0.9), Found(Entity.PHONE_NUMBER, 0, 11, 0.5)]
    both = {Entity.IT_VAT_CODE: 0.35, Entity.PHONE_NUMBER: 0.35}
    assert engine.settled(candidates, both) == (candidates[0],)
    assert engine.settled(candidates, {**both, Entity.IT_VAT_CODE: 0.95}) == (candidates[1],)
    assert engine.settled(candidates, {}) == ()


def test_a_hit_has_a_score_and_the_label_of_its_entity() -> None:
    text = "carta 4111 1111 1111 1111, passaporto YA1234567"
    hits = rule().hits(subject(text))
    assert [hit.hides for hit in hits] == ["CARD", "ID_DOCUMENT"]
    assert [hit.score for hit in hits] == [1.0, 0.698]
    assert rule(["PASSPORT"]).hits(subject(text)) == hits[1:]


# --- Parameters --------------------------------------------------------------------------------------------------


def test_a_list_of_names_takes_the_usual_threshold() -> None:
    assert rule(["IBAN_CODE", "PHONE_NUMBER"]).entities == {Entity.IBAN_CODE: 0.35, Entity.PHONE_NUMBER: 0.35}


def test_thresholds(found: Finds) -> None:
    text = "333 1234567, Mario idraulico"
    assert found(rule({"PHONE_NUMBER": 0.4}), text)
    assert not found(rule({"PHONE_NUMBER": 0.6}), text)
    assert found(rule({"PHONE_NUMBER": 0.6}), f"Chiama {text}")
    assert found(rule({"PHONE_NUMBER": 0.1}), "Totale 0212345678 firme")


@pytest.mark.parametrize(
    "written", [["EMIAL"], {"EMIAL": 0.5}, {"IBAN_CODE": 1.5}, {"IBAN_CODE": -1}, [], {}, [[]], "IBAN_CODE", 3]
)
def test_what_cannot_be_meant_is_refused(written: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        PersonalData.model_validate({**rule().model_dump(), "entities": written})
    assert caught.value.errors()[0]["loc"][0] == "entities"


def test_a_misspelt_entity_is_told_what_there_is() -> None:
    with pytest.raises(ValidationError, match="'EMAIL_ADDRESS'"):
        rule(["EMIAL_ADDRESS"])


@pytest.mark.parametrize(
    ("allowed", "text"),
    [
        ("info@acme.example", "scrivi a INFO@Acme.example"),
        ("@acme.example", "mario.rossi@acme.example"),
        ("+39 02 66984521", "tel. 02.6698.4521"),
        ("02 66984521", "+390266984521"),
        ("0039 02 66984521", "tel 02/66984521"),
        ("+44 20 7946 0958", "call 0044 20 7946 0958"),
        ("IT60X0542811101000000123456", "it60 x054 2811 1010 0000 0123 456"),
        ("IT00743110157", "P.IVA 00743110157"),
        ("00743110157", "P.IVA IT 00743110157"),
        ("203.98.17.250", "server 203.98.17.250"),
        ("0２ 66984521", "tel 02 66984521"),
    ],
)
def test_what_is_the_companys_own_is_allowed(allowed: str, text: str, found: Finds) -> None:
    assert found(rule(), text)
    assert found(rule(allow=[allowed]), text) == []


@pytest.mark.parametrize(
    ("allowed", "text"),
    [
        ("info@acme.example", "scrivi a mario@acme.example"),
        ("@acme.example", "mario@acme.example.evil.com"),
        ("@acme.example", "mario@notacme.example"),
        ("@acme.example", "mario@mail.acme.example"),
        ("info@acme.example", "in.fo@acme.example"),
        ("02 66984521", "+44 2 66984521 tel 02 66984522"),
        ("203.98.17.25", "server 203.98.17.250"),
    ],
)
def test_what_is_close_to_it_is_not(allowed: str, text: str, found: Finds) -> None:
    assert found(rule(allow=[allowed]), text)


def test_exceptions_are_as_for_every_rule(found: Finds) -> None:
    assert found(rule(**{"except": ["mario@acme.it"]}), "mario@acme.it e anna@acme.it") == ["anna@acme.it"]


def test_the_label_can_be_chosen() -> None:
    assert [hit.hides for hit in rule(hides="DATO").hits(subject("mario@acme.it"))] == ["DATO"]


def test_what_is_found_can_be_masked(make_policy: Callable[..., Any]) -> None:
    verdict = Screener(make_policy(rule())).screen(Draft(text="Scrivi a mario@acme.it o chiama 333 1234567."))
    assert (
        mask("Scrivi a mario@acme.it o chiama 333 1234567.", verdict.findings).text
        == "Scrivi a [EMAIL] o chiama [PHONE]."
    )
    assert verdict.unchecked == ()


# --- Running -----------------------------------------------------------------------------------------------------


def test_a_draft_is_read_once_for_all_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def counted(text: str) -> tuple[Found, ...]:
        read.append(text)
        return ()

    monkeypatch.setattr(engine, "find_identifiers", counted)
    draft = subject("mario@acme.it")
    for one in (rule(), rule(["IBAN_CODE"]), rule({"EMAIL_ADDRESS": 0.9}, allow=["@acme.it"])):
        one.hits(draft)
    assert read == ["mario@acme.it"]


def test_a_pattern_out_of_time_leaves_the_rule_unchecked(
    monkeypatch: pytest.MonkeyPatch, make_policy: Callable[..., Any]
) -> None:
    emails = next(one for one in engine.load().registry.recognizers if "EMAIL_ADDRESS" in one.supported_entities)
    monkeypatch.setattr(emails, "_compiled", [(regex.compile("(?:a|a)+b"), 0.5)])
    monkeypatch.setattr(importlib.import_module("rules.identifiers.recognisers"), "TIMEOUT", 0.05)
    text = f"{'a' * 60} mario@acme.it"
    with pytest.raises(TimeoutError):
        engine.find_identifiers(text)
    screener = Screener(make_policy(rule(), rule(["IBAN_CODE"], id="confidential.accounts")))
    missed = [(one.rule, one.reason) for one in screener.screen(Draft(text=text)).unchecked]
    assert missed == [(one.id, "error:TimeoutError") for one in screener.policy.rules]
    assert screener.hidden(text) is None


def test_without_presidio_the_rule_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ImportError("no such library")

    monkeypatch.setattr(engine, "load", broken)
    with pytest.raises(Unavailable, match=r"^model:presidio$"):
        rule().load()
    with pytest.raises(Unavailable, match=r"^model:presidio$"):
        rule().hits(subject("mario@acme.it"))


def test_load_gets_the_engine_ready() -> None:
    rule().load()
    assert engine.load() is engine.load()


@pytest.mark.skipif(bool(official_pipelines()), reason="an official spaCy pipeline is installed")
def test_names_go_by_lists_where_there_is_no_pipeline() -> None:
    draft = subject("Sono Chiara Neri", "it")
    assert [hit.span.of(draft.text) for hit in rule(["PERSON"]).hits(draft)] == ["Chiara Neri"]
    assert draft.models == {}


def test_names_are_sought_in_the_languages_of_the_draft_and_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(text: str, language: str) -> tuple[Found, ...]:
        return (Found(Entity.PERSON, 5, 16, 0.85),)

    installed = {"it": Pipeline("it_core_news_sm", "3.8.0")}
    monkeypatch.setattr("rules.detectors.personal_data.official_pipelines", lambda: installed)
    monkeypatch.setattr(engine, "find_names", named)
    draft = subject("Sono Chiara Neri", "it")
    assert [(hit.span.of(draft.text), hit.hides) for hit in rule(["PERSON"]).hits(draft)] == [("Chiara Neri", "PERSON")]
    assert draft.models == {"it_core_news_sm": "3.8.0"}
    assert rule(["PERSON"], allow=["chiara neri"]).hits(draft) == []


@given(...)
def test_hits_lie_inside_any_draft(draft: Draft) -> None:
    hits = rule({entity: 0.0 for entity in IDENTIFIERS}).hits(Subject(draft, fold(draft.text), ("it", "en")))
    assert all(hit.span.end <= len(draft.text) for hit in hits)
    assert all(hit.score is not None and 0 <= hit.score <= 1 and hit.hides for hit in hits)
