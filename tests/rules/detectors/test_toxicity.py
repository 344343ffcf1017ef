"""Toxicity by meaning: the judge, Detoxify beside it, and what stands behind a disguise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.detectors.base import Subject
from rules.detectors.reading import undisguised
from rules.draft import Draft, DraftRefused, Span
from rules.folding import fold
from rules.judge import Judged
from rules.judges import Judges
from rules.policy import Policy
from rules.screening import Screener
from rules.unavailable import Unavailable
from rules.verdict import Outcome

Make = Callable[..., Any]
INSULT = "Siete dei cretini senza cervello."
FINE = "Da lunedì la biblioteca apre alle nove."


class Detoxify:
    """Says what it is told of any text that holds a word: what stands beside the judge."""

    name, digest, classes = "detoxify-multilingual", "0b549669", ("toxicity", "insult", "severe_toxicity")

    def __init__(self, word: str, score: float) -> None:
        self._word, self._score = word, score

    def read(self, text: str, sentences: Sequence[Span]) -> Judged:
        rows = [[self._score if self._word in span.of(text) else 0.01] * 3 for span in sentences]
        return Judged(self.classes, tuple(sentences), (True,) * len(rows), np.array(rows, np.float32))

    def read_each(self, texts: Sequence[str]) -> list[Judged]:
        return [self.read(text, (Span(0, len(text)),)) for text in texts]

    def threshold(self, label: str, language: str | None = None) -> float:
        return 0.5


class Both(Judges):
    """The built-in judge, and that Detoxify."""

    def __init__(self, judges: Judges, detoxify: Detoxify) -> None:
        self._judges, self._detoxify = judges, detoxify

    def judge(self) -> Any:
        return self._judges.judge()

    def detoxify(self) -> Any:
        return self._detoxify


def subject(text: str, judges: Judges | None, *languages: str) -> Subject:
    return Subject(Draft(text=text), fold(text), languages or ("it",), judges)


def found(rule: Any, text: str, judges: Judges) -> list[str]:
    return [hit.span.of(text) for hit in rule.hits(subject(text, judges))]


@pytest.fixture
def rule(make_rule: Make) -> Any:
    return make_rule("toxicity", labels=["insult", "obscene"])


def test_the_sentence_is_found(rule: Any, judges: Judges) -> None:
    assert found(rule, f"{FINE} {INSULT}", judges) == [INSULT]
    assert found(rule, FINE, judges) == []


@pytest.mark.parametrize("text", ["Siete dei cr3t1n1 senza cervello.", "Siete dei c r e t i n i senza cervello."])
def test_a_disguise_is_read_through(make_rule: Make, judges: Judges, text: str) -> None:
    assert found(make_rule("toxicity", labels=["insult", "toxicity"]), f"{FINE} {text}", judges) == [text]


def test_places_are_of_the_draft_and_not_of_its_folded_text(rule: Any, judges: Judges) -> None:
    text = f"🎉 ｆｉｎａｌｍｅｎｔｅ!\u200b {INSULT}"
    assert found(rule, text, judges) == [INSULT]


def test_a_threshold_of_its_own(make_rule: Make, judges: Judges) -> None:
    assert found(make_rule("toxicity", labels={"insult": 0.9999}), INSULT, judges) == []
    assert found(make_rule("toxicity", labels={"insult": 0.01}), INSULT, judges) == [INSULT]


def test_scores_and_models_are_told(rule: Any, judges: Judges) -> None:
    of = subject(INSULT, judges)
    (hit,) = rule.hits(of)
    assert hit.score > 0.3
    assert set(of.scores) == {"vaglio-judge.insult", "vaglio-judge.obscene"}
    assert of.models == {"vaglio-judge": judges.judge().digest}


def test_the_higher_of_the_two_counts(rule: Any, judges: Judges) -> None:
    both = Both(judges, Detoxify("biblioteca", 0.97))
    of = subject(FINE, both)
    (hit,) = rule.hits(of)
    assert hit.score == pytest.approx(0.97, abs=1e-3)
    assert of.scores["detoxify-multilingual.insult"] == pytest.approx(0.97, abs=1e-3)
    assert of.models["detoxify-multilingual"] == "0b549669"
    assert "detoxify-multilingual.obscene" not in of.scores


def test_detoxify_reads_through_a_disguise_too(rule: Any, judges: Judges) -> None:
    of = subject("Da lunedì la b1bl10t3c4 apre alle nove.", Both(judges, Detoxify("biblioteca", 0.97)))
    (hit,) = rule.hits(of)
    assert hit.score == pytest.approx(0.97, abs=1e-3)
    assert of.scores["detoxify-multilingual.insult"] == pytest.approx(0.97, abs=1e-3)


def test_what_detoxify_alone_knows(make_rule: Make, judges: Judges) -> None:
    rule = make_rule("toxicity", labels=["severe_toxicity"])
    with pytest.raises(Unavailable, match="detoxify"):
        rule.hits(subject(FINE, judges))
    assert found(rule, FINE, Both(judges, Detoxify("biblioteca", 0.9))) == [FINE]


def test_without_models_it_is_unchecked_at_its_severity(make_rule: Make, make_policy: Callable[..., Policy]) -> None:
    policy = make_policy(make_rule("toxicity", labels=["insult"], severity="review"))
    verdict = Screener(policy).screen(Draft(text=FINE))
    assert [(missed.rule, missed.reason) for missed in verdict.unchecked] == [("test.toxicity", "model:vaglio-judge")]
    assert verdict.outcome is Outcome.REVIEW


def test_a_model_that_is_asked_for_and_missing_is_unchecked(
    make_rule: Make, make_policy: Callable[..., Policy], models: Path
) -> None:
    policy = make_policy(make_rule("toxicity", labels=["insult"]))
    verdict = Screener(policy, Judges(models, "detoxify-original")).screen(Draft(text=INSULT))
    assert [missed.reason for missed in verdict.unchecked] == ["model:detoxify-original"]


def test_a_place_where_nothing_can_be_built_is_unchecked(make_rule: Make, tmp_path: Path) -> None:
    blocked = tmp_path / "models"
    blocked.write_text("a file", encoding="utf-8")
    with pytest.raises(Unavailable, match="vaglio-judge"):
        make_rule("toxicity", labels=["insult"]).hits(subject(INSULT, Judges(blocked)))


def test_one_reading_serves_every_rule(make_rule: Make, judges: Judges) -> None:
    of = subject(INSULT, judges)
    make_rule("toxicity", labels=["insult"]).hits(of)
    before = of.once("judged", lambda: None)
    make_rule("judge", label="clickbait").hits(of)
    assert of.once("judged", lambda: None) is before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.from_type(Draft))
def test_any_draft_is_read_and_every_place_lies_in_it(
    make_rule: Make, make_policy: Callable[..., Policy], judges: Judges, draft: Draft
) -> None:
    rules = make_rule("toxicity", labels={"toxicity": 0.001}), make_rule("judge", label="clickbait", threshold=0.001)
    try:
        verdict = Screener(make_policy(*rules), judges, patience=30).screen(draft)
    except DraftRefused:
        return
    assert all(missed.reason.startswith(("language:", "timeout")) for missed in verdict.unchecked)
    assert all(0 <= one.span.start < one.span.end <= len(draft.text) for one in verdict.findings)
    assert all(0 <= score <= 1 for score in verdict.scores.values())


@pytest.mark.parametrize("labels", ["[insults]", "{insult: 2}", "[]", "{insult: 0}", "insult"])
def test_a_wrong_label_or_threshold_is_named(
    faults: Callable[..., list[tuple[str, str]]], head: str, a_rule: Callable[..., str], labels: str
) -> None:
    found = faults(f"{head}rules:\n{a_rule(detector='toxicity', phrases=None, labels=labels)}")
    assert {place.rsplit(":", 1)[0] for place, _ in found} == {"policy.yaml:14"}


def test_an_installation_that_was_damaged_is_not_passed_over(
    make_rule: Make, make_policy: Callable[..., Policy], models: Path, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    for name in ("vocabulary", "judge"):
        (tmp_path / "models" / name).symlink_to(models / name)
    (tmp_path / "models" / "detoxify-multilingual").mkdir()
    verdict = Screener(make_policy(make_rule("toxicity", labels=["insult"])), Judges(tmp_path / "models")).screen(
        Draft(text=FINE)
    )
    assert [missed.reason for missed in verdict.unchecked] == ["model:detoxify-multilingual"]


def test_an_ordinary_name_or_hashtag_is_no_disguise(make_rule: Make, judges: Judges) -> None:
    of = subject("Ci vediamo su LinkedIn con il nostro iPhone.\n#SoloBelleNotizie", judges)
    make_rule("toxicity", labels=["insult"]).hits(of)
    assert undisguised(of, judges.judge()) == []


def test_each_disguised_place_is_told(make_rule: Make, judges: Judges) -> None:
    text = "Sei un cr3t1n0. Va bene. Sei un cr3t1n0."
    hits = make_rule("toxicity", labels={"toxicity": 0.2}).hits(subject(text, judges))
    assert {(0, 15), (25, 40)} <= {(hit.span.start, hit.span.end) for hit in hits}
