"""The ledger: entries in a chain of hashes, written before anybody is answered, checked by walking it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import text
from sqlmodel import Session, col, select

from bot.audit import records
from bot.audit.errors import RecordError
from bot.audit.following import BATCH, Following, Known, newest
from bot.audit.head import HeadFile
from bot.audit.moved import Note
from bot.audit.promises import Opener
from bot.audit.seals import HOUSE, HolderGoneError
from bot.audit.together import Together
from bot.audit.verification import Fault, Progress, Verification, verify
from bot.people import People
from bot.prescreen import Keepsake, Screening
from bot.store import Store
from bot.tables import Content, Entry, Tally
from rules.draft import Draft

__all__ = ["Fault", "Ledger", "Verification"]

log = structlog.get_logger(__name__)

_BACK = timedelta(minutes=1)
"""By how much later an entry may be written than what came after it: a long check beside a short one."""
_MOST = 2**31 - 1
"""The largest number that every database takes for an entry's."""
_LAST = "ledger.last"
"""By which a transaction knows the entry that it added last."""

# Every draft waits for these: as plain statements they take a third of the time.
_KNOWN = text("SELECT seq FROM entry WHERE subject = :subject AND kind = :kind")
_ADD = text("INSERT INTO entry (seq, at, kind, subject, body, hash) VALUES (:seq, :at, :kind, :subject, :body, :hash)")
_ADD_WORDS = text("INSERT INTO content (seq, holder, sealed) VALUES (:seq, :holder, :sealed)")


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to be, of a moment that is now unless it is given.

    `content` is sealed under the key of `holder`: of whom it is about, `actor` unless somebody else is named.
    """

    kind: str
    subject: str
    facts: records.Facts
    actor: str | None = None
    at: datetime | None = None
    content: bytes | None = None
    holder: str | None = None


class Ledger:
    """Appends and reads. The head, a file beside the database, holds the count of entries and the last one's hash."""

    def __init__(self, store: Store, head: Path, people: People | None = None, left: Note | None = None) -> None:
        """Without `people` there are no names and no keys: entries without words can be added, and all be verified.

        `left`: the record goes on elsewhere, and this one is only read; see `bot.audit.moved.departure`.
        """
        self._store, self._people, self._left = store, people, left
        self._head = HeadFile(head)
        self._appending = Together(self._append_all, BATCH)
        self._following = Following(store, self._head)

    def record(self, screening: Screening, keepsake: Keepsake) -> None:
        """One entry for one screening, durable on return; of a private draft only a count."""
        if screening.is_forgotten:
            self._count(screening.at)
            return
        content = records.screening_content(keepsake, len(screening.verdict.findings))
        facts, author = records.screening_facts(screening), screening.draft.author
        try:
            self.append(
                "screening", subject=screening.id, facts=facts, actor=self._named(author), at=screening.at,
                content=content,
            )  # fmt: skip
        except HolderGoneError:
            # Erased since we last looked: whoever writes now is new here.
            self.append(
                "screening", subject=screening.id, facts=facts, actor=self._named(author, anew=True), at=screening.at,
                content=content,
            )  # fmt: skip
        if keepsake.as_written:
            self._record_as_written(screening, keepsake.as_written)

    def _record_as_written(self, screening: Screening, draft: Draft) -> None:
        content = records.canonical({"text": draft.text, "in_reply_to": draft.in_reply_to})
        facts = {"policy": screening.verdict.policy_revision}
        with suppress(HolderGoneError):
            self.append(
                records.RAW, subject=screening.id, facts=facts, actor=self._named(draft.author), at=screening.at,
                content=content,
            )  # fmt: skip

    def _named(self, account: str | None, *, anew: bool = False) -> str | None:
        if account is None or self._people is None:
            return None
        if anew:
            self._people.look_again()
        return self._people.pseudonym(account)

    def append(
        self,
        kind: str,
        *,
        subject: str,
        facts: records.Facts,
        actor: str | None = None,
        at: datetime | None = None,
        content: bytes | None = None,
        holder: str | None = None,
    ) -> Entry:
        """The new entry, or the one that says the same kind of thing of the same subject already: see `NewEntry`.

        Raises `HolderGoneError` if its holder was erased.
        """
        entry = self._appending(NewEntry(kind, subject, facts, actor, at, content, holder))
        self.let_head_follow()
        return entry

    def _append_all(self, news: Sequence[NewEntry]) -> Sequence[Entry | BaseException]:
        """What came at the same moment waits for the disk once."""
        try:
            with self._store.write() as session:
                return [self.append_in(session, new) for new in news]
        except RecordError as error:
            return [error] * len(news)
        except Exception as error:
            # One that cannot be added must not keep the others out.
            return [error] if len(news) == 1 else [self._append_all([new])[0] for new in news]

    def append_in(self, session: Session, new: NewEntry) -> Entry:
        """As `append`, inside a transaction of `Store.write`, for what stands or falls with its entry.

        Of no more than `BATCH` entries each, so that the head cannot be left too far behind; `let_head_follow` is to
        be called after it.
        """
        connection = session.connection()
        known = connection.execute(_KNOWN, {"subject": new.subject, "kind": new.kind}).first()
        if known is not None:
            return session.exec(select(Entry).where(Entry.seq == known.seq)).one()
        last = session.info.get(_LAST) or newest(session)
        if _LAST not in session.info:  # what this transaction adds itself is not there yet for anybody else
            self._following.keep_near(session, last)
        at = new.at or datetime.now(UTC)
        if last and records.timestamp(at + _BACK) < last.at:
            # The number is what counts. Once: the next one is compared with this one.
            log.warning("ledger.clock_backwards", entry=last.seq + 1, before=last.at, now=records.timestamp(at))
        seq, previous = (last.seq + 1, last.hash) if last else (1, records.GENESIS)
        if seq > records.LAST:
            raise RecordError("broken", f"#{seq - 1}")  # no entry of ours had such a number
        row, words = None, None
        if new.content is not None:
            row, words = self._sealed(session, seq, new.content, new.holder or new.actor or HOUSE)
        body = records.entry_body(
            seq=seq, previous=previous, at=at, kind=new.kind, actor=new.actor, subject=new.subject, facts=new.facts,
            words=words,
        )  # fmt: skip
        entry = Entry(
            seq=seq, at=records.timestamp(at), kind=new.kind, subject=new.subject, body=body, hash=records.digest(body)
        )
        connection.execute(_ADD, entry.model_dump())
        if row is not None:
            connection.execute(_ADD_WORDS, row.model_dump())
        session.info[_LAST] = Known(entry.seq, entry.hash, entry.at)
        return entry

    def _sealed(self, session: Session, seq: int, content: bytes, holder: str) -> tuple[Content, records.Words]:
        if self._people is None:
            raise ValueError("a ledger without people seals no words")
        salt = secrets.token_bytes(records.SALT_BYTES)
        sealed = self._people.seals.seal(session, holder, salt + content, records.sealed_about(seq))
        words = records.Words(records.commitment(salt, content), holder, records.digest(sealed))
        return Content(seq=seq, holder=holder, sealed=sealed), words

    def let_head_follow(self) -> None:
        """After `append_in`, once its transaction is over."""
        self._following.follow()

    def keep_up(self) -> None:
        """Move the head over what others have written; to be called every few seconds while Vaglio runs."""
        self._following.keep_up()

    def catch_up(self) -> int:
        """Bring the head up to the last entry, as far as a stop or others may have left it behind: see `Following`."""
        return self._following.catch_up()

    def entries(self, *, newest: int | None = None) -> Sequence[Entry]:
        """The newest entries first, all of them by default."""
        limit = None if newest is None else min(newest, _MOST)
        with self._store.read() as session:
            return session.exec(select(Entry).order_by(col(Entry.seq).desc()).limit(limit)).all()

    def entry(self, name: str) -> Entry | None:
        """By its number or by its subject's id."""
        if not name.isascii():  # as no number and no id is; and half a character could not even be asked for
            return None
        number = int(name) if name.isdigit() and len(name) < len(str(_MOST)) else 0
        with self._store.read() as session:
            found = select(Entry).where((Entry.seq == number) | (Entry.subject == name)).order_by(col(Entry.seq))
            return session.exec(found.limit(1)).first()

    def about(self, subject: str, kind: str) -> Entry | None:
        """The entry of that kind about it. There is one at the most."""
        with self._store.read() as session:
            return session.exec(select(Entry).where(Entry.subject == subject, Entry.kind == kind)).first()

    def words(self, seqs: Iterable[int]) -> dict[int, bytes]:
        """What belongs to these entries and can still be opened: canonical JSON, by the entry's number.

        Raises `VaultError` where a key does not fit or the words were changed: `verify` is who tells which.
        """
        return {seq: words for seq, (_, words) in self.opened(seqs).items()}

    def opened(self, seqs: Iterable[int]) -> dict[int, tuple[bytes, bytes]]:
        """As `words`, each with the salt before it."""
        if self._people is None:
            return {}
        with self._store.read() as session:
            opener = Opener(session, self._people.seals)
            found = session.exec(select(Content).where(col(Content.seq).in_(list(seqs)))).all()
            told = ((row.seq, opener.opened(row.seq, row.holder, row.sealed)) for row in found)
            return {seq: (p[: records.SALT_BYTES], p[records.SALT_BYTES :]) for seq, p in told if p is not None}

    def verify(self, progress: Progress | None = None) -> Verification:
        """Walk the chain: numbers, hashes, words and the head must all agree. `progress` is told how far it is."""
        return verify(self._store, self._head, self._people.seals if self._people else None, progress, self._left)

    def _count(self, at: datetime) -> None:
        day = at.astimezone(UTC).date().isoformat()
        with self._store.write() as session:
            tally = session.get(Tally, day) or Tally(day=day, count=0)
            tally.count += 1
            session.add(tally)
