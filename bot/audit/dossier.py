"""A person's dossier as a page that they can read: one file, with nothing to be loaded from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.audit.subject import Dossier, Row
from bot.wording import Wording

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
            "you. In statistics and lists you appear by a pseudonym only.",
            at=dossier.at.replace("T", " ")[:16],
        ),
        sections=_sections(dossier, wording),
        labels=_labels(wording),
        words_of={"you": say("you")},
        nothing=say("Nothing."),
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


def _labels(wording: Wording) -> Mapping[str, str]:
    say = wording.say
    return {
        "accounts": say("accounts"), "pseudonyms": say("pseudonyms"), "language": say("language chosen"),
        "locale": say("language of the platform"), "zone": say("time zone"), "at": say("when"),
        "until": say("kept until"),
        "outcome": say("outcome"), "state": say("state"), "words": say("words"), "words_were": say("the words are"),
        "rule": say("rule"), "owner": say("owner"), "role": say("role"), "kind": say("what"), "by": say("by"),
        "facts": say("facts"), "revision": say("policy"), "policy": say("policy"), "screening": say("check"),
        "decided_at": say("decided"), "text": say("text"), "reason": say("reason"), "code": say("code"),
        "seq": say("number"), "subject": say("about"), "quiz": say("quiz done"), "in_reply_to": say("in reply to"),
    }  # fmt: skip
