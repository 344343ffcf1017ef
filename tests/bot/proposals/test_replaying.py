"""A replay under the same policy flips nothing; under another it says what screening the masked words would say."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept_drafts import kept, with_fields, with_rules

from bot.proposals.recorded import Recorded
from bot.proposals.replaying import Replayed, Replayer
from rules.assembly import load_policy
from rules.detectors.fields import Applies, State
from rules.draft import Account, Channel, Draft, Kind
from rules.policy import Policy
from rules.screening import Screener
from rules.verdict import Outcome, Severity

MORE = """
  - id: tone.trial
    detector: phrases
    severity: block
    state: shadow
    clause: 3.1
    message: {it: In prova., en: On trial.}
    phrases: [zampogna]
    examples: {flag: [zampogna], allow: [ciao]}
  - id: tone.personal
    detector: phrases
    severity: review
    clause: 3.1
    applies: {accounts: [personal], channels: [x, linkedin], until: 2027-03-01}
    message: {it: Solo sul tuo., en: On your own only.}
    phrases: [capo]
    examples: {flag: [capo], allow: [ciao]}
  - id: tone.english
    detector: pattern
    severity: warn
    clause: 3.1
    applies: {languages: [en]}
    message: {it: In inglese., en: In English.}
    patterns: ['(?i)awesome']
    examples: {flag: [awesome], allow: [fine]}
  - id: confidential.project
    detector: dictionary
    severity: review
    clause: 4.1
    message: {it: Un progetto., en: A project.}
    terms: [{term: Falco}]
    examples: {flag: [Falco], allow: [falcone]}
"""
WORDS = ("ciao", "cretino", "sinergia", "SEGRETO-12", "zampogna", "capo", "awesome", "Falco", "under embargo", "[x]")
DRAFTS = st.builds(
    Draft,
    text=st.lists(st.sampled_from(WORDS), min_size=1, max_size=7).map(" ".join),
    account=st.sampled_from([Account.INSTITUTIONAL, Account.PERSONAL]),
    channel=st.sampled_from([Channel.X, Channel.BLOG]),
    kind=st.sampled_from(list(Kind)),
    language=st.sampled_from(["it", "en", "fr", None]),
    attachments=st.sampled_from([(), ("image/png",)]),
)
ANY = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
BLIND = ("confidential.code", "confidential.project")
"""Rules that look for what is masked."""


@pytest.fixture
def policy(policy_path: Path) -> Policy:
    policy_path.write_text(policy_path.read_text(encoding="utf-8") + MORE, encoding="utf-8")
    return load_policy(policy_path)


def replay(before: Policy, after: Policy, recorded: Recorded, known: Policy | None = None) -> Replayed:
    return Replayer(before, after, lambda name: known if known and known.revision == name else None).replay(recorded)


def recorded_of(policy: Policy, draft: Draft) -> Recorded:
    found, _ = kept(Screener(policy), draft)
    assert found is not None
    return found


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "severity": st.sampled_from(list(Severity)),
        "state": st.sampled_from(list(State)),
        "phrases": st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(tuple),
        "applies": st.sampled_from(
            [
                Applies(),
                Applies(accounts=(Account.PERSONAL,)),
                Applies(languages=("en",)),
                Applies(since=date(2028, 1, 1)),
            ]
        ),
        "excepted": st.sampled_from([(), ("cretino zampogna",)]),
    },
)


@given(DRAFTS)
@ANY
def test_the_same_policy_flips_nothing_and_says_what_was_recorded(policy: Policy, draft: Draft) -> None:
    recorded, facts = kept(Screener(policy), draft)
    assert recorded is not None
    assert facts is not None
    again = replay(policy, policy, recorded)
    assert again == Replayed(Outcome(facts["outcome"]), Outcome(facts["outcome"]), (), (), (), (), ())


@given(DRAFTS, CHANGES)
@ANY
def test_a_changed_rule_says_what_screening_would(policy: Policy, draft: Draft, change: dict[str, Any]) -> None:
    """Where nothing in the draft is masked there is no difference between its words and those on record."""
    draft = draft.model_copy(update={"text": draft.text.replace("SEGRETO-12", "sale").replace("Falco", "sale")})
    after = with_fields(policy, "toxicity.insult", **change)
    _, now = kept(Screener(policy), draft)
    _, then = kept(Screener(after), draft)
    assert now is not None
    assert then is not None
    found = replay(policy, after, recorded_of(policy, draft))
    assert (found.before, found.after) == (now["outcome"], then["outcome"])
    one, other = ({each["rule"] for each in facts["findings"]} for facts in (now, then))
    assert (set(found.newly), set(found.no_longer)) == (other - one, one - other)
    assert found.not_comparable == ()


@given(DRAFTS, CHANGES)
@ANY
def test_a_new_rule_says_what_screening_the_masked_words_would(
    policy: Policy, draft: Draft, change: dict[str, Any]
) -> None:
    after = with_fields(policy, "toxicity.insult", **change)
    before = with_rules(policy, lambda rule: None if rule.id == "toxicity.insult" else rule)
    recorded = recorded_of(before, draft)
    masked = recorded.draft.model_copy(update={"language": draft.language})
    verdict = Screener(after).screen(masked, recorded.at)
    found = replay(before, after, recorded)
    if draft.language is not None:
        assert ("toxicity.insult" in found.newly) == any(one.rule == "toxicity.insult" for one in verdict.findings)
    assert set(found.newly) <= {"toxicity.insult"}


@given(DRAFTS, st.sampled_from(BLIND), st.booleans())
@ANY
def test_what_looks_for_the_masked_is_named_and_flips_nothing(
    policy: Policy, draft: Draft, id: str, is_new: bool
) -> None:
    """Changed, new for this draft, and more severe at once: nobody can say what it would find."""
    change: dict[str, Any] = {"severity": Severity.BLOCK, "hides": "X", "excepted": ("ciao",)}
    after = with_fields(policy, id, **change)
    before = with_rules(policy, lambda rule: None if rule.id == id else rule) if is_new else policy
    found = replay(before, after, recorded_of(before, draft))
    assert not found.flips
    assert found.not_comparable == (id,)
    assert Replayer(before, after, lambda _: None).not_comparable == {id}


@given(DRAFTS, st.sampled_from(BLIND), st.sampled_from([Severity.NOTE, Severity.BLOCK]))
@ANY
def test_how_much_the_masked_weighs_is_comparable(policy: Policy, draft: Draft, id: str, severity: Severity) -> None:
    after = with_fields(policy, id, severity=severity)
    _, then = kept(Screener(after), draft)
    found = replay(policy, after, recorded_of(policy, draft))
    assert then is not None
    assert (found.after, found.not_comparable) == (then["outcome"], ())


@given(DRAFTS, CHANGES, CHANGES)
@ANY
def test_an_older_record_is_held_against_both(
    policy: Policy, draft: Draft, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """What was recorded under a third policy is no outcome of either of the two; and one and the same is no change."""
    draft = draft.model_copy(update={"text": draft.text.replace("SEGRETO-12", "sale").replace("Falco", "sale")})
    before, after = with_fields(policy, "toxicity.insult", **first), with_fields(policy, "tone.personal", **second)
    recorded = recorded_of(policy, draft)
    found = replay(before, after, recorded, known=policy)
    _, one = kept(Screener(before), draft)
    _, other = kept(Screener(after), draft)
    assert one is not None
    assert other is not None
    assert (found.before, found.after) == (one["outcome"], other["outcome"])
    assert not replay(before, before, recorded, known=policy).flips


@given(DRAFTS)
@ANY
def test_an_unknown_policy_is_no_reason_to_flip(policy: Policy, draft: Draft) -> None:
    other = with_fields(policy, "toxicity.insult", severity=Severity.NOTE)
    assert not replay(policy, policy, recorded_of(other, draft)).flips


def test_masking_is_no_reason_to_find_less(policy: Policy) -> None:
    """The word stood inside a code: what is left of it says nothing of the rule, so its finding stays."""
    broad = with_fields(policy, "toxicity.insult", phrases=("segreto-12", "cretino"))
    recorded = recorded_of(broad, Draft(text="Vedi SEGRETO-12"))
    assert recorded.draft.text == "Vedi [CODE]"
    assert "toxicity.insult" in recorded.found
    found = replay(broad, with_fields(broad, "toxicity.insult", phrases=("segreto-12", "idiot")), recorded)
    assert (found.no_longer, found.flips) == ((), False)


def test_what_a_person_overturned_stays_overturned(policy: Policy) -> None:
    recorded = recorded_of(policy, Draft(text="Sei un cretino"))
    told = {name: getattr(recorded, name) for name in Recorded.__slots__}
    overturned = Recorded(**told | {"found": frozenset(), "dismissed": recorded.found})
    louder = with_fields(policy, "toxicity.insult", phrases=("cretino", "idiot"), severity=Severity.BLOCK)
    assert replay(policy, louder, overturned).after is Outcome.CLEAR
    assert replay(louder, policy, overturned).before is Outcome.CLEAR


def test_a_trial_that_ends_counts_what_it_found(policy: Policy) -> None:
    live = with_fields(policy, "tone.trial", state=State.LIVE)
    found = replay(policy, live, recorded_of(policy, Draft(text="La zampogna")))
    assert (found.before, found.after, found.newly) == (Outcome.CLEAR, Outcome.BLOCK, ("tone.trial",))
    back = replay(live, policy, recorded_of(live, Draft(text="La zampogna")))
    assert (back.before, back.after, back.no_longer) == (Outcome.BLOCK, Outcome.CLEAR, ("tone.trial",))


def test_a_rule_that_cannot_run_here_turns_nothing_green(policy: Policy, judged: Any) -> None:
    fields = {name: getattr(policy, name) for name in Policy.model_fields}
    after = Policy(**fields | {"rules": (*policy.rules, judged)})
    found = replay(policy, after, recorded_of(policy, Draft(text="Ciao a tutti", language="it")))
    assert (found.after, found.unchecked) == (Outcome.REVIEW, ("tone.clickbait",))


@pytest.fixture
def judged() -> Any:
    from rules.detectors.judge import JudgeRule

    return JudgeRule(
        id="tone.clickbait", detector="judge", label="clickbait", severity=Severity.REVIEW, clause="3.1",
        message={"it": "Un'esca.", "en": "Bait."}, examples={"flag": ["a"], "allow": ["b"]},
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.mark.parametrize("words", ["none", "masked"])
def test_without_words_there_is_nothing_to_replay(policy: Policy, words: str) -> None:
    keeping = policy.record.model_copy(update={"words": words})
    other = Policy(**{name: getattr(policy, name) for name in Policy.model_fields} | {"record": keeping})
    assert (kept(Screener(other), Draft(text="Ciao"))[0] is None) == (words == "none")
