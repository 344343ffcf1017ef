"""The reckoning finds what it is there to find."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from emulators.loopback import Call
from faults.accounts import Answers, Reckoning, reckon, text_of

from bot.reply import failure

FIRST, SECOND = "s_" + "0" * 20, "s_" + "1" * 20


@dataclass
class Heard:
    """Slack, as far as it is asked here."""

    calls: list[Call] = field(default_factory=list)

    def answer(self, to: str, text: str, *, replaces: bool = True) -> None:
        payload = {"text": text, "replace_original": replaces}
        self.calls.append(Call("response_url", payload, {"ok": True, "to": to}))

    def message(self, text: str) -> None:
        self.calls.append(Call("chat.postMessage", {"text": text}, {"ok": True}))


def reckoned(heard: Heard, *acknowledged: int, recorded: tuple[str, ...] = (FIRST, SECOND)) -> Reckoning:
    answers = Answers(heard, {"a": 1, "b": 2})  # type: ignore[arg-type]
    return reckon(acknowledged, answers.by_draft(), Counter(recorded))


def test_one_answer_each_is_sound() -> None:
    heard = Heard()
    heard.answer("a", f"{text_of(1)} {FIRST}")
    heard.message(f"{text_of(3)} {SECOND}")
    heard.message(f"{text_of(1)} {FIRST}: a card")
    heard.answer("a", "Welcome")
    assert reckoned(heard, 1, 3) == Reckoning([], [], [], [], [], [])


def test_what_is_lost_is_found_and_what_was_never_promised_is_not() -> None:
    heard = Heard()
    heard.answer("a", f"{text_of(1)} {FIRST}")
    assert reckoned(heard, 1, 2).lost == [2]
    assert reckoned(heard, 1).is_sound


def test_two_answers_are_found() -> None:
    heard = Heard()
    heard.answer("a", f"{text_of(1)} {FIRST}")
    heard.answer("a", f"{text_of(1)} {SECOND}")
    heard.message(f"{text_of(3)} {FIRST}")
    heard.message(f"{text_of(3)} {FIRST}")
    heard.answer("b", f"{text_of(2)} {FIRST}")
    heard.answer("b", f"{text_of(2)} {FIRST}", replaces=False)
    assert reckoned(heard, 1, 2, 3).twice == [1, 2, 3]


def test_the_same_in_its_own_place_again_is_told_apart() -> None:
    heard = Heard()
    heard.answer("a", f"{text_of(1)} {FIRST}")
    heard.answer("a", f"{text_of(1)} {FIRST}")
    found = reckoned(heard, 1)
    assert (found.again, found.is_sound) == ([1], True)


def test_a_failure_is_an_answer_and_must_not_take_a_verdicts_place() -> None:
    heard = Heard()
    heard.answer("a", failure("it"))
    assert (reckoned(heard, 1).failed, reckoned(heard, 1).is_sound) == ([1], True)
    heard.answer("a", f"{text_of(1)} {FIRST}")
    assert reckoned(heard, 1).is_sound
    heard.answer("a", failure("it"))
    assert reckoned(heard, 1).spoilt == [1]


def test_an_answer_without_its_entry_is_found() -> None:
    heard = Heard()
    heard.answer("a", f"{text_of(1)} {FIRST}")
    assert reckoned(heard, 1, recorded=()).misrecorded == [1]
    assert reckoned(heard, 1, recorded=(FIRST, FIRST)).misrecorded == [1]
