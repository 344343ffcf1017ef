"""From a draft to "published": what a writer can do, what owners rule, and what stays as it is when done twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlmodel import Session, select
from stored import stored

from bot.actions import Action, Verb, tag
from bot.appeals import Appeals, Standing
from bot.audit.ledger import Ledger
from bot.chat import slack_blocks, telegram_parts
from bot.conversation import Conversation
from bot.deeds import Act, Answer, Cabinet
from bot.drafts import Drafts, HeldDraft, State
from bot.errands import Errand, What, card_name
from bot.languages import LANGUAGES
from bot.people import Linked
from bot.places import Cards
from bot.prescreen import Prescreen
from bot.reply import Notice, Reply
from bot.review import Reviews, Ruling
from bot.roles import Role
from bot.store import Store
from bot.tables import Held
from rules.draft import Account, Draft, DraftRefused
from rules.policy import Policy
from rules.screening import Screener

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
ANNA, BRUNO, CARLA = "slack:T1:UANNA", "slack:T1:UBRUNO", "slack:T1:UCARLA"
CLEAR = "Da lunedì lo sportello apre alle otto."
RUDE = "Ma che cretino!"
SECRET_NEWS = "Il nuovo forno è un prodotto non ancora annunciato, e scalda in due minuti."
TELLING = ("UANNA", "Anna", "Bianchi")
"""Whatever would say who wrote a draft; their pseudonym too."""
CODE = "Vedi SEGRETO-12 e il prodotto non ancora annunciato."
LEGAL = "slack:CLEGAL"


class Talk:
    """A conversation with a counter of events, as people have it."""

    def __init__(self, conversation: Conversation, cards: Cards) -> None:
        self.conversation, self.cards = conversation, cards
        self._numbers = count(1)
        self.at = NOW

    def send(self, text: str, account: str = ANNA, scope: Account = Account.INSTITUTIONAL) -> Reply:
        answer = self.conversation.check(self.id(), Draft(text=text, author=account, account=scope), "it")
        assert isinstance(answer.said, Reply)
        return answer.said

    def id(self) -> str:
        return f"s_{next(self._numbers)}"

    def press(
        self,
        verb: Verb,
        about: str,
        account: str = ANNA,
        *,
        words: str = "",
        choice: str = "",
        place: str = "",
        name: str | None = None,
    ) -> Answer:
        act = Act(self.id(), account, Action(verb, about, choice), "it", self.at, words, name, place)
        return self.conversation.act(act)

    def held(self, id: str) -> HeldDraft:
        found = self.conversation.cabinet.drafts.find(id)
        assert found is not None
        return found

    def late(self, seat: str) -> None:
        """Its deadline is over: its owner is reminded."""
        reviews = self.conversation.cabinet.reviews
        found = reviews.seat(seat)
        assert found is not None
        reviews.move_on(found, self.conversation.policy, self.at + timedelta(days=30))

    def asked(self, text: str = SECRET_NEWS) -> tuple[str, str]:
        """A draft on which Legal is asked, whose card stands in its channel: the draft's id and the seat's."""
        id = self.send(text).screening
        self.press(Verb.ASK, id)
        seat = self.conversation.cabinet.reviews.of_screening(id)[0].id
        self.cards.put(card_name(seat, "legal"), LEGAL, "1.1")
        return id, seat


@pytest.fixture
def talk(prescreen: Prescreen, cabinet: Cabinet, store: Store) -> Talk:
    prescreen = Prescreen(prescreen.screener, cabinet.ledger, cabinet.appeals)
    cards = Cards(store)
    return Talk(Conversation(prescreen, cabinet, cards, lambda owner: True, _nobody), cards)


def _nobody(session: Session, errands: Iterable[Errand]) -> None:
    """Whom a ruling concerns is told: of that, `bot/chat/test_desk.py` has the tests."""


def verbs(said: Reply | Notice) -> list[Verb]:
    return [button.action.verb for button in said.buttons]


def kinds(ledger: Ledger) -> list[str]:
    return [entry.kind for entry in reversed(ledger.entries())]


def text_of(answer: Answer) -> str:
    said = answer.said
    return said.text if isinstance(said, Notice) else f"{said.title}\n{said.summary}\n{said.footer}"


# --- What is offered -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        (CLEAR, [Verb.PUBLISHED, Verb.REMIND, Verb.EDIT, Verb.FORGET]),
        (RUDE, [Verb.EDIT, Verb.ACCEPT, Verb.DISAGREE, Verb.FORGET]),
        (SECRET_NEWS, [Verb.EDIT, Verb.ASK, Verb.DISAGREE, Verb.FORGET]),
    ],
)
def test_each_verdict_offers_what_can_be_done(talk: Talk, text: str, offered: list[Verb]) -> None:
    assert verbs(talk.send(text)) == offered


def test_a_private_draft_is_answered_and_nothing_of_it_is_kept(talk: Talk, store: Store) -> None:
    said = talk.send(RUDE, scope=Account.PRIVATE)
    assert said.buttons == ()
    assert "non posso chiedere io" in talk.send(SECRET_NEWS, scope=Account.PRIVATE).summary
    assert talk.conversation.cabinet.drafts.find(said.screening) is None
    assert talk.conversation.cabinet.ledger.entries() == []


def test_only_the_writer_acts_on_a_draft(talk: Talk) -> None:
    id = talk.send(CLEAR).screening
    assert isinstance(talk.press(Verb.FORGET, id, BRUNO).said, Notice)
    assert talk.held(id).state is State.CHECKED


def test_what_is_kept_is_sealed(talk: Talk, store: Store) -> None:
    talk.send(SECRET_NEWS)
    talk.asked(CODE)
    assert b"SEGRETO-12" not in stored(store)


# --- Changing it ---------------------------------------------------------------------------------------------------


def test_an_edit_is_checked_in_the_same_thread_and_says_what_changed(talk: Talk) -> None:
    first = talk.send(RUDE).screening
    answer = talk.press(Verb.EDIT, first, words=CLEAR)
    assert answer.replaces
    assert isinstance(answer.said, Reply)
    assert "1" in answer.said.summary.splitlines()[-1]
    new = talk.held(answer.said.screening)  # type: ignore[union-attr]
    assert (new.thread, new.may_be_published) == (first, True)
    assert talk.held(first).state is State.REPLACED


def test_the_proposal_becomes_the_draft(talk: Talk) -> None:
    said = talk.send("Che sinergia, ma che cretino!")
    if Verb.REWRITE not in verbs(said):
        pytest.skip("this policy has no better wording for it")
    rewritten = talk.held(said.screening).rewrite
    answer = talk.press(Verb.REWRITE, said.screening)
    assert talk.held(answer.said.screening).draft.text == rewritten  # type: ignore[union-attr]


def test_an_empty_edit_is_refused_and_changes_nothing(talk: Talk) -> None:
    id = talk.send(RUDE).screening
    with pytest.raises(DraftRefused):
        talk.press(Verb.EDIT, id, words="  ")
    assert talk.held(id).state is State.CHECKED


def test_forgotten_is_gone_with_its_thread(talk: Talk) -> None:
    first = talk.send(RUDE).screening
    second = talk.press(Verb.EDIT, first, words=CLEAR).said.screening  # type: ignore[union-attr]
    talk.press(Verb.FORGET, second)
    drafts = talk.conversation.cabinet.drafts
    assert drafts.find(first) is None
    assert drafts.find(second) is None
    assert isinstance(talk.press(Verb.EDIT, second, words=CLEAR).said, Notice)
    assert drafts.mine(talk.conversation.cabinet.people.person(ANNA)) == []


def test_a_draft_is_let_go_after_its_days(talk: Talk) -> None:
    id = talk.send(CLEAR).screening
    drafts = talk.conversation.cabinet.drafts
    assert drafts.over(datetime.now(UTC) + timedelta(days=6)) == []
    assert drafts.over(datetime.now(UTC) + timedelta(days=8)) == [id]
    drafts.let_go([id])
    assert drafts.find(id) is None


def test_however_many_are_over_they_are_let_go(talk: Talk, store: Store) -> None:
    """After days without a worker they are more than one statement may name."""
    many = (
        "INSERT INTO held (id, thread, person, at, until, outcome, state, policy, wrapped, sealed) "
        "WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < 70000) "
        "SELECT 's_' || n, '', 'p_1', 0, 0, 'pass', 'checked', '', {0}, {0} FROM one"
    )
    with store.write() as session:
        session.connection().exec_driver_sql(many.format("x''" if store.file else "''::bytea"))
    drafts, now = talk.conversation.cabinet.drafts, datetime.now(UTC)
    while over := drafts.over(now):
        drafts.let_go(over)
    with store.read() as session:
        assert session.exec(select(Held.id)).all() == []


# --- Publishing anyway ---------------------------------------------------------------------------------------------


def test_publishing_anyway_is_on_record_and_has_a_receipt(talk: Talk, ledger: Ledger) -> None:
    id = talk.send(RUDE).screening
    answer = talk.press(Verb.ACCEPT, id)
    assert talk.held(id).state is State.OVERRIDDEN
    assert kinds(ledger) == ["screening", "override"]
    assert verbs(answer.said)[0] is Verb.PUBLISHED
    assert talk.press(Verb.ACCEPT, id).said == answer.said
    assert kinds(ledger) == ["screening", "override"]


def test_what_needs_a_yes_cannot_be_published_anyway(talk: Talk) -> None:
    id = talk.send(SECRET_NEWS).screening
    for verb in (Verb.ACCEPT, Verb.JUSTIFY, Verb.PUBLISHED):
        talk.press(verb, id, words="perché sì")
        assert talk.held(id).state is State.CHECKED


def test_published_is_noted_once(talk: Talk, ledger: Ledger) -> None:
    id = talk.send(CLEAR).screening
    for _ in range(2):
        talk.press(Verb.PUBLISHED, id, words="https://example.com/post/1")
    assert talk.held(id).state is State.PUBLISHED
    assert kinds(ledger) == ["screening", "published"]


def test_a_receipt_bears_the_moment_of_the_yes(talk: Talk) -> None:
    id, seat = talk.asked()
    checked = talk.at
    talk.at += timedelta(hours=2)
    talk.press(Verb.APPROVE, seat, BRUNO, place=LEGAL)
    approved = talk.at
    talk.at += timedelta(hours=2)
    told = talk.conversation.told(What.RULED, id, None, "e_1", ANNA, "it")
    assert told is not None
    rude = talk.send(RUDE).screening
    talk.at += timedelta(hours=2)
    answer = talk.press(Verb.ACCEPT, rude)
    found = [_receipt(talk, text_of(each)) for each in (told, answer)]
    assert found == [approved, talk.at]
    assert checked not in found


def _receipt(talk: Talk, said: str) -> datetime | None:
    code = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", said)
    assert code
    cabinet = talk.conversation.cabinet
    return cabinet.receipts.verify(code[0], "", "").at


# --- Asking --------------------------------------------------------------------------------------------------------


def test_asking_sends_one_card_and_an_approval_comes_back(talk: Talk, ledger: Ledger) -> None:
    id, seat = talk.asked()
    assert talk.held(id).state is State.ASKED
    answer = talk.press(Verb.APPROVE, seat, BRUNO, place=LEGAL, name="Bruno")
    assert [(errand.what, errand.owner or errand.person) for errand in answer.errands] == [
        (What.CARD, "legal"),
        (What.RULED, talk.conversation.cabinet.people.person(ANNA)),
    ]
    assert talk.held(id).state is State.APPROVED
    assert kinds(ledger) == ["screening", "review", "decision"]
    news = talk.conversation.told(What.RULED, id, None, "e_1", ANNA, "it")
    assert news is not None
    assert Verb.PUBLISHED in verbs(news.said)


def test_an_owner_without_a_channel_is_asked_on_the_page_where_somebody_answers_for_them(
    prescreen: Prescreen, cabinet: Cabinet, store: Store
) -> None:
    cards = Cards(store)
    talk = Talk(Conversation(prescreen, cabinet, cards, lambda owner: owner != "legal", _nobody), cards)
    id = talk.send(SECRET_NEWS).screening
    assert "riesco a raggiungere" in text_of(talk.press(Verb.ASK, id))
    cabinet.roles.grant(cabinet.people.person(CARLA), Role.OWNER, "legal", by=None)
    id = talk.send(f"{SECRET_NEWS} Davvero.").screening
    assert "aspetta sulla pagina" in text_of(talk.press(Verb.ASK, id))
    (seat,) = cabinet.reviews.of_screening(id)
    assert (seat.owner, seat.step) == ("legal", 0)
    assert seat.due is not None
    talk.press(Verb.APPROVE, seat.id, CARLA)
    assert talk.held(id).state is State.APPROVED


def test_asking_twice_asks_once(talk: Talk) -> None:
    id, seat = talk.asked()
    again = talk.press(Verb.ASK, id)
    assert [each.id for each in talk.conversation.cabinet.reviews.of_screening(id)] == [seat]
    assert len({errand.name for errand in again.errands}) == 1


def test_nobody_approves_their_own_draft(talk: Talk) -> None:
    id, seat = talk.asked()
    for verb in (Verb.APPROVE, Verb.TAKE, Verb.REJECT):
        talk.press(verb, seat, ANNA, words="va bene", place=LEGAL)
    assert talk.held(id).state is State.ASKED


def test_whoever_is_elsewhere_cannot_rule(talk: Talk) -> None:
    id, seat = talk.asked()
    talk.press(Verb.APPROVE, seat, BRUNO, place="slack:CELSEWHERE")
    assert talk.held(id).state is State.ASKED


def test_once_somebody_is_named_the_channel_is_not_enough(talk: Talk) -> None:
    id, seat = talk.asked()
    cabinet = talk.conversation.cabinet
    cabinet.roles.grant(cabinet.people.person(CARLA), Role.OWNER, "legal", by=None)
    talk.press(Verb.APPROVE, seat, BRUNO, place=LEGAL)
    assert talk.held(id).state is State.ASKED
    talk.press(Verb.APPROVE, seat, CARLA)
    assert talk.held(id).state is State.APPROVED


def test_of_two_who_rule_one_wins(talk: Talk) -> None:
    id, seat = talk.asked()
    talk.press(Verb.REJECT, seat, BRUNO, words="Aspettiamo lunedì", place=LEGAL)
    loser = talk.press(Verb.APPROVE, seat, CARLA, place=LEGAL)
    assert loser.errands == ()
    assert talk.held(id).state is State.REJECTED
    seats = talk.conversation.cabinet.reviews.of_screening(id)
    assert (seats[0].state, seats[0].reason) == (Ruling.REJECTED, "Aspettiamo lunedì")


def test_a_no_needs_its_reason(talk: Talk) -> None:
    id, seat = talk.asked()
    talk.press(Verb.REJECT, seat, BRUNO, words=" ", place=LEGAL)
    assert talk.held(id).state is State.ASKED


def test_a_reason_is_blanked_as_a_draft_is(talk: Talk) -> None:
    id, seat = talk.asked()
    talk.press(Verb.CHANGE, seat, BRUNO, words="Togli SEGRETO-12", place=LEGAL)
    assert talk.conversation.cabinet.reviews.of_screening(id)[0].reason == "Togli [CODE]"


def test_passing_on_moves_the_card_and_the_right_to_rule(talk: Talk) -> None:
    id, seat = talk.asked()
    answer = talk.press(Verb.PASS, seat, BRUNO, choice=tag("comms"), place=LEGAL)
    assert [errand.owner for errand in answer.errands] == ["legal", "comms"]
    talk.press(Verb.APPROVE, seat, BRUNO, place=LEGAL)
    assert talk.held(id).state is State.ASKED
    talk.cards.put(card_name(seat, "comms"), "slack:CCOMMS", "2.1")
    talk.press(Verb.APPROVE, seat, CARLA, place="slack:CCOMMS")
    assert talk.held(id).state is State.APPROVED


def test_an_edit_takes_the_question_back(talk: Talk) -> None:
    id, seat = talk.asked()
    answer = talk.press(Verb.EDIT, id, words=CLEAR)
    assert [errand.what for errand in answer.errands] == [What.CARD]
    talk.press(Verb.APPROVE, seat, BRUNO, place=LEGAL)
    found = talk.conversation.cabinet.reviews.seat(seat)
    assert found is not None
    assert found.state is Ruling.WITHDRAWN


def test_what_was_rejected_is_not_asked_again_as_it_is(talk: Talk) -> None:
    id, seat = talk.asked()
    talk.press(Verb.REJECT, seat, BRUNO, words="No.", place=LEGAL)
    news = talk.conversation.told(What.RULED, id, None, "e_1", ANNA, "it")
    assert news is not None
    assert verbs(news.said) == [Verb.EDIT, Verb.DISAGREE, Verb.FORGET]
    assert talk.press(Verb.ASK, id).errands == ()


def test_a_withdrawal_is_told_again_after_a_stop(talk: Talk) -> None:
    id, _ = talk.asked()
    first = talk.press(Verb.EDIT, id, words=CLEAR)
    again = talk.press(Verb.FORGET, first.said.screening)  # type: ignore[union-attr]
    assert [errand.name for errand in again.errands] == [errand.name for errand in first.errands]


def test_a_yes_covers_exactly_these_words(talk: Talk) -> None:
    id, seat = talk.asked()
    talk.press(Verb.APPROVE, seat, BRUNO, place=LEGAL)
    again = talk.press(Verb.AGAIN, id)
    assert talk.held(again.said.screening).state is State.APPROVED  # type: ignore[union-attr]
    other = talk.press(Verb.EDIT, again.said.screening, words=SECRET_NEWS + " Davvero.")  # type: ignore[union-attr]
    assert talk.held(other.said.screening).state is State.CHECKED  # type: ignore[union-attr]


def test_a_yes_under_another_policy_is_not_a_yes_under_this_one(talk: Talk, changed: Callable[..., Policy]) -> None:
    id, seat = talk.asked()
    talk.press(Verb.APPROVE, seat, BRUNO, place=LEGAL)
    talk.conversation._prescreen.screener = Screener(changed(timezone="Europe/London"))
    again = talk.press(Verb.AGAIN, id)
    assert talk.held(again.said.screening).state is State.CHECKED  # type: ignore[union-attr]


def test_a_draft_of_an_older_policy_is_checked_again_before_anybody_is_asked(
    talk: Talk, changed: Callable[..., Policy]
) -> None:
    for text, verb in ((SECRET_NEWS, Verb.ASK), (RUDE, Verb.ACCEPT)):
        id = talk.send(text).screening
        before = talk.conversation._prescreen.screener
        talk.conversation._prescreen.screener = Screener(changed(timezone="Europe/London"))
        answer = talk.press(verb, id)
        assert verbs(answer.said) == [Verb.AGAIN]
        assert talk.held(id).state is State.CHECKED
        talk.conversation._prescreen.screener = before


def test_a_clause_that_is_gone_hinders_nobody_from_hearing_the_answer(
    talk: Talk, policy: Policy, changed: Callable[..., Policy]
) -> None:
    id, seat = talk.asked()
    clauses = tuple(clause.model_copy(update={"id": f"9.{clause.id}"}) for clause in policy.clauses)
    rules = tuple(rule.model_copy(update={"clause": f"9.{rule.clause}"}) for rule in policy.rules)
    talk.conversation._prescreen.screener = Screener(changed(clauses=clauses, rules=rules))
    talk.press(Verb.CHANGE, seat, BRUNO, words="Aspetta lunedì.", place=LEGAL)
    assert talk.conversation.told(What.RULED, id, None, "e_1", ANNA, "it") is not None


def test_a_reminder_of_older_words_does_not_undo_newer_ones(talk: Talk) -> None:
    first = talk.send(CLEAR).screening
    talk.press(Verb.REMIND, first, choice="4")
    second = talk.press(Verb.EDIT, first, words=SECRET_NEWS).said.screening  # type: ignore[union-attr]
    talk.press(Verb.ASK, second)
    assert talk.conversation.cabinet.reminders.due(NOW + timedelta(days=1)) == ()
    assert talk.conversation.told(What.AGAIN, first, None, "e_1", ANNA, "it") is None
    assert talk.held(second).state is State.ASKED


def test_looking_at_a_draft_changes_nothing(talk: Talk) -> None:
    id, seat = talk.asked()
    for verb in (Verb.SHOW, Verb.AGAIN):
        assert talk.press(verb, id).errands == ()
    found = talk.conversation.cabinet.reviews.seat(seat)
    assert found is not None
    assert found.state is Ruling.OPEN
    talk.press(Verb.REJECT, seat, BRUNO, words="No.", place=LEGAL)
    assert Verb.ASK not in verbs(talk.press(Verb.SHOW, id).said)


def test_a_check_delivered_again_takes_no_question_back(talk: Talk) -> None:
    first = talk.send(CLEAR).screening
    draft = Draft(text=SECRET_NEWS, author=ANNA)
    for _ in range(2):
        talk.conversation.check("s_again", draft, "it", thread=first)
        talk.press(Verb.ASK, "s_again")
    seats = talk.conversation.cabinet.reviews.of_screening("s_again")
    assert [seat.state for seat in seats] == [Ruling.OPEN]


def test_passing_on_done_again_after_a_stop_says_the_same(talk: Talk) -> None:
    _, seat = talk.asked()
    act = Act("e_1", BRUNO, Action(Verb.PASS, seat, tag("comms")), "it", NOW, place=LEGAL)
    assert talk.conversation.act(act) == talk.conversation.act(act)


def on_record(ledger: Ledger, kind: str) -> list[tuple[str, str]]:
    """Who ruled what, the first entry first."""
    said = [json.loads(entry.body) for entry in reversed(ledger.entries()) if entry.kind == kind]
    return [(each["actor"], each["facts"]["ruling"]) for each in said]


def meanwhile(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, press: Callable[[], Answer]) -> None:
    """Right before `name` is done, and after all that is looked at before it, another worker does `press`, once."""
    do = getattr(owner, name)

    def second(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(owner, name, do)
        press()
        return do(*given, **more)

    monkeypatch.setattr(owner, name, second)


@pytest.mark.parametrize(
    ("owner", "name"), [(Ledger, "append_in"), (Drafts, "move_in"), (Reviews, "_settle"), (Ledger, "let_head_follow")]
)
def test_a_ruling_is_on_record_and_counts_or_neither(
    talk: Talk, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    id, seat = talk.asked()
    with monkeypatch.context() as broken:
        broken.setattr(owner, name, lambda *_, **__: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            talk.press(Verb.APPROVE, seat, BRUNO, place=LEGAL)
    cabinet = talk.conversation.cabinet
    # The last of them fails when all is done: then nobody rules otherwise.
    is_done = name == "let_head_follow"
    assert on_record(ledger, "decision") == ([(cabinet.people.person(BRUNO), "approved")] if is_done else [])
    assert talk.held(id).state is (State.APPROVED if is_done else State.ASKED)
    talk.press(Verb.REJECT, seat, CARLA, words="No.", place=LEGAL)
    ruled = (BRUNO, "approved") if is_done else (CARLA, "rejected")
    assert on_record(ledger, "decision") == [(cabinet.people.person(ruled[0]), ruled[1])]
    assert talk.held(id).state == cabinet.reviews.of_screening(id)[0].state == ruled[1]


@pytest.mark.parametrize("second", [BRUNO, CARLA])
def test_of_two_rulings_at_once_the_one_on_record_counts(
    talk: Talk, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    """Also where one person presses both buttons, and two workers have them in hand."""
    id, seat = talk.asked()
    other = lambda: talk.press(Verb.REJECT, seat, second, words="No.", place=LEGAL)  # noqa: E731
    meanwhile(monkeypatch, Reviews, "rule", other)
    late = talk.press(Verb.APPROVE, seat, BRUNO, place=LEGAL)
    assert "Qualcuno ha fatto prima" in text_of(late)
    person = talk.conversation.cabinet.people.person(second)
    assert on_record(ledger, "decision") == [(person, "rejected")]
    (found,) = talk.conversation.cabinet.reviews.of_screening(id)
    assert (found.state, found.decided_by, talk.held(id).state) == (Ruling.REJECTED, person, State.REJECTED)


def test_a_ruling_done_again_after_a_stop_says_the_same(talk: Talk, ledger: Ledger) -> None:
    _, seat = talk.asked()
    act = Act("e_1", BRUNO, Action(Verb.REJECT, seat), "it", NOW, "No.", place=LEGAL)
    assert talk.conversation.act(act) == talk.conversation.act(act)
    assert len(on_record(ledger, "decision")) == 1


def test_a_word_that_never_counted_does_not_stand_for_the_one_that_does(talk: Talk, ledger: Ledger) -> None:
    """An older version put a ruling on record first; where it was stopped then, somebody may rule otherwise."""
    id, seat = talk.asked()
    bruno, carla = (talk.conversation.cabinet.people.person(each) for each in (BRUNO, CARLA))
    ledger.append("decision", subject=seat, facts={"screening": id, "ruling": "approved"}, actor=bruno, at=NOW)
    talk.press(Verb.REJECT, seat, CARLA, words="No.", place=LEGAL)
    assert on_record(ledger, "decision") == [(bruno, "approved"), (carla, "rejected")]
    assert talk.held(id).state is State.REJECTED


def test_a_card_that_could_not_be_passed_on_is_not_on_record_as_passed(
    talk: Talk, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, seat = talk.asked()
    meanwhile(monkeypatch, Reviews, "pass_on", lambda: talk.press(Verb.APPROVE, seat, CARLA, place=LEGAL))
    late = talk.press(Verb.PASS, seat, BRUNO, choice=tag("comms"), place=LEGAL)
    assert "Qualcuno ha fatto prima" in text_of(late)
    assert kinds(ledger) == ["screening", "review", "decision"]
    assert talk.held(id).state is State.APPROVED


@pytest.mark.parametrize(("verb", "text"), [(Verb.ACCEPT, RUDE), (Verb.PUBLISHED, CLEAR)])
def test_what_came_too_late_is_not_on_record(
    talk: Talk, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, verb: Verb, text: str
) -> None:
    """The draft is checked anew, with other words, while its writer's other press is worked on."""
    id = talk.send(text).screening
    meanwhile(monkeypatch, Drafts, "move", lambda: talk.press(Verb.EDIT, id, words=CODE))
    assert "le cose sono cambiate" in text_of(talk.press(verb, id))
    assert kinds(ledger) == ["screening", "screening"]
    assert talk.held(id).state is State.REPLACED


def test_an_owner_whose_last_name_is_taken_back_is_nobodys(talk: Talk) -> None:
    id, seat = talk.asked()
    cabinet = talk.conversation.cabinet
    carla = cabinet.people.person(CARLA)
    cabinet.roles.grant(carla, Role.OWNER, "legal", by=None)
    cabinet.roles.revoke(carla, Role.OWNER, "legal", by=None)
    for account in (BRUNO, CARLA):
        talk.press(Verb.APPROVE, seat, account, place=LEGAL)
    assert talk.held(id).state is State.ASKED
    assert cabinet.roles.given() == []


def test_the_reason_of_an_appeal_is_masked_as_the_draft_is(talk: Talk) -> None:
    id = talk.send(CODE).screening
    answer = talk.press(Verb.DISAGREE, id, words="SEGRETO-12 non è un codice", choice=tag("confidential.code"))
    card = talk.conversation.told(What.APPEAL, answer.errands[0].about, "legal", "e_1", "", "it")
    assert "SEGRETO-12" not in repr(card)


@pytest.mark.parametrize(("verb", "about"), [(Verb.ACCEPT, RUDE), (Verb.PUBLISHED, CLEAR)])
def test_what_a_writer_adds_is_blanked_before_it_is_on_record(
    talk: Talk, ledger: Ledger, verb: Verb, about: str
) -> None:
    id = talk.send(about).screening
    talk.press(verb, id, words="https://example.com/SEGRETO-12")
    kept = [words.decode() for _, words in sorted(ledger.words(range(1, 9)).items())]
    assert "[CODE]" in kept[-1]
    assert not any("SEGRETO-12" in body for body in kept)


def test_words_that_cannot_be_blanked_are_not_taken_and_nothing_is_done(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, seat = talk.asked()
    clear, rude = talk.send(CLEAR).screening, talk.send(RUDE).screening
    monkeypatch.setattr(Screener, "hidden", lambda *_: None)
    for verb, about in ((Verb.ACCEPT, rude), (Verb.PUBLISHED, clear)):
        talk.press(verb, about, words="un motivo")
        assert talk.held(about).state is State.CHECKED
    talk.press(Verb.DISAGREE, rude, words="un motivo", choice=tag("toxicity.insult"))
    assert talk.conversation.cabinet.appeals.standing(Standing.OPEN) == []
    talk.press(Verb.REJECT, seat, BRUNO, words="un motivo", place=LEGAL)
    found = talk.conversation.cabinet.reviews.seat(seat)
    assert found is not None
    assert found.state is Ruling.OPEN


def test_words_that_become_private_leave_no_question_behind(talk: Talk) -> None:
    id, seat = talk.asked()
    draft = Draft(text=SECRET_NEWS, author=ANNA, account=Account.PRIVATE)
    answer = talk.conversation.check("s_private", draft, "it", thread=id)
    assert [errand.what for errand in answer.errands] == [What.CARD]
    assert talk.conversation.cabinet.drafts.find(id) is None
    found = talk.conversation.cabinet.reviews.seat(seat)
    assert found is not None
    assert found.state is Ruling.WITHDRAWN


def test_the_card_shows_the_draft_masked_until_it_is_settled(talk: Talk) -> None:
    _, seat = talk.asked(CODE)
    card = talk.conversation.told(What.CARD, seat, "legal", "e_1", "", "it")
    assert card is not None
    assert isinstance(card.said, Reply)
    shown = "".join(piece.text for piece in card.said.pieces)
    assert "[CODE]" in shown
    assert "SEGRETO-12" not in repr(card.said)
    talk.press(Verb.APPROVE, seat, BRUNO, place=LEGAL, name="Bruno")
    card = talk.conversation.told(What.CARD, seat, "legal", "e_2", "", "it")
    assert card is not None
    assert isinstance(card.said, Reply)
    assert (card.said.pieces, card.said.buttons) == ((), ())
    assert "Bruno" in card.said.title


# --- Whose it is -----------------------------------------------------------------------------------------------------


def put_into_words(talk: Talk, what: What, about: str, owner: str) -> str:
    """All that people of an owner are shown, on every platform and in every language."""
    told = [talk.conversation.told(what, about, owner, talk.id(), "", language) for language in LANGUAGES]
    said = [answer.said for answer in told if answer is not None]
    assert said
    in_slack = [slack_blocks.messages(each, language) for each in said for language in LANGUAGES]
    in_telegram = [telegram_parts.parts(each, language) for each in said for language in LANGUAGES]
    return f"{said!r} {in_slack!r} {in_telegram!r}"


SEEN: dict[str, Callable[[Talk, str, str], object]] = {
    "asked": lambda talk, id, seat: None,
    "taken": lambda talk, id, seat: talk.press(Verb.TAKE, seat, BRUNO, place=LEGAL, name="Bruno"),
    "late": lambda talk, id, seat: talk.late(seat),
    "passed on": lambda talk, id, seat: talk.press(Verb.PASS, seat, BRUNO, choice=tag("comms"), place=LEGAL),
    "approved": lambda talk, id, seat: talk.press(Verb.APPROVE, seat, BRUNO, place=LEGAL, name="Bruno"),
    "rejected": lambda talk, id, seat: talk.press(Verb.REJECT, seat, BRUNO, words="No.", place=LEGAL, name="Bruno"),
    "a change": lambda talk, id, seat: talk.press(Verb.CHANGE, seat, BRUNO, words="Più breve.", place=LEGAL),
    "edited": lambda talk, id, seat: talk.press(Verb.EDIT, id, words=CLEAR, name="Anna Bianchi"),
    "taken back": lambda talk, id, seat: talk.press(Verb.FORGET, id, name="Anna Bianchi"),
    "pressed by its writer": lambda talk, id, seat: talk.press(Verb.APPROVE, seat, place=LEGAL, name="Anna Bianchi"),
}


@pytest.mark.parametrize("state", SEEN)
def test_no_card_in_whatever_state_says_who_wrote_the_draft(talk: Talk, state: str) -> None:
    id = talk.send(SECRET_NEWS).screening
    talk.press(Verb.ASK, id, name="Anna Bianchi")
    seat = talk.conversation.cabinet.reviews.of_screening(id)[0].id
    talk.cards.put(card_name(seat, "legal"), LEGAL, "1.1")
    SEEN[state](talk, id, seat)
    shown = put_into_words(talk, What.CARD, seat, "legal") + put_into_words(talk, What.CARD, seat, "comms")
    if talk.conversation.cabinet.reviews.waiting("legal"):
        shown += put_into_words(talk, What.DIGEST, "", "legal")
    assert id in shown
    assert [each for each in (*TELLING, talk.conversation.cabinet.people.person(ANNA)) if each in shown] == []


@pytest.mark.parametrize("verb", [None, Verb.OVERTURN, Verb.UPHOLD])
def test_no_appeal_in_whatever_state_says_who_disagrees(talk: Talk, verb: Verb | None) -> None:
    id = talk.send(RUDE).screening
    words = {"words": "È il titolo del film.", "choice": tag("toxicity.insult"), "name": "Anna Bianchi"}
    talk.press(Verb.DISAGREE, id, **words)
    (appeal,) = talk.conversation.cabinet.appeals.standing(Standing.OPEN)
    talk.cards.put(card_name(appeal.id, "comms"), "slack:CCOMMS", "3.1")
    if verb:
        talk.press(verb, appeal.id, BRUNO, words="Visto.", place="slack:CCOMMS", name="Bruno")
    shown = put_into_words(talk, What.APPEAL, appeal.id, "comms")
    assert ("Bruno" in shown) is (verb is not None)
    assert [each for each in (*TELLING, talk.conversation.cabinet.people.person(ANNA)) if each in shown] == []


def test_whoever_wrote_it_is_not_asked_for_words_that_will_not_count(talk: Talk) -> None:
    """In a group others would read the question, which names whom it is for."""
    _, seat = talk.asked()
    _, appeal = disagree(talk)
    for verb, about in ((Verb.REJECT, seat), (Verb.CHANGE, seat), (Verb.OVERTURN, appeal), (Verb.UPHOLD, appeal)):
        assert talk.conversation.asks(Action(verb, about), ANNA, "it") is None
        assert talk.conversation.asks(Action(verb, about), BRUNO, "it") is not None
        assert talk.conversation.asks(Action(verb, about), "slack:T1:UNOBODY", "it") is not None
    assert not talk.conversation.cabinet.people.is_known("slack:T1:UNOBODY")
    assert talk.conversation.asks(Action(Verb.APPROVE, seat), BRUNO, "it") is None


# --- Disagreeing ---------------------------------------------------------------------------------------------------


def disagree(talk: Talk, text: str = RUDE) -> tuple[str, str]:
    id = talk.send(text).screening
    talk.press(Verb.DISAGREE, id, words="È il titolo del film.", choice=tag("toxicity.insult"))
    appeal = talk.conversation.cabinet.appeals.standing(Standing.OPEN)[0]
    talk.cards.put(card_name(appeal.id, "comms"), "slack:CCOMMS", "3.1")
    return id, appeal.id


def test_what_is_overturned_stays_quiet_for_the_same_passage_only(talk: Talk, ledger: Ledger) -> None:
    _id, appeal = disagree(talk)
    talk.press(Verb.OVERTURN, appeal, BRUNO, words="Hai ragione.", place="slack:CCOMMS")
    assert talk.send(RUDE).remarks == ()
    assert talk.send(f"Buongiorno. {RUDE}").remarks == ()
    assert talk.send("Sei un cretino anche tu.").remarks != ()
    assert talk.send(RUDE, BRUNO).remarks != ()
    assert kinds(ledger)[:3] == ["screening", "appeal", "appeal_decision"]


def test_half_a_character_in_a_reason_is_no_failure(talk: Talk) -> None:
    id = talk.send(RUDE).screening
    answer = talk.press(Verb.DISAGREE, id, words="È un film \ud83d!", choice=tag("toxicity.insult"))
    assert [errand.what for errand in answer.errands] == [What.APPEAL]


def test_what_is_upheld_changes_nothing(talk: Talk) -> None:
    _, appeal = disagree(talk)
    talk.press(Verb.UPHOLD, appeal, BRUNO, words="Meglio di no.", place="slack:CCOMMS")
    assert talk.send(RUDE).remarks != ()


def test_nobody_rules_on_their_own_appeal(talk: Talk) -> None:
    _, appeal = disagree(talk)
    talk.press(Verb.OVERTURN, appeal, ANNA, words="Ho ragione.", place="slack:CCOMMS")
    assert talk.send(RUDE).remarks != ()


def test_nobody_rules_on_their_own_appeal_by_an_account_linked_since(talk: Talk) -> None:
    """Their draft is forgotten, so that the account can be linked; the appeal under its old pseudonym stands."""
    cabinet, twin = talk.conversation.cabinet, "telegram:55"
    id = talk.send(RUDE, account=twin).screening
    talk.press(Verb.DISAGREE, id, twin, choice=tag("toxicity.insult"), words="Era una citazione.")
    (appeal,) = cabinet.appeals.standing(Standing.OPEN)
    talk.press(Verb.FORGET, id, twin)
    bruno = cabinet.people.person(BRUNO)
    cabinet.roles.grant(bruno, Role.COMMUNICATIONS, by=None)
    assert cabinet.link(twin, cabinet.people.new_code(bruno, NOW), NOW) is Linked.DONE
    said = talk.press(Verb.OVERTURN, appeal.id, BRUNO, words="Ho ragione.")
    assert "qualcun altro" in text_of(said)
    (still,) = cabinet.appeals.standing(Standing.OPEN)
    assert still.id == appeal.id


@pytest.mark.parametrize("second", [BRUNO, CARLA])
def test_of_two_who_decide_an_appeal_at_once_the_one_on_record_counts(
    talk: Talk, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    _, appeal = disagree(talk)
    other = lambda: talk.press(Verb.UPHOLD, appeal, second, words="No.", place="slack:CCOMMS")  # noqa: E731
    meanwhile(monkeypatch, Appeals, "decide", other)
    late = talk.press(Verb.OVERTURN, appeal, BRUNO, words="Sì.", place="slack:CCOMMS")
    assert "Qualcuno ha fatto prima" in text_of(late)
    found = talk.conversation.cabinet.appeals.find(appeal)
    assert found is not None
    assert found.state is Standing.UPHELD
    assert on_record(ledger, "appeal_decision") == [(talk.conversation.cabinet.people.person(second), "upheld")]
    assert talk.send(RUDE).remarks != ()


@pytest.mark.parametrize("name", ["append_in", "let_head_follow"])
def test_an_appeal_is_decided_on_record_or_not_at_all(
    talk: Talk, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    _, appeal = disagree(talk)
    with monkeypatch.context() as broken:
        broken.setattr(Ledger, name, lambda *_, **__: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            talk.press(Verb.OVERTURN, appeal, BRUNO, words="Sì.", place="slack:CCOMMS")
    talk.press(Verb.UPHOLD, appeal, CARLA, words="No.", place="slack:CCOMMS")
    found = talk.conversation.cabinet.appeals.find(appeal)
    assert found is not None
    assert [(found.decided_by, found.state)] == on_record(ledger, "appeal_decision")


# --- Receipts ------------------------------------------------------------------------------------------------------


def code_in(said: str) -> str:
    return next(word.strip(".·") for word in said.split() if len(word.strip(".·")) == 9 and word[4] == "-")


def test_a_receipt_says_valid_edited_or_superseded(talk: Talk, changed: Callable[..., Policy]) -> None:
    code = code_in(talk.send(CLEAR).footer)
    assert "s_" not in code
    verified: Callable[[str], str] = lambda text: talk.conversation.verify(code, text, ANNA, "en").text  # noqa: E731
    assert verified(CLEAR).startswith("Valid")
    assert verified(CLEAR + "!").startswith("Edited")
    newer = changed(timezone="Europe/London")
    talk.conversation._prescreen.screener = Screener(newer)
    assert verified(CLEAR).startswith("Superseded")
    assert talk.conversation.verify("AAAA-AAAA", CLEAR, ANNA, "en").text.startswith("I know no receipt")


# --- Later ---------------------------------------------------------------------------------------------------------


def test_mine_lists_where_everything_stands(talk: Talk) -> None:
    talk.asked()
    talk.send(CLEAR)
    said = talk.conversation.mine(ANNA, "en")
    assert "waiting for an answer" in said.summary
    assert "good to go" in said.summary
    assert verbs(said) == [Verb.SHOW, Verb.SHOW]
    assert talk.conversation.mine(BRUNO, "en").buttons == ()


def test_a_policy_that_forgot_its_owner_still_shows_the_card(
    talk: Talk, policy: Policy, changed: Callable[..., Policy]
) -> None:
    _, seat = talk.asked()
    owners = (policy.owner("legal").model_copy(update={"id": "lawyers"}), policy.owner("comms"))
    clauses = tuple(clause.model_copy(update={"owner": "comms"}) for clause in policy.clauses)
    talk.conversation._prescreen.screener = Screener(changed(owners=owners, clauses=clauses))
    card = talk.conversation.told(What.CARD, seat, "legal", "e_1", "", "it")
    assert card is not None
