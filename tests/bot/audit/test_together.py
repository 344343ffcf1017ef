"""What comes together is done together, in order, and one that fails harms nobody else."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.audit.following import BATCH
from bot.audit.ledger import Ledger
from bot.audit.seals import HolderGoneError
from bot.audit.together import Together


def test_whoever_comes_while_one_is_at_work_is_done_in_one_go() -> None:
    begun, go_on, goes = threading.Event(), threading.Event(), list[list[int]]()

    def do(wishes: Sequence[int]) -> list[int | BaseException]:
        goes.append(list(wishes))
        begun.set()
        go_on.wait(10)
        return [wish * 2 for wish in wishes]

    together = Together(do, 4)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(together, 0)
        begun.wait(10)
        others = [pool.submit(together, number) for number in range(1, 7)]
        while len(together._queue) < 6:
            pass
        go_on.set()
        assert [each.result(10) for each in (first, *others)] == [0, 2, 4, 6, 8, 10, 12]
    assert goes[0] == [0]
    assert [len(go) for go in goes] == [1, 4, 2]
    assert sorted(number for go in goes for number in go) == list(range(7))


@pytest.mark.parametrize("raises", [False, True])
def test_an_exception_is_raised_where_the_wish_came_from(raises: bool) -> None:
    def do(wishes: Sequence[int]) -> list[int | BaseException]:
        if raises:
            raise KeyError("all")
        return [ValueError(wish) if wish % 2 else wish for wish in wishes]

    together = Together(do, 4)

    def ask(wish: int) -> str:
        try:
            return str(together(wish))
        except (ValueError, KeyError) as error:
            return type(error).__name__

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(200)))
    assert set(found) == ({"KeyError"} if raises else {"ValueError", *(str(each) for each in range(0, 200, 2))})


def test_nobody_waits_for_ever() -> None:
    together = Together[int, int](lambda wishes: list(wishes), 3)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(together, range(2_000))) == list(range(2_000))


def test_one_entry_that_cannot_be_added_keeps_no_other_out(ledger: Ledger) -> None:
    """Somebody was erased, and others write at the same moment."""

    def add(number: int) -> str:
        holder = "p_gone" if number % 10 == 0 else None
        try:
            ledger.append("x", subject=f"x_{number}", facts={}, content=b"{}", holder=holder)
        except HolderGoneError:
            return "gone"
        return "added"

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(add, range(100)))
    assert (found.count("gone"), found.count("added")) == (10, 90)
    verified = ledger.verify()
    assert (verified.faults, verified.count, verified.lag) == ((), 90, 0)


def test_the_same_twice_at_once_is_one_entry(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: ledger.append("x", subject=f"x_{n % 5}", facts={}).seq, range(40)))
    assert len(set(found)) == 5
    assert [json.loads(entry.body)["subject"] for entry in ledger.entries()].count("x_3") == 1
    assert BATCH < 40
