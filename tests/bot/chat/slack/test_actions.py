"""Slack: every button of a writer, in a message, an ephemeral message and a modal, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from emulators.slack import SlackEmulator, words
from emulators.slack_screen import Surface

from bot.drafts import State
from rules.assembly import load_policy
from rules.screening import Screener

NEWS = "Un trimestre record dello zibaldone"
ODD = "Un vaglietto dello zibaldone"
RUDE = "Che idiota, lo zibaldone"
CLEAR = "Uno zibaldone"
LEGAL = {"U1": "Ufficio legale", "U2": "Legal"}

both = pytest.mark.parametrize("user", ["U1", "U2"])
ways = pytest.mark.parametrize("way", ["command", "direct", "form"])
pytestmark = pytest.mark.parametrize("connect", ["socket"], indirect=True)


@pytest.fixture
def screener(small_policy: Path, tmp_path: Path) -> Screener:
    """The small policy, in which the product's name may be left as it is for a reason."""
    policy = small_policy.read_text(encoding="utf-8")
    changed = policy.replace("  - id: names.product\n", "  - id: names.product\n    override: justify\n")
    path = tmp_path / "changed.yaml"
    path.write_text(changed, encoding="utf-8")
    screener = Screener(load_policy(path))
    assert screener.load() == {}
    return screener


def text_of(surface: Surface) -> str:
    return words(surface.payload)


def is_in_place(before: Surface, after: Surface) -> bool:
    return (before.kind, before.key) == (after.kind, after.key)


def states(house: Any) -> list[str]:
    with house.store.engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT state FROM held ORDER BY at").scalars())


@both
@ways
async def test_use_the_proposal(slack: SlackEmulator, verdict: Any, press: Any, say: Any, way: str, user: str) -> None:
    before = await verdict(way, ODD, user)
    after = await press("Use the proposal", user)
    assert is_in_place(before, after)
    assert say(user, "Good to go") in text_of(after)
    assert "Un Vaglio Mini dello zibaldone" in text_of(after)


@both
@ways
async def test_change_it_and_check_again(
    slack: SlackEmulator, verdict: Any, say: Any, house: Any, way: str, user: str
) -> None:
    before = await verdict(way, RUDE, user)
    await slack.press(say(user, "Change it and check again"), user)
    await slack.opened(user)
    assert slack.field("text", user) == RUDE
    ack = await slack.submit(user, text=CLEAR)
    await house.quiet()
    if way == "form":
        # The form shows the answer, and what it stands on has it too: its buttons are over.
        assert ack.payload["response_action"] == "update"
        assert slack.top(user).key == before.key
        assert [say(user, "Good to go") in text_of(each) for each in slack.screen(user)] == [True, True]
    else:
        assert ack.payload == {}
        assert is_in_place(before, slack.top(user))
    changed = say(user, "Since the last check: {mended} mended, {left} left, {new} new.", mended=1, left=0, new=0)
    assert changed in slack.reads(user)
    assert states(house) == [State.REPLACED, State.CHECKED]


@both
@ways
async def test_ask_the_owner(
    slack: SlackEmulator, verdict: Any, press: Any, say: Any, house: Any, way: str, user: str
) -> None:
    before = await verdict(way, NEWS, user)
    await press("Ask: {owners}", user, owners=LEGAL[user])
    asked = next(each for each in slack.screen(user) if is_in_place(before, each))
    assert say(user, "I will tell you what they say. Until then, please wait.") in text_of(asked)
    assert states(house) == [State.ASKED]
    (card,) = (each for each in slack.screen("U3") if each.kind == "message" and each.channel == "C11")
    assert "Una bozza aspetta il sì di: Ufficio legale" in text_of(card)
    assert "Un trimestre record¹ dello zibaldone" in text_of(card)


@both
@ways
async def test_publish_anyway_for_a_reason(
    slack: SlackEmulator, verdict: Any, press: Any, say: Any, house: Any, way: str, user: str
) -> None:
    await verdict(way, ODD, user)
    await press("Publish it anyway", user, words="Così lo chiama il cliente, lo zibaldone")
    assert say(user, "Noted: you decide, and it is on record. Receipt for exactly these words: {code}", code="")[
        :-1
    ] in slack.reads(user)
    assert states(house) == [State.OVERRIDDEN]
    assert house.ledger.verify().is_sound
    assert [entry.kind for entry in house.ledger.entries()].count("override") == 1


@both
async def test_publish_anyway_having_read_it(
    slack: SlackEmulator, verdict: Any, press: Any, house: Any, user: str
) -> None:
    before = await verdict("direct", "Lo zibaldone del progetto Girasole", user)
    after = await press("Publish it anyway", user)
    assert is_in_place(before, after)
    assert states(house) == [State.OVERRIDDEN]


@both
@ways
async def test_i_disagree(
    slack: SlackEmulator, verdict: Any, press: Any, say: Any, house: Any, way: str, user: str
) -> None:
    before = await verdict(way, RUDE, user)
    await press("I disagree", user, words="È il nome del libro, lo zibaldone")
    press_office = {"U1": "Ufficio stampa", "U2": "Press office"}
    assert say(user, "Thank you. {owner} reads it, and I bring you the answer.", owner=press_office[user]) in "\n".join(
        text_of(each) for each in slack.screen(user)
    )
    # The verdict stays: there is more that can be done about it.
    assert any(is_in_place(before, each) and RUDE.split(",")[0] in text_of(each) for each in slack.screen(user))
    (card,) = (each for each in slack.screen("U3") if each.channel == "C10")
    assert "È il nome del libro, lo zibaldone" in text_of(card)


@both
@ways
async def test_of_several_findings_which_one_is_asked_first(
    slack: SlackEmulator, verdict: Any, press: Any, say: Any, way: str, user: str
) -> None:
    await verdict(way, "Il vaglietto dello zibaldone idiota", user)
    await press("I disagree", user)
    assert say(user, "Which of them is wrong?") in slack.reads(user)
    clauses = {"U1": "2.3: I nostri nomi · Il prodotto si chiama {preferred}.", "U2": "2.3: Our names"}
    label = next(each for each in slack.labels(user) if each.startswith(clauses[user][:12]))
    await slack.press(label, user)
    await slack.opened(user)
    assert say(user, "Why the rule is wrong here") in slack.reads(user)


@both
@ways
async def test_i_published_it(
    slack: SlackEmulator, verdict: Any, press: Any, say: Any, house: Any, way: str, user: str
) -> None:
    await verdict(way, CLEAR, user)
    await press("I published it", user, words="https://example.org/1")
    assert say(user, "Good: I have noted that it is out.") in slack.reads(user)
    assert states(house) == [State.PUBLISHED]


async def test_where_it_was_published_may_be_left_out(
    slack: SlackEmulator, verdict: Any, press: Any, house: Any
) -> None:
    await verdict("direct", CLEAR)
    await press("I published it", words="")
    assert states(house) == [State.PUBLISHED]


@both
@ways
async def test_check_it_again_later(
    slack: SlackEmulator, verdict: Any, press: Any, say: Any, house: Any, way: str, user: str
) -> None:
    before = await verdict(way, CLEAR, user)
    await press("Check it again later", user)
    assert say(user, "When shall I check it again?") in slack.reads(user)
    if way == "form":
        # On top of the verdict, which stays.
        assert is_in_place(before, slack.top(user))
        assert CLEAR in slack.reads(user)
    hour = {"U1": "Fra un’ora", "U2": "In an hour"}
    await slack.press(hour[user], user)
    await house.quiet()
    with house.store.engine.connect() as connection:
        assert len(connection.exec_driver_sql("SELECT * FROM reminder").all()) == 1


async def test_answers_in_a_view_do_not_pile_up(slack: SlackEmulator, verdict: Any, press: Any, house: Any) -> None:
    before = await verdict("form", CLEAR)
    await press("Check it again later")
    await slack.press("Fra 4 ore")
    await house.quiet()
    dividers = [block for block in slack.top().payload["blocks"] if block["type"] == "divider"]
    assert len(dividers) == 1
    assert len(slack.top().payload["blocks"]) < len(before.payload["blocks"]) + 4


@both
@ways
async def test_forget_this_draft(
    slack: SlackEmulator, verdict: Any, press: Any, say: Any, house: Any, way: str, user: str
) -> None:
    before = await verdict(way, RUDE, user)
    after = await press("Forget this draft", user)
    assert is_in_place(before, after)
    assert "zibaldone" not in text_of(after)
    assert states(house) == []


async def test_what_cannot_be_taken_back_is_asked_about_first(slack: SlackEmulator, verdict: Any) -> None:
    shown = await verdict("direct", RUDE)
    (grave,) = (e for b in shown.payload["blocks"] if b["type"] == "actions" for e in b["elements"] if "confirm" in e)
    assert (grave["style"], grave["text"]["text"]) == ("danger", "Dimentica questa bozza")
    (main,) = (
        e
        for b in shown.payload["blocks"]
        if b["type"] == "actions"
        for e in b["elements"]
        if e.get("style") == "primary"
    )
    assert main["text"]["text"] == "Correggi e ricontrolla"


@both
async def test_a_button_of_an_older_version(slack: SlackEmulator, house: Any, say: Any, user: str) -> None:
    for word in ("0|rewrite|s_1|", "1|fly|s_1|", "rewrite:s_1", ""):
        await slack.block_action(f"do:{len(word)}", word, user)
        await house.quiet()
        older = "This button is from an older message of mine. Send me the draft again, or ask for help."
        assert say(user, older) in slack.reads(user)


async def test_a_draft_that_is_gone_is_not_to_be_written_anew(
    slack: SlackEmulator, verdict: Any, press: Any, house: Any, say: Any
) -> None:
    shown = await verdict("direct", RUDE)
    house.cabinet.drafts.forget(house.cabinet.drafts.find(house.recorder.screenings[0].id))
    await slack.press("Correggi e ricontrolla", on=shown)
    await house.quiet()
    assert say("U1", "I no longer have this draft. Send it to me again.") in slack.reads()
    assert [call.method for call in slack.calls if call.method == "views.open"] == []


async def test_nobody_acts_on_somebody_elses_draft(slack: SlackEmulator, verdict: Any, house: Any, say: Any) -> None:
    shown = await verdict("direct", RUDE)
    await slack.press("Dimentica questa bozza", "U2", on=shown)
    await house.quiet()
    assert len(states(house)) == 1


async def test_with_the_draft_whose_reason_is_white_space(
    slack: SlackEmulator, verdict: Any, press: Any, say: Any, house: Any
) -> None:
    await verdict("direct", ODD)
    await press("Publish it anyway", words="   ")
    assert say("U1", "It needs a reason, in a few words: please write one and press again.") in slack.reads()
    assert states(house) == [State.CHECKED]
