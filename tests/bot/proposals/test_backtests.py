"""A backtest counts what would flip, leaves out whom it must, and ends the same however often it was stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kept_drafts import with_fields
from sqlmodel import col, select

from bot.audit.erasure import Erasures
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.packing import unpacked
from bot.people import People
from bot.prescreen import Prescreen
from bot.proposals import results, stretches
from bot.proposals.backtests import Backtest, Backtests, BusyError, LeftOut, RuleCount
from bot.proposals.replaying import Replayer
from bot.proposals.tables import Backtest as Row
from bot.revisions import Revisions
from bot.store import Store
from bot.tables import Content
from rules.draft import Account, Draft
from rules.policy import Policy
from rules.screening import Screener
from rules.verdict import Outcome, Severity

Write = Callable[[int], None]
ROOT = Path(__file__).parents[3]
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
CLEAR, REVISE, BLOCK = Outcome.CLEAR, Outcome.REVISE, Outcome.BLOCK
ANNA = "slack:T1:UANNA"


@pytest.fixture
def begun(backtests: Backtests, policy: Policy, stricter: Policy, comms: str) -> Callable[..., str]:
    return lambda **more: backtests.begin(policy, stricter, person=comms, at=NOON + timedelta(days=1), **more)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drafts are replayed a few at a time."""
    monkeypatch.setattr(stretches, "_MOST", 4)


def what(found: Backtest) -> dict[str, Any]:
    """All that a backtest found, without whose and when it is."""
    plain = replace(found, id="", at=NOON, state="done", done=0)
    return {name: getattr(plain, name) for name in Backtest.__slots__}


def test_what_would_flip_is_counted_and_named(
    backtests: Backtests, begun: Callable[..., str], written: Write, policy: Policy, stricter: Policy
) -> None:
    written(9)
    found = backtests.run(begun())
    assert (found.state, found.total, found.done, found.replayed, found.flipped) == ("done", 9, 9, 9, 3)
    assert (found.before, found.after) == (policy.revision, stricter.revision)
    # The insults stand beside a code, which blocks already.
    assert found.outcomes == {(BLOCK, BLOCK): 3, (CLEAR, BLOCK): 3, (CLEAR, CLEAR): 3}
    assert found.rules == (RuleCount("toxicity.insult", newly=3, otherwise=3),)
    assert [(flip.seq, flip.newly) for flip in found.flips] == [(n, ("toxicity.insult",)) for n in (8, 5, 2)]
    assert (found.not_comparable, found.left_out) == ((), LeftOut())
    assert backtests.find(found.id) == found


def test_only_the_last_ones(backtests: Backtests, begun: Callable[..., str], written: Write) -> None:
    written(9)
    found = backtests.run(begun(last=4))
    assert (found.total, found.replayed, [flip.seq for flip in found.flips]) == (4, 4, [8])


def test_nothing_on_record_is_done_at_once(backtests: Backtests, begun: Callable[..., str]) -> None:
    found = backtests.run(begun())
    assert (found.state, found.total, found.flipped, found.flips) == ("done", 0, 0, ())


def test_that_it_was_begun_is_on_record(
    begun: Callable[..., str], written: Write, ledger: Ledger, comms: str, policy: Policy, stricter: Policy
) -> None:
    written(3)
    id = begun(proposal="w_1")
    entry = ledger.entry(id)
    assert entry is not None
    said = json.loads(entry.body)
    assert (said["kind"], said["actor"]) == ("backtest", comms)
    assert said["facts"] == {"previous": policy.revision, "revision": stricter.revision, "count": 3}
    assert ledger.verify().is_sound


# --- Who is left out --------------------------------------------------------------------------------------------------


def test_the_private_and_the_erased_are_left_out(
    backtests: Backtests, begun: Callable[..., str], written: Write, prescreen: Prescreen, store: Store,
    ledger: Ledger, people: People, tmp_path: Path,
) -> None:  # fmt: skip
    written(6)
    for account in (Account.PRIVATE, Account.PRIVATE, Account.PERSONAL):
        prescreen(Draft(text="Buongiorno, cretino", author=ANNA, account=account), at=NOON)
    anna = people.person(ANNA)
    Erasures(store, ledger, people, tmp_path / "erased", Index(store, ledger)).erase(anna, by=None, reason="", at=NOON)
    found = backtests.run(begun())
    assert (found.total, found.done, found.replayed) == (7, 7, 3)
    assert found.left_out == LeftOut(erased=4, private=2)


@pytest.mark.as_owner
def test_words_that_are_gone_or_damaged_are_left_out(
    backtests: Backtests, begun: Callable[..., str], written: Write, store: Store
) -> None:
    written(6)
    with store.write() as session:
        gone, damaged = session.exec(select(Content).order_by(col(Content.seq)).limit(2)).all()
        session.delete(gone)
        damaged.sealed = bytes(len(damaged.sealed))
        session.add(damaged)
    found = backtests.run(begun())
    assert (found.replayed, found.left_out) == (4, LeftOut(no_words=2))


# --- Samples ----------------------------------------------------------------------------------------------------------


def test_samples_are_masked_nobodys_and_on_record(
    backtests: Backtests, begun: Callable[..., str], prescreen: Prescreen, ledger: Ledger, comms: str
) -> None:
    prescreen(Draft(text="Buongiorno, non ancora annunciato", author=ANNA, in_reply_to="SEGRETO-4?"), at=NOON)
    found = backtests.run(begun())
    (sample,) = backtests.samples(found.id, by=comms, at=NOON)
    assert (sample.text, sample.in_reply_to) == ("Buongiorno, non ancora annunciato", "[CODE]?")
    assert (sample.flip.before, sample.flip.after) == (Outcome.REVIEW, BLOCK)
    assert "Buongiorno" not in repr(sample)
    assert "SEGRETO" not in repr(sample)
    (look,) = [json.loads(entry.body) for entry in ledger.entries() if entry.kind == "look"]
    assert (look["actor"], look["facts"]) == (comms, {"why": "backtest", "entries": [[1, 1]]})


def test_whoever_is_erased_since_is_in_no_sample(
    backtests: Backtests, begun: Callable[..., str], written: Write, store: Store, ledger: Ledger, people: People,
    comms: str, tmp_path: Path,
) -> None:  # fmt: skip
    written(12)
    id = backtests.run(begun()).id
    assert [one.flip.seq for one in backtests.samples(id, 9, by=comms, at=NOON)] == [11, 8, 5, 2]
    erasures = Erasures(store, ledger, people, tmp_path / "erased", Index(store, ledger))
    erasures.erase(people.person(ANNA), by=None, reason="", at=NOON)
    assert [one.flip.seq for one in backtests.samples(id, 9, by=comms, at=NOON)] == [8, 2]
    assert [one.flip.seq for one in backtests.samples(id, 1, by=comms, at=NOON)] == [8]


def test_without_flips_nobody_looks(
    backtests: Backtests, policy: Policy, written: Write, ledger: Ledger, comms: str
) -> None:
    written(3)
    id = backtests.begin(policy, policy, person=comms, at=NOON)
    assert backtests.run(id).flipped == 0
    assert backtests.samples(id, by=comms, at=NOON) == []
    assert [entry.kind for entry in ledger.entries()].count("look") == 0


# --- Stopped and gone on with -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
def test_stopped_in_the_middle_it_goes_on_to_the_same_end(
    backtests: Backtests, begun: Callable[..., str], written: Write, prescreen: Prescreen
) -> None:
    written(30)
    whole, id, told = backtests.run(begun()), begun(), list[tuple[int, int]]()

    def after_some(done: int, total: int) -> None:
        told.append((done, total))
        if done == 12:
            backtests.stop(id)

    stopped = backtests.run(id, after_some)
    assert (stopped.state, stopped.done, told[-1]) == ("stopped", 12, (12, 30))
    assert stopped.flipped == len(stopped.flips) == 4
    prescreen(Draft(text="Buongiorno di nuovo", author=ANNA), at=NOON)  # what comes later is not among them
    done = backtests.run(id)
    assert (done.state, done.done) == ("done", 30)
    assert what(done) == what(whole)
    assert backtests.run(id) == done


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_whatever_ends_it_keeps_what_was_done(
    backtests: Backtests, begun: Callable[..., str], written: Write, error: type[BaseException],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    written(30)
    whole, id, replay = backtests.run(begun()), begun(), Replayer.replay

    def breaks(replayer: Replayer, recorded: Any) -> Any:
        if recorded.seq == 12:
            raise error
        return replay(replayer, recorded)

    with monkeypatch.context() as patch:
        patch.setattr(Replayer, "replay", breaks)
        with pytest.raises(error):
            backtests.run(id)
    broken = backtests.find(id)
    assert broken is not None
    assert (broken.state, broken.done) == ("stopped" if error is KeyboardInterrupt else "failed", 16)
    assert what(backtests.run(id)) == what(whole)


@pytest.mark.usefixtures("small")
def test_one_at_a_time_and_whoever_is_gone_is_followed(
    backtests: Backtests, begun: Callable[..., str], written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who was thought to be gone, and comes back, writes nothing any more."""
    written(30)
    whole, id, others = backtests.run(begun()), begun(), list[Backtest]()

    def meanwhile(done: int, total: int) -> None:
        if done != 8:
            return
        with pytest.raises(BusyError):
            backtests.run(id)
        assert (found := backtests.find(id))
        assert not found.is_left
        with monkeypatch.context() as patch:
            later = stretches.time.time() + stretches.LEASE + 1
            patch.setattr(stretches.time, "time", lambda: later)
            assert (left := backtests.find(id))
            assert left.is_left
            others.append(backtests.run(id))

    mine = backtests.run(id, meanwhile)
    assert what(others[0]) == what(mine) == what(whole)
    assert mine.done == 30


@pytest.mark.slow
def test_killed_in_the_middle_another_process_goes_on(
    backtests: Backtests, begun: Callable[..., str], written: Write, database: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    written(30)
    whole, id = backtests.run(begun()), begun()
    (tmp_path / "dies.py").write_text(
        "import os, pathlib, signal, sys\n"
        "from bot.audit.ledger import Ledger\nfrom bot.audit.seals import Seals\nfrom bot.people import People\n"
        "from bot.proposals import stretches\nfrom bot.proposals.backtests import Backtests\n"
        "from bot.store import Store\n"
        "folder, url, id = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]\n"
        "stretches._MOST, stretches.LEASE = 4, 0.5\n"
        "def dies(done, total):\n"
        "    if done == 12:\n        os.kill(os.getpid(), signal.SIGKILL)\n"
        "store = Store(url)\n"
        "people = People(store, Seals.open(folder / 'keys'))\n"
        "Backtests(store, Ledger(store, folder / 'data' / 'ledger.head', people)).run(id, dies)\n",
        encoding="utf-8",
    )
    command = [sys.executable, tmp_path / "dies.py", tmp_path, database, id]
    died = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True)
    assert (died.returncode, died.stderr) == (-9, b"")
    left = backtests.find(id)
    assert left is not None
    assert (left.state, left.done) == ("running", 12)
    later = stretches.time.time() + 1
    monkeypatch.setattr(stretches.time, "time", lambda: later)
    assert what(backtests.run(id)) == what(whole)


# --- Other policies ---------------------------------------------------------------------------------------------------


def test_records_of_an_earlier_policy_are_read_by_it(
    backtests: Backtests, written: Write, policy: Policy, policy_path: Path, stricter: Policy, revisions: Revisions,
    comms: str,
) -> None:  # fmt: skip
    """The insult weighed less when the drafts were written; what is in force says what they would be now."""
    revisions.publish(policy_path, person=None, note="", at=NOON)
    written(6)
    between = with_fields(policy, "toxicity.insult", severity=Severity.REVIEW)
    found = backtests.run(backtests.begin(between, stricter, person=comms, at=NOON))
    assert found.outcomes == {(BLOCK, BLOCK): 2, (CLEAR, BLOCK): 2, (CLEAR, CLEAR): 2}
    assert found.rules == (RuleCount("toxicity.insult", newly=2, otherwise=2),)


def test_rules_that_look_for_the_masked_are_named(
    backtests: Backtests, written: Write, policy: Policy, comms: str
) -> None:
    written(6)
    after = with_fields(policy, "confidential.code", patterns=(r"SEGRETO-\p{Nd}+", "Buongiorno"))
    found = backtests.run(backtests.begin(policy, after, person=comms, at=NOON))
    assert (found.not_comparable, found.flipped, found.rules) == (("confidential.code",), 0, ())


def test_both_policies_are_what_they_were(
    backtests: Backtests, begun: Callable[..., str], store: Store, policy: Policy, stricter: Policy
) -> None:
    with store.read() as session:
        row = session.get(Row, begun())
    assert row is not None
    held = unpacked(row.policies, row.before, row.after)
    assert held == (policy, stricter)
    assert [one.revision for one in held] == [policy.revision, stricter.revision]


def test_the_newest_first_and_of_whom(backtests: Backtests, policy: Policy, people: People, comms: str) -> None:
    anna, made = people.person(ANNA), list[str]()
    for number, (person, proposal) in enumerate([(comms, "w_1"), (anna, "w_1"), (anna, None)]):
        at = NOON + timedelta(minutes=number)
        made.append(backtests.begin(policy, policy, person=person, at=at, proposal=proposal))
    assert [one.id for one in backtests.newest()] == made[::-1]
    assert [one.id for one in backtests.newest(proposal="w_1", most=1)] == [made[1]]
    assert [one.id for one in backtests.newest(person=comms)] == [made[0]]


def test_so_many_flips_are_kept_and_all_are_counted(
    backtests: Backtests, begun: Callable[..., str], written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "KEPT", 2)
    written(12)
    found = backtests.run(begun())
    assert (found.flipped, [flip.seq for flip in found.flips]) == (4, [11, 8])


def test_there_is_none_of_that_name(backtests: Backtests, comms: str) -> None:
    assert backtests.find("b_0") is None
    with pytest.raises(LookupError):
        backtests.run("b_0")
    with pytest.raises(LookupError):
        backtests.samples("b_0", by=comms, at=NOON)
    backtests.stop("b_0")


def test_protected_speech_is_not_replayed(
    backtests: Backtests, begun: Callable[..., str], policy: Policy, ledger: Ledger
) -> None:
    """On one's own profile it is only counted; on the company's, its words are not kept."""
    prescreen = Prescreen(Screener(policy), ledger)
    for account in (Account.PERSONAL, Account.INSTITUTIONAL):
        prescreen(Draft(text="Il sindacato ha indetto uno sciopero, buongiorno", account=account), at=NOON)
    prescreen(Draft(text="Buongiorno"), at=NOON)
    found = backtests.run(begun())
    assert (found.replayed, found.left_out) == (1, LeftOut(no_words=1, private=1))
