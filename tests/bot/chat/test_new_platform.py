"""The platform of docs/contributing.md, as it stands there, on the real work and the real desk."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from docs.pages import ROOT, Page

from bot.work import Retry

BLOCKS = [block.text for block in Page(ROOT / "docs" / "contributing.md").blocks if block.kind == "python"]
(WRITTEN,) = [text for text in BLOCKS if "LineChat" in text]


@pytest.fixture
def line_chat(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = ModuleType("bot.chat.lines")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(WRITTEN, "lines.py", "exec"), module.__dict__)  # noqa: S102 -- our own page
    return module.LineChat  # type: ignore[attr-defined]


async def test_a_line_is_recorded_and_answered_once(line_chat: Any, house: Any) -> None:
    sent: list[tuple[str, str]] = []

    async def send(user: str, text: str) -> None:
        sent.append((user, text))

    chat = line_chat(house.work, house.desk, send)
    await chat.take("anna", 1, "Zibaldone di un idiota")
    await chat.take("anna", 1, "Zibaldone di un idiota")
    await chat.take("bruno", 1, "Uno zibaldone qualunque")
    await house.quiet()
    assert sorted(user for user, _ in sent) == ["anna", "bruno"]
    assert "1.2" in dict(sent)["anna"]
    assert len(house.recorder.screenings) == 2
    assert len({screening.draft.author for screening in house.recorder.screenings}) == 2


async def test_what_does_not_get_out_is_tried_again_and_screened_once(line_chat: Any, house: Any) -> None:
    tries: list[str] = []

    async def send(user: str, text: str) -> None:
        tries.append(text)
        if len(tries) < 3:
            raise Retry

    await line_chat(house.work, house.desk, send).take("anna", 1, "Uno zibaldone")
    await house.quiet()
    assert len(tries) == 3
    assert len(set(tries)) == 1
    assert len(house.recorder.screenings) == 1
