"""What both platforms share: the commands, the answer that is recorded first, and courtesies that may fail."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import InterfaceError

from bot.actions import Action, Verb, tag
from bot.appeals import Standing
from bot.audit.errors import RecordError, is_outage
from bot.chat.commands import Help, New, Speak, command
from bot.chat.desk import Aside
from bot.deeds import Act
from bot.drafts import State
from bot.engine import Retry
from bot.errands import card_name
from bot.reply import Notice, Reply, failure, mishap
from bot.review import Ruling
from rules.draft import Account, Draft


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("help", Help()),
        (" AIUTO\n", Help()),
        ("new", New()),
        ("nuova", New()),
        ("nuovo", New()),
        ("language it", Speak("it")),
        ("LINGUA  Inglese", Speak("en")),
        ("language italiano", Speak("it")),
        ("lingua", None),
        ("language xx", None),
        ("language it is a language", None),
        ("help me sell", None),
        ("new!", None),
        ("", None),
        ("«help»", None),
    ],
)
def test_a_command_is_one_only_as_a_whole(text: str, expected: object) -> None:
    assert command(text) == expected


async def test_an_answer_is_given_again_until_it_is_delivered(house: Any) -> None:
    draft = Draft(text="Uno zibaldone idiota", author="slack:T1:U1")
    first = await house.desk.answer("s_1", draft, "it")
    assert await house.desk.answer("s_1", draft, "it") is first
    house.desk.delivered("s_1")
    assert await house.desk.answer("s_1", draft, "it") == first
    assert len(house.recorder.screenings) == 2
    assert len(house.ledger.entries()) == 1


async def test_a_failure_is_not_kept(house: Any) -> None:
    draft = Draft(text="Uno zibaldone", author="slack:T1:U1", account=Account.PRIVATE)
    house.recorder.error = OSError("zibaldone")
    assert isinstance(await house.desk.answer("s_1", draft, "it"), Notice)
    house.recorder.error = None
    assert isinstance(await house.desk.answer("s_1", draft, "it"), Reply)


async def test_a_courtesy_that_fails_is_only_logged(logged: Any) -> None:
    aside = Aside()

    async def rude() -> None:
        raise ValueError("zibaldone")

    aside.do(rude())
    while "courtesy.failed" not in logged():
        await asyncio.sleep(0)
    assert "ValueError" in logged()


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("slack", [True, False])
def test_help_names_every_way_in(house: Any, language: str, slack: bool) -> None:
    text = house.desk.help(language, slack=slack)
    named = {
        ("it", True): "/vaglio nuova",
        ("en", True): "/vaglio new",
        ("it", False): "/lingua",
        ("en", False): "/language",
    }
    assert named[language, slack] in text
    assert len(text) < 3000


async def test_answers_are_not_kept_without_end(house: Any) -> None:
    for number in range(205):
        await house.desk.answer(f"s_{number}", Draft(text="Uno zibaldone", account=Account.PRIVATE), "it")
    assert len(house.desk._given) == 200
    assert "s_204" in house.desk._given


# --- Deeds -----------------------------------------------------------------------------------------------------------

ANNA, BRUNO = "slack:T1:U1", "slack:T1:U2"
AWAY = RecordError("away", "db")


def act(id: str, verb: Verb, about: str, account: str = BRUNO, **more: Any) -> Act:
    return Act(id, account, Action(verb, about, more.pop("choice", "")), "it", datetime.now(UTC), **more)


@pytest.fixture
def still(make_house: Any) -> Any:
    """A house in which nothing that is to be sent goes out, so that it can be counted."""
    house = make_house()
    house.platforms.add("slack")
    return house


@pytest.fixture
async def asked(still: Any) -> tuple[str, str]:
    """A draft on which the lawyers are asked: its id and the seat's. Their card is still to be sent."""
    draft = Draft(text="Uno zibaldone: un trimestre record", author=ANNA)
    id = (await still.desk.answer("s_1", draft, "it")).screening
    await still.desk.act(act("s_2", Verb.ASK, id, ANNA))
    (seat,) = still.cabinet.reviews.of_screening(id)
    still.cards.put(card_name(seat.id, "legal"), "slack:C11", "1.1")
    assert still.pending() == 1
    return id, seat.id


async def test_news_of_a_ruling_is_under_way_as_soon_as_it_counts(
    still: Any, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes after it: a stop, or a database that is away from then on. And nothing is written down twice."""
    id, seat = asked
    monkeypatch.setattr(still.post, "send", broken(AWAY))
    for _ in range(2):
        said = (await still.desk.act(act("s_3", Verb.APPROVE, seat, place="slack:C11"))).said
        assert said == Notice("Segnato. Chi l’ha scritta lo sa subito.")
        assert still.cabinet.drafts.find(id).state is State.APPROVED
        assert still.pending() == 3  # the card as it was, as it is, and the writer's news
        still.desk.delivered("s_3")
    assert [entry.kind for entry in still.ledger.entries()].count("decision") == 1


async def test_news_of_an_answer_to_an_appeal_is_under_way_as_soon_as_it_counts(
    still: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = (await still.desk.answer("s_1", Draft(text="Che idiota, lo zibaldone", author=ANNA), "it")).screening
    disagreed = act("s_2", Verb.DISAGREE, id, ANNA, choice=tag("respect.insults"), words="È un titolo")
    await still.desk.act(disagreed)
    (appeal,) = still.cabinet.appeals.standing(Standing.OPEN)
    still.cards.put(card_name(appeal.id, "press"), "slack:C10", "1.1")
    monkeypatch.setattr(still.post, "send", broken(AWAY))
    await still.desk.act(act("s_3", Verb.OVERTURN, appeal.id, place="slack:C10", words="Vero"))
    assert still.cabinet.appeals.find(appeal.id).state is Standing.OVERTURNED
    assert still.pending() == 3


async def test_a_deed_whose_news_could_not_be_written_down_is_done_again(
    still: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = Draft(text="Uno zibaldone: un trimestre record", author=ANNA)
    id = (await still.desk.answer("s_1", draft, "it")).screening
    with monkeypatch.context() as away:
        away.setattr(still.post, "send", broken(AWAY))
        with pytest.raises(Retry):
            await still.desk.act(act("s_2", Verb.ASK, id, ANNA))
    assert still.pending() == 0
    await still.desk.act(act("s_2", Verb.ASK, id, ANNA))
    assert still.pending() == 1


@pytest.mark.parametrize("fault", [AWAY, ConnectorException()], ids=["record", "queue"])
async def test_where_nobody_can_tell_whether_it_is_done_it_is_tried_again(
    still: Any, asked: Any, monkeypatch: pytest.MonkeyPatch, logged: Any, fault: Exception
) -> None:
    id, seat = asked
    if isinstance(fault, ConnectorException):
        fault.__cause__ = psycopg.OperationalError("zibaldone")
    with monkeypatch.context() as away:
        away.setattr(still.work, "put", broken(fault))
        with pytest.raises(Retry):
            await still.desk.act(act("s_3", Verb.APPROVE, seat, place="slack:C11"))
    assert still.cabinet.reviews.seat(seat).state is Ruling.OPEN
    assert '"event": "screening.failed"' in logged()
    await still.desk.act(act("s_3", Verb.APPROVE, seat, place="slack:C11"))
    assert still.cabinet.drafts.find(id).state is State.APPROVED


async def test_a_fault_of_ours_is_said_at_once(still: Any, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    id, seat = asked
    monkeypatch.setattr(still.work, "put", broken(ValueError("zibaldone")))
    answer = await still.desk.act(act("s_3", Verb.APPROVE, seat, place="slack:C11"))
    assert answer.said == Notice(mishap("it"))
    assert still.cabinet.drafts.find(id).state is State.ASKED
    assert [entry.kind for entry in still.ledger.entries()].count("decision") == 0


async def test_whoever_waits_for_a_verdict_is_told_at_once_that_there_is_none(still: Any, asked: Any) -> None:
    id, _ = asked
    still.recorder.error = AWAY
    edited = await still.desk.act(act("s_3", Verb.EDIT, id, ANNA, words="Uno zibaldone"))
    assert edited.said == Notice(mishap("it"))
    assert await still.desk.answer("s_4", Draft(text="Uno zibaldone", author=ANNA), "it") == Notice(failure("it"))


def test_an_outage_is_known_whoever_tells_of_it() -> None:
    lost = psycopg.InterfaceError("zibaldone")
    for error in (AWAY, lost, InterfaceError("", {}, lost)):
        assert is_outage(error)
    assert not is_outage(ValueError())
    assert not is_outage(psycopg.errors.UniqueViolation())


def broken(error: Exception) -> Any:
    def failing(*_: object) -> None:
        raise error

    return failing
