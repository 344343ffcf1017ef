"""What goes with the words whose time is over, and that it goes quickly: everybody who writes waits for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlmodel import select

from bot.audit.holds import Holds
from bot.audit.ledger import Ledger
from bot.audit.retention import Retention
from bot.errands import card_name
from bot.people import People
from bot.places import Cards, _begins, forget_cards
from bot.store import Store
from bot.tables import Appeal, Card, Dismissal, Receipt, Review, Seat
from rules.keeping import Keeping

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def ago(days: float) -> float:
    return (NOON - timedelta(days=days)).timestamp()


def keep(store: Store, *rows: Any) -> None:
    with store.write() as session:
        session.add_all(rows)


def receipt(number: int, days: float) -> Receipt:
    return Receipt(code=f"R{number:07}", screening=f"s_{number}", mac="m", policy="p", outcome="clear", at=ago(days))


def review(number: int, days: float, person: str = "p_1") -> Review:
    return Review(
        id=f"r_{number:020}",
        screening=f"s_{number}",
        person=person,
        at=ago(days),
        state="open",
        wrapped=b"",
        sealed=b"",
    )


@pytest.fixture
def statements(store: Store) -> list[tuple[str, bool, int]]:
    """What was asked of the database, whether with the writers' lock in hand, and how many rows it was about."""
    told = list[tuple[str, bool, int]]()

    @event.listens_for(store.engine, "after_cursor_execute")
    def _on_execute(connection: Connection, cursor: Any, statement: str, *_: object) -> None:
        is_locked = "vaglio_writes" in connection.get_execution_options()
        told.append((" ".join(statement.split()), is_locked, cursor.rowcount))

    return told


def test_cards_go_with_what_they_show_in_two_looks(
    store: Store, ledger: Ledger, statements: list[tuple[str, bool, int]]
) -> None:
    """A look for each, in a table of millions, would hold up every draft for minutes."""
    for number in range(12):
        old = number < 11
        at = (NOON - timedelta(days=40 if old else 20)).timestamp()
        review, seat = f"r_{number:020}", f"q_{number:020}"
        with store.write() as session:
            session.add(
                Review(id=review, screening=f"s_{number}", person="p_1", at=at, state="open", wrapped=b"", sealed=b"")
            )
            session.flush()
            session.add(Seat(id=seat, review=review, asked="legal", owner="legal", state="open"))
        for about in (review, card_name(seat, "legal"), f"{card_name(seat, 'legal')}/reminder"):
            Cards(store).put(about, "slack:C1", "1.0")
    Retention(store, ledger).let_go(Keeping(days=30), "p@1", NOON)
    with store.read() as session:
        assert {about.partition("/")[0] for about in session.exec(select(Card.about)).all()} == {review, seat}
        assert session.exec(select(Seat.id)).all() == [seat]
    looks = [statement for statement, _, _ in statements if statement.startswith("DELETE FROM card")]
    assert len(looks) == 2  # by their names, and by how these begin


def test_cards_are_found_by_how_their_names_begin_and_by_nothing_else(store: Store) -> None:
    """Whatever the server's own order makes of signs between letters."""
    names = ["q_1", "q_1/a1", "q_1/a1/reminder", "q_1-a1", "q_10/a1", "q_2/a1", "Q_1/a1", "qx1/a1", "home/q_1", "q_1/"]
    keep(store, *(Card(about=name, place="slack:C1", message="1") for name in names))
    with store.write() as session:
        forget_cards(session, ["q_1", "q_%"])
    with store.read() as session:
        left = set(session.exec(select(Card.about)).all())
    assert left == {"q_1-a1", "q_10/a1", "q_2/a1", "Q_1/a1", "qx1/a1", "home/q_1"}


def test_an_index_finds_them(store: Store) -> None:
    with store.write() as session:
        connection = session.connection()
        asked = select(Card.message).where(_begins(session, "q_1"))
        shown = str(asked.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        if store.file:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {shown}").all()
            assert "SEARCH" in str(plan)
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = connection.exec_driver_sql(f"EXPLAIN {shown}").all()
            assert "ix_card_about" in str(plan)


def test_what_is_over_is_looked_for_while_others_write_and_goes_in_portions(
    store: Store, ledger: Ledger, statements: list[tuple[str, bool, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.audit.retention._PORTION", 4)
    monkeypatch.setattr("bot.audit.retention._QUESTIONS", 3)
    keep(store, *(receipt(number, 40 if number < 10 else 20) for number in range(13)))
    keep(store, *(Dismissal(key=f"{n}", rule="a", appeal="a_1", at=ago(40)) for n in range(9)))
    keep(store, *(review(number, 40 if number < 7 else 20) for number in range(9)))
    statements.clear()
    Retention(store, ledger).let_go(Keeping(days=30), "p@1", NOON)
    with store.read() as session:
        kept = [len(session.exec(select(table)).all()) for table in (Receipt, Dismissal, Review)]
    assert kept == [3, 0, 2]
    gone = {table: [rows for statement, _, rows in statements if statement.startswith(f"DELETE FROM {table} ")]
            for table in ("receipt", "dismissal", "review")}  # fmt: skip
    assert gone == {"receipt": [4, 4, 2], "dismissal": [4, 4, 1], "review": [3, 3, 1]}
    by_age = [is_locked for statement, is_locked, _ in statements if ".at <" in statement]
    assert by_age
    assert not any(by_age)


def test_what_a_hold_keeps_is_passed_over(
    store: Store, ledger: Ledger, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.audit.retention._QUESTIONS", 2)
    anna, bruno = people.person("slack:T1:ANNA"), people.person("slack:T1:BRUNO")
    keep(store, *(review(number, 40, anna if number % 3 else bruno) for number in range(9)))
    keep(store, *(
        Appeal(id=f"a_{n}", screening="s_1", rule="x", person=anna, at=ago(40), state="open", wrapped=b"", sealed=b"")
        for n in range(3)
    ))  # fmt: skip
    keep(store, receipt(1, 40), Dismissal(key="1", rule="a", appeal="a_1", at=ago(40)))
    Holds(store, ledger).order(anna, by=bruno, reason="causa", at=NOON)
    Retention(store, ledger).let_go(Keeping(days=30), "p@1", NOON)
    with store.read() as session:
        assert set(session.exec(select(Review.person)).all()) == {anna}
        kept = [len(session.exec(select(table)).all()) for table in (Review, Appeal, Receipt, Dismissal)]
    assert kept == [6, 3, 1, 1]


def test_rows_of_one_moment_go_all_of_them(store: Store, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.audit.retention._PORTION", 2)
    keep(store, *(receipt(number, 40) for number in range(5)))
    Retention(store, ledger).let_go(Keeping(days=30), "p@1", NOON)
    with store.read() as session:
        assert session.exec(select(Receipt)).all() == []
