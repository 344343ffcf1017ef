"""The policy in one page for people, and the words with which they first meet it: plain structure, no markup."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from bot.wording import Wording
from rules.localized import say
from rules.policy import Clause, Policy


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A clause in its reader's language."""

    number: str
    title: str
    text: str
    owner: str
    """The name of who answers for it."""

    @property
    def heading(self) -> str:
        return f"{self.number} {self.title}"


@dataclass(frozen=True, slots=True)
class Chapter:
    """Clauses whose numbers begin alike: 4.1, 4.2 and 4.7 are chapter 4."""

    number: str
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class PolicyPage:
    title: str
    name: str
    revision: str
    chapters: tuple[Chapter, ...]

    @property
    def headings(self) -> tuple[str, ...]:
        """The number and title of every clause."""
        return tuple(one.heading for chapter in self.chapters for one in chapter.paragraphs)


@dataclass(frozen=True, slots=True)
class FirstWords:
    """What somebody is told who writes for the first time."""

    who: str
    reads: str
    keeps: tuple[str, ...]
    """What is recorded and what is not, a sentence each."""
    about: str
    """What stands over `headings`."""
    headings: tuple[str, ...]
    asking: str


def page(policy: Policy, language: str) -> PolicyPage:
    """The clauses by number where they have numbers, else in the order in which the company wrote them."""
    chapters = [
        Chapter(number, tuple(paragraph(policy, clause.id, language) for clause in clauses))
        for number, clauses in groupby(_in_order(policy.clauses), key=lambda clause: chapter_of(clause.id))
    ]
    company = next(iter(policy.company.names), policy.name)
    title = Wording(language).say("{company}: the social media policy", company=company)
    return PolicyPage(title, policy.name, policy.revision, tuple(chapters))


def paragraph(policy: Policy, clause: str, language: str) -> Paragraph:
    """The clause of that id. Raises `KeyError` if the policy has none."""
    found = policy.clause(clause)
    owner = say(policy.owner(found.owner).name, language)
    return Paragraph(found.id, say(found.title, language), say(found.text, language), owner)


def chapter_of(clause: str) -> str:
    """The first part of a clause's id, which may be all of it."""
    return clause.replace("-", ".").partition(".")[0]


def first_words(policy: Policy, language: str) -> FirstWords:
    """Who Vaglio is, what it reads and keeps, what the policy is about, and how to ask."""
    wording = Wording(language)
    return FirstWords(
        who=wording.say(
            "I am Vaglio, a program. Before you publish, I hold your draft against the company's social media policy "
            "and tell you, only you, what to mend and why. I block nothing and I watch nobody: you ask, I answer."
        ),
        reads=wording.say("I read what you send me to check, and nothing else that you write."),
        keeps=(
            wording.say(
                "Each check is recorded for compliance under a pseudonym, with personal data blanked. "
                "Nobody else sees my answer."
            ),
            wording.say("What you mark as private I read, answer and forget: only a count remains."),
            wording.say(
                "Your draft stays here for some days, sealed, so that you can go on with it; it goes at once if you "
                "tell me to forget it."
            ),
        ),
        about=wording.say("What the policy is about"),
        headings=page(policy, language).headings,
        asking=wording.say(
            "To ask, send me what you mean to publish before you publish it: a moment later you have my answer."
        ),
    )


def _in_order(clauses: tuple[Clause, ...]) -> list[Clause]:
    """Chapter by chapter. By number where they have one: a file comes after its packs, and so 2.1 after 6.9."""
    parts = {clause.id: clause.id.replace("-", ".").split(".") for clause in clauses}
    if all(part.isascii() and part.isdigit() for each in parts.values() for part in each):
        return sorted(clauses, key=lambda clause: [int(part) for part in parts[clause.id]])
    begun = list(dict.fromkeys(chapter_of(clause.id) for clause in clauses))
    return sorted(clauses, key=lambda clause: begun.index(chapter_of(clause.id)))
