"""`vaglio db ...`: the database as a whole, for whoever keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Annotated

import typer
from sqlalchemy import Connection, func
from sqlmodel import select

from bot import form, postgres
from bot.audit import masters, moved, rights
from bot.audit.errors import RecordError
from bot.audit.presence import alone, present
from bot.audit.seals import Seals
from bot.cli.build import owners_store, refuse_half_a_restore, refuse_moved, terminal, tongue
from bot.settings import Settings, SettingsError, read_settings
from bot.store import Store
from bot.tables import Entry
from bot.wording import Wording
from bot.wording.saying import saying

db = typer.Typer(no_args_is_help=True, help="The database: its form, backups, a move to a server, and who may do what.")


@db.command()
def status() -> None:
    """Say what kind of database it is, of which form, how large, how many entries, and who is at work on it."""
    settings = read_settings()
    wording = Wording(tongue(settings))
    with closing(Store(settings.database, read_only=True, keeps_open=False)) as store:
        for line in _told(store, settings, wording):
            terminal().print(line)


def _told(store: Store, settings: Settings, wording: Wording) -> Iterator[str]:
    say = wording.say
    with store.read() as session:
        connection = session.connection()
        found = form.form_of(connection)
        count = session.exec(select(func.max(Entry.seq))).one() if found else 0
        size = store.file.stat().st_size if store.file else postgres.size(connection)
        others = [] if store.file else postgres.people(connection)
    yield f"{store.kind}, {store.place}"
    yield _form_told(found, wording)
    yield wording.count("{number} entry, {size} MB", "{number} entries, {size} MB", count or 0,
                        size=f"{size / 1e6:.1f}")  # fmt: skip
    if note := moved.read_note(store.file) if store.file else None:
        yield say("Moved to {place}: it goes on there.", place=note.to)
    if store.file is None:
        yield wording.count("{number} more connection", "{number} more connections", len(others))
        for other in others:
            yield f"  {other}"
    elif _is_somebody_here(settings):
        yield say("Vaglio is at work on it.")
    else:
        yield say("Nobody is at work on it.")


def _is_somebody_here(settings: Settings) -> bool:
    if not settings.data_dir.is_dir():
        return False
    try:
        with alone(settings.data_dir):
            return False
    except RecordError as error:
        if error.code != "in_use":
            raise
        return True


@db.command()
def migrate(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit code 1 if the form is old.")] = False,
) -> int:
    """Bring the tables to this Vaglio's form, while it runs or before it starts. As their owner, on a server.

    VAGLIO_DATABASE_OWNER_URL is used where it is set. Users who have rights (vaglio db grant) are given those that this
    Vaglio needs besides.
    """
    settings = read_settings()
    wording = Wording(tongue(settings))
    if check:
        with closing(Store(settings.database, read_only=True, keeps_open=False)) as store:
            found = _form_found(store)
        terminal().print(_form_told(found, wording))
        return 0 if found == form.newest() else 1
    presence = present(settings.data_dir)
    refuse_half_a_restore(settings)
    refuse_moved(settings)
    with closing(owners_store(settings)) as store:
        before = _form_found(store)
        if before:
            _look_at_users(store)
        masters.look(settings.keys_dir, store)
        store.migrate(Seals.open(settings.keys_dir))
        roles = _granted_again(store)
    presence.leave()
    said = wording.say("The tables had form {before}, and have form {after}.", before=before or "–",
                       after=form.newest())  # fmt: skip
    terminal().print(said)
    if roles:
        given = wording.say(
            "They have the rights that this Vaglio needs: {roles}. Any others stay until the next vaglio db grant.",
            roles=", ".join(roles),
        )
        terminal().print(given)
    return 0


def _users(connection: Connection) -> list[str]:
    """To whom something was granted, and who cannot do everything anyway."""
    roles = rights.granted(connection) if postgres.may_change_tables(connection) else []
    return [role for role in roles if not rights.standing(connection, role)]


def _look_at_users(store: Store) -> None:
    """That none of them can put anything in the way of what the owner is about to run. Raises `GrantError`."""
    if store.file:
        return
    with store.write() as session:
        for role in _users(session.connection()):
            rights.keep_from_making(session.connection(), role)


def _granted_again(store: Store) -> list[str]:
    """Tables that are new are nobody else's yet. Nothing is taken away: processes of the release before still run."""
    if store.file:
        return []
    with store.write() as session:
        roles = _users(session.connection())
        for role in roles:
            rights.grant(session.connection(), role, only_adds=True)
    return roles


@db.command()
def grant(
    role: Annotated[str, typer.Argument(help="A user of the server, who is there already and owns nothing here.")],
    sql: Annotated[bool, typer.Option("--sql", help="Print the statements, and do nothing.")] = False,
) -> None:
    """Let a user of the server do what a running Vaglio does, table by table, and nothing else.

    They cannot change or delete an entry of the ledger, nor its guards. As the owner: VAGLIO_DATABASE_OWNER_URL.
    """
    settings = read_settings()
    wording = Wording(tongue(settings))
    if "://" in role:
        raise SettingsError(saying("ROLE (vaglio db grant): this is an address. Name the user alone, such as vaglio."))
    with closing(owners_store(settings)) as store:
        if store.file:
            raise SettingsError(saying("VAGLIO_DATABASE_URL: only PostgreSQL has users with rights of their own."))
        if store.form() is None:
            raise RecordError("none", store.place)
        if sql:
            with store.read() as session:
                for statement in rights.statements(session.connection(), role):
                    terminal().print(f"{statement};")
            return
        _look_at_role(store, role)
        with store.write() as session:
            rights.grant(session.connection(), role)
    terminal().print(wording.say("{role} can do what a running Vaglio does, and no more.", role=role))


def _look_at_role(store: Store, role: str) -> None:
    """Raises `SettingsError` for one that is not there, or that could do everything anyway."""
    with store.read() as session:
        found = rights.standing(session.connection(), role)
    if found is None:
        raise SettingsError(
            saying("{role}: there is no such user. Make it: CREATE ROLE {role} LOGIN PASSWORD '...'", role=role)
        )
    if found:
        raise SettingsError(
            saying("{role}: it owns the tables or is a superuser: no grant takes that away. Name another.", role=role)
        )


def _form_found(store: Store) -> str | None:
    try:
        return store.form()
    except RecordError as error:
        if error.code != "none":
            raise
        return None


def _form_told(found: str | None, wording: Wording) -> str:
    newest = form.newest()
    if found is None:
        return wording.say("There are no tables yet.")
    if found == newest:
        return wording.say("Form of the tables: {form}, the newest", form=found)
    if form.is_newer(found):
        return wording.say("Form of the tables: {form}; this Vaglio knows {newest}: it is older", form=found,
                           newest=newest)  # fmt: skip
    return wording.say("Form of the tables: {form}; the newest is {newest}: vaglio db migrate", form=found,
                       newest=newest)  # fmt: skip
