"""What stands on a proposal's page: its faults, its difference in meaning, its tests, and what can be done. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.differences import ORDER, told
from bot.proposals.proposed import ProposalError
from bot.wording import Wording
from rules.comparing import Comparison, Row
from rules.policy import Policy
from rules.problems import Problem


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a file, and where."""

    name: str
    """Of the file, in the bundle."""
    shown: str
    line: int
    column: int
    message: str
    snippet: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that is other than before, and whether it could be put on trial first."""

    id: str
    is_there: bool
    can_wait: bool


def faults_of(problems: Sequence[Problem], language: str) -> list[Fault]:
    return [
        Fault(
            name=one.place.file,
            shown=one.place.file.partition("/")[2] or one.place.file,
            line=one.place.line,
            column=one.place.column,
            message=one.say(language),
            snippet=one.place.snippet,
        )
        for one in problems
    ]


def lines_of(comparison: Comparison, language: str) -> list[tuple[str, bool]]:
    """The difference in meaning, a line each; whether it is a heading."""
    return [(line, not line.startswith(" ")) for line in told(comparison, language)]


def rules_of(comparison: Comparison, policy: Policy) -> list[RuleChange]:
    """In the order in which they are told."""
    rows = [row for kind in ORDER for row in comparison.of(kind, "rule")]
    return [RuleChange(row.id, row.kind != "gone", _can_wait(row, policy)) for row in rows]


def _can_wait(row: Row, policy: Policy) -> bool:
    rule = policy.rule(row.id)
    return rule is not None and rule.state == "live" and row.kind in ("new", "stricter", "changed")


def refusal(error: ProposalError, wording: Wording) -> str:
    """Why it cannot be done, and what to do instead."""
    say, file = wording.say, error.file.partition("/")[2]
    match error.code:
        case "gone":
            return say("This change is not under way any more: it was published or taken back.")
        case "edited":
            return say("Somebody else saved this meanwhile, and yours was not saved: look at theirs, then try again.")
        case "moved":
            return say("Another policy was published meanwhile: bring the change over to it first.")
        case "fails":
            return say("Nothing was published: some rules do not behave on their examples. Mend this first.")
        case "alone":
            return say("A second person, who wrote none of it, has to agree first.")
        case "own":
            return say("Whoever wrote any of it cannot be the second person.")
        case "same":
            return say("It changes nothing that counts: there is nothing to publish.")
        case "conflict":
            return say(
                "In {file} both changed the same lines: nothing was brought over. Begin a new change from what is in "
                "force, and take yours into it.",
                file=file,
            )
        case "unseen":
            return say("Somebody changed it after you opened this page, and nothing was done: below is how it is now.")
