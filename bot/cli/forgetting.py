"""What people may ask of the record, and what limits it: `vaglio audit erase | subject | hold | unmask ...`."""

from __future__ import annotations

import json
import sys
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.accounts import is_account
from bot.audit.dossier import dossier_page
from bot.audit.erasure import Erasures, purge_leavings
from bot.audit.holds import HeldError, Holds
from bot.audit.index import Index
from bot.audit.leavings import clear_leavings
from bot.audit.moved import left_behind, left_said
from bot.audit.retention import Retention
from bot.audit.subject import Dossier, Subjects
from bot.audit.unmasking import Refusal, Request, Unmasked, Unmasking
from bot.cli.asking import agreed
from bot.cli.asking import reason as needed
from bot.cli.audit import Json, audit
from bot.cli.build import AUTHOR, Record, open_policy, owners_store, terminal, tongue
from bot.cli.exits import EXIT_POLICY, EXIT_USAGE
from bot.roles import Role, Roles
from bot.settings import Settings, read_settings
from bot.wording import Wording

Whom = Annotated[str, typer.Argument(metavar="PERSON", help="A pseudonym (p_...) or an account (slack:T0123:U0456).")]
Reason = Annotated[str, typer.Option("--reason", callback=needed, help="Why. It is kept, sealed, beside the entry.")]


@dataclass(frozen=True, slots=True)
class Office:
    """What every command here needs."""

    settings: Settings
    record: Record
    wording: Wording

    @classmethod
    def open(cls) -> Office:
        settings = read_settings()
        return cls(settings, Record.open(settings), Wording(tongue(settings)))

    @property
    def by(self) -> str:
        return self.record.people.person(AUTHOR)

    @property
    def index(self) -> Index:
        return Index(self.record.store, self.record.ledger)

    @property
    def holds(self) -> Holds:
        return Holds(self.record.store, self.record.ledger)

    def person(self, written: str) -> str | None:
        """The pseudonym; what is wrong is said where there is none."""
        if found := self.record.people.named(written):
            return found
        sys.stderr.write(self.wording.say("{person} is nobody that Vaglio knows.", person=written) + "\n")
        return None

    def say(self, sentence: str) -> None:
        terminal().print(sentence)


@audit.command()
def erase(
    whom: Whom,
    reason: Reason,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask once more.")] = False,
) -> int:
    """Forget a person: their drafts, words and name become unreadable. The chain stays whole. It cannot be undone."""
    office = Office.open()
    say, person = office.wording.say, office.person(whom)
    if person is None:
        return EXIT_USAGE
    # As it was typed: whose pseudonym is whose is not told here.
    question = say("{person} will be erased for good: drafts, words, accounts, roles. Go on?", person=whom)
    if not yes and not agreed(question, office.wording):
        return EXIT_USAGE
    record = office.record
    erasures = Erasures(record.store, record.ledger, record.people, office.settings.keys_dir / "erased", office.index)
    try:
        erased = erasures.erase(person, by=office.by, reason=reason, at=datetime.now(UTC))
    except HeldError as held:
        sys.stderr.write(say("A legal hold ({hold}) forbids it: vaglio audit holds.", hold=held) + "\n")
        return EXIT_POLICY
    if erased is None:
        sys.stderr.write(say("{person} is nobody that Vaglio knows.", person=whom) + "\n")
        return EXIT_USAGE
    office.say(say("{persons}: erased, and on record. Words of {number} entries are gone.",
                 persons=", ".join(erased.persons), number=erased.words))  # fmt: skip
    office.say(say("Copy {file} to where you keep the keys: it makes a backup forget them too.",
                 file=office.settings.keys_dir / "erased"))  # fmt: skip
    if record.store.file:
        return _purged(office)
    for line in clear_leavings(record.store, office.index).told(office.wording):
        office.say(line)
    return _told_of_files(office)


@audit.command()
def purge() -> int:
    """Let go of words whose time is over, and clear the database's files of what is no longer in its tables.

    On a server each table is written anew, and nobody can use it meanwhile: do it in a maintenance window.
    """
    office = Office.open()
    policy = open_policy(office.settings)
    gone = Retention(office.record.store, office.record.ledger, office.index).let_go(
        policy.record, policy.revision, datetime.now(UTC)
    )
    office.say(
        office.wording.count(
            "The words of {number} entry were let go: their time was over.",
            "The words of {number} entries were let go: their time was over.",
            gone,
        )
    )
    return _purged(office)


def _purged(office: Office) -> int:
    settings = office.settings
    with closing(owners_store(settings)) if settings.database_owner_url else nullcontext(office.record.store) as store:
        purge_leavings(store, office.index)
    office.say(office.wording.say("Nothing of what was let go is left in the database's files."))
    return 0 if store.file else _told_of_files(office)


def _told_of_files(office: Office) -> int:
    """Of a record that moved to a server, the file from before may lie there still."""
    for file in left_behind(office.settings.data_dir):
        office.say(left_said(file, office.wording))
    return 0


@audit.command()
def subject(
    whom: Whom,
    folder: Annotated[Path, typer.Option("--to", help="A folder to be made, for the two files.")] = Path("subject"),
) -> int:
    """Write down everything that is held about a person, for them (GDPR, article 15): JSON, and a page to read."""
    office = Office.open()
    if office.settings.unmask_people > 1 and not is_account(whom):
        sys.stderr.write(
            office.wording.say("Name them by an account: who a pseudonym is takes two to learn (vaglio audit unmask).")
            + "\n"
        )
        return EXIT_USAGE
    person = office.person(whom)
    if person is None:
        return EXIT_USAGE
    record = office.record
    found = Subjects(record.store, record.ledger, record.people).dossier(person, by=office.by, at=datetime.now(UTC))
    if found is None:
        sys.stderr.write(office.wording.say("{person} is nobody that Vaglio knows.", person=whom) + "\n")
        return EXIT_USAGE
    _write(found, folder, record.people.language(found.accounts[0]) if found.accounts else office.wording.language)
    office.say(office.wording.say("Written: {folder}. It holds their drafts in the clear: hand it to nobody else.",
                              folder=folder.absolute()))  # fmt: skip
    return 0


def _write(found: Dossier, folder: Path, language: str) -> None:
    """For its person's eyes: nobody else on the machine may read it."""
    folder.mkdir(mode=0o700, parents=True)
    whole = json.dumps(asdict(found), ensure_ascii=False, indent=2)
    for name, text in (("subject.json", whole), ("subject.html", dossier_page(found, language))):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(text, encoding="utf-8")


@audit.command()
def hold(
    reason: Reason,
    whom: Annotated[str | None, typer.Argument(metavar="PERSON", help="Left out: everybody.")] = None,
) -> int:
    """Order a legal hold: nothing that it covers is erased, or let go when its time is over."""
    office = Office.open()
    person = None if whom is None else office.person(whom)
    if whom is not None and person is None:
        return EXIT_USAGE
    ordered = office.holds.order(person, by=office.by, reason=reason, at=datetime.now(UTC))
    office.say(
        office.wording.say(
            "{hold} stands, and is on record. To lift it: vaglio audit release {hold} --reason ...", hold=ordered.id
        )
    )
    return 0


@audit.command()
def release(hold: Annotated[str, typer.Argument(help="The hold's id (h_...).")], reason: Reason) -> int:
    """Lift a legal hold."""
    office = Office.open()
    if office.holds.lift(hold, by=office.by, reason=reason, at=datetime.now(UTC)):
        office.say(office.wording.say("{hold} is lifted, and that is on record.", hold=hold))
        return 0
    sys.stderr.write(office.wording.say("No hold {hold} stands: vaglio audit holds.", hold=hold) + "\n")
    return EXIT_USAGE


@audit.command()
def holds(as_json: Json = False) -> None:
    """The legal holds that stand."""
    office = Office.open()
    standing = office.holds.standing()
    if as_json:
        rows = [{"id": each.id, "at": each.at, "by": each.by, "person": each.person} for each in standing]
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    if not standing:
        office.say(office.wording.say("No legal hold stands."))
    for each in standing:
        whom = each.person or office.wording.say("everybody")
        office.say(
            office.wording.say(
                "{hold}: {whom}, since {at}, by {by}", hold=each.id, whom=whom, at=each.at[:10], by=each.by or "-"
            )
        )


@audit.command()
def unmask(whom: Whom, reason: Reason) -> int:
    """Say who a pseudonym is. It goes on record, and can need a second person (VAGLIO_UNMASK_PEOPLE=2)."""
    office = Office.open()
    person = office.person(whom)
    if person is None:
        return EXIT_USAGE
    found = _unmasking(office).ask(person, by=office.by, reason=reason, at=datetime.now(UTC))
    return _answered(office, whom, found)


@audit.command()
def agree(
    request: Annotated[str, typer.Argument(help="The request's id (u_...).")],
    account: Annotated[
        str, typer.Option("--as", help="The account of whoever agrees, with the role compliance.")
    ] = AUTHOR,
) -> int:
    """As the second person, agree that a pseudonym is told."""
    office = Office.open()
    people = office.record.people
    if not is_account(account) or not people.is_known(account):
        sys.stderr.write(office.wording.say("{person} is nobody that Vaglio knows.", person=account) + "\n")
        return EXIT_USAGE
    person = people.person(account)
    if account != AUTHOR and Role.COMPLIANCE not in Roles(office.record.store, office.record.ledger).roles(person):
        sys.stderr.write(office.wording.say("{account} does not have the role compliance.", account=account) + "\n")
        return EXIT_USAGE
    return _answered(office, request, _unmasking(office).agree(request, by=person, at=datetime.now(UTC)))


def _unmasking(office: Office) -> Unmasking:
    record, needs_two = office.record, office.settings.unmask_people > 1
    return Unmasking(record.store, record.ledger, record.people, needs_two=needs_two)


def _answered(office: Office, asked: str, found: Unmasked | Request | Refusal) -> int:
    say = office.wording.say
    match found:
        case Unmasked():
            office.say(f"{found.person}: {', '.join(found.accounts)}")
            return 0
        case Request():
            office.say(
                say(
                    "A second person, with the role compliance, has to agree within a day: "
                    "vaglio audit agree {request} --as ACCOUNT",
                    request=found.id,
                )
            )
            return 0
        case Refusal.UNKNOWN:
            unknown = (
                say("There is no request {request}.", request=asked)
                if asked.startswith("u_")
                else say("{person} is nobody that Vaglio knows.", person=asked)
            )
            sys.stderr.write(unknown + "\n")
        case Refusal.OWN:
            sys.stderr.write(say("Somebody else has to agree: you asked.") + "\n")
        case Refusal.OVER:
            sys.stderr.write(say("The request waited for more than a day: ask anew.") + "\n")
    return EXIT_USAGE
