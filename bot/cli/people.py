"""`vaglio people ...`: who may do what, and which accounts are one person's."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from bot.accounts import Role, Title, is_account, is_program
from bot.audit.holds import Holds
from bot.audit.ledger import Ledger
from bot.cli.build import AUTHOR, Record, open_policy, terminal, tongue
from bot.cli.exits import EXIT_USAGE
from bot.console.roster import Roster, Unlinked
from bot.console.sessions import Sessions
from bot.people import CODE_LIFE, People
from bot.roles import Given, Roles
from bot.settings import Settings, read_settings
from bot.store import Store
from bot.teams import LONGEST, NoTeam, Teams
from bot.wording import Wording

people = typer.Typer(no_args_is_help=True, help="Say who may do what, and link the accounts of one person.")

Account = Annotated[str, typer.Argument(help="slack:T0123:U0456, telegram:12345 or local:owner.")]
Named = Annotated[str, typer.Argument(metavar="ROLE", help="admin, compliance, communications, or owner:legal.")]
Json = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


@dataclass(frozen=True, slots=True)
class Register:
    """What the commands work with."""

    settings: Settings
    wording: Wording
    people: People
    roles: Roles
    store: Store
    ledger: Ledger
    teams: Teams

    @property
    def roster(self) -> Roster:
        holds, sessions = Holds(self.store, self.ledger), Sessions(self.store)
        return Roster(self.people, self.roles, self.teams, holds, self.ledger, sessions, time.time)

    @property
    def by(self) -> str:
        """Whoever uses the command line, as the record knows them."""
        return self.people.person(AUTHOR)


def _register() -> Register:
    settings = read_settings()
    record = Record.open(settings)
    return Register(
        settings,
        Wording(tongue(settings)),
        record.people,
        Roles(record.store, record.ledger),
        record.store,
        record.ledger,
        Teams(record.store),
    )


@people.command("list")
def list_(as_json: Json = False) -> None:
    """Everybody's accounts, roles and teams."""
    register = _register()
    given, members = register.roles.given(), register.teams.members()
    rows = [
        (accounts, _held(person, given), members.team(person))
        for person, accounts in register.people.everybody().items()
    ]
    if as_json:
        lines = [
            {"accounts": accounts, **{name: list(held[name]) for name in held}, "team": team}
            for accounts, held, team in rows
        ]
        sys.stdout.write(json.dumps(lines) + "\n")
        return
    say = register.wording.say
    if not rows:
        terminal().print(say("Nobody is known here yet."))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(say("Accounts"))
    table.add_column(say("Roles"))
    table.add_column(say("Team"))
    for accounts, held, team in rows:
        groups = [say("{role} (Slack group)", role=title) for title in held["from_groups"]]
        table.add_row(", ".join(accounts), ", ".join([*held["roles"], *groups]), team or "")
    terminal().print(table)


@people.command()
def grant(account: Account, role: Named) -> int:
    """Give somebody a role. It holds at once."""
    register = _register()
    title = _title(register, role)
    if title is None or not _is_account(register, account):
        return EXIT_USAGE
    is_new = register.roles.grant(register.people.person(account), title.role, title.owner, by=register.by)
    say = register.wording.say
    said = say("{account}: {role}, from now on.", account=account, role=title)
    terminal().print(said if is_new else say("{account}: {role}, as before.", account=account, role=title))
    return 0


@people.command()
def revoke(account: Account, role: Named) -> int:
    """Take a role back. It holds at once."""
    register = _register()
    title, say = Title.read(role), register.wording.say
    if title is None:
        return _refused(_not_a_role(register, role))
    if not register.people.is_known(account):
        return _refused(say("{account} is not known here: see vaglio people list.", account=account))
    person = register.people.person(account)
    is_done = register.roles.revoke(person, title.role, title.owner, by=register.by)
    if person in register.roles.who(title.role, title.owner):
        group = say("{account} has {role} from a user group in Slack: take them out of it there.",
                    account=account, role=title)  # fmt: skip
        return _refused(group)
    terminal().print(
        say("{account}: {role} no more.", account=account, role=title)
        if is_done
        else say("{account} did not have {role}.", account=account, role=title)
    )
    return 0


@people.command()
def team(
    account: Account,
    name: Annotated[str, typer.Argument(help="The team's name; without one, they are in none.")] = "",
) -> int:
    """Say to which team somebody belongs. It allows nothing: statistics count by it, from five people on."""
    register = _register()
    say = register.wording.say
    if not _is_account(register, account):
        return EXIT_USAGE
    try:
        register.teams.label(register.people.person(account), name or None)
    except NoTeam:
        return _refused(say("That is no name of a team: write up to {most} letters, digits, signs.", most=LONGEST))
    terminal().print(
        say("{account}: {team}, from now on.", account=account, team=" ".join(name.split()))
        if name
        else say("{account} is in no team now.", account=account)
    )
    return 0


@people.command()
def link(account: Account) -> int:
    """Print a code by which whoever has this account links their Telegram."""
    register = _register()
    if not _is_account(register, account):
        return EXIT_USAGE
    code = register.people.new_code(register.people.person(account), datetime.now(UTC))
    sentence = register.wording.say(
        "Within {minutes} minutes, send this to the bot in Telegram. It works once:", minutes=CODE_LIFE.seconds // 60
    )
    terminal().print(f"{sentence}\n  /link {code}")
    return 0


@people.command()
def unlink(account: Account) -> int:
    """Take an account away from the person whose it is: whoever uses it is new here, or unknown in Telegram."""
    register = _register()
    say = register.wording.say
    done, lost = register.roster.unlink(account, by=register.by)
    if done is Unlinked.UNKNOWN:
        return _refused(say("{account} is not known here: see vaglio people list.", account=account))
    if done is Unlinked.HELD:
        return _refused(say("A legal hold keeps {account} as it is: see vaglio audit holds.", account=account))
    terminal().print(say("{account} is unlinked.", account=account))
    if lost:
        terminal().print(say("It was their only account: their roles are gone with it."))
    return 0


def _held(person: str, given: Iterable[Given]) -> Mapping[str, Sequence[str]]:
    own = [each for each in given if each.person == person]
    return {
        "roles": [str(each.title) for each in own if not each.is_by_group],
        "from_groups": [str(each.title) for each in own if each.is_by_group],
    }


def _is_account(register: Register, account: str) -> bool:
    if is_account(account) and not is_program(account):
        return True
    shape = "slack:T0123:U0456, telegram:12345, local:owner"
    _refused(register.wording.say("{account} is no account. Write it like one of these: {shape}.",
                              account=account, shape=shape))  # fmt: skip
    return False


def _title(register: Register, written: str) -> Title | None:
    """The role, if there is such a one and the policy knows its owner; else what is wrong is said."""
    title = Title.read(written)
    if title is None:
        _refused(_not_a_role(register, written))
        return None
    owners = [owner.id for owner in open_policy(register.settings).owners] if title.owner else []
    if title.owner and title.owner not in owners:
        _refused(register.wording.say("The policy has no owner {owner}. It has: {owners}.",
                                  owner=title.owner, owners=", ".join(owners)))  # fmt: skip
        return None
    return title


def _not_a_role(register: Register, written: str) -> str:
    known = ", ".join(role for role in Role if role is not Role.OWNER)
    return register.wording.say(
        "{role} is no role. There are {roles}, and owner: with the id of an owner of the policy, such as owner:legal.",
        role=written, roles=known,
    )  # fmt: skip


def _refused(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return EXIT_USAGE
