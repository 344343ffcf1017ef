"""The pictures of the README, taken from the whole program as it runs: its messages, its Home and its page.

    .venv/bin/python bench/pictures.py [NAME ...]

Slack and Telegram are the emulators of the tests; what they were sent is rendered as it is, over the shipped policy.
Needs Debian's `chromium`, and for letters and emoji like the originals' `fonts-lato`, `fonts-roboto-unhinted` and
`fonts-noto-color-emoji`. Writes docs/pictures/NAME.png, all of them or those that are named.
"""

from __future__ import annotations

import asyncio
import base64
import io
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import slack_html
import telegram_html
from PIL import Image
from playwright.async_api import Browser, BrowserContext, async_playwright

# First: it puts the emulators on the path.
from workspace import ROOT, Program, Workspace, does, press, pressable, settled  # isort: skip
from emulators.loopback import Call
from emulators.slack import words
from emulators.telegram import TOKEN, TelegramEmulator

from bot.actions import Verb

PICTURES = ROOT / "docs" / "pictures"
MOST = 200_000
"""Bytes of a picture."""
WIDTH, SCALE = 390, 2
IT, EN = "U1", "U2"
VERDICT = "Sabato si visita il cantiere di Treviso!!! Per prenotare chiamate Marco al 347 123 4567."
ASKED = {
    IT: "Grazie a tutta la squadra: chiuderemo il trimestre sopra le attese.\n\nCi vediamo giovedì in fiera.",
    EN: "Thank you all: we will close the quarter above expectations.\n\nSee you at the fair on Thursday.",
}
OTHERS = ("Da oggi il nostro sportello di Treviso è aperto anche il sabato mattina.",)
"""What else somebody has under way, for their Home."""
TRIED = {
    "it": "Chiuderemo il trimestre sopra le attese!\n\n"
    "Per festeggiare abbiamo schedulato una visita al cantiere: per i posti chiamate Marco al 347 123 4567.\n\n"
    "Ci vediamo giovedì in fiera.",
    "en": "We will close the quarter above expectations!\n\n"
    "To celebrate we planned a visit to the site: for a place call Mark on +44 7911 123456.\n\n"
    "See you at the fair on Thursday.",
}
EVERYDAY = ("Acme", "bilancio", "bolletta", "preventivo", "impianto")
LOCALES = {"it": "it-IT", "en": "en-GB"}


class Conversation:
    """Anna writes in Italian, Bruno in English, and the owners are asked."""

    def __init__(self, slack: Workspace, telegram: TelegramEmulator, program: Program) -> None:
        self.slack, self.telegram, self.program = slack, telegram, program
        icon = (ROOT / "bot/console/static/icon.svg").read_bytes()
        self.icon = f"data:image/svg+xml;base64,{base64.b64encode(icon).decode()}"
        self.time = f"{datetime.now(ZoneInfo('Europe/Rome')):%H:%M}"

    async def pages(self) -> Mapping[str, str]:
        """Each picture's name, and what is to be seen in it."""
        said = {
            "slack-verdict-it": await self.verdict(),
            "slack-card-it": await self.card(),
            "slack-approved-en": await self.approved(),
            "slack-quiz-it": await self.quiz(),
        }
        return {**said, "slack-home-it": await self.home(), "telegram-verdict-it": await self.on_telegram()}

    async def verdict(self) -> str:
        return self._alone(await self._sent(self.slack.slash(VERDICT, IT), Verb.REWRITE))

    async def card(self) -> str:
        await self.slack.global_shortcut("new_draft", IT)
        await self.slack.wait_for("views.open")
        await self._sent(self.slack.submit(IT, text=ASKED[IT], channel="linkedin"), Verb.ASK)
        card = await self._sent(press(self.slack, pressable(self.slack, Verb.ASK, IT)[-1], IT), Verb.APPROVE)
        return self._message(card, str(card.payload["channel"]))

    async def approved(self) -> str:
        await self._sent(self.slack.slash(ASKED[EN], EN), Verb.ASK)
        await self._sent(press(self.slack, pressable(self.slack, Verb.ASK, EN)[-1], EN), Verb.APPROVE)
        approve = pressable(self.slack, Verb.APPROVE, IT)[-1]
        return self._message(await self._sent(press(self.slack, approve, IT), Verb.PUBLISHED), "Vaglio")

    async def quiz(self) -> str:
        """Begun anew until it begins with everyday business: a quiz asks about insults too."""
        for _ in range(100):
            asked = await self._sent(self.slack.slash("quiz", IT), Verb.ANSWER)
            if any(word in words(asked.payload) for word in EVERYDAY):
                return self._alone(asked)
        raise AssertionError("no question about everyday business")

    async def home(self) -> str:
        for text in OTHERS:
            await self._sent(self.slack.slash(text, IT), Verb.PUBLISHED)
        home = await self._sent(self.slack.app_home_opened(IT), Verb.POLICY, "views.publish")
        return slack_html.home(home.payload["view"], "Home")

    async def on_telegram(self) -> str:
        """Of Anna, who has linked her Telegram by a code from Slack."""
        await self.slack.slash("link", IT)
        await settled(self.program)
        said = "\n".join(words(call.payload) for call in self.slack.calls[-3:])
        code = re.search(r"\b[2-9B-Z]{4}[- ]?[2-9B-Z]{4}\b", said)
        assert code, said
        await self._written(f"/collega {code[0]}")
        before = len(self.telegram.calls)
        await self._written(VERDICT)
        sent = [each for each in self.telegram.calls[before:] if each.method == "sendMessage"]
        return telegram_html.chat(VERDICT, [each.payload for each in sent], self.icon, self.time, "bot", "Anna")

    async def _written(self, text: str) -> None:
        seen = len(self.telegram.sent)
        await self.telegram.taken(await self.telegram.message(text))
        await settled(self.program)
        assert len(self.telegram.sent) > seen, text

    async def _sent(self, doing, verb: Verb, method: str = "") -> Call:  # type: ignore[no-untyped-def]
        """What came of it: the last message that has a button which does this."""
        before = len(self.slack.calls)
        await doing
        await settled(self.program)
        for call in reversed(self.slack.calls[before:]):
            if call.answer.get("ok") and (not method or call.method == method) and does(call.payload, verb):
                return call
        raise AssertionError(f"no button {verb}; there were {[call.method for call in self.slack.calls[before:]]}")

    def _message(self, call: Call, place: str, alone: str = "") -> str:
        return slack_html.message(call.payload["blocks"], self.icon, self.time, place, alone)

    def _alone(self, call: Call) -> str:
        return self._message(call, "#general", slack_html.ALONE["it"])


@asynccontextmanager
async def running() -> AsyncIterator[Conversation]:
    folder = Path(tempfile.mkdtemp(prefix="vaglio-pictures-"))
    async with Workspace(people=0) as slack, TelegramEmulator(TOKEN) as telegram:
        telegram_settings = {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": telegram.url}
        program = Program(slack, folder, {"LANGUAGE": "it", **telegram_settings})
        await program.start()
        try:
            yield Conversation(slack, telegram, program)
        finally:
            await program.kill()
            shutil.rmtree(folder, ignore_errors=True)


# --- The page --------------------------------------------------------------------------------------------------------


async def tried(browser: Browser, program: Program) -> Mapping[str, bytes]:
    """The page to try a draft on: a wide window in both languages, and a telephone."""
    link = re.search(r"http://\S+/sign-in\S+", program.said)
    assert link, program.said
    first = await browser.new_context()
    await (await first.new_page()).goto(link[0])
    # The link signs in once; the session is what the others need.
    signed_in, address = await first.storage_state(), link[0].partition("/sign-in")[0] + "/try"
    wide = {"width": 1280, "height": 900}
    found = {}
    for language in ("it", "en"):
        context = await browser.new_context(locale=LOCALES[language], viewport=wide, storage_state=signed_in)
        page = await _checked(context, address, language)
        await page.locator("details.clause summary").first.click()
        await page.mouse.move(0, 0)
        # Or the form would follow the window down the page.
        await page.evaluate("window.scrollTo(0, 0)")
        found[f"try-{language}"] = await page.screenshot(full_page=True)
    phone = {"width": WIDTH, "height": 1000}
    context = await browser.new_context(
        locale=LOCALES["it"], viewport=phone, device_scale_factor=SCALE, storage_state=signed_in, is_mobile=True
    )
    page = await _checked(context, address, "it")
    top, end = [await page.locator(part).bounding_box() for part in (".verdict", ".proposal")]
    assert top
    assert end
    shown = {"x": 0, "y": top["y"] - 16, "width": WIDTH, "height": end["y"] + end["height"] - top["y"] + 32}
    found["try-phone"] = await page.screenshot(full_page=True, clip=shown)
    return found


async def _checked(context: BrowserContext, address: str, language: str):  # type: ignore[no-untyped-def]
    page = await context.new_page()
    await page.goto(address)
    await page.locator("#text").fill(TRIED[language])
    await page.locator("[name=channel]").select_option("linkedin")
    await page.locator("#check").click()
    await page.locator(".standing.recorded").wait_for()
    await page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    return page


# --- The pictures ----------------------------------------------------------------------------------------------------


async def taken(browser: Browser, html: str) -> bytes:
    """A telephone's screen, as long as what is on it."""
    page = await browser.new_page(viewport={"width": WIDTH, "height": 200}, device_scale_factor=SCALE)
    await page.set_content(html)
    await page.evaluate("document.fonts.ready")
    picture = await page.screenshot(full_page=True)
    await page.close()
    return picture


def kept(name: str, picture: bytes) -> None:
    """In 256 colours, which text and flat surfaces do not miss."""
    path = PICTURES / f"{name}.png"
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    sys.stdout.write(f"{path.relative_to(ROOT)}: {size:,} bytes{' (TOO LARGE)' if size > MOST else ''}\n")


async def main(names: list[str]) -> None:
    async with running() as conversation, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        pages = await conversation.pages()
        pictures = {name: await taken(browser, html) for name, html in pages.items()}
        pictures |= await tried(browser, conversation.program)
        await browser.close()
    for name, picture in pictures.items():
        if not names or name in names:
            kept(name, picture)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
