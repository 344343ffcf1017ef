"""An export: a folder that can be checked without Vaglio, whole or not there at all, and itself on record."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

from sqlmodel import Session, col, select

from bot.audit import guide, records, verifier
from bot.audit.cells import Separator
from bot.audit.errors import RecordError
from bot.audit.export_errors import ExportError
from bot.audit.filters import Filters
from bot.audit.index import Index
from bot.audit.kept import Kept, batched, following, numbers, said_by, these
from bot.audit.ledger import Ledger, NewEntry
from bot.audit.looks import KIND as LOOK
from bot.audit.moved import Note
from bot.audit.promises import in_ranges
from bot.audit.sheets import Format, MissingParquetError, Rows, columns, row_of, rows_in
from bot.audit.signing import Signer
from bot.audit.vault import VaultError
from bot.store import Store
from bot.tables import Entry

KIND: Final = "export"
_CLOSED: Final = frozenset({"since", "until", "outcome", "part", "channel", "account"})
"""Filters whose values are Vaglio's own words. What somebody typed may be a name: it stands in the manifest alone."""
_AT_ONCE: Final = 1_000
"""Entries that are in memory at the same time."""
_RANGES: Final = 10_000
"""In one `look`: of very scattered entries there are several, so that none of them grows beyond measure."""

Selection = Callable[[], Iterable[int]]
"""The numbers of the entries that are asked for, ascending. Called anew for each walk over them."""
Progress = Callable[[int, int], None]
"""Told how many entries of how many are done."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted. `by` is the pseudonym of whoever wants it, or empty; `filters` says what `selection` is."""

    by: str
    at: datetime
    formats: Sequence[Format] = (Format.CSV,)
    separator: Separator = Separator.COMMA
    """Of CSV."""
    filters: Mapping[str, Any] = field(default_factory=dict)
    selection: Selection | None = None
    """None: all entries."""
    with_words: bool = False
    reason: str | None = None
    """Why with words, where it was said. It is kept sealed."""
    is_whole: bool = True
    """The chain from the first entry to the last, and not only the selected ones."""
    left: Note | None = None
    """The record goes on elsewhere. Nothing is added to what was left, so that this one is on record nowhere."""


def request_for(
    filters: Filters,
    index: Index,
    *,
    by: str,
    at: datetime,
    formats: Sequence[Format],
    with_words: bool,
    is_whole: bool,
    reason: str | None = None,
    separator: Separator = Separator.COMMA,
) -> Request:
    """What these filters leave; all, where there are none."""
    given = filters.given
    return Request(
        by=by, at=at, formats=list(dict.fromkeys(formats)), filters=given,
        selection=partial(index.select, filters) if given else None,
        with_words=with_words, reason=reason, is_whole=is_whole, separator=separator,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exported:
    """`count` entries were selected; `manifest` is the SHA-256 of the manifest, as the record has it too."""

    count: int
    manifest: str


def export(
    store: Store,
    ledger: Ledger,
    folder: Path,
    request: Request,
    *,
    signer: Signer | None = None,
    checkpoints: Iterable[str] = (),
    progress: Progress = lambda done, total: None,
) -> Exported:
    """Write the export to `folder`, which must not exist. `checkpoints` are lines as they are delivered.

    Raises `ExportError`, `OSError`, and `RecordError` for an entry that is not as it was written.
    """
    if folder.exists() or folder.is_symlink():
        raise ExportError("there", str(folder))
    if request.left and (request.with_words or request.filters):
        raise ExportError("moved", str(folder))
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".unfinished", dir=folder.parent))
        try:
            writing = _Writing(store, ledger, request, part, progress)
            exported = writing.all(signer, checkpoints)
            if request.left is None:
                writing.on_record(exported)
            part.replace(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except MissingParquetError:
        raise ExportError("parquet", str(folder)) from None
    return exported


class _Writing:
    def __init__(self, store: Store, ledger: Ledger, request: Request, part: Path, progress: Progress) -> None:
        self._store, self._ledger, self._request, self._part = store, ledger, request, part
        self._progress = progress
        self._rows = dict[str, int]()
        self._end = self._newest()

    def all(self, signer: Signer | None, checkpoints: Iterable[str]) -> Exported:
        if self._request.with_words:
            self._looks_on_record()
            self._until, self._end = self._end[0], self._newest()
        else:
            self._until = self._end[0]
        count = self._entries()
        lines = [*checkpoints]
        if lines:
            self._file("checkpoints.jsonl", "".join(f"{line}\n" for line in lines), len(lines))
        self._file("verify.py", Path(verifier.__file__).read_text(encoding="utf-8"))
        request = self._request
        told = guide.guide(
            request.with_words, request.is_whole, signer is not None, request.separator, went_on=bool(request.left)
        )
        self._file("README.txt", told)
        manifest = self._manifest(signer)
        (self._part / "manifest.json").write_bytes(manifest)
        if signer:
            (self._part / "manifest.sig").write_text(signer.signature(manifest), encoding="ascii")
        return Exported(count, records.digest(manifest))

    def on_record(self, exported: Exported) -> None:
        request = self._request
        facts = {
            "count": exported.count, "formats": [str(each) for each in request.formats],
            "filters": {name: value if name in _CLOSED else True for name, value in request.filters.items()},
            "with_words": request.with_words, "chain": _chain(request),
            "manifest": exported.manifest,
        }  # fmt: skip
        subject = f"x_{secrets.token_hex(10)}"
        with self._store.write() as session:
            # Words of somebody who was erased meanwhile may be in it: what is exported after an erasure has none.
            if request.with_words and self._was_somebody_erased(session):
                raise ExportError("erased", str(self._part.parent))
            self._ledger.append_in(session, NewEntry(KIND, subject, facts, request.by, request.at))
        self._ledger.let_head_follow()

    def _newest(self) -> tuple[int, str]:
        found = self._ledger.entries(newest=1)
        return (found[0].seq, found[0].hash) if found else (0, records.GENESIS)

    def _selected(self, until: int) -> Iterator[int]:
        chosen = self._request.selection
        return (seq for seq in chosen() if 0 < seq <= until) if chosen else numbers(self._store, until, _AT_ONCE)

    def _looks_on_record(self) -> None:
        """Before a word is opened."""
        for ranges in in_ranges(self._selected(self._end[0]), _RANGES):
            facts = {"why": "export", "entries": [list(each) for each in ranges]}
            subject, reason = f"l_{secrets.token_hex(10)}", self._request.reason
            content = records.canonical({"reason": reason}) if reason else None
            self._ledger.append(
                LOOK, subject=subject, facts=facts, actor=self._request.by, at=self._request.at, content=content
            )

    def _entries(self) -> int:
        """How many were selected."""
        request, count, done = self._request, 0, 0
        wanted = columns(with_words=request.with_words)
        with ExitStack() as stack:
            rows = [
                stack.enter_context(rows_in(each, self._part / f"rows.{each}", wanted, request.separator))
                for each in request.formats
            ]
            chain = stack.enter_context((self._part / "chain.jsonl").open("w", encoding="utf-8", newline="\n"))
            words = None
            if request.with_words:
                words = stack.enter_context((self._part / "words.jsonl").open("w", encoding="utf-8", newline="\n"))
            for entries, chosen in self._batches():
                said = {entry.seq: said_by(entry) for entry in entries}
                for entry in entries:
                    line = {"body": entry.body.decode(), "hash": entry.hash, "seq": entry.seq}
                    chain.write(json.dumps(line, ensure_ascii=False) + "\n")
                self._batch_of_rows([entry for entry in entries if entry.seq in chosen], said, rows, words)
                count, done = count + len(chosen), done + len(entries)
                self._progress(done, self._end[0])
        self._rows |= {"chain.jsonl": done} | {each.path.name: count for each in rows}
        return count

    def _batch_of_rows(
        self, entries: Sequence[Kept], said: Mapping[int, Any], rows: Sequence[Rows], words: TextIO | None
    ) -> None:
        opened = dict[int, Mapping[str, Any]]()
        if words:
            for entry, salt, told in self._opened(entries, said):
                words.write(json.dumps({"salt": salt, "seq": entry.seq, "words": told}, ensure_ascii=False) + "\n")
                self._rows["words.jsonl"] = self._rows.get("words.jsonl", 0) + 1
                opened[entry.seq] = json.loads(told) if told else {}
        flat = [row_of(said[entry.seq], entry.hash, opened.get(entry.seq)) for entry in entries]
        for each in rows:
            each.write(flat)

    def _opened(self, entries: Sequence[Kept], said: Mapping[int, Any]) -> Iterator[tuple[Kept, Any, Any]]:
        """Salt and words of those that have some; both None where they were let go."""
        promised = [entry for entry in entries if said[entry.seq]["commitment"] is not None]
        try:
            opened = self._ledger.opened([entry.seq for entry in promised])
        except VaultError:
            raise RecordError("broken", f"#{promised[0].seq}–{promised[-1].seq}") from None
        for entry in promised:
            salt, words = opened.get(entry.seq, (None, None))
            yield entry, salt and salt.hex(), None if words is None else words.decode()

    def _batches(self) -> Iterator[tuple[Sequence[Kept], set[int]]]:
        """The entries that go into the chain, and which of them were selected."""
        selected = self._selected(self._until)
        if not self._request.is_whole:
            for numbers in batched(selected, _AT_ONCE):
                entries = these(self._store, numbers)
                yield entries, {entry.seq for entry in entries}
            return
        # From below the first number: whatever was put in there is to be seen.
        after, ahead = -(2**63), next(selected, None)
        while entries := following(self._store, after, self._end[0], _AT_ONCE):
            after, chosen = entries[-1].seq, set[int]()
            for entry in entries:
                while ahead is not None and ahead < entry.seq:
                    ahead = next(selected, None)
                if ahead == entry.seq:
                    chosen.add(entry.seq)
            yield entries, chosen

    def _was_somebody_erased(self, session: Session) -> bool:
        since = select(Entry.seq).where(col(Entry.seq) > self._end[0], col(Entry.kind).in_(["erasure", "retention"]))
        return session.exec(since.limit(1)).first() is not None

    def _file(self, name: str, content: str, rows: int | None = None) -> None:
        (self._part / name).write_text(content, encoding="utf-8", newline="\n")
        if rows is not None:
            self._rows[name] = rows

    def _manifest(self, signer: Signer | None) -> bytes:
        request, (count, head) = self._request, self._end
        return records.canonical({
            "v": 1, "made_at": records.timestamp(request.at), "by": request.by or None,
            "filters": dict(request.filters), "ledger": {"count": count, "head": head},
            "chain": _chain(request), "with_words": request.with_words,
            "files": {path.name: self._file_facts(path) for path in sorted(self._part.iterdir())},
            "key": signer.public if signer else None,
            **_went_on(request.left),
        })  # fmt: skip

    def _file_facts(self, path: Path) -> Mapping[str, object]:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        return {"sha256": found, "bytes": path.stat().st_size, "rows": self._rows.get(path.name)}


def _went_on(left: Note | None) -> Mapping[str, object]:
    """That this is not all of the record, and which entry comes next."""
    told = left and {"to": left.to, "at": left.at, "entry": left.entry.model_dump()}
    return {"moved": told} if told else {}


def _chain(request: Request) -> str:
    return "whole" if request.is_whole else "selected"
