"""The quiz asks what the policy really says, and nothing of how it went is left but to the person who did it."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.people import Language
from bot.quiz import COUNT, LONGEST, Question, questions
from bot.quizzes import AGAIN, DAYS, Answered, Asked, End, Ended, QuizRun, Quizzes
from bot.store import Store
from bot.tables import Entry, Quiz, QuizDone
from rules.assembly import SHIPPED, load_policy
from rules.draft import Draft
from rules.judges import Judges
from rules.language import detect
from rules.policy import Policy
from rules.screening import Screener
from rules.trial import text_of
from rules.verdict import Outcome

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
ANNA, BRUNO = "p_anna", "p_bruno"
MORE = """
  - id: quiet.results
    detector: phrases
    severity: review
    clause: 4.1
    applies: {from: 2026-01-10, until: 2026-02-14}
    message: {it: Siamo nel periodo di silenzio., en: This is the quiet period.}
    phrases: [risultati dell'anno]
    examples:
      flag: ["I risultati dell'anno passato sono davvero molto buoni"]
      allow: ["Da lunedì lo sportello di via Roma apre alle otto e mezza", "Per questo prodotto un cretino non serve"]
  - id: quiet.trial
    detector: phrases
    severity: review
    clause: 4.1
    state: shadow
    message: {it: In prova., en: On trial.}
    phrases: [il prossimo trimestre]
    examples:
      flag: ["Questa è la frase che parla del prossimo trimestre, cioè il prossimo trimestre"]
      allow: ["Questa è una frase che non parla di niente di particolare"]
"""

Written = Callable[[str], Screener]


@pytest.fixture
def written(policy_path: Path) -> Written:
    """A screener for the small policy with something more at its end."""

    def write(more: str) -> Screener:
        policy_path.write_text(policy_path.read_text(encoding="utf-8") + more, encoding="utf-8")
        return Screener(load_policy(policy_path))

    return write


@pytest.fixture(scope="module")
def company() -> Screener:
    """The example company's policy, with the rules that need no model."""
    policy = load_policy(SHIPPED / "company.yaml")
    missing = Screener(policy).load()
    assert missing
    return Screener(policy.model_copy(update={"rules": tuple(r for r in policy.rules if r.id not in missing)}))


@pytest.fixture
def quizzes(store: Store, ledger: Ledger, screener: Screener) -> Quizzes:
    return Quizzes(store, ledger, lambda: screener)


def texts(asked: tuple[Question, ...]) -> set[str]:
    return {question.text for question in asked}


def is_yes(question: Question) -> bool:
    return len(question.options) == 2 and question.right == 0


def begun(quizzes: Quizzes, person: str = ANNA, language: Language = "it", now: datetime = NOW) -> QuizRun:
    run = quizzes.begin(person, language, now)
    assert isinstance(run, QuizRun)
    return run


def current(quizzes: Quizzes, run: QuizRun) -> Asked:
    asked = quizzes.question(run)
    assert isinstance(asked, Asked)
    return asked


def done(quizzes: Quizzes, run: QuizRun, *, well: bool = True) -> Answered:
    """The whole quiz, every answer right or every one wrong."""
    asked: Asked | None = current(quizzes, run)
    while asked:
        right = asked.question.right
        answered = quizzes.answer(run.id, run.person, asked.number, right if well else 1 - min(right, 1), NOW)
        assert isinstance(answered, Answered)
        assert answered.is_right is well
        asked = answered.next
    return answered


def kept(store: Store) -> tuple[list[Quiz], list[tuple[str, str]], list[Entry]]:
    with store.read() as session:
        done = [(row.person, row.revision) for row in session.exec(select(QuizDone)).all()]
        entries = session.exec(select(Entry).where(Entry.kind == "quiz").order_by(col(Entry.seq))).all()
        return list(session.exec(select(Quiz)).all()), done, list(entries)


# --- What is asked ----------------------------------------------------------------------------------------------------


def test_a_small_policy_asks_what_it_has(screener: Screener) -> None:
    asked = questions(screener, "seed", "it", at=NOW)
    # What is too short to be told for Italian is left out, and so is the rule that hides what it finds.
    assert texts(asked) == {
        "Che collaborazione!",
        "È un prodotto annunciato",
        "È un prodotto non ancora annunciato",
    }
    assert [question.text for question in asked if not is_yes(question)] == ["È un prodotto non ancora annunciato"]


def test_a_breach_is_explained_by_its_rule_and_its_clause(screener: Screener) -> None:
    (breach,) = (question for question in questions(screener, "seed", "it", at=NOW) if not is_yes(question))
    assert breach.why == "Forse non è ancora pubblico."
    assert (breach.clause.heading, breach.clause.text) == ("4.1 Riservatezza", "Tieni i segreti.")


def test_an_example_that_another_rule_flags_is_not_shown_as_fit(written: Written) -> None:
    asked = questions(written(MORE), "seed", "it", count=50, at=NOW)
    assert "Da lunedì lo sportello di via Roma apre alle otto e mezza" in texts(asked)
    assert not any("cretino non serve" in text for text in texts(asked))


def test_rules_that_are_not_in_force_are_not_asked_about(written: Written) -> None:
    screener = written(MORE)
    asked = texts(questions(screener, "seed", "it", count=50, at=NOW))
    assert not any("risultati" in text or "Questa è" in text for text in asked)
    in_february = questions(screener, "seed", "it", count=50, at=datetime(2026, 2, 1, tzinfo=UTC))
    assert any("risultati" in text for text in texts(in_february))


def test_what_is_long_is_not_asked(written: Written) -> None:
    long = "La nostra officina apre anche il sabato mattina. " * 9
    assert len(long) > LONGEST
    asked = questions(written(MORE.replace("Da lunedì lo sportello di via Roma", long)), "seed", "it", count=50, at=NOW)
    assert not any("officina" in text for text in texts(asked))


def test_what_holds_a_secret_is_not_asked(written: Written) -> None:
    key = "Vedi SEGRETO-12: lo sportello di via Roma"
    asked = questions(written(MORE.replace("lo sportello di via Roma", key)), "seed", "it", count=50, at=NOW)
    assert not any("SEGRETO" in text for text in texts(asked))


def test_without_examples_in_the_readers_language_there_are_no_questions(screener: Screener) -> None:
    assert questions(screener, "seed", "en", at=NOW) == ()


def test_a_reader_whose_language_the_policy_does_not_speak_gets_its_own(policy: Policy) -> None:
    asked = questions(Screener(policy.model_copy(update={"languages": ("it",)})), "seed", "en", at=NOW)
    assert "È un prodotto annunciato" in texts(asked)


def test_the_same_seed_asks_the_same_in_another_process(policy_path: Path, screener: Screener) -> None:
    code = (
        "import sys; from pathlib import Path; from bot.quiz import questions; from rules.assembly import load_policy\n"
        "from rules.screening import Screener; screener = Screener(load_policy(Path(sys.argv[1])))\n"
        "print(*(q.text for seed in 'abc' for q in questions(screener, seed, 'it')), sep='\\n')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(policy_path)], capture_output=True, encoding="utf-8", check=True,
        env={"PYTHONHASHSEED": "7", "PYTHONUTF8": "1"}, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    here = [question.text for seed in "abc" for question in questions(screener, seed, "it")]
    assert ran.stdout.splitlines() == here
    assert here[:3] != here[3:6] or here[3:6] != here[6:]


@settings(max_examples=12, deadline=None)
@given(seed=st.text(max_size=8), language=st.sampled_from(["it", "en"]))
def test_a_real_policy_asks_five_fair_questions(company: Screener, seed: str, language: str) -> None:
    asked = questions(company, seed, language, at=NOW)
    policy = company.policy
    assert len(texts(asked)) == len({question.clause.number for question in asked}) == COUNT
    yes = [question for question in asked if is_yes(question)]
    assert 2 <= len(yes) <= 3
    assert {len(question.options) for question in asked} == {2, 3}
    rules = {text_of(one): rule for rule in policy.rules for one in (*rule.examples.flag, *rule.examples.allow)}
    assert len({rules[question.text].id for question in asked}) == COUNT
    for question in asked:
        assert len(question.text) <= LONGEST
        assert detect(question.text, policy.languages).code == language
        assert company.hidden(question.text) == []
        if len(question.options) == 3:
            assert question.answer == question.clause.heading
            assert len(set(question.options)) == 3
    for question in yes:
        applies = rules[question.text].applies
        if not (applies.kinds or applies.accounts or applies.channels):
            assert company.screen(Draft(text=question.text), NOW).outcome is Outcome.CLEAR


# --- The way through it -----------------------------------------------------------------------------------------------


def test_a_quiz_from_the_first_question_to_the_last(quizzes: Quizzes) -> None:
    run = begun(quizzes)
    asked = current(quizzes, run)
    assert asked.number == 1
    assert asked.question.asks
    result = done(quizzes, run).result
    assert result
    assert (result.right, result.total) == (3, 3)


@pytest.mark.parametrize("well", [True, False])
def test_what_is_left_says_that_it_was_done_and_not_how(
    quizzes: Quizzes, store: Store, ledger: Ledger, policy: Policy, well: bool
) -> None:
    run = begun(quizzes)
    done(quizzes, run, well=well)
    quizzes.sweep(NOW + AGAIN)
    (row,), _, _ = kept(store)
    assert row.done == NOW.timestamp()  # for as long as the last answer may come once more
    quizzes.sweep(NOW + AGAIN + timedelta(seconds=1))
    rows, completed, (entry,) = kept(store)
    assert (rows, completed) == ([], [(ANNA, policy.revision)])
    body = json.loads(entry.body)
    assert (body["facts"], body["actor"], body["commitment"]) == ({"policy": policy.revision}, ANNA, None)
    assert run.id not in entry.body.decode()
    assert ledger.verify().is_sound


def test_trying_again_leaves_no_trace(quizzes: Quizzes, store: Store) -> None:
    done(quizzes, begun(quizzes), well=False)
    second = begun(quizzes)
    assert [row.id for row in kept(store)[0]] == [second.id]  # how the first one went is gone already
    done(quizzes, second)
    quizzes.sweep(NOW + AGAIN + timedelta(seconds=1))
    rows, completed, entries = kept(store)
    assert (rows, len(completed), len(entries)) == ([], 1, 1)


def test_a_second_press_changes_nothing(quizzes: Quizzes) -> None:
    run = begun(quizzes)
    right = current(quizzes, run).question.right
    first = quizzes.answer(run.id, ANNA, 1, 1 - right, NOW)
    second = quizzes.answer(run.id, ANNA, 1, right, NOW)
    assert isinstance(first, Answered)
    assert not first.is_right
    assert second == first


def test_two_presses_at_once_on_the_last_question_see_one_result(quizzes: Quizzes, store: Store) -> None:
    run = begun(quizzes)
    for number in (1, 2):
        quizzes.answer(run.id, ANNA, number, 0, NOW)
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda option: quizzes.answer(run.id, ANNA, 3, option % 2, NOW), range(16)))
    assert isinstance(said[0], Answered)
    assert said[0].result
    assert all(one == said[0] for one in said)
    assert len(kept(store)[2]) == 1


def test_an_answer_that_comes_twice_is_answered_alike_by_another_process(
    quizzes: Quizzes, store: Store, ledger: Ledger, screener: Screener
) -> None:
    elsewhere = Quizzes(store, ledger, lambda: screener)
    run = begun(quizzes)
    for number in (1, 2, 3):
        first = quizzes.answer(run.id, ANNA, number, 0, NOW)
        assert isinstance(first, Answered)
        assert elsewhere.answer(run.id, ANNA, number, 0, NOW) == first
        assert elsewhere.answer(run.id, ANNA, number, 1, NOW) == first  # the first one counts
    assert first.result
    assert len(kept(store)[2]) == 1
    refused = elsewhere.answer(run.id, BRUNO, 3, 0, NOW)
    assert isinstance(refused, Ended)
    assert refused.why is End.FOREIGN
    found = elsewhere.find(run.id, ANNA)
    assert isinstance(found, Ended)  # it is not under way any more
    assert found.why is End.GONE


def test_of_one_that_is_done_another_policy_changes_nothing(
    store: Store, ledger: Ledger, screener: Screener, written: Written
) -> None:
    in_force = [screener]
    quizzes = Quizzes(store, ledger, lambda: in_force[0])
    run = begun(quizzes)
    done(quizzes, run)
    in_force[0] = written(MORE)
    late = quizzes.answer(run.id, ANNA, 3, 0, NOW)
    assert isinstance(late, Ended)
    assert late.why is End.GONE


def test_what_begins_a_quiz_twice_begins_one(
    quizzes: Quizzes, store: Store, ledger: Ledger, screener: Screener
) -> None:
    first = quizzes.begin(ANNA, "it", NOW, once="s_1")
    assert isinstance(first, QuizRun)
    quizzes.answer(first.id, ANNA, 1, 0, NOW)
    again = Quizzes(store, ledger, lambda: screener).begin(ANNA, "it", NOW, once="s_1")
    assert isinstance(again, QuizRun)
    assert (again.id, len(again.answers)) == (first.id, 1)
    other = quizzes.begin(ANNA, "it", NOW, once="s_2")
    assert isinstance(other, QuizRun)
    assert other.id != first.id
    assert [row.id for row in kept(store)[0]] == [other.id]


def test_what_was_never_offered_is_asked_again(quizzes: Quizzes) -> None:
    run = begun(quizzes)
    first = current(quizzes, run)
    for number, option in [(2, 0), (0, 0), (-1, 0), (99, 0), (1, 2), (1, -1)]:
        assert quizzes.answer(run.id, ANNA, number, option, NOW) == first


def test_a_stranger_is_refused_and_changes_nothing(quizzes: Quizzes) -> None:
    run = begun(quizzes)
    first = current(quizzes, run)
    refused = quizzes.answer(run.id, BRUNO, 1, first.question.right, NOW)
    assert isinstance(refused, Ended)
    assert refused.why is End.FOREIGN
    found = quizzes.find(run.id, ANNA)
    assert found == run
    done(quizzes, run)
    after = quizzes.answer(run.id, BRUNO, 3, 0, NOW)
    assert isinstance(after, Ended)


def test_a_quiz_ends_kindly_when_another_policy_comes_into_force(
    store: Store, ledger: Ledger, screener: Screener, written: Written
) -> None:
    in_force = [screener]
    quizzes = Quizzes(store, ledger, lambda: in_force[0])
    run = begun(quizzes)
    in_force[0] = written(MORE)
    ended = quizzes.answer(run.id, ANNA, 1, 0, NOW)
    assert isinstance(ended, Ended)
    assert ended.why is End.CHANGED
    assert kept(store) == ([], [], [])


def test_a_quiz_survives_a_restart(quizzes: Quizzes, store: Store, ledger: Ledger, screener: Screener) -> None:
    run = begun(quizzes)
    answered = quizzes.answer(run.id, ANNA, 1, 0, NOW)
    restarted = Quizzes(store, ledger, lambda: screener)
    found = restarted.find(run.id, ANNA)
    assert isinstance(found, QuizRun)
    assert isinstance(answered, Answered)
    assert current(restarted, found) == answered.next


def test_questions_that_can_no_longer_be_made_are_never_marked(
    quizzes: Quizzes, store: Store, ledger: Ledger, policy: Policy
) -> None:
    run = begun(quizzes)
    # The same policy, read by a program that takes less at a time: it would ask something else.
    ended = Quizzes(store, ledger, lambda: Screener(policy, limit=30)).answer(run.id, ANNA, 1, 0, NOW)
    assert isinstance(ended, Ended)
    assert ended.why is End.GONE
    assert kept(store) == ([], [], [])


def test_what_cannot_be_recorded_is_not_done_and_may_be_tried_again(
    quizzes: Quizzes, store: Store, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(quizzes)
    for number in (1, 2):
        quizzes.answer(run.id, ANNA, number, 0, NOW)

    def refuse(*_: object, **__: object) -> None:
        raise RecordError("full", "here")

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "append", refuse)
        with pytest.raises(RecordError):
            quizzes.answer(run.id, ANNA, 3, 0, NOW)
    assert kept(store)[1:] == ([], [])
    answered = quizzes.answer(run.id, ANNA, 3, 0, NOW)
    assert isinstance(answered, Answered)
    assert answered.result
    rows, completed, entries = kept(store)
    assert ([row.done for row in rows], len(completed), len(entries)) == ([NOW.timestamp()], 1, 1)


def test_there_is_one_quiz_at_a_time(quizzes: Quizzes, store: Store) -> None:
    first, others = begun(quizzes), begun(quizzes, BRUNO)
    second = begun(quizzes)
    assert isinstance(quizzes.answer(first.id, ANNA, 1, 0, NOW), Ended)
    assert isinstance(quizzes.answer(second.id, ANNA, 1, 0, NOW), Answered)
    assert {row.id for row in kept(store)[0]} == {second.id, others.id}


def test_without_examples_there_is_no_quiz(quizzes: Quizzes, store: Store) -> None:
    ended = quizzes.begin(ANNA, "en", NOW)
    assert isinstance(ended, Ended)
    assert ended.why is End.EMPTY
    assert kept(store)[0] == []


def test_a_quiz_that_nobody_comes_back_to_is_let_go(quizzes: Quizzes, store: Store) -> None:
    old, young = begun(quizzes), begun(quizzes, BRUNO, now=NOW + timedelta(days=1))
    quizzes.sweep(NOW + timedelta(days=DAYS, hours=1))
    assert [row.id for row in kept(store)[0]] == [young.id]
    assert isinstance(quizzes.find(old.id, ANNA), Ended)


@pytest.mark.parametrize("id", ["", "z_", "z_1_it_2", "_____", "z_é_xx_🙂", "x" * 5000])
def test_an_id_that_never_was_is_over(quizzes: Quizzes, id: str) -> None:
    ended = quizzes.answer(id, ANNA, 1, 0, NOW)
    assert isinstance(ended, Ended)
    assert ended.why is End.GONE


@pytest.mark.parametrize("language", ["it", "en"])
def test_nobody_is_greeted_with_an_insult(models: Path, language: Language) -> None:
    policy = load_policy(SHIPPED / "company.yaml")
    screener = Screener(policy, Judges(models))
    hurtful = {rule.id for rule in policy.rules if rule.id.startswith("toxicity.")}
    for seed in ("1", "2", "3"):
        asked = questions(screener, seed, language, at=NOW)
        assert len(asked) == COUNT
        for question in asked:
            found = screener.screen(Draft(text=question.text, in_reply_to=question.in_reply_to), NOW).findings
            assert hurtful.isdisjoint(finding.rule for finding in found)
