"""Telegram: every button of a writer, in both languages; what it answers, and what becomes of its message."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from emulators.telegram import TelegramEmulator, units
from emulators.telegram_people import labels

from bot.actions import Action, Button, Verb
from bot.chat.telegram_parts import keyboard
from rules.assembly import load_policy
from rules.screening import Screener

both = pytest.mark.parametrize("language", ["it", "en"])

CLEAR, MENDED, ASKED = (
    "Uno zibaldone",
    "Il vaglietto dello zibaldone",
    "Uno zibaldone: un trimestre record, record quarter",
)
LABELS = {
    "it": {
        "rewrite": "Usa la proposta",
        "edit": "Correggi e ricontrolla",
        "ask": "Chiedi a: Ufficio legale",
        "accept": "Pubblico comunque",
        "disagree": "Non sono d’accordo",
        "published": "L’ho pubblicata",
        "skip": "Salta",
        "remind": "Ricontrollala più tardi",
        "hour": "In un’ora",
        "forget": "Dimentica questa bozza",
        "context": "Dove va",
    },
    "en": {
        "rewrite": "Use the proposal",
        "edit": "Change it and check again",
        "ask": "Ask: Legal",
        "accept": "Publish it anyway",
        "disagree": "I disagree",
        "published": "I published it",
        "skip": "Skip",
        "remind": "Check it again later",
        "hour": "In an hour",
        "forget": "Forget this draft",
        "context": "Where it goes",
    },
}


shown = itemgetter("text")


@both
async def test_under_a_verdict_stands_what_can_be_done(writer: Any, language: str) -> None:
    names = LABELS[language]
    await writer.send(MENDED)
    assert set(labels(writer.seen[0])) == {
        names[name] for name in ("rewrite", "edit", "accept", "disagree", "context", "forget")
    }
    await writer.send(CLEAR)
    assert set(labels(writer.seen[1])) == {names[name] for name in ("published", "remind", "edit", "context", "forget")}
    await writer.send(ASKED)
    assert set(labels(writer.seen[2])) == {names[name] for name in ("edit", "ask", "disagree", "context", "forget")}


@both
async def test_the_proposal_takes_the_place_of_the_draft(writer: Any, house: Any) -> None:
    await writer.send(MENDED)
    await writer.press(LABELS[writer.language]["rewrite"])
    (verdict,) = writer.seen
    assert "Il Vaglio Mini dello zibaldone" in shown(verdict)
    assert writer.says("Via libera", "Good to go")
    assert LABELS[writer.language]["published"] in labels(verdict)
    assert len(house.ledger.entries()) == 2


@both
async def test_an_edit_is_checked_in_the_same_thread(writer: Any, polling: TelegramEmulator) -> None:
    await writer.send(MENDED)
    await writer.press(LABELS[writer.language]["edit"])
    block, question = writer.seen[1:]
    assert shown(block) == MENDED
    assert block["entities"] == [{"type": "pre", "offset": 0, "length": units(MENDED)}]
    assert writer.says("La tua bozza\n", "Your draft\nThe new text")
    assert "/annulla" in shown(question) if writer.language == "it" else "/cancel" in shown(question)
    asked = next(each for each in polling.sent if each.message_id == question["message_id"]).reply_markup
    assert asked is not None
    assert asked["force_reply"]
    await writer.send("Il Vaglio Mini dello zibaldone")
    assert writer.says("Dall’ultimo controllo", "1 mended, 0 left, 0 new")
    assert labels(writer.seen[0]) == {}
    await writer.send(MENDED)
    assert writer.says("Ci siamo quasi", "Nearly there")


@both
async def test_what_is_accepted_has_a_receipt(writer: Any, house: Any) -> None:
    await writer.send(MENDED)
    await writer.press(LABELS[writer.language]["accept"])
    (verdict,) = writer.seen
    assert writer.says("decidi tu", "you decide")
    assert LABELS[writer.language]["published"] in labels(verdict)
    assert {entry.kind for entry in house.ledger.entries()} == {"screening", "override"}


@pytest.fixture
def strict(small_policy: Path, house: Any) -> Iterator[None]:
    """A product's name may be left as it is only for a reason."""
    text = small_policy.read_text(encoding="utf-8").replace(
        "swap: {vaglietto", "override: justify\n    swap: {vaglietto"
    )
    path = small_policy.with_name("strict.yaml")
    path.write_text(text, encoding="utf-8")
    before, house.prescreen.screener = house.prescreen.screener, Screener(load_policy(path))
    yield
    house.prescreen.screener = before


@both
@pytest.mark.usefixtures("strict")
async def test_a_reason_is_asked_where_the_rule_wants_one(writer: Any, house: Any) -> None:
    await writer.send(MENDED)
    await writer.press(LABELS[writer.language]["accept"])
    assert writer.says("Perché deve uscire così com’è", "Why it should go out as it is")
    await writer.send("Lo chiamano tutti così")
    assert writer.says("decidi tu", "you decide")
    assert labels(writer.seen[0]) == {}
    assert {entry.kind for entry in house.ledger.entries()} == {"screening", "override"}


@both
async def test_it_is_published_with_its_link(writer: Any) -> None:
    await writer.send(CLEAR)
    await writer.press(LABELS[writer.language]["published"])
    assert writer.says("Dove si legge", "Where it can be read")
    await writer.send("https://example.com/zibaldone")
    assert writer.says("segnato che è uscita", "noted that it is out")
    assert labels(writer.seen[0]) == {}


@both
async def test_a_link_may_be_left_out(writer: Any) -> None:
    await writer.send(CLEAR)
    await writer.press(LABELS[writer.language]["published"])
    await writer.press(LABELS[writer.language]["skip"])
    verdict, answer = writer.seen
    assert writer.says("segnato che è uscita", "noted that it is out")
    assert labels(verdict) == labels(answer) == {}
    await writer.send(CLEAR)
    assert writer.says("Via libera", "Good to go")


@both
async def test_it_is_checked_again_later(writer: Any, house: Any) -> None:
    await writer.send(CLEAR)
    await writer.press(LABELS[writer.language]["remind"])
    assert writer.says("Quando la ricontrollo?", "When shall I check it again?")
    hours = list(labels(writer.seen[1]))
    assert len(hours) == 3
    await writer.press(hours[0])
    verdict, answer = writer.seen
    assert writer.says("te lo dico qui", "tell you here")
    assert labels(answer) == {}
    assert labels(verdict) != {}
    (reminder,) = house.cabinet.reminders.due(datetime.max.replace(tzinfo=UTC))
    await house.clock.tick(datetime.fromtimestamp(reminder.at + 1, UTC))
    await house.quiet()
    assert writer.says("Via libera", "Good to go")
    assert [labels(message) != {} for message in writer.seen] == [False, False, True]


@both
async def test_a_draft_is_forgotten(writer: Any) -> None:
    await writer.send(MENDED)
    await writer.press(LABELS[writer.language]["forget"])
    (answer,) = writer.seen
    assert writer.says("Dimenticata", "Forgotten")
    assert labels(answer) == {}
    await writer.do(
        writer.telegram.callback(f"1|edit|s_{'0' * 20}|", answer["message_id"], language_code=writer.language)
    )
    assert writer.says("non ce l’ho più", "I no longer have this draft")


@both
async def test_the_owner_is_asked(writer: Any, polling: TelegramEmulator, house: Any) -> None:
    polling.group(-1002)
    await writer.send(ASKED)
    await writer.press(LABELS[writer.language]["ask"])
    (answer,) = writer.seen
    assert writer.says("Ho chiesto a Ufficio legale", "I have asked Legal")
    assert {LABELS[writer.language][name] for name in ("edit", "forget")} <= set(labels(answer))
    assert LABELS[writer.language]["ask"] not in labels(answer)
    (card,) = polling.said(-1002)
    assert "Una bozza aspetta il sì di: Ufficio legale" in shown(card)


@both
async def test_of_several_findings_one_is_wrong(writer: Any, polling: TelegramEmulator) -> None:
    polling.group(-1001)
    await writer.send(f"{MENDED}!!!")
    await writer.press(LABELS[writer.language]["disagree"])
    assert writer.says("Quale sbaglia?", "Which of them is wrong?")
    await writer.press(next(iter(labels(writer.seen[1]))))
    assert labels(writer.seen[1]) == {}
    assert writer.says("Perché qui la regola sbaglia", "Why the rule is wrong here")
    await writer.send("È il nome di un altro zibaldone")
    assert writer.says("Grazie. Lo legge Ufficio stampa", "Thank you. Press office reads it")
    assert labels(writer.seen[0]) != {}
    (card,) = polling.said(-1001)
    assert "È il nome di un altro zibaldone" in shown(card)


@both
async def test_it_goes_somewhere_else(writer: Any, house: Any) -> None:
    await writer.send(MENDED)
    await writer.press(LABELS[writer.language]["context"])
    assert writer.says("L’ho controllata così", "I checked it as")
    assert len(labels(writer.seen[1])) == 11
    await writer.press("LinkedIn")
    verdict, _ = writer.seen
    assert labels(verdict) == {}
    assert writer.says("Ci siamo quasi", "Nearly there")
    assert house.recorder.screenings[-1].draft.channel == "linkedin"
    await writer.press(LABELS[writer.language]["context"])
    await writer.press("L’assistenza clienti" if writer.language == "it" else "Customer care")
    draft = house.recorder.screenings[-1].draft
    assert (draft.channel, draft.account, draft.kind) == ("linkedin", "support", "post")


@both
async def test_a_post_becomes_a_reply_with_what_it_answers(writer: Any, house: Any) -> None:
    await writer.send(MENDED)
    await writer.press(LABELS[writer.language]["context"])
    await writer.press("Una risposta a qualcuno" if writer.language == "it" else "A reply to somebody")
    assert writer.says("Che cosa ha scritto il cliente", "What the customer wrote")
    await writer.send("Il vostro zibaldone non si apre")
    draft = house.recorder.screenings[-1].draft
    assert (draft.kind, draft.in_reply_to, draft.text) == ("reply", "Il vostro zibaldone non si apre", MENDED)
    assert all(labels(message) == {} for message in writer.seen[:-1])
    await writer.press(LABELS[writer.language]["context"])
    await writer.press("Un post" if writer.language == "it" else "A post")
    draft = house.recorder.screenings[-1].draft
    assert (draft.kind, draft.in_reply_to) == ("post", None)


@both
async def test_a_button_of_an_older_version_says_so(writer: Any, polling: TelegramEmulator) -> None:
    await writer.send(MENDED)
    for count, word in enumerate(("0|edit|s_1|", "rewrite", "1|fly|s_1|", "1|edit|s_1", "skip:", "1|2|3|4|5"), start=1):
        await writer.do(polling.callback(word, writer.seen[0]["message_id"], language_code=writer.language))
        assert writer.says("di un mio messaggio più vecchio", "from an older message of mine")
        assert len(writer.seen) == 1 + count
    assert labels(writer.seen[0]) == {}


async def test_nobody_acts_on_the_draft_of_somebody_else(
    writer: Any, make_writer: Any, polling: TelegramEmulator, do: Any
) -> None:
    await writer.send(MENDED)
    screening = polling.said()[0]["reply_markup"]["inline_keyboard"][0][0]["callback_data"].split("|")[2]
    other = make_writer("en", 11)
    await other.send(CLEAR)
    for verb in ("rewrite", "edit", "accept", "disagree", "forget", "context", "again", "published", "remind", "ask"):
        await do(polling.callback(f"1|{verb}|{screening}|", chat_id=11, user_id=11, language_code="en"))
        if verb == "published":
            await other.send("https://example.com/mine")
        assert "I no longer have this draft" in other.last
    await writer.press(LABELS[writer.language]["rewrite"])
    assert writer.says("Via libera", "Good to go")


async def test_a_press_is_acknowledged_at_once(writer: Any, polling: TelegramEmulator) -> None:
    await writer.send(MENDED)
    await writer.press(LABELS[writer.language]["edit"])
    call = await polling.wait_for("answerCallbackQuery")
    assert call.answer["ok"]
    assert call.payload.keys() == {"callback_query_id"}


async def test_a_check_s_number_cannot_be_worked_out_from_an_account(
    writer: Any, polling: TelegramEmulator, house: Any
) -> None:
    """It stands on the card of whoever is asked, and they know the accounts of their colleagues."""
    await writer.send(MENDED)
    label, message = LABELS[writer.language]["rewrite"], writer.seen[0]["message_id"]
    word, revision = labels(writer.seen[0])[label], house.desk.conversation.policy.revision
    await writer.press(label)
    (number,) = {data.split("|")[2] for data in labels(writer.seen[-1]).values()}
    known = "\n".join([f"telegram:{writer.user}", str(writer.user), str(message), word, revision])
    assert number != word.split("|")[2]
    assert number != f"s_{hashlib.sha256(known.encode()).hexdigest()[:20]}"


def test_short_labels_stand_side_by_side() -> None:
    made = [Button(label, Action(Verb.EDIT, "s_1")) for label in ("Sì", "No", "Una etichetta piuttosto lunga", "Forse")]
    hostile = replace(made[0], label="zibaldone\u202e " * 50)
    markup = keyboard([*made, hostile])
    assert markup is not None
    rows = [[button.text for button in row] for row in markup.inline_keyboard]
    assert rows[:3] == [["Sì", "No"], ["Una etichetta piuttosto lunga"], ["Forse"]]
    assert units(rows[3][0]) <= 60
    assert "\u202e" not in rows[3][0]
    assert keyboard([]) is None
