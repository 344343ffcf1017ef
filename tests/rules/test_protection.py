"""Speech that no policy may hold up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.detectors.base import Subject
from rules.draft import Account, Draft
from rules.folding import fold
from rules.judges import Judges
from rules.policy import Policy
from rules.problems import PolicyError
from rules.protection import gives_way, held_up, is_opinion, is_own
from rules.screening import Screener
from rules.verdict import Outcome, Severity

Make = Callable[..., Any]
STRIKE = "Sabato scioperiamo, e vi dico perché: turni di dodici ore sono una vergogna."
MORNING = "Da lunedì apriamo alle sette: una vergogna che non ci fossimo arrivati prima."


def draft(text: str, account: Account = Account.PERSONAL) -> Draft:
    return Draft(text=text, account=account, language="it")


@pytest.mark.parametrize(
    "text",
    [
        STRIKE,
        "Il nostro sindacato ha chiesto un incontro, e la risposta non è mai arrivata.",
        "Ho segnalato tutto all'ANAC: non potevo più tacere.",
        "In reparto si lavora senza guanti da febbraio.",
        "Our union rep was told to go home.",
        "We were on the picket line at six.",
        "Unpaid overtime again this month.",
    ],
)
def test_words_are_enough(text: str) -> None:
    assert is_opinion(Subject(draft(text), fold(text), ("it", "en")))


@pytest.mark.parametrize("text", [MORNING, "Domani il sindaco taglia il nastro.", "European Union flags are here."])
def test_other_words_are_not(text: str) -> None:
    assert not is_opinion(Subject(draft(text), fold(text), ("it", "en")))


def test_only_on_ones_own_profile() -> None:
    assert is_opinion(Subject(draft(STRIKE, Account.INSTITUTIONAL), fold(STRIKE), ("it",)))
    assert [is_own(draft(STRIKE, account)) for account in Account] == [
        account in (Account.PERSONAL, Account.PRIVATE) for account in Account
    ]


def test_tone_and_opinion_give_way_to_it(make_rule: Make, make_policy: Callable[..., Policy]) -> None:
    policy = make_policy(make_rule("phrases", phrases=["una vergogna"], severity="block"))
    verdict = Screener(policy).screen(draft(STRIKE))
    assert verdict.is_protected
    assert [finding.severity for finding in verdict.findings] == [Severity.NOTE]
    assert verdict.outcome is Outcome.CLEAR
    assert Screener(policy).screen(draft(MORNING)).outcome is Outcome.BLOCK
    assert Screener(policy).screen(draft(STRIKE, Account.INSTITUTIONAL)).outcome is Outcome.BLOCK


def test_what_is_confidential_stands(make_rule: Make, make_policy: Callable[..., Policy]) -> None:
    policy = make_policy(make_rule("dictionary", terms=["Progetto Falco"], severity="block"))
    verdict = Screener(policy).screen(draft(f"{STRIKE} E il Progetto Falco può attendere."))
    assert verdict.is_protected
    assert verdict.outcome is Outcome.BLOCK


def test_a_rule_may_mean_to_stand(make_rule: Make, make_policy: Callable[..., Policy]) -> None:
    aware = {"aware": "An insult remains one."}
    policy = make_policy(make_rule("phrases", phrases=["vergogna"], severity="warn", protected=aware))
    assert Screener(policy).screen(draft(STRIKE)).outcome is Outcome.REVISE


def test_what_could_not_be_checked_gives_way_too(make_rule: Make, make_policy: Callable[..., Policy]) -> None:
    policy = make_policy(make_rule("judge", label="clickbait", severity="review"))
    assert Screener(policy).screen(draft(STRIKE)).outcome is Outcome.CLEAR
    assert Screener(policy).screen(draft(MORNING)).outcome is Outcome.REVIEW


def test_the_judge_recognises_it_without_the_words(
    make_rule: Make, make_policy: Callable[..., Policy], judges: Judges
) -> None:
    text = "Siamo in quattro dove servono otto, le ferie le rimandano da un anno e la direzione non ci riceve."
    policy = make_policy(make_rule("judge", label="protected_speech", severity="note"))
    assert Screener(policy, judges, patience=60).screen(draft(text)).is_protected


def test_which_rules_give_way(make_rule: Make) -> None:
    giving = [make_rule("phrases"), make_rule("shouting"), make_rule("judge", label="jargon"), make_rule("metric")]
    standing = [
        make_rule("secret"),
        make_rule("toxicity", labels=["threat"]),
        make_rule("judge", label="client_confidential"),
        make_rule("dictionary"),
        make_rule("platform"),
    ]
    assert all(gives_way(rule) for rule in giving)
    assert not any(gives_way(rule) for rule in standing)
    assert gives_way(make_rule("toxicity", labels=["obscene"]))


def test_a_rule_that_would_hold_it_up_is_named_with_the_sentence(make_rule: Make) -> None:
    assert "scioperiamo" in (held_up(make_rule("phrases", phrases=["scioperiamo"])) or "")
    assert held_up(make_rule("phrases", phrases=["scioperiamo"], severity="note")) is None
    assert held_up(make_rule("phrases", phrases=["scioperiamo"], applies={"accounts": ["institutional"]})) is None
    assert held_up(make_rule("phrases", phrases=["scioperiamo"], protected={"aware": "x"})) is None
    assert held_up(make_rule("pattern", patterns=[r"\b(?:my|our) (?:pay|company)\b"])) is not None
    assert held_up(make_rule("phrases", phrases=["torta di mele"])) is None


def test_such_a_policy_does_not_load(
    head: str, a_rule: Callable[..., str], load: Callable[..., Policy], make_rule: Make
) -> None:
    union = {
        "severity": "block",
        "phrases": '["sindacato"]',
        "examples": '{flag: ["Il sindacato!"], allow: ["Il sindaco."]}',
    }
    with pytest.raises(PolicyError) as caught:
        load(f"{head}rules:\n{a_rule(**union)}")
    (problem,) = caught.value.problems
    assert problem.code == "holds_up_lawful"
    assert "sindacato" in problem.say("it")
    assert "protected: {aware: ...}" in problem.say("en")
    aware = union | {"protected": '{aware: "A court has said so."}'}
    assert load(f"{head}rules:\n{a_rule(**aware)}").rules[0].protected is not None
