"""The long run: every target by turns, in one process, and a summary of what was tried and found.

    python -m fuzzing [--minutes 60] [--folder fuzzing] [--only NAME ...]

Leaves with 1 if something was found. `FOLDER/finds` then has each fault once: the input's bytes, what they came to, and
where it went wrong; the corpus in `FOLDER/corpus` is where the next run begins.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from fuzzing.every import PLACES

_PROGRESS = re.compile(r"cov: (\d+) ft: (\d+)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--folder", type=Path, default=Path("fuzzing"), help="corpus, finds and summary")
    parser.add_argument("--only", nargs="+", choices=PLACES, default=list(PLACES))
    given = parser.parse_args()
    folder = given.folder.resolve()
    has_failed = _run(folder, int(given.minutes * 60), given.only)
    told = folder / "told.json"
    said = json.loads(told.read_text(encoding="utf-8")) if told.exists() else {}
    summary = _summary(said, (folder / "log").read_text(encoding="utf-8", errors="replace"))
    (folder / "summary.md").write_text(summary, encoding="utf-8")
    print(summary)
    return 1 if has_failed or any(each["finds"] for each in said.values()) else 0


def _run(folder: Path, seconds: int, names: list[str]) -> bool:
    """Whether the process ended otherwise than it should: it may crash, and it cannot outlive its time by much."""
    place = folder / "tmp"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "fuzzing.engine", str(folder), str(seconds), *names]
        running = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "TMPDIR": str(place)})
        try:
            return running.wait(seconds + 300) != 0
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            return True
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _summary(said: dict[str, Any], log: str) -> str:
    rows = ["| target | executions | seconds of the processor | faults |", "|---|---|---|---|"]
    rows += [
        f"| {name} | {each['executions']:,} | {each['seconds']} | {len(each['finds'])} |" for name, each in said.items()
    ]
    progress = _PROGRESS.findall(log)
    reached = f"Edges reached: {progress[-1][0]}, features: {progress[-1][1]}." if progress else "Without coverage."
    return "\n".join(rows) + f"\n\n{reached}\n"


if __name__ == "__main__":
    sys.exit(main())
