"""What the record says in codes, as people call it: each code by the field in which it stands, never by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from bot.audit.labels import labels_of
from bot.naming import account_told, channel_name, kind_name, outcome_name
from bot.wording import Wording
from rules.draft import Account, Channel, Kind
from rules.verdict import Outcome

TECHNICAL: Final = frozenset({"scores", "models", "start", "end", "spans", "score", "posted", "bundle", "manifest"})
"""Measurements, places, digests and addresses of messages: for programs."""
KINDS: Final = (
    "screening", "review", "decision", "passed", "override", "appeal", "appeal_decision", "published", "publication",
    "acknowledgement", "quiz", "role", "look", "link", "unlink", "sign_in", "sign_out", "unmask_request", "unmask",
    "hold", "release", "erasure", "retention", "backup", "restore", "raw", "export", "client", "backtest", "agreement",
    "knowledge", "bulk", "dead_letter", "move",
)  # fmt: skip
"""Of entries, as `--kind` takes them."""
_MOMENTS: Final = frozenset({"at", "until", "decided_at"})
_RANGES: Final = frozenset({"entries", "purged", "lost"})
_WORDS: Final = frozenset({"text", "in_reply_to", "reason", "passage", "why", "link", "by"})
"""What somebody wrote, where it stands under `words` or in a draft: nothing of it is a code."""
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[:.\d]*(?:Z|\+00:00)")

_Codes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Spoken:
    """In one language."""

    wording: Wording = field(repr=False)
    codes: Mapping[tuple[str, str], _Codes] = field(repr=False)
    """By the name of what holds the field, empty for the entry or row itself, and the field's own."""
    labels: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, wording: Wording) -> Self:
        return cls(wording, _codes(wording), labels_of(wording))

    def label(self, key: str, value: object = None) -> str:
        """What a field is called."""
        if key == "pseudonyms" and isinstance(value, list | tuple) and len(value) == 1:
            return self.wording.say("pseudonym")
        return self.labels.get(key, key)

    def kind(self, kind: str) -> str:
        return self.codes["", "kind"].get(kind, kind)

    def ended(self, outcome: str | None, ruling: str | None) -> str:
        """How it came out, whichever of the two there is."""
        if outcome:
            return self.codes["facts", "outcome"].get(outcome, outcome)
        return self.codes["facts", "ruling"].get(ruling, ruling) if ruling else ""

    def value(self, value: Any, key: str = "", inside: str = "") -> str | None:
        """What stands in the field `key` of what is called `inside`; None: it has parts, each to be asked for."""
        if isinstance(value, bool):
            return self.wording.say("yes") if value is True else self.wording.say("no")
        if value is None or isinstance(value, int | float):
            return "–" if value is None else str(value)
        if isinstance(value, str):
            return value if inside in ("words", "draft") and key in _WORDS else self._code(value, key, inside)
        ranges = [value] if key == "lost" else value
        if key in _RANGES and _are_ranges(ranges):
            return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in ranges)
        return None

    def _code(self, value: str, key: str, inside: str) -> str:
        if key in _MOMENTS and (moment := _MOMENT.fullmatch(value)):
            return f"{moment[1]} {moment[2]}"
        return self.codes.get((inside, key), {}).get(value, value)


def when(at: str) -> str:
    """A moment of the record to the minute, in UTC."""
    return at.replace("T", " ")[:16]


def _are_ranges(value: Any) -> bool:
    return isinstance(value, Sequence) and all(isinstance(each, Sequence) and len(each) == 2 for each in value)


def _codes(wording: Wording) -> Mapping[tuple[str, str], _Codes]:
    outcomes = {outcome.value: outcome_name(outcome, wording) for outcome in Outcome}
    accounts = {account.value: account_told(account, wording) for account in Account}
    channels = {channel.value: channel_name(channel, wording) for channel in Channel}
    severities, states = _severities(wording), _states(wording)
    roles = _roles(wording)
    return {
        ("", "kind"): _kinds(wording), ("", "outcome"): outcomes, ("facts", "outcome"): outcomes,
        ("", "state"): states, ("facts", "ruling"): states, ("facts", "standing"): {**outcomes, **states},
        ("draft", "kind"): {kind.value: kind_name(kind, wording) for kind in Kind},
        ("draft", "audience"): _audiences(wording), ("draft", "account"): accounts,
        ("draft", "channel"): channels, ("facts", "channel"): channels,
        **{(part, "severity"): severities for part in ("findings", "shadow", "dismissed", "unchecked", "faults")},
        ("", "by"): {"you": wording.say("you")}, ("", "words_were"): _kept(wording),
        ("facts", "why"): _looks(wording), ("", "role"): roles, ("facts", "role"): roles,
        ("facts", "change"): _changes(wording),
        ("facts", "source"): _sources(wording), ("facts", "how"): _ways(wording),
        ("facts", "chain"): {"whole": wording.say("whole"), "selected": wording.say("only some entries")},
    }  # fmt: skip


def _kinds(wording: Wording) -> _Codes:
    say = wording.say
    return {
        "screening": say("a check"), "review": say("a question to owners"), "decision": say("an owner's word"),
        "passed": say("a question passed on"), "override": say("published all the same"),
        "appeal": say("a disagreement"), "appeal_decision": say("the answer to a disagreement"),
        "published": say("published"), "publication": say("a new policy"), "acknowledgement": say("the policy known"),
        "quiz": say("the quiz done"), "role": say("a role"), "look": say("a look at words"),
        "link": say("an account linked"), "unlink": say("an account taken away"), "sign_in": say("signed in"),
        "sign_out": say("sessions ended"),
        "unmask": say("a name told"), "unmask_request": say("a name asked for"), "hold": say("a legal hold"),
        "release": say("a legal hold lifted"), "erasure": say("a person erased"),
        "retention": say("words whose time was over"), "backup": say("a backup"), "restore": say("a backup put back"),
        "raw": say("the draft as written"), "export": say("an export"), "client": say("a program let in or shut out"),
        "backtest": say("a policy tried on the record"), "agreement": say("a change of the policy agreed to"),
        "move": say("the record moved"),
        "knowledge": say("what the company knows, changed"),
        "bulk": say("an archive or an import checked"),
        "dead_letter": say("unanswered events, tried again or dropped"),
    }  # fmt: skip


def _severities(wording: Wording) -> _Codes:
    return {
        "note": wording.say("suggestion"), "warn": wording.say("to mend"), "review": wording.say("needs a yes"),
        "block": wording.say("not to be published"),
    }  # fmt: skip


def _states(wording: Wording) -> _Codes:
    say = wording.say
    return {
        "checked": say("checked"), "asked": say("waiting for an answer"), "open": say("waiting for an answer"),
        "approved": say("approved"), "rejected": say("not approved"), "change": say("a change is asked for"),
        "withdrawn": say("taken back"), "overridden": say("published all the same"), "published": say("published"),
        "replaced": say("checked anew"), "upheld": say("the rule was right"), "overturned": say("the rule was wrong"),
    }  # fmt: skip


def _kept(wording: Wording) -> _Codes:
    return {"none": wording.say("none"), "kept": wording.say("kept"), "let go": wording.say("let go")}


def _looks(wording: Wording) -> _Codes:
    say = wording.say
    return {
        "show": say("an entry was shown"), "search": say("a search"), "export": say("an export"),
        "subject": say("a person's dossier"), "suggestions": say("suggestions for rules"),
        "listening": say("phrases of customers"), "backtest": say("a policy tried on the record"),
    }  # fmt: skip


def _roles(wording: Wording) -> _Codes:
    return {
        "owner": wording.say("owner"), "communications": wording.say("communications"), "compliance": "compliance",
        "admin": wording.say("administrator"), "named": wording.say("once an owner"),
    }  # fmt: skip


def _audiences(wording: Wording) -> _Codes:
    say = wording.say
    return {
        "customers": say("customers"), "investors": say("investors"), "press": say("the press"),
        "candidates": say("candidates"), "colleagues": say("colleagues"), "public": say("everybody"),
    }  # fmt: skip


def _sources(wording: Wording) -> _Codes:
    return {
        "hand": wording.say("given by hand"), "group": wording.say("a group of Slack"),
        "setting": wording.say("the settings"), "link": wording.say("the link printed at the start"),
    }  # fmt: skip


def _changes(wording: Wording) -> _Codes:
    say = wording.say
    return {
        "grant": say("given"), "revoke": say("taken"), "admit": say("let in"), "end": say("shut out"),
        "replay": say("tried once more"), "drop": say("dropped"), "add": say("taken in"), "remove": say("removed"),
    }  # fmt: skip


def _ways(wording: Wording) -> _Codes:
    return {"accept": wording.say("having read it"), "justify": wording.say("with a reason")}
