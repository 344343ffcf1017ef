"""What is listened to is on the record and can still be opened: nothing private, nothing forgotten, nobody twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from bot.audit.erasure import Erasures
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.retention import Retention
from bot.insights import hearing
from bot.insights.listening import Listened, Listening
from bot.insights.periods import weeks_until
from bot.people import People
from bot.prescreen import Prescreen
from bot.store import Store
from rules.draft import Account, Draft, Kind
from rules.encoder import Encoder
from rules.keeping import Keeping

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WEEKS = weeks_until(NOW.date(), 4)
ANNA, BRUNO = "slack:T1:ANNA", "slack:T1:BRUNO"


def listen(listening: Listening, weeks: Sequence[date] = WEEKS, by: str | None = "p_reader") -> Listened:
    return listening.listen(weeks, ROME, by=by, at=NOW, patience=60)


@pytest.fixture
def parcels(written: dict[str, list[str]]) -> list[str]:
    return written["late_delivery"]


def test_themes_are_counted_week_by_week_with_complaints_first(listening, answer, written) -> None:  # type: ignore[no-untyped-def]
    answer(written["opening_hours"], at=NOW)
    answer(written["late_delivery"][:12], at=NOW)
    answer(written["late_delivery"][12:], at=NOW - timedelta(weeks=2))
    found = listen(listening)
    assert found.messages == (0, 13, 0, 37)
    assert found.replies == (0, 13, 0, 37)
    assert [theme.complains for theme in found.themes] == sorted((t.complains for t in found.themes), reverse=True)
    first, last = found.themes[0], found.themes[-1]
    assert first.complains
    assert first.weeks[1] > 3
    assert first.weeks[3] > 3
    assert not last.complains
    assert {"negozio", "store"} & set(last.words)
    for week, count in enumerate(found.messages):
        assert sum(theme.weeks[week] for theme in found.themes) + found.elsewhere[week] == count
    assert sum(theme.complaints for theme in found.themes) + found.complaints_elsewhere == found.complaints


def test_no_theme_of_fewer_than_five_messages_is_shown(listening, answer, parcels) -> None:  # type: ignore[no-untyped-def]
    answer(parcels[:4])
    found = listen(listening)
    assert found.themes == ()
    assert sum(found.messages) == 4


def test_a_message_that_is_checked_again_and_again_counts_once(listening, answer) -> None:  # type: ignore[no-untyped-def]
    answer(["Il mio pacco non arriva, è una vergogna"] * 9)
    found = listen(listening)
    assert (sum(found.replies), sum(found.messages)) == (9, 1)
    assert found.themes == ()


def test_phrases_are_shown_only_after_it_is_on_record_to_whom(listening, answer, parcels, ledger) -> None:  # type: ignore[no-untyped-def]
    answer(parcels)
    found = listen(listening, by="p_dario")
    assert any(theme.phrases for theme in found.themes)
    (looked,) = [json.loads(entry.body) for entry in ledger.entries() if entry.kind == "look"]
    assert looked["actor"] == "p_dario"
    assert looked["facts"]["why"] == "listening"
    assert all(1 <= first <= last <= len(parcels) for first, last in looked["facts"]["entries"])


def test_without_a_reader_no_phrase_is_opened(listening, answer, parcels, ledger) -> None:  # type: ignore[no-untyped-def]
    answer(parcels)
    found = listen(listening, by=None)
    assert found.themes
    assert not any(theme.phrases for theme in found.themes)
    assert not [entry for entry in ledger.entries() if entry.kind == "look"]


def test_what_nobody_else_wrote_is_never_shown(listening, answer) -> None:  # type: ignore[no-untyped-def]
    names = ("Brambilla", "Esposito", "Ferraris", "Colombo", "Mancini", "Zanardi", "Fumagalli", "Bernasconi")
    answer([f"Sono {name}, il pacco ordine {number}77 non è arrivato e sono molto delusa, chiamate il 33{number}1234567"
            for number, name in enumerate(names)])  # fmt: skip
    found = listen(listening)
    shown = " ".join(one for theme in found.themes for one in (*theme.words, *theme.phrases))
    assert "pacco" in shown
    assert not [name for name in names if name.lower() in shown.lower()]
    assert not any(character.isdigit() for character in shown)


def test_what_is_private_or_kept_without_words_is_not_heard(listening, prescreen: Prescreen, parcels) -> None:  # type: ignore[no-untyped-def]
    for message in parcels[:8]:
        draft = Draft(text="Ci dispiace", author=ANNA, kind=Kind.REPLY, account=Account.PRIVATE, in_reply_to=message)
        prescreen(draft, at=NOW)
    prescreen(Draft(text="Buongiorno", author=ANNA), at=NOW)
    prescreen(Draft(text="Ci dispiace", author=ANNA, kind=Kind.REPLY), at=NOW)
    found = listen(listening)
    assert (sum(found.replies), sum(found.messages), found.unread) == (1, 0, 0)


def test_what_was_masked_is_not_heard(listening, answer, index: Index) -> None:  # type: ignore[no-untyped-def]
    answer([f"Il pacco SEGRETO-{number} non arriva da {number} settimane, basta" for number in range(10, 18)])
    listen(listening)
    with index.read() as connection:
        said = " ".join(connection.execute(text("SELECT words FROM heard")).scalars())
    assert "SEGRETO" not in said
    assert "pacco" in said


def test_who_was_erased_leaves_nothing(  # type: ignore[no-untyped-def]
    listening, answer, parcels, index: Index, store: Store, ledger: Ledger, people: People, tmp_path: Path
) -> None:
    answer(parcels[:10], author=ANNA)
    answer(parcels[10:], author=BRUNO)
    listen(listening)
    assert kept(index) == 25
    Erasures(store, ledger, people, tmp_path / "erased", index).erase(people.person(ANNA), by=None, reason="x", at=NOW)
    assert kept(index) == 15
    found = listen(listening)
    assert sum(found.messages) == 15
    if store.engine.dialect.name == "sqlite":
        left = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("search.db*"))
        assert b"magazzino" not in left  # of the first message
        assert b"birthday" in left


def test_what_was_let_go_in_time_is_not_heard(  # type: ignore[no-untyped-def]
    listening, answer, parcels, index: Index, store: Store, ledger: Ledger
) -> None:
    answer(parcels[:10], at=NOW - timedelta(weeks=3))
    answer(parcels[10:])
    listen(listening)
    Retention(store, ledger, index).let_go(Keeping(days=7), "prova@0", NOW)
    assert kept(index) == 15
    assert listen(listening).messages == (0, 0, 0, 15)


def test_who_is_erased_while_they_are_read_does_not_come_back(  # type: ignore[no-untyped-def]
    answer, parcels, index: Index, store: Store, ledger: Ledger, people: People, encoder: Encoder, tmp_path: Path
) -> None:
    answer(parcels[:6])
    erasures = Erasures(store, ledger, people, tmp_path / "erased", index)

    class Slow:
        """Takes so long that somebody is erased meanwhile."""

        def vectors(self, texts: Sequence[str]):  # type: ignore[no-untyped-def]
            erasures.erase(people.person(ANNA), by=None, reason="x", at=NOW)
            return encoder.vectors(texts)

    hearing.Hearing(index, lambda: Slow()).read([], 1)  # type: ignore[arg-type,return-value]
    listen(Listening(index, ledger, lambda: Slow()))  # type: ignore[arg-type,return-value]
    assert kept(index) == 0


def test_what_takes_too_long_is_read_at_the_next_look(listening, answer, parcels, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(hearing, "_BATCH", 5)
    answer(parcels)
    first = listening.listen(WEEKS, ROME, by=None, at=NOW, patience=-1)
    assert first.unread == 25
    assert listening.read_on(WEEKS, ROME, patience=-1) == 25
    assert listening.read_on(WEEKS, ROME, patience=60) == 0
    assert listen(listening).unread == 0


def test_of_very_many_some_are_heard_and_always_the_same(listening, answer, parcels, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(hearing, "MOST", 40)
    answer(parcels)
    found = listen(listening)
    assert found.replies[-1] == 25
    assert found.chosen[-1] == 10
    assert sum(found.messages) == 10
    assert listen(listening) == found


def test_everybody_sees_the_same_and_an_index_made_anew_says_so_too(listening, answer, written, index: Index) -> None:  # type: ignore[no-untyped-def]
    answer([*written["late_delivery"], *written["praise"]])
    found = listen(listening)
    assert listen(listening) == found
    index.rebuild()
    assert listen(listening) == found


def test_nothing_on_record_is_nothing_heard(listening: Listening) -> None:
    found = listen(listening)
    assert found.themes == ()
    assert found.messages == found.elsewhere == (0, 0, 0, 0)


def kept(index: Index) -> int:
    with index.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM heard WHERE words <> ''")).scalar_one())
