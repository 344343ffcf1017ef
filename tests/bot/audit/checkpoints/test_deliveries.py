"""Each place gets every checkpoint, whatever fails in between, and one that does not is missed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.audit.checkpoints import Checkpoints, Rhythm
from bot.audit.deliveries import Deliveries, late_places
from bot.audit.recipients import Folder, Numbered, Refusal
from bot.audit.signing import SigningKeys
from bot.audit.statements import file_name
from bot.audit.targets import Target
from bot.store import Store

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PLACE = Target("dir", "somewhere")

Delivering = Callable[..., Deliveries]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".git")


class _Moody:
    """Takes what it is brought, unless it is told to fail."""

    most = 2

    def __init__(self) -> None:
        self.got, self.fails = list[int](), False

    async def take(self, checkpoints: Numbered) -> None:
        await asyncio.sleep(0)
        if self.fails:
            raise Refusal("unreachable")
        self.got += [number for number, _ in checkpoints]


# --- Until each place has them -------------------------------------------------------------------------------------


async def test_one_is_made_and_brought_when_due_and_not_again(delivering: Delivering, now: datetime) -> None:
    place = _Moody()
    deliveries = delivering(PLACE, place)
    for minutes in (0, 1, 59, 60, 61):
        await deliveries.look(now + minutes * MINUTE)
    assert place.got == [1, 2]


async def test_a_new_place_is_brought_all_of_them(
    delivering: Delivering, checkpoints: Checkpoints, now: datetime
) -> None:
    for _ in range(5):
        checkpoints.make(now)
    place = _Moody()
    await delivering(PLACE, place).look(now)
    assert place.got == [1, 2, 3, 4, 5]


async def test_what_a_place_refused_is_tried_again_with_patience(delivering: Delivering, now: datetime) -> None:
    place = _Moody()
    deliveries = delivering(PLACE, place)
    place.fails = True
    with capture_logs() as logs:
        for seconds in range(0, 3_600, 15):
            await deliveries.look(now + timedelta(seconds=seconds))
    tried = [log for log in logs if log["event"] == "checkpoint.not_delivered"]
    assert 5 < len(tried) < 15
    assert tried[0].items() >= {"kind": "dir", "place": PLACE.digest, "reason": "unreachable"}.items()
    place.fails = False
    await deliveries.look(now + 2 * HOUR)
    assert place.got == [1, 2]


async def test_what_was_stored_before_a_stop_is_brought_after_it(
    delivering: Delivering, checkpoints: Checkpoints, now: datetime
) -> None:
    checkpoints.make(now)
    place = _Moody()
    await delivering(PLACE, place).look(now + MINUTE)
    assert place.got == [1]


async def test_what_was_brought_before_a_stop_could_be_noted_is_brought_again(
    delivering: Delivering, evidence: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries = delivering(PLACE, Folder(evidence))
    with monkeypatch.context() as broken:
        broken.setattr(Deliveries, "_took", lambda *_: 1 / 0)
        await deliveries.look(now)
    assert _names(evidence) == [file_name(1)]
    before = (evidence / file_name(1)).read_bytes()
    await deliveries.look(now + MINUTE)
    assert _names(evidence) == [file_name(1)], "another process would be at it still"
    await deliveries.look(now + HOUR)
    assert _names(evidence) == [file_name(1), file_name(2)]
    assert (evidence / file_name(1)).read_bytes() == before


async def test_a_stop_in_the_middle_leaves_the_place_to_whoever_starts_next(
    delivering: Delivering, now: datetime
) -> None:
    class Slow(_Moody):
        async def take(self, checkpoints: Numbered) -> None:
            begun.set()
            await asyncio.sleep(3_600)

    begun = asyncio.Event()
    task = asyncio.ensure_future(delivering(PLACE, Slow()).look(now))
    await begun.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    place = _Moody()
    await delivering(PLACE, place).look(now)
    assert place.got[0] == 1


async def test_several_processes_bring_each_once_and_in_order(store: Store, keys: SigningKeys, now: datetime) -> None:
    place, others = _Moody(), [Store(store.url) for _ in range(3)]
    every = [
        Deliveries(each, Checkpoints(each, SigningKeys(keys.path.parent)), {PLACE: place}, Rhythm(10, HOUR))
        for each in (store, *others)
    ]
    for hour in range(4):
        await asyncio.gather(*(each.look(now + hour * HOUR) for each in every))
    for other in others:
        other.close()
    await every[0].look(now + 3 * HOUR + MINUTE)
    assert place.got == [1, 2, 3, 4]


async def test_one_place_does_not_wait_for_another(
    store: Store, checkpoints: Checkpoints, now: datetime, evidence: Path
) -> None:
    place = _Moody()
    place.fails = True
    recipients = {PLACE: place, Target("dir", str(evidence)): Folder(evidence)}
    await Deliveries(store, checkpoints, recipients, Rhythm(10, HOUR)).look(now)
    assert _names(evidence) == [file_name(1)]


async def test_by_hand_a_place_is_tried_whenever_and_brought_everything_if_asked(
    delivering: Delivering, checkpoints: Checkpoints, now: datetime
) -> None:
    place = _Moody()
    place.fails = True
    deliveries = delivering(PLACE, place)
    await deliveries.look(now)
    assert isinstance((await deliveries.deliver_all(now))[PLACE], Refusal)
    place.fails = False
    assert await deliveries.deliver_all(now) == {PLACE: None}
    assert await deliveries.deliver_all(now) == {PLACE: None}
    assert place.got == [1]
    await deliveries.deliver_all(now, again=True)
    assert place.got == [1, 1]


# --- Late ----------------------------------------------------------------------------------------------------------


async def test_a_place_without_a_checkpoint_for_two_periods_is_late_and_said_once_a_period(
    delivering: Delivering, store: Store, now: datetime
) -> None:
    place = _Moody()
    deliveries = delivering(PLACE, place)
    await deliveries.look(now)
    place.fails = True
    with capture_logs() as logs:
        for quarter in range(4 * 4 + 1):
            await deliveries.look(now + quarter * HOUR / 4)
    late = [log for log in logs if log["event"] == "checkpoint.late"]
    assert len(late) == 2
    assert late[0] == {
        "event": "checkpoint.late", "log_level": "warning", "kind": "dir", "place": PLACE.digest,
        "since": now.isoformat(),
    }  # fmt: skip
    assert [each.target for each in late_places(store, [PLACE], HOUR, now + 4 * HOUR)] == [PLACE]
    place.fails = False
    with capture_logs() as logs:
        await deliveries.look(now + 5 * HOUR)
    assert "checkpoint.in_time_again" in [log["event"] for log in logs]
    assert late_places(store, [PLACE], HOUR, now + 5 * HOUR) == []


async def test_a_place_that_never_had_one_is_late_too_and_one_never_tried_is_not(
    delivering: Delivering, store: Store, now: datetime
) -> None:
    assert late_places(store, [PLACE], HOUR, now) == []
    place = _Moody()
    place.fails = True
    await delivering(PLACE, place).look(now)
    assert late_places(store, [PLACE], HOUR, now + 2 * HOUR) == []
    assert len(late_places(store, [PLACE], HOUR, now + 3 * HOUR)) == 1


async def test_where_none_can_be_made_the_places_are_late_and_the_reason_is_said_once_a_period(
    delivering: Delivering, store: Store, keys: SigningKeys, now: datetime
) -> None:
    deliveries = delivering(PLACE, _Moody())
    await deliveries.look(now)
    keys.path.unlink()
    with capture_logs() as logs:
        for quarter in range(4 * 4 + 1):
            await deliveries.look(now + quarter * HOUR / 4)
    assert [log["event"] for log in logs].count("checkpoint.not_made") == 4
    assert "checkpoint.late" in [log["event"] for log in logs]
