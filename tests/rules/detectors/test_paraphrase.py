"""A confidential sentence in other words, through a screening."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rules.detectors.base import Subject
from rules.draft import Draft
from rules.encoder import Encoder
from rules.folding import fold
from rules.judges import Judges
from rules.knowledge.documents import add_documents
from rules.knowledge.hashing import KEY_BYTES, Keyed
from rules.knowledge.sentences import add_sentences
from rules.knowledge.store import Knowledge
from rules.masking import mask
from rules.screening import Screener

Make = Callable[..., Any]
KEYS = """\
# Non ancora annunciato
Acme Nuvola chiuderà a marzo lo stabilimento di Varano e sposterà la produzione in Slovenia.
Zorblax compra la nostra rete di vendita per dodici milioni di euro.
The board of Acme Nuvola will replace the chief executive before the summer.
"""
SAME = "A marzo Acme Nuvola chiude Varano e porta la produzione in Slovenia."
NEAR = "Sabato porte aperte nello stabilimento di Varano: merenda e visita ai reparti."


def add(knowledge: Knowledge, path: Path, text: str, judges: Judges) -> None:
    path.write_text(text, encoding="utf-8")
    add_sentences(knowledge, "secrets", path, judges.encoder().read_each)


@pytest.fixture
def knowledge(tmp_path: Path, judges: Judges) -> Knowledge:
    held = Knowledge(tmp_path / "knowledge", Keyed(b"k" * KEY_BYTES))
    add(held, tmp_path / "secrets.txt", KEYS, judges)
    return held


@pytest.fixture
def screener(make_rule: Make, make_policy: Make, knowledge: Knowledge, judges: Judges) -> Screener:
    rule = make_rule("paraphrase", sentences="secrets", severity="note", message="Come alla riga {line}.")
    return Screener(make_policy(rule), judges, knowledge, patience=30)


def test_a_paraphrase_is_found_told_and_hidden(screener: Screener) -> None:
    (finding,) = screener.screen(Draft(text=SAME)).findings
    assert finding.span.of(SAME) == SAME
    assert finding.message == {"*": "Come alla riga 2."}
    assert finding.score is not None
    assert 0.5 < finding.score <= 1
    assert mask(SAME, [finding]).text == "[INTERNAL]"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Acme Nuvola is closing its Varano plant in March and moving production to Slovenia.", 2),
        ("Zorblax buys all of our sales network for twelve million euros.", 3),
    ],
)
def test_it_is_found_in_another_language(screener: Screener, text: str, line: int) -> None:
    (finding,) = screener.screen(Draft(text=text)).findings
    assert finding.message == {"*": f"Come alla riga {line}."}


@pytest.mark.parametrize(
    "text",
    [
        NEAR,
        "Oggi piove, prendete l'ombrello.",
        "Grazie a tutti!",
        "🎉",
        "The board of Acme Nuvola thanks everyone who came.",
    ],
)
def test_what_is_only_near_is_not(screener: Screener, text: str) -> None:
    verdict = screener.screen(Draft(text=text))
    assert (verdict.findings, verdict.unchecked) == ((), ())


def test_of_several_sentences_the_one_is_told(screener: Screener) -> None:
    text = f"Buongiorno a tutti da Trieste. {SAME} Oggi a pranzo c'erano gli gnocchi con il sugo di noci."
    (finding,) = screener.screen(Draft(text=text)).findings
    assert finding.span.of(text) == SAME


def test_the_very_words_are_found_in_any_company(screener: Screener) -> None:
    key = KEYS.splitlines()[2]
    text = f"Oggi piove. Che bello il mare! {key.upper()} Ho comprato due meloni al mercato. E voi, tutto bene?"
    assert [(one.span.of(text), one.score) for one in screener.screen(Draft(text=text)).findings] == [(key.upper(), 1)]


def test_from_how_much_it_counts_can_be_said(
    make_rule: Make, make_policy: Make, knowledge: Knowledge, judges: Judges
) -> None:
    rule = make_rule("paraphrase", sentences="secrets", threshold=0.99, hides="PIANO")
    assert rule.may_hide
    screener = Screener(make_policy(rule), judges, knowledge, patience=30)
    assert screener.screen(Draft(text=SAME)).findings == ()
    assert [one.hides for one in screener.screen(Draft(text=KEYS.splitlines()[1])).findings] == ["PIANO"]
    for threshold in (0, 1, 1.5, "a"):
        with pytest.raises(ValidationError):
            make_rule("paraphrase", sentences="secrets", threshold=threshold)


def test_it_stands_in_protected_speech(screener: Screener) -> None:
    (finding,) = screener.screen(Draft(text=f"Sciopero! {SAME}")).findings
    assert finding.rule == "test.paraphrase"


def test_without_what_it_needs_the_rule_is_unchecked(
    make_rule: Make, make_policy: Make, knowledge: Knowledge, judges: Judges
) -> None:
    policy = make_policy(make_rule("paraphrase", sentences="secrets"))
    other = Knowledge(knowledge.folder, Keyed(b"o" * KEY_BYTES))
    for reads, held, reason in (
        (judges, None, "knowledge:secrets"),
        (judges, other, "knowledge:secrets"),
        (None, knowledge, "model:vaglio-judge"),
    ):
        screener = Screener(policy, reads, held, patience=30)
        assert screener.load() == {"test.paraphrase": reason}
        assert screener.hidden(SAME) is None
    (missed,) = Screener(policy, judges, other, patience=30).screen(Draft(text=SAME)).unchecked
    assert (missed.reason, missed.hides) == ("knowledge:secrets", True)


def test_what_gives_nothing_away_is_not_found_however_near(
    make_rule: Make, make_policy: Make, knowledge: Knowledge, judges: Judges
) -> None:
    rule = make_rule("paraphrase", sentences="secrets", threshold=0.3)
    verdict = Screener(make_policy(rule), judges, knowledge, patience=30).screen(Draft(text=NEAR))
    assert verdict.findings == ()
    assert 0.3 < verdict.scores["paraphrase.test.paraphrase"] < 0.7


def test_documents_are_no_sentences(make_rule: Make, make_policy: Make, knowledge: Knowledge, judges: Judges) -> None:
    add_documents(knowledge, "plans", iter([("piano.txt", KEYS)]))
    screener = Screener(make_policy(make_rule("paraphrase", sentences="plans")), judges, knowledge, patience=30)
    assert [one.reason for one in screener.screen(Draft(text=SAME)).unchecked] == ["knowledge:plans"]


def test_what_is_replaced_is_no_longer_found_and_nothing_needs_a_restart(
    screener: Screener, knowledge: Knowledge, judges: Judges, tmp_path: Path
) -> None:
    assert screener.screen(Draft(text=SAME)).findings
    other = "Il marchio Aurora sarà ritirato dal mercato francese"
    add(knowledge, tmp_path / "b.txt", other, judges)
    assert screener.screen(Draft(text=SAME)).findings == ()
    assert screener.screen(Draft(text="Il marchio Aurora sarà presto ritirato dal mercato francese.")).findings


def test_the_encoder_reads_a_draft_once_for_all_rules(
    make_rule: Make, knowledge: Knowledge, judges: Judges, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    read_each = Encoder.read_each

    def counted(self: Encoder, texts: Sequence[str]) -> Any:
        passes.append(len(texts))
        return read_each(self, texts)

    monkeypatch.setattr(Encoder, "read_each", counted)
    subject = Subject(Draft(text=f"Sapete? {SAME} {NEAR}"), fold(f"Sapete? {SAME} {NEAR}"), ("it",), judges, knowledge)
    for threshold in (None, 0.9, 0.1):
        make_rule("paraphrase", sentences="secrets", threshold=threshold).hits(subject)
    assert passes == [2]
    assert subject.models.keys() == {"multilingual-e5-small", "vaglio-judge", "knowledge:secrets"}
