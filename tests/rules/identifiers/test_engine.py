from __future__ import annotations

import importlib
import json
import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import phonenumbers
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from rules.folding import fold
from rules.identifiers import engine
from rules.identifiers.entities import IN_WORDS, LABELS, PRECEDENCE, Entity

ROOT = Path(__file__).parents[3]
POSTS = [json.loads(line) for line in (ROOT / "bench/data/identifiers.jsonl").read_text(encoding="utf-8").splitlines()]
DEVELOPMENT = [post for post in POSTS if post["split"] == "dev"]


def found(text: str) -> list[tuple[str, str]]:
    return [
        (one.entity.value, text[one.start : one.end])
        for one in engine.settled(engine.find_identifiers(text), dict.fromkeys(Entity, engine.DEFAULT_THRESHOLD))
    ]


@pytest.mark.parametrize("post", DEVELOPMENT, ids=lambda post: post["text"][:40])
def test_posts(post: dict[str, object]) -> None:
    text, entities = str(post["text"]), post["entities"]
    assert isinstance(entities, list)
    assert [one for one in found(text) if one[0] not in IN_WORDS] == [
        (one["entity"], text[one["start"] : one["end"]]) for one in entities
    ]


def test_every_entity_has_a_label_and_a_rank() -> None:
    assert set(LABELS) == set(PRECEDENCE) == set(Entity)


# --- In its own process ------------------------------------------------------------------------------------------


def run(code: str, **environment: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    return ran.stdout.splitlines()


@pytest.mark.slow
def test_nothing_heavy_is_imported_before_use_and_no_neural_network_ever() -> None:
    heavy = "{'torch', 'transformers', 'stanza', 'gliner', 'spacy', 'thinc', 'presidio_analyzer'} & sys.modules.keys()"
    lines = run(
        f"import sys, rules.detectors; print({heavy})\n"
        f"from rules.identifiers import engine; engine.find_identifiers('mario@acme.it'); print({heavy})\n"
        "import spacy; print(spacy.blank('it')('ciao').text)\n"
    )
    assert lines == ["set()", "{'presidio_analyzer'}", "ciao"]


@pytest.mark.slow
def test_torch_can_be_imported_afterwards() -> None:
    pytest.importorskip("torch")
    assert run("from rules.identifiers import engine; engine.load(); import torch; print(torch.tensor(1).item())") == [
        "1"
    ]


@pytest.mark.slow
def test_no_connection_is_opened_and_no_file_is_written() -> None:
    code = (
        "import rules.detectors, sys\n"
        "def refuse(event, arguments):\n"
        "    written = event == 'open' and isinstance(arguments[1], str) and set(arguments[1]) & set('wax+')\n"
        "    if written or event.startswith('socket.') or event == 'subprocess.Popen':\n"
        "        raise RuntimeError(event, arguments)\n"
        "sys.dont_write_bytecode = True\n"
        "sys.addaudithook(refuse)\n"
        "from rules.identifiers import engine\n"
        "text = 'mario@acme.it, x@y.nosuchtld, 02 66984521, IT60X0542811101000000123456'\n"
        "print(*[one.entity.value for one in engine.find_identifiers(text) if one.score > 0.3])\n"
    )
    assert run(code) == ["EMAIL_ADDRESS IBAN_CODE PHONE_NUMBER"]


@pytest.mark.slow
def test_one_engine_however_many_threads_ask_first() -> None:
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from rules.identifiers import engine\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    engines = list(pool.map(lambda _: engine.load(), range(16)))\n"
        "print(len({id(one) for one in engines}))\n"
    )
    assert run(code) == ["1"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seconds", "outcome"), [("0", "found"), ("-1", "found"), ("0.5", "missed"), ("abc", "missed")]
)
def test_presidios_own_time_limit_never_makes_a_draft_clear(seconds: str, outcome: str) -> None:
    """Presidio cannot be imported where that variable is no whole number: then its rules say so."""
    code = (
        "from pathlib import Path\n"
        "from rules.draft import Draft\n"
        "from rules.assembly import load_policy\n"
        "from rules.screening import Screener\n"
        "screener = Screener(load_policy(Path('policies/packs/confidential.yaml')), patience=60.0)\n"
        "text = 'Scrivi a mario.rossi@acme.it, IBAN IT60X0542811101000000123456'\n"
        "for _ in range(2):\n"
        "    verdict, hidden = screener.screen(Draft(text=text)), screener.hidden(text)\n"
        "    rules = {'confidential.payment-data', 'confidential.contact-details'}\n"
        "    missed = [one for one in verdict.unchecked if not one.reason.startswith('model:vaglio')]\n"
        "    if rules <= {one.rule for one in verdict.findings} and hidden and not missed:\n"
        "        print('found')\n"
        "    if rules <= {one.rule for one in verdict.unchecked} and hidden is None:\n"
        "        print('missed')\n"
    )
    assert run(code, REGEX_TIMEOUT_SECONDS=seconds) == [outcome, outcome]


# --- What must always hold ---------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *("mario@acme.it", "+39 333 1234567", "IT60X0542811101000000123456", "4111 1111 1111 1111", "RSSMRA85T10A562S"),
        *(
            "tel ",
            "carta ",
            "documento ",
            "P.IVA ",
            "IT12345678903",
            "10.24.3.117",
            "AX1234567",
            "219-09-9999",
            " chiocciola ",
        ),
        *(" ", "\n", "@", ".", "-", "+", "00", "0", "1", "3", "a", "IT", "à", "（", "😀", "€", ":", "/", "1234", "::"),
    ]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200)


@given(TEXTS)
def test_spans_lie_inside_the_text_and_do_not_overlap(text: str) -> None:
    plain = fold(text).plain
    kept = engine.settled(engine.find_identifiers(plain.text), dict.fromkeys(Entity, 0.0))
    places = [(one.start, one.end) for one in kept]
    assert all(0 <= start < end <= len(plain.text) for start, end in places)
    assert all(end <= start for (_, end), (start, _) in pairwise(places))
    for start, end in places:
        assert plain.span(start, end).end <= len(text)


@given(TEXTS)
def test_the_same_text_is_always_read_the_same_way(text: str) -> None:
    assert engine.find_identifiers(text) == engine.find_identifiers(text)


def test_many_threads_read_many_texts() -> None:
    texts = [post["text"] for post in DEVELOPMENT]
    alone = [engine.find_identifiers(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(engine.find_identifiers, texts * 4)) == alone * 4


# --- Hostile texts -----------------------------------------------------------------------------------------------


def test_every_pattern_has_a_longest_match() -> None:
    """With a bounded match there is no text on which time grows faster than its length."""
    recognisers = engine.load().registry.recognizers
    patterns = [pattern.regex for one in recognisers for pattern in getattr(one, "patterns", [])]
    assert len(patterns) > 20
    for pattern in patterns:
        bare = regex.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "x", pattern)
        assert not regex.search(r"\*|(?<!\})\+|\{\d*,\}", bare), pattern


HOSTILE = [
    *("1", "12", "3 ", "+39 ", "+1", "00 1", "333 1234567 ", "a.b-", "a-", "a..", "@", "a@", "a@a.", "mario@acme.it "),
    *(
        "IT60 ",
        "it",
        "4-",
        "4111 1111 1111 1111 ",
        "4111",
        "1.1.1.1 ",
        "::",
        "0:",
        "f",
        "bc1q",
        "0x",
        "RSSMRA",
        "R S S M ",
    ),
    *("LMNPQR", "AX 1234567 ", " punto a", "a chiocciola ", "a [at] ", " dot a", "123-45-6789 ", "1.234.567.890 euro "),
    *("tel:", "wa.me/393331234567 "),
]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often something costly was done: a number read, a candidate judged, a place looked around."""
    done: Counter[str] = Counter()

    def counted(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def count(*arguments: object, **named: object) -> object:
            done[name] += 1
            return function(*arguments, **named)

        return count

    monkeypatch.setattr(phonenumbers, "parse", counted("parse", phonenumbers.parse))
    for one in engine.load().registry.recognizers:
        if hasattr(one, "validate_result"):
            monkeypatch.setattr(one, "validate_result", counted("validate", one.validate_result))
    context = importlib.import_module("rules.identifiers.context")
    monkeypatch.setattr(context, "_around", counted("around", context._around))
    return done


@pytest.mark.parametrize("token", HOSTILE)
def test_twice_the_text_is_at_most_twice_the_work(work: Counter[str], token: str) -> None:
    def effort(length: int) -> int:
        work.clear()
        engine.find_identifiers((token * length)[:length])
        return work.total()

    once, twice = effort(5_000), effort(10_000)
    assert twice <= 2 * once + 20
    assert twice <= 6_000


# --- Silence -----------------------------------------------------------------------------------------------------


def test_no_logger_says_a_word(caplog: pytest.LogCaptureFixture) -> None:
    engine.load()
    for name in ("presidio-analyzer", "decision_process"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        engine.find_identifiers(
            "chiama il 3331234567, mario@acme.nosuch, IT00X0542811101000000123456, tel 4111111111111111"
        )
    assert caplog.text == ""
    assert not logging.getLogger("decision_process").handlers
