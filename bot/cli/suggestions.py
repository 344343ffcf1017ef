"""`vaglio policy suggestions`: what appeals have shown a rule to be wrong about, as examples for it to allow."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.appeals import Appealed, Standing
from bot.audit.looks import look
from bot.cli.build import AUTHOR, Record, open_cabinet, terminal, tongue
from bot.settings import read_settings
from bot.wording import Wording


def suggestions(as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False) -> None:
    """List overturned findings by rule, ready to be pasted under its `examples: allow:`."""
    settings = read_settings()
    record = Record.open(settings)
    appeals = open_cabinet(settings, record).appeals
    look(record.ledger, [], by=record.people.person(AUTHOR), at=datetime.now(UTC), why="suggestions")
    by_rule: dict[str, list[Appealed]] = defaultdict(list)
    for appeal in appeals.standing(Standing.OVERTURNED):
        by_rule[appeal.rule].append(appeal)
    if as_json:
        rows = {rule: [_row(appeal) for appeal in some] for rule, some in sorted(by_rule.items())}
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        return
    wording, out = Wording(tongue(settings)), terminal()
    if not by_rule:
        out.print(wording.say("No appeal has been granted yet: there is nothing to suggest."))
    for rule, some in sorted(by_rule.items()):
        out.print(f"{rule}:\n  allow:")
        for appeal in some:
            # JSON's strings are YAML's too.
            out.print(f"    - {json.dumps(appeal.passage or '', ensure_ascii=False)}  # {appeal.id}, {appeal.reason}")


def _row(appeal: Appealed) -> dict[str, str | None]:
    return {
        "appeal": appeal.id,
        "at": appeal.at.isoformat(),
        "passage": appeal.passage,
        "why": appeal.why,
        "reason": appeal.reason,
    }
