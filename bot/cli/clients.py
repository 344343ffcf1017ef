"""`vaglio clients ...`: which programs may hand in drafts by the HTTP API."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from bot.cli.build import AUTHOR, Record, terminal, tongue
from bot.cli.exits import EXIT_USAGE
from bot.console.clients import LONGEST, Admitted, Clients, NoNameError
from bot.people import People
from bot.settings import read_settings
from bot.wording import Wording

clients = typer.Typer(no_args_is_help=True, help="Let programs in that ask before they publish (the HTTP API).")

Json = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


def _opened() -> tuple[Clients, People, Wording]:
    settings = read_settings()
    record = Record.open(settings)
    return Clients(record.store, record.ledger, record.people), record.people, Wording(tongue(settings))


@clients.command()
def add(name: Annotated[str, typer.Argument(help="What you call it, such as the name of your CMS.")]) -> int:
    """Let a program in, and print its token, once."""
    known, people, wording = _opened()
    try:
        client, token = known.admit(name, people.person(AUTHOR), datetime.now(UTC))
    except NoNameError:
        said = wording.say("That is no name for a program: write up to {most} letters, digits, signs.", most=LONGEST)
        return _refused(said)
    out = terminal()
    out.print(
        wording.say("{name} is let in as {id}. Its token, which is shown only now:", name=client.name, id=client.id)
    )
    out.print(f"  {token}")
    return 0


@clients.command("list")
def list_(as_json: Json = False) -> None:
    """The programs that were let in, and when each was last used."""
    known, _, wording = _opened()
    every, say = known.all(), wording.say
    if as_json:
        sys.stdout.write(json.dumps([_row(client) for client in every]) + "\n")
        return
    if not every:
        terminal().print(say("No program has been let in yet."))
        return
    table = Table(box=None, pad_edge=False)
    for heading in (say("Id"), say("Name"), say("Since"), say("Last used"), say("Ended")):
        table.add_column(heading)
    for client in every:
        table.add_row(client.id, client.name, *map(_when, (client.at, client.seen, client.ended)))
    terminal().print(table)


@clients.command()
def end(id: Annotated[str, typer.Argument(help="As vaglio clients list says it.")]) -> int:
    """Take a program's token away. It holds at once."""
    known, people, wording = _opened()
    if not known.end(id, people.person(AUTHOR), datetime.now(UTC)):
        return _refused(wording.say("{id} is no program that is let in: see vaglio clients list.", id=id))
    terminal().print(wording.say("{id} is shut out: its token opens nothing any more.", id=id))
    return 0


def _row(client: Admitted) -> dict[str, str | None]:
    moments = {"at": client.at, "seen": client.seen, "ended": client.ended}
    told = {name: moment.isoformat() if moment else None for name, moment in moments.items()}
    return {"id": client.id, "name": client.name, "by": client.by, **told}


def _when(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else "–"


def _refused(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return EXIT_USAGE
