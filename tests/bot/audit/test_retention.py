"""What goes with the words whose time is over, and that it goes quickly: everybody who writes waits for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import event
from sqlmodel import select

from bot.audit.ledger import Ledger
from bot.audit.retention import Retention
from bot.errands import card_name
from bot.places import Cards
from bot.store import Store
from bot.tables import Card, Review, Seat
from rules.keeping import Keeping

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def test_cards_go_with_what_they_show_all_in_one_look(store: Store, ledger: Ledger) -> None:
    """Nothing finds them by how their names begin: a look for each would hold up every draft for minutes."""
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
    looks = list[str]()

    @event.listens_for(store.engine, "before_cursor_execute")
    def _on_execute(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("DELETE FROM card"):
            looks.append(statement)

    Retention(store, ledger).let_go(Keeping(days=30), "p@1", NOON)
    with store.read() as session:
        assert {about.partition("/")[0] for about in session.exec(select(Card.about)).all()} == {review, seat}
        assert session.exec(select(Seat.id)).all() == [seat]
    assert len(looks) == 1
