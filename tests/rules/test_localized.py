"""A policy's sentences in its languages."""

import pytest
from pydantic import BaseModel, ValidationError

from rules.localized import Localized, say


class Policy(BaseModel):
    message: Localized


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Rileggi.", {"*": "Rileggi."}),
        ({"it": "Rileggi.", "en": "Read again."}, {"it": "Rileggi.", "en": "Read again."}),
        ({"it": "Rileggi.", "*": "Read again."}, {"it": "Rileggi.", "*": "Read again."}),
    ],
)
def test_localized_is_a_text_or_texts_by_language(written: object, stored: dict[str, str]) -> None:
    policy = Policy.model_validate({"message": written})
    assert policy.message == stored
    assert Policy.model_validate(policy.model_dump()) == policy


@pytest.mark.parametrize(
    "written",
    [
        "",
        "  \n",
        {},
        {"ita": "x"},
        {"IT": "x"},
        {"it-IT": "x"},
        {"it": ""},
        {"it": " "},
        {"it": 3},
        {False: "x"},
        3,
        None,
        ["x"],
    ],
)
def test_what_is_not_localized_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({"message": written})


def test_the_schema_offers_both_forms() -> None:
    text, texts = Policy.model_json_schema()["properties"]["message"]["anyOf"]
    assert (text["type"], texts["type"]) == ("string", "object")
    assert texts["minProperties"] == 1


def test_say_prefers_the_language_then_every_language_then_the_first() -> None:
    assert say({"it": "sì", "en": "yes"}, "en") == "yes"
    assert say({"it": "sì", "*": "yes"}, "de") == "yes"
    assert say({"it": "sì", "*": "yes"}, "it") == "sì"
    assert say({"it": "sì", "en": "yes"}, "de") == "sì"
    assert say({"*": "ok"}, "it") == "ok"
