"""A person's dossier as a page that they can read: one file, with nothing to be loaded from anywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.audit.subject import Dossier, Row
from bot.naming import account_name, channel_name, kind_name, outcome_name
from bot.wording import Wording
from rules.draft import Account, Channel, Kind
from rules.verdict import Outcome

_TECHNICAL = frozenset({"scores", "models", "shadow", "start", "end", "spans", "score", "hides", "posted"})
"""Measurements, places and addresses of messages: in the JSON beside the page."""
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[:.\d]*(?:Z|\+00:00)")
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def dossier_page(dossier: Dossier, language: str) -> str:
    """HTML, in the person's language; whatever was written by anybody is escaped."""
    wording = Wording(language)
    say = wording.say
    return _TEMPLATES.get_template("dossier.html").render(
        language=language,
        title=say("What Vaglio holds about you"),
        intro=say(
            "As of {at} (UTC). Vaglio checks drafts before they are published; this is everything that it has about "
            "you; what machines measured on the way is in subject.json only. In statistics and lists you appear by a "
            "pseudonym.",
            at=dossier.at.replace("T", " ")[:16],
        ),
        sections=_sections(dossier, wording),
        labels=_labels(wording),
        told=partial(_told, known=_known(wording)),
        nothing=say("Nothing."),
        technical=_TECHNICAL,
    )


def _sections(dossier: Dossier, wording: Wording) -> Sequence[tuple[str, str, Sequence[Row]]]:
    say = wording.say
    who = {"accounts": dossier.accounts, "pseudonyms": dossier.pseudonyms, **dossier.answered_in}
    return [
        (say("Who you are here"), say("Your accounts, and how you are answered."), [who]),
        (say("Your roles"), say("What you may do beyond checking your own drafts."), dossier.roles),
        (
            say("Drafts that you can still act on"),
            say("As you wrote them. They go when you say so, or when their days are over. Nobody else is shown them."),
            dossier.drafts,
        ),
        (
            say("Questions to owners"),
            say("What the people asked to say yes or no were shown, and what they said."),
            dossier.reviews,
        ),
        (say("Where you disagreed"), say("With what, why, and the answer."), dossier.appeals),
        (say("Receipts"), say("Codes for texts of yours; of the texts they hold nothing."), dossier.receipts),
        (say("Reminders"), say("Drafts to be checked again."), dossier.reminders),
        (say("The policy"), say("Which versions you said that you know."), dossier.policies_known),
        (
            say("The ledger"),
            say(
                "What was checked and decided, and who looked at it. Entries are never changed; their words are sealed "
                "under your own key, with secrets and personal data blanked, and go when their time is over."
            ),
            dossier.entries,
        ),
    ]


def _told(value: object, known: Mapping[object, str]) -> object:
    """A moment without its microseconds; a word of Vaglio's own in the reader's language."""
    if isinstance(value, str) and (moment := _MOMENT.fullmatch(value)):
        return f"{moment[1]} {moment[2]}"
    return known.get(value, value)


def _known(wording: Wording) -> Mapping[object, str]:
    say = wording.say
    words = {
        "you": say("you"), "none": say("none"), "kept": say("kept"), "let go": say("let go"), True: say("yes"),
        False: say("no"), "screening": say("a check"), "review": say("a question to owners"),
        "decision": say("an owner's word"), "override": say("published all the same"), "appeal": say("a disagreement"),
        "appeal_decision": say("the answer to a disagreement"), "published": say("published"),
        "acknowledgement": say("the policy known"), "quiz": say("the quiz done"), "role": say("a role"),
        "look": say("a look at words"), "link": say("an account linked"), "unlink": say("an account taken away"),
        "sign_in": say("signed in"), "unmask": say("a name told"), "unmask_request": say("a name asked for"),
        "hold": say("a legal hold"), "release": say("a legal hold lifted"), "raw": say("the draft as written"),
    }  # fmt: skip
    return {
        **words,
        **{outcome.value: outcome_name(outcome, wording) for outcome in Outcome if outcome is not Outcome.REVIEW},
        **{account.value: account_name(account, wording) for account in Account},
        **{channel.value: channel_name(channel, wording) for channel in Channel},
        **{kind.value: kind_name(kind, wording) for kind in Kind},
    }


def _labels(wording: Wording) -> Mapping[str, str]:
    say = wording.say
    return {
        "accounts": say("accounts"), "pseudonyms": say("pseudonyms"), "language": say("language"),
        "locale": say("language of the platform"), "zone": say("time zone"), "at": say("when"),
        "until": say("kept until"),
        "outcome": say("outcome"), "state": say("state"), "words": say("words"), "words_were": say("the words are"),
        "rule": say("rule"), "owner": say("owner"), "role": say("role"), "kind": say("what"), "by": say("by"),
        "facts": say("facts"), "revision": say("policy"), "policy": say("policy"), "screening": say("check"),
        "decided_at": say("decided"), "text": say("text"), "reason": say("reason"), "code": say("code"),
        "seq": say("number"), "subject": say("about"), "quiz": say("quiz done"), "in_reply_to": say("in reply to"),
        "findings": say("found"), "clause": say("clause"), "severity": say("severity"), "draft": say("draft"),
        "account": say("account"), "channel": say("channel"), "characters": say("characters"),
        "unchecked": say("not checked"), "entries": say("entries"), "why": say("why"), "person": say("person"),
    }  # fmt: skip
