"""What owners are asked about: the masked draft, what was found in it, and whose yes it needs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from bot.drafts import Fault, HeldDraft, fault_of, fault_row
from rules.detectors.fields import Override
from rules.policy import Policy
from rules.verdict import Severity


@dataclass(frozen=True, slots=True)
class Matter:
    """What owners see of a draft: its masked words, what was found there, and what it is for."""

    text: str | None = field(repr=False)
    """None: it cannot be shown without what must not be seen."""
    faults: tuple[Fault, ...]
    kind: str
    account: str
    channel: str
    in_reply_to: str | None = field(default=None, repr=False)


def matter_of(held: HeldDraft) -> Matter:
    """The draft as owners may see it."""
    faults = held.faults
    if held.masked:
        faults = tuple(replace(fault, span=span) for fault, span in zip(faults, held.masked.spans, strict=False))
    return Matter(
        text=held.masked.text if held.masked else None,
        faults=faults,
        kind=held.draft.kind.value,
        account=held.draft.account.value,
        channel=held.draft.channel.value,
        in_reply_to=held.masked_question,
    )


def owners_of(held: HeldDraft, policy: Policy) -> tuple[str, ...]:
    """The owners whose yes a draft needs, each once; empty where no yes would do."""
    found = [(policy.rule(fault.rule), fault) for fault in held.in_the_way]
    if any(rule and rule.override is Override.NONE and fault.severity is Severity.BLOCK for rule, fault in found):
        return ()
    grave = (Severity.REVIEW, Severity.BLOCK)
    needed = [
        fault.clause
        for rule, fault in found
        if fault.severity in grave or (rule is not None and rule.override is Override.APPROVE)
    ]
    missed = [rule.clause for id in held.missed if (rule := policy.rule(id))]
    owners = {clause.id: clause.owner for clause in policy.clauses}
    asked = [*needed, *missed]
    # A clause that is gone has nobody who could say yes to it.
    return tuple(dict.fromkeys(owners[clause] for clause in asked)) if owners.keys() >= set(asked) else ()


def written(matter: Matter) -> bytes:
    """As it is sealed; `read` is its inverse."""
    faults = [fault_row(fault) for fault in matter.faults]
    return json.dumps({
        "text": matter.text, "faults": faults, "kind": matter.kind, "account": matter.account,
        "channel": matter.channel, "in_reply_to": matter.in_reply_to,
    }).encode()  # fmt: skip


def read(sealed: bytes) -> Matter:
    found = json.loads(sealed)
    return Matter(**{**found, "faults": tuple(fault_of(fault) for fault in found["faults"])})
