"""A draft held against a policy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.detectors import Rule
from rules.detectors.base import Hit, Subject
from rules.detectors.phrases import Phrases
from rules.draft import Draft, DraftRefused, Span
from rules.screening import Screener
from rules.unavailable import Unavailable
from rules.verdict import Outcome, Severity, Verdict

Make = Callable[..., Any]
BADNESS = list(Outcome)
PATIENCE = 0.1


class Panic(BaseException):
    """What a library written in Rust may raise."""


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[Subject], object]], None]:
    """Makes the rule of an id, of the detector `phrases`, do something else."""
    acts: dict[str, Callable[[Subject], object]] = {}
    find = Phrases.find

    def do(rule: Phrases, subject: Subject) -> Iterator[Hit]:
        if rule.id in acts:
            acts[rule.id](subject)
        return find(rule, subject)

    monkeypatch.setattr(Phrases, "find", do)
    return acts.__setitem__


@pytest.fixture
def stuck() -> Iterator[Callable[[Subject], object]]:
    """What a rule does that does not end before the test does."""
    end = threading.Event()
    yield lambda _: end.wait(60)
    end.set()


@pytest.fixture
def words(make_rule: Make) -> Callable[..., list[Rule]]:
    """Rules `test.a`, `test.b` ... that each look for their own letter."""
    return lambda letters, **fields: [
        make_rule("phrases", id=f"test.{letter}", phrases=[letter], **fields) for letter in letters
    ]


def fail(error: BaseException) -> Callable[[Subject], object]:
    def do(_: Subject) -> object:
        raise error

    return do


def rules_of(verdict: Verdict) -> list[str]:
    return [finding.rule for finding in verdict.findings]


def reasons(verdict: Verdict) -> dict[str, str]:
    return {missed.rule: missed.reason for missed in verdict.unchecked}


# --- What goes wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "outcome"), [("note", "clear"), ("warn", "revise"), ("review", "review"), ("block", "review")]
)
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("zorblax"), "error:ValueError"),
        (RecursionError(), "error:RecursionError"),
        (MemoryError(), "error:MemoryError"),
        (SystemExit(), "error:SystemExit"),
        (Panic(), "error:Panic"),
        (Unavailable("model:judge"), "model:judge"),
    ],
    ids=repr,
)
def test_a_rule_that_fails_is_unchecked_and_never_turns_a_draft_green(
    act: Make, words: Make, make_policy: Make, severity: str, outcome: str, error: BaseException, reason: str
) -> None:
    act("test.a", fail(error))
    first, second = words("ab", severity=severity, hides="LETTER")
    verdict = Screener(make_policy(first, second.model_copy(update={"severity": Severity.NOTE}))).screen(
        Draft(text="a b")
    )
    (missed,) = verdict.unchecked
    assert (missed.rule, missed.reason, missed.severity, missed.hides) == ("test.a", reason, severity, True)
    assert rules_of(verdict) == ["test.b"]
    assert verdict.outcome == outcome


def test_a_rule_out_of_patience_is_left_behind_and_the_others_answer(
    act: Make, stuck: Make, words: Make, make_policy: Make
) -> None:
    act("test.b", stuck)
    screener = Screener(make_policy(*words("abc")), patience=PATIENCE)
    verdict = screener.screen(Draft(text="a b c"))
    assert reasons(verdict) == {"test.b": "timeout"}
    assert rules_of(verdict) == ["test.a", "test.c"]
    again = screener.screen(Draft(text="c b"))
    assert reasons(again) == {"test.b": "busy"}
    assert rules_of(again) == ["test.c"]


def test_a_rule_that_was_left_behind_is_tried_again_once_it_has_ended(
    act: Make, words: Make, make_policy: Make
) -> None:
    end = threading.Event()
    act("test.a", lambda _: end.wait(60))
    screener = Screener(make_policy(*words("a")), patience=PATIENCE)
    assert reasons(screener.screen(Draft(text="a"))) == {"test.a": "timeout"}
    end.set()
    for thread in threading.enumerate():
        if thread.name == "vaglio-screening":
            thread.join(60)
    assert rules_of(screener.screen(Draft(text="a"))) == ["test.a"]


def test_three_stuck_rules_end_the_draft(act: Make, stuck: Make, words: Make, make_policy: Make) -> None:
    for id in ("test.b", "test.c", "test.d"):
        act(id, stuck)
    screener = Screener(make_policy(*words("abcdef", severity="block")), patience=PATIENCE)
    verdict = screener.screen(Draft(text="a b c d e f"))
    assert reasons(verdict) == dict.fromkeys(["test.b", "test.c", "test.d", "test.e", "test.f"], "timeout")
    assert rules_of(verdict) == ["test.a"]
    # The stuck ones are busy, those that only had no turn are not.
    again = screener.screen(Draft(text="a b c d e f"))
    assert reasons(again) == dict.fromkeys(["test.b", "test.c", "test.d"], "busy")
    assert rules_of(again) == ["test.a", "test.e", "test.f"]


def test_many_rules_that_are_each_a_little_slow_end_the_draft_too(act: Make, words: Make, make_policy: Make) -> None:
    letters, never = "abcdefghijklmnopqrstuvwxyz", threading.Event()
    for letter in letters:
        act(f"test.{letter}", lambda _: never.wait(PATIENCE * 0.8))
    verdict = Screener(make_policy(*words(letters)), patience=PATIENCE).screen(Draft(text=" ".join(letters)))
    assert set(reasons(verdict).values()) == {"timeout"}
    assert len(verdict.findings) + len(verdict.unchecked) == len(letters)


def test_loading_names_the_rules_that_cannot_run(
    words: Make, make_policy: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = {"test.a": Unavailable("model:judge"), "test.b": OSError("x")}
    monkeypatch.setattr(Phrases, "load", lambda rule, _: fail(errors[rule.id])(rule) if rule.id in errors else None)
    assert Screener(make_policy(*words("abc"))).load() == {"test.a": "model:judge", "test.b": "error:OSError"}


def test_a_language_that_cannot_be_told_counts_as_undecided(
    make_rule: Make, make_policy: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rules.screening.detect", lambda *_: fail(OSError())(None))  # type: ignore[arg-type]
    rule = make_rule("phrases", phrases=["a"], applies={"languages": ["en"]})
    verdict = Screener(make_policy(rule)).screen(Draft(text="Tutto questo è scritto in italiano, a occhio."))
    assert (verdict.language, rules_of(verdict)) == (None, ["test.phrases"])


# --- Which rules run ----------------------------------------------------------------------------------------------


def test_a_rule_on_trial_is_recorded_apart_and_has_no_say(act: Make, words: Make, make_policy: Make) -> None:
    shadow = words("ab", severity="block", state="shadow")
    act("test.b", fail(ValueError()))
    verdict = Screener(make_policy(*shadow, *words("c", severity="note"))).screen(Draft(text="a b c"))
    assert [finding.rule for finding in verdict.shadow] == ["test.a"]
    assert rules_of(verdict) == ["test.c"]
    assert verdict.unchecked == ()
    assert verdict.outcome is Outcome.CLEAR


def test_a_rule_being_drafted_does_not_run(act: Make, words: Make, make_policy: Make) -> None:
    act("test.a", fail(ValueError()))
    verdict = Screener(make_policy(*words("a", state="draft"))).screen(Draft(text="a"))
    assert (verdict.findings, verdict.shadow, verdict.unchecked) == ((), (), ())


@pytest.mark.parametrize(
    ("applies", "draft", "runs"),
    [
        ({}, {"kind": "reply", "account": "private", "channel": "x"}, True),
        ({"kinds": ["reply"]}, {"kind": "reply"}, True),
        ({"kinds": ["reply"]}, {"kind": "post"}, False),
        ({"accounts": ["personal", "private"]}, {"account": "private"}, True),
        ({"accounts": ["personal"]}, {"account": "institutional"}, False),
        ({"channels": ["x", "threads"]}, {"channel": "threads"}, True),
        ({"channels": ["x"]}, {"channel": "linkedin"}, False),
        ({"audience": ["investors", "public"]}, {}, True),
        ({"audience": ["investors"]}, {"audience": "investors"}, True),
        ({"audience": ["investors"]}, {"audience": "customers"}, False),
        ({"audience": ["investors"]}, {}, False),
        ({"kinds": ["reply"], "channels": ["x"]}, {"kind": "reply", "channel": "linkedin"}, False),
    ],
)
def test_a_rule_is_for_the_drafts_that_it_says(
    make_rule: Make, make_policy: Make, applies: dict[str, Any], draft: dict[str, Any], runs: bool
) -> None:
    rule = make_rule("phrases", phrases=["a"], applies=applies)
    verdict = Screener(make_policy(rule)).screen(Draft(text="a", **draft))
    assert bool(verdict.findings) is runs
    assert verdict.unchecked == ()


@pytest.mark.parametrize(
    ("at", "runs"),
    [
        ("2027-01-09T22:59:59", False),  # 23:59:59 in Rome
        ("2027-01-09T23:00:00", True),
        ("2027-01-20T12:00:00", True),
        ("2027-02-14T22:59:59", True),
        ("2027-02-14T23:00:00", False),
    ],
)
def test_days_are_those_of_the_policy_s_time_zone_and_both_ends_count(
    make_rule: Make, make_policy: Make, at: str, runs: bool
) -> None:
    rule = make_rule("phrases", phrases=["a"], applies={"from": "2027-01-10", "until": "2027-02-14"})
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert bool(Screener(make_policy(rule)).screen(Draft(text="a"), moment).findings) is runs


ITALIAN = "Oggi siamo molto felici di annunciare che la nostra azienda apre una nuova sede a Milano."
SPANISH = "Hoy estamos muy contentos de anunciar que nuestra empresa abre una nueva oficina en el centro de Madrid."


@pytest.mark.parametrize(
    ("draft", "language", "found", "missed"),
    [
        (Draft(text="a", language="it"), "it", ["all", "it", "it-en"], {}),
        (Draft(text="a", language="en"), "en", ["all", "en", "it-en"], {}),
        (Draft(text=ITALIAN), "it", ["all", "it", "it-en"], {}),
        (Draft(text="a"), None, ["all", "en", "it", "it-en"], {}),
        (Draft(text="a", language="es"), "es", ["all"], dict.fromkeys(["en", "it", "it-en"], "language:es")),
        (Draft(text=SPANISH + " a"), "es", ["all"], dict.fromkeys(["en", "it", "it-en"], "language:es")),
    ],
    ids=["said", "said to be the other", "decided", "undecided", "said to be foreign", "foreign"],
)
def test_rules_bound_to_languages_run_on_those_and_in_doubt_and_are_unchecked_on_others(
    make_rule: Make,
    make_policy: Make,
    draft: Draft,
    language: str | None,
    found: list[str],
    missed: dict[str, str],
) -> None:
    bound = {"all": [], "it": ["it"], "en": ["en"], "it-en": ["it", "en"]}
    rules = [
        make_rule("phrases", id=f"test.{name}", phrases=["a"], applies={"languages": languages})
        for name, languages in bound.items()
    ]
    verdict = Screener(make_policy(*rules)).screen(draft)
    assert verdict.language == language
    assert sorted({rule.removeprefix("test.") for rule in rules_of(verdict)}) == found
    assert reasons(verdict) == {f"test.{name}": reason for name, reason in missed.items()}


def test_rules_are_told_the_draft_s_language_or_all_of_the_policy_s(act: Make, words: Make, make_policy: Make) -> None:
    told: list[tuple[str, ...]] = []
    act("test.a", lambda subject: told.append(subject.languages))
    screener = Screener(make_policy(*words("a")))
    for language in ("en", None, "es"):
        screener.screen(Draft(text="a", language=language))
    assert told == [("en",), ("it", "en"), ("it", "en")]


def test_what_hangs_on_a_draft_is_said_not_to_be_checked(make_policy: Make) -> None:
    verdict = Screener(make_policy()).screen(Draft(text="a", attachments=("image/png", "application/pdf")))
    assert [missed.reason for missed in verdict.unchecked] == ["attachment:image/png", "attachment:application/pdf"]
    assert verdict.outcome is Outcome.REVISE


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("L'assessore alla cultura parla", []),
        ("l’ASSESSORE alla  Cultura", []),
        ("La cultura e l'assessore alla cultura", ["cultura"]),
        ("assessore alla culturale cultura", ["cultura"]),
    ],
)
def test_an_exception_holds_as_a_whole_phrase(make_rule: Make, make_policy: Make, text: str, found: list[str]) -> None:
    rule = make_rule("phrases", phrases=["cultura"], **{"except": ["assessore alla cultura"]})
    findings = Screener(make_policy(rule)).screen(Draft(text=text)).findings
    assert [finding.span.of(text) for finding in findings] == found


# --- What is said -------------------------------------------------------------------------------------------------


def test_a_finding_says_all_that_the_writer_needs(make_rule: Make, make_policy: Make) -> None:
    rule = make_rule(
        "substitution",
        severity="review",
        message={"it": "Meglio «{preferred}».", "en": "Rather `{preferred}`."},
        suggest="Scrivi {preferred}.",
        swap={"utilizzare": "usare"},
        hides="VERB",
    )
    policy = make_policy(rule)
    verdict = Screener(policy).screen(Draft(text="Da utilizzare"))
    (finding,) = verdict.findings
    assert (finding.rule, finding.clause, finding.severity) == ("test.substitution", "1", "review")
    assert (finding.span, finding.replacement, finding.hides) == (Span(3, 13), "usare", "VERB")
    assert finding.message == {"it": "Meglio «usare».", "en": "Rather `usare`."}
    assert finding.suggestion == {"*": "Scrivi usare."}
    assert verdict.policy_revision == policy.revision
    assert set(verdict.timings) == {"reading", "substitution", "total"}


def test_findings_come_in_the_order_of_the_text_and_the_worst_first(words: Make, make_policy: Make) -> None:
    rules = [*words("b", severity="note"), *words("a", severity="note")]
    rules += [rule.model_copy(update={"id": "test.z", "severity": Severity.BLOCK}) for rule in words("b")]
    verdict = Screener(make_policy(*rules)).screen(Draft(text="a b"))
    assert rules_of(verdict) == ["test.a", "test.z", "test.b"]


def test_scores_and_models_of_the_rules_are_in_the_verdict(act: Make, words: Make, make_policy: Make) -> None:
    def score(subject: Subject) -> None:
        subject.scores["toxicity"], subject.models["judge"] = 0.5, "sha256:1"

    act("test.a", score)
    verdict = Screener(make_policy(*words("a"))).screen(Draft(text="x"))
    assert (verdict.scores, verdict.models) == ({"toxicity": 0.5}, {"judge": "sha256:1"})


# --- What must be hidden ------------------------------------------------------------------------------------------


def test_what_hides_is_found_in_any_text_whatever_the_rules_are_for(make_rule: Make, make_policy: Make) -> None:
    applies = {"kinds": ["reply"], "channels": ["x"], "languages": ["en"], "until": "2020-01-01"}
    hiding = make_rule("phrases", phrases=["aquila"], hides="PROJECT", applies=applies)
    other = make_rule("phrases", id="test.other", phrases=["arriva"])
    screener = Screener(make_policy(hiding, other))
    found = screener.hidden("L'aquila arriva")
    assert found is not None
    assert [(finding.span.of("L'aquila arriva"), finding.hides) for finding in found] == [("aquila", "PROJECT")]


def test_a_text_that_a_hiding_rule_could_not_read_is_not_safe(act: Make, words: Make, make_policy: Make) -> None:
    act("test.a", fail(ValueError()))
    assert Screener(make_policy(*words("a", hides="X"))).hidden("b") is None
    assert Screener(make_policy(*words("a"))).hidden("b") == []


@given(st.text(st.characters(), max_size=40))
def test_any_text_at_all_can_be_read_for_what_it_hides(make_policy: Make, every_rule: list[Rule], text: str) -> None:
    found = Screener(make_policy(*every_rule)).hidden(text)
    assert found is not None
    assert all(finding.span.end <= len(text) for finding in found)


# --- Any draft ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u200d\ufeff", "\u3164\u2800", "\x00", "\u202e\u2066"])
def test_a_draft_with_nothing_to_read_is_refused(make_policy: Make, every_rule: list[Rule], text: str) -> None:
    with pytest.raises(DraftRefused) as caught:
        Screener(make_policy(*every_rule)).screen(Draft(text=text))
    assert caught.value.is_empty


@pytest.mark.parametrize(
    "draft", [Draft(text="x" * 11), Draft(text="x", in_reply_to="y" * 11)], ids=["text", "answered"]
)
def test_a_draft_over_the_limit_is_refused(make_policy: Make, draft: Draft) -> None:
    with pytest.raises(DraftRefused) as caught:
        Screener(make_policy(), limit=10).screen(draft)
    assert (caught.value.length, caught.value.limit) == (11, 10)
    assert Screener(make_policy(), limit=11).screen(draft).outcome is Outcome.CLEAR


PIECES = {
    "words": "parola idiota, NON CI CREDO! ",
    "emoji": "🎉",
    "families": "👨‍👩‍👧‍👦",
    "lone surrogates": "\ud83d",
    "NUL": "a\x00",
    "right-to-left overrides": "\u202ea",
    "combining marks": "\u0301",
    "one word": "ab",
    "one letter": "A",
    "hashtags": "#A ",
    "exclamation marks": "! ",
    "dots": "a.",
    "spaced letters": "a ",
    "ligatures": "ﷺ",
    "repeated words": "che ",
    "leetspeak": "a1",
    "look-alikes": "аb",
    "new lines": "A\n",
}


@pytest.mark.parametrize(
    ("kind", "length"), [*((kind, 10_000) for kind in PIECES), ("words", 100_000), ("one word", 100_000)]
)
def test_a_long_draft_of_one_kind_is_screened_whole(
    make_policy: Make, every_rule: list[Rule], kind: str, length: int
) -> None:
    piece = PIECES[kind]
    text = (piece * (length // len(piece) + 1))[:length]
    verdict = Screener(make_policy(*every_rule), limit=100_000, patience=30).screen(Draft(text="x " + text[2:]))
    assert verdict.unchecked == ()
    assert all(finding.span.end <= length for finding in verdict.findings)
    assert "test.metric" in rules_of(verdict)


@pytest.fixture(scope="module")
def screener(make_policy: Make, every_rule: list[Rule]) -> Screener:
    """With one rule of each detector, and patience enough."""
    return Screener(make_policy(*every_rule), patience=30)


def verdict_or_refusal(screener: Screener, draft: Draft) -> Verdict | None:
    try:
        return screener.screen(draft)
    except DraftRefused:
        return None


@given(st.from_type(Draft))
def test_any_draft_has_a_verdict_with_places_inside_its_text_or_is_refused(screener: Screener, draft: Draft) -> None:
    verdict = verdict_or_refusal(screener, draft)
    if verdict is not None:
        assert verdict.unchecked == ()
        assert all(finding.span.end <= len(draft.text) for finding in verdict.findings)


@given(st.from_type(Draft), st.sampled_from(["zorblax", "Zorblax", "ZORBLAX"]), st.data())
def test_nothing_that_is_said_prints_a_word_of_the_draft(
    screener: Screener, draft: Draft, marker: str, data: st.DataObject
) -> None:
    around = data.draw(
        st.sampled_from(["{}", "{0} {0}", "utilizzare {}", "{} NON CI CREDO", "{}{}", "{0}(IBAN) {0}. a"])
    )
    words = around.format(marker, "AAA")
    secret = draft.model_copy(update={"text": f"{words} {draft.text} {words}", "in_reply_to": words, "author": marker})
    assert marker.lower() not in repr(screener.screen(secret)).lower()
    assert marker.lower() not in repr(screener.hidden(secret.text)).lower()


@given(st.from_type(Draft), st.data())
def test_a_further_rule_never_improves_the_outcome(
    make_policy: Make, every_rule: list[Rule], draft: Draft, data: st.DataObject
) -> None:
    severities = data.draw(st.lists(st.sampled_from(Severity), min_size=len(every_rule), max_size=len(every_rule)))
    rules = [r.model_copy(update={"severity": s}) for r, s in zip(every_rule, severities, strict=True)]
    kept = data.draw(st.lists(st.sampled_from(rules), unique_by=lambda rule: rule.id))
    fewer = verdict_or_refusal(Screener(make_policy(*kept), patience=30), draft)
    more = verdict_or_refusal(Screener(make_policy(*rules), patience=30), draft)
    if fewer is not None and more is not None:
        assert BADNESS.index(more.outcome) >= BADNESS.index(fewer.outcome)


@given(st.from_type(Draft))
def test_the_same_draft_has_the_same_findings(screener: Screener, draft: Draft) -> None:
    first, second = verdict_or_refusal(screener, draft), verdict_or_refusal(screener, draft)
    assert (first and first.findings) == (second and second.findings)


def test_eight_threads_get_what_one_would(screener: Screener) -> None:
    texts = [
        f"Idiota numero {n}! I clienti arrabbiati vogliono utilizzare la mail: NON CI CREDO PIÙ {'#a ' * (n % 5)}"
        for n in range(80)
    ]
    alone = [screener.screen(Draft(text=text)) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: screener.screen(Draft(text=text)), texts))
    assert [verdict.findings for verdict in together] == [verdict.findings for verdict in alone]
    assert all(verdict.unchecked == () for verdict in together)
    assert all(verdict.findings for verdict in together)


def test_a_screener_keeps_nothing_of_a_draft(screener: Screener) -> None:
    screener.screen(Draft(text="Zorblax idiota"))
    assert "orblax" not in repr(vars(screener))


def test_a_policy_without_rules_lets_everything_pass(make_policy: Make) -> None:
    verdict = Screener(make_policy()).screen(Draft(text="x"))
    assert (verdict.outcome, verdict.findings, verdict.unchecked) == (Outcome.CLEAR, (), ())
