"""A label of the judge as a rule."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from rules.detectors.base import Subject
from rules.draft import Account, Draft, Kind
from rules.folding import fold
from rules.judges import Judges
from rules.policy import Policy
from rules.screening import Screener
from rules.trial import try_examples
from rules.unavailable import Unavailable
from rules.verdict import Outcome

Make = Callable[..., Any]
LEAK = "I conti escono giovedì ma ve lo dico già: trimestre chiuso a meno 12 %."
FINE = "Da lunedì la biblioteca apre alle nove."
ASKED = "Le docce dello spogliatoio sono fredde da lunedì, sono furibonda. Quando le aggiustate?"
COLD = "La nostra palestra è nata nel 1998 e da allora non ha mai smesso di crescere."


def hits(rule: Any, judges: Judges, **draft: Any) -> list[str]:
    made = Draft(**draft)
    return [hit.span.of(made.text) for hit in rule.hits(Subject(made, fold(made.text), ("it",), judges))]


def test_meaning_is_found_in_its_sentence(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("judge", label="unannounced_results")
    text = f"Buongiorno a tutti dal banco del pane. {LEAK}"
    assert hits(rule, judges, text=text, account=Account.PERSONAL) == [LEAK]
    assert hits(rule, judges, text=FINE) == []


def test_a_label_of_replies_is_sought_in_replies(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("judge", label="ignores_question")
    asked = {"text": COLD, "account": Account.SUPPORT}
    assert hits(rule, judges, kind=Kind.REPLY, in_reply_to=ASKED, **asked) == [COLD]
    assert hits(rule, judges, kind=Kind.POST, in_reply_to=ASKED, **asked) == []
    # What was asked is not known: nobody can say that it was left without an answer.
    with pytest.raises(Unavailable, match="context"):
        hits(rule, judges, kind=Kind.REPLY, **asked)


def test_protected_speech_is_no_fault(make_rule: Make) -> None:
    make_rule("judge", label="protected_speech", severity="note")
    with pytest.raises(ValueError, match="no fault"):
        make_rule("judge", label="protected_speech", severity="warn")


def test_a_third_language_is_not_judged(make_rule: Make, make_policy: Callable[..., Policy], judges: Judges) -> None:
    policy = make_policy(make_rule("judge", label="clickbait"), languages=("it", "en", "de"))
    verdict = Screener(policy, judges).screen(Draft(text="Guten Morgen, heute ist ein schöner Tag.", language="de"))
    assert [missed.reason for missed in verdict.unchecked] == ["language:de"]


def test_a_draft_of_too_many_pieces_is_not_checked(
    make_rule: Make, make_policy: Callable[..., Policy], judges: Judges
) -> None:
    policy = make_policy(make_rule("judge", label="clickbait"), make_rule("toxicity", labels=["insult"]))
    screener = Screener(policy, judges)
    for hostile in ("ﷺ" * 9_000, " ".join(f"Nooo cr3t1n0 {n}." for n in range(520))):
        verdict = screener.screen(Draft(text=hostile, language="it"))
        assert "timeout" in {missed.reason for missed in verdict.unchecked}


def test_a_slow_reading_holds_up_nothing_else(
    make_rule: Make, make_policy: Callable[..., Policy], judges: Judges, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, calls = judges.judge(), []
    read = type(judge).read

    def slow(*given: Any) -> Any:
        calls.append(1)
        time.sleep(2.0)
        return read(*given)

    monkeypatch.setattr(type(judge), "read", slow)
    meaning = [make_rule("judge", id=f"test.r{n}", label="clickbait") for n in range(6)]
    words = make_rule("phrases", phrases=["biblioteca"])
    verdict = Screener(make_policy(*meaning, words), judges, patience=0.4).screen(Draft(text=FINE))
    assert [finding.rule for finding in verdict.findings] == ["test.phrases"]
    assert {missed.reason for missed in verdict.unchecked} == {"timeout"}
    assert len(calls) == 1


def test_every_score_is_in_the_verdict(make_rule: Make, make_policy: Callable[..., Policy], judges: Judges) -> None:
    policy = make_policy(
        make_rule("judge", id="test.a", label="unannounced_results", severity="review"),
        make_rule("judge", id="test.b", label="clickbait"),
    )
    verdict = Screener(policy, judges).screen(Draft(text=LEAK, account=Account.PERSONAL))
    assert verdict.outcome is Outcome.REVIEW
    assert set(verdict.scores) == {"vaglio-judge.unannounced_results", "vaglio-judge.clickbait"}
    assert verdict.models == {"vaglio-judge": judges.judge().digest}
    assert verdict.findings[0].score == pytest.approx(verdict.scores["vaglio-judge.unannounced_results"], abs=1e-3)


def test_an_example_may_be_an_exchange(make_rule: Make, make_policy: Callable[..., Policy], judges: Judges) -> None:
    examples = {
        "flag": [{"in_reply_to": ASKED, "text": COLD}],
        "allow": [{"in_reply_to": ASKED, "text": "Domani mattina alle 9 arriva l'idraulico: alle 12 le scriviamo."}],
    }
    rule = make_rule("judge", label="ignores_question", applies={"kinds": ["reply"]}, examples=examples)
    assert list(try_examples(make_policy(rule), judges)) == []
    turned = make_rule(
        "judge", label="ignores_question", applies={"kinds": ["reply"]},
        examples={"flag": examples["allow"], "allow": examples["flag"]},
    )  # fmt: skip
    assert [wrong.kind for wrong in try_examples(make_policy(turned), judges)] == ["silent", "loud"]


def test_without_models_a_trial_says_that_it_could_not_be_made(
    make_rule: Make, make_policy: Callable[..., Policy]
) -> None:
    (wrong,) = try_examples(make_policy(make_rule("judge", label="clickbait")))
    assert (wrong.kind, wrong.by) == ("unavailable", "model:vaglio-judge")


def test_a_label_that_is_none_is_named(faults: Callable[..., list[tuple[str, str]]], head: str, a_rule: Make) -> None:
    ((place, code),) = faults(f"{head}rules:\n{a_rule(detector='judge', phrases=None, label='clikbait')}")
    assert place.startswith("policy.yaml:14")
    assert code


def test_what_tells_a_secret_is_blanked_and_a_text_that_was_not_read_may_be_kept(
    make_rule: Make, judges: Judges
) -> None:
    rule = make_rule("judge", label="credential")
    text = "Ragazzi, la serranda: quattro, zero, sei, sei e poi cancelletto."
    hits = rule.hits(Subject(Draft(text=text), fold(text), ("it",), judges))
    assert [hit.hides for hit in hits] == ["SECRET"]
    assert not rule.may_hide
    assert make_rule("judge", label="special_category", hides="DELICATE").may_hide
