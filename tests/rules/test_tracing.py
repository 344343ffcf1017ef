"""Why a rule fires or does not, step by step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules.detectors.personal_data import PersonalData
from rules.draft import Channel, Draft
from rules.folding import fold
from rules.judges import Judges
from rules.knowledge.hashing import KEY_BYTES, Keyed
from rules.knowledge.store import Knowledge
from rules.knowledge.tables import add_table
from rules.policy import Policy
from rules.tracing import Step, traced

Make = Callable[..., Any]
MakePolicy = Callable[..., Policy]
ITALIAN = "La biblioteca comunale apre alle nove e i clienti arrabbiati sono pregati di aspettare fuori."


def kinds(steps: list[Step]) -> list[str]:
    return [step.kind for step in steps]


@pytest.fixture
def trace(make_policy: MakePolicy) -> Callable[..., list[Step]]:
    def trace(rule: Any, text: str, *, judges: Judges | None = None, **draft: Any) -> list[Step]:
        return list(traced(rule, Draft(text=text, **draft), make_policy(rule), judges))

    return trace


def test_a_rule_that_fires_says_on_what(make_rule: Make, trace: Make) -> None:
    steps = trace(make_rule("phrases", phrases=["clienti arrabbiati"]), ITALIAN)
    assert kinds(steps) == ["language", "found", "fires"]
    assert steps[0].facts == {"language": "it"}
    assert steps[1].facts["words"] == "clienti arrabbiati"
    assert ITALIAN[int(steps[1].facts["start"]) : int(steps[1].facts["end"])] == "clienti arrabbiati"
    assert steps[2].facts == {"count": "1"}


def test_a_rule_that_finds_nothing_says_so(make_rule: Make, trace: Make) -> None:
    assert kinds(trace(make_rule("phrases", phrases=["idiota"]), ITALIAN)) == ["language", "nothing"]


@pytest.mark.parametrize(("state", "kind"), [("draft", "draft_state"), ("shadow", "shadow")])
def test_a_rule_that_is_not_in_force_says_so_and_goes_on(make_rule: Make, trace: Make, state: str, kind: str) -> None:
    rule = make_rule("phrases", phrases=["clienti"], state=state)
    assert kinds(trace(rule, ITALIAN)) == [kind, "language", "found", "fires"]


@pytest.mark.parametrize(
    ("applies", "kind", "scope"),
    [
        ({"kinds": ["reply"], "channels": ["x", "threads"]}, "other_draft", "reply, x, threads"),
        ({"accounts": ["support"]}, "other_draft", "support"),
        ({"until": "2020-01-31"}, "other_day", "… – 2020-01-31"),
        ({"from": "2999-01-01", "until": "2999-02-01"}, "other_day", "2999-01-01 – 2999-02-01"),
    ],
)
def test_a_rule_for_other_drafts_or_days_says_which(
    make_rule: Make, trace: Make, applies: dict[str, Any], kind: str, scope: str
) -> None:
    (step,) = trace(make_rule("phrases", phrases=["clienti"], applies=applies), ITALIAN)
    assert (step.kind, step.facts["scope"]) == (kind, scope)
    if kind == "other_day":
        assert step.facts["dates"] == scope


def test_a_rule_for_this_draft_goes_on(make_rule: Make, trace: Make) -> None:
    rule = make_rule("phrases", phrases=["clienti"], applies={"channels": ["x"]})
    assert kinds(trace(rule, ITALIAN, channel=Channel.X))[-1] == "fires"


def test_a_rule_of_other_languages_says_which(make_rule: Make, trace: Make) -> None:
    steps = trace(make_rule("phrases", phrases=["clienti"], applies={"languages": ["en"]}), ITALIAN)
    assert [(step.kind, dict(step.facts)) for step in steps] == [
        ("language", {"language": "it"}),
        ("foreign", {"languages": "en"}),
    ]


def test_how_a_disguised_text_is_read_is_said(make_rule: Make, trace: Make) -> None:
    rule = make_rule("phrases", phrases=["idiota"])
    steps = trace(rule, "Sei un 1d10ta\u200b!", language="it")
    assert kinds(steps) == ["language", "reads", "reads", "found", "fires"]
    assert [step.facts["text"] for step in steps[1:3]] == ["Sei un 1d10ta!", "Sei un idiota!"]


def test_how_a_dictated_number_is_read_is_said_where_it_matters(make_rule: Make, trace: Make) -> None:
    text = "Tel. tre tre tre uno due tre quattro cinque sei sette"
    for rule, read in ((make_rule("exact_match"), 1), (make_rule("phrases"), 0)):
        steps = trace(rule, text, language="it")
        assert [step.facts for step in steps if step.kind == "reads"] == [{"text": "Tel. 3331234567"}] * read


def test_a_rule_that_cannot_run_says_what_is_missing(
    make_rule: Make, trace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, table = make_rule("judge", label="clickbait"), make_rule("exact_match")
    assert trace(judge, ITALIAN)[-1] == Step("unavailable", {"reason": "model:vaglio-judge"})
    assert trace(table, ITALIAN)[-1] == Step("unavailable", {"reason": "knowledge:customers"})

    def broken(*_: object) -> None:
        raise TimeoutError("idiota")

    plain = make_rule("phrases", phrases=["idiota"])
    monkeypatch.setattr(type(plain), "find", broken)
    assert trace(plain, ITALIAN)[-1] == Step("unavailable", {"reason": "error:TimeoutError"})


def test_what_the_company_knows_is_read(make_rule: Make, make_policy: MakePolicy, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("email\nanna@acme.example\n", encoding="utf-8")
    held = Knowledge(tmp_path / "knowledge", Keyed(b"k" * KEY_BYTES))
    add_table(held, "customers", tmp_path / "a.csv", ["email"])
    rule = make_rule("exact_match", table="customers", match=[["email"]])
    steps = list(traced(rule, Draft(text="Scrivi ad anna@acme.example"), make_policy(rule), None, held))
    assert [step.facts.get("words") for step in steps if step.kind == "found"] == ["anna@acme.example"]


@pytest.mark.parametrize(("threshold", "last"), [(0.01, "fires"), (0.999, "nothing")])
def test_a_score_is_said_with_what_is_wanted(
    make_rule: Make, trace: Make, judges: Judges, threshold: float, last: str
) -> None:
    text = "I conti escono giovedì ma ve lo dico già: trimestre chiuso a meno 12 %."
    rule = make_rule("judge", label="unannounced_results", threshold=threshold)
    steps = trace(rule, text, judges=judges, language="it", account="personal")
    (score,) = [step.facts for step in steps if step.kind == "score"]
    assert score["name"] == "vaglio-judge.unannounced_results"
    assert 0 <= float(score["score"]) <= 1
    assert score["least"] == f"{threshold:.2f}"
    assert steps[-1].kind == last


def test_a_score_without_a_threshold_of_the_rules_is_held_against_the_models(
    make_rule: Make, trace: Make, judges: Judges
) -> None:
    steps = trace(make_rule("judge", label="clickbait"), ITALIAN, judges=judges, language="it")
    (score,) = [step.facts for step in steps if step.kind == "score"]
    assert float(score["least"]) == pytest.approx(judges.judge().threshold("clickbait", "it"), abs=0.01)


def test_what_is_let_pass_is_said_with_the_phrase_and_why(make_rule: Make, trace: Make) -> None:
    spared = ["alla cultura", {"phrase": "cultura aziendale", "why": "è il nome del corso"}]
    rule = make_rule("phrases", phrases=["cultura"], **{"except": spared})
    steps = trace(rule, "Cultura, alla cultura, cultura aziendale", language="it")
    assert [step.facts["words"] for step in steps if step.kind == "found"] == ["Cultura", "cultura", "cultura"]
    assert [(step.facts["phrase"], step.facts["why"]) for step in steps if step.kind == "excepted"] == [
        ("alla cultura", ""),
        ("cultura aziendale", "è il nome del corso"),
    ]
    assert steps[-1] == Step("fires", {"count": "1"})


def test_what_is_the_companys_own_and_what_is_too_doubtful_is_said(trace: Make) -> None:
    rule = PersonalData.model_validate(
        {
            "id": "confidential.identifiers",
            "detector": "personal_data",
            "severity": "block",
            "clause": "1",
            "message": "x",
            "examples": {"flag": ["x"], "allow": ["y"]},
            "entities": {"EMAIL_ADDRESS": 0.5, "PHONE_NUMBER": 0.9},
            "allow": [{"phrase": "info@acme.example", "why": "è pubblica"}],
        }
    )
    steps = trace(rule, "Scrivi a info@acme.example o mario@acme.example. 333 1234567, Mario", language="it")
    told = {step.kind: step.facts for step in steps}
    assert (told["found"]["words"], told["found"]["score"]) == ("mario@acme.example", "1.00")
    assert (told["allowed"]["words"], told["allowed"]["why"]) == ("info@acme.example", "è pubblica")
    assert told["allowed"]["entity"] == "EMAIL_ADDRESS"
    assert (told["doubtful"]["words"], told["doubtful"]["entity"]) == ("333 1234567", "PHONE_NUMBER")
    assert float(told["doubtful"]["score"]) < float(told["doubtful"]["least"]) == 0.9
    assert steps[-1].kind == "fires"


@given(draft=st.from_type(Draft))
def test_any_draft_can_be_explained(every_rule: list[Any], make_policy: MakePolicy, draft: Draft) -> None:
    assume(fold(draft.text).plain.text.strip())
    policy = make_policy(*every_rule)
    for rule in every_rule:
        steps = list(traced(rule, draft, policy))
        assert steps[-1].kind in ("fires", "nothing", "foreign")
