"""All targets in one process, for some seconds: guided by coverage where Atheris is installed, else by chance.

    python -m fuzzing.engine FOLDER SECONDS TARGET ...

The first byte of an input says of which target it is, so that one corpus is for all.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
import traceback
import zlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzzing import every
from hypothesis import HealthCheck, given, settings

try:
    import atheris
except ImportError:
    atheris = None

LONGEST, PADDED = 2_048, 8_000
"""Bytes that the engine mutates, and those that Hypothesis reads: what is missing follows from what is there."""
SLOW = 10.0
"""Seconds of the processor's that no single input may cost."""


def padded(data: bytes) -> bytes:
    return data + random.Random(zlib.crc32(data)).randbytes(max(0, PADDED - len(data)))


@dataclass(slots=True)
class Trial:
    """What became of one target; `once` tries it on bytes, and `value` is what they came to."""

    name: str
    once: Callable[[bytes], object] = field(repr=False)
    executions: int = 0
    seconds: float = 0.0
    found: dict[str, int] = field(default_factory=dict)
    value: Any = None


class Trials:
    """Opens each target when it is first tried, and keeps each fault once."""

    def __init__(self, names: Sequence[str], folder: Path, stack: ExitStack) -> None:
        self._names, self._folder, self._stack = names, folder, stack
        self._trials, self._told = dict[str, Trial](), 0.0
        (folder / "finds").mkdir(parents=True, exist_ok=True)

    def __call__(self, data: bytes) -> None:
        if not data:
            return
        name = self._names[data[0] % len(self._names)]
        trial = self._trials.get(name) or self._opened(name)
        begun, trial.executions = time.process_time(), trial.executions + 1
        try:
            trial.once(padded(data[1:]))
            if time.process_time() - begun > SLOW:
                raise TimeoutError("too slow")
        except Exception as error:
            self._keep(trial, data, error)
        trial.seconds += time.process_time() - begun
        if time.monotonic() - self._told > 2.0:
            self.tell()

    def tell(self) -> None:
        self._told = time.monotonic()
        said = {
            trial.name: {"executions": trial.executions, "seconds": round(trial.seconds, 1), "finds": trial.found}
            for trial in self._trials.values()
        }
        (self._folder / "told.json").write_text(json.dumps(said, indent=1, ensure_ascii=False), encoding="utf-8")

    def _opened(self, name: str) -> Trial:
        found = every.target(name)
        check = self._stack.enter_context(found.opened())

        @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(found.inputs)
        def once(value: Any) -> None:
            self._trials[name].value = value
            check(value)

        self._trials[name] = Trial(name, once.hypothesis.fuzz_one_input)  # type: ignore[attr-defined]
        return self._trials[name]

    def _keep(self, trial: Trial, data: bytes, error: Exception) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [each for each in frames if any(f"/{part}/" in each.filename for part in ("rules", "bot", "fuzzing"))]
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
        key = f"{type(error).__name__} {where} {str(error)[:60] if isinstance(error, AssertionError) else ''}"
        trial.found[key] = trial.found.get(key, 0) + 1
        if trial.found[key] > 1:
            return
        name = f"{trial.name.replace(' ', '-')}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
        (self._folder / "finds" / f"{name}.bin").write_bytes(data)
        told = f"{key}\n\n{trial.value!r:.20000}\n\n{''.join(traceback.format_exception(error))[-6000:]}"
        (self._folder / "finds" / f"{name}.txt").write_text(told, encoding="utf-8", errors="backslashreplace")


def main(folder: Path, seconds: int, names: Sequence[str]) -> None:
    begun, corpus = time.monotonic(), folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=["rules", "bot"]) if atheris else nullcontext(), ExitStack() as stack:
        trials = Trials(names, folder, stack)
        first = [bytes([at]) + random.Random(n).randbytes(64 << n) for n in range(4) for at in range(len(names))]
        for data in first:
            trials(data)
        left = max(5, seconds - int(time.monotonic() - begun))
        if atheris is None:
            until, chance = time.monotonic() + left, random.Random()
            while time.monotonic() < until:
                trials(chance.randbytes(chance.randrange(1, LONGEST)))
        else:
            for number, data in enumerate(first):
                (corpus / f"first-{number}").write_bytes(data)
            limits = [f"-max_total_time={left}", f"-max_len={LONGEST}", "-len_control=0", "-rss_limit_mb=3000"]
            quiet = ["-timeout=600", "-report_slow_units=600", f"-artifact_prefix={folder}/finds/", str(corpus)]
            atheris.Setup(["fuzz", *limits, *quiet], trials)
            atheris.Fuzz()
        trials.tell()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
