"""Another wording: what is put right and how, what stays letter for letter, and that it is never worse."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.detectors import Rule
from rules.detectors.base import BaseRule
from rules.detectors.fields import State
from rules.difference import Change, difference
from rules.draft import Draft, DraftRefused, Span
from rules.policy import Policy
from rules.rewriting import Rewrite, is_better, rewrite
from rules.screening import Screener
from rules.segmenting import verbatim
from rules.verdict import Finding, Outcome, Severity, Unchecked, Verdict

IBAN = "IT60X0542811101000000123456"
Mend = Callable[..., str | None]


def rewritten(policy: Policy, text: str, language: str | None = "it", **more: Any) -> Rewrite | None:
    screener = Screener(policy, **more)
    draft = Draft(text=text, language=language)
    return rewrite(draft, screener.screen(draft), screener)


@pytest.fixture(scope="session")
def mend(make_rule: Callable[..., Rule], make_policy: Callable[..., Policy]) -> Mend:
    """The wording offered for a text under rules given as (detector, fields); None where there is none."""

    def mend(text: str, *rules: tuple[str, dict[str, Any]], language: str | None = "it", **more: Any) -> str | None:
        made = [make_rule(detector, id=f"test.r{at}", **fields) for at, (detector, fields) in enumerate(rules)]
        better = rewritten(make_policy(*made), text, language, **more)
        return better.text if better else None

    return mend


def said(words: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    return "phrases", {"phrases": [words], **fields}


def with_(remedy: str, value: object, words: str = "parolaccia", **fields: Any) -> tuple[str, dict[str, Any]]:
    return said(words, rewrite={remedy: value}, **fields)


SHOUTING = ("shouting", {})
HIDDEN = ("pattern", {"patterns": [rf"\b{IBAN}\b"], "hides": "IBAN"})
PREFERRED = ("substitution", {"swap": {"utilizzare": "usare", "vaglietto": "Vaglio Mini"}})


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("ABBIAMO VINTO TUTTI INSIEME", "Abbiamo vinto tutti insieme"),
        ("Evviva!!!", "Evviva!"),
        ("Davvero?!?!", "Davvero?"),
        ("Ciao. ABBIAMO VINTO TUTTI INSIEME!!! E voi?", "Ciao. Abbiamo vinto tutti insieme! E voi?"),
    ],
)
def test_a_shout_becomes_calm(mend: Mend, text: str, better: str) -> None:
    assert mend(text, SHOUTING) == better


def test_preferred_wording_is_used(mend: Mend) -> None:
    assert mend("Conviene utilizzare il vaglietto.", PREFERRED) == "Conviene usare il Vaglio Mini."


def test_what_must_not_leave_is_removed_wherever_it_stands_whole(mend: Mend) -> None:
    once = ("pattern", {"patterns": [r"conto [A-Z0-9]+"], "hides": "IBAN"})
    assert mend(f"Versa su {IBAN}!", HIDDEN) == "Versa su [numero rimosso]!"
    assert mend(f"Pay to {IBAN}!", HIDDEN, language="en") == "Pay to [number removed]!"
    assert mend("Il conto 77A. Sì, conto 77A, non conto 77AB.", once) == (
        "Il [numero rimosso]. Sì, [numero rimosso], non [numero rimosso]."
    )


def test_what_is_hidden_without_a_word_for_it_is_left_to_a_person(mend: Mend) -> None:
    assert mend("Il signor Rossi", said("Rossi", hides="PERSON")) is None


@pytest.mark.parametrize(
    ("remedy", "value", "better"),
    [
        ("instead", {"it": "altro", "en": "else"}, "Ciao. Una altro qui. Grazie."),
        ("sentence", "Scrivici.", "Ciao. Scrivici. Grazie."),
        ("first", "#adv", "#adv Ciao. Una parolaccia qui. Grazie."),
        ("last", "#adv", "Ciao. Una parolaccia qui. Grazie. #adv"),
        ("drop", "place", "Ciao. Una qui. Grazie."),
        ("drop", "sentence", "Ciao. Grazie."),
    ],
)
def test_a_rules_own_remedy(
    make_rule: Callable[..., Rule], make_policy: Callable[..., Policy], remedy: str, value: object, better: str
) -> None:
    text = "Ciao. Una parolaccia qui. Grazie."
    if remedy in ("first", "last"):
        unlabelled = {"first": "parolaccia", "second": "#adv", "rewrite": {remedy: value}}
        rule = make_rule("conditional", **unlabelled)
    else:
        rule = make_rule("phrases", phrases=["parolaccia"], rewrite={remedy: value})
    found = rewritten(make_policy(rule), text)
    assert found is not None
    assert (found.text, found.verdict.findings) == (better, ())


def test_a_remedy_speaks_the_drafts_language(mend: Mend) -> None:
    remedy = with_("instead", {"it": "altro", "en": "else"})
    assert mend("Una parolaccia", remedy, language="en") == "Una else"


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("Ciao, parolaccia.", "Ciao."),
        ("Ciao, parolaccia!", "Ciao!"),
        ("Vieni, parolaccia, qui", "Vieni, qui"),
        ("Parolaccia, vieni qui", "Vieni qui"),
        ("parolaccia, vieni qui", "vieni qui"),
        ("Ciao (parolaccia) a te", "Ciao a te"),
        ("Ciao «parolaccia».", "Ciao."),
        ("Vieni parolaccia :)", "Vieni :)"),
        ("Parolaccia https://acme.it è qui", "https://acme.it è qui"),
        ("Parolaccia acme.it è qui", "acme.it è qui"),
        ("Parolaccia iPhone nuovo", "iPhone nuovo"),
        ("Titolo\nParolaccia vieni", "Titolo\nVieni"),
        ("Elenco:\n- parolaccia\n- pane", "Elenco:\n- pane"),
        ("Uno\n\nParolaccia\n\nDue", "Uno\n\nDue"),
        ("Uno, due parolaccia", "Uno, due"),
        ("Vedi parolaccia\nDue", "Vedi\nDue"),
        ("parolaccia parolaccia sì", "sì"),
    ],
)
def test_a_gap_is_closed(mend: Mend, text: str, better: str) -> None:
    assert mend(text, with_("drop", "place")) == better


@pytest.mark.parametrize(
    "text",
    [
        "Ciao. Una parolaccia per Mario. Grazie.",
        "Ciao. Chiara, che parolaccia. Grazie.",
        "Ciao. Una parolaccia da 300 euro. Grazie.",
        "Ciao. Una parolaccia su https://acme.it/x qui. Grazie.",
        "Ciao. Una parolaccia #acme qui. Grazie.",
        "Ciao. Una parolaccia per @acme qui. Grazie.",
        "Ciao. Una parolaccia, disse «vieni qui». Grazie.",
    ],
)
def test_a_sentence_with_what_must_not_be_lost_is_kept(mend: Mend, text: str) -> None:
    assert mend(text, with_("drop", "sentence")) is None
    assert mend(text, with_("sentence", "Altro.")) is None


def test_a_name_that_is_shouted_or_lies_in_a_fault_about_the_whole_text_is_kept_too(mend: Mend) -> None:
    whole = ("metric", {"metric": "characters", "most": 3})
    drop = with_("drop", "sentence")
    assert mend("Ciao. Una parolaccia per Mario. Grazie.", drop, whole) is None
    assert mend("CIAO A TUTTI VOI. Una parolaccia DA MARIO ROSSI CON AMORE. Ok.", drop, SHOUTING) == (
        "Ciao a tutti voi. Una parolaccia da Mario Rossi con amore. Ok."
    )


def test_in_english_i_am_is_no_name(mend: Mend) -> None:
    assert mend("Hello. A curse that I'm fond of. Bye.", with_("drop", "sentence", "curse"), language="en") == (
        "Hello. Bye."
    )


def test_two_faults_in_one_place_take_turns(mend: Mend) -> None:
    text = f"Ciao. Una parolaccia su {IBAN} qui. Grazie."
    assert mend(text, HIDDEN, with_("drop", "sentence")) == "Ciao. Grazie."
    assert mend("USIAMO TUTTI VAGLIETTO OGGI!!!", SHOUTING, PREFERRED) == "Usiamo tutti Vaglio Mini oggi!"


def test_a_label_is_put_in_once(mend: Mend) -> None:
    unlabelled = ("conditional", {"first": "omaggio|regalo", "second": "#mai", "rewrite": {"last": "#adv"}})
    assert mend("Un omaggio!!! Un regalo.", unlabelled, SHOUTING) in (
        "Un omaggio! Un regalo.",
        "Un omaggio! Un regalo. #adv",
    )


def test_a_sentence_is_dropped_only_where_another_is_without_fault(mend: Mend) -> None:
    rules = with_("drop", "sentence", "comprate"), said("Mario")
    assert mend("Comprate tutti! Mario.", *rules) is None
    assert mend("Comprate tutti! Mario. Vi aspettiamo.", *rules) == "Mario. Vi aspettiamo."


def test_half_a_link_or_hashtag_is_left_alone(mend: Mend) -> None:
    assert mend("Vedi https://acme.it/utilizzare e #vaglietto", PREFERRED) is None


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Ciao a tutti", (SHOUTING, HIDDEN, PREFERRED)),
        ("Una parolaccia", (said("parolaccia"),)),
        ("parolaccia", (with_("drop", "place"),)),  # nothing would be left
        ("\u200b parolaccia", (with_("drop", "place"),)),
        ("Una parolaccia", (with_("instead", "parolaccia bis"),)),  # as wrong as before
        ("Una parolaccia", (with_("instead", "villania"), said("villania"))),  # another fault in its stead
    ],
)
def test_nothing_is_offered_where_nothing_gets_better(
    mend: Mend, text: str, rules: tuple[tuple[str, dict[str, Any]], ...]
) -> None:
    assert mend(text, *rules) is None


def test_a_text_over_the_limit_is_not_offered(mend: Mend) -> None:
    longer = with_("instead", "una perifrasi molto più lunga")
    assert mend("Una parolaccia", longer) is not None
    assert mend("Una parolaccia", longer, limit=20) is None


def test_a_rule_that_the_new_text_no_longer_calls_for_has_not_been_heeded(
    make_rule: Callable[..., Rule], make_policy: Callable[..., Policy]
) -> None:
    """An undecided text is held against the rules of all languages; decided on, against those of one."""
    only_english = make_rule("phrases", phrases=["meeting"], applies={"languages": ["en"]}, id="test.english")
    swap = make_rule("substitution", swap={"x": "questa è la nostra bellissima riunione di oggi, con tutti voi"})
    policy = make_policy(only_english, swap)
    draft = Draft(text="meeting x")
    screener = Screener(policy)
    before = screener.screen(draft)
    better = rewrite(draft, before, screener)
    kept = {finding.rule for finding in before.findings} - {"test.substitution"}
    assert better is None or kept <= {finding.rule for finding in better.verdict.findings}


def verdict(*rules: str, missed: tuple[str, ...] = (), severity: Severity = Severity.WARN) -> Verdict:
    found = tuple(Finding(rule, "1", severity, Span(0, 1), {}) for rule in rules)
    return Verdict("p@1", found, tuple(Unchecked(rule, "timeout", Severity.NOTE) for rule in missed))


def test_better_is_less_wrong_nothing_new_and_no_less_looked_at() -> None:
    assert is_better(verdict("a"), verdict("a", "b"))
    assert is_better(verdict(), verdict("a", "a"))
    assert not is_better(verdict("a"), verdict("a"))
    assert not is_better(verdict("c"), verdict("a", "b"))
    assert not is_better(verdict(missed=("b",)), verdict("a"))
    assert is_better(verdict(missed=("b",)), verdict("a", missed=("b",)))
    assert not is_better(verdict("a", severity=Severity.BLOCK), verdict("a", "a"))


def test_no_repr_shows_the_words() -> None:
    shown = repr([Rewrite("zibaldone", verdict()), Change("zibaldone", "Zibaldone")])
    assert "zibaldone" not in shown.lower()


# --- What always holds ------------------------------------------------------------------------------------------------


DETECTORS = (
    "substitution", "occurrence", "repetition", "consistency", "conditional", "capitalization", "metric",
    "shouting", "internal_link", "platform",
)  # fmt: skip


@pytest.fixture(scope="session")
def strict(make_rule: Callable[..., Rule], make_policy: Callable[..., Policy]) -> Policy:
    """Every detector that needs nothing opened, and every remedy."""
    remedies: list[dict[str, Any]] = [
        {"instead": "altro"}, {"sentence": "Altro."}, {"first": "Prima:"}, {"last": "#dopo"},
        {"drop": "place"}, {"drop": "sentence"},
    ]  # fmt: skip
    words = ("alfa", "beta", "gamma", "delta", "epsilon", "idiota")
    rules: list[BaseRule] = [
        make_rule("phrases", id=f"test.remedy{at}", phrases=[word], rewrite=remedy)
        for at, (word, remedy) in enumerate(zip(words, remedies, strict=True))
    ]
    hiding = make_rule("pattern", patterns=[rf"\b{IBAN}\b"], hides="IBAN")
    return make_policy(*map(make_rule, DETECTORS), hiding, *rules)


def check(policy: Policy, draft: Draft) -> tuple[Verdict, Rewrite] | None:
    screener = Screener(policy)
    try:
        before = screener.screen(draft)
    except DraftRefused:
        return None
    better = rewrite(draft, before, screener)
    if better is None:
        return None
    assert better.text != draft.text
    assert len(better.text) <= screener.limit
    fewer, more = (Counter(finding.rule for finding in one.findings) for one in (better.verdict, before))
    assert fewer < more
    assert list(Outcome).index(better.verdict.outcome) <= list(Outcome).index(before.outcome)
    return before, better


@given(draft=...)
def test_any_draft_gets_a_better_wording_or_none(strict: Policy, draft: Draft) -> None:
    check(strict, draft)


PIECES = [
    *("alfa", "Beta", "gamma", "DELTA", "idiota", "vaglietto", "utilizzare", "SIAMO TUTTI QUI", "!!!", "il il"),
    *(".", ",", "\n", "\n\n", "(", ")", "«", "»", "- ", "🎉🎉🎉🎉", "Mario", "Chiara", "casa", "che", "noooo", IBAN),
    *("300", "12,5%", "https://acme.it/a?b=1", "www.acme.it", "#acme", "@acme", "«Vieni qui»", "a@b.it"),
]


@given(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=14))
def test_what_no_rule_found_stays_letter_for_letter(strict: Policy, pieces: list[str]) -> None:
    draft = Draft(text=" ".join(pieces), language="it")
    if (found := check(strict, draft)) is None:
        return
    before, better = found
    text = draft.text
    faults = [finding.span for finding in before.findings if finding.rule != "test.metric"]
    for pattern in (r"\bMario\b", r"\b(?:300|12,5%)", r"«Vieni qui»"):
        free = [match[0] for match in re.finditer(pattern, text) if not _touches(Span(*match.span()), faults)]
        assert Counter(free) <= Counter(re.findall(pattern, better.text)), pattern
    links = [span.of(text) for span in verbatim(text) if not _touches(span, faults)]
    assert Counter(links) <= Counter(span.of(better.text) for span in verbatim(better.text))


def _touches(span: Span, faults: list[Span]) -> bool:
    return any(fault.overlaps(span) for fault in faults)


@given(words=st.lists(st.sampled_from(["ciao", "casa", "300", "Mario", "#acme"]), min_size=1, max_size=8))
def test_words_around_a_replaced_one_stay_where_they_are(mend: Mend, words: list[str]) -> None:
    text = " ".join([*words, "vaglietto", *words])
    assert mend(text, PREFERRED) == " ".join([*words, "Vaglio Mini", *words])


texts = st.text() | st.lists(st.sampled_from(["a", "b ", "\n", "A!", " ", "c\n\n", "\u2028"])).map("".join)


@given(before=texts, after=texts)
def test_a_difference_gives_both_texts(before: str, after: str) -> None:
    changes = list(difference(before, after))
    assert "".join(change.before for change in changes) == before
    assert "".join(change.after for change in changes) == after
    assert all(change.before or change.after for change in changes)
    assert not any(one.is_kept and other.is_kept for one, other in pairwise(changes))


def test_a_difference_goes_word_by_word() -> None:
    changes = difference("Ciao a\n\nTUTTI VOI di 300, e poi basta", "Ciao a\n\nTutti voi di 300, e basta")
    assert [(change.before, change.after) for change in changes] == [
        ("Ciao a\n\n", "Ciao a\n\n"),
        ("TUTTI VOI", "Tutti voi"),
        (" di 300, e", " di 300, e"),
        (" poi", ""),
        (" basta", " basta"),
    ]


def test_no_change_runs_over_a_line_break() -> None:
    changes = difference("Da Acme!!!\n\nABBIAMO VINTO", "Da Acme!\n\nAbbiamo vinto")
    assert [(change.before, change.after) for change in changes if not change.is_kept] == [
        ("Acme!!!", "Acme!"),
        ("ABBIAMO VINTO", "Abbiamo vinto"),
    ]


def test_a_long_difference_holds_on_to_what_stays() -> None:
    words = [f"parola{number}" for number in range(1_500)]
    changed = ["altro" if number % 100 == 50 else word for number, word in enumerate(words)]
    changes = list(difference(" ".join(words), " ".join(changed)))
    assert [change.after for change in changes if not change.is_kept] == ["altro"] * 15


def test_rules_on_trial_ask_for_nothing(make_rule: Callable[..., Rule], make_policy: Callable[..., Policy]) -> None:
    on_trial = make_rule("substitution").model_copy(update={"state": State.SHADOW})
    assert rewritten(make_policy(on_trial), "Conviene utilizzare") is None


def test_a_sentence_that_tells_a_secret_is_not_blanked_whole(
    make_rule: Callable[..., Any], make_policy: Callable[..., Policy]
) -> None:
    policy = make_policy(make_rule("judge", label="credential", hides="SECRET"))
    draft = Draft(text="Si entra con il nome del gatto e l'anno. Buona giornata a tutti.", language="it")
    told = Finding("test.judge", "1", Severity.WARN, Span(0, 40), {"*": "x"}, hides="SECRET")
    assert rewrite(draft, Verdict(policy.revision, (told,), language="it"), Screener(policy)) is None


def test_an_identifier_on_a_line_of_its_own_is_blanked(
    make_rule: Callable[..., Any], make_policy: Callable[..., Policy]
) -> None:
    rule = make_rule("pattern", patterns=[r"\bIT\p{Nd}{2}[A-Z]\p{Nd}{22}\b"], hides="IBAN")
    screener = Screener(make_policy(rule))
    draft = Draft(text="Versate qui:\nIT60X0542811101000000123456\nGrazie.", language="it")
    better = rewrite(draft, screener.screen(draft), screener)
    assert better is not None
    assert better.text == "Versate qui:\n[numero rimosso]\nGrazie."
