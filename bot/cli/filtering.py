"""What entries are chosen by on the command line: the same options to find them and to export them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from bot.audit.facets import Part
from bot.audit.filters import Filters, stretch
from bot.audit.spoken import KINDS
from bot.cli.build import open_policy
from bot.settings import Settings
from rules.draft import Account, Channel
from rules.verdict import Outcome


def _kind(given: str | None) -> str | None:
    """Raises `typer.BadParameter` for a kind that no entry has."""
    if given is not None and given not in KINDS:
        raise typer.BadParameter(f"there is no such kind of entry. There are: {', '.join(KINDS)}.")
    return given


Since = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day.", metavar="DAY")]
Until = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day.", metavar="DAY")]
InWords = Annotated[
    str | None, typer.Option("--text", help='In the masked words: words, "phrases" and beginnings*; all must be there.')
]
OfOutcome = Annotated[Outcome | None, typer.Option("--outcome", help="Of the check.")]
OfRule = Annotated[str | None, typer.Option("--rule", help="A rule, or how rules begin: 'tone.*'.")]
AsPart = Annotated[Part | None, typer.Option("--part", help="Why the entry names the rule.")]
OfClause = Annotated[str | None, typer.Option("--clause", help="Of a finding.")]
OnChannel = Annotated[Channel | None, typer.Option("--channel", help="Where the draft was to go.")]
OnAccount = Annotated[Account | None, typer.Option("--account", help="In whose name.")]
OfKind = Annotated[str | None, typer.Option("--kind", callback=_kind, help=f"Of entry: {', '.join(KINDS)}.")]
OfPolicy = Annotated[str | None, typer.Option("--policy", help="A revision.")]
OfPerson = Annotated[str | None, typer.Option("--person", help="A pseudonym: who did it, or of whom it is.")]
OfOwner = Annotated[str | None, typer.Option("--owner", help="Who was asked, or decided.")]
OfRuling = Annotated[str | None, typer.Option("--ruling", help="approved, rejected, change, upheld or overturned.")]


@dataclass(frozen=True, slots=True)
class Days:
    """A stretch of days, as the policy's time zone has them."""

    since: datetime | None
    until: datetime | None

    @classmethod
    def of(cls, since: datetime | None, until: datetime | None, settings: Settings) -> Days:
        """Raises `typer.BadParameter` for days in the wrong order."""
        if since is None and until is None:
            return cls(None, None)
        if since and until and until < since:
            raise typer.BadParameter("the last day comes before the first", param_hint="--until")
        first, last = (day.date() if day else None for day in (since, until))
        return cls(*stretch(first, last, open_policy(settings).zone))


def filters_of(
    settings: Settings, since: datetime | None, until: datetime | None, **said: str | Part | None
) -> Filters:
    """What was asked for by these options; `said` by the names that the filters have. Raises `typer.BadParameter`."""
    days = Days.of(since, until, settings)
    return Filters(since=days.since, until=days.until, **said)  # type: ignore[arg-type]
