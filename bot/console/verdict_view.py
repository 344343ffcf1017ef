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


@dataclass(frozen=True, slots=True)
class View:
    reply: Reply
    standing: Standing
    stretches: tuple[Stretch, ...]
    language: str | None
    """Of the draft, for its `lang` attribute."""

    @property
    def has_marks(self) -> bool:
        return any(stretch.severity for stretch in self.stretches)


def view_of(screening: Screening, policy: Policy, language: str, *, is_recorded: bool) -> View:
    """What the page shows of a screening, in the reader's language."""
    # A page has room for the whole draft.
    reply = reply_to(screening, policy, language, room=len(screening.draft.text))
    kept = Standing.FORGOTTEN if screening.is_forgotten else Standing.RECORDED
    return View(
        reply=reply,
        standing=kept if is_recorded else Standing.PREVIEWED,
        stretches=tuple(_stretches(reply)),
        language=screening.verdict.language,
    )


def _stretches(reply: Reply) -> list[Stretch]:
    severities = {remark.number: remark.severity for remark in reply.remarks}
    following = [*(piece.marks for piece in reply.pieces[1:]), ()]
    stretches = []
    for piece, after in zip(reply.pieces, following, strict=False):
        worst = max((severities[number] for number in piece.marks), key=lambda severity: severity.rank, default=None)
        # Marks that overlap cut a place in pieces; its number is said once, at the end of it.
        ending = tuple(number for number in piece.marks if number not in after)
        stretches.append(Stretch(piece.text, worst, ending))
    return stretches
