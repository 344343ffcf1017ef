"""The owners' queue: what is shown to whom, every deed of a card, two at once, appeals, and what is told to whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import unheard

from bot.actions import Action, Verb, tag
from bot.appeals import Standing
from bot.deeds import Act, Answer
from bot.drafts import State
from bot.review import Asked, Ruling
from rules.draft import Draft
from rules.screening import Screener

WRITER = "slack:T1:UBRUNO"
NEWS = "Un trimestre record, finalmente"
LEGAL, LEGAL_CARD = ("slack:T1:UCARLA", "owner:legal"), ("card", "#legale")

Ask = Callable[..., Asked]


@pytest.fixture
def say(rig: Any) -> Callable[..., Answer]:
    """What a writer does in a chat."""

    def said(verb: Verb, about: str, choice: str = "", words: str = "", account: str = WRITER) -> Answer:
        act = Act("e1", account, Action(verb, about, choice), "it", datetime.now(UTC), words=words, place="slack:D1")
        return rig.desk.conversation.act(act)  # type: ignore[no-any-return]

    return said


@pytest.fixture
def ask(rig: Any, say: Callable[..., Answer]) -> Ask:
    """A writer asks whoever can say yes; the first seat."""

    def asked(text: str = NEWS, account: str = WRITER, **context: str) -> Asked:
        answer = rig.desk.conversation.check(
            f"s_{tag(text + account)}", Draft(text=text, author=account, **context), "it"
        )
        say(Verb.ASK, answer.said.screening, account=account)
        return rig.cabinet.reviews.of_screening(answer.said.screening)[0]  # type: ignore[no-any-return]

    return asked


def word(verb: Verb, about: str) -> str:
    return Action(verb, about).word


def rule(visitor: Any, verb: Verb, about: str, words: str = "", **more: str) -> Any:
    return visitor.submit(f"/reviews/{about}", word=word(verb, about), words=words, **more)


def kinds(rig: Any) -> list[str]:
    return [entry.kind for entry in rig.cabinet.ledger.entries()]


def test_an_owner_sees_the_whole_card(rig: Any, ask: Ask) -> None:
    question = "Buongiorno, quando escono i vostri conti? " * 8
    seat = ask("Un trimestre record su IT60X0542811101000000123456", kind="reply", in_reply_to=question)
    page = rig.visitor(*LEGAL).get("/reviews").text
    assert "Una bozza aspetta il sì di: Ufficio legale" in page
    assert "Una richiesta ti aspetta" in page
    assert "scade tra 4 ore" in page
    # The draft is masked, its places are marked, each clause is quoted, and all that it replies to is there.
    assert "IT60X" not in page
    assert re.search(r'<mark class="review" data-tip="tip-q_\w+-\d">trimestre record</mark>', page)
    assert "§ 4.1 Notizie a tempo debito" in page
    assert "Sembra un risultato non ancora annunciato." in page
    assert page.count("quando escono i vostri conti?") > 8
    for verb in ("Approva", "Chiedi una modifica", "Respingi", "La guardo io", "Passa ad altri"):
        assert f">{verb}</button>" in page, verb
    assert WRITER not in page
    assert seat.writer not in page


def test_no_page_of_an_owner_s_says_who_wrote_a_draft(rig: Any, ask: Ask, say: Callable[..., Answer]) -> None:
    carla, elsa = rig.visitor(*LEGAL), rig.visitor("slack:T1:UELSA", "communications")
    seats = [ask(f"Un trimestre record, in {month}") for month in ("marzo", "aprile", "maggio", "giugno", "luglio")]
    rule(carla, Verb.APPROVE, seats[0].id)
    rule(carla, Verb.REJECT, seats[1].id, "No")
    rule(carla, Verb.TAKE, seats[2].id)
    rule(carla, Verb.PASS, seats[3].id, to=Action(Verb.PASS, seats[3].id, tag("press")).word)
    say(Verb.FORGET, seats[4].screening)
    for number, verb in enumerate((None, Verb.OVERTURN, Verb.UPHOLD)):
        draft = Draft(text=f"Il vaglietto esce in {number} colori", author=WRITER)
        checked = rig.desk.conversation.check(f"s_{number}", draft, "it")
        say(Verb.DISAGREE, checked.said.screening, tag("names.product"), "È il nome del cliente")
        if verb:
            rule(elsa, verb, rig.cabinet.appeals.standing(Standing.OPEN)[0].id, "Visto")
    appeals = [each for state in Standing for each in rig.cabinet.appeals.standing(state)]
    assert len(appeals) == 3
    telling = {WRITER, "UBRUNO", *(each.writer for each in (*seats, *appeals))}
    for owner, cards in ((carla, seats), (elsa, appeals)):
        for path in ("/reviews", "/reviews/decided", *(f"/reviews/{card.id}" for card in cards)):
            page = owner.get(path)
            assert page.status_code == 200, path
            assert [each for each in telling if each in page.text] == [], path


def test_the_navigation_says_how_many_wait(rig: Any, ask: Ask, say: Callable[..., Answer]) -> None:
    def counted(account: str, *titles: str) -> list[str]:
        return re.findall(r'<span class="waiting">(\d+)</span>', rig.visitor(account, *titles).get("/try").text)

    assert counted(*LEGAL) == []
    ask(), ask("Un trimestre record, di nuovo")
    checked = rig.desk.conversation.check("s_1", Draft(text="Il vaglietto è uscito", author=WRITER), "it")
    say(Verb.DISAGREE, checked.said.screening, tag("names.product"), "È il nome del cliente")
    assert counted(*LEGAL) == ["2"]
    assert counted("slack:T1:UDINO", "owner:press") == ["1"]
    assert counted("slack:T1:UELSA", "communications") == ["1"]
    assert counted("slack:T1:UGINO", "admin") == []


def test_only_what_is_ones_own_is_shown(rig: Any, ask: Ask) -> None:
    seat = ask()
    press = rig.visitor("slack:T1:UDINO", "owner:press")
    assert NEWS.split(",")[0] not in press.get("/reviews").text
    assert press.get(f"/reviews/{seat.id}").status_code == 404
    assert rig.visitor("slack:T1:UELSA", "compliance").get("/reviews").status_code == 403


def test_the_first_due_comes_first_and_what_is_late_says_so(rig: Any, ask: Ask) -> None:
    later, sooner = ask("Un trimestre record, in marzo"), ask("Un trimestre record, in giugno")
    now = datetime.now(UTC)
    rig.cabinet.reviews.move_on(sooner, rig.prescreen.screener.policy, now - timedelta(hours=3))
    page = rig.visitor(*LEGAL).get("/reviews").text
    assert page.index(sooner.id) < page.index(later.id)
    assert re.search(r'<p class="chip block">scadeva \d', page)
    assert "Un promemoria" in page


@pytest.mark.parametrize(
    ("verb", "ruling", "state"),
    [
        (Verb.APPROVE, Ruling.APPROVED, State.APPROVED),
        (Verb.REJECT, Ruling.REJECTED, State.REJECTED),
        (Verb.CHANGE, Ruling.CHANGE, State.CHANGE),
    ],
)
def test_a_ruling_counts_is_on_record_and_is_told(rig: Any, ask: Ask, verb: Verb, ruling: Ruling, state: State) -> None:
    seat = ask()
    carla = rig.visitor(*LEGAL)
    page = rule(carla, verb, seat.id, "Aspetta giovedì")
    assert page.status_code == 200
    assert "Segnato. Chi l’ha scritta lo sa subito." in page.text
    assert "Aspetta giovedì" in page.text
    found = rig.cabinet.reviews.seat(seat.id)
    assert (found.state, found.reason) == (ruling, "Aspetta giovedì")
    # Nobody's name is known to the page: the office answers.
    assert found.by == "Ufficio legale"
    assert rig.cabinet.drafts.find(seat.screening).state is state
    assert rig.mailbag.told() >= {LEGAL_CARD, ("ruled", WRITER)}
    entry = rig.cabinet.ledger.entry(seat.id)
    assert rig.cabinet.people.person("slack:T1:UCARLA") in entry.body.decode()
    assert seat.id not in carla.get("/reviews").text
    decided = carla.get("/reviews/decided").text
    assert "Aspetta giovedì" in decided
    assert seat.screening in decided


@pytest.mark.parametrize("verb", [Verb.REJECT, Verb.CHANGE])
def test_without_a_reason_there_is_no_no(rig: Any, ask: Ask, verb: Verb) -> None:
    seat = ask()
    page = rule(rig.visitor(*LEGAL), verb, seat.id, "  ")
    assert "Serve un motivo" in page.text
    assert rig.cabinet.reviews.seat(seat.id).state is Ruling.OPEN
    assert rig.mailbag.sent == []


def test_take_it(rig: Any, ask: Ask) -> None:
    seat = ask()
    carla = rig.visitor(*LEGAL)
    page = rule(carla, Verb.TAKE, seat.id).text
    assert "Ufficio legale" in page
    assert ">La guardo io</button>" not in page
    assert rig.mailbag.told() == {LEGAL_CARD, ("taken", WRITER)}


def test_pass_it_on(rig: Any, ask: Ask) -> None:
    seat = ask()
    carla, dino = rig.visitor(*LEGAL), rig.visitor("slack:T1:UDINO", "owner:press")
    # To whom has to be chosen.
    assert "A chi?" in rule(carla, Verb.PASS, seat.id).text
    to = Action(Verb.PASS, seat.id, tag("press")).word
    page = rule(carla, Verb.PASS, seat.id, to=to).text
    assert "Passata a Ufficio stampa" in page
    assert "trimestre record" not in page
    assert rig.mailbag.told() == {LEGAL_CARD, ("card", "#stampa")}
    assert seat.id not in carla.get("/reviews").text
    assert seat.id in dino.get("/reviews").text


def test_whoever_has_no_right_is_refused_by_the_same_rule(rig: Any, ask: Ask) -> None:
    seat = ask()
    for account, title in (("slack:T1:UDINO", "owner:press"), ("slack:T1:UELSA", "communications")):
        page = rule(rig.visitor(account, title), Verb.APPROVE, seat.id)
        assert page.status_code == 403
        assert "Ufficio legale" in page.text
        assert NEWS not in page.text
    assert rig.cabinet.reviews.seat(seat.id).state is Ruling.OPEN


def test_whoever_opened_the_link_rules_where_nobody_was_ever_named(rig: Any, ask: Ask) -> None:
    seat = ask()
    assert seat.id in rig.owner().get("/reviews").text
    assert rule(rig.owner(), Verb.APPROVE, seat.id).status_code == 200
    assert rig.cabinet.reviews.seat(seat.id).state is Ruling.APPROVED
    other = ask("Un trimestre record, di nuovo")
    rig.visitor(*LEGAL)
    assert rule(rig.owner(), Verb.APPROVE, other.id).status_code in (403, 404)
    assert rig.cabinet.reviews.seat(other.id).state is Ruling.OPEN


def test_nobody_rules_on_a_draft_of_their_own(rig: Any, ask: Ask) -> None:
    seat = ask(account="slack:T1:UCARLA")
    carla = rig.visitor(*LEGAL)
    page = carla.get("/reviews").text
    assert "Questa bozza è tua" in page
    assert ">Approva</button>" not in page
    assert "Questa bozza è tua" in rule(carla, Verb.APPROVE, seat.id).text
    assert rig.cabinet.reviews.seat(seat.id).state is Ruling.OPEN


def test_of_two_who_press_at_once_one_is_told_that_the_other_was_faster(rig: Any, ask: Ask) -> None:
    seat = ask()
    carla, fabio = rig.visitor(*LEGAL), rig.visitor("slack:T1:UFABIO", "owner:legal")
    with carla, fabio:
        carla.csrf(), fabio.csrf()
        with ThreadPoolExecutor(2) as both:
            pressed = [
                both.submit(rule, carla, Verb.APPROVE, seat.id),
                both.submit(rule, fabio, Verb.REJECT, seat.id, "No"),
            ]
            answers = [each.result().text for each in pressed]
    assert sum("Qualcuno ha fatto prima" in answer for answer in answers) == 1
    assert kinds(rig).count("decision") == 1


@pytest.mark.parametrize("times", [2, 9])
def test_while_the_database_fails_nobody_is_told_that_nothing_was_done(
    rig: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    seat = ask()
    unheard.rulings(monkeypatch, times)
    monkeypatch.setattr("bot.console.doing._PAUSES", (0.0, 0.0))
    page = rule(rig.visitor(*LEGAL), Verb.APPROVE, seat.id).text
    assert ("Segnato." in page, "ancora non so dirti" in page) == (times == 2, times == 9)
    assert "NON è stato fatto" not in page
    assert rig.cabinet.reviews.seat(seat.id).state is Ruling.APPROVED
    assert kinds(rig).count("decision") == 1
    # Its writer hears of it whatever the page could say.
    assert ("ruled", WRITER) in rig.mailbag.told()


def test_a_double_click_is_one_deed(rig: Any, ask: Ask) -> None:
    seat = ask()
    carla = rig.visitor(*LEGAL)
    to = Action(Verb.PASS, seat.id, tag("press")).word
    pages = [rule(carla, Verb.PASS, seat.id, to=to, once="x").text for _ in range(2)]
    assert all("Passata a Ufficio stampa" in page for page in pages)
    assert kinds(rig).count("passed") == 1


def test_a_form_that_names_another_card_is_none_of_ours(rig: Any, ask: Ask) -> None:
    seat, other = ask(), ask("Un trimestre record, di nuovo")
    carla = rig.visitor(*LEGAL)
    strange = ["", "1|approve", word(Verb.APPROVE, other.id), word(Verb.FORGET, seat.id), word(Verb.ASK, seat.id)]
    for each in strange:
        assert carla.submit(f"/reviews/{seat.id}", word=each).status_code == 400, each
    assert carla.post(f"/reviews/{seat.id}", data={"word": word(Verb.APPROVE, seat.id)}).status_code == 403
    assert rig.cabinet.reviews.seat(seat.id).state is Ruling.OPEN


def test_only_the_part_is_sent_to_a_page_that_is_open(rig: Any, ask: Ask) -> None:
    seat = ask()
    carla = rig.visitor(*LEGAL)
    headers = {"HX-Request": "true"}
    queue = carla.get("/reviews", headers=headers).text
    assert "<html" not in queue
    assert f'id="card-{seat.id}"' in queue
    card = carla.part(f"/reviews/{seat.id}", word=word(Verb.APPROVE, seat.id)).text
    assert card.lstrip().startswith("<article")
    assert 'role="status"' in card


@pytest.mark.parametrize("verb", [Verb.UPHOLD, Verb.OVERTURN])
def test_communications_answer_appeals(rig: Any, say: Callable[..., Answer], verb: Verb) -> None:
    checked = rig.desk.conversation.check("s_1", Draft(text="Il vaglietto è uscito", author=WRITER), "it")
    say(Verb.DISAGREE, checked.said.screening, tag("names.product"), "È il nome del cliente")
    (appeal,) = rig.cabinet.appeals.standing(Standing.OPEN)
    elsa = rig.visitor("slack:T1:UELSA", "communications")
    page = elsa.get("/reviews").text
    assert "È il nome del cliente" in page
    assert '<mark class="warn"' in page
    assert "Il prodotto si chiama …." in page
    assert "Serve un motivo" in rule(elsa, verb, appeal.id).text
    assert rule(elsa, verb, appeal.id, "Hai ragione a metà").status_code == 200
    found = rig.cabinet.appeals.find(appeal.id)
    assert found.state is (Standing.UPHELD if verb is Verb.UPHOLD else Standing.OVERTURNED)
    assert (found.by, found.reason) == ("Comunicazione", "Hai ragione a metà")
    assert rig.mailbag.told() == {("appeal", "#stampa"), ("heard", WRITER)}
    assert "Hai ragione a metà" in elsa.get("/reviews/decided").text


def test_an_appeal_is_its_owner_s_too_and_nobody_else_s(rig: Any, say: Callable[..., Answer]) -> None:
    checked = rig.desk.conversation.check("s_1", Draft(text="Il vaglietto è uscito", author=WRITER), "it")
    say(Verb.DISAGREE, checked.said.screening, tag("names.product"), "È il nome del cliente")
    (appeal,) = rig.cabinet.appeals.standing(Standing.OPEN)
    carla, dino = rig.visitor(*LEGAL), rig.visitor("slack:T1:UDINO", "owner:press")
    assert appeal.id not in carla.get("/reviews").text
    assert rule(carla, Verb.UPHOLD, appeal.id, "No").status_code == 403
    assert appeal.id in dino.get("/reviews").text
    assert rule(dino, Verb.UPHOLD, appeal.id, "Resta così").status_code == 200
    assert rig.cabinet.appeals.find(appeal.id).by == "Ufficio stampa"


def test_hostile_words_are_words(rig: Any, ask: Ask, hostile: str) -> None:
    seat = ask(f"{NEWS} {hostile}", kind="reply", in_reply_to=hostile * 9)
    carla = rig.visitor(*LEGAL)
    for page in (
        carla.get("/reviews").text,
        rule(carla, Verb.REJECT, seat.id, hostile).text,
        carla.get("/reviews/decided").text,
    ):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page


def test_a_rule_that_is_gone_leaves_its_card_readable(rig: Any, ask: Ask) -> None:
    seat = ask("Un trimestre record!!! Il vaglietto vola")
    policy = rig.prescreen.screener.policy
    kept = tuple(rule for rule in policy.rules if rule.id != "names.product")
    fewer = type(policy)(**{name: getattr(policy, name) for name in type(policy).model_fields} | {"rules": kept})
    rig.prescreen.screener = Screener(fewer)
    page = rig.visitor(*LEGAL).get("/reviews").text
    assert seat.id in page
    assert "vaglietto" in page
    assert "Il prodotto si chiama" not in page


def test_nobody_waits_for_themselves(rig: Any, ask: Ask) -> None:
    ask()
    writer = rig.visitor(WRITER, "owner:legal")
    assert '<span class="waiting">' not in writer.get("/try").text
    assert "In attesa ci sono solo bozze tue" in writer.get("/reviews").text
