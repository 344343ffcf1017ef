"""Telegram: every fault on the way, and what each person saw of it in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from emulators.telegram import TelegramEmulator
from emulators.telegram_people import labels

WRITER, OWNER, PRESS, LEGAL = 10, 11, -1001, -1002
VERDICT, MENDED, APPROVED = "⛔ Così, per favore", "✅ Via libera", "✅ La tua bozza è approvata"
NEARLY, WAITING, CARD, YES = "✏️ Ci siamo quasi", "Ho chiesto a ", "✋ Una bozza aspetta", "✅ Approvata da Anna"
SLOW, FAILED, NOTED = "⏳ La tua bozza aspetta ancora", "Da parte mia qualcosa non ha funzionato", "Segnato."
OUT, WHERE, TODO = "Bene: ho segnato", "Dove si legge", "Grazie."

RATE_LIMIT = {"status": 429, "retry_after": 0}
BAD_GATEWAY, DROPPED, LOST, SLOW_ANSWER = {"status": 502}, {"drop": True}, {"lost": True}, {"delay": 3.0}
UNCHANGED = {"status": 400, "error": "Bad Request: message is not modified: specified new message content and reply"}
EXPIRED = {"status": 400, "error": "Bad Request: query is too old and response timeout expired or query ID is invalid"}
DELETED = {"status": 400, "error": "Bad Request: message to edit not found"}
OURS = {"status": 400, "error": "Bad Request: message is too long"}
BLOCKED = {"status": 403, "error": "Forbidden: bot was blocked by the user"}
KICKED = {"status": 403, "error": "Forbidden: bot was kicked from the supergroup chat"}
NO_CHAT = {"status": 400, "error": "Bad Request: chat not found"}
MUTE = {"status": 400, "error": "Bad Request: not enough rights to send text messages to the chat"}


class Scene:
    """A writer in private, and owners in their groups."""

    def __init__(self, writer: Any, telegram: TelegramEmulator, house: Any) -> None:
        self.writer, self.telegram, self.house = writer, telegram, house
        for group in (PRESS, LEGAL):
            telegram.group(group)
        telegram.chats[OWNER] = {"id": OWNER, "type": "private", "first_name": "Anna"}

    async def nothing(self) -> None:
        pass

    async def mended(self) -> None:
        await self.writer.send("Il vaglietto dello zibaldone")

    async def reviewed(self) -> None:
        await self.writer.send("Uno zibaldone: un trimestre record")

    async def asked(self) -> None:
        await self.reviewed()
        await self.ask()

    async def clear(self) -> None:
        await self.writer.send("Uno zibaldone")

    async def link(self) -> None:
        await self.clear()
        await self.writer.press("L’ho pubblicata")

    # --- what is then done

    async def draft(self) -> None:
        await self.writer.send("Che idiota, lo zibaldone")

    async def proposal(self) -> None:
        await self.writer.press("Usa la proposta")

    async def proposal_twice(self) -> None:
        pressed = await asyncio.gather(*(self.telegram.press("Usa la proposta") for _ in range(2)))
        for each in pressed:
            await self.telegram.taken(each)
        await self.house.quiet()

    async def proposal_while_stopped(self) -> None:
        await self.house.stop()
        await self.telegram.taken(await self.telegram.press("Usa la proposta"))
        assert self.house.pending() == 1
        self.house.start()
        await self.house.quiet()

    async def ask(self) -> None:
        await self.writer.press("Chiedi a: Ufficio legale")

    async def publish(self) -> None:
        await self.writer.press("L’ho pubblicata")

    async def words(self) -> None:
        await self.writer.send("https://example.com/zibaldone")

    async def approve(self) -> None:
        await self.writer.do(self.telegram.press("Approva", LEGAL, user_id=OWNER))

    async def approve_late(self) -> None:
        await self.house.stop()
        await self.telegram.taken(await self.telegram.press("Approva", LEGAL, user_id=OWNER))
        self.telegram.forget_queries()
        self.house.start()
        await self.house.quiet()

    async def approve_twice(self) -> None:
        pressed = await asyncio.gather(*(self.telegram.press("Approva", LEGAL, user_id=OWNER) for _ in range(2)))
        for each in pressed:
            await self.telegram.taken(each)
        await self.house.quiet()

    async def take(self) -> None:
        await self.writer.do(self.telegram.press("La guardo io", LEGAL, user_id=OWNER))


Step = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True)
class Row:
    """What stands when the fault comes, what is then done, and the beginnings of the messages that each chat shows."""

    before: Step
    then: Step
    method: str
    fault: Mapping[str, Any] | None
    saw: Mapping[int, list[str]]
    alerts: list[str] = field(default_factory=list)


S = Scene
FAULTS = {
    # A verdict
    "rate limit": Row(S.nothing, S.draft, "sendMessage", RATE_LIMIT, {WRITER: [VERDICT]}),
    "bad gateway": Row(S.nothing, S.draft, "sendMessage", BAD_GATEWAY, {WRITER: [VERDICT]}),
    "dropped socket": Row(S.nothing, S.draft, "sendMessage", DROPPED, {WRITER: [VERDICT]}),
    "slow: it went out all the same": Row(S.nothing, S.draft, "sendMessage", SLOW_ANSWER, {WRITER: [VERDICT] * 2}),
    "receipt lost: it went out all the same": Row(S.nothing, S.draft, "sendMessage", LOST, {WRITER: [VERDICT] * 2}),
    "never taken": Row(S.nothing, S.draft, "sendMessage", OURS, {WRITER: [FAILED]}),
    "blocked": Row(S.nothing, S.draft, "sendMessage", BLOCKED, {WRITER: []}),
    "chat gone": Row(S.nothing, S.draft, "sendMessage", NO_CHAT, {WRITER: []}),
    # A press that replaces its message
    "rate limit on an edit": Row(S.mended, S.proposal, "editMessageText", RATE_LIMIT, {WRITER: [MENDED]}),
    "bad gateway on an edit": Row(S.mended, S.proposal, "editMessageText", BAD_GATEWAY, {WRITER: [MENDED]}),
    "edit done, receipt lost": Row(S.mended, S.proposal, "editMessageText", LOST, {WRITER: [MENDED]}),
    "slow edit": Row(S.mended, S.proposal, "editMessageText", SLOW_ANSWER, {WRITER: [MENDED]}),
    "unchanged edit": Row(S.mended, S.proposal, "editMessageText", UNCHANGED, {WRITER: [NEARLY]}),
    "message deleted": Row(S.mended, S.proposal, "editMessageText", DELETED, {WRITER: [NEARLY, MENDED]}),
    "edit never taken": Row(S.mended, S.proposal, "editMessageText", OURS, {WRITER: [NEARLY, MENDED]}),
    "blocked meanwhile": Row(S.mended, S.proposal, "editMessageText", BLOCKED, {WRITER: [NEARLY]}),
    "acknowledgement refused": Row(S.mended, S.proposal, "answerCallbackQuery", EXPIRED, {WRITER: [MENDED]}),
    "acknowledgement dropped": Row(S.mended, S.proposal, "answerCallbackQuery", DROPPED, {WRITER: [MENDED]}),
    "double press": Row(S.mended, S.proposal_twice, "", None, {WRITER: [MENDED]}),
    "restart between update and answer": Row(S.mended, S.proposal_while_stopped, "", None, {WRITER: [MENDED]}),
    # Words
    "rate limit on a question": Row(S.clear, S.publish, "sendMessage", RATE_LIMIT, {WRITER: [MENDED, WHERE]}),
    "buttons cannot be taken away": Row(
        S.link, S.words, "editMessageReplyMarkup", DELETED, {WRITER: [MENDED, WHERE, OUT]}
    ),
    "rate limit on taking them away": Row(
        S.link, S.words, "editMessageReplyMarkup", RATE_LIMIT, {WRITER: [MENDED, WHERE, OUT]}
    ),
    # A card
    "rate limit on a card": Row(
        S.asked, S.take, "editMessageText", RATE_LIMIT, {LEGAL: [CARD], WRITER: [WAITING, "👀"]}, [TODO]
    ),
    "card deleted": Row(
        S.asked, S.take, "editMessageText", DELETED, {LEGAL: [CARD] * 2, WRITER: [WAITING, "👀"]}, [TODO]
    ),
    "alert: bad gateway": Row(
        S.asked, S.approve, "answerCallbackQuery", BAD_GATEWAY, {LEGAL: [YES], WRITER: [WAITING, APPROVED]}, [NOTED]
    ),
    "alert too late": Row(
        S.asked, S.approve_late, "", None, {LEGAL: [YES], OWNER: [NOTED], WRITER: [WAITING, APPROVED]}
    ),
    "double approval": Row(
        S.asked, S.approve_twice, "", None, {LEGAL: [YES], WRITER: [WAITING, APPROVED]}, [NOTED, NOTED]
    ),
    "group lost: whoever is next is asked": Row(
        S.reviewed, S.ask, "sendMessage:card", KICKED, {LEGAL: [], PRESS: [CARD], WRITER: [WAITING, SLOW]}
    ),
    "group gone: whoever is next is asked": Row(
        S.reviewed, S.ask, "sendMessage:card", NO_CHAT, {LEGAL: [], PRESS: [CARD], WRITER: [WAITING, SLOW]}
    ),
    "mute in the group: whoever is next is asked": Row(
        S.reviewed, S.ask, "sendMessage:card", MUTE, {LEGAL: [], PRESS: [CARD], WRITER: [WAITING, SLOW]}
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", FAULTS.values(), ids=FAULTS)
async def test_whatever_goes_wrong(row: Row, writer: Any, polling: TelegramEmulator, house: Any) -> None:
    scene = Scene(writer, polling, house)
    await row.before(scene)
    if row.fault:
        # The first message that is sent once the owner is asked is the card: the answer itself is an edit.
        polling.fail_next(row.method.partition(":")[0], **row.fault)
    await row.then(scene)
    seen = {chat: [each["text"] for each in polling.said(chat)] for chat in row.saw}
    assert {chat: len(texts) for chat, texts in seen.items()} == {chat: len(texts) for chat, texts in row.saw.items()}
    for chat, beginnings in row.saw.items():
        for text, beginning in zip(seen[chat], beginnings, strict=True):
            assert text.startswith(beginning)
    calls = [call for call in polling.calls if call.method == "answerCallbackQuery" and call.answer["ok"]]
    alerts = [call.payload["text"] for call in calls if "text" in call.payload]
    assert [alert[:7] for alert in alerts] == [alert[:7] for alert in row.alerts]
    # Done once, whatever was said twice.
    kinds = [entry.kind for entry in house.ledger.entries()]
    assert kinds.count("decision") <= 1
    assert kinds.count("screening") <= 2
    assert house.ledger.verify().is_sound


async def test_a_card_on_two_platforms_waits_where_it_stands(
    writer: Any, polling: TelegramEmulator, house: Any
) -> None:
    scene = Scene(writer, polling, house)
    await scene.reviewed()
    place = house.cards.put
    polling.fail_next("sendMessage", **KICKED)
    told = house.desk.told

    async def as_slack_has_it(id: str, event: Any, account: str, language: Any) -> Any:
        from bot.errands import card_name

        place(card_name(event["about"], "legal"), "slack:C1", "1.2")
        return await told(id, event, account, language)

    house.desk.told = as_slack_has_it
    await scene.ask()
    assert polling.said(PRESS) == []
    assert len(writer.seen) == 1


async def test_an_old_card_does_not_come_back_over_a_newer_one(
    writer: Any, polling: TelegramEmulator, house: Any
) -> None:
    scene = Scene(writer, polling, house)
    await scene.asked()
    polling.fail_next("editMessageText", 429, retry_after=1)
    await scene.telegram.taken(await polling.press("La guardo io", LEGAL, user_id=OWNER))
    await polling.wait_for(lambda call: call.method == "editMessageText" and call.answer.get("error_code") == 429)
    await scene.telegram.taken(await polling.press("Approva", LEGAL, user_id=OWNER))
    await house.quiet()
    (card,) = polling.said(LEGAL)
    assert card["text"].startswith(YES)
    assert labels(card) == {}


async def test_an_answer_in_several_messages_goes_on_where_it_stopped(
    writer: Any, polling: TelegramEmulator, house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.telegram_pages._ROOM", 60)
    await writer.send("/policy")
    texts = [each["text"] for each in writer.seen]
    assert len(texts) > 2
    before = len(texts)
    failing = iter([False, True, False])
    send = polling.do_sendMessage

    def sometimes(payload: Any) -> Any:
        if next(failing, False):
            polling.fail_next("sendMessage", 429, retry_after=0)
        return send(payload)

    monkeypatch.setattr(polling, "do_sendMessage", sometimes)
    await writer.send("/policy")
    assert [each["text"] for each in writer.seen[before:]] == texts
