"""One small machine or many: drafts a second, time to the answer, memory, processor and disk, on a real PostgreSQL.

    .venv/bin/python bench/scale.py [--workers 1 2] [--seconds 60] [--rounds] [--soak MINUTES --load 0.7] [--disk]

`--rounds`: with so many worker processes, and one front-end, how many drafts a second are answered at most; then, with
drafts that arrive at random at half and at nine tenths of that rate, how long after its acknowledgement each is
answered. `--soak`: the last of `--workers`, at a part of what it can do, its memory each minute. `--disk`: what a
screening leaves behind on either database. Rounds and disk unless some are named. What it prints is Markdown for
docs/operations.md. Leaves with 1 if something acknowledged was not answered, was answered twice, or the record does
not verify; never because of time.

The policy is the shipped one, with its models from ./models. The people and the Slack that they see are one more
process, PostgreSQL is a real one on a disk, and everything shares this machine: with more processes than cores what is
measured is contention too. There is no rival program that does this; nothing is compared here.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

# First: it puts the emulators on the path.
import workspace  # noqa: F401  isort: skip
from statistics import linear_regression

from installation import Installation, Used

SEED = 9
_WARMING = 250
"""Drafts before anything is measured: everybody has been welcomed, and every model has been used."""
_AT_ONCE = 60
"""Drafts that are unanswered at any time, for each worker, while it is found out how many can be answered."""
_PARTS = (0.5, 0.9)
_MANY = 100_000


def out(line: str = "") -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1_000 * seconds:,.0f} ms"


def mb(size: float) -> str:
    return f"{size / 1e6:,.0f} MB"


async def rounds(given: argparse.Namespace) -> bool:
    times = "ack p50 / p95 | ack to answer p50 / p95"
    out(f"| workers | load | drafts/s | {times} | core: front-end / workers / database | lock held |")
    out("|---|---|---|---|---|---|---|")
    sound, held = [], []
    for workers in given.workers:
        async with Installation.on_postgres(workers) as house:
            rate = await saturated(house, given.seconds)
            for part in (*_PARTS, None):
                used = Used(house)
                asked = rate * part if part else 0.0
                doing = asyncio.create_task(
                    house.poisson(asked, given.seconds, SEED) if part else house.flood(_flood(house), given.seconds)
                )
                lock = await house.lock_held(doing)
                sound.append(say_round(workers, part, await doing, used, lock))
            held.append((workers, house.memory()))
            sound.append(await closed(house))
    out()
    out("| workers | " + " | ".join(("front-end", "each worker", "PostgreSQL")) + " |")
    out("|---|---|---|---|")
    for workers, memory in held:
        out(f"| {workers} | {mb(memory['front'])} | {mb(memory['worker'])} | {mb(memory['database'])} |")
    return all(sound)


def _flood(house: Installation) -> int:
    return _AT_ONCE * max(1, len(house.workers))


async def saturated(house: Installation, seconds: float) -> float:
    """Drafts a second that it answers at most."""
    await house.warm(_WARMING)
    rate = float((await house.flood(_flood(house), seconds))["rate"])
    if not rate:
        raise RuntimeError("nothing was answered: the machine has other things to do")
    return rate


def say_round(workers: int, part: float | None, told: dict[str, Any], used: Used, lock: float) -> bool:
    rate = told["rate"] if part is None else (told["sent"] - told["not_acked"]) / told["seconds"]
    ack, answer = told["ack"], told["answer"]
    spent = used.per_draft(told["sent"])
    cores = " / ".join(ms(spent[name]) for name in ("front", "worker", "database"))
    load = "all it can" if part is None else f"{part:.0%}"
    times = f"{ms(ack.get('p50'))} / {ms(ack.get('p95'))} | {ms(answer.get('p50'))} / {ms(answer.get('p95'))}"
    out(f"| {workers} | {load} | {rate:.1f} | {times} | {cores} | {lock:.0%} |")
    return said(told)


def said(told: dict[str, Any]) -> bool:
    """Whether nothing was lost or doubled; what was, is told."""
    odd = {name: told[name] for name in ("not_acked", "lost", "twice", "again", "failures") if told[name]}
    if odd:
        out(f"<!-- of {told['sent']}: {odd} -->")
    if told["late_at_sending"] > 0.25:
        out(f"<!-- the people themselves were late by up to {told['late_at_sending']:.2f} s -->")
    return not (told["lost"] or told["twice"] or told["failures"])


async def soak(given: argparse.Namespace) -> bool:
    workers, minutes = given.workers[-1], given.soak
    out(f"{minutes} minutes at {given.load:.0%} with {workers} workers; resident memory each minute:\n")
    async with Installation.on_postgres(workers) as house:
        rate = given.load * await saturated(house, given.seconds)
        names = [process.name for process in house.processes]
        out(f"| minute | {' | '.join(names)} | PostgreSQL | waiting |")
        out("|---" * (len(names) + 3) + "|")
        seen: list[list[float]] = []
        used, doing = Used(house), asyncio.create_task(house.poisson(rate, 60.0 * minutes, SEED))
        while not doing.done():
            memory = [*(house.memory_of(process) for process in house.processes), house.memory()["database"]]
            seen.append(memory)
            out(f"| {len(seen) - 1} | {' | '.join(map(mb, memory))} | {house.waiting()} |")
            await asyncio.wait({doing}, timeout=60.0)
        told = await doing
        out()
        say_slopes([*names, "PostgreSQL"], seen)
        out(f"{told['sent']:,} drafts, {rate:.1f} a second.")
        for name, times in {"acknowledgement": told["answer"], "moment at which it was due": told["whole"]}.items():
            out(f"- from the {name} to the answer: {', '.join(f'{which} {ms(each)}' for which, each in times.items())}")
        spent = used.per_draft(told["sent"])
        out("Of a core for each draft: " + ", ".join(f"{name} {ms(each)}" for name, each in spent.items()) + ".")
        errors = house.errors()
        odd = f"{told['lost']} lost, {told['twice']} twice, {told['not_acked']} not acknowledged"
        out(f"{odd}; {errors} errors in logs.")
        return said(told) & (await closed(house)) & (not errors)


def say_slopes(names: Sequence[str], seen: Sequence[Sequence[float]]) -> None:
    """By how much each grows an hour, the first third left out: that is where caches fill."""
    settled = seen[len(seen) // 3 :]
    if len(settled) < 3:
        return
    for number, name in enumerate(names):
        line = linear_regression([minute / 60 for minute in range(len(settled))], [each[number] for each in settled])
        out(f"- {name}: {line.slope / 1e6:+.1f} MB an hour, from the {len(seen) // 3}th minute on")
    out()


async def disk(given: argparse.Namespace) -> bool:
    out(f"| database | of {_MANY:,} screenings | of which the record | core a draft | memory |")
    out("|---|---|---|---|---|")
    sound = []
    for made in (lambda: Installation.on_postgres(1), Installation.on_sqlite):
        async with made() as house:
            await house.warm(_WARMING)
            before, used = house.sizes(), Used(house)
            told = await house.flood(_flood(house), given.seconds)
            screened, after = told["sent"], house.sizes()
            grown = {name: (size - before.get(name, 0)) / screened for name, size in after.items()}
            record = sum(size for name, size in grown.items() if name in ("entry", "content"))
            whole, spent = sum(grown.values()), sum(used.per_draft(screened).values())
            held = mb(sum(house.memory_of(process) for process in house.processes))
            out(f"| {house.kind} | {mb(_MANY * whole)} | {mb(_MANY * record)} | {ms(spent)} | {held} |")
            largest = sorted(grown.items(), key=lambda each: -each[1])[:8]
            out(f"<!-- bytes a screening: {', '.join(f'{name} {size:,.0f}' for name, size in largest)} -->")
            sound += [said(told), await closed(house)]
    return all(sound)


async def closed(house: Installation) -> bool:
    """Whether nothing is left over and the record verifies."""
    waiting, (code, told) = house.waiting(), await house.verify()
    if waiting or code:
        out(f"<!-- NOT SOUND: {waiting} left over; {told} -->")
    return not waiting and code == 0


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=60.0, help="of each measurement")
    parser.add_argument("--rounds", action="store_true")
    parser.add_argument("--disk", action="store_true")
    parser.add_argument("--soak", type=int, metavar="MINUTES")
    parser.add_argument("--load", type=float, default=0.7)
    given = parser.parse_args()
    if this := asyncio.current_task():
        # Whoever ends it ends the installation with it.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    out(f"{platform.machine()}, {os.cpu_count()} cores, {memory_here()} of memory; Python {platform.python_version()}, "
        f"PostgreSQL {await Installation.version()}; load at the start {os.getloadavg()[0]:.1f}\n")  # fmt: skip
    parts: dict[str, Callable[[argparse.Namespace], Coroutine[Any, Any, bool]]] = {"rounds": rounds, "disk": disk}
    chosen = [part for name, part in parts.items() if getattr(given, name)]
    if given.soak:
        chosen.append(soak)
    sound = [await part(given) for part in chosen or parts.values()]
    return 0 if all(sound) else 1


def memory_here() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)
