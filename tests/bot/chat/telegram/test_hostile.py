"""Telegram: whatever a draft holds, the answer's words are words: nothing can be pressed, nothing steers the reader."""

from __future__ import annotations

import re
from typing import Any

import pytest
from emulators.telegram import TelegramEmulator, live_parts, part, units

STEERING = re.compile(
    "[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u200b\u2060\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"
)
STACKED = re.compile("[\u0300-\u036f]{5}")

pytestmark = pytest.mark.parametrize("connect", ["polling"], indirect=True)


def inert(sent: Any) -> None:
    assert live_parts(sent) == []
    assert not STEERING.search(sent.text)
    assert not STACKED.search(sent.text)
    assert units(sent.text) <= 4096


async def test_a_hostile_draft(telegram: TelegramEmulator, answer: Any, hostile: str) -> None:
    await telegram.message(hostile, entities=[])
    sent = await answer()
    assert "zibaldone" in sent.text.lower()
    inert(sent)
    # The draft is one piece of preformatted text, which nothing in it can end.
    pre, *proposed = [part(sent.text, each) for each in sent.entities if each["type"] == "pre"]
    assert pre.lower().lstrip("【").startswith("z")
    assert len(proposed) <= 1


async def test_a_proposal_of_hostile_words(telegram: TelegramEmulator, answer: Any, hostile: str) -> None:
    await telegram.message(f"{hostile[:1000]} vaglietto!!!", entities=[])
    sent = await answer()
    assert "Una proposta" in sent.text
    inert(sent)


async def test_a_hostile_caption(telegram: TelegramEmulator, answer: Any, hostile: str) -> None:
    await telegram.message(
        None, caption=hostile[:1000], photo=[{"file_id": "F", "file_unique_id": "F", "width": 1, "height": 1}]
    )
    sent = await answer()
    assert "zibaldone" in sent.text.lower()
    inert(sent)


@pytest.mark.parametrize("said", ["evil.com/x", "image/evil.com", "@someone/x", "image/png\u202e", "<b>/x"])
async def test_a_files_type_is_what_its_sender_says(telegram: TelegramEmulator, answer: Any, said: str) -> None:
    document = {"file_id": "F", "file_unique_id": "F", "mime_type": said}
    await telegram.message(None, caption="zibaldone", document=document)
    sent = await answer()
    assert "Non so leggere gli allegati (document)" in sent.text
    inert(sent)
