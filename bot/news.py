"""What owners are shown of a draft, and what a writer is told of it later: cards and news, put into words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from babel.dates import format_datetime

from bot.appeals import Appealed, Standing
from bot.choices import rulings, verdicts
from bot.drafts import HeldDraft
from bot.matter import Matter
from bot.naming import context_name
from bot.pieces import Piece, pieces_of
from bot.reply import Remark, Reply, remark_on
from bot.review import Asked, Ruling
from bot.wording import Wording
from rules.draft import Account, Channel, Kind
from rules.localized import say
from rules.policy import Owner, Policy

ROOM = 1_600
"""Characters of a draft that a card shows."""
GLIMPSE = 120
"""Of one, by which its writer knows it again."""
_SIGNS = {
    Ruling.OPEN: "✋", Ruling.APPROVED: "✅", Ruling.REJECTED: "⛔", Ruling.CHANGE: "✏️", Ruling.WITHDRAWN: "↩️",
}  # fmt: skip


def moment(at: datetime, zone: tzinfo, language: str) -> str:
    """A moment as its reader says it, in their zone."""
    return format_datetime(at, "EEE d MMM, HH:mm", tzinfo=zone, locale=language)


def card(seat: Asked, matter: Matter, policy: Policy, language: str, owner: str, *, room: int = ROOM) -> Reply:
    """What `owner` is shown: the masked draft and what was found, until it is settled or passed on; then only that.

    `room`: characters of the draft.
    """
    wording = Wording(language)
    if seat.owner != owner:
        title = wording.say("Passed on to: {owner}", owner=names_of([seat.owner], policy, language))
        return Reply(seat.screening, None, title, "", sign="↪️", footer=wording.say("Check {id}", id=seat.screening))
    if seat.state is not Ruling.OPEN:
        return Reply(
            screening=seat.screening, outcome=None, sign=_SIGNS[seat.state], title=settled(seat, wording),
            summary=seat.reason or "", footer=wording.say("Check {id}", id=seat.screening),
        )  # fmt: skip
    order = sorted({fault.rule: fault for fault in reversed(matter.faults)}.values(), key=lambda f: -f.severity.rank)
    numbers = {fault.rule: number for number, fault in enumerate(order, start=1)}
    remarks = [
        remark_on(numbers[fault.rule], fault.rule, fault.severity, policy, wording)
        for fault in order
        if policy.rule(fault.rule)
    ]
    return Reply(
        screening=seat.screening,
        outcome=None,
        sign=_SIGNS[Ruling.OPEN],
        title=wording.say("A draft needs a yes from: {owner}", owner=names_of([seat.owner], policy, language)),
        summary="\n".join(_context(seat, matter, policy, wording)),
        pieces=_pieces(matter, numbers, room),
        remarks=tuple(remarks),
        footer=wording.say("Approving covers exactly these words. Check {id}", id=seat.screening),
        buttons=rulings(seat, language),
    )


def _context(seat: Asked, matter: Matter, policy: Policy, wording: Wording) -> list[str]:
    language = wording.language
    kind, channel, account = Kind(matter.kind), Channel(matter.channel), Account(matter.account)
    lines = [context_name(kind, channel, account, wording, is_own=False)]
    if matter.text is None:
        lines.append(wording.say("I cannot show its words safely: ask its writer, through Change."))
    if matter.in_reply_to:
        lines.append(wording.say("It replies to: «{words}»", words=glimpse(matter.in_reply_to)))
    if seat.due is not None:
        lines.append(wording.say("An answer is due by {when}.", when=moment(seat.due, zone_of(seat, policy), language)))
    if seat.step == 1:
        lines.append(wording.say("A reminder: its writer is waiting."))
    if seat.owner != seat.asked:
        lines.append(wording.say("First asked: {owner}.", owner=names_of([seat.asked], policy, language)))
    if seat.taken_by:
        lines.append(wording.say("{name} is looking at it.", name=seat.by or wording.say("Somebody")))
    return lines


def settled(seat: Asked, wording: Wording) -> str:
    """What became of a seat, and by whose word."""
    name = seat.by or wording.say("Somebody")
    match seat.state:
        case Ruling.APPROVED:
            return wording.say("Approved by {name}", name=name)
        case Ruling.REJECTED:
            return wording.say("Rejected by {name}", name=name)
        case Ruling.CHANGE:
            return wording.say("{name} asked for a change", name=name)
        case _:
            return wording.say("No longer needed: the draft was taken back, or decided elsewhere")


def _pieces(matter: Matter, numbers: dict[str, int], room: int) -> tuple[Piece, ...]:
    return tuple(pieces_of(matter.text, matter.faults, numbers, room)) if matter.text else ()


# --- For the writer --------------------------------------------------------------------------------------------------


def ruled(seats: Sequence[Asked], held: HeldDraft | None, policy: Policy, language: str) -> Reply:
    """What owners have said so far."""
    wording = Wording(language)
    whole = seats[0].whole
    titles = {
        Ruling.APPROVED: wording.say("Your draft is approved"),
        Ruling.REJECTED: wording.say("Your draft was not approved"),
        Ruling.CHANGE: wording.say("A change is asked for"),
        Ruling.WITHDRAWN: wording.say("The question was taken back"),
        Ruling.OPEN: wording.say("A first answer about your draft"),
    }
    lines = [line for seat in seats if (line := _word(seat, policy, wording))]
    return _about(held, seats[0].screening, _SIGNS[whole], titles[whole], lines)


def _word(seat: Asked, policy: Policy, wording: Wording) -> str | None:
    owner = names_of([seat.owner], policy, wording.language)
    match seat.state:
        case Ruling.APPROVED:
            said = wording.say("{owner}: yes.", owner=owner)
        case Ruling.REJECTED:
            said = wording.say("{owner}: no.", owner=owner)
        case Ruling.CHANGE:
            said = wording.say("{owner} asks for a change.", owner=owner)
        case Ruling.OPEN:
            return wording.say("{owner}: not answered yet.", owner=owner)
        case _:
            return None
    return f"{said} «{seat.reason}»" if seat.reason else said


def taken(seat: Asked, held: HeldDraft | None, policy: Policy, language: str) -> Reply:
    """Somebody looks at it."""
    wording = Wording(language)
    title = wording.say("{owner}: somebody is looking at your draft", owner=names_of([seat.owner], policy, language))
    return _about(held, seat.screening, "👀", title, [])


def slow(seat: Asked, held: HeldDraft | None, policy: Policy, language: str, zone: tzinfo) -> Reply:
    """Nobody answered in time: who is asked now, or that nobody is left."""
    wording = Wording(language)
    if seat.due is None:
        title = wording.say("Nobody has answered about your draft")
        line = wording.say("Please do not publish it yet: it is not approved. Call them, or change the draft.")
        return _about(held, seat.screening, "⏳", title, [line])
    owner, when = names_of([seat.owner], policy, language), moment(seat.due, zone, language)
    title = wording.say("Your draft is still waiting")
    line = (
        wording.say("I have reminded {owner}; after {when} I ask whoever is next.", owner=owner, when=when)
        if seat.step == 1
        else wording.say("Now I have asked {owner}, who has until {when}.", owner=owner, when=when)
    )
    return _about(held, seat.screening, "⏳", title, [line])


def appeal_card(appeal: Appealed, policy: Policy, language: str) -> Reply:
    """What communications is shown of a disagreement."""
    wording = Wording(language)
    rule = policy.rule(appeal.rule)
    remarks: tuple[Remark, ...] = (remark_on(1, rule.id, rule.severity, policy, wording),) if rule else ()
    lines = [wording.say("Its writer says: «{why}»", why=appeal.why)]
    if appeal.passage is None:
        lines.append(wording.say("I cannot show the passage safely."))
    if appeal.state is not Standing.OPEN:
        name = appeal.by or wording.say("Somebody")
        is_right = appeal.state is Standing.OVERTURNED
        title = (
            wording.say("{name}: the writer is right", name=name)
            if is_right
            else wording.say("{name}: the rule is right", name=name)
        )
        if is_right:
            lines.append(wording.say("Suggested as an example to allow: vaglio policy suggestions"))
        return Reply(appeal.screening, None, title, "\n".join([appeal.reason or "", *lines[1:]]).strip(), sign="⚖️")
    return Reply(
        screening=appeal.screening,
        outcome=None,
        sign="⚖️",
        title=wording.say("A writer disagrees with a rule"),
        summary="\n".join(lines),
        pieces=(Piece(appeal.passage, (1,) if remarks else ()),) if appeal.passage else (),
        remarks=remarks,
        footer=appeal.rule,
        buttons=verdicts(appeal, language),
    )


def heard(appeal: Appealed, held: HeldDraft | None, language: str) -> Reply:
    """An appeal is decided."""
    wording = Wording(language)
    if appeal.state is Standing.OVERTURNED:
        title = wording.say("You were right")
        lines = [wording.say("I will not say that again of the same words. Thank you: the rule gets better by it.")]
    else:
        title = wording.say("The rule stays")
        lines = []
    if appeal.reason:
        lines.insert(0, f"«{appeal.reason}»")
    return _about(held, appeal.screening, "⚖️", title, lines)


def since(earlier: HeldDraft, now: HeldDraft, wording: Wording) -> str:
    """What has changed from one check of a draft to the next."""
    before, after = ({fault.rule for fault in held.in_the_way} for held in (earlier, now))
    if not before and not after:
        return ""
    mended, left, new = len(before - after), len(before & after), len(after - before)
    return wording.say(
        "Since the last check: {mended} mended, {left} left, {new} new.", mended=mended, left=left, new=new
    )


def digest(owner: Owner, seats: Sequence[Asked], policy: Policy, language: str) -> Reply:
    """What waits for an owner, once a day; the cards themselves are where they were posted."""
    wording = Wording(language)
    zone = policy.hours_of(owner).zone
    lines = [
        wording.say("Check {id}: due {when}", id=seat.screening, when=moment(seat.due, zone, language))
        if seat.due
        else wording.say("Check {id}: overdue, and nobody is next", id=seat.screening)
        for seat in seats
    ]
    title = wording.count("One draft waits for you", "{number} drafts wait for you", len(seats))
    return Reply("", None, title, "\n".join(lines), sign="☕")


def _about(held: HeldDraft | None, screening: str, sign: str, title: str, lines: Sequence[str]) -> Reply:
    # Masked, for it may be read over a shoulder; what cannot be masked is not shown.
    pieces = (Piece(glimpse(held.masked.text)),) if held and held.masked else ()
    return Reply(screening, None, title, "\n".join(lines), pieces, sign=sign)


def glimpse(text: str, most: int = GLIMPSE) -> str:
    """Its first words, by which a draft is known again."""
    words = " ".join(text.split())
    return words if len(words) <= most else f"{words[:most].rstrip()}…"


def names_of(owners: Sequence[str], policy: Policy, language: str) -> str:
    """Owners as people call them; one whom the policy no longer knows by its id."""
    known = {owner.id: say(owner.name, language) for owner in policy.owners}
    return ", ".join(known.get(owner, owner) for owner in owners)


def zone_of(seat: Asked, policy: Policy) -> tzinfo:
    """The zone of the owner who is asked now."""
    found = next((one for one in policy.owners if one.id == seat.owner), None)
    return policy.hours_of(found).zone if found else policy.zone
