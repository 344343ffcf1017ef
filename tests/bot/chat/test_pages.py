"""docs/slack.md and docs/telegram.md tell of everything that the log can say, and of nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOGGED = re.compile(r"log\.(?:warning|error)\(\s*\"([a-z_]+\.[a-z_]+)\"")
TOLD = re.compile(r"`((?:slack|telegram|work|screening|courtesy)\.[a-z_]+)`")
COMMON = ("bot/work.py", "bot/engine.py", "bot/chat/desk.py", "bot/cli/serve.py")
OWN = {
    "slack": (*(f"bot/chat/{path.name}" for path in (ROOT / "bot/chat").glob("slack*.py")), "bot/cli/tokens.py"),
    "telegram": tuple(f"bot/chat/{path.name}" for path in (ROOT / "bot/chat").glob("telegram*.py")),
}


def read(*paths: str) -> str:
    return "\n".join((ROOT / path).read_text(encoding="utf-8") for path in paths)


@pytest.mark.parametrize("platform", OWN)
def test_what_can_go_wrong_is_told(platform: str) -> None:
    page, other = read(f"docs/{platform}.md"), ({*OWN} - {platform}).pop()
    logged = {
        event
        for event in LOGGED.findall(read(*COMMON, *OWN[platform]))
        if not event.startswith((other, "rule.", "secret."))
    }
    assert logged - set(TOLD.findall(page)) == set()


@pytest.mark.parametrize("platform", OWN)
def test_what_is_told_is_what_the_log_says(platform: str) -> None:
    assert {
        event
        for event in TOLD.findall(read(f"docs/{platform}.md"))
        if f'"{event}"' not in read(*COMMON, *OWN[platform])
    } == set()


@pytest.mark.parametrize("platform", OWN)
def test_what_people_are_told_is_what_the_bot_says(platform: str) -> None:
    """Sentences in italics, in both languages."""
    said = read("bot/wording/it.po", *COMMON, *OWN[platform], "bot/reply.py", "docs/slack-manifest.yaml")
    quoted = re.findall(r"(?<![*\w])\*([^*\n]{12,})\*(?![*\w])", read(f"docs/{platform}.md"))
    slacks_own = ("failed with", "Sending messages", "Bot User OAuth", "Signing Secret", "Client Secret")
    ours = [sentence for sentence in quoted if not sentence.startswith(slacks_own)]
    assert ours
    assert [sentence for sentence in ours if sentence not in said] == []
