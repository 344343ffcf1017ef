"""A `Reply` as the page shows it: which run of the draft is marked how, and where a remark's number stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.prescreen import Screening
from bot.reply import Reply, reply_to
from rules.policy import Policy
from rules.verdict import Severity


class Standing(StrEnum):
    """What has become of the check that the page shows."""

    PREVIEWED = "previewed"
    RECORDED = "recorded"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of the draft with the worst severity that it is marked with, and the remarks whose place ends here."""

    text: str
    severity: Severity | None = None
    numbers: tuple[int, ...] = ()
    marks: tuple[int, ...] = ()
    """All that is said of it, the worst first."""


@dataclass(frozen=True, slots=True)
class View:
    reply: Reply
    standing: Standing
    stretches: tuple[Stretch, ...]
    may_be_mended: bool = False
    """Whether it is still to be found out if there is a better wording."""

    @property
    def has_marks(self) -> bool:
        return any(stretch.severity for stretch in self.stretches)


def preview_of(screening: Screening, policy: Policy, language: str) -> View:
    """What the page shows of a screening that nobody keeps, in the reader's language."""
    # A page has room for the whole draft.
    reply = reply_to(screening, policy, language, room=len(screening.draft.text))
    may_be_mended = screening.rewrite is None and bool(screening.verdict.findings)
    return View(reply, Standing.PREVIEWED, stretches_of(reply), may_be_mended)


def view_of(reply: Reply) -> View:
    """What the page shows of a check that was recorded."""
    # Whatever is kept can be forgotten, by a button; of what is forgotten already, nothing can be done.
    kept = Standing.RECORDED if reply.buttons else Standing.FORGOTTEN
    return View(reply, kept, stretches_of(reply))


def stretches_of(reply: Reply) -> tuple[Stretch, ...]:
    """The draft that an answer or a card shows, run by run."""
    severities = {remark.number: remark.severity for remark in reply.remarks}
    following = [*(piece.marks for piece in reply.pieces[1:]), ()]
    stretches = []
    for piece, after in zip(reply.pieces, following, strict=False):
        # Of a rule that the policy no longer has, a card marks the place and says nothing.
        told = [number for number in piece.marks if number in severities]
        worst = max((severities[number] for number in told), key=lambda severity: severity.rank, default=None)
        # Marks that overlap cut a place in pieces; its number is said once, at the end of it.
        ending = tuple(number for number in told if number not in after)
        stretches.append(Stretch(piece.text, worst, ending, tuple(told)))
    return tuple(stretches)
