"""`vaglio knowledge ...`: what the company alone knows, taken in as keyed hashes or vectors."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.build import AUTHOR, Record, open_collections, open_judges, open_knowledge, terminal, tongue
from bot.cli.exits import EXIT_IO
from bot.cli.reporting import reporting
from bot.knowledge import Make
from bot.settings import Settings, read_settings
from bot.wording import Wording
from rules.knowledge.documents import add_documents
from rules.knowledge.reading import documents_in, read_document
from rules.knowledge.sentences import add_sentences
from rules.knowledge.store import KnowledgeError, Manifest
from rules.knowledge.tables import add_table
from rules.unavailable import Unavailable

knowledge = typer.Typer(
    no_args_is_help=True, help="Take in what the company alone knows: tables, documents, sentences."
)

Name = Annotated[str | None, typer.Option("--name", help="What rules call it; the file's or folder's name by default.")]
Json = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


@knowledge.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="A table (CSV): the first line names the columns.")],
    columns: Annotated[str, typer.Option("--columns", help="The columns to take, with commas between.")],
    name: Name = None,
    encoding: Annotated[str, typer.Option("--encoding", help="How the file is written; often cp1252.")] = "utf-8-sig",
) -> int:
    """Take a table's columns in (customers, employees): only keyed hashes are kept."""
    settings = read_settings()
    wanted = [column.strip() for column in columns.split(",") if column.strip()]
    wording = Wording(tongue(settings))
    try:
        with reporting() as report:
            found = _taken_in(
                settings,
                lambda place: add_table(
                    place, name or _name_of(file), file, wanted, lambda done: report(file.name, done), encoding=encoding
                ),
            )
    except KnowledgeError as error:
        return _failed(error)
    terminal().print(
        wording.say("{name}: {rows} rows, {values} values kept as keyed hashes.", name=found.name,
                    rows=f"{found.about['rows']:,}", values=f"{found.about['values']:,}")
    )  # fmt: skip
    if short := found.about["unfit"]:
        terminal().print(wording.count("{number} value is too short or too long to be looked for.",
                                       "{number} values are too short or too long to be looked for.",
                                       short))  # fmt: skip
    return 0


@knowledge.command("add-docs")
def add_docs(
    folder: Annotated[Path, typer.Argument(help="A folder of txt, md, html, docx, pptx and pdf files.")],
    name: Name = None,
    skip: Annotated[bool, typer.Option("--skip-unreadable", help="Go on without files that cannot be read.")] = False,
) -> int:
    """Take documents in: a draft that quotes ten words of one in a row is found. Hashes and names of files are kept."""
    settings = read_settings()
    wording = Wording(tongue(settings))
    unread: list[KnowledgeError] = []
    try:
        if not folder.is_dir():
            raise KnowledgeError(f"{folder}: a folder is wanted")
        paths = list(documents_in(folder))
        with reporting() as report:
            texts = _texts(folder, paths, unread, report, skip=skip)
            found = _taken_in(settings, lambda place: add_documents(place, name or _name_of(folder), texts))
    except KnowledgeError as error:
        return _failed(*unread, error)
    for each in unread:
        sys.stderr.write(f"{each}\n")
    terminal().print(
        wording.count("{name}: {number} document kept as keyed hashes.",
                      "{name}: {number} documents kept as keyed hashes.", len(found.about["documents"]),
                      name=found.name)
    )  # fmt: skip
    return 0


def _texts(
    folder: Path, paths: list[Path], unread: list[KnowledgeError], report: Any, *, skip: bool
) -> Iterator[tuple[str, str]]:
    for number, path in enumerate(paths, start=1):
        try:
            yield str(path.relative_to(folder)), read_document(path)
        except KnowledgeError as error:
            unread.append(error)
        report(folder.name, number / len(paths))
    if unread and not skip:
        raise KnowledgeError("Nothing was changed. Mend these files, or leave them out with --skip-unreadable.")


@knowledge.command("add-sentences")
def add_sentences_(
    file: Annotated[Path, typer.Argument(help="A text (txt, md) in UTF-8: a sentence a line; # begins a comment.")],
    name: Name = None,
) -> int:
    """Take key sentences in: a draft that says one in other words is found. Vectors are kept, and no words."""
    settings = read_settings()
    wording = Wording(tongue(settings))
    try:
        with reporting() as report:
            judges = open_judges(settings, report)
            found = _taken_in(
                settings,
                lambda place: add_sentences(
                    place, name or _name_of(file), file,
                    lambda texts: judges.encoder().read_each(texts), lambda done: report(file.name, done),
                ),
            )  # fmt: skip
    except Unavailable as missing:
        said = wording.say("it cannot be opened: {reason}", reason=str(missing.__cause__ or missing))
        sys.stderr.write(f"{missing.reason.partition(':')[2]}: {said}\n")
        return EXIT_IO
    except KnowledgeError as error:
        return _failed(error)
    terminal().print(
        wording.count("{name}: {number} sentence kept as a vector, without its words.",
                      "{name}: {number} sentences kept as vectors, without their words.", found.about["sentences"],
                      name=found.name)
    )  # fmt: skip
    return 0


@knowledge.command("list")
def list_(as_json: Json = False) -> int:
    """Say what there is, without a word of its content."""
    settings = read_settings()
    wording = Wording(tongue(settings))
    held = open_knowledge(settings)
    found = list(held.names())
    if as_json:
        sys.stdout.write(json.dumps([_plain(one) for one in found]) + "\n")
        return 0
    if not found:
        terminal().print(wording.say("Nothing yet: vaglio knowledge add customers.csv --columns name,email"))
    for one in found:
        usable = one.key == held.keyed.mark
        detail = _detail(one, wording)
        wrong = "" if usable else wording.say(" (made with another key: add it again)")
        terminal().print(f"{'✓' if usable else '✗'} {one.name}: {detail}, {one.made[:10]}{wrong}")
    return 0


def _detail(one: Manifest, wording: Wording) -> str:
    if "rows" in one.about:
        return f"{one.about['rows']:,} × {', '.join(one.about['columns'])}"
    if "sentences" in one.about:
        return wording.count("{number} sentence", "{number} sentences", one.about["sentences"])
    return wording.count("{number} document", "{number} documents", len(one.about["documents"]))


def _plain(one: Manifest) -> dict[str, Any]:
    return {**asdict(one), "about": {key: value for key, value in one.about.items() if key != "documents"}}


@knowledge.command()
def remove(name: Annotated[str, typer.Argument(help="What is to be forgotten.")]) -> int:
    """Forget a table or a collection: rules that need it are unchecked from then on."""
    settings = read_settings()
    try:
        record = Record.open(settings)
        by = record.people.person(AUTHOR)
        open_collections(settings, record).remove(name, by=by, at=datetime.now(UTC))
    except KnowledgeError as error:
        return _failed(error)
    terminal().print(Wording(tongue(settings)).say("{name} is forgotten.", name=name))
    return 0


def _taken_in(settings: Settings, make: Make) -> Manifest:
    """On record, and in force in every process. Raises `KnowledgeError`, and what the record raises."""
    record = Record.open(settings)
    by = record.people.person(AUTHOR)
    return open_collections(settings, record).add(make, by=by, at=datetime.now(UTC))


def _name_of(path: Path) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in path.resolve().stem.lower()).strip("-")


def _failed(*errors: KnowledgeError) -> int:
    for error in errors:
        sys.stderr.write(f"{error}\n")
    return EXIT_IO
