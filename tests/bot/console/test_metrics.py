"""Readiness and metrics: what is told, to whom, and that neither tells a word nor costs anybody a verdict."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api_made import BASE, console_beside
from engine_made import engine_of
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.console.watching import Readiness, is_writable, watching_routes
from bot.engine import USUAL
from bot.metrics import Metrics, State
from bot.people import People
from bot.prescreen import Prescreen
from bot.store import Store
from bot.work import Work
from rules.draft import Account, Channel, Draft
from rules.screening import Screener

DRAFT = Draft(text="Che idioti, il vaglietto!", author="slack:T1:U1", channel=Channel.LINKEDIN)


def state(**facts: Any) -> State:
    usual: dict[str, Any] = {
        "waiting": lambda: 3, "oldest": lambda: 12.5, "entries": lambda: 41, "revision": lambda: "acme@0123456789ab",
    }  # fmt: skip
    return State(**(usual | facts))


def told(metrics: Metrics) -> dict[str, float]:
    """Each sample by its name and labels, without those of the process."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        sample.name + "".join(f",{value}" for value in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith("vaglio") and not sample.name.endswith(("_created", "_bucket"))
    }


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def observed(screener: Screener, ledger: Ledger, metrics: Metrics) -> Prescreen:
    return Prescreen(screener, ledger, observer=metrics)


@pytest.fixture
def visitor(metrics: Metrics, store: Store, ledger: Ledger, people: People) -> Callable[..., TestClient]:
    """Somebody who asks from `peer`, by default from this machine."""

    def asks(
        readiness: Readiness | None = None, *, peer: str = "127.0.0.1", token: str | None = "t" * 32
    ) -> TestClient:
        routes = watching_routes(readiness or Readiness({}), metrics, token=token)
        app = console_beside(*routes, people=people, store=store, ledger=ledger)
        return TestClient(app, base_url=BASE, client=(peer, 50_000))

    return asks


# --- What is counted -------------------------------------------------------------------------------------------------


def test_screenings_are_counted_by_outcome_channel_and_platform(observed: Prescreen, metrics: Metrics) -> None:
    for draft in (DRAFT, DRAFT, Draft(text="Buongiorno", author="local:owner"), Draft(text="Ciao", author="api:c_1")):
        observed(draft)
    found = told(metrics)
    assert found["vaglio_screenings_total,linkedin,block,slack"] == 2
    assert found["vaglio_screenings_total,other,clear,local"] == 1
    assert found["vaglio_screenings_total,other,clear,api"] == 1
    assert found["vaglio_screening_seconds_count"] == 4


def test_of_a_private_draft_nothing_but_that_it_was(observed: Prescreen, metrics: Metrics) -> None:
    observed(DRAFT.model_copy(update={"account": Account.PRIVATE}))
    found = told(metrics)
    assert found["vaglio_screenings_forgotten_total"] == 1
    assert not [name for name in found if name.startswith("vaglio_screenings_total")]


def test_what_got_no_verdict_is_counted_by_why(
    observed: Prescreen, metrics: Metrics, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[Exception] = [RecordError("full", "/srv"), ValueError("idioti")]

    def fail(*_: object, **__: object) -> None:
        raise errors.pop(0)

    monkeypatch.setattr(ledger, "append", fail)
    for draft in (DRAFT, DRAFT, Draft(text=" ")):
        with pytest.raises((RecordError, ValueError)):
            observed(draft)
    found = told(metrics)
    assert {name: found[name] for name in found if "failed" in name} == {
        f"vaglio_screenings_failed_total,{why}": 1 for why in ("record", "error", "refused")
    }


def test_what_could_not_be_checked_is_counted_by_its_kind(
    observed: Prescreen, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("rules.detectors.phrases.Phrases.find", fail)
    observed(DRAFT.model_copy(update={"attachments": ("image/png",)}))
    found = told(metrics)
    assert found["vaglio_rules_unchecked_total,error"] == 2
    assert found["vaglio_rules_unchecked_total,attachment"] == 1


def test_no_word_no_name_no_account_and_no_rule_is_told(
    observed: Prescreen, metrics: Metrics, people: People, screener: Screener
) -> None:
    observed(DRAFT)
    metrics.watch(state(revision=lambda: screener.policy.revision))
    text = metrics.text().decode()
    unsaid = ["idioti", "vaglietto", "U1", "T1", people.person(DRAFT.author), "respect.insults", "Rispetto", "small"]
    assert [word for word in unsaid if word in text] == []
    labels = set(re.findall(r'(\w+)="', text)) - {"le"}
    assert labels <= {"outcome", "channel", "platform", "why", "reason", "pool", "revision"}


def test_an_observer_that_fails_costs_nobody_a_verdict(screener: Screener, ledger: Ledger) -> None:
    class Broken:
        def screened(self, *_: object) -> None:
            raise RuntimeError("idioti")

        failed = screened

    prescreen = Prescreen(screener, ledger, observer=Broken())
    assert prescreen(DRAFT).verdict.findings
    with pytest.raises(ValueError, match="no text"):
        prescreen(Draft(text=" "))


# --- How things are --------------------------------------------------------------------------------------------------


def test_the_state_of_things_is_asked_for_when_it_is_wanted(metrics: Metrics) -> None:
    late = [timedelta(seconds=90), timedelta(hours=2)]
    metrics.watch(state(late=lambda: late, pools={"api": lambda: 7}))
    found = told(metrics)
    assert found["vaglio_work_waiting"] == 3
    assert found["vaglio_work_oldest_seconds"] == 12.5
    assert found["vaglio_ledger_entries"] == 41
    assert found["vaglio_policy_info,0123456789ab"] == 1
    assert found["vaglio_pool_waiting,api"] == 7
    assert (found["vaglio_checkpoint_places_late"], found["vaglio_checkpoint_late_seconds"]) == (2, 7200)
    late.clear()
    found = told(metrics)
    assert (found["vaglio_checkpoint_places_late"], found["vaglio_checkpoint_late_seconds"]) == (0, 0)


def test_what_cannot_be_told_is_left_out_and_the_rest_is_not(metrics: Metrics) -> None:
    def fail() -> Any:
        raise RecordError("away", "/srv")

    metrics.watch(state(entries=fail, oldest=fail, late=fail))
    found = told(metrics)
    assert found["vaglio_work_waiting"] == 3
    assert not {"vaglio_ledger_entries", "vaglio_work_oldest_seconds", "vaglio_checkpoint_places_late"} & set(found)


async def test_the_oldest_event_is_as_old_as_it_is(store: Store, people: People) -> None:
    work = Work(store, people.seals.vault, engine_of(store, workers=1, patience=USUAL), backlog=5)
    assert work.oldest(0.0) is None
    await work.defer("slack", "e1", {})
    await work.defer("slack", "e2", {})
    first = work.oldest(4e9)
    assert first is not None
    assert work.oldest(4e9 + 5) == pytest.approx(first + 5)
    assert work.oldest(0.0) == 0.0
    work.close()


def test_two_registries_know_nothing_of_each_other(screener: Screener, ledger: Ledger) -> None:
    one, other = Metrics(), Metrics()
    Prescreen(screener, ledger, observer=one)(DRAFT)
    assert told(one)["vaglio_screening_seconds_count"] == 1
    assert told(other)["vaglio_screening_seconds_count"] == 0


# --- Who is told -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.7", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}, 403),
        ("10.0.0.7", {"Authorization": f"Bearer {'t' * 32}"}, 200),
        ("10.0.0.7", {"Authorization": "Bearer t"}, 403),
        ("10.0.0.7", {"Authorization": f"Basic {'t' * 32}"}, 403),
    ],
)
def test_metrics_are_told_to_this_machine_and_to_who_has_the_token(
    visitor: Callable[..., TestClient], peer: str, headers: dict[str, str], status: int
) -> None:
    answer = visitor(peer=peer).get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("vaglio_screening_seconds" in answer.text) == (status == 200)
    if status == 200:
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "set-cookie" not in answer.headers


def test_without_a_token_nobody_elsewhere_is_told(visitor: Callable[..., TestClient]) -> None:
    away = visitor(peer="10.0.0.7", token=None)
    assert away.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 403


def test_ready_is_who_lacks_nothing(visitor: Callable[..., TestClient]) -> None:
    checks: dict[str, Callable[[], bool]] = {"policy": lambda: True, "record": lambda: True}
    answer = visitor(Readiness(checks), peer="10.0.0.7").get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "missing": []})


def test_what_is_missing_is_named_and_nothing_else(visitor: Callable[..., TestClient]) -> None:
    def fail() -> bool:
        raise RecordError("full", "/srv/secret")

    checks: dict[str, Callable[[], bool]] = {"policy": lambda: True, "record": fail, "models": lambda: False}
    answer = visitor(Readiness(checks)).get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "missing": ["record", "models"]})


def test_it_is_not_looked_at_each_time() -> None:
    looked, now = list[int](), [0.0]
    readiness = Readiness({"record": lambda: looked.append(1) is None}, lambda: now[0])
    for now[0] in (0.0, 1.0, 4.9, 5.0):
        assert readiness.missing() == ()
    assert len(looked) == 2


def test_a_record_is_writable_when_something_was_written(store: Store) -> None:
    assert is_writable(store)
    assert is_writable(store)


@pytest.mark.sqlite_only("a file's own rights")
def test_a_record_that_only_reads_is_not(store: Store, tmp_path: Path) -> None:
    reading = Store(store.url, read_only=True)
    with pytest.raises(RecordError):
        is_writable(reading)
    reading.close()
