"""The models that read meaning: the built-in judge and, where it is installed, Detoxify. Opened once, and shared."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from rules.built import Report, silent
from rules.unavailable import Unavailable

if TYPE_CHECKING:
    from rules.detoxified import Detoxified
    from rules.encoder import Encoder
    from rules.judge import Judge
    from rules.likeness import Telling
    from rules.topics import Background

T = TypeVar("T")
Toxicity = Literal["auto", "built-in", "detoxify-multilingual", "detoxify-original", "detoxify-unbiased"]
"""Who judges toxicity: the judge, and the Detoxify that is named; `auto` takes whichever is installed."""


class Judges:
    """Thread-safe. A model that could not be opened is not tried again: whoever installs it starts anew."""

    def __init__(
        self, folder: Path, toxicity: Toxicity = "auto", report: Report = silent, *, threads: int | None = None
    ) -> None:
        """`folder`: where models are built and installed; `report` is told what is built and how far it is.

        `threads` for each pass: of several processes that share the cores, each is faster with one.
        """
        self.folder, self.toxicity, self.threads = folder, toxicity, threads
        self._report = report
        self._lock = threading.RLock()  # the background asks for the judge
        self._opened: dict[str, object] = {}

    def judge(self) -> Judge:
        """Raises `Unavailable` where it cannot be opened or built."""
        from rules.judge import NAME, Judge

        return self._once(NAME, lambda: Judge(self.folder, self._report, threads=self.threads))

    def detoxify(self) -> Detoxified | None:
        """None where none is wanted, or none is installed and none was asked for. Raises `Unavailable`."""
        kind = self.kind
        if kind is None:
            return None
        from rules.detoxified import Detoxified

        return self._once(f"detoxify-{kind}", lambda: Detoxified(self.folder, kind, threads=self.threads))

    def encoder(self) -> Encoder:
        """For topics. Raises `Unavailable`."""
        from rules.encoder import NAME, Encoder

        return self._once(NAME, lambda: Encoder(self.folder, self._report, threads=self.threads))

    def background(self) -> Background:
        """What topics stand out from. Raises `Unavailable`, also where it is another judge's."""
        from rules.topics import Background

        def read() -> Background:
            found = Background.read()
            if found.digest != self.judge().digest:
                raise ValueError("another judge's: python -m rules.weights.background")
            return found

        return self._once("background", read)

    def telling(self) -> Telling:
        """What gives something away, to this judge. Raises `Unavailable`, also where it is another judge's."""
        from rules.likeness import Telling

        def read() -> Telling:
            found = Telling.read()
            if found.digest != self.judge().digest:
                raise ValueError("another judge's: python -m rules.weights.telling")
            return found

        return self._once("telling", read)

    def open(self) -> None:
        """Open whatever there is, so that no draft's time goes into it."""
        for model in (self.judge, self.detoxify):
            with suppress(Unavailable):
                model()

    @cached_property
    def kind(self) -> str | None:
        """Which of Detoxify's models is to be used."""
        if self.toxicity == "built-in":
            return None
        if self.toxicity != "auto":
            return self.toxicity.removeprefix("detoxify-")
        from rules.detoxified import KINDS

        # One that is there and damaged is named too: it cannot be opened, and its rules say so.
        return next((kind for kind in KINDS if (self.folder / f"detoxify-{kind}").exists()), None)

    def _once(self, name: str, make: Callable[[], T]) -> T:
        with self._lock:
            if name not in self._opened:
                try:
                    self._opened[name] = make()
                except Exception as error:
                    self._opened[name] = error
            found = self._opened[name]
        if isinstance(found, Exception):
            raise Unavailable(f"model:{name}") from found
        return found  # type: ignore[return-value]
