"""The file of the results: in the order of the drafts, durable chunk by chunk, gone on with after any stop."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from filelock import FileLock, Timeout

from bot.bulk.results import Summary
from bot.packing import packed, unpacked
from rules.durable import sync
from rules.policy import Policy

CHUNK: Final = 50
"""Lines of the file of drafts that are screened, and written down, together: a second or two of one core."""


class OutputError(Exception):
    """The results cannot be written there. `code`: `exists`, `busy` or `other` (another file or other choices)."""

    def __init__(self, code: str, path: Path) -> None:
        self.code, self.path = code, path
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run was begun with; it goes on with the same."""

    id: str
    """`k_` and random digits."""
    at: str
    """When it began: rules with a quiet period are asked as on that day."""
    revision: str
    source: str
    """SHA-256 of the file of drafts."""
    id_column: str
    text_column: str
    words: bool
    """Whether each result repeats its draft's text."""
    policy: str = field(repr=False)
    """In one piece, so that what is published or edited meanwhile changes nothing."""

    @classmethod
    def begin(cls, policy: Policy, at: datetime, source: Path, *, id: str, text: str, words: bool) -> Self:
        return cls(
            f"k_{secrets.token_hex(8)}", at.isoformat(), policy.revision, digest_of(source), id, text, words,
            base64.b64encode(packed(policy)).decode(),
        )  # fmt: skip

    def opened(self) -> Policy:
        return unpacked(self.packed, self.revision)[0]

    @property
    def packed(self) -> bytes:
        """The policy as it was begun with."""
        return base64.b64decode(self.policy)

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Output:
    """One run's results, held by one process. Beside them, until they are whole, lies what the run was begun with."""

    def __init__(self, path: Path) -> None:
        """Raises `OutputError` while another process writes there."""
        self.path = path
        self._notes = path.with_name(f"{path.name}.run")
        self._lock = FileLock(path.with_name(f"{path.name}.lock"), mode=0o600)
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise OutputError("busy", path) from None

    def begun(self) -> Run | None:
        """The run that was stopped here. Raises `OutputError` where whole results lie, which are never overwritten."""
        if self._notes.exists():
            return Run(**json.loads(self._notes.read_text(encoding="utf-8")))
        if self.path.exists():
            raise OutputError("exists", self.path)
        return None

    def begin(self, run: Run) -> None:
        """From here on whoever comes goes on with it."""
        part = self._notes.with_name(f"{self._notes.name}.new")
        _written(part, json.dumps(asdict(run)).encode())
        part.replace(self._notes)
        sync(self._notes.parent)

    def go_on(self, summary: Summary) -> int:
        """The line after which to go on; what was written up to it is counted in `summary`.

        The last chunk may have been cut short: it is taken away and screened again.
        """
        if not self.path.exists():
            return 0
        with self.path.open("r+b") as file:
            kept, size = _whole_chunks(file, summary)
            file.truncate(size)
            _flush(file)
        return kept * CHUNK

    def append(self, results: Iterable[Mapping[str, Any]]) -> None:
        """Durable on return."""
        lines = b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in results)
        with open(self.path, "ab", opener=_private) as file:
            file.write(lines)
            _flush(file)

    def finish(self) -> None:
        """The results are whole."""
        with open(self.path, "ab", opener=_private) as file:
            _flush(file)
        self._notes.unlink(missing_ok=True)
        sync(self.path.parent)

    def close(self) -> None:
        if not self._notes.exists():
            Path(self._lock.lock_file).unlink(missing_ok=True)
        self._lock.release()


def chunk_of(line: int) -> int:
    return (line - 1) // CHUNK


def _whole_chunks(file: BinaryIO, summary: Summary) -> tuple[int, int]:
    """How many chunks lie before the last one that there is any result of, and the bytes up to there."""
    held: list[Mapping[str, Any]] = []
    number, size, at = 0, 0, 0
    for raw in file:
        if (result := _whole(raw)) is None:
            break
        if held and chunk_of(result["line"]) != number:
            _add(summary, held)
            held, size = [], at
        number = chunk_of(result["line"])
        held.append(result)
        at += len(raw)
    return number, size


def _whole(raw: bytes) -> Mapping[str, Any] | None:
    """A result as it was written; a power cut can leave blocks of zeros as well as half a line."""
    try:
        result = json.loads(raw) if raw.endswith(b"\n") else None
    except ValueError:
        return None
    return result if isinstance(result, dict) and isinstance(result.get("line"), int) else None


def _add(summary: Summary, results: Sequence[Mapping[str, Any]]) -> None:
    for result in results:
        summary.add(result)


def _written(path: Path, content: bytes) -> None:
    with open(path, "wb", opener=_private) as file:
        file.write(content)
        _flush(file)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
