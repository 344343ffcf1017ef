"""Telegram: what is no verdict is said whole, in as many messages as it needs, and people's words stay words."""

from __future__ import annotations

import pytest
from emulators.telegram import Sent, live_parts, units
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.telegram_inert import called, quiet
from bot.chat.telegram_pages import blocks, messages, parts
from bot.chat.telegram_text import LIMIT, Message, message
from bot.pieces import Piece
from bot.reply import Notice, Remark, Reply
from rules.verdict import Severity

LIVE = " @anna /start evil.example/x #tag $CASH a@b.it +39 06 1234 5678 https://evil.example 10.0.0.1 "
PAGE = "\n".join(
    f"{number}.1 Una clausola\n{'Si dice così, e si fa così. ' * 9}(Ufficio stampa)" for number in range(80)
)


def live(said: Message) -> list[str]:
    entities = [entity.to_dict() for entity in said.entities]
    assert len(entities) <= 100
    assert units(said.text) == said.length <= LIMIT
    return live_parts(Sent("sendMessage", 10, 1, said.text, entities, None, None))


def news(words: str) -> Reply:
    return Reply(
        "s_1", None, f"{words} dice sì", words, pieces=(Piece(words[:120]),), sign="✅", footer="controllo s_1"
    )


def card(words: str) -> Reply:
    remark = Remark(1, Severity.REVIEW, "serve un sì", "4.1 A tempo debito", "Dopo.", "Non ancora annunciato.")
    return Reply("s_1", None, words, words, (Piece(words, (1,)),), (remark,), footer="controllo s_1", sign="✋")


def test_hostile_words_of_people_are_inert_in_news_and_on_cards(hostile: str) -> None:
    for words in (hostile, hostile + LIVE * 3, LIVE * 60):
        said = messages(news(words), "it")
        assert [part for each in said for part in live(each)] == []
        assert live(message(card(words), "it")) == []


def test_what_is_harmless_looks_as_it_was_written() -> None:
    text = "Un bel trimestre: 3,5 milioni e/o 12.500 euro (vedi il bilancio). Grazie!"
    assert list(quiet(text)) == [(text, False)]
    assert list(quiet("Vedi «evil.example».")) == [("Vedi «", False), ("evil.example", True), ("».", False)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Anna", "Anna"),
        ("Anna D’Angelo-Però", "Anna D’Angelo-Però"),
        ("@anna evil.example/x", "anna evil example x"),
        ("<b>\u202eannA</b> 3331234567", "b annA b"),
        ("🎉", ""),
        (None, ""),
        ("A" * 200, "A" * 40),
    ],
)
def test_the_name_of_whoever_is_asked(name: str | None, expected: str) -> None:
    assert called(name) == expected


def test_a_long_page_is_cut_where_a_clause_ends() -> None:
    said = messages(Reply("", None, "La policy", PAGE, footer="small@1", sign="📖"), "it")
    assert len(said) > 4
    assert said[0].text.startswith("📖 La policy\n0.1 Una clausola")
    assert said[-1].text.endswith("small@1")
    assert all(each.text.split("\n")[0].endswith("Una clausola") for each in said[1:])
    whole = "\n".join(each.text for each in said)
    assert whole.count("Una clausola") == whole.count("(Ufficio stampa)") == 80


@given(st.text(max_size=3_000), st.integers(20, 400))
def test_nothing_is_left_out_but_the_blanks_between(text: str, room: int) -> None:
    pieces = list(parts(text * 3, room))
    assert all(0 < units(piece) <= room for piece in pieces)
    whole = "".join(next(parts(text * 3, 1_000_000), "").split())
    assert "".join("".join(pieces).split()) == whole


@given(st.text(alphabet=st.sampled_from("a🎉\n .@/#é\u0301"), max_size=6_000))
def test_every_message_fits(words: str) -> None:
    for said in (*messages(news(words * 3), "it"), *blocks(words * 2), message(card(words), "it")):
        assert said.text.strip()
        assert live(said) == []


def test_a_notice_is_one_message() -> None:
    (said,) = messages(Notice("zibaldone " * 1000), "it")
    assert said.length <= LIMIT
    assert len(messages(Reply("", None, "Non hai bozze in corso", "", sign="🗂️"), "it")) == 1
