"""Quizzes under way. How somebody answers is theirs alone: soon after a quiz is done, only that it was remains."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Final, Generic, TypeVar

from sqlmodel import col, delete, update

from bot.audit.ledger import Ledger
from bot.people import LANGUAGES, Language
from bot.quiz import Question, questions
from bot.store import Store
from bot.tables import Quiz, QuizDone
from bot.wording import Wording
from rules.screening import Screener

DAYS: Final = 7
"""For which an unfinished quiz waits for its person."""
AGAIN: Final = timedelta(hours=1)
"""For which the same answer, sent once more, is answered as it was: so long a platform that is away is tried again."""
_KEPT: Final = 200
"""Quizzes whose questions are kept at hand; those of one that was let go are only made again."""

T = TypeVar("T")


class End(Enum):
    """Why there is no question, or no answer to one."""

    EMPTY = auto()
    """The policy has no examples that would do."""
    GONE = auto()
    """It is done, given up, or its questions can no longer be made as they were."""
    FOREIGN = auto()
    """It is somebody else's."""
    CHANGED = auto()
    """Another policy is in force."""


@dataclass(frozen=True, slots=True)
class Ended:
    why: End
    says: str


@dataclass(frozen=True, slots=True)
class QuizRun:
    """One person's way through one quiz."""

    id: str
    person: str
    policy: str
    language: Language
    at: datetime
    answers: str = ""
    """As in the table: 1 right, 0 wrong."""
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is put; its `number` counts from 1."""

    run: str
    number: int
    title: str
    question: Question


@dataclass(frozen=True, slots=True)
class Result:
    right: int
    total: int
    says: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What is said of an answer: how it was, why, and what comes next, which is a question or the result."""

    question: Question
    is_right: bool
    says: str
    next: Asked | None
    result: Result | None


class Quizzes:
    """A person has one quiz at a time. What is asked is made anew from the policy whenever it is needed.

    All of it blocks, and making questions screens some drafts: to be called on a thread.
    """

    def __init__(self, store: Store, ledger: Ledger, in_force: Callable[[], Screener]) -> None:
        """`in_force` gives the screener of the policy that is in force when it is called."""
        self._store, self._ledger, self._in_force = store, ledger, in_force
        self._made = _Lately[tuple[Question, ...]]()

    def begin(self, person: str, language: Language, now: datetime, *, once: str = "") -> QuizRun | Ended:
        """A new quiz on the policy in force; an unfinished one of the same person is given up for it.

        `once` names what asks for it: the same again is the same quiz, as far as it has come.
        """
        screener = self._in_force()
        seed = hashlib.sha256(once.encode()).hexdigest()[:16] if once else secrets.token_hex(8)
        made = questions(screener, seed, language, at=_moment(now.timestamp()))
        if not made:
            return _ended(End.EMPTY, language)
        row = Quiz(
            id=f"z_{seed}_{language}_{_print(made)}", person=person, policy=screener.policy.revision, at=now.timestamp()
        )
        with self._store.write() as session:
            session.exec(delete(Quiz).where(col(Quiz.person) == person, col(Quiz.id) != row.id))
            if (known := session.get(Quiz, row.id)) is None:
                session.add(row)
        self._made.keep(row.id, made)
        return _run(known or row)

    def find(self, id: str, person: str) -> QuizRun | Ended:
        """The quiz of that id, if it is this person's, under way, and its policy is in force."""
        run = self._found(id, person)
        return _ended(End.GONE, run.language) if isinstance(run, QuizRun) and run.is_done else run

    def question(self, run: QuizRun) -> Asked | Ended:
        """The question that comes next in a run as it stands."""
        made = self._questions(run)
        asked = _asked(run, made) if made else None
        return asked or _ended(End.GONE, run.language)

    def answer(self, id: str, person: str, number: int, option: int, now: datetime) -> Answered | Asked | Ended:
        """Take the option (from 0) for question `number` (from 1). Only the first answer to a question counts.

        For `AGAIN` after the last one too, whichever process is asked. What was never offered changes nothing: the
        question that is due is asked again. Raises what the ledger raises, after which the same answer may be given
        again.
        """
        run = self._found(id, person)
        if isinstance(run, Ended):
            return run
        made = self._questions(run)
        if not made:
            return _ended(End.GONE, run.language)
        was_put = 1 <= number <= min(len(run.answers) + 1, len(made))
        if not was_put or not 0 <= option < len(made[number - 1].options):
            return self.question(run)
        return self._taken(run, made, number, option, now)

    def sweep(self, now: datetime) -> None:
        """Let go of the quizzes that nobody came back to, and of how those went that are done."""
        left = col(Quiz.at) < (now - timedelta(days=DAYS)).timestamp()
        over = col(Quiz.done) < (now - AGAIN).timestamp()
        with self._store.write() as session:
            session.exec(delete(Quiz).where(left | over))

    def _found(self, id: str, person: str) -> QuizRun | Ended:
        with self._store.read() as session:
            row = session.get(Quiz, id)
        if row is None:
            return _ended(End.GONE, _language(id))
        if row.person != person:
            return _ended(End.FOREIGN, _language(id))
        if row.policy == self._in_force().policy.revision:
            return _run(row)
        self._forget(id)
        return _ended(End.CHANGED if row.done is None else End.GONE, _language(id))

    def _taken(
        self, run: QuizRun, made: tuple[Question, ...], number: int, option: int, now: datetime
    ) -> Answered | Ended:
        if number == len(run.answers) + 1:
            run = self._noted(run, "1" if option == made[number - 1].right else "0")
        if len(run.answers) < number:
            return _ended(End.GONE, run.language)
        if len(run.answers) == len(made) and not run.is_done:
            self._finish(run, now)
        return _answered(run, made, number)

    def _questions(self, run: QuizRun) -> tuple[Question, ...]:
        """Those that were shown; none if they cannot be made any more: an answer to others would not be theirs."""
        if known := self._made.find(run.id):
            return known
        _, seed, language, shown = run.id.split("_")
        made = questions(self._in_force(), seed, language, at=run.at)
        if _print(made) != shown:
            self._forget(run.id)
            return ()
        self._made.keep(run.id, made)
        return made

    def _noted(self, run: QuizRun, digit: str) -> QuizRun:
        """Of two presses at once the second changes nothing. Returns the run as it is then."""
        mine = update(Quiz).where(col(Quiz.id) == run.id, col(Quiz.answers) == run.answers)
        with self._store.write() as session:
            session.exec(mine.values(answers=run.answers + digit))
            row = session.get(Quiz, run.id)
        return _run(row) if row else run

    def _finish(self, run: QuizRun, now: datetime) -> None:
        # Once for a person and a policy: how often somebody tries again would tell how it went.
        subject = f"z_{hashlib.sha256(f'{run.person} {run.policy}'.encode()).hexdigest()[:20]}"
        self._ledger.append("quiz", subject=subject, facts={"policy": run.policy}, actor=run.person, at=now)
        with self._store.write() as session:
            if session.get(QuizDone, (run.person, run.policy)) is None:
                session.add(QuizDone(person=run.person, revision=run.policy, at=now.timestamp()))
            mine = update(Quiz).where(col(Quiz.id) == run.id, col(Quiz.done).is_(None))
            session.exec(mine.values(done=now.timestamp()))

    def _forget(self, id: str) -> None:
        with self._store.write() as session:
            session.exec(delete(Quiz).where(col(Quiz.id) == id))


class _Lately(Generic[T]):
    """The last few of something, by name, for threads."""

    def __init__(self) -> None:
        self._known: dict[str, T] = {}
        self._lock = threading.Lock()

    def find(self, name: str) -> T | None:
        with self._lock:
            return self._known.get(name)

    def keep(self, name: str, value: T) -> None:
        with self._lock:
            self._known[name] = value
            while len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]


def _run(row: Quiz) -> QuizRun:
    at, is_done = _moment(row.at), row.done is not None
    return QuizRun(row.id, row.person, row.policy, _language(row.id), at, row.answers, is_done)


def _asked(run: QuizRun, made: tuple[Question, ...]) -> Asked | None:
    number = len(run.answers) + 1
    if number > len(made):
        return None
    title = Wording(run.language).say("Question {number} of {total}", number=number, total=len(made))
    return Asked(run.id, number, title, made[number - 1])


def _answered(run: QuizRun, made: tuple[Question, ...], number: int) -> Answered:
    wording, question, is_right = Wording(run.language), made[number - 1], run.answers[number - 1] == "1"
    says = wording.say("Right.") if is_right else wording.say("Not quite. The answer: {answer}", answer=question.answer)
    return Answered(question, is_right, says, _asked(run, made), _result(run, made))


def _result(run: QuizRun, made: tuple[Question, ...]) -> Result | None:
    if len(run.answers) < len(made):
        return None
    right, total = run.answers.count("1"), len(made)
    says = Wording(run.language).say(
        "Right answers: {right} of {total}. How it went is known to you alone: only that you did the quiz is recorded.",
        right=right,
        total=total,
    )
    return Result(right, total, says)


def _ended(why: End, language: Language) -> Ended:
    wording = Wording(language)
    match why:
        case End.EMPTY:
            says = wording.say("I cannot make a quiz of this policy yet: it has too few examples in your language.")
        case End.GONE:
            says = wording.say("This quiz is over. Start a new one whenever you like.")
        case End.FOREIGN:
            says = wording.say("This quiz is somebody else's. Start one of your own whenever you like.")
        case End.CHANGED:
            says = wording.say(
                "The policy has changed since this quiz began, so it ends here. Start a new one whenever you like."
            )
    return Ended(why, says)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _language(id: str) -> Language:
    """A quiz goes on in the language that it began in, which its id holds."""
    return next((language for language in LANGUAGES if f"_{language}_" in id), LANGUAGES[0])


def _print(made: tuple[Question, ...]) -> str:
    """By which the very same questions are known again."""
    seen = [f"{question.text}\n{question.asks}\n{question.options}" for question in made]
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:8]
