"""From the last keystroke to the verdict on the page, in a real browser, as somebody sees it who types a draft.

    .venv/bin/python bench/try_page.py [--drafts N] [--policy FILE] [--seed N] [--typed N]

The console runs by uvicorn in a process of its own, with the shipped policy and the built-in models; Chromium types.
Drafts of 80 to 400 characters, by turns in Italian and English, are made of the posts in bench/data/language.jsonl and
pasted but for their last characters, which are typed as people do, 60 to 240 ms apart, so that previews on the way are
overtaken. Time runs from the last `input` event to the frame after the verdict on exactly that text was put in.

Nothing else judges drafts on a page while one types; nothing is compared here. Browser, console and whatever else runs
share the same cores: the load average is printed beside the figures.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import random
import shutil
import socket
import statistics
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from verdict import drafts

ROOT = Path(__file__).parents[1]
SHORTEST, LONGEST = 80, 400
CLOCK = """
  const shown = new Map();  // by the request: what it asked about
  window.measured = { last: 0, text: "", at: 0, asked: 0, answered: 0, sent: 0 };
  addEventListener("input", (event) => {
    if (event.target.id !== "text") return;
    Object.assign(measured, { last: performance.now(), text: event.target.value, at: 0 });
  }, true);
  addEventListener("htmx:beforeSend", (event) => {
    if (event.detail.requestConfig.path !== "/try/preview") return;
    const { text } = event.detail.requestConfig.parameters;
    measured.asked += 1;
    measured.sent = performance.now();
    shown.set(event.detail.xhr, text);
  });
  addEventListener("htmx:afterSwap", (event) => {
    if (!shown.has(event.detail.xhr)) return;
    measured.answered += 1;
    if (shown.get(event.detail.xhr) !== measured.text || measured.at) return;
    const swapped = performance.now();
    requestAnimationFrame(() => setTimeout(() => {
      Object.assign(measured, { at: performance.now(), swapped });
    }));
  });
"""


def serve(policy: Path, models: Path, folder: Path, told: Connection) -> None:
    """The whole console over an empty database; tells its port and a link's key."""
    from uvicorn import Config, Server

    sys.path.insert(0, str(ROOT))
    os.environ |= {
        "VAGLIO_POLICY": str(policy),
        "VAGLIO_DATA_DIR": str(folder / "data"),
        "VAGLIO_KEYS_DIR": str(folder / "keys"),
        "VAGLIO_MODELS_DIR": str(models),
        "VAGLIO_TOXICITY": "built-in",
    }
    listening = socket.create_server(("127.0.0.1", 0))
    app, new_key, missing = console(policy, listening)

    class Told(Server):
        async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
            await super().startup(sockets)  # type: ignore[arg-type]
            told.send((listening.getsockname()[1], new_key(), missing))

    Told(Config(app, access_log=False, log_level="error", server_header=False)).run(sockets=[listening])


def console(policy: Path, listening: socket.socket) -> tuple[Any, Callable[[], str], list[str]]:
    """The application, what makes a link's key, and the rules that cannot run."""
    from bot.cli.build import Record, open_cabinet, open_collections, open_revisions, screeners
    from bot.cli.parts import Parts
    from bot.cli.serve import House
    from bot.console.auth import SignIn
    from bot.console.sessions import Sessions
    from bot.metrics import Metrics
    from bot.prescreen import Prescreen
    from bot.settings import read_settings
    from rules.assembly import load_policy

    settings = read_settings()
    record = Record.open(settings, for_long=True)
    cabinet, build = open_cabinet(settings, record), screeners(settings)
    screener = build(load_policy(policy))
    missing = screener.load()
    prescreen = Prescreen(screener, record.ledger, cabinet.appeals)
    revisions = open_revisions(settings, record.store, record.ledger)
    collections = open_collections(settings, record)
    house = House(settings, record.store, cabinet, prescreen, revisions, build, listening, Metrics(), collections)
    parts = Parts.open(settings, record.store, cabinet, prescreen, revisions)
    sign_in = SignIn(Sessions(record.store), cabinet.people)
    return house.console(parts, sign_in), sign_in.new_key, sorted(missing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drafts", type=int, default=60)
    parser.add_argument("--typed", type=int, default=8, help="characters of each that are typed, not pasted")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--policy", type=Path, default=ROOT / "policies" / "company.yaml")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    given = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        apart = multiprocessing.get_context("spawn")
        how = (given.policy.resolve(), given.models.resolve(), Path(folder), theirs)
        server = apart.Process(target=serve, args=how, daemon=True)
        server.start()
        try:
            port, key, missing = ours.recv()
            say(f"{platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores, load {load()}")
            say(f"rules that cannot run: {', '.join(missing) or 'none'}")
            measure(f"http://127.0.0.1:{port}", key, made(given.drafts, given.seed), given.typed, given.seed)
            say(f"load at the end: {load()}")
        finally:
            server.terminate()
            server.join()


def made(count: int, seed: int) -> list[tuple[str, str]]:
    """Language and text, by turns."""
    dice = random.Random(seed)
    found = []
    for number in range(count):
        language, length = ("it", "en")[number % 2], dice.randint(SHORTEST, LONGEST)
        found.append((language, drafts(language, length, number + 1)[number].strip()))
    return found


def measure(address: str, key: str, texts: list[tuple[str, str]], typed: int, seed: int) -> None:
    from playwright.sync_api import sync_playwright

    dice = random.Random(seed)
    spent: dict[str, list[dict[str, Any]]] = {"it": [], "en": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context(locale="it-IT").new_page()
        page.add_init_script(CLOCK)
        page.goto(f"{address}/sign-in?key={key}")
        for number, (language, text) in enumerate([*texts[:4], *texts]):
            page.locator("#text").fill(text[:-typed])
            for character in text[-typed:]:
                page.wait_for_timeout(dice.uniform(60, 240))
                page.keyboard.type(character)
            while not page.evaluate("measured.at"):
                page.wait_for_timeout(50)
            page.wait_for_timeout(200)
            if number >= 4:  # the first ones warm up what is loaded lazily
                spent[language].append(json.loads(page.evaluate("JSON.stringify(measured)")))
        asked, answered = page.evaluate("[measured.asked, measured.answered]")
        browser.close()
    for name, found in [*spent.items(), ("both", [*spent["it"], *spent["en"]])]:
        whole = [each["at"] - each["last"] for each in found]
        say(row(name, whole))
    slowest = sorted((each["at"] - each["last"], len(each["text"])) for each in [*spent["it"], *spent["en"]])[-5:]
    say("  the slowest: " + ", ".join(f"{ms:.0f} ms ({length} characters)" for ms, length in reversed(slowest)))
    every = [*spent["it"], *spent["en"]]
    say("of which")
    say(row("waiting for a pause", [each["sent"] - each["last"] for each in every]))
    say(row("there and back", [each["swapped"] - each["sent"] for each in every]))
    say(row("until it is painted", [each["at"] - each["swapped"] for each in every]))
    say(f"previews asked for: {asked}, shown: {answered}, drafts: {len(texts)}")


def row(name: str, spent: list[float]) -> str:
    high = statistics.quantiles(spent, n=20)[-1]
    return f"  {name:<22} {len(spent):>4}   p50 {statistics.median(spent):6.0f} ms   p95 {high:6.0f} ms"


def load() -> str:
    return " ".join(f"{each:.1f}" for each in os.getloadavg())


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
