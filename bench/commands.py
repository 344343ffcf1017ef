"""What many people send to Vaglio by Slack command, and what became of each of their drafts."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

# First: it puts the emulators on the path.
from workspace import LOCALES, PATIENCE, PEOPLE, ROOT, Workspace, user_of  # isort: skip
from emulators.loopback import Call
from emulators.slack import LateAck, words

from bot.reply import failure

_BREACHES = {
    "it": " SCRIVETECI TUTTI SUBITO!!! Il mio IBAN è IT60X0542811101000000123456, tel. +39 347 123 4567.",
    "en": " WRITE TO US ALL RIGHT NOW!!! My IBAN is GB29NWBK60161331926819, phone +44 7911 123456.",
}
_NUMBER = re.compile(r"\b(?:Bozza|Draft) (\d+)\b")
_CHECK = re.compile(r"\bs_[0-9a-f]{20}\b")


@dataclass(frozen=True, slots=True)
class Sent:
    """A command; moments are seconds of the monotonic clock."""

    number: int
    user: str
    at: float
    ack: float | None
    """Seconds until it was acknowledged; None: not within three, and so nothing was promised."""
    to: str
    """The address that takes its answers."""


def person(number: int) -> tuple[str, str]:
    """Whoever sends the draft of this number, and their language."""
    return user_of(number % PEOPLE), LOCALES[number % 2][:2]


def drafts(count: int, first: int = 0, length: int = 280, opening: str = ".") -> Iterator[tuple[int, str]]:
    """Posts joined up to `length`, each with its number; one in ten breaks something, as drafts do."""
    lines = (ROOT / "bench/data/language.jsonl").read_text(encoding="utf-8").splitlines()
    posts: dict[str, list[str]] = {"it": [], "en": []}
    for row in map(json.loads, lines):
        if row["language"] in posts:
            posts[row["language"]].append(row["text"])
    for number in range(first, first + count):
        _, language = person(number)
        text = f"{'Bozza' if language == 'it' else 'Draft'} {number}{opening}"
        breach = _BREACHES[language] if number % 10 == 0 else ""
        while len(text) + len(breach) < length:
            text += f" {posts[language][(number * 7 + len(text)) % len(posts[language])]}"
        yield number, text[: length - len(breach)] + breach


async def send(workspace: Workspace, number: int, text: str, user: str | None = None) -> Sent:
    user, at = user or person(number)[0], time.monotonic()
    try:
        ack = await workspace.slash(text, user=user)
        seconds, envelope = ack.seconds, ack.envelope
    except LateAck as late:
        seconds, envelope = None, late.envelope
    return Sent(number, user, at, seconds, envelope["payload"]["response_url"].rpartition("/")[2])


# --- What they got ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Answers:
    """What came back at the address of each command, or in a private message that names its number."""

    workspace: Workspace
    calls: dict[str, list[Call]] = field(default_factory=dict)
    _seen: int = 0

    def read(self) -> int:
        """How many commands have been answered so far."""
        fresh, self._seen = self.workspace.calls[self._seen :], len(self.workspace.calls)
        for call in fresh:
            if call.answer.get("to") and call.answer.get("ok") and _is_answer(call):
                self.calls.setdefault(call.answer["to"], []).append(call)
        return len(self.calls)

    async def until(self, sent: Sequence[Sent], enough: Callable[[], bool] | None = None) -> None:
        """Until every one of them is answered, or nothing has moved for two minutes."""
        moved, known = time.monotonic(), -1
        while time.monotonic() - moved < PATIENCE:
            if (found := self.read()) != known:
                moved, known = time.monotonic(), found
            if (enough and enough()) or all(each.to in self.calls for each in sent):
                return
            await asyncio.sleep(0.01)

    def last(self, sent: Sequence[Sent]) -> float:
        return max((self.calls[each.to][0].at for each in sent if each.to in self.calls), default=time.monotonic())

    def seconds(self, sent: Sequence[Sent]) -> list[float]:
        """From each command to its answer."""
        return [self.calls[each.to][0].at - each.at for each in sent if each.to in self.calls]


@dataclass(slots=True)
class Account:
    """Of so many acknowledged commands; each of the lists holds numbers of drafts."""

    promised: int = 0
    verdicts: int = 0
    failures: int = 0
    lost: list[int] = field(default_factory=list)
    twice: list[int] = field(default_factory=list)
    """Two messages, or two different ones."""
    mixed: list[int] = field(default_factory=list)
    """Answered with another's draft."""
    again: int = 0
    """The same verdict put once more into its own place: its reader sees one."""

    @property
    def is_sound(self) -> bool:
        return not (self.lost or self.twice or self.mixed)

    def __str__(self) -> str:
        said = f"{self.promised} promised: {self.verdicts} verdicts, {self.failures} honest failures"
        said += f", {len(self.lost)} lost, {len(self.twice)} twice, {len(self.mixed)} mixed up"
        return said + (f"; {self.again} written once more in their own place" if self.again else "")


def account_of(sent: Sequence[Sent], answers: Answers) -> Account:
    found = Account()
    for each in sent:
        calls = answers.calls.get(each.to, [])
        found.promised += each.ack is not None
        if not calls:
            if each.ack is not None:
                found.lost.append(each.number)
            continue
        said = [words(call.payload) for call in calls]
        is_failure = any(failure(language) in said[-1] for language in ("it", "en"))
        found.failures += is_failure
        found.verdicts += not is_failure
        checks = {tuple(_CHECK.findall(text)) for text in said}
        replaced = all(call.payload.get("replace_original") for call in calls)
        if len(calls) > 1 and not (replaced and len(checks) == 1):
            found.twice.append(each.number)
        found.again += len(calls) > 1 and replaced and len(checks) == 1
        if {int(number) for number in _NUMBER.findall(said[-1])} - {each.number}:
            found.mixed.append(each.number)
    return found


def _is_answer(call: Call) -> bool:
    """Whether it says something about the draft: the first words to somebody new may come the same way."""
    text = str(call.payload.get("text", ""))
    is_failure = any(failure(language)[:60] in text for language in ("it", "en"))
    return is_failure or bool(_CHECK.search(json.dumps(call.payload)))
