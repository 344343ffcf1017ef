"""What can be done about a draft, a card or an appeal: the buttons of an answer, and the words that some need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.actions import Action, Asks, Button, Verb, tag
from bot.appeals import Appealed
from bot.drafts import HeldDraft, State
from bot.matter import owners_of
from bot.reply import unfilled
from bot.review import Asked, Ruling
from bot.wording import Wording
from rules.detectors.fields import Override
from rules.localized import say
from rules.policy import Owner, Policy
from rules.verdict import Outcome

HOURS = (1, 4, 24)
"""After so many a draft can be checked again."""


def choices(held: HeldDraft, policy: Policy, language: str, *, has_proposal: bool) -> tuple[Button, ...]:
    """What a writer can do about a draft, the likeliest first."""
    wording = Wording(language)
    if held.state is State.REPLACED:
        return ()
    edit = (Verb.EDIT, wording.say("Change it and check again"))
    if held.state in (State.ASKED, State.REJECTED, State.CHANGE):
        # What was asked is not asked again: other words are another draft.
        return (*_of(held, edit), *_disagree(held, wording), _forget(held, wording))
    if held.policy != policy.revision and not held.may_be_published:
        # What could be done about it is for the policy in force to say.
        return (*_of(held, (Verb.AGAIN, wording.say("Check it again"))), _forget(held, wording))
    if held.may_be_published:
        return tuple(_published(held, wording))
    offered: list[tuple[Verb, str]] = []
    if has_proposal:
        offered.append((Verb.REWRITE, wording.say("Use the proposal")))
    offered.append(edit)
    if owners := owners_of(held, policy):
        names = ", ".join(say(policy.owner(owner).name, language) for owner in owners)
        offered.append((Verb.ASK, wording.say("Ask: {owners}", owners=names)))
    elif override := may_override(held, policy):
        offered.append((override, wording.say("Publish it anyway")))
    return (*_of(held, *offered), *_disagree(held, wording), _forget(held, wording))


def may_override(held: HeldDraft, policy: Policy) -> Verb | None:
    """How a writer may publish it all the same: having read it, or for a reason; None where somebody else decides."""
    if held.outcome in (Outcome.REVIEW, Outcome.BLOCK) or owners_of(held, policy):
        return None
    overrides = {rule.override for fault in held.in_the_way if (rule := policy.rule(fault.rule))}
    if Override.NONE in overrides:
        return None
    return Verb.JUSTIFY if Override.JUSTIFY in overrides else Verb.ACCEPT


def _published(held: HeldDraft, wording: Wording) -> Iterator[Button]:
    if held.state is not State.PUBLISHED:
        yield Button(wording.say("I published it"), Action(Verb.PUBLISHED, held.id), is_main=True)
        yield Button(wording.say("Check it again later"), Action(Verb.REMIND, held.id))
        yield Button(wording.say("Change it and check again"), Action(Verb.EDIT, held.id))
    yield from _disagree(held, wording)
    yield _forget(held, wording)


def _disagree(held: HeldDraft, wording: Wording) -> Iterator[Button]:
    rules = list(dict.fromkeys(fault.rule for fault in held.faults))
    if rules:
        # Of several, which one is asked first.
        choice = tag(rules[0]) if len(rules) == 1 else ""
        yield Button(wording.say("I disagree"), Action(Verb.DISAGREE, held.id, choice))


def _of(held: HeldDraft, *offered: tuple[Verb, str]) -> Iterator[Button]:
    for number, (verb, label) in enumerate(offered):
        yield Button(label, Action(verb, held.id), is_main=number == 0)


def _forget(held: HeldDraft, wording: Wording) -> Button:
    return Button(wording.say("Forget this draft"), Action(Verb.FORGET, held.id), is_grave=True)


def later(held: HeldDraft, language: str) -> tuple[Button, ...]:
    """When a draft is to be checked again."""
    wording = Wording(language)
    return tuple(
        Button(wording.count("In an hour", "In {number} hours", hours), Action(Verb.REMIND, held.id, str(hours)))
        for hours in HOURS
    )


def which(held: HeldDraft, policy: Policy, language: str) -> tuple[Button, ...]:
    """Which finding a writer disagrees with, by the clause and the reason that they were shown."""
    rules = dict.fromkeys(fault.rule for fault in held.faults)
    return tuple(
        Button(_reason(rule, policy, language), Action(Verb.DISAGREE, held.id, tag(rule)))
        for rule in rules
        if policy.rule(rule)
    )


def _reason(id: str, policy: Policy, language: str) -> str:
    rule = policy.rule(id)
    if rule is None:
        return id
    title, why = say(policy.clause(rule.clause).title, language), unfilled(rule, say(rule.message, language))
    return f"{rule.clause}: {title} · {why}"


def rulings(seat: Asked, language: str) -> tuple[Button, ...]:
    """What an owner can do about a card; nothing once it is settled."""
    if seat.state is not Ruling.OPEN:
        return ()
    wording = Wording(language)
    buttons = [
        Button(wording.say("Approve"), Action(Verb.APPROVE, seat.id), is_main=True),
        Button(wording.say("Ask for a change"), Action(Verb.CHANGE, seat.id)),
        Button(wording.say("Reject"), Action(Verb.REJECT, seat.id), is_grave=True),
    ]
    if seat.taken_by is None:
        buttons.append(Button(wording.say("I am looking at it"), Action(Verb.TAKE, seat.id)))
    buttons.append(Button(wording.say("Pass it on"), Action(Verb.PASS, seat.id)))
    return tuple(buttons)


def others(seat: Asked, owners: Sequence[Owner], language: str) -> tuple[Button, ...]:
    """To whom a card can be passed on."""
    return tuple(
        Button(say(owner.name, language), Action(Verb.PASS, seat.id, tag(owner.id)))
        for owner in owners
        if owner.id != seat.owner
    )


def verdicts(appeal: Appealed, language: str) -> tuple[Button, ...]:
    """What communications can do about an appeal that is open."""
    wording = Wording(language)
    return (
        Button(wording.say("The writer is right"), Action(Verb.OVERTURN, appeal.id), is_main=True),
        Button(wording.say("The rule is right"), Action(Verb.UPHOLD, appeal.id)),
    )


def asked_for(action: Action, language: str, given: str = "") -> Asks | None:
    """The words that an action needs; None for one that needs none. `given` is the draft as it stands."""
    wording = Wording(language)
    match action.verb:
        case Verb.EDIT:
            return Asks(wording.say("Your draft"), wording.say("The new text: I check it at once."), given)
        case Verb.JUSTIFY:
            return Asks(
                wording.say("Why it should go out as it is"), wording.say("It is kept with the record of this draft.")
            )
        case Verb.DISAGREE if action.choice:
            why = wording.say("Why the rule is wrong here")
            return Asks(why, wording.say("Communications reads this, and answers."))
        case Verb.PUBLISHED:
            return Asks(wording.say("Where it can be read"), wording.say("The link, if you have it."), is_optional=True)
        case Verb.REJECT | Verb.CHANGE:
            return Asks(_for_the_writer(action, wording), wording.say("The writer reads this, word for word."))
        case Verb.UPHOLD | Verb.OVERTURN:
            return Asks(wording.say("Why"), wording.say("The writer reads this, word for word."))
        case Verb.VERIFY:
            return Asks(wording.say("The text to compare"), wording.say("Exactly as it was, or will be, published."))
        case _:
            return None


def _for_the_writer(action: Action, wording: Wording) -> str:
    return wording.say("What should change") if action.verb is Verb.CHANGE else wording.say("Why not")
