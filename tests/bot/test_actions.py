"""A button's word comes back as the action that it was made of, or as none at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions import MOST, Action, Verb, tag

names = st.text("abcdefghijklmnopqrstuvwxyz0123456789_:-", min_size=1, max_size=22)


@given(st.sampled_from(Verb), names, st.one_of(st.just(""), names))
def test_a_word_is_read_back(verb: Verb, about: str, choice: str) -> None:
    action = Action(verb, about, choice)
    assert Action.read(action.word) == action
    assert len(action.word.encode()) <= MOST


@given(st.text())
def test_whatever_else_comes_back_is_no_action_or_says_the_same(word: str) -> None:
    action = Action.read(word)
    assert action is None or action.word == word


@pytest.mark.parametrize(
    "word", ["", "approve", "0|approve|q_1|", "1|destroy|q_1|", "1|approve|q_1", "1|approve|q|1|2"]
)
def test_a_button_of_another_version_is_known_as_such(word: str) -> None:
    assert Action.read(word) is None


@pytest.mark.parametrize(
    "action", [Action(Verb.APPROVE, "q" * 60), Action(Verb.PASS, "q|1"), Action(Verb.PASS, "q", "|")]
)
def test_what_no_platform_would_carry_is_refused(action: Action) -> None:
    with pytest.raises(ValueError, match="bytes"):
        _ = action.word


def test_a_tag_is_short_and_always_the_same() -> None:
    assert tag("legal") == tag("legal") != tag("legale")
    assert len(tag("a-very-long-name-of-an-owner" * 9)) == 8
