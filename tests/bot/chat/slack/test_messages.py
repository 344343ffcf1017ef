"""Slack: whatever there is to say fits, however long it is, and what is cut ends where a paragraph or a word does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from emulators.slack import words
from emulators.slack_limits import check_message, check_view, live_parts
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.actions import Action, Button, Verb
from bot.chat import slack_blocks, slack_forms
from bot.chat.slack_blocks import message, messages
from bot.pieces import Piece
from bot.reply import Notice, Proposal, Remark, Reply
from rules.rewriting import Change
from rules.verdict import Outcome, Severity

NASTY = "<!channel> :tada: *b* _i_ https://evil.example www.evil.example a@b.it @anna #c > "


def fits(said: list[tuple[str, list[dict[str, Any]]]]) -> None:
    for text, blocks in said:
        check_message({"text": text, "blocks": blocks})
        assert live_parts({"text": text, "blocks": blocks}) == []
    check_view(slack_forms.answer_view([blocks for _, blocks in said], [], "it"))


texts = st.builds(
    lambda word, sign, count: (word + sign) * count,
    st.text(max_size=30) | st.sampled_from([NASTY, '"', "\n", "z" * 200]),
    st.sampled_from(["", " ", "\n", "\n\n"]),
    st.integers(0, 700),
)
buttons = st.lists(
    st.builds(
        lambda label, number, main, grave: Button(label, Action(Verb.PASS, "q_1", f"{number:08}"), main, grave),
        st.text(min_size=1, max_size=120).filter(str.strip) | st.just(NASTY),
        st.integers(0, 10**8 - 1),
        st.booleans(),
        st.booleans(),
    ),
    max_size=30,
).map(tuple)


@settings(max_examples=60, deadline=None)
@given(title=texts, summary=texts, piece=texts, why=texts, footer=texts, buttons=buttons, remarks=st.integers(0, 30))
@example(title=f"{NASTY} " * 4, summary="", piece="", why="", footer="", buttons=(), remarks=0)
def test_any_reply_fits(
    title: str, summary: str, piece: str, why: str, footer: str, buttons: tuple[Button, ...], remarks: int
) -> None:
    found = tuple(Remark(number, Severity.BLOCK, "l", "1.1 c", why, why) for number in range(1, remarks + 1))
    pieces = (Piece(piece, (1,)),) if piece else ()
    for outcome in (None, Outcome.BLOCK):
        said = Reply("s_1", outcome, title, summary, pieces, found, footer=footer, sign="✋", buttons=buttons)
        fits(messages(said, "it"))
        fits([message(said, "en")])
    if summary.strip():
        fits(messages(Notice(summary, buttons), "it"))


@pytest.mark.parametrize("paragraph", [40, 700, 2_000, 2_900, 3_100, 9_000])
@pytest.mark.parametrize("end", ["\n\n", "\n", " "])
def test_a_long_page_is_whole(paragraph: int, end: str) -> None:
    text = end.join(f"{number:03}" + "z" * (paragraph - 3) for number in range(20_000 // paragraph))
    buttons = (Button("Letta", Action(Verb.ACKNOWLEDGE, "x"), is_main=True),)
    said = messages(Reply("", None, "La policy", text, footer="r1", sign="📖", buttons=buttons), "it")
    fits(said)
    shown = "".join(words(blocks) for _, blocks in said)
    assert "".join(shown.split()).count("z") == text.count("z")
    assert [number for number in range(20_000 // paragraph) if f"{number:03}z" not in shown] == []
    # Its head on the first, what can be done on the last.
    kinds = [[block["type"] for block in blocks] for _, blocks in said]
    assert kinds[0][0] == "header"
    assert kinds[-1][-2:] == ["actions", "context"]
    assert sum(each.count("actions") for each in kinds) == 1
    if paragraph <= 1_000:
        # No paragraph is torn.
        sections = [words(block) for _, blocks in said for block in blocks if block["type"] == "section"]
        assert all(len(part) == paragraph for section in sections for part in section.split(end) if part)


def test_a_reason_has_all_the_room_that_a_card_can_spare() -> None:
    reason = "Motivo. " * 350
    said = Reply("s_1", None, "Non approvata", reason, (Piece("zibaldone"),), sign="⛔", footer="Controllo s_1")
    ((_, blocks),) = messages(said, "it")
    assert "".join(words(blocks).split()).count("Motivo.") == 350


def test_a_verdict_keeps_its_limits() -> None:
    said = Reply("s_1", Outcome.BLOCK, "Titolo", "s" * 5_000, footer="f")
    ((_, blocks),) = messages(said, "it")
    assert words(blocks).count("s") == 999


@pytest.mark.parametrize(
    ("title", "fallback"),
    [
        ("Ci siamo quasi: prima c’è qualcosa da sistemare", "✋ Ci siamo quasi: prima c’è qualcosa da sistemare"),
        ("Approvata da R&D <!channel>", "✋ Approvata da R D  !channel"),
        ("Alle 10.30", "✋ Alle 10.30"),
    ],
)
def test_what_notifications_say_is_words(title: str, fallback: str) -> None:
    assert message(Reply("s_1", None, title, "", sign="✋"), "it")[0] == fallback


# --- Verdicts, whose limits are older --------------------------------------------------------------------------------


def reply(**more: Any) -> Reply:
    plain = {"screening": "s_1", "outcome": Outcome.BLOCK, "title": "Titolo", "summary": "", "footer": "Piede"}
    return Reply(**{**plain, "pieces": (), "remarks": (), "unchecked": (), **more})


def remark(number: int, size: int) -> Remark:
    texts = {"clause": "c" * size, "says": "d" * size, "why": "p" * size, "todo": "f" * size}
    return Remark(number=number, severity=Severity.BLOCK, label="etichetta", instead=("a" * size,) * 9, **texts)


@pytest.mark.parametrize("size", [1, 100, 2000])
@pytest.mark.parametrize("count", [0, 1, 30, 100])
def test_a_verbose_policy_fits_too(size: int, count: int) -> None:
    said = reply(
        title="t" * size,
        summary="s" * size,
        pieces=(Piece("z" * size, (1,)), Piece("zibaldone" * size)),
        remarks=tuple(remark(number, size) for number in range(1, count + 1)),
        unchecked=tuple(f"{number} {'u' * size}" for number in range(count)),
        footer="p" * size,
    )
    text, blocks = slack_blocks.message(said, "it")
    check_message({"text": text, "blocks": blocks})
    check_view(slack_forms.result_view(blocks, "it"))
    assert live_parts({"text": text, "blocks": blocks}) == []
    written = str(blocks)
    assert "⛔ 1. c" in written or not count
    assert "Non controllato:" in written or not count
    assert ("E altre" in written) == (count > 24 or (count > 1 and size == 2000))


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_form_is_one_that_slack_takes(language: str) -> None:
    check_view(slack_forms.form(language))


def proposal(count: int, size: int, around: int = 0) -> Proposal:
    """So many changes of such a size, and what stays between them."""
    changed = Change("<!here>" + "A" * size, "<@U1>" + "a" * size)
    changes = (changed, Change(" " + "z" * around, " " + "z" * around)) * count
    return Proposal(Outcome.CLEAR, "Ricontrollata: via libera", "".join(change.after for change in changes), changes)


@pytest.mark.parametrize(
    ("count", "size", "around", "shown"),
    [
        (1, 1, 1, "text"),
        (1, 100, 5000, "text"),
        (1, 100, 8000, "changes"),
        (30, 5, 300, "changes"),
        (30, 100, 1000, "changes"),
        (1, 7000, 1, "sentence"),
        (500, 5, 5, "sentence"),
    ],
)
@pytest.mark.parametrize("remarks", [0, 30])
def test_a_proposal_fits_and_takes_no_remarks_place(
    count: int, size: int, around: int, shown: str, remarks: int
) -> None:
    without = reply(pieces=(Piece("z" * 300),), remarks=tuple(remark(number, 200) for number in range(1, remarks + 1)))
    said = replace(without, proposal=proposal(count, size, around))
    text, blocks = slack_blocks.message(said, "it")
    check_message({"text": text, "blocks": blocks})
    check_view(slack_forms.result_view(blocks, "it"))
    assert live_parts({"text": text, "blocks": blocks}) == []
    rest = slack_blocks.message(without, "it")[1]
    assert [block for block in blocks if block in rest] == rest
    if not remarks:
        assert ("rich_text_preformatted" in str(blocks)) == (shown == "text")
        assert ("in parti più corte" in str(blocks)) == (shown == "sentence")
        assert ("Una proposta" in str(blocks)) == (shown != "sentence")
