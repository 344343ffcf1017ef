"""`vaglio queue ...`: what waits to be answered, and what nobody could answer."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from bot import casualties
from bot.cli.asking import agreed
from bot.cli.build import AUTHOR, Record, terminal, tongue
from bot.cli.exits import EXIT_USAGE
from bot.cli.parts import open_engine
from bot.dead_letters import DIED, DeadLetters
from bot.engine import Engine, Standing, State
from bot.settings import read_settings
from bot.wording import Wording
from bot.work import Work

queue = typer.Typer(no_args_is_help=True, help="See what waits to be answered, and what nobody could answer.")

Json = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
Named = Annotated[str, typer.Argument(help="As vaglio queue dead says it.")]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the commands work with."""

    record: Record
    engine: Engine
    dead: DeadLetters
    wording: Wording

    @property
    def by(self) -> str:
        """Whoever uses the command line, as the record knows them."""
        return self.record.people.person(AUTHOR)


def _opened() -> Desk:
    settings = read_settings()
    record = Record.open(settings)
    engine = open_engine(settings, record.store)
    # Whose pieces they are, where the database has no queue of its own to say it.
    Work(record.store, record.people.seals.vault, engine, backlog=settings.backlog).close()
    dead = DeadLetters(record.store, engine, record.ledger)
    return Desk(record, engine, dead, Wording(tongue(settings)))


@queue.command("list")
def list_(as_json: Json = False) -> None:
    """How much there is to do, by kind and state; who does it; how many were given up."""
    desk = _opened()
    with desk.record.store.read() as session:
        found, workers = desk.engine.standing(session), desk.engine.workers(session)
        suspects = casualties.count(session)
    dead = desk.dead.count()
    if as_json:
        told = {"pieces": [asdict(each) for each in found], "workers": workers, "suspects": suspects, "dead": dead}
        sys.stdout.write(json.dumps(told) + "\n")
        return
    out, say, count = terminal(), desk.wording.say, desk.wording.count
    if found:
        out.print(_standing(found, desk.wording))
    else:
        out.print(say("Nothing waits to be done."))
    if desk.record.store.file is None:
        out.print(
            count(
                "{number} worker gives signs of life. A process has two: for what people wait for, and for all else.",
                "{number} workers give signs of life. A process has two: for what people wait for, and for all else.",
                workers,
            )
        )
    if suspects:
        out.print(
            count(
                "{number} piece is done by itself: a process died with it in hand.",
                "{number} pieces are done one at a time: a process died with each of them in hand.",
                suspects,
            )
        )
    if dead:
        out.print(
            count(
                "{number} event was given up: vaglio queue dead lists it.",
                "{number} events were given up: vaglio queue dead lists them.",
                dead,
            )
        )


@queue.command()
def dead(as_json: Json = False) -> None:
    """What was given up or cannot be read: ids, ages and errors, never a word of it."""
    desk, now = _opened(), time.time()
    letters, say = desk.dead.all(), desk.wording.say
    if as_json:
        sys.stdout.write(json.dumps([asdict(letter) for letter in letters]) + "\n")
        return
    if not letters:
        terminal().print(say("Nothing was given up."))
        return
    table = Table(box=None, pad_edge=False)
    for heading in (say("Id"), say("Platform"), say("Age"), say("Tries"), say("Error")):
        table.add_column(heading)
    for letter in letters:
        error = say("Processes died of it") if letter.error == DIED else letter.error
        table.add_row(letter.id, letter.platform or "?", _age(now - letter.at), str(letter.attempts), error)
    terminal().print(table)
    if any(letter.error == DIED for letter in letters):
        terminal().print(
            say(
                "What processes died of is given to one more when it is replayed, and that may die of it too: look for "
                "the reason first."
            )
        )


@queue.command()
def replay(
    id: Annotated[str | None, typer.Argument(help="As vaglio queue dead says it.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> int:
    """Have what was given up answered once more."""
    if (id is None) == (not every):
        raise typer.BadParameter("name one, or say --all.")
    desk = _opened()
    ids = [letter.id for letter in desk.dead.all()] if id is None else [id]
    found = desk.dead.replay(ids, desk.by, datetime.now(UTC))
    if id is not None and not found:
        return _unknown(id, desk.wording)
    terminal().print(
        desk.wording.count("{number} event is tried once more.", "{number} events are tried once more.", len(found))
    )
    return 0


@queue.command()
def drop(id: Named, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> int:
    """Let go of what was given up, with its words: nobody will ever answer it."""
    desk = _opened()
    if id not in {letter.id for letter in desk.dead.all()}:
        return _unknown(id, desk.wording)
    if not yes and not agreed(desk.wording.say("Whoever wrote it will never have an answer. Drop it?"), desk.wording):
        return EXIT_USAGE
    desk.dead.drop([id], desk.by, datetime.now(UTC))
    terminal().print(desk.wording.say("{id} is gone, and its words with it.", id=id))
    return 0


def _standing(found: Sequence[Standing], wording: Wording) -> Table:
    say = wording.say
    states = {State.WAITING: say("waiting"), State.DOING: say("in hand"), State.LATER: say("tried again later")}
    table = Table(box=None, pad_edge=False)
    for heading in (say("Kind"), say("State"), say("How many"), say("The first since")):
        table.add_column(heading)
    for each in found:
        oldest = "–" if each.oldest is None else _age(each.oldest)
        table.add_row(each.kind, states[each.state], str(each.count), oldest)
    return table


def _age(seconds: float) -> str:
    """In the largest unit of which there are two."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _unknown(id: str, wording: Wording) -> int:
    sys.stderr.write(wording.say("{id} was not given up: see vaglio queue dead.", id=id) + "\n")
    return EXIT_USAGE
