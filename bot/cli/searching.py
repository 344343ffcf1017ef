"""`vaglio audit search` and `vaglio audit index`: finding entries again, by what they say and by their masked words."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from bot.audit.errors import RecordError
from bot.audit.facets import Facets, words_of
from bot.audit.index import Filters, Index, Page
from bot.audit.looks import look
from bot.audit.spoken import Spoken
from bot.audit.terms import Question
from bot.audit.vault import VaultError
from bot.cli.audit import Json, audit
from bot.cli.build import AUTHOR, Record, terminal, tongue
from bot.cli.filtering import (
    AsPart,
    InWords,
    OfClause,
    OfKind,
    OfOutcome,
    OfOwner,
    OfPerson,
    OfPolicy,
    OfRule,
    OfRuling,
    OnAccount,
    OnChannel,
    Since,
    Until,
    filters_of,
)
from bot.cli.listing import Row, listing
from bot.cli.reporting import reporting
from bot.settings import read_settings
from bot.wording import Wording


@audit.command()
def search(
    text: InWords = None,
    since: Since = None,
    until: Until = None,
    outcome: OfOutcome = None,
    rule: OfRule = None,
    part: AsPart = None,
    clause: OfClause = None,
    channel: OnChannel = None,
    account: OnAccount = None,
    kind: OfKind = None,
    policy: OfPolicy = None,
    person: OfPerson = None,
    owner: OfOwner = None,
    ruling: OfRuling = None,
    newest: Annotated[int, typer.Option("-n", "--newest", min=1, max=1_000, help="How many entries.")] = 20,
    after: Annotated[int | None, typer.Option(min=1, max=2**31 - 1, help="Only entries older than this one.")] = None,
    with_words: Annotated[
        bool, typer.Option("--words", help="With the words that belong to them; looking at them goes on record.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Find entries, the newest first."""
    settings = read_settings()
    filters = filters_of(
        settings, since, until, outcome=outcome, rule=rule, part=part, clause=clause, channel=channel,
        account=account, kind=kind, policy=policy, pseudonym=person, owner=owner, ruling=ruling, text=text,
    )  # fmt: skip
    record = Record.open(settings)
    page = Index(record.store, record.ledger).search(filters, newest=newest, after=after)
    words = _words(record, [hit.seq for hit in page.hits if hit.holder]) if with_words else {}
    _tell(page, words, filters, Wording(tongue(settings)), as_json=as_json)
    return 0


def _tell(page: Page, words: dict[int, bytes], filters: Filters, wording: Wording, *, as_json: bool) -> None:
    if missing := page.told(wording):
        sys.stderr.write(f"{missing}\n")
    if as_json:
        for hit in page.hits:
            sys.stdout.write(json.dumps(_line(hit, words, filters), ensure_ascii=False) + "\n")
        return
    if not page.hits:
        sys.stderr.write(wording.say("Nothing was found.") + "\n")
        if filters.rule and "." not in filters.rule and "*" not in filters.rule:
            hint = wording.say("For all rules that begin so: --rule '{rule}.*'", rule=filters.rule)
            sys.stderr.write(hint + "\n")
        return
    _print(page.hits, words, filters, wording)
    if page.next:
        terminal().print(wording.say("There is more: --after {seq}", seq=page.next))


@audit.command("index")
def index_(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Throw it away, and make it anew.")] = False,
) -> int:
    """Bring the search index up to the newest entry; searching does so by itself."""
    settings = read_settings()
    record = Record.open(settings)
    wording = Wording(tongue(settings))
    index = Index(record.store, record.ledger)
    with reporting() as report:
        what = wording.say("Search index")
        taken = (index.rebuild if rebuild else index.catch_up)(lambda seen, last: report(what, seen / last))
    terminal().print(wording.count("{number} entry taken in.", "{number} entries taken in.", taken))
    return 0


def _words(record: Record, seqs: Sequence[int]) -> dict[int, bytes]:
    if not seqs:
        return {}
    try:
        return look(record.ledger, seqs, by=record.people.person(AUTHOR), at=datetime.now(UTC), why="search")
    except VaultError:
        raise RecordError("broken", ", ".join(f"#{seq}" for seq in seqs)) from None


def _line(hit: Facets, words: dict[int, bytes], filters: Filters) -> dict[str, Any]:
    said = {
        "seq": hit.seq, "at": hit.at, "kind": hit.kind, "subject": hit.subject, "actor": hit.actor,
        "holder": hit.holder, "outcome": hit.outcome, "draft": hit.draft, "account": hit.account,
        "channel": hit.channel, "language": hit.language, "policy": hit.policy, "ruling": hit.ruling,
        "screening": hit.screening, "owners": list(hit.owners),
        "rules": [
            {"rule": named.rule, "part": named.part.value, "clause": named.clause or None,
             "severity": named.severity or None, "reason": named.reason or None, "count": named.count}
            for named in hit.rules
        ],
    }  # fmt: skip
    if hit.seq in words:
        texts = words_of(hit.kind, words[hit.seq])
        said["words"] = [{"text": text, "found": [list(each) for each in _places(filters, text)]} for text in texts]
    return said


def _print(hits: Sequence[Facets], words: dict[int, bytes], filters: Filters, wording: Wording) -> None:
    out, by_number = terminal(), {hit.seq: hit for hit in hits}
    for row, lines in listing([_row(hit) for hit in hits], Spoken.of(wording), out.width):
        for line in lines:
            out.print(line)
        if row and row.seq in words:
            # Under each entry its words, for which no column is wide enough.
            for text in words_of(by_number[row.seq].kind, words[row.seq]):
                out.print(Text("      ").append(_marked(text, filters)))


def _row(hit: Facets) -> Row:
    return Row(hit.seq, hit.at, hit.kind, hit.actor, hit.outcome, hit.ruling, tuple(named.rule for named in hit.rules))


def _marked(text: str, filters: Filters) -> Text:
    """What was looked for between two signs that stay when the colours go."""
    shown, done = Text(), 0
    for start, end in _places(filters, text):
        shown.append(text[done:start]).append(f"«{text[start:end]}»", style="bold reverse")
        done = end
    return shown.append(text[done:])


def _places(filters: Filters, text: str) -> list[tuple[int, int]]:
    question: Question | None = filters.question
    return question.places(text) if question else []
