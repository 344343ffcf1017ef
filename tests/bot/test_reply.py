"""The answer: outcome first, the words marked, every remark with its clause, in the writer's language."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pieces import EXCERPT
from bot.prescreen import Screening, mended
from bot.reply import Proposal, Reply, refusal, reply_to
from rules.assembly import load_policy
from rules.draft import Draft, DraftRefused
from rules.policy import Policy
from rules.screening import Screener
from rules.verdict import Finding, Outcome, Severity, Unchecked, Verdict


@pytest.fixture
def answer(screener: Screener):  # type: ignore[no-untyped-def]
    def answer(text: str, language: str = "it", **context: object) -> Reply:
        draft = Draft.model_validate({"text": text, **context})
        screening = Screening("s_1", datetime.now(UTC), draft, screener.screen(draft))
        return reply_to(screening, screener.policy, language)

    return answer


@pytest.mark.parametrize(
    ("text", "outcome", "title"),
    [
        ("Buongiorno a tutti", Outcome.CLEAR, "Via libera"),
        ("Che sinergia", Outcome.CLEAR, "Via libera"),
        ("Sei un cretino", Outcome.REVISE, "Ci siamo quasi: prima c’è qualcosa da sistemare"),
        ("Un prodotto non ancora annunciato", Outcome.REVIEW, "Aspetta: prima serve il sì di qualcun altro"),
        ("Vedi SEGRETO-1", Outcome.BLOCK, "Così, per favore, non pubblicarla"),
    ],
)
def test_the_outcome_comes_first(answer, text: str, outcome: Outcome, title: str) -> None:  # type: ignore[no-untyped-def]
    reply = answer(text)
    assert (reply.outcome, reply.title) == (outcome, title)


def test_a_review_names_who_can_say_yes(answer) -> None:  # type: ignore[no-untyped-def]
    assert "Legale" in answer("Un prodotto non ancora annunciato").summary
    assert "Legal." in answer("A product under embargo", "en").summary


def test_the_found_words_are_marked_with_the_number_of_their_remark(answer) -> None:  # type: ignore[no-untyped-def]
    reply = answer("Che sinergia, cretino: SEGRETO-1 e SEGRETO-2!")
    marked = [(piece.text, piece.marks) for piece in reply.pieces if piece.marks]
    assert marked == [("sinergia", (3,)), ("cretino", (2,)), ("SEGRETO-1", (1,)), ("SEGRETO-2", (1,))]
    assert [(remark.number, remark.severity) for remark in reply.remarks] == [
        (1, Severity.BLOCK),
        (2, Severity.WARN),
        (3, Severity.NOTE),
    ]
    assert reply.remarks[2].instead == ("collaborazione",)
    assert reply.remarks[1].clause == "3.1 Rispetto"
    assert reply.remarks[1].todo == "Dillo in un altro modo."


def test_what_was_not_checked_is_said_and_the_revision_named(answer, policy: Policy) -> None:  # type: ignore[no-untyped-def]
    reply = answer("Ciao", attachments=["image/png"])
    assert reply.unchecked == ("Non so leggere gli allegati (image/png): guardali tu.",)
    assert policy.revision in reply.footer


@given(st.text(min_size=1, max_size=300), st.lists(st.tuples(st.integers(0, 300), st.integers(1, 40)), max_size=12))
@settings(max_examples=80, deadline=None)
def test_the_pieces_are_the_draft(text: str, places: list[tuple[int, int]]) -> None:
    draft = Draft(text=text)
    reply = reply_to(
        _screening(draft, [(a, min(a + n, len(draft.text))) for a, n in places if a < len(text)]), POLICY, "en"
    )
    assert "".join(piece.text for piece in reply.pieces) == draft.text


@given(st.lists(st.tuples(st.integers(0, 9_990), st.integers(1, 2_000)), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_a_long_draft_is_cut_to_what_fits_and_keeps_the_worst_finding(places: list[tuple[int, int]]) -> None:
    draft = Draft(text="abcdefghi " * 1_000)
    reply = reply_to(_screening(draft, [(a, min(a + n, 10_000)) for a, n in places]), POLICY, "en")
    assert sum(len(piece.text) for piece in reply.pieces) <= EXCERPT + 2 * len(places) + 2
    assert any(piece.marks for piece in reply.pieces)


def test_refusals_name_the_number() -> None:
    assert "100000" in refusal(DraftRefused(100_000, 10_000), "it").replace(".", "")
    assert "10000" in refusal(DraftRefused(100_000, 10_000), "en").replace(",", "")
    assert "Incolla la bozza" in refusal(DraftRefused(0, 10_000), "it")


@pytest.mark.parametrize(
    "reason", ["timeout", "busy", "error:ValueError", "language:es", "attachment:a/b", "model:x", "context:x"]
)
@pytest.mark.parametrize("language", ["it", "en"])
def test_every_reason_has_a_sentence(reason: str, language: str) -> None:
    verdict = Verdict("p@1", unchecked=(Unchecked("tone.jargon", reason, Severity.WARN),))
    screening = Screening("s_1", datetime.now(UTC), Draft(text="x"), verdict)
    (sentence,) = reply_to(screening, POLICY, language).unchecked
    assert sentence.endswith((".", ")."))
    assert ":" not in reason or reason.startswith(("error", "context")) or reason.partition(":")[2] in sentence


def _screening(draft: Draft, places: list[tuple[int, int]]) -> Screening:
    from rules.draft import Span

    findings = tuple(
        Finding("toxicity.insult", "3.1", Severity.WARN, Span(a, b), {"it": "x", "en": "x"}) for a, b in places
    )
    return Screening("s_1", datetime.now(UTC), draft, Verdict("prova@1", findings))


POLICY = Policy.model_validate(
    {
        "name": "prova",
        "languages": ["it", "en"],
        "timezone": "Europe/Rome",
        "owners": [{"id": "comms", "name": "C"}],
        "clauses": [{"id": "3.1", "title": "T", "text": "T", "owner": "comms"}],
        "rules": [],
    }
)


@pytest.mark.parametrize("language", ["it", "en"])
def test_many_rules_without_the_same_model_are_one_sentence(language: str) -> None:
    missed = [Unchecked(f"tone.r{number}", "model:vaglio-judge", Severity.WARN) for number in range(30)]
    other = Unchecked("confidential.names", "model:spacy", Severity.WARN)
    screening = Screening("s_1", datetime.now(UTC), Draft(text="x"), Verdict("p@1", unchecked=(*missed, other)))
    first, second = reply_to(screening, POLICY, language).unchecked
    assert "30" in first
    assert "vaglio-judge" in first
    assert "confidential.names" in second


# --- Another wording --------------------------------------------------------------------------------------------------

PROPOSING = r"""
name: proposing
languages: [it, en]
owners: [{id: comms, name: Comunicazione}]
clauses: [{id: 3.1, title: Voce, text: Piano., owner: comms}]
rules:
  - {id: tone.shouting, detector: shouting, severity: note, clause: 3.1, message: Grida.,
     examples: {flag: ["Evviva!!!"], allow: [Evviva]}}
  - {id: data.iban, detector: pattern, severity: block, clause: 3.1, message: Un IBAN., hides: IBAN,
     patterns: ['IT\p{Nd}{2}[A-Z0-9]{23}'], examples: {flag: [IT60X0542811101000000123456], allow: [IBAN]}}
  - {id: data.password, detector: pattern, engine: regex, severity: block, clause: 3.1, message: Una password.,
     hides: SECRET, patterns: ['(?<=password:? )[\p{L}\p{Nd}]+'], examples: {flag: [password a7], allow: [No]}}
"""
IBAN = "IT60X0542811101000000123456"


@pytest.fixture
def propose(tmp_path: Path):  # type: ignore[no-untyped-def]
    def propose(text: str, language: str = "it", *, policy: str = PROPOSING) -> Proposal | None:
        path = tmp_path / "proposing.yaml"
        path.write_text(policy, encoding="utf-8")
        screener, draft = Screener(load_policy(path)), Draft(text=text, language=language)
        screening = mended(Screening("s_1", datetime.now(UTC), draft, screener.screen(draft)), screener)
        return reply_to(screening, screener.policy, language).proposal

    return propose


@pytest.mark.parametrize(
    ("language", "text", "better", "says"),
    [
        (
            "it",
            f"ABBIAMO VINTO TUTTI INSIEME!!! Versate su {IBAN} oggi.",
            "Abbiamo vinto tutti insieme! Versate su [numero rimosso] oggi.",
            "Ricontrollata: via libera",
        ),
        (
            "en",
            f"THEY HAVE WON EVERYTHING!!! Pay to {IBAN} today.",
            "They have won everything! Pay to [number removed] today.",
            "Checked again: good to go",
        ),
    ],
)
def test_a_better_wording_is_proposed_word_by_word(  # type: ignore[no-untyped-def]
    propose, language: str, text: str, better: str, says: str
) -> None:
    proposal = propose(text, language)
    assert (proposal.text, proposal.says, proposal.outcome) == (better, says, Outcome.CLEAR)
    assert "".join(change.before for change in proposal.changes) == text
    assert "".join(change.after for change in proposal.changes) == better
    assert IBAN in [change.before.strip() for change in proposal.changes if not change.is_kept]


@pytest.mark.parametrize("text", ["Buongiorno a tutti", "Evviva!"])
def test_where_there_is_none_none_is_shown(propose, text: str) -> None:  # type: ignore[no-untyped-def]
    assert propose(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "La password zibaldone7 è nuova!!!",
        "La password: Zibaldone7!!! Ripeto: Zibaldone7.",
        "password zibaldone7 password zibaldone7 EVVIVA A TUTTI QUANTI",
    ],
)
def test_a_secret_is_neither_removed_nor_added_in_sight(propose, text: str) -> None:  # type: ignore[no-untyped-def]
    proposal = propose(text)
    assert "[segreto rimosso]" in proposal.text
    words = proposal.text + "".join(change.before + change.after for change in proposal.changes)
    assert "zibaldone" not in words.lower()


@pytest.mark.parametrize(
    "text",
    [
        "La password zibaldone7!!! E poi xzibaldone7x.",
        "La password zibaldone7!!! LO SAPETE: XZIBALDONE7X TUTTI QUANTI!!!",
    ],
)
def test_a_secret_said_again_where_no_rule_sees_it_shows_nothing(propose, text: str) -> None:  # type: ignore[no-untyped-def]
    assert propose(text) is None


def test_a_secret_that_a_rule_on_trial_finds_shows_nothing(propose) -> None:  # type: ignore[no-untyped-def]
    on_trial = PROPOSING.replace("{id: data.password,", "{id: data.password, state: shadow,")
    assert propose("La password zibaldone7 è nuova!!!", policy=on_trial) is None
    assert propose("La parola zibaldone7 è nuova!!!", policy=on_trial) is not None
