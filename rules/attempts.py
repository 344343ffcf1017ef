"""Rules tried one after the other in a thread of their own, so that one that never ends can be left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rules.detectors.base import BaseRule, Hit, Subject, reason_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rule said: its hits, or why there are none to trust."""

    hits: Sequence[Hit]
    reason: str | None
    milliseconds: float


class Attempt:
    """Rules tried one after the other in a thread that may be abandoned."""

    def __init__(self, rules: Sequence[BaseRule], subject: Subject) -> None:
        self._rules, self._subject = rules, subject
        self._outcomes: list[Outcome] = []
        self._began = time.monotonic()
        self._done = threading.Event()
        self._abandoned = False
        self.thread = threading.Thread(target=self._work, name="vaglio-screening", daemon=True)

    def run(self, patience: float, deadline: float) -> list[Outcome]:
        """The outcomes of all rules, or of those before the one that took `patience` seconds or met the deadline."""
        self.thread.start()
        while not self._done.wait(max(0.0, min(self._began + patience, deadline) - time.monotonic())):
            if time.monotonic() >= min(self._began + patience, deadline):
                self._abandoned = True
                break
        return list(self._outcomes)

    def _work(self) -> None:
        for rule in self._rules:
            if self._abandoned:
                return
            self._began = time.monotonic()
            self._outcomes.append(_outcome_of(rule, self._subject))
        self._done.set()


def _outcome_of(rule: BaseRule, subject: Subject) -> Outcome:
    started, hits, reason = time.perf_counter(), list[Hit](), None
    try:
        hits = rule.hits(subject)
    except BaseException as error:
        # A panic in a library of ours written in Rust is no `Exception`.
        reason = reason_of(error)
    return Outcome(hits, reason, milliseconds(started, time.perf_counter()))


def milliseconds(start: float, end: float) -> float:
    return round((end - start) * 1000, 3)
