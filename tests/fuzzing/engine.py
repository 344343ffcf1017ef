"""One target for some seconds, in a process of its own: guided by coverage where Atheris is installed, else by chance.

python -m fuzzing.engine TARGET FOLDER SECONDS
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
import traceback
import zlib
from collections.abc import Callable
from contextlib import nullcontext
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


class Trial:
    """Runs a check on inputs made of bytes, and keeps each fault once."""

    def __init__(self, name: str, inputs: Any, check: Callable[[Any], None], folder: Path) -> None:
        self._name, self._finds = name.replace(" ", "-"), folder / "finds"
        self._stats, self._told = folder / "stats" / f"{self._name}.json", time.monotonic()
        self._value: Any = None
        self.tried, self.inputs, self.found = 0, 0, dict[str, int]()
        for each in (self._finds, self._stats.parent):
            each.mkdir(parents=True, exist_ok=True)

        @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(inputs)
        def once(value: Any) -> None:
            self._value = value
            self.inputs += 1
            begun = time.process_time()
            check(value)
            if (spent := time.process_time() - begun) > SLOW:
                raise TimeoutError(f"{spent:.1f} s of the processor's")

        self._once = once.hypothesis.fuzz_one_input  # type: ignore[attr-defined]

    def __call__(self, data: bytes) -> None:
        self.tried += 1
        try:
            self._once(padded(data))
        except Exception as error:
            self._keep(data, error)
        if time.monotonic() - self._told > 1.0:
            self.tell()

    def tell(self) -> None:
        self._told = time.monotonic()
        said = {"executions": self.tried, "inputs": self.inputs, "finds": self.found}
        self._stats.write_text(json.dumps(said), encoding="utf-8")

    def _keep(self, data: bytes, error: Exception) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [each for each in frames if any(f"/{part}/" in each.filename for part in ("rules", "bot", "fuzzing"))]
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
        key = f"{type(error).__name__} {where} {str(error)[:60] if isinstance(error, AssertionError) else ''}"
        self.found[key] = self.found.get(key, 0) + 1
        if self.found[key] > 1:
            return
        name = f"{self._name}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
        (self._finds / f"{name}.bin").write_bytes(data)
        told = f"{key}\n\n{self._value!r:.20000}\n\n{''.join(traceback.format_exception(error))[-6000:]}"
        (self._finds / f"{name}.txt").write_text(told, encoding="utf-8", errors="backslashreplace")


def main(name: str, folder: Path, seconds: int) -> None:
    begun = time.monotonic()
    with atheris.instrument_imports(include=["rules", "bot"]) if atheris else nullcontext():
        target = every.target(name)
    corpus = folder / "corpus" / name.replace(" ", "-")
    corpus.mkdir(parents=True, exist_ok=True)
    with target.opened() as check:
        trial = Trial(name, target.inputs, check, folder)
        # Whatever getting ready took is gone from the turn.
        seconds = max(5, seconds - int(time.monotonic() - begun))
        if atheris is None:
            until, chance = time.monotonic() + seconds, random.Random()
            while time.monotonic() < until:
                trial(chance.randbytes(chance.randrange(LONGEST)))
            trial.tell()
            return
        if not any(corpus.iterdir()):
            for number in range(40):
                (corpus / f"first-{number}").write_bytes(random.Random(number).randbytes(16 << number % 8))
        limits = (
            f"-max_len={LONGEST}",
            "-len_control=0",
            "-rss_limit_mb=3000",
            "-timeout=600",
            "-report_slow_units=600",
            f"-max_total_time={seconds}",
        )
        atheris.Setup(
            ["fuzz", str(corpus), *limits, f"-artifact_prefix={folder}/finds/{name.replace(' ', '-')}-"], trial
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
