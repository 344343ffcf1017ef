"""The policy known: its page, the word that somebody knows it, and the quiz; put into answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.actions import Action, Button, Verb, tag
from bot.deeds import Act, Answer
from bot.knowing import Acknowledgements, Since, Standing
from bot.people import Language, People
from bot.policy_page import first_words, page
from bot.quizzes import Answered, Ended, Quizzes
from bot.quizzes import Asked as Put
from bot.reply import Notice, Reply
from bot.wording import Wording
from rules.policy import Policy


class Learning:
    """Synchronous and thread-safe; the policy is the one in force when it is asked for."""

    def __init__(
        self, people: People, quizzes: Quizzes, acknowledgements: Acknowledgements, policy: Callable[[], Policy]
    ) -> None:
        self._people, self._quizzes, self._acknowledgements = people, quizzes, acknowledgements
        self._policy = policy

    def act(self, act: Act) -> Answer | None:
        """What a button about the policy or the quiz does; None for any other."""
        match act.action.verb:
            case Verb.POLICY:
                return Answer(self.policy(act.account, act.language))
            case Verb.ACKNOWLEDGE:
                return self._acknowledge(act)
            case Verb.QUIZ:
                return Answer(self.quiz(act))
            case Verb.ANSWER:
                return Answer(self._answer(act), replaces=True)
            case _:
                return None

    def policy(self, account: str, language: Language) -> Reply:
        """The policy in one page, with what has changed since this person said that they know it."""
        policy, wording = self._policy(), Wording(language)
        found = page(policy, language)
        since = self._acknowledgements.since(self._people.person(account), policy, language)
        lines = _news(since)
        for chapter in found.chapters:
            lines += ["", *(f"{part.heading}\n{part.text} ({part.owner})" for part in chapter.paragraphs)]
        buttons = [Button(wording.say("Take the quiz"), Action(Verb.QUIZ))]
        if since.standing is not Standing.CURRENT:
            known = Action(Verb.ACKNOWLEDGE, tag(found.revision))
            buttons.insert(0, Button(wording.say("I have read it"), known, is_main=True))
        return Reply("", None, found.title, "\n".join(lines), footer=found.revision, sign="📖", buttons=tuple(buttons))

    def news(self, account: str, language: Language) -> Reply:
        """The same without the page itself, which a button brings."""
        whole = self.policy(account, language)
        since = self._acknowledgements.since(self._people.person(account), self._policy(), language)
        read = Button(Wording(language).say("Read the policy"), Action(Verb.POLICY))
        return replace(whole, summary="\n".join(_news(since)), buttons=(*whole.buttons, read))

    def welcome(self, language: Language) -> Reply:
        """What somebody sees at first contact."""
        wording, said = Wording(language), first_words(self._policy(), language)
        lines = [said.who, "", said.reads, *said.keeps, "", f"{said.about}:"]
        lines += [*(f"• {heading}" for heading in said.headings), "", said.asking]
        buttons = (Button(wording.say("Read the policy"), Action(Verb.POLICY), is_main=True),)
        return Reply("", None, wording.say("Good to meet you"), "\n".join(lines), sign="👋", buttons=buttons)

    def quiz(self, act: Act) -> Reply | Notice:
        """The first question of a new quiz."""
        run = self._quizzes.begin(self._people.person(act.account), act.language, act.at, once=act.id)
        if isinstance(run, Ended):
            return Notice(run.says)
        asked = self._quizzes.question(run)
        return Notice(asked.says) if isinstance(asked, Ended) else _question(asked)

    def _acknowledge(self, act: Act) -> Answer:
        revision = self._policy().revision
        if act.action.about != tag(revision):
            # It has changed while they read: what they know is not what is in force.
            return Answer(self.policy(act.account, act.language))
        self._acknowledgements.acknowledge(self._people.person(act.account), revision, act.at)
        return Answer(Notice(Wording(act.language).say("Thank you: noted. When it changes, I tell you what is new.")))

    def _answer(self, act: Act) -> Reply | Notice:
        number, _, option = act.action.choice.partition(":")
        if not (_is_number(number) and _is_number(option)):
            return Notice(Wording(act.language).say("This quiz is over. Start a new one whenever you like."))
        person = self._people.person(act.account)
        answered = self._quizzes.answer(act.action.about, person, int(number), int(option), act.at)
        match answered:
            case Ended():
                return Notice(answered.says, (_again(act.language),))
            case Answered():
                return _explained(answered, act.language)
            case Put():
                return _question(answered)


def _news(since: Since) -> list[str]:
    lines = [since.says, *(f"• {change}" for change in since.changes)]
    return [*lines, since.rest] if since.rest else lines


def _question(asked: Put, before: str = "") -> Reply:
    question = asked.question
    lines = [before, ""] if before else []
    lines += [question.place, f"«{question.text}»"]
    if question.in_reply_to:
        lines.insert(len(lines) - 1, f"> {question.in_reply_to}")
    lines += ["", question.asks]
    buttons = [
        Button(option, Action(Verb.ANSWER, asked.run, f"{asked.number}:{place}"))
        for place, option in enumerate(question.options)
    ]
    return Reply("", None, asked.title, "\n".join(lines), sign="🎓", buttons=tuple(buttons))


def _explained(answered: Answered, language: Language) -> Reply | Notice:
    question = answered.question
    lines = [answered.says, question.why, question.todo or "", f"{question.clause.heading}: {question.clause.text}"]
    said = "\n".join(filter(None, lines))
    if answered.next is not None:
        return _question(answered.next, said)
    result = answered.result.says if answered.result else ""
    return Notice(f"{said}\n\n{result}".strip(), (_again(language),))


def _again(language: Language) -> Button:
    return Button(Wording(language).say("Take the quiz"), Action(Verb.QUIZ))


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= 3
