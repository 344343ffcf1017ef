"""One process of Vaglio, started on a folder of its own: ready, stopped, killed, and what it uses."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
FRONT, WORKER = ("run", "--no-work"), ("work",)
_PATIENCE = 120.0
_LISTENS = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass(eq=False, slots=True)
class Process:
    """`python -m bot`, or another program, with a command; started again, it is a restart on the same folder."""

    name: str
    command: tuple[str, ...]
    folder: Path
    settings: Mapping[str, str]
    """By their names after `VAGLIO_`, besides what every process is given here."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Of the environment, with their whole names."""
    program: tuple[str, ...] = ("-m", "bot")
    """What Python is given before the command, from the next start on."""
    port: int = 0
    """At which it listens, once it has been ready."""
    _process: asyncio.subprocess.Process | None = None
    _starts: int = 0

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def said(self) -> str:
        """What it has printed and logged, over all its starts."""
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.folder.glob("log.*")))

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    async def start(self) -> None:
        """Returns once it is ready. Raises `RuntimeError` with what it said where it is not."""
        self.folder.mkdir(exist_ok=True)
        self._starts += 1
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *self.program, *self.command,
                cwd=self.folder, env=self.environment(), stdout=log, stderr=log,
            )  # fmt: skip
        try:
            async with asyncio.timeout(_PATIENCE):
                while not self._is_ready():
                    if not self.runs:
                        raise RuntimeError(f"{self.name} ended at once: {self.said[-2_000:]}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise RuntimeError(f"{self.name} is not ready: {self.said[-2_000:]}") from None

    async def kill(self) -> None:
        """As `kill -9` does."""
        if self._process and self.runs:
            self._process.kill()
            await self._process.wait()

    def tell(self, sign: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(sign)

    async def stop(self) -> int:
        """As an operator does; what it ended with."""
        assert self._process
        self.tell(signal.SIGTERM)
        async with asyncio.timeout(_PATIENCE):
            return await self._process.wait()

    async def run(self, *command: str, **settings: str) -> tuple[int, str]:
        """Another command on its folder and with its settings: what it ended with, and what it said."""
        given = {f"VAGLIO_{name}": value for name, value in settings.items()}
        other = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *command, cwd=self.folder, env=self.environment() | given,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await other.communicate()
        assert other.returncode is not None
        return other.returncode, said.decode()

    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.upper().endswith("_PROXY") and not name.startswith("VAGLIO_")
        }
        usual = {
            "DATA_DIR": "data",
            "MODELS_DIR": str(ROOT / "models"),
            "CONSOLE_PORT": "0",
            "LANGUAGE": "it",
            "LOG_FORMAT": "json",
            "RATE_PERSON": "1000000",
            "RATE_WORKSPACE": "1000000",
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_SIGNING_SECRET": "secret",
        }
        given = {f"VAGLIO_{name}": value for name, value in {**usual, **self.settings}.items()}
        return {**kept, **given, **self.others, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}

    @property
    def _log(self) -> Path:
        return self.folder / f"log.{self._starts:03}"

    def _is_ready(self) -> bool:
        if found := _LISTENS.search(self._log.read_text(encoding="utf-8")):
            self.port = int(found[1])
        return found is not None


# --- What a process uses, as the kernel tells it ------------------------------------------------------------------


def cpu(pid: int) -> float:
    """Seconds of the processor that it has used so far; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int, *, shared: bool = True) -> int:
    """Bytes that it holds in memory, with the pages that it `shared` or only its part of them; 0 where it is gone."""
    name = "Rss:" if shared else "Pss:"
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return 1024 * next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith(name)), 0)


def children(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return list(map(int, found))
