"""Labelled text for training and measuring: the corpus that is kept beside this file, and open data given by folder."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from rules.draft import Account, Kind
from rules.folding import fold
from rules.labels import LABELS, TOXICITY
from rules.passages import Context, Passage, passages
from rules.segmenting import sentences
from rules.tokens import Tokenizer

CORPUS = Path(__file__).parent / "corpus"
Part = Literal["train", "dev", "kept"]


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled draft."""

    text: str
    language: str
    truth: Mapping[str, bool]
    """Labels that are known to hold or not; the others are unknown, and teach nothing."""
    context: Context = field(default_factory=Context)
    hard: str = ""
    """For a fine draft: which kind of hard fine text it is."""
    source: str = "corpus"
    place: str = ""
    """File and line, to find it again."""
    hand: int = 0
    """The number of the hand that wrote it, for rows of the corpus."""

    @property
    def is_fine(self) -> bool:
        return not any(self.truth.values())


def read_corpus(part: Part, folder: Path = CORPUS) -> list[Row]:
    """The corpus's rows of one part. Raises `OSError` or `ValueError` naming file and line."""
    return list(_corpus_rows(folder / f"{part}.jsonl"))


def _corpus_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            place = f"{path.name}:{number}"
            try:
                raw = json.loads(line)
                held = _with_toxicity(raw["labels"])
                context = Context(Kind(raw["kind"]), Account(raw["account"]), raw.get("asked", ""))
                truth = {label: label in held for label in LABELS if label in held or not _unsaid(label, held, raw)}
                hand = _hand(raw)
                yield Row(raw["text"], raw["lang"], truth, context, raw.get("hard", ""), place=place, hand=hand)
            except (ValueError, KeyError) as error:
                raise ValueError(f"{place}: {error!r}") from error


_LATER = 46
"""The first hand that was asked for these labels, and beside which others their holding cannot be ruled out earlier."""
_UNSAID = {
    "credential": frozenset({"security_incident", "internal_talk"}),
    "special_category": frozenset(
        {"colleague_private", "client_confidential", "identity_attack", "harassment", "insult", "sexual_explicit",
         "dispute", "protected_speech"}
    ),
}  # fmt: skip


def _unsaid(label: str, held: set[str], raw: Mapping[str, Any]) -> bool:
    return _hand(raw) < _LATER and bool(_UNSAID.get(label, frozenset()) & held)


def _hand(raw: Mapping[str, Any]) -> int:
    return int(raw.get("hand", "h0")[1:])


def _with_toxicity(labels: list[str]) -> set[str]:
    unknown = set(labels) - set(LABELS)
    if unknown:
        raise ValueError(f"unknown labels {sorted(unknown)}")
    return {*labels, "toxicity"} if set(labels) & set(TOXICITY) else set(labels)


def read_open(folder: Path, part: Literal["train", "dev"]) -> list[Row]:
    """Open data on toxicity (`toxicity.jsonl.gz` in `folder`; the model card names its sources)."""
    path = folder / "toxicity.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        raws = [(number, json.loads(line)) for number, line in enumerate(lines, start=1)]
    return [
        Row(
            raw["text"].replace("\\n", "\n"),
            raw["lang"],
            _open_truth(raw),
            source=raw["source"],
            place=f"{path.name}:{n}",
        )
        for n, raw in raws
        if raw["split"] == part and raw["text"].strip()
    ]


_SHARES = {
    "insult": ("Insult", "Insu"),
    "obscene": ("Profane/Obscene",),
    "threat": ("Threat",),
    "identity_attack": ("Identity based Attack", "Identity based "),
}
"""Civil Comments' names for our labels: each has the share of its raters who saw it."""


def _open_truth(raw: Mapping[str, Any]) -> dict[str, bool]:
    toxic, named = bool(raw["toxic"]), raw.get("labels")
    truth = {"toxicity": toxic}
    if not toxic:
        return truth | dict.fromkeys(TOXICITY, False)
    if isinstance(named, list):
        # They know no blasphemy or harassment of their own: those stay unknown.
        truth |= {label: label in named for label in TOXICITY[1:] if label not in ("blasphemy", "harassment")}
    elif isinstance(named, dict):
        for label, names in _SHARES.items():
            share = max(float(named.get(name, 0)) for name in names)
            if share == 0 or share > 0.5:
                truth[label] = share > 0.5
    if raw.get("source") == "edos" or (raw.get("source") == "davidson" and raw.get("group") == "0"):
        truth["identity_attack"] = True
    return truth


LEARNED = 254
"""Pieces of a draft that training reads together: nearly every row is one window, whole."""


def seen(row: Row, tokenizer: Tokenizer) -> Passage | None:
    """The row as the network reads it: its first window, which nearly always is all of it."""
    text = fold(row.text).plain.text
    asked = fold(row.context.asked).plain.text if row.context.asked else ""
    found = passages(tokenizer, text, sentences(text), replace(row.context, asked=asked), LEARNED)
    return found[0] if found else None


# --- More of the same: what the same words look like from another hand or inside a longer post ------------------------


def varied(row: Row, others: Mapping[str, list[Row]], dice: random.Random) -> Row:
    """The row as it is, or (now and then) retyped carelessly, without its context, or among sentences that are fine."""
    if dice.random() < 0.3:
        row = replace(row, context=replace(row.context, account=None))
    if dice.random() < 0.15 and not row.context.asked and len(row.text) < 400 and others.get(row.language):
        row = _among(row, others[row.language], dice)
    if dice.random() < 0.15:
        row = replace(row, text=_careless(row.text, dice))
    return row


def _among(row: Row, others: list[Row], dice: random.Random) -> Row:
    around = [dice.choice(others) for _ in range(dice.randint(1, 2))]
    texts = [row.text, *(other.text for other in around)]
    dice.shuffle(texts)
    known = [set(other.truth) for other in (row, *around)]
    truth = {label: row.truth[label] for label in set.intersection(*known)}
    return replace(row, text=dice.choice(("\n", " ", "\n\n")).join(texts), truth=truth)


_BARE = str.maketrans("àèéìòùÀÈÉÌÒÙ", "aeeiouAEEIOU")


def _careless(text: str, dice: random.Random) -> str:
    match dice.randrange(4):
        case 0:
            return text.lower()
        case 1:
            return text.translate(_BARE)
        case 2:
            return text.rstrip(".!? ")
        case _:
            return text.replace(",", "").replace(";", "")
