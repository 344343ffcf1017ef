"""Rates: so many drafts a minute from a person and from a workspace, and a sentence that says when to try again."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select

from bot.audit.seals import Seals
from bot.rates import Rates, TooMany
from bot.store import Store
from bot.tables import Rate

NOON = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
ANNA, BRUNO, ELSEWHERE = "slack:T1:U1", "slack:T1:U2", "slack:T2:U1"


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_so_many_a_minute_and_then_how_long_to_wait(store: Store, seals: Seals) -> None:
    rates = Rates(store, seals, 3, 100)
    assert [rates.admit(f"e{n}", ANNA, after(10)) for n in range(3)] == [None] * 3
    assert rates.admit("e3", ANNA, after(48)) == TooMany(timedelta(seconds=12), is_of_workspace=False)
    assert rates.admit("e4", BRUNO, after(48)) is None
    # What was turned away did not count: the next minute is whole.
    assert [rates.admit(f"f{n}", ANNA, after(60)) for n in range(3)] == [None] * 3


def test_a_workspace_has_its_own_measure(store: Store, seals: Seals) -> None:
    rates = Rates(store, seals, 3, 4)
    assert [rates.admit(f"e{n}", account, NOON) for n, account in enumerate([ANNA, ANNA, BRUNO, BRUNO])] == [None] * 4
    assert rates.admit("e5", ANNA, after(0.5)) == TooMany(timedelta(seconds=59.5), is_of_workspace=True)
    assert rates.admit("e5", ELSEWHERE, NOON) is None
    assert rates.admit("e5", "telegram:7", NOON) is None


def test_whose_own_measure_is_full_too_hears_of_that(store: Store, seals: Seals) -> None:
    rates = Rates(store, seals, 1, 1)
    rates.admit("e1", ANNA, NOON)
    assert rates.admit("e2", ANNA, NOON) == TooMany(timedelta(seconds=60), is_of_workspace=False)


def test_an_event_that_comes_again_is_counted_once(store: Store, seals: Seals) -> None:
    rates = Rates(store, seals, 2, 100)
    assert [rates.admit("e1", ANNA, after(n)) for n in range(9)] == [None] * 9
    assert rates.admit("e2", ANNA, NOON) is None
    assert rates.admit("e3", ANNA, NOON) is not None
    # Let in once, let in whenever its answer is tried again.
    assert rates.admit("e1", ANNA, after(59)) is None
    assert [rates.admit(f"f{n}", ANNA, after(100)) for n in range(2)] == [None] * 2
    assert rates.admit("e1", ANNA, after(110)) is None


def test_two_people_whose_events_are_called_the_same(store: Store, seals: Seals) -> None:
    rates = Rates(store, seals, 1, 1)
    assert rates.admit("e1", ANNA, NOON) is None
    assert rates.admit("e1", ELSEWHERE, NOON) is None
    assert rates.admit("e2", ELSEWHERE, NOON) is not None


def test_a_restart_forgets_nothing_and_many_at_once_are_counted(store: Store, seals: Seals) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: Rates(store, seals, 5, 100).admit(f"e{n}", ANNA, NOON), range(20)))
    assert found.count(None) == 5


def test_nothing_is_kept_but_digests_and_not_for_long(store: Store, seals: Seals) -> None:
    rates = Rates(store, seals, 5, 100)
    rates.admit("e1", ANNA, NOON)
    with store.read() as session:
        rows = session.exec(select(Rate)).all()
    assert len(rows) == 3
    assert not any(word in row.key for row in rows for word in ("slack", "T1", "U1"))
    rates.admit("e2", BRUNO, after(3601))
    with store.read() as session:
        assert len(session.exec(select(Rate)).all()) == 3


def test_after_a_pause_one_draft_does_not_let_go_of_everything(
    store: Store, seals: Seals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the writers' lock in hand: of a great many, others take their part."""
    monkeypatch.setattr("bot.rates._AT_ONCE", 4)
    rates = Rates(store, seals, 50, 100)
    with store.write() as session:
        session.add_all([Rate(key=f"{number}", until=NOON.timestamp(), count=1) for number in range(10)])
    left = list[int]()
    for number in range(4):
        assert rates.admit(f"e{number}", ANNA, after(60)) is None
        with store.read() as session:
            left.append(sum(row.until <= NOON.timestamp() for row in session.exec(select(Rate)).all()))
    assert left == [6, 2, 0, 0]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (TooMany(timedelta(seconds=11.2), is_of_workspace=False),
         "You have sent me many drafts in a minute. Try again in 12 seconds."),
        (TooMany(timedelta(seconds=0.2), is_of_workspace=False),
         "You have sent me many drafts in a minute. Try again in 1 second."),
        (TooMany(timedelta(seconds=30), is_of_workspace=True),
         "Many of your colleagues are sending me drafts just now. Try again in 30 seconds."),
    ],
)  # fmt: skip
def test_it_says_when_to_try_again(found: TooMany, sentence: str) -> None:
    assert found.show("en") == sentence


@given(st.lists(st.tuples(st.integers(0, 130), st.sampled_from([ANNA, BRUNO, ELSEWHERE])), max_size=15))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_minute_ever_holds_more_and_none_turns_away_without_need(
    store: Store, seals: Seals, events: Sequence[tuple[int, str]]
) -> None:
    with store.write() as session:
        session.exec(delete(Rate))
    rates, let_in = Rates(store, seals, 2, 3), Counter[tuple[str, int]]()
    for number, (second, account) in enumerate(sorted(events)):
        minute, team = second // 60, account.rpartition(":")[0]
        has_room = let_in[account, minute] < 2 and let_in[team, minute] < 3
        found = rates.admit(str(number), account, after(second))
        assert (found is None) == has_room
        if found is None:
            let_in.update([(account, minute), (team, minute)])
        else:
            assert found.wait == timedelta(seconds=60 - second % 60)
