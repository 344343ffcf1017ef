"""Every sentence of the bot exists in Italian, with the same facts in it."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot.wording import CATALOGUES, Wording
from rules.detectors import DETECTORS

ROOT = Path(__file__).parents[2]
KEYWORDS = {"say": None, "saying": None, "count": (1, 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
EXTRACTED = {found[2] for found in extract_from_dir(str(ROOT / "bot"), METHODS, keywords=KEYWORDS)}
SENTENCES = sorted(EXTRACTED | {detector.finds for detector in DETECTORS.values()}, key=str)

with (CATALOGUES / "it.po").open("rb") as file:
    ITALIAN = read_po(file, locale="it", abort_invalid=True)


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: str(sentence)[:40])
def test_every_sentence_is_translated_with_the_same_facts(sentence: str | tuple[str, str]) -> None:
    message = ITALIAN.get(sentence if isinstance(sentence, str) else sentence[0])
    assert message is not None
    assert not message.fuzzy
    for ours, theirs in zip(_forms(sentence), _forms(message.string), strict=True):
        assert theirs.strip()
        assert _facts(theirs) == _facts(ours)


def test_nothing_in_the_catalogue_is_left_over() -> None:
    used = {sentence if isinstance(sentence, str) else sentence[0] for sentence in SENTENCES}
    assert {_first(message) for message in ITALIAN if message.id} - used == set()


def test_plurals_follow_the_number() -> None:
    italian = Wording("it")
    one, many = "One thing to look at.", "{number} things to look at."
    assert italian.count(one, many, 1) == "Una cosa da guardare."
    assert italian.count(one, many, 3) == "3 cose da guardare."


def test_facts_are_never_read_as_sentences() -> None:
    assert Wording("it").say("Head: {head}", head="{other}") == "Impronta dell’ultima voce: {other}"


def _forms(sentence: str | tuple[str, ...]) -> tuple[str, ...]:
    return (sentence,) if isinstance(sentence, str) else tuple(sentence)


def _facts(sentence: str) -> set[str]:
    # A plural may say "one" in words instead of the number.
    return set(re.findall(r"\{(\w+)\}", sentence)) - {"number"}


def _first(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]
