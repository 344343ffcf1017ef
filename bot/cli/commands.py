"""The commands, and what each way to fail says and returns."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer import Exit

from bot import __version__
from bot.addresses import without_passwords
from bot.audit.checkpoints import CheckpointError
from bot.audit.errors import RecordError
from bot.audit.rights import GrantError
from bot.audit.transfers import TransferError
from bot.audit.vault import VaultError
from bot.cli import (
    counting,  # noqa: F401 -- its commands, and those of the next three, belong to `audit`
    forgetting,  # noqa: F401
    searching,  # noqa: F401
    showing,  # noqa: F401
)
from bot.cli.audit import audit
from bot.cli.backing_up import backup, restore
from bot.cli.backtesting import backtest
from bot.cli.build import one_command, tongue
from bot.cli.bulk import bulk
from bot.cli.clients import clients
from bot.cli.database import db
from bot.cli.doctor import doctor
from bot.cli.duty import Duty
from bot.cli.exits import EXIT_ABORT, EXIT_INTERNAL, EXIT_IO, EXIT_POLICY, EXIT_REFUSED, EXIT_SETTINGS, EXIT_USAGE
from bot.cli.exporting import export
from bot.cli.going_back import export as export_policy
from bot.cli.going_back import rollback
from bot.cli.health import health
from bot.cli.keys import keys
from bot.cli.knowledge import knowledge
from bot.cli.models import models
from bot.cli.moving import move
from bot.cli.people import people
from bot.cli.policy import policy
from bot.cli.queue import queue
from bot.cli.screening import check, screen
from bot.cli.suggestions import suggestions
from bot.cli.vale import import_vale
from bot.cli.voice import voice
from bot.keys import KeyFileError
from bot.reply import refusal
from bot.revisions import RevisionError
from bot.settings import SettingsError
from bot.wording import Wording
from bot.wording.refusals import reason
from bot.wording.saying import saying
from rules.draft import DraftRefused, encodable
from rules.problems import PolicyError

app = typer.Typer(
    name="vaglio",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(check)
app.command()(screen)
app.command()(bulk)
policy.command("import-vale")(import_vale)
policy.command("voice")(voice)
policy.command("suggestions")(suggestions)
policy.command("backtest")(backtest)
policy.command("rollback")(rollback)
policy.command("export")(export_policy)
audit.command()(export)
app.add_typer(policy, name="policy")
app.add_typer(audit, name="audit")
app.add_typer(keys, name="keys")
app.add_typer(models, name="models")
app.add_typer(knowledge, name="knowledge")
app.add_typer(people, name="people")
app.add_typer(clients, name="clients")
app.add_typer(queue, name="queue")
db.command()(backup)
db.command()(restore)
db.command()(move)
app.add_typer(db, name="db")
app.command()(doctor)
app.command()(health)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"Vaglio {__version__}")
        raise Exit


@app.callback()
def main_(
    version: Annotated[
        bool, typer.Option("--version", help="Say which Vaglio this is.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Your company's social media policy, present at the moment of writing."""


@app.command()
def run_(
    open_link: Annotated[bool, typer.Option("--link/--no-link", help="Print a one-time sign-in link.")] = True,
    works: Annotated[
        bool, typer.Option("--work/--no-work", help="Answer too; else leave that to `vaglio work`.")
    ] = True,
) -> None:
    """Start Vaglio: the console, and Slack and Telegram where their tokens are set."""
    from bot.cli.serve import serve  # the servers' libraries take a second to import: `check` need not wait

    serve(link=open_link, duty=Duty(works=works))


app.registered_commands[-1].name = "run"


@app.command()
def work() -> None:
    """Answer what other processes take in, beside any number of others that do (PostgreSQL only)."""
    from bot.cli.serve import serve

    serve(link=False, duty=Duty(takes_in=False))


def run(arguments: Sequence[str]) -> int:
    """The exit code of `vaglio ARGUMENTS`."""
    if any(encodable(argument) != argument for argument in arguments):
        return _say(Wording(tongue()).say("What was typed is not UTF-8."), EXIT_USAGE)
    try:
        with one_command():
            result = app(list(arguments), standalone_mode=False)
    except Exit as left:
        return left.exit_code
    except SystemExit:
        # What typer makes of a reader that went away: no outcome was delivered, so none is returned.
        return EXIT_IO
    except Exception as error:
        return _told(error)
    return result if isinstance(result, int) else 0


def _told(error: Exception) -> int:
    """The exit code of what went wrong, once it is said."""
    match error:
        case typer.Abort():
            return EXIT_ABORT
        case SettingsError() | KeyFileError() | CheckpointError() | VaultError() | GrantError():
            return _say(error.show(tongue()), EXIT_SETTINGS)
        case PolicyError() | RevisionError() | TransferError():
            return _say(error.show(tongue()), EXIT_POLICY)
        case RecordError():
            return _say(error.show(tongue()), EXIT_IO)
        case DraftRefused():
            return _say(refusal(error, tongue()), EXIT_REFUSED)
        case OSError():
            return _say(f"{error.filename or 'vaglio'}: {reason(error).show(tongue())}", EXIT_IO)
        case _ if callable(show := getattr(error, "show", None)):
            # What typer says of wrong use may repeat an address that was typed in the wrong place.
            if isinstance(said := getattr(error, "message", None), str):
                error.message = without_passwords(said)  # type: ignore[attr-defined]
            show()
            return EXIT_USAGE
        case _:
            return _say(f"vaglio: {type(error).__name__}. {_REMEDY.show(tongue())}", EXIT_INTERNAL)


_REMEDY = saying(
    "This is a fault of Vaglio's. Nothing was published; try again, and `vaglio doctor` tells what is missing."
)


def _say(text: str, code: int) -> int:
    sys.stderr.write(f"{text}\n")
    return code
