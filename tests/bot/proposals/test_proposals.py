"""Proposals: begun on what is in force, edited by several, tried, agreed to, published; nothing slips through."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.audit.ledger import Ledger
from bot.proposals.editing import adjusted, changed
from bot.proposals.merging import merged
from bot.proposals.proposals import UNPUBLISHED, Proposals
from bot.proposals.proposed import ProposalError
from bot.revisions import RevisionError, Revisions
from bot.store import Store
from rules.knowledge.hashing import KEY_BYTES, Keyed
from rules.knowledge.store import Knowledge
from rules.knowledge.tables import add_table
from rules.policy import Policy
from rules.problems import PolicyError

AT = datetime(2027, 1, 10, 9, 30, tzinfo=UTC)


@pytest.fixture
def revisions(store: Store, ledger: Ledger, tmp_path: Path) -> Revisions:
    return Revisions(store, tmp_path / "data" / "policies", ledger)


@pytest.fixture
def opened(store: Store, ledger: Ledger, revisions: Revisions, policy_path: Path) -> Callable[..., Proposals]:
    return lambda people=1: Proposals(store, ledger, revisions, policy_path, None, None, people=people)


@pytest.fixture
def proposals(opened: Callable[..., Proposals]) -> Proposals:
    return opened()


def _stricter(text: str) -> str:
    return changed(text, "toxicity.insult", {"severity": "review"})


def _edit(proposals: Proposals, id: str, change: Callable[[str], str], person: str = "p_1") -> None:
    file = proposals.files(id)[0]
    proposals.edit(id, file.name, change(file.text), upon=file.version, person=person, at=AT)


def _refusal(code: str, act: Callable[[], object]) -> ProposalError:
    with pytest.raises(ProposalError) as caught:
        act()
    assert caught.value.code == code
    return caught.value


def test_a_proposal_begins_with_what_is_in_force(proposals: Proposals, policy: Policy, policy_path: Path) -> None:
    id = proposals.begin("p_1", AT, note="  Più\nseveri ")
    found = proposals.find(id)
    assert found is not None
    assert (found.person, found.base, found.state, found.note, found.at) == (
        "p_1", policy.revision, "open", "Più severi", AT,
    )  # fmt: skip
    (file,) = proposals.files(id)
    assert (file.shown, file.text) == ("prova.yaml", policy_path.read_text(encoding="utf-8"))
    assert proposals.policy(id) == policy
    assert proposals.comparison(id).rows == ()
    assert proposals.open() == [found]
    _refusal("same", lambda: proposals.publish(id, person="p_1", at=AT))


def test_it_is_tried_compared_and_published(
    proposals: Proposals, revisions: Revisions, policy: Policy, ledger: Ledger
) -> None:
    id = proposals.begin("p_1", AT, note="Più severi")
    _edit(proposals, id, _stricter)
    (row,) = proposals.comparison(id).rows
    assert (row.kind, row.id) == ("stricter", "toxicity.insult")
    proposed = proposals.policy(id)
    assert proposals.trial(proposed, only_known=True) is None
    assert proposals.trial(proposed) == ()
    assert proposals.trial(proposed, only_known=True) == ()
    published = proposals.publish(id, person="p_2", at=AT)
    assert revisions.newest() == published
    assert (published.revision, published.person, published.note) == (proposed.revision, "p_2", "Più severi")
    assert proposals.live.policy() == proposed
    assert proposals.open() == []
    facts = json.loads(ledger.entries(newest=1)[0].body)["facts"]
    assert (facts["proposal"], facts["previous"], facts["rules"]["new"]) == (id, None, 4)
    for act in (
        lambda: proposals.publish(id, person="p_2", at=AT),
        lambda: proposals.withdraw(id),
        lambda: _edit(proposals, id, _stricter),
        lambda: proposals.agree(id, person="p_3", at=AT),
    ):
        _refusal("gone", act)
    assert proposals.find("w_nothing") is None


def test_what_was_in_force_before_everything_can_be_gone_back_to_after_any_number_of_publications(
    proposals: Proposals, revisions: Revisions, policy: Policy, policy_path: Path
) -> None:
    assert proposals.before_all() is None
    with pytest.raises(LookupError):
        proposals.go_back(UNPUBLISHED, "p_1", AT, "")
    for severity in ("review", "block"):
        id = proposals.begin("p_1", AT)
        _edit(proposals, id, lambda text, to=severity: changed(text, "toxicity.insult", {"severity": to}))
        proposals.publish(id, person="p_1", at=AT)
    policy_path.unlink()  # the file is not needed for it
    before = proposals.before_all()
    assert before is not None
    assert before.revision == policy.revision
    assert proposals.policy_before_all() == policy
    back = proposals.go_back(UNPUBLISHED, "p_2", AT, "Troppo severa")
    assert proposals.policy(back) == policy
    published = proposals.publish(back, person="p_2", at=AT)
    assert (revisions.newest(), published.revision) == (published, policy.revision)


def test_what_does_not_behave_is_not_published(proposals: Proposals, revisions: Revisions) -> None:
    id = proposals.begin("p_1", AT)
    _edit(proposals, id, lambda text: changed(text, "toxicity.insult", {"phrases": ["idiot"]}))
    (wrong,) = proposals.trial(proposals.policy(id)) or ()
    assert (wrong.rule, wrong.kind) == ("toxicity.insult", "silent")
    _refusal("fails", lambda: proposals.publish(id, person="p_1", at=AT))
    assert revisions.newest() is None


def test_a_trial_is_made_anew_once_the_company_knows_something_else(
    store: Store, ledger: Ledger, revisions: Revisions, policy_path: Path, tmp_path: Path
) -> None:
    table = """
  - id: data.customers
    detector: exact_match
    severity: block
    clause: 4.1
    message: {it: È un cliente., en: It is a customer.}
    table: customers
    match: [[email]]
    examples: {flag: [Scrivete a marco@acme.example], allow: [Scrivete a noi]}
"""
    policy_path.write_text(policy_path.read_text(encoding="utf-8") + table, encoding="utf-8")
    knowledge = Knowledge(tmp_path / "knowledge", Keyed(b"k" * KEY_BYTES))
    proposals = Proposals(store, ledger, revisions, policy_path, None, knowledge)
    proposed = proposals.policy(proposals.begin("p_1", AT))
    assert proposals.trial(proposed)
    (tmp_path / "customers.csv").write_text("email\nmarco@acme.example\n", encoding="utf-8")
    add_table(knowledge, "customers", tmp_path / "customers.csv", ["email"])
    assert proposals.trial(proposed, only_known=True) is None
    assert proposals.trial(proposed) == ()
    knowledge.remove("customers")
    assert proposals.trial(proposed)


def test_what_does_not_load_is_told_by_its_place(proposals: Proposals) -> None:
    id = proposals.begin("p_1", AT)
    (file,) = proposals.files(id)
    wrong = file.text.replace("severity: warn", "severity: huge")
    with pytest.raises(PolicyError) as caught:
        proposals.policy(id, {file.name: wrong})
    (problem,) = caught.value.problems
    line = next(number for number, one in enumerate(wrong.splitlines(), start=1) if "huge" in one)
    assert (problem.place.file, problem.place.line, problem.place.column) == (file.name, line, 15)
    assert proposals.policy(id)
    _edit(proposals, id, lambda _: wrong)  # it may be saved, and mended later
    for act in (proposals.policy, proposals.comparison, lambda id: proposals.publish(id, person="p_1", at=AT)):
        with pytest.raises(PolicyError):
            act(id)


def test_what_nobody_foresaw_in_a_proposal_is_told_and_logged_as_its_kind(
    proposals: Proposals, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = proposals.begin("p_1", AT)
    (file,) = proposals.files(id)

    def fail(*_: object) -> None:
        raise RuntimeError("parole di qualcuno")

    monkeypatch.setattr("bot.proposals.reading.load_policy", fail)
    with structlog.testing.capture_logs() as logs, pytest.raises(PolicyError) as caught:
        proposals.policy(id, {file.name: file.text + "# altro\n"})
    (problem,) = caught.value.problems
    assert (problem.place.file, problem.code, problem.facts) == (file.name, "unforeseen", {"kind": "RuntimeError"})
    assert logs == [{"event": "a policy could not be read", "error": "RuntimeError", "log_level": "error"}]


def test_nobody_overwrites_what_they_have_not_seen(proposals: Proposals) -> None:
    id = proposals.begin("p_1", AT)
    (file,) = proposals.files(id)
    _edit(proposals, id, _stricter, person="p_2")
    error = _refusal(
        "edited",
        lambda: proposals.edit(id, file.name, "name: x", upon=file.version, person="p_1", at=AT),
    )
    assert error.file == file.name
    with pytest.raises(LookupError):
        proposals.edit(id, "shipped/packs/tone.yaml", "", upon="", person="p_1", at=AT)


def test_nobody_agrees_by_an_account_that_they_have_linked_since(
    store: Store, ledger: Ledger, revisions: Revisions, policy_path: Path
) -> None:
    whose = {"p_old": "p_1"}
    proposals = Proposals(
        store, ledger, revisions, policy_path, None, None, people=2, whose=lambda each: whose.get(each, each)
    )
    id = proposals.begin("p_2", AT)
    _edit(proposals, id, _stricter, person="p_old")
    _refusal("own", lambda: proposals.agree(id, person="p_1", at=AT))
    proposals.agree(id, person="p_3", at=AT)
    # Linked after they had agreed, it was they who wrote it.
    whose["p_3"] = "p_1"
    _refusal("alone", lambda: proposals.publish(id, person="p_2", at=AT))


def test_a_second_person_must_agree_where_the_settings_say_so(
    opened: Callable[..., Proposals], revisions: Revisions, ledger: Ledger
) -> None:
    proposals = opened(people=2)
    id = proposals.begin("p_1", AT)
    _edit(proposals, id, _stricter, person="p_2")
    _refusal("alone", lambda: proposals.publish(id, person="p_1", at=AT))
    for writer in ("p_1", "p_2"):
        _refusal("own", lambda writer=writer: proposals.agree(id, person=writer, at=AT))  # type: ignore[misc]
    proposals.agree(id, person="p_3", at=AT)
    found = proposals.find(id)
    assert found is not None
    assert found.agreed_by == "p_3"
    entry = json.loads(ledger.entries(newest=1)[0].body)
    assert (entry["kind"], entry["actor"]) == ("agreement", "p_3")
    assert entry["facts"] == {"proposal": id, "revision": proposals.policy(id).revision}
    # An edit is something else than what was agreed to.
    _edit(proposals, id, lambda text: changed(text, "toxicity.insult", {"severity": "block"}))
    _refusal("alone", lambda: proposals.publish(id, person="p_1", at=AT))
    proposals.agree(id, person="p_3", at=AT)
    proposals.publish(id, person="p_1", at=AT)
    assert revisions.newest() is not None
    assert [entry.kind for entry in ledger.entries()].count("agreement") == 2
    assert ledger.verify().is_sound


@pytest.mark.parametrize("id", ["", "w_", "\0", "w_" + "0" * 20, "b_" + "0" * 20])
def test_what_nobody_began_is_not_there(proposals: Proposals, id: str) -> None:
    assert proposals.find(id) is None
    for act in (proposals.policy, proposals.files, proposals.withdraw, proposals.comparison):
        _refusal("gone", lambda act=act: act(id))  # type: ignore[misc]


def test_a_note_is_one_printable_line(proposals: Proposals) -> None:
    found = proposals.find(proposals.begin("p_1", AT, note="Più\0severi\u202e " + "x" * 600))
    assert found is not None
    assert found.note == f"Più severi {'x' * 489}"


def test_what_was_published_meanwhile_is_brought_over(
    proposals: Proposals, revisions: Revisions, policy: Policy
) -> None:
    first, second = proposals.begin("p_1", AT), proposals.begin("p_2", AT)
    _edit(proposals, first, _stricter)
    _edit(proposals, second, lambda text: changed(text, "tone.jargon", {"severity": "warn"}), person="p_2")
    assert proposals.moved_to(second) is None
    published = proposals.publish(first, person="p_1", at=AT)
    assert proposals.moved_to(second) == published.revision
    _refusal("moved", lambda: proposals.publish(second, person="p_2", at=AT))
    proposals.rebase(second, person="p_2", at=AT)
    assert proposals.moved_to(second) is None
    assert [row.id for row in proposals.comparison(second).rows] == ["tone.jargon"]
    proposals.publish(second, person="p_2", at=AT + timedelta(days=1))
    now = proposals.live.policy()
    assert {rule.id: str(rule.severity) for rule in now.rules if rule != policy.rule(rule.id)} == {
        "tone.jargon": "warn", "toxicity.insult": "review",
    }  # fmt: skip


def test_the_same_lines_are_not_guessed_at(proposals: Proposals) -> None:
    first, second = proposals.begin("p_1", AT), proposals.begin("p_2", AT)
    _edit(proposals, first, _stricter)
    _edit(proposals, second, lambda text: changed(text, "toxicity.insult", {"severity": "block"}))
    proposals.publish(first, person="p_1", at=AT)
    before = proposals.files(second)
    error = _refusal("conflict", lambda: proposals.rebase(second, person="p_2", at=AT))
    assert error.file == "policy/prova.yaml"
    assert proposals.files(second) == before


def test_two_who_publish_at_once_do_not_undo_each_other(proposals: Proposals, revisions: Revisions) -> None:
    """As when another is published between the look and the publication."""
    id = proposals.begin("p_1", AT)
    _edit(proposals, id, _stricter)
    policy, row = proposals.policy(id), proposals._row(id)
    proposals.publish(id, person="p_1", at=AT)
    facts = {"person": "p_2", "note": "", "at": AT, "proposal": "w_other"}
    with pytest.raises(RevisionError) as caught:
        revisions.publish_bundle(row.origin, revision=row.base, base=None, **facts)
    assert caught.value.code == "moved"
    assert policy.revision in caught.value.show("it")


def test_a_pack_that_comes_with_vaglio_is_adjusted_and_not_edited(
    store: Store, ledger: Ledger, revisions: Revisions, tmp_path: Path
) -> None:
    path = tmp_path / "own" / "ours.yaml"
    path.parent.mkdir()
    path.write_text("name: ours\nlanguages: [it, en]\ninclude: [packs/disclosure.yaml]\n", encoding="utf-8")
    proposals = Proposals(store, ledger, revisions, path, None, None)
    id = proposals.begin("p_1", AT)
    assert [file.shown for file in proposals.files(id)] == ["ours.yaml"]
    rule = proposals.policy(id).rules[0].id
    _edit(proposals, id, lambda text: adjusted(text, rule, {"state": "shadow"}))
    (row,) = proposals.comparison(id).rows
    assert (row.id, row.kind) == (rule, "looser")


def test_changes_of_other_lines_are_merged() -> None:
    origin = "".join(f"{number}\n" for number in range(9))
    ours, theirs = origin.replace("1\n", "one\n"), origin.replace("7\n", "seven\n7b\n")
    assert merged(origin, ours, theirs) == ours.replace("7\n", "seven\n7b\n")
    assert merged(origin, origin, theirs) == theirs
    assert merged(origin, ours, origin) == ours
    assert merged(origin, ours, ours) == ours
    assert merged(origin, ours, origin.replace("1\n", "uno\n")) is None
    assert merged(origin, origin + "a\n", origin + "b\n") is None


def test_thousands_of_lines_that_are_alike_are_brought_together_at_once() -> None:
    """Which of them are the same ones would take hours to find out: whatever lies between two changes is one."""
    lines = "#\n" * 300_000
    origin = f"name: x\n{lines}a: 1\n"
    theirs = origin.replace("a: 1", "a: 2")
    assert merged(origin, origin.replace("name: x\n", "name: y\n#\n"), theirs) == theirs.replace(
        "name: x\n", "name: y\n#\n"
    )
    assert merged(origin, origin.replace("a: 1", "a: 3"), theirs) is None
    assert merged(origin, "", theirs) is None


def test_what_is_saved_while_it_is_brought_over_is_not_lost(
    proposals: Proposals, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = proposals.begin("p_1", AT), proposals.begin("p_2", AT)
    _edit(proposals, first, _stricter)
    proposals.publish(first, person="p_1", at=AT)
    _edit(proposals, second, lambda text: f"{text}\n# one\n", person="p_2")

    def saved_meanwhile(*texts: str) -> str | None:
        _edit(proposals, second, lambda text: f"{text}# two\n", person="p_2")
        return merged(*texts)

    monkeypatch.setattr("bot.proposals.proposals.merged", saved_meanwhile)
    _refusal("edited", lambda: proposals.rebase(second, person="p_2", at=AT))
    assert proposals.files(second)[0].text.endswith("# one\n# two\n")


def test_what_is_in_force_is_published_also_if_it_is_taken_back_meanwhile(
    proposals: Proposals, revisions: Revisions, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, publish = proposals.begin("p_1", AT), revisions.publish_bundle
    _edit(proposals, id, _stricter)

    def taken_back_meanwhile(*given: Any, **facts: Any) -> Any:
        proposals.withdraw(id)
        return publish(*given, **facts)

    monkeypatch.setattr(revisions, "publish_bundle", taken_back_meanwhile)
    proposals.publish(id, person="p_1", at=AT)
    found = proposals.find(id)
    assert found is not None
    assert found.state == "published"
