"""The corpus as it is shipped, and how rows are read, varied and cut."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rules.labels import LABELS, REPLY, TOXICITY
from rules.tokens import Tokenizer
from rules.weights.rows import CORPUS, Row, read_corpus, read_open, seen, varied

PARTS = ("train", "dev", "kept")


def raw(part: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPUS / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def every() -> dict[str, list[dict[str, Any]]]:
    return {part: raw(part) for part in PARTS}


def test_there_are_as_many_as_promised(every: dict[str, list[dict[str, Any]]]) -> None:
    languages = Counter(row["lang"] for rows in every.values() for row in rows)
    assert sum(languages.values()) >= 20_000
    assert languages["it"] >= 12_000
    assert languages["en"] >= 8_000
    assert len(every["kept"]) >= 0.25 * sum(languages.values())
    for rows in every.values():
        assert 0.4 < sum(not row["labels"] for row in rows) / len(rows) < 0.6


def test_no_text_stands_twice(every: dict[str, list[dict[str, Any]]]) -> None:
    texts = Counter(row["text"].casefold() for rows in every.values() for row in rows)
    assert [text for text, count in texts.items() if count > 1] == []


def test_parts_share_no_situation(every: dict[str, list[dict[str, Any]]]) -> None:
    """Kept comes from hands of its own; dev from situations of its own, or from the last pages of two hands."""
    hands = {part: {row["hand"] for row in rows} for part, rows in every.items()}
    assert not hands["kept"] & (hands["train"] | hands["dev"])
    late = {"h24", "h25"}
    places = {
        part: {(row["hand"], row["situation"]) for row in rows if row["hand"] not in late}
        for part, rows in every.items()
    }
    assert not places["train"] & places["dev"]


def test_reply_labels_are_of_replies(every: dict[str, list[dict[str, Any]]]) -> None:
    for rows in every.values():
        for row in rows:
            assert set(row["labels"]) <= set(LABELS)
            assert (row["kind"] == "reply") == bool(row.get("asked"))
            if set(row["labels"]) & set(REPLY):
                assert row["kind"] == "reply"


def test_a_row_knows_what_holds_and_what_does_not() -> None:
    rows = read_corpus("dev")
    later = {"credential", "special_category"}
    assert all(set(LABELS) - later <= set(row.truth) <= set(LABELS) for row in rows)
    assert all(later <= set(row.truth) for row in rows if row.is_fine)
    # Whoever was not asked for them may have told them in a line about a colleague.
    told = [row for row in rows if row.hand < 46 and row.truth["colleague_private"]]
    assert told
    assert not any("special_category" in row.truth for row in told)
    assert all(row.truth["toxicity"] == any(row.truth[label] for label in TOXICITY[1:]) for row in rows)
    assert any(row.is_fine for row in rows)
    assert any(not row.is_fine for row in rows)


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text('{"text": "x", "lang": "it", "labels": ["insults"]}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"dev\.jsonl:1.*insults"):
        read_corpus("dev", tmp_path)


def test_open_data_says_only_what_it_knows(tmp_path: Path) -> None:
    lines = [
        {"source": "paradetox", "lang": "en", "split": "train", "toxic": 1, "text": "a"},
        {"source": "paradetox", "lang": "en", "split": "train", "toxic": 0, "text": "b"},
        {"source": "synth_it", "lang": "it", "split": "train", "toxic": 1, "text": "c", "labels": ["insult"]},
        {"source": "civil", "lang": "en", "split": "train", "toxic": 1, "text": "d",
         "labels": {"Insult": 1.0, "Threat": 0.4}},
        {"source": "civil", "lang": "en", "split": "dev", "toxic": 1, "text": "e"},
    ]  # fmt: skip
    with gzip.open(tmp_path / "toxicity.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    toxic, fine, named, rated = read_open(tmp_path, "train")
    assert toxic.truth == {"toxicity": True}
    assert fine.truth == dict.fromkeys(TOXICITY, False)
    assert named.truth["insult"]
    assert not named.truth["threat"]
    assert "harassment" not in named.truth
    assert rated.truth["insult"]
    assert "threat" not in rated.truth
    assert "layoffs" not in toxic.truth


def test_varying_keeps_what_holds() -> None:
    rows = read_corpus("dev")[:200]
    fine = {"it": [r for r in rows if r.is_fine and r.language == "it" and not r.context.asked]}
    dice = random.Random(4)
    changed = 0
    for row in rows * 3:
        other = varied(row, fine, dice)
        changed += other.text != row.text
        assert {label for label, held in other.truth.items() if held} == {
            label for label, held in row.truth.items() if held
        }
    assert changed > 50
    assert [varied(row, fine, random.Random(1)).text for row in rows] == [
        varied(row, fine, random.Random(1)).text for row in rows
    ]


def test_a_row_is_read_as_a_draft_is(tokenizer: Tokenizer) -> None:
    passage = seen(Row("Ｃｉａｏ a tutti. Ci vediamo!", "it", {}), tokenizer)
    assert passage is not None
    assert len(passage.segments) == 3
    assert seen(Row("\u200b", "it", {}), tokenizer) is None
