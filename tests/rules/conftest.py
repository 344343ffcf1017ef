"""Rules, policies and drafts to test the core with. Any `Draft` that Hypothesis builds is a strange one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from rules.assembly import load_policy
from rules.detectors import Rule
from rules.detectors.base import BaseRule, Subject
from rules.draft import Account, Channel, Draft, Kind
from rules.encoder import vocabulary
from rules.folding import fold
from rules.policy import Policy
from rules.problems import PolicyError, Problem
from rules.tokens import Tokenizer

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_ODD = [
    *("👨‍👩‍👧‍👦", "👍🏽", "🇮🇹", "1️⃣", "❤️", "🎉🎉🎉🎉", "‼", "…", "!!!", "?!", "½", "ﷺ", "ﬁ", "ß", "İ", "ı", "´", "`"),
    *("e\u0301", "a\u0336", "\u0301", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u202e", "\u2066", "\u2069", "\u3164"),
    *("\x00", "\x0b", "\x1c", "\x85", "\u2028", "\r\n", "\n", "\t", "  ", "\u00a0", "\ufffd", "\U000e0041"),
    *("раура", "pаypаl", "Москва", "και", "αβγ", "ᄀᄀᄀ", "שלום", "مرحبا", "ไทย", "क्षि", "漢字", "\u0d4ei"),
    *("1d10ta", "i d i o t a", "i.d.i.o.t.a", "idiooota", "#NoVaxOra", "snake_case", "dell'azienda", "perche'"),
    *("IBAN", "SUBITO TUTTI INSIEME", "NON CI CREDO PIÙ", "che che", "MDCCC", "3.5", "www.acme.it", "a@b.it"),
    *("idiota", "cliente", "clienti", "Acme", "acme", "e-mail", "mail", "utilizzare", "NATO (Patto)", "[INSULT]"),
    *("\u2800", "\U0001f170", "«", "@io", "Dott.", "S.p.A."),
]  # fmt: skip

strange_texts = st.lists(
    st.one_of(
        st.sampled_from(_ODD),
        st.text(max_size=8),
        st.characters(),  # lone surrogates too
        st.builds(lambda c, times: c * times, st.sampled_from(_ODD) | st.characters(), st.integers(2, 200)),
    ),
    max_size=10,
).flatmap(lambda pieces: st.sampled_from(["", " "]).map(lambda gap: gap.join(pieces)))

st.register_type_strategy(
    Draft,
    st.builds(
        Draft,
        text=strange_texts,
        kind=st.sampled_from(Kind),
        account=st.sampled_from(Account),
        channel=st.sampled_from(Channel),
        language=st.sampled_from([None, None, "it", "en", "es"]),
    ),
)

_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)

PARAMETERS: dict[str, dict[str, Any]] = {
    "phrases": {"phrases": ["idiota", "cliente arrabbiato"], "inflect": ["it"]},
    "substitution": {"swap": {"utilizzare": "usare", "acme": "ACME", "mail": "e-mail"}},
    "pattern": {"patterns": [r"\bIBAN\b", r"\p{Nd}+"]},
    "occurrence": {"pattern": "#", "most": 1},
    "repetition": {},
    "consistency": {"either": {"mail": "e-mail"}},
    "address": {},
    "conditional": {"first": r"\b(\p{Lu}{3,5})\b", "second": r"\b(\p{Lu}{3,5})\b \(", "ignore_case": False},
    "capitalization": {},
    "metric": {"metric": "characters", "most": 40},
    "shouting": {},
    "secret": {},
    "internal_link": {"hosts": ["*.acme.it"]},
    "dictionary": {"terms": ["Progetto Falco", "Aurora"], "misspelt": True},
    "exact_match": {"table": "customers", "match": [["email"], ["surname", "phone"]]},
    "fingerprint": {"documents": "plans"},
    "paraphrase": {"sentences": "secrets"},
    "toxicity": {"labels": ["insult"]},
    "judge": {"label": "clickbait"},
    "reply": {"fault": "bounces"},
    "disclosure": {"about": "employer", "company": {"names": ["Acme"]}},
    "platform": {"check": "hashtags", "most": 1},
}
"""One rule of each detector, with something to find."""


@pytest.fixture(scope="session")
def tokenizer(models: Path) -> Tokenizer:
    return Tokenizer(vocabulary(models))


@pytest.fixture(scope="session")
def make_rule() -> Callable[..., Rule]:
    """A rule of a detector, with whatever the test does not care about filled in."""

    def make(detector: str, **fields: Any) -> Rule:
        written = {
            "id": f"test.{detector.replace('_', '-')}",
            "detector": detector,
            "severity": "warn",
            "clause": "1",
            "message": "x",
            "examples": {"flag": ["x"], "allow": ["y"]},
            **({} if fields.keys() & PARAMETERS[detector].keys() else PARAMETERS[detector]),
            **fields,
        }
        return _RULE.validate_python(written)

    return make


@pytest.fixture(scope="session")
def every_rule(make_rule: Callable[..., Rule]) -> list[Rule]:
    """One rule of each detector that needs nothing else; some of them hide what they find."""
    hiding = {"phrases": "INSULT", "pattern": "NUMBER"}
    # Rules that need models or the company's knowledge are unchecked without, and so they are tested apart.
    apart = ("toxicity", "judge", "reply", "disclosure", "exact_match", "fingerprint", "paraphrase")
    rules = [make_rule(detector, hides=hiding.get(detector)) for detector in PARAMETERS if detector not in apart]
    for rule in rules:
        rule.load()
    return rules


@pytest.fixture(scope="session")
def found() -> Callable[..., list[str]]:
    """The words that a rule finds fault with in a text."""

    def find(rule: BaseRule, text: str, *languages: str) -> list[str]:
        return [hit.span.of(text) for hit in rule.hits(_subject(text, languages))]

    return find


@pytest.fixture(scope="session")
def mended() -> Callable[..., list[str | None]]:
    """What a rule would write instead, place by place."""

    def mend(rule: BaseRule, text: str, *languages: str) -> list[str | None]:
        return [hit.replacement for hit in rule.hits(_subject(text, languages))]

    return mend


def _subject(text: str, languages: tuple[str, ...]) -> Subject:
    return Subject(Draft(text=text), fold(text), languages or ("it", "en"))


@pytest.fixture(scope="session")
def make_policy() -> Callable[..., Policy]:
    """A policy of the rules given."""

    def make(*rules: BaseRule, languages: tuple[str, ...] = ("it", "en"), timezone: str = "Europe/Rome") -> Policy:
        return Policy.model_validate(
            {
                "name": "test",
                "languages": languages,
                "timezone": timezone,
                "owners": [{"id": "comms", "name": "Comms"}],
                "clauses": [{"id": "1", "title": "One", "text": "One.", "owner": "comms"}],
                "rules": rules,
            }
        )

    return make


HEAD = """\
name: acme
languages: [it, en]
owners:
  - {id: comms, name: Comunicazione}
clauses:
  - {id: "1", title: Uno, text: Uno., owner: comms}
"""
"""What a policy needs before its rules; six lines."""


@pytest.fixture(scope="session")
def head() -> str:
    return HEAD


@pytest.fixture(scope="session")
def a_rule() -> Callable[..., str]:
    """A rule as YAML. `lines` replace or add fields; a field that is None is left out."""

    def write(id: str = "tone.word", **fields: str | None) -> str:
        every: dict[str, str | None] = {
            "detector": "phrases",
            "severity": "warn",
            "clause": '"1"',
            "message": "No.",
            "phrases": "[parola]",
            "examples": "{flag: [una parola], allow: [altro]}",
            **fields,
        }
        lines = [f"- id: {id}", *(f"  {key}: {value}" for key, value in every.items() if value is not None)]
        return "\n".join(lines) + "\n"

    return write


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str | bytes], Path]:
    """Writes a file into the folder of the policies, which is the current one."""
    monkeypatch.chdir(tmp_path)

    def put(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


@pytest.fixture
def load(write: Callable[[str, str | bytes], Path]) -> Callable[..., Policy]:
    """Loads a policy from its text."""
    return lambda content: load_policy(write("policy.yaml", content))


@pytest.fixture
def faults(load: Callable[..., Policy]) -> Callable[..., list[tuple[str, str]]]:
    """The faults of a policy's text, each as `file:line:column` and code; all can be said in both languages."""

    def fault(content: str | bytes) -> list[tuple[str, str]]:
        with pytest.raises(PolicyError) as caught:
            load(content)
        return [_sayable(problem) for problem in caught.value.problems]

    return fault


def _sayable(problem: Problem) -> tuple[str, str]:
    assert problem.say("it")
    assert problem.say("en")
    assert problem.show("it").startswith(str(problem.place))
    return str(problem.place), problem.code
