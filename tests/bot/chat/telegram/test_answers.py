"""Telegram: what an answer says, that its entities cover what they mean, and that it fits whatever the draft."""

from __future__ import annotations

from typing import Any

import pytest
from emulators.telegram import Sent, TelegramEmulator, live_parts, part, units
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import telegram_text
from bot.pieces import Piece
from bot.reply import Proposal, Remark, Reply
from rules.rewriting import Change
from rules.verdict import Outcome, Severity

ALL = "Il vaglietto dello zibaldone!!! Un trimestre record, idiota."

polling_only = pytest.mark.parametrize("connect", ["polling"], indirect=True)


def parts(sent: Sent, kind: str) -> list[str]:
    return [part(sent.text, each) for each in sent.entities if each["type"] == kind]


async def test_the_whole_answer_in_italian(telegram: TelegramEmulator, answer: Any, house: Any) -> None:
    await telegram.message(ALL)
    screening = (sent := await answer()) and house.recorder.screenings[0]
    assert sent.text == (
        "⛔ Così, per favore, non pubblicarla\n"
        "4 cose da guardare.\n\n"
        "Il 【vaglietto】³ dello zibaldone【!!!】⁴ Un 【trimestre record】², 【idiota】¹.\n\n"
        "⛔ 1. 1.2 Rispetto — da non pubblicare\n«Con rispetto.»\nOffende qualcuno.\n→ Di’ che cosa non va.\n\n"
        "✋ 2. 4.1 A tempo debito — serve un sì\n«Dopo.»\nNon ancora annunciato.\n→ Aspetta il comunicato.\n\n"
        "✏️ 3. 2.3 I nostri nomi — da sistemare\n«Così.»\nIl prodotto si chiama Vaglio Mini.\n"
        "Al suo posto: Vaglio Mini\n\n"
        "💡 4. 2.1 Voce calma — suggerimento\n«Piano.»\nQui il testo grida.\n\n"
        "Una proposta — Ricontrollata: da non pubblicare\n"
        "− vaglietto\n+ Vaglio Mini\n− zibaldone!!!\n+ zibaldone!\n"
        "Il Vaglio Mini dello zibaldone! Un trimestre record, idiota.\n\n"
        f"Policy {screening.verdict.policy_revision} · controllo {screening.id}"
    )


async def test_the_whole_answer_in_english(telegram: TelegramEmulator, answer: Any) -> None:
    await telegram.message("A record quarter, says the zibaldone", language_code="en-GB")
    assert (await answer()).text.rpartition("\n\n")[0] == (
        "✋ Wait: somebody else should say yes first\n"
        "One thing to look at. Who can say yes: Legal.\n\n"
        "A 【record quarter】¹, says the zibaldone\n\n"
        "✋ 1. 4.1 In due time — needs a yes\n«Later.»\nNot announced yet.\n→ Wait for the release."
    )


@polling_only
async def test_entities_cover_the_words_they_mean(telegram: TelegramEmulator, answer: Any) -> None:
    draft = "👩‍👩‍👧 Zibaldone 🎉: il vaglietto 𝔘 è idiota 🇮🇹 !!!"
    await telegram.message(draft, entities=[])
    sent = await answer()
    assert parts(sent, "bold") == [
        "Così, per favore, non pubblicarla",
        "1. 1.2 Rispetto",
        "2. 2.3 I nostri nomi",
        "3. 2.1 Voce calma",
        "Una proposta",
    ]
    assert parts(sent, "pre") == [
        "👩‍👩‍👧 Zibaldone 🎉: il 【vaglietto】² 𝔘 è 【idiota】¹ 🇮🇹 【!!!】³",
        "👩‍👩‍👧 Zibaldone 🎉: il Vaglio Mini 𝔘 è idiota 🇮🇹 !",
    ]
    assert parts(sent, "code") == ["Vaglio Mini", "vaglietto", "Vaglio Mini", "!!!", "!"]
    assert parts(sent, "italic")[:-1] == ["«Con rispetto.»", "«Così.»", "«Piano.»"]
    assert parts(sent, "italic")[-1].startswith("Policy small@")


SHOUTED = "LO ZIBALDONE VINCE SEMPRE!!! Versate su IT60X0542811101000000123456."


@polling_only
@pytest.mark.parametrize(
    ("code", "heading"),
    [("it", "Una proposta — Ricontrollata: via libera"), ("en", "A proposal — Checked again: good to go")],
)
async def test_a_better_wording_is_shown_and_copied_in_one_tap(
    telegram: TelegramEmulator, answer: Any, code: str, heading: str
) -> None:
    await telegram.message(SHOUTED, language_code=code, entities=[])
    sent = await answer()
    assert heading in sent.text
    assert parts(sent, "pre")[1].startswith("Lo zibaldone vince sempre! Versate su [num")
    was, is_now, account, *_ = parts(sent, "code")[-4:]
    assert (was, is_now) == ("LO ZIBALDONE VINCE SEMPRE!!!", "Lo zibaldone vince sempre!")
    assert account.startswith("IT60X")


@polling_only
async def test_a_secret_stands_in_no_part_of_a_proposal(telegram: TelegramEmulator, answer: Any) -> None:
    await telegram.message("Zibaldone!!! segretissimo7", entities=[])
    sent = await answer()
    assert "Zibaldone! [segreto rimosso]" in sent.text
    assert "segretissimo7" not in sent.text


@polling_only
async def test_where_nothing_would_be_better_nothing_is_proposed(telegram: TelegramEmulator, answer: Any) -> None:
    await telegram.message("Uno zibaldone idiota", entities=[])
    assert "proposta" not in (await answer()).text


LONG = {
    "3,000 characters": "zibaldone " * 300,
    "10,000 characters": "zibaldone " * 1000,
    "10,000 characters, found at the end": "zibaldone " * 998 + "idiota",
    "just over what is shown": "zibaldone " * 190 + "idiota",
    "hundreds of findings": "zibaldone idiota! " * 500,
    "hundreds of findings of several rules": "vaglietto zibaldone!!! IDIOTA idiota record quarter " * 180,
    "one word": "zibaldone" + "a" * 2991,
    "one marked word": "zibaldone " + "n" * 2990,
    "emoji": "zibaldone " + "🎉👩‍👩‍👧" * 1600,
}


@polling_only
@pytest.mark.parametrize("draft", LONG.values(), ids=LONG)
async def test_an_answer_fits_whatever_the_draft(telegram: TelegramEmulator, answer: Any, draft: str) -> None:
    await telegram.message(draft, entities=[])
    sent = await answer()
    assert units(sent.text) <= telegram_text.LIMIT
    assert "zibaldone" in sent.text
    assert parts(sent, "italic")[-1].startswith("Policy small@")
    if "idiota" in draft:
        assert "【idiota】¹" in sent.text
        assert "1. 1.2 Rispetto" in parts(sent, "bold")


@polling_only
async def test_a_draft_over_the_limit_is_not_read(telegram: TelegramEmulator, answer: Any, house: Any) -> None:
    await telegram.message("zibaldone." * 1000 + "!", entities=[])
    assert (await answer()).text.startswith("Questa bozza ha 10001 caratteri e io ne leggo 10000 alla volta.")
    assert house.ledger.entries() == []


def message(size: int, count: int, letter: str = "z", proposal: Proposal | None = None) -> telegram_text.Message:
    texts = {name: letter * size for name in ("clause", "says", "why", "todo")}
    remarks = [
        Remark(number=number, severity=Severity.BLOCK, label="etichetta", instead=(letter * size,) * 9, **texts)
        for number in range(1, count + 1)
    ]
    reply = Reply(
        screening="s_1",
        outcome=Outcome.BLOCK,
        title=letter * size,
        summary=letter * size,
        pieces=(Piece(letter * size, (1,)), Piece("zibaldone" * size)),
        remarks=tuple(remarks),
        unchecked=tuple(f"{number} {letter * size}" for number in range(count)),
        footer=letter * size,
        proposal=proposal,
    )
    return telegram_text.message(reply, "it")


@pytest.mark.parametrize("letter", ["z", "🎉"])
@pytest.mark.parametrize("size", [1, 100, 2000])
@pytest.mark.parametrize("count", [0, 1, 30, 100])
def test_a_verbose_policy_fits_too(size: int, count: int, letter: str) -> None:
    said = message(size, count, letter)
    assert units(said.text) == said.length <= telegram_text.LIMIT
    assert "⛔ 1. " in said.text or not count
    assert "Non controllato:" in said.text or not count
    entities = [entity.to_dict() for entity in said.entities]
    assert live_parts(Sent("sendMessage", 10, 1, said.text, entities, None, None)) == []


@given(st.integers(0, 800), st.integers(0, 12), st.sampled_from(["z", "é", "🎉", "\U000e0001", "\n", "【"]))
def test_entities_never_cut_a_character(size: int, count: int, letter: str) -> None:
    said = message(size, count, letter)
    assert units(said.text) <= telegram_text.LIMIT
    for entity in said.entities:
        piece = said.text.encode("utf-16-le")[2 * entity.offset : 2 * (entity.offset + entity.length)]
        assert piece.decode("utf-16-le").strip()


def proposal(count: int, size: int, letter: str) -> Proposal:
    changes = tuple(
        Change(f"@anna{number}" + letter.upper() * size, f"/start{letter * size}") for number in range(count)
    )
    text = "".join(change.after for change in changes)
    return Proposal(Outcome.CLEAR, "Ricontrollata: via libera", text, changes)


@pytest.mark.parametrize("letter", ["z", "🎉"])
@pytest.mark.parametrize(("changes", "size"), [(1, 1), (9, 1), (500, 1), (9, 100), (100, 100), (1, 4000), (3, 2000)])
@pytest.mark.parametrize("remarks", [0, 3, 30])
def test_a_proposal_fits_and_takes_no_remarks_place(changes: int, size: int, letter: str, remarks: int) -> None:
    without, said = message(40, remarks), message(40, remarks, proposal=proposal(changes, size, letter))
    assert units(said.text) == said.length <= telegram_text.LIMIT
    before, after = without.text.rsplit("\n\n", 2)[0], said.text
    assert after.startswith(before[:-200])
    assert said.text.count("⛔ ") == without.text.count("⛔ ")
    entities = [entity.to_dict() for entity in said.entities]
    assert live_parts(Sent("sendMessage", 10, 1, said.text, entities, None, None)) == []
    if remarks == 0:
        shown = [part(said.text, each) for each in entities if each["type"] in ("code", "pre")]
        assert any(each.startswith("/start") for each in shown)
        assert ("E altre 92 voci" in said.text) == (changes == 100)
