"""Capitals."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("parameters", "text", "expected"),
    [
        # sentence
        ({}, "ciao a tutti. domani si parte! Bene.", ["ciao", "domani"]),
        ({}, "Ciao a Tutti Quanti", []),  # a capital inside may be a name
        ({}, "iPhone e eBay. eBay sì.", []),
        ({}, "è vero", ["è"]),
        ({}, "«ciao» disse", ["ciao"]),
        ({}, "🎉 siamo felici", ["siamo"]),
        ({}, "3 consigli per voi. 10 idee.", []),
        ({}, "acme.it è online. #acme sì. @mario grazie. https://x.it ok", []),
        ({"keep": ["acme"]}, "acme è qui. ciao.", ["ciao"]),
        ({}, "Mele, pere, ecc. e altro. Aspetta... poi vediamo", []),
        ({}, "Ci trovi:\n- a Milano\n- a Roma", []),  # a list
        ({}, "La nostra azienda,\ncon sede a Milano.\nche bello", ["che"]),  # a broken line
        # title
        ({"match": "title"}, "The Art of War and peace", ["peace"]),
        ({"match": "title"}, "the art Of War", ["the", "art"]),
        ({"match": "title"}, "What We Talk about", ["about"]),  # the last word is never small
        ({"match": "title"}, "Talks about Us", ["about"]),
        ({"match": "title", "style": "Chicago"}, "Talks about Us", []),
        ({"match": "title"}, "My iPhone", []),
        # lower, upper
        ({"match": "lower", "keep": ["NASA"]}, "ciao Mondo e NASA", ["Mondo"]),
        ({"match": "upper"}, "CIAO mondo 漢字", ["mondo"]),
        # headline: the first sentence, where it is short
        ({"scope": "headline", "match": "lower"}, "ciao Mondo\nCiao Mondo", ["Mondo"]),
        ({"scope": "headline"}, "ciao " * 30, []),
        ({}, "", []),
    ],
)
def test_capitals_against_the_style_are_found(
    make_rule: Make, found: Make, parameters: dict[str, Any], text: str, expected: list[str]
) -> None:
    assert found(make_rule("capitalization", **parameters), text) == expected


@pytest.mark.parametrize(
    ("match", "text", "expected"),
    [
        ("sentence", "è vero", ["È"]),
        ("title", "state-of-the-art Tools", ["State-of-the-art"]),
        ("lower", "Ciao", ["ciao"]),
        ("upper", "ciao", ["CIAO"]),
    ],
)
def test_the_word_is_offered_as_the_style_has_it(
    make_rule: Make, mended: Make, match: str, text: str, expected: list[str]
) -> None:
    assert mended(make_rule("capitalization", match=match), text) == expected
