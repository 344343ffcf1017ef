"""Texts through folding, language, every detector and masking: no text is too strange to be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import regex
from fuzzing.target import Check, Target
from fuzzing.words import any_texts
from hypothesis import strategies as st

from rules.assembly import SHIPPED, load_policy
from rules.draft import Account, Audience, Channel, Draft, DraftRefused, Kind
from rules.folding import fold, fold_term
from rules.language import detect
from rules.masking import hidden_words, mask
from rules.rewriting import rewrite
from rules.screening import Screener

_LABEL = regex.compile(r"\[[A-Z_]+\]")


@contextmanager
def _folding() -> Iterator[Check]:
    def check(text: str) -> None:
        folded = fold(text)
        readings = [folded.plain, folded.cased, *folded.keys, *folded.undisguised]
        for reading in readings:
            assert len(reading.text) == len(reading.starts) == len(reading.ends)
            assert all(0 <= start < end <= len(text) for start, end in zip(reading.starts, reading.ends, strict=True))
            assert list(reading.starts) == sorted(reading.starts), "places go back"
            for at in range(0, len(reading.text), max(1, len(reading.text) // 5)):
                assert reading.span(at, len(reading.text)).of(text)
        if text.isascii() and text.isprintable():
            assert folded.plain.text == text
        fold_term(text)
        fold_term(text, case_sensitive=True)
        detect(folded.plain.text, ("it", "en"))

    yield check


@contextmanager
def _screening() -> Iterator[Check]:
    screener = Screener(load_policy(SHIPPED / "company.yaml"), patience=60.0)
    screener.load()

    def check(given: dict[str, Any]) -> None:
        draft = Draft(**given)
        try:
            verdict = screener.screen(draft)
        except DraftRefused:
            return
        for missed in verdict.unchecked:
            assert not missed.reason.startswith("error"), f"{missed.rule}: {missed.reason}"
        for finding in (*verdict.findings, *verdict.shadow):
            assert finding.span.end <= len(draft.text), f"{finding.rule} is outside"
        masked = mask(draft.text, verdict.findings)
        # Places that overlap stand under the label of the longest.
        told = _LABEL.sub("\0", masked.text)
        for words in hidden_words(draft.text, verdict.findings):
            assert words not in told
        assert all(span.end <= len(masked.text) for span in masked.spans)
        masked.text.encode()
        better = rewrite(draft, verdict, screener)
        if better is not None:
            assert better.text.strip()
            for words in hidden_words(draft.text, (f for f in verdict.findings if f.hides == "SECRET")):
                assert words not in better.text or len(words) < 6, "a secret stays in the proposal"

    yield check


_drafts = st.fixed_dictionaries(
    {"text": any_texts},
    optional={
        "kind": st.sampled_from(Kind),
        "account": st.sampled_from(Account),
        "channel": st.sampled_from(Channel),
        "audience": st.sampled_from(Audience),
        "in_reply_to": any_texts,
        "language": st.sampled_from([None, "it", "en", "es", "xx"]),
        "attachments": st.lists(any_texts, max_size=2),
    },
)

TARGETS = (Target("folding", any_texts, _folding, few=60), Target("screening", _drafts, _screening, few=30))
