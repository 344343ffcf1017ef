"""What is kept of a draft's words: nothing that is hidden in one text stands in the other."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.prescreen import Keepsake, Prescreen, Screening
from rules.draft import Draft, Span
from rules.screening import Screener
from rules.verdict import Finding, Severity


class _Kept:
    def __init__(self) -> None:
        self.last = Keepsake(None, None)

    def record(self, screening: Screening, keepsake: Keepsake) -> None:
        self.last = keepsake


def _keep(screener: Screener, draft: Draft) -> Keepsake:
    kept = _Kept()
    Prescreen(screener, kept)(draft)
    return kept.last


WORDS = st.lists(st.sampled_from(["ciao", "Rossi", "SEGRETO-1", "12", "xyz", "!"]), min_size=1, max_size=8)


@given(WORDS, WORDS, st.sampled_from(["Rossi", "12", "xyz"]), st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_hidden_in_one_is_blanked_in_the_other(
    screener: Screener, ours: list[str], theirs: list[str], secret: str, found_in_ours: bool
) -> None:
    """`secret` is found only where the words around it tell what it is: in one of the two texts."""
    texts = " ".join([*ours, secret]), " ".join([*theirs, secret])
    marked = 0 if found_in_ours else 1
    texts = tuple(f"[{'draft' if side == 0 else 'other'}] {text}" for side, text in enumerate(texts))  # type: ignore[assignment]
    search = screener.hidden

    def hidden(text: str) -> list[Finding] | None:
        more = [Finding("a.b", "1", Severity.WARN, Span(len(text) - len(secret), len(text)), {}, hides="NOME")]
        return [*(search(text) or []), *(more if text == texts[marked] else [])]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(screener, "hidden", hidden)
        kept = _keep(screener, Draft(text=texts[0], in_reply_to=texts[1]))
    for text in (kept.text, kept.in_reply_to):
        assert text is not None
        assert secret not in text.text
        assert "SEGRETO" not in text.text


def test_neither_is_kept_unless_both_could_be_searched(screener: Screener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screener, "hidden", lambda text: None if "loro" in text else [])
    assert _keep(screener, Draft(text="noi", in_reply_to="loro")) == Keepsake(None, None)
    assert _keep(screener, Draft(text="loro", in_reply_to="noi")) == Keepsake(None, None)
    assert _keep(screener, Draft(text="noi")).text is not None
