"""The conversation under load and under `kill -9`: the whole program, Socket Mode, an emulated Slack on loopback.

    .venv/bin/python bench/chat.py [--load] [--pace] [--kill] [--reviews] [--policy FILE] [--seconds N] [--kills N]

All four parts unless some are named; leaves with 1 if something was lost or said twice, never because of time. The
program is `python -m bot run` in a folder of its own, with the shipped policy and its models from ./models. Only
`VAGLIO_RATE_PERSON` and `VAGLIO_RATE_WORKSPACE` are raised, to 100,000: 200 people send what thousands would. The
emulator and those people run in this process, beside the program: they take a part of the same cores.

There is no rival program that answers Slack's commands on loopback; nothing is compared here.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from commands import Answers, Sent, account_of, drafts, person, send
from workspace import OWNER, PATIENCE, Program, Workspace, does, press, pressable, settled

from bot.actions import Verb
from bot.wording import Wording

T = TypeVar("T")

ASK, APPROVE = Verb.ASK, Verb.APPROVE
WARMING = 20
_GENTLY = 10
"""At once, where what is measured is not how many there may be."""
_JITTER = 0.05
"""Seconds at most between the answer after which it is killed and the kill."""
ASKING = {
    "it": "Bozza {number}. Chiuderemo il trimestre sopra le attese, fidatevi. Ci vediamo giovedì in fiera.",
    "en": "Draft {number}. We will close the quarter above expectations, trust us. See you at the fair on Thursday.",
}
"""What somebody else has to say yes to."""


def out(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def row(name: str, seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return f"  {name:<28} nothing to measure"
    middle, high = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
    return f"  {name:<28} p50 {middle:6.3f} s   p95 {high:6.3f} s   max {max(seconds):6.3f} s"


async def together(doing: Iterable[Coroutine[Any, Any, T]], at_once: int) -> list[T]:
    """So many at a time: each next one as soon as one of them is acknowledged."""
    gate = asyncio.Semaphore(at_once)

    async def one(each: Coroutine[Any, Any, T]) -> T:
        async with gate:
            return await each

    return await asyncio.gather(*map(one, doing))


async def warm(workspace: Workspace) -> None:
    answers = Answers(workspace)
    sent = [await send(workspace, number, text) for number, text in drafts(WARMING, first=900_000)]
    await answers.until(sent)


async def load(workspace: Workspace, program: Program, given: argparse.Namespace) -> bool:
    """Each of `at_once` people sends the next command as soon as the last one is acknowledged."""
    out(f"\n{given.commands} commands, {given.at_once} at once")
    await program.start()
    await warm(workspace)
    answers = Answers(workspace)
    begun, used = time.monotonic(), program.cpu()
    sent = await together((send(workspace, *draft) for draft in drafts(given.commands)), given.at_once)
    sending = time.monotonic() - begun
    await answers.until(sent)
    took = answers.last(sent) - begun
    found = account_of(sent, answers)
    late = sum(each.ack is None for each in sent)
    out(row("acknowledged (bar: 3 s)", [each.ack for each in sent if each.ack is not None]))
    out(f"  {late} not acknowledged in time; all sent in {sending:.1f} s")
    out(row("to the verdict", answers.seconds(sent)))
    used = 1_000 * (program.cpu() - used) / len(sent)
    out(f"  the last one after {took:.1f} s: {len(sent) / took:.1f} drafts a second; {used:.0f} ms of a core for each")
    out(f"  {found}")
    return closed(program, found.is_sound)


async def pace(workspace: Workspace, program: Program, given: argparse.Namespace) -> bool:
    """A command every tenth of a second, whether or not the ones before are answered."""
    out(f"\n{given.rate} commands a second for {given.seconds} s")
    await program.start()
    await warm(workspace)
    answers, sending = Answers(workspace), []
    begun, used = time.monotonic(), program.cpu()
    for number, text in drafts(given.rate * given.seconds):
        await asyncio.sleep(max(0.0, begun + number / given.rate - time.monotonic()))
        sending.append(asyncio.create_task(send(workspace, number, text)))
    sent = await asyncio.gather(*sending)
    await answers.until(sent)
    found = account_of(sent, answers)
    late = sum(each.ack is None for each in sent)
    out(row("acknowledged", [each.ack for each in sent if each.ack is not None]))
    out(row("to the verdict (bar: p95 2 s)", answers.seconds(sent)))
    out(f"  {1_000 * (program.cpu() - used) / len(sent):.0f} ms of a core for each draft")
    out(f"  {found}; {late} not acknowledged in time")
    return closed(program, found.is_sound)


async def kill(workspace: Workspace, program: Program, given: argparse.Namespace) -> bool:
    """The first kill as soon as all are acknowledged; the others at random moments while they are being answered."""
    out(f"\n{given.drafts} drafts in flight, kill -9 x {given.kills}, seed {given.seed}")
    drawn = random.Random(given.seed)
    await program.start()
    await warm(workspace)
    answers = Answers(workspace)
    sent = await together((send(workspace, *draft) for draft in drafts(given.drafts, opening="!!!")), _GENTLY)
    await program.kill()
    out(f"  killed: {answers.read()} of {len(sent)} were answered, {program.pending()} left")
    restarted = time.monotonic()
    for _ in range(given.kills - 1):
        await program.start()
        left = len(sent) - answers.read()
        wanted = answers.read() + drawn.randrange(max(1, left // 2))
        await answers.until(sent, lambda wanted=wanted: answers.read() > wanted)  # type: ignore[misc]
        await asyncio.sleep(drawn.uniform(0, _JITTER))
        await program.kill()
        out(f"  killed: {answers.read()} of {len(sent)} were answered, {program.pending()} left")
        restarted = time.monotonic()
    await program.start()
    ready = time.monotonic() - restarted
    await answers.until(sent)
    await settled(program)
    answers.read()
    found = account_of(sent, answers)
    out(f"  restarted: connected after {ready:.1f} s, the last answer after {answers.last(sent) - restarted:.1f} s")
    out(f"  {found}")
    return closed(program, found.is_sound)


async def reviews(workspace: Workspace, program: Program, given: argparse.Namespace) -> bool:
    """Killed while the cards are on their way, and again while the news of the approvals are."""
    out(f"\n{given.asked} drafts asked to an owner, kill -9 among the cards and among the news, seed {given.seed}")
    drawn = random.Random(given.seed)
    await program.start()
    answers = Answers(workspace)
    sent = await together((_asked(workspace, number) for number in range(given.asked)), _GENTLY)
    await answers.until(sent)
    asking = [press(workspace, button, each.user) for each in sent for button in pressable(workspace, ASK, each.user)]
    asked = sum(await together(asking, _GENTLY))
    await _until(lambda: _cards(workspace).total(), drawn.randrange(given.asked), drawn)
    await program.kill()
    out(f"  killed: {_cards(workspace).total()} cards of {asked} were there, {program.pending()} events left")
    await program.start()
    await settled(program)
    cards = _cards(workspace)
    out(f"  {asked} asked: {_said(cards, asked)} cards")
    firsts = {button.action.about: button for button in reversed(pressable(workspace, APPROVE, OWNER))}
    approved = sum(await together((press(workspace, button, OWNER) for button in firsts.values()), _GENTLY))
    await _until(lambda: _news(workspace, sent).total(), drawn.randrange(given.asked), drawn)
    await program.kill()
    told, left = _news(workspace, sent).total(), program.pending()
    out(f"  killed: {told} of {approved} had been told, {left} events left")
    await program.start()
    await settled(program)
    news = _news(workspace, sent)
    out(f"  {approved} approved: {_said(news, approved)} news")
    is_sound = all(set(counted.values()) == {1} and len(counted) == given.asked for counted in (cards, news))
    return closed(program, is_sound and asked == approved == given.asked)


async def _until(found: Callable[[], int], wanted: int, drawn: random.Random) -> None:
    """A moment after there are so many."""
    begun = time.monotonic()
    while found() < wanted and time.monotonic() - begun < PATIENCE:
        await asyncio.sleep(0.01)
    await asyncio.sleep(drawn.uniform(0, _JITTER))


async def _asked(workspace: Workspace, number: int) -> Sent:
    user, language = person(number)
    return await send(workspace, number, ASKING[language].format(number=number), user)


def _cards(workspace: Workspace) -> Counter[str]:
    """How often each seat's card was posted."""
    posted = [call for call in workspace.calls if call.method == "chat.postMessage" and call.answer.get("ok")]
    return Counter(about for call in posted for about in does(call.payload, APPROVE))


def _news(workspace: Workspace, sent: Sequence[Sent]) -> Counter[str]:
    """How often each writer was told that their draft is approved."""
    titles = tuple(Wording(language).say("Your draft is approved") for language in ("it", "en"))
    writers = {f"D{each.user}": each.user for each in sent}
    return Counter(
        writers[call.answer["channel"]]
        for call in workspace.calls
        if call.method == "chat.postMessage" and call.answer.get("channel") in writers
        if any(title in str(call.payload.get("text")) for title in titles)
    )


def _said(counted: Counter[str], wanted: int) -> str:
    once = sum(number == 1 for number in counted.values())
    more = sum(number > 1 for number in counted.values())
    return f"{once} have one, {wanted - once - more} none, {more} more than one of their"


def closed(program: Program, is_sound: bool) -> bool:
    """Say what the record says, too."""
    verified = program.verified()
    left = program.pending()
    out(f"  ledger: {verified.count} entries, {'sound' if verified.is_sound else 'NOT SOUND'}; {left} events left over")
    return is_sound and verified.is_sound and left == 0


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = {"load": load, "pace": pace, "kill": kill, "reviews": reviews}
    for name in parts:
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--policy", type=Path)
    for name, usual in {
        "commands": 1_000,
        "at-once": 100,
        "rate": 10,
        "seconds": 60,
        "drafts": 200,
        "kills": 1,
    }.items():
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--asked", type=int, default=40)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--keep", action="store_true", help="leave the folder, with the program's log, where it is")
    given = parser.parse_args()
    given.policy = given.policy and given.policy.resolve()
    chosen = [name for name in parts if getattr(given, name)] or list(parts)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    out(f"{platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores")
    out(f"load of the machine at the start: {os.getloadavg()[0]:.1f}")
    sound = [await apart(parts[name], given) for name in chosen]
    return 0 if all(sound) else 1


async def apart(part, given: argparse.Namespace) -> bool:  # type: ignore[no-untyped-def]
    """A part with a program and a workspace of its own."""
    folder = Path(tempfile.mkdtemp(prefix="vaglio-bench-"))
    async with Workspace() as workspace:
        program = Program(workspace, folder, {"POLICY": str(given.policy)} if given.policy else {})
        try:
            return bool(await part(workspace, program, given))
        finally:
            await program.kill()
            out(f"  left in {folder}") if given.keep else shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
