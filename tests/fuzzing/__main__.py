"""The long run: every target in turn, one process at a time, and a summary of what was tried and found.

python -m fuzzing [--minutes 60] [--rounds 2] [--folder fuzzing] [--only NAME ...]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from fuzzing.every import PLACES

_PROGRESS = re.compile(r"cov: (\d+) ft: (\d+)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="for all of it")
    parser.add_argument("--rounds", type=int, default=2, help="times that each target has its turn")
    parser.add_argument("--folder", type=Path, default=Path("fuzzing"), help="corpus, finds and summary")
    parser.add_argument("--only", nargs="+", default=None)
    given = parser.parse_args()
    names = [name for name in PLACES if given.only is None or name in given.only]
    ends, folder, turns = time.monotonic() + given.minutes * 60, given.folder.resolve(), list[dict[str, Any]]()
    order = names * given.rounds
    for number, name in enumerate(order):
        seconds = int((ends - time.monotonic()) / (len(order) - number))
        if seconds > 5:
            turns.append(_turn(name, folder, seconds))
            _summed(folder, turns)
    print((folder / "summary.md").read_text(encoding="utf-8"))
    return 1 if any(each["finds"] for each in turns) else 0


def _turn(name: str, folder: Path, seconds: int) -> dict[str, Any]:
    """One process, whose starting counts as its time; it cannot outlive that by much."""
    place, begun, stem = folder / "tmp", time.monotonic(), name.replace(" ", "-")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    stats = folder / "stats" / f"{stem}.json"
    stats.unlink(missing_ok=True)
    log = folder / f"{stem}.log"
    with log.open("ab") as told:
        told.write(f"--- {time.strftime('%H:%M:%S')}\n".encode())
        at = told.tell()
        command = [sys.executable, "-m", "fuzzing.engine", name, str(folder), str(max(5, seconds - 8))]
        running = subprocess.Popen(command, stdout=told, stderr=told, env={**os.environ, "TMPDIR": str(place)})
        try:
            has_failed = running.wait(seconds + 120) != 0
        except subprocess.TimeoutExpired:
            # Getting ready took all of its turn: that is the machine's fault, and seen by what was tried.
            running.kill()
            has_failed = running.wait() == 0
    shutil.rmtree(place, ignore_errors=True)
    with log.open("rb") as told:
        told.seek(at)
        progress = _PROGRESS.findall(told.read().decode(errors="replace"))
    said = (
        json.loads(stats.read_text(encoding="utf-8")) if stats.exists() else {"executions": 0, "inputs": 0, "finds": {}}
    )
    if has_failed:
        said["finds"][f"the process ended with {running.returncode}"] = 1
    ways = {"coverage": int(progress[-1][0]), "features": int(progress[-1][1])} if progress else {}
    return {"target": name, "at": time.strftime("%H:%M"), "seconds": round(time.monotonic() - begun), **said, **ways}


def _summed(folder: Path, turns: list[dict[str, Any]]) -> None:
    (folder / "summary.json").write_text(json.dumps(turns, indent=1, ensure_ascii=False), encoding="utf-8")
    rows = ["| target | seconds | executions | edges | finds |", "|---|---|---|---|---|"]
    for name in dict.fromkeys(each["target"] for each in turns):
        mine = [each for each in turns if each["target"] == name]
        found = {find for each in mine for find in each["finds"]}
        seconds, executions = (sum(each[what] for each in mine) for what in ("seconds", "executions"))
        edges = max(each.get("coverage", 0) for each in mine)
        rows.append(f"| {name} | {seconds} | {executions:,} | {edges or '–'} | {len(found)} |")
    (folder / "summary.md").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
