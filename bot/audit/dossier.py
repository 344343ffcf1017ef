"""A person's dossier as a page that they can read: one file, with nothing to be loaded from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.audit.spoken import TECHNICAL, Spoken
from bot.audit.subject import Dossier, Row
from bot.wording import Wording

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)

_Section = tuple[str, str, Sequence[Row]]
"""Its heading, what it is, and what is in it."""


def dossier_page(dossier: Dossier, language: str) -> str:
    """HTML, in the person's language; whatever was written by anybody is escaped."""
    wording = Wording(language)
    say, spoken = wording.say, Spoken.of(wording)
    sections = _sections(dossier, wording)
    empty = ", ".join(none for section, none in sections if not section[2])
    return _TEMPLATES.get_template("dossier.html").render(
        language=language,
        title=say("What Vaglio holds about you"),
        intro=say(
            "As of {at} (UTC). Vaglio checks drafts before they are published; here is what its ledger and its tables "
            "have of you, and what is not here is told in the privacy notice. What machines measured on the way is in "
            "subject.json only. In statistics and lists you appear by a pseudonym.",
            at=dossier.at.replace("T", " ")[:16],
        ),
        sections=[section for section, _ in sections if section[2]],
        nothing=say("Nothing else: {empty}.", empty=empty) if empty else "",
        label=spoken.label,
        told=spoken.value,
        technical=TECHNICAL,
    )


def _sections(dossier: Dossier, wording: Wording) -> Sequence[tuple[_Section, str]]:
    """Each with how it is called where it is empty."""
    say = wording.say
    who = {"accounts": dossier.accounts, "pseudonyms": dossier.pseudonyms, **dossier.answered_in}
    return [
        ((say("Who you are here"), say("Your accounts, your team, and how you are answered."), [who]), ""),
        ((say("Your roles"), say("What you may do beyond checking your own drafts."), dossier.roles), say("no role")),
        (
            (
                say("Drafts that you can still act on"),
                say(
                    "As you wrote them. They go when you say so, or when their days are over. Nobody else is shown "
                    "them."
                ),
                dossier.drafts,
            ),
            say("no draft under way"),
        ),
        (
            (
                say("Questions to owners"),
                say("What the people asked to say yes or no were shown, and what they said."),
                dossier.reviews,
            ),
            say("no question to owners"),
        ),
        (
            (say("Where you disagreed"), say("With what, why, and the answer."), dossier.appeals),
            say("no disagreement"),
        ),
        *_others(dossier, wording),
    ]


def _others(dossier: Dossier, wording: Wording) -> Sequence[tuple[_Section, str]]:
    say = wording.say
    return [
        (
            (say("Receipts"), say("Codes for texts of yours; of the texts they hold nothing."), dossier.receipts),
            say("no receipt"),
        ),
        ((say("Reminders"), say("Drafts to be checked again."), dossier.reminders), say("no reminder")),
        (
            (say("The policy"), say("Which versions you said that you know."), dossier.policies_known),
            say("no policy that you said you know"),
        ),
        *_at_the_pages(dossier, wording),
        (
            (
                say("The ledger"),
                say(
                    "What was checked and decided, and who looked at it. Entries are never changed; their words are "
                    "sealed under your own key, with secrets and personal data blanked where a rule recognised them, "
                    "and go when their time is over."
                ),
                dossier.entries,
            ),
            say("no entry in the ledger"),
        ),
    ]


def _at_the_pages(dossier: Dossier, wording: Wording) -> Sequence[tuple[_Section, str]]:
    say = wording.say
    return [
        (
            (say("Where you are signed in"), say("Your sessions at the web pages."), dossier.sessions),
            say("no session"),
        ),
        (
            (
                say("Searches that you saved"),
                say("Filters of the ledger; nobody else is shown them."),
                dossier.searches,
            ),
            say("no saved search"),
        ),
        (
            (
                say("What you proposed"),
                say("Changes of the policy that you began or tried on past drafts, and programs that you let in."),
                dossier.proposals,
            ),
            say("no proposal"),
        ),
    ]
