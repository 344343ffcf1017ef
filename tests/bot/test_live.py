"""What is in force follows what is published, in a process that runs, and nothing that fails takes its place."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import col, update
from structlog.testing import capture_logs

from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.live import LivePolicy, follow, keep_up
from bot.prescreen import Prescreen
from bot.revisions import RevisionError, Revisions
from bot.store import Store
from bot.tables import Revision
from rules.draft import Draft
from rules.policy import Policy
from rules.problems import PolicyError
from rules.screening import Screener
from rules.verdict import Outcome

AT = datetime(2027, 1, 10, tzinfo=UTC)
INSULT = Draft(text="Sei un cretino")


@pytest.fixture
def revisions(store: Store, ledger: Ledger, tmp_path: Path) -> Revisions:
    return Revisions(store, tmp_path / "data" / "policies", ledger)


@pytest.fixture
def publish(revisions: Revisions, policy_path: Path) -> Callable[[str], str]:
    """Publishes the policy with another severity for insults."""

    def publish(severity: str) -> str:
        text = policy_path.read_text(encoding="utf-8")
        edited = policy_path.with_name(f"{severity}.yaml")
        edited.write_text(text.replace("severity: warn", f"severity: {severity}"), encoding="utf-8")
        return revisions.publish(edited, person=None, note="", at=AT).revision

    return publish


@asynccontextmanager
async def following(
    prescreen: Prescreen, revisions: Revisions, build: Callable[[Policy], Screener] = Screener
) -> AsyncIterator[None]:
    task = asyncio.create_task(follow(prescreen, build, revisions, every=0.005))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.002)


# --- What is in force -------------------------------------------------------------------------------------------------


def test_the_file_is_in_force_until_something_is_published(
    revisions: Revisions, publish: Callable[[str], str], policy: Policy, policy_path: Path
) -> None:
    assert LivePolicy(None, policy_path).policy() == policy
    live = LivePolicy(revisions, policy_path)
    assert (live.policy(), live.published()) == (policy, None)
    revision = publish("block")
    assert live.policy().revision == revision != policy.revision
    assert live.published() == revisions.newest()
    policy_path.write_text("not: a policy", encoding="utf-8")
    assert live.policy().revision == revision


@pytest.mark.as_owner
def test_a_publication_that_cannot_be_read_is_not_passed_over(
    revisions: Revisions, publish: Callable[[str], str], policy_path: Path, store: Store
) -> None:
    publish("block")
    with store.write() as session:
        session.exec(update(Revision).where(col(Revision.seq) == 1).values(bundle=b"x"))
    with pytest.raises(RevisionError):
        LivePolicy(revisions, policy_path).policy()


# --- A process that runs ----------------------------------------------------------------------------------------------


async def test_a_running_process_takes_up_what_is_published(
    prescreen: Prescreen, revisions: Revisions, publish: Callable[[str], str]
) -> None:
    assert prescreen(INSULT).verdict.outcome is Outcome.REVISE
    async with following(prescreen, revisions):
        for severity, outcome in (("block", Outcome.BLOCK), ("note", Outcome.CLEAR), ("block", Outcome.BLOCK)):
            revision = await asyncio.to_thread(publish, severity)
            await until(lambda revision=revision: prescreen.screener.policy.revision == revision)
            verdict = prescreen(INSULT).verdict
            assert (verdict.outcome, verdict.policy_revision) == (outcome, revision)


async def test_what_is_in_force_already_is_left_alone(
    prescreen: Prescreen, revisions: Revisions, policy_path: Path
) -> None:
    before = prescreen.screener
    revisions.publish(policy_path, person=None, note="", at=AT)
    looks = _count_looks(revisions)
    async with following(prescreen, revisions):
        await until(lambda: len(looks) > 3)
    assert prescreen.screener is before


async def test_the_new_one_is_made_ready_elsewhere_while_the_old_one_answers(
    prescreen: Prescreen, revisions: Revisions, publish: Callable[[str], str]
) -> None:
    """No draft waits for the models of another policy."""
    loading, go_on, threads = threading.Event(), threading.Event(), list[threading.Thread]()

    class Slow(Screener):
        def load(self) -> dict[str, str]:
            threads.append(threading.current_thread())
            loading.set()
            go_on.wait(20)
            return {"confidential.code": "model:none"}

    revision = publish("block")
    with capture_logs() as logs:
        async with following(prescreen, revisions, Slow):
            await until(loading.is_set)
            assert prescreen(INSULT).verdict.outcome is Outcome.REVISE
            go_on.set()
            await until(lambda: prescreen.screener.policy.revision == revision)
    assert threads[0] is not threading.main_thread()
    told = [(one["event"], one.get("rule"), one.get("revision")) for one in logs]
    assert [each for each in told if not each[0].startswith("ledger.")] == [
        ("rule.unavailable", "confidential.code", None),
        ("policy.in_force", None, revision),
    ]


@pytest.mark.as_owner
async def test_what_cannot_be_read_is_said_once_and_the_old_one_stays(
    prescreen: Prescreen, revisions: Revisions, publish: Callable[[str], str], store: Store
) -> None:
    before = prescreen.screener
    publish("block")
    with store.write() as session:
        session.exec(update(Revision).where(col(Revision.seq) == 1).values(bundle=b"cretino"))
    looks = _count_looks(revisions)
    with capture_logs() as logs:
        async with following(prescreen, revisions):
            await until(lambda: len(looks) > 40)  # past the next try, too
            assert prescreen.screener is before
            after = await asyncio.to_thread(publish, "note")
            await until(lambda: prescreen.screener.policy.revision == after)
    told, in_force = logs
    assert (told["event"], told["publication"], told["error"]) == ("policy.not_in_force", 1, "RevisionError")
    assert "publish the policy again" in told["remedy"]
    assert in_force["revision"] == after
    assert "cretino" not in str(logs)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [(PolicyError([]), "cannot read it"), (MemoryError("Sei un cretino"), "vaglio doctor")],
)
async def test_of_what_fails_the_kind_and_the_remedy_are_told(
    error: Exception, remedy: str, prescreen: Prescreen, revisions: Revisions, publish: Callable[[str], str]
) -> None:
    def build(policy: Policy) -> Screener:
        raise error

    publish("block")
    with capture_logs() as logs:
        async with following(prescreen, revisions, build):
            await until(lambda: logs)
    assert (logs[0]["error"], remedy in logs[0]["remedy"]) == (type(error).__name__, True)
    assert "cretino" not in str(logs)


async def test_a_database_that_does_not_answer_for_a_while_changes_nothing(
    prescreen: Prescreen, revisions: Revisions, publish: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries, newest = list[int](), revisions.newest

    def fails() -> None:
        tries.append(1)
        raise RecordError("locked", "vaglio.db")

    revision = publish("block")
    monkeypatch.setattr(revisions, "newest", fails)
    with capture_logs() as logs:
        async with following(prescreen, revisions):
            await until(lambda: len(tries) > 3)
            monkeypatch.setattr(revisions, "newest", newest)
            await until(lambda: prescreen.screener.policy.revision == revision and len(logs) > 1)
    assert [(one["event"], one.get("error")) for one in logs] == [
        ("policy.not_in_force", "RecordError"),
        ("policy.in_force", None),
    ]


def _count_looks(revisions: Revisions) -> list[int]:
    looks, newest = list[int](), revisions.newest

    def counted() -> object:
        looks.append(1)
        return newest()

    revisions.newest = counted  # type: ignore[method-assign, assignment]
    return looks


# --- What machines share ----------------------------------------------------------------------------------------------


async def test_what_fails_while_keeping_up_is_said_once_and_tried_again() -> None:
    looks, wrong = list[str](), [RecordError("locked", "x"), RecordError("locked", "x"), None, MemoryError("cretino")]

    class Machine:
        def __init__(self, name: str, fails: bool) -> None:
            self.name, self.fails = name, fails

        def keep_up(self) -> None:
            looks.append(self.name)
            if self.fails and wrong and (error := wrong.pop(0)):
                raise error

    with capture_logs() as logs:
        task = asyncio.create_task(keep_up(Machine("head", True), Machine("knowledge", False), every=0.002))  # type: ignore[arg-type]
        await until(lambda: not wrong and len(looks) > 12)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert [(log["what"], log["error"]) for log in logs] == [("ledger", "RecordError"), ("ledger", "MemoryError")]
    assert looks.count("head") - looks.count("knowledge") in (0, 1)
    assert "cretino" not in str(logs)
