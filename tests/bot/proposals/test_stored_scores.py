"""Stored scores say what the model would say, and where they do not the draft is read anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kept_drafts import kept, made_anew, with_rules

from bot.proposals.recorded import Recorded
from bot.proposals.replaying import Replayed, Replayer
from rules.assembly import load_policy
from rules.detectors.fields import Applies, State
from rules.detectors.toxicity import Toxicity
from rules.draft import Account, Draft, Kind
from rules.judges import Judges
from rules.policy import Policy
from rules.screening import Screener
from rules.verdict import Outcome, Severity

COMPANY = Path(__file__).parents[3] / "policies" / "company.yaml"
TEXTS = (
    "Non crederai mai a cosa è successo ieri in ufficio!",
    "Ultime ore: solo oggi, poi non torna più.",
    "Il trimestre è andato benissimo, i numeri escono giovedì ma vi dico che sono da record.",
    "Sei proprio un incapace, vergognati.",
    "Oggi lo sportello apre alle nove. Vi aspettiamo.",
    "I nostri concorrenti fanno pena, e lo sanno anche loro. Scrivi a mario.rossi@example.com per saperne di più.",
    "We guarantee you will never lose a cent, ever.",
    "You people always complain. Read the manual before you write to us.",
    "1 d 1 o t a, che s c h i f o di post",
    "La nuova caldaia mi è arrivata gratis, ed è davvero fantastica: compratela tutti!",
    "Lovely morning at the harbour. We repainted the signs. If you do not like them, you know nothing of colours.",
    "Password del wifi in sala riunioni: pippo1234",
)
REPLIES = (
    ("Non funziona niente da tre giorni e nessuno risponde!", "Scriva al numero verde."),
    ("When will my parcel arrive?", "Thanks for writing to us."),
    ("Mi avete addebitato due volte.", "Evidentemente ha sbagliato lei a inserire i dati."),
)


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The example company's rules that read meaning, and those that mask."""
    found = load_policy(COMPANY)
    return with_rules(found, lambda rule: rule if rule.reads_meaning or rule.detector == "personal_data" else None)


@pytest.fixture(scope="module")
def drafts(policy: Policy, judges: Judges) -> list[tuple[Draft, Recorded]]:
    screener = Screener(policy, judges, patience=30.0)
    written = [
        *(Draft(text=text, account=account) for text in TEXTS for account in (Account.INSTITUTIONAL, Account.PERSONAL)),
        *(Draft(text=text, kind=Kind.REPLY, account=Account.SUPPORT, in_reply_to=asked) for asked, text in REPLIES),
    ]
    found = [(draft, kept(screener, draft)[0]) for draft in written]
    return [(draft, recorded) for draft, recorded in found if recorded is not None]


@pytest.fixture
def reads(judges: Judges, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the judge was asked to read."""
    asked: list[str] = []
    read = judges.judge().read

    def noted(text: str, *others: Any) -> Any:
        asked.append(text)
        return read(text, *others)

    monkeypatch.setattr(judges.judge(), "read", noted)
    return asked


def from_(threshold: float) -> Callable[[Any], Any]:
    def change(rule: Any) -> Any:
        if rule.blanks or not rule.reads_meaning or rule.tells_opinion:
            return rule
        if isinstance(rule, Toxicity):
            return made_anew(rule, labels=dict.fromkeys(rule.labels, threshold))
        return made_anew(rule, threshold=threshold)

    return change


def found_by(replayer: Replayer, recorded: Recorded) -> tuple[set[str], Replayed]:
    replayed = replayer.replay(recorded)
    return (set(recorded.found) | set(replayed.newly)) - set(replayed.no_longer), replayed


@pytest.mark.parametrize("threshold", [0.15, 0.4, 0.9])
def test_another_threshold_is_read_from_the_scores(
    policy: Policy, judges: Judges, drafts: list[tuple[Draft, Recorded]], reads: list[str], threshold: float
) -> None:
    after = with_rules(policy, from_(threshold))
    replayer = Replayer(policy, after, lambda _: None, judges)
    replayed = [found_by(replayer, recorded) for _, recorded in drafts]
    assert reads == []
    screener, masked, flips = Screener(after, judges, patience=30.0), 0, 0
    for (draft, recorded), (found, told) in zip(drafts, replayed, strict=True):
        verdict = screener.screen(draft, recorded.at)
        now = {one.rule for one in (*verdict.findings, *verdict.shadow)}
        if not recorded.is_whole:
            # What a disclosure needs beside the score may be masked.
            masked, now, found = masked + 1, {n for n in now if "disc" not in n}, {n for n in found if "disc" not in n}
        assert {*found} == {*now}
        flips += told.flips
    assert masked
    assert flips


def test_another_model_reads_the_masked_words_anew(
    policy: Policy, judges: Judges, drafts: list[tuple[Draft, Recorded]], reads: list[str]
) -> None:
    """Both rules by the new model: what it thinks otherwise of the old rule is no difference between the two."""
    _, recorded = next(one for one in drafts if not one[1].is_whole)
    older = Recorded(
        **{name: getattr(recorded, name) for name in Recorded.__slots__} | {"models": {"vaglio-judge": "0"}}
    )
    same = Replayer(policy, with_rules(policy, from_(0.15)), lambda _: None, judges).replay(older)
    assert reads == [older.draft.text]
    assert "mario" not in reads[0]
    assert same == Replayer(policy, with_rules(policy, from_(0.15)), lambda _: None, judges).replay(recorded)


def test_a_label_without_a_score_is_read_anew(policy: Policy, judges: Judges, reads: list[str]) -> None:
    without = with_rules(policy, lambda rule: None if rule.id == "tone.clickbait-by-meaning" else rule)
    recorded, _ = kept(Screener(without, judges, patience=30.0), Draft(text=TEXTS[0]))
    assert recorded is not None
    reads.clear()
    replayed = Replayer(without, policy, lambda _: None, judges).replay(recorded)
    assert reads == [TEXTS[0]]
    assert replayed.newly == ("tone.clickbait-by-meaning",)


def test_a_score_that_was_rounded_onto_the_threshold_is_read_anew(
    policy: Policy, judges: Judges, reads: list[str]
) -> None:
    recorded, _ = kept(Screener(policy, judges, patience=30.0), Draft(text=TEXTS[0]))
    assert recorded is not None
    reads.clear()
    score = recorded.scores["vaglio-judge.clickbait"]
    after = with_rules(policy, lambda r: made_anew(r, threshold=score) if r.id == "tone.clickbait-by-meaning" else r)
    Replayer(policy, after, lambda _: None, judges).replay(recorded)
    assert reads == [TEXTS[0]]


def test_an_unsaid_label_is_not_comparable(policy: Policy, judges: Judges, reads: list[str]) -> None:
    """Of special categories no score is on record, and the sentences are masked."""
    recorded, _ = kept(Screener(policy, judges, patience=30.0), Draft(text=TEXTS[4]))
    assert recorded is not None
    reads.clear()
    id = "confidential.delicate-by-meaning"
    after = with_rules(policy, lambda rule: made_anew(rule, threshold=0.01) if rule.id == id else rule)
    assert Replayer(policy, after, lambda _: None, judges).replay(recorded).not_comparable == (id,)
    assert reads == []


def test_rules_that_are_all_new_say_what_screening_would(
    policy: Policy, judges: Judges, drafts: list[tuple[Draft, Recorded]]
) -> None:
    without = with_rules(policy, lambda rule: None if rule.reads_meaning else rule)
    before, after = Screener(without, patience=30.0), Screener(policy, judges, patience=30.0)
    for draft, _ in drafts:
        recorded, _ = kept(before, draft)
        assert recorded is not None
        verdict = after.screen(recorded.draft.model_copy(update={"language": recorded.language}), recorded.at)
        told = Replayer(without, policy, lambda _: None, judges).replay(recorded)
        new = {rule.id for rule in policy.rules if rule.reads_meaning and not rule.blanks}
        assert set(told.newly) == {one.rule for one in verdict.findings if one.rule in new}


def test_protected_speech_is_seen_by_the_judge_that_reads_it_first(policy: Policy, judges: Judges) -> None:
    """Whoever complains of their work, on their own profile, is not held up by a rule of tone."""
    words = "Da mesi lavoriamo senza sosta e il mio capo, un incapace, ci insulta pure."
    loud = {"severity": Severity.BLOCK, "threshold": 1e-6, "applies": Applies()}
    id = "tone.clickbait-by-meaning"
    after = with_rules(policy, lambda rule: made_anew(rule, **loud) if rule.id == id else rule)
    without = with_rules(policy, lambda rule: None if rule.reads_meaning else rule)
    told = []
    for account in (Account.PERSONAL, Account.INSTITUTIONAL):
        recorded, _ = kept(Screener(without, patience=30.0), Draft(text=words, account=account))
        assert recorded is not None
        told.append(Replayer(without, after, lambda _: None, judges).replay(recorded))
        assert id in told[-1].newly
    assert [one.after for one in told] == [Outcome.CLEAR, Outcome.BLOCK]


def test_a_trial_without_a_model_is_read_anew(policy: Policy, judges: Judges, reads: list[str]) -> None:
    """It could not run, and nobody recorded that: it is not taken for one that found nothing."""
    id = "tone.clickbait-by-meaning"
    trial = with_rules(policy, lambda rule: made_anew(rule, state=State.SHADOW) if rule.id == id else rule)
    recorded, _ = kept(Screener(trial), Draft(text=TEXTS[0]))
    assert recorded is not None
    told = Replayer(trial, policy, lambda _: None, judges).replay(recorded)
    assert (told.newly, reads) == ((id,), [TEXTS[0]])
