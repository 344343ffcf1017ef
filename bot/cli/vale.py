"""`vaglio policy import-vale`: a style that a company already has for Vale, as a pack."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.build import terminal, tongue
from bot.cli.exits import EXIT_POLICY
from bot.wording import Wording
from rules.vale import Import, StyleError, import_styles


def import_vale(
    source: Annotated[Path, typer.Argument(metavar="DIR|ZIP", help="A Vale style: its folder, or a .zip of several.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs; the pack goes to --out alone.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Where the pack goes; the terminal by default.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="The pack's name; the style's by default.")] = None,
) -> int:
    """Make a pack of a Vale style, and say which of its rules do not carry over and why."""
    language = tongue()
    try:
        found = import_styles(source, name)
    except StyleError as error:
        sys.stderr.write(error.show(language) + "\n")
        return EXIT_POLICY
    if found.imported and out is not None:
        out.write_text(found.pack, encoding="utf-8")
    if as_json:
        skipped = [{"rule": each.rule, "reason": each.reason.say(language)} for each in found.skipped]
        sys.stdout.write(json.dumps({"imported": found.imported, "skipped": skipped}, ensure_ascii=False) + "\n")
    else:
        if found.imported and out is None:
            sys.stdout.write(found.pack)
        _tell(found, out, Wording(language))
    return 0 if found.imported else EXIT_POLICY


def _tell(found: Import, out: Path | None, wording: Wording) -> None:
    """Where the pack itself is on the terminal, what is said about it goes beside it."""
    said = terminal(errors=out is None)
    said.print(wording.count("{number} rule carried over.", "{number} rules carried over.", len(found.imported)))
    if found.skipped:
        said.print(wording.count("{number} did not:", "{number} did not:", len(found.skipped)))
    width = max((len(each.rule) for each in found.skipped), default=0)
    for each in found.skipped:
        said.print(f"  {each.rule:<{width}}  {each.reason.say(wording.language)}")
    if found.imported and out is not None:
        said.print(wording.say("The pack is in {file}. Try it: vaglio policy test {file}", file=out))
