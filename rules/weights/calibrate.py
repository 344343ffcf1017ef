"""`python -m rules.weights.calibrate`: from the judge's logits on the corpus's dev part to scores and thresholds.

For each label and language a line is fitted (Platt: slope and shift of the logit), held near the line of both languages
together where there are few examples. The threshold is where the label becomes worth a remark: at most `_ALARMS` of the
fine drafts in which the label is looked for are flagged, and at least `_SURE` of what is flagged carries the label.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rules.draft import Account, Kind
from rules.e5 import Floats
from rules.folding import fold
from rules.judge import CALIBRATION, WEIGHTS, Judge
from rules.labels import DISCLOSURE, LABELS, REPLY, WHOLE
from rules.passages import Context
from rules.segmenting import sentences
from rules.weights.rows import CORPUS, Row, read_corpus

_ALARMS = 0.01
"""Share of fine drafts that one label may flag at its threshold."""
_SURE = 0.6
_HELD = 5.0
"""How strongly a language's line is held to the line of all: in examples."""
_ANY = "*"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m rules.weights.calibrate", description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--out", type=Path, default=CALIBRATION)
    asked = parser.parse_args()
    rows = read_corpus("dev", asked.corpus)
    judge = Judge(asked.models, weights=asked.weights, calibration=None)
    found = calibrated(rows, logits_of(judge, rows))
    asked.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def logits_of(judge: Judge, rows: Sequence[Row]) -> Floats:
    """`(rows, labels)`: the highest of the text and its sentences, as the detectors take it."""
    found = np.empty((len(rows), len(LABELS)), np.float32)
    whole = np.array([label in WHOLE for label in LABELS])
    for number, row in enumerate(rows):
        text = fold(row.text).plain.text
        asked = fold(row.context.asked).plain.text if row.context.asked else ""
        context = Context(row.context.kind, row.context.account, asked)
        windows, logits = judge.logits(text, sentences(text), context)
        found[number] = np.where(whole, logits[list(windows)].min(axis=0), logits.max(axis=0))
    return found


def calibrated(rows: Sequence[Row], logits: Floats) -> dict[str, dict[str, dict[str, float]]]:
    """By language (`*`: all together), by label: slope, shift, threshold."""
    languages = [_ANY, *sorted({row.language for row in rows})]
    result: dict[str, dict[str, dict[str, float]]] = {language: {} for language in languages}
    for column, label in enumerate(LABELS):
        prior = (1.0, 0.0)
        for language in languages:
            chosen = [
                number for number, row in enumerate(rows) if language in (_ANY, row.language) and label in row.truth
            ]
            scores = logits[chosen, column].astype(np.float64)
            truth = np.array([rows[number].truth[label] for number in chosen])
            slope, shift = line = _fitted(scores, truth, prior, held=_HELD if language != _ANY else 0.1)
            fine = np.array([rows[number].is_fine and _is_asked(label, rows[number]) for number in chosen])
            threshold = _threshold(1 / (1 + np.exp(-(scores * slope + shift))), truth, fine)
            result[language][label] = {
                "slope": round(slope, 4),
                "shift": round(shift, 4),
                "threshold": round(threshold, 3),
            }
            if language == _ANY:
                prior = line
    return result


def _is_asked(label: str, row: Row) -> bool:
    """Whether rules look for the label in such a draft: only there can it be a false alarm."""
    if label in REPLY:
        return row.context.kind is Kind.REPLY
    return label not in DISCLOSURE or row.context.account is Account.PERSONAL


def _fitted(scores: np.ndarray, truth: np.ndarray, prior: tuple[float, float], held: float) -> tuple[float, float]:
    """Slope and shift of the likeliest line, by Newton's method, held to `prior` with the weight of `held` examples."""
    line, middle = np.array(prior), np.array(prior)
    features = np.stack([scores, np.ones_like(scores)], axis=1)
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(features @ line, -30, 30)))
        gradient = features.T @ (truth - chance) - held * (line - middle)
        curve = (features * (chance * (1 - chance))[:, None]).T @ features + held * np.eye(2)
        step = np.clip(np.linalg.solve(curve, gradient), -2, 2)
        line = line + step
        if np.abs(step).max() < 1e-6:
            break
    return max(0.05, float(line[0])), float(line[1])


def _threshold(scores: np.ndarray, truth: np.ndarray, fine: np.ndarray) -> float:
    """The lowest score at which few fine drafts are flagged and most of what is flagged is right."""
    for threshold in np.unique(np.concatenate([scores[truth], [0.5]])):
        flagged = scores >= threshold
        alarms = (flagged & fine).sum() / max(1, fine.sum())
        right = truth[flagged].mean() if flagged.any() else 1.0
        if alarms <= _ALARMS and right >= _SURE and threshold >= 0.2:
            return float(min(threshold, 0.98))
    return 0.98


if __name__ == "__main__":
    main()
