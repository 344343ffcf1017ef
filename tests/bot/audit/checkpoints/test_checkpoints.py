"""Checkpoints are made once, say what the ledger was, and one key follows another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.audit.checkpoints import CheckpointError, Checkpoints, Rhythm
from bot.audit.ledger import Ledger
from bot.audit.signing import SigningKeys, is_signed
from bot.audit.statements import FIRST, Signed, StatementError, read_line, read_statement
from bot.audit.tables import Checkpoint
from bot.store import Store

HOUR = timedelta(hours=1)
RHYTHM = Rhythm(10, HOUR)
Grow = Callable[..., None]


def _all(checkpoints: Checkpoints) -> list[Signed]:
    return [signed for _, signed in checkpoints.after(0, 1_000)]


def test_it_says_how_far_the_ledger_goes_and_is_signed(
    checkpoints: Checkpoints, ledger: Ledger, keys: SigningKeys, grow: Grow, now: datetime
) -> None:
    grow(3)
    first, second = checkpoints.make(now), checkpoints.make(now + HOUR)
    said = first.statement()
    assert (said.number, said.at, said.count, said.head) == (1, now, 3, ledger.entries(newest=1)[0].hash)
    assert (said.previous, said.erased, said.key, said.next_key) == (FIRST, (), keys.public(), None)
    assert (second.statement().number, second.statement().previous) == (2, first.digest)
    assert all(is_signed(each, said.key) for each in (first, second))
    assert read_line(first.line.encode()) == first


def test_an_empty_ledger_can_be_signed_too(checkpoints: Checkpoints, now: datetime) -> None:
    assert (checkpoints.make(now).statement().count, checkpoints.make(now).statement().head) == (0, "0" * 64)


def test_one_is_due_after_entries_or_after_time(checkpoints: Checkpoints, grow: Grow, now: datetime) -> None:
    assert checkpoints.make_if_due(RHYTHM, now)
    assert checkpoints.make_if_due(RHYTHM, now) is None
    grow(9)
    assert checkpoints.make_if_due(RHYTHM, now + HOUR / 2) is None
    grow(1)
    assert checkpoints.make_if_due(RHYTHM, now + HOUR / 2)
    assert checkpoints.make_if_due(RHYTHM, now + HOUR) is None
    assert checkpoints.make_if_due(RHYTHM, now + 2 * HOUR), "a sign of life"
    assert checkpoints.make_if_due(RHYTHM, now - 5 * HOUR), "a clock that was put back silences nothing"
    assert [each.statement().number for each in _all(checkpoints)] == [1, 2, 3, 4]


def test_two_makers_at_once_make_one(
    store: Store, keys: SigningKeys, checkpoints: Checkpoints, grow: Grow, now: datetime
) -> None:
    grow(3)
    other = Store(store.url)
    makers = [checkpoints, Checkpoints(other, SigningKeys(keys.path.parent))] * 4
    with ThreadPoolExecutor(len(makers)) as pool:
        for hour in range(5):
            made = list(pool.map(lambda maker: maker.make_if_due(RHYTHM, now + hour * HOUR), makers))  # noqa: B023
            assert len([each for each in made if each]) == 1
    other.close()
    assert [each.statement().number for each in _all(checkpoints)] == [1, 2, 3, 4, 5]


def test_whoever_was_erased_since_is_named(checkpoints: Checkpoints, grow: Grow, now: datetime) -> None:
    grow(1, "erasure", person="p_1")
    assert checkpoints.make(now).statement().erased == ("p_1",)
    grow(1, "erasure", person="p_2")
    grow(2, "erasure", person="p_3")
    grow(1, "retention")
    assert checkpoints.make(now).statement().erased == ("p_2", "p_3")
    assert checkpoints.make(now).statement().erased == ()


def test_an_erasure_that_says_nothing_of_a_person_stops_nothing(
    checkpoints: Checkpoints, grow: Grow, now: datetime
) -> None:
    for facts in ({}, {"person": 7}, {"person": "Anna Rossi"}, {"person": "p_9"}):
        grow(1, "erasure", **facts)
    assert checkpoints.make(now).statement().erased == ("p_9",)


def test_a_checkpoint_of_a_ledger_that_was_cut_is_made_and_alarms(
    checkpoints: Checkpoints, store: Store, grow: Grow, now: datetime, cut: Callable[[int], None]
) -> None:
    grow(2, "erasure", person="p_1")
    checkpoints.make(now)
    grow(3)
    checkpoints.make(now)
    cut(2)
    grow(1, "erasure", person="p_2")
    with capture_logs() as logs:
        made = checkpoints.make(now).statement()
    assert (made.count, made.erased) == (3, ("p_2",)), "since the newest one that still stands"
    assert [log["event"] for log in logs] == ["checkpoint.ledger_differs"]


@pytest.mark.parametrize("head", [None, "0" * 64])
def test_a_loss_that_the_record_admits_is_no_alarm(
    checkpoints: Checkpoints, ledger: Ledger, grow: Grow, now: datetime, cut: Callable[[int], None], head: str | None
) -> None:
    grow(2)
    checkpoints.make(now)
    grow(3)
    checkpoints.make(now)
    cut(2)
    grow(1, "restore", count=2, head=head or ledger.verify().head, lost=[3, 5], erased=[])
    with capture_logs() as logs:
        checkpoints.rotate(now)
    alarms = [log["event"] for log in logs]
    assert alarms == (["checkpoint.ledger_differs"] if head else []), "only where it names the true end"


@pytest.mark.parametrize(
    "change",
    [
        ("{", "{ "), ('"v":1', '"v":2'), ('"count":0', '"count":-1'), ('"count":0', '"count":true'),
        ('"count":0', '"count":' + "9" * 30), ('"number":1', '"number":1.0'), ('"erased":[]', '"erased":["Anna"]'),
        ('"erased":[]', '"erased":[7]'), ('"v":1', '"v":1,"w":1'), ('"key"', '"kez"'), ("Z", "+00:00"),
        ('"head":"0', '"head":"Z'), ('"head":"0', '"head":"\\ud800'), ("{", "[" * 50_000), ("}", ""),
    ],
)  # fmt: skip
def test_what_vaglio_would_not_write_is_no_checkpoint(
    checkpoints: Checkpoints, now: datetime, change: tuple[str, str]
) -> None:
    body = checkpoints.make(now).body
    changed = body.replace(*change, 1)
    assert changed != body
    with pytest.raises(StatementError):
        read_statement(changed)


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b'{"body": 1, "signature": ""}', b"\xff", b"[" * 100_000])
def test_a_line_that_is_none_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(StatementError):
        read_line(line)


# --- Keys ----------------------------------------------------------------------------------------------------------


def test_a_reader_makes_no_key(keys: SigningKeys, tmp_path: Path) -> None:
    assert keys.public() is None
    assert not (tmp_path / "keys").exists()
    assert keys.signer().public == keys.public()
    assert keys.path.stat().st_mode & 0o777 == 0o600


def test_the_last_checkpoint_of_a_key_vouches_for_the_next(
    checkpoints: Checkpoints, keys: SigningKeys, now: datetime
) -> None:
    old = checkpoints.make(now).statement().key
    new = checkpoints.rotate(now)
    checkpoints.make(now)
    said = [each.statement() for each in _all(checkpoints)]
    assert [each.key for each in said] == [old, old, new, new]
    assert [each.next_key for each in said] == [None, new, None, None]
    assert keys.public() == new != old
    assert [path.name for path in keys.path.parent.iterdir()] == ["signing.key"]


@pytest.mark.parametrize("goes_on", ["make", "rotate"])
def test_a_rotation_that_breaks_off_before_the_new_key_is_in_place_is_ended_by_the_next(
    checkpoints: Checkpoints, keys: SigningKeys, now: datetime, monkeypatch: pytest.MonkeyPatch, goes_on: str
) -> None:
    checkpoints.make(now)
    with monkeypatch.context() as broken:
        broken.setattr(SigningKeys, "put_next_in_place", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            checkpoints.rotate(now)
    getattr(checkpoints, goes_on)(now)
    said = [each.statement() for each in _all(checkpoints)]
    assert all(after.key == before.next_signer for before, after in pairwise(said))
    assert keys.public() == said[-1].key


def test_a_rotation_that_breaks_off_before_anything_is_stored_goes_on_with_the_same_key(
    checkpoints: Checkpoints, keys: SigningKeys, now: datetime
) -> None:
    prepared = keys.next().public
    checkpoints.make(now)
    assert checkpoints.rotate(now) == prepared


def test_another_key_signs_nothing_unless_it_is_said_that_the_old_one_is_lost(
    checkpoints: Checkpoints, keys: SigningKeys, now: datetime
) -> None:
    checkpoints.make(now)
    keys.path.unlink()
    for attempt in (checkpoints.make, checkpoints.rotate):
        with pytest.raises(CheckpointError, match=r"signing\.key.*--lost"):
            attempt(now)
    new = checkpoints.rotate(now, is_lost=True)
    assert checkpoints.make(now).statement().key == new


def test_an_entry_whose_hash_is_none_is_not_signed(
    checkpoints: Checkpoints, grow: Grow, now: datetime, spoil: Callable[[], None]
) -> None:
    grow(1)
    spoil()
    with pytest.raises(CheckpointError, match="audit verify"):
        checkpoints.make(now)
    assert checkpoints.newest() is None


def test_a_changed_row_is_not_built_upon(checkpoints: Checkpoints, store: Store, now: datetime) -> None:
    checkpoints.make(now)
    with store.write() as session:
        row = session.get(Checkpoint, 1)
        assert row
        row.body = "{}"
    with pytest.raises(CheckpointError, match="audit verify"):
        checkpoints.make(now)


# --- After a backup was put back -----------------------------------------------------------------------------------


def test_what_a_place_has_is_taken_in_and_gone_on_from(
    checkpoints: Checkpoints, store: Store, grow: Grow, now: datetime
) -> None:
    made = [checkpoints.make(now + hour * HOUR) for hour in range(4)]
    with store.write() as session:
        for number in (3, 4):
            session.delete(session.get(Checkpoint, number))
    assert checkpoints.take_in(made) == 2
    assert checkpoints.take_in(made) == 0
    assert checkpoints.make(now + 5 * HOUR).statement().previous == made[-1].digest


def test_what_does_not_follow_is_not_taken_in(checkpoints: Checkpoints, store: Store, now: datetime) -> None:
    made = [checkpoints.make(now + hour * HOUR) for hour in range(4)]
    with store.write() as session:
        for number in (2, 3, 4):
            session.delete(session.get(Checkpoint, number))
    forged = Signed(made[1].body.replace('"count":0', '"count":1'), made[1].signature)
    for wrong in ([made[2]], [forged], [made[1], made[3]]):
        with pytest.raises(CheckpointError):
            checkpoints.take_in(wrong)
        assert len(_all(checkpoints)) == 1
