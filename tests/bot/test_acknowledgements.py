"""Who has read which policy is known once and recorded once, and what is new since then is told in sentences."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.knowing import MOST, Acknowledgements, Standing
from bot.store import Store
from bot.tables import Acknowledgement, Entry
from rules.policy import Policy

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
ANNA, BRUNO = "p_anna", "p_bruno"


class Published:
    """The policies that were published, and as many differences between any two as a test wants."""

    def __init__(self, *policies: Policy, changes: int = 0) -> None:
        self.policies = {policy.revision: policy for policy in policies}
        self.changes = changes

    def differences(self, before: Policy, after: Policy, language: str) -> Sequence[str]:
        return [f"{before.revision} {after.revision} {language} {number}" for number in range(self.changes)]


def knowing(store: Store, ledger: Ledger, published: Published | None = None) -> Acknowledgements:
    published = published or Published()
    return Acknowledgements(store, ledger, published.policies.get, published.differences)


@pytest.fixture
def newer(policy: Policy) -> Policy:
    return policy.model_copy(update={"timezone": "Europe/London", "rules": policy.rules[1:]})


def entries(store: Store) -> list[Entry]:
    with store.read() as session:
        return list(session.exec(select(Entry).where(Entry.kind == "acknowledgement")).all())


def test_it_is_known_and_recorded_once(store: Store, ledger: Ledger) -> None:
    people = knowing(store, ledger)
    assert people.last(ANNA) is None
    assert people.acknowledge(ANNA, "prova@1", NOW)
    assert not people.acknowledge(ANNA, "prova@1", NOW + timedelta(hours=1))
    last = people.last(ANNA)
    assert last is not None
    assert (last.revision, last.at) == ("prova@1", NOW)
    (entry,) = entries(store)
    body = json.loads(entry.body)
    assert (body["actor"], body["facts"], body["commitment"]) == (ANNA, {"policy": "prova@1"}, None)


def test_a_double_click_is_one_acknowledgement(store: Store, ledger: Ledger) -> None:
    people = knowing(store, ledger)
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: people.acknowledge(ANNA, "prova@1", NOW), range(16)))
    assert said.count(True) == 1
    assert len(entries(store)) == 1
    assert ledger.verify().is_sound


def test_each_person_speaks_for_themselves(store: Store, ledger: Ledger) -> None:
    people = knowing(store, ledger)
    assert people.acknowledge(ANNA, "prova@1", NOW)
    assert people.last(BRUNO) is None
    assert people.acknowledge(BRUNO, "prova@1", NOW)
    assert len(entries(store)) == 2


def test_a_policy_that_comes_back_is_acknowledged_anew(store: Store, ledger: Ledger) -> None:
    people = knowing(store, ledger)
    for hours, revision in enumerate(["prova@1", "prova@2", "prova@1"]):
        assert people.acknowledge(ANNA, revision, NOW + timedelta(hours=hours))
    last = people.last(ANNA)
    assert last is not None
    assert (last.revision, last.at) == ("prova@1", NOW + timedelta(hours=2))
    assert len(entries(store)) == 3


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(revisions=st.lists(st.sampled_from(["a@1", "a@2", "a@3"]), min_size=1, max_size=6))
def test_the_last_word_is_what_counts(store: Store, ledger: Ledger, revisions: list[str]) -> None:
    people, recorded = knowing(store, ledger), len(entries(store))
    with store.write() as session:
        for row in session.exec(select(Acknowledgement)).all():
            session.delete(row)
    # A day of its own for each run: an acknowledgement that is already recorded is not recorded again.
    begun, changed = NOW + timedelta(days=recorded), 0
    for hours, revision in enumerate(revisions):
        changed += people.acknowledge(ANNA, revision, begun + timedelta(hours=hours))
        last = people.last(ANNA)
        assert last is not None
        assert last.revision == revision
    assert changed == sum(a != b for a, b in zip(["", *revisions], revisions, strict=False))


def test_what_cannot_be_recorded_is_not_acknowledged(
    store: Store, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = knowing(store, ledger)

    def refuse(*_: object, **__: object) -> None:
        raise RecordError("full", "here")

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "append", refuse)
        with pytest.raises(RecordError):
            people.acknowledge(ANNA, "prova@1", NOW)
    assert people.last(ANNA) is None
    assert people.acknowledge(ANNA, "prova@1", NOW)


def test_a_stop_after_the_record_adds_no_second_entry(store: Store, ledger: Ledger) -> None:
    people = knowing(store, ledger)
    assert people.acknowledge(ANNA, "prova@1", NOW)
    with store.write() as session:
        session.delete(session.exec(select(Acknowledgement)).one())
    assert people.acknowledge(ANNA, "prova@1", NOW + timedelta(minutes=1))
    assert len(entries(store)) == 1


# --- What is new ------------------------------------------------------------------------------------------------------


def test_who_never_acknowledged_is_told_so(store: Store, ledger: Ledger, policy: Policy) -> None:
    since = knowing(store, ledger).since(ANNA, policy, "en")
    assert (since.standing, since.last, since.changes) == (Standing.NEVER, None, ())
    assert since.says == "You have not said yet that you have read the policy."


def test_who_knows_this_very_policy_has_nothing_to_read(store: Store, ledger: Ledger, policy: Policy) -> None:
    people = knowing(store, ledger)
    people.acknowledge(ANNA, policy.revision, NOW)
    since = people.since(ANNA, policy, "en")
    assert (since.standing, since.changes, since.rest) == (Standing.CURRENT, (), None)
    assert since.last
    assert since.last.at == NOW


@pytest.mark.parametrize(
    ("changes", "rest"), [(1, None), (MOST, None), (MOST + 1, "And one more."), (40, "And 30 more.")]
)
def test_what_changed_is_told_and_what_is_too_much_is_counted(
    store: Store, ledger: Ledger, policy: Policy, newer: Policy, changes: int, rest: str | None
) -> None:
    people = knowing(store, ledger, Published(policy, newer, changes=changes))
    people.acknowledge(ANNA, policy.revision, NOW)
    since = people.since(ANNA, newer, "en")
    assert since.standing is Standing.CHANGED
    assert since.changes[0] == f"{policy.revision} {newer.revision} en 0"
    assert (len(since.changes), since.rest) == (min(changes, MOST), rest)


def test_a_new_version_that_asks_the_same_says_so(store: Store, ledger: Ledger, policy: Policy, newer: Policy) -> None:
    people = knowing(store, ledger, Published(policy, newer))
    people.acknowledge(ANNA, policy.revision, NOW)
    since = people.since(ANNA, newer, "en")
    assert (since.standing, since.changes) == (Standing.CHANGED, ())
    assert since.says == "There is a new version of the policy; what it asks of you is the same."


def test_a_version_that_is_not_kept_is_owned_up_to(store: Store, ledger: Ledger, policy: Policy) -> None:
    people = knowing(store, ledger)
    people.acknowledge(ANNA, "prova@gone", NOW)
    since = people.since(ANNA, policy, "en")
    assert (since.standing, since.changes) == (Standing.CHANGED, ())
    assert "I no longer have the version that you know" in since.says


def test_it_survives_a_restart(store: Store, ledger: Ledger, tmp_path: Path) -> None:
    knowing(store, ledger).acknowledge(ANNA, "prova@1", NOW)
    again = Store(store.url)
    try:
        last = knowing(again, Ledger(again, tmp_path / "data" / "ledger.head")).last(ANNA)
    finally:
        again.close()
    assert last is not None
    assert last.revision == "prova@1"
