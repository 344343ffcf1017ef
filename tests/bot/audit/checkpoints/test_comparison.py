"""What nobody sees in the database alone is found by what was signed of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.audit.checkpoints import Checkpoints
from bot.audit.comparison import Comparison, Note, compare
from bot.audit.evidence import read_own, read_place
from bot.audit.ledger import Ledger
from bot.audit.recipients import put
from bot.audit.signing import Signer, SigningKeys
from bot.audit.statements import Signed, Statement, file_name
from bot.audit.tables import Checkpoint
from bot.audit.verification import Fault
from bot.store import Store

HOUR = timedelta(hours=1)
Grow = Callable[..., None]
Step = Callable[[int], None]
Comparing = Callable[..., Comparison]


@pytest.fixture
def history(checkpoints: Checkpoints, evidence: Path, grow: Grow, now: datetime) -> Path:
    """Twelve entries, a checkpoint of every third of them, and each of those in the folder."""
    for hour in range(4):
        grow(3)
        checkpoints.make(now + hour * HOUR)
    return _kept(checkpoints, evidence)


def _kept(checkpoints: Checkpoints, evidence: Path) -> Path:
    for number, signed in checkpoints.after(0, 99):
        put(evidence, number, signed)
    return evidence


@pytest.fixture
def comparing(store: Store, keys: SigningKeys) -> Comparing:
    def against(*places: Path, trusted: tuple[str, ...] | None = None) -> Comparison:
        own = keys.public()
        assert own
        sources = [read_place(place) for place in places] or [read_own(store)]
        return compare(store, sources, (own,) if trusted is None else trusted)

    return against


def _whats(found: Comparison) -> list[str]:
    return [fault.what for fault in found.faults]


def _change(folder: Path, number: int, old: str, new: str) -> None:
    path = folder / file_name(number)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# --- The ledger ----------------------------------------------------------------------------------------------------


def test_a_ledger_that_grew_is_borne_out_by_its_own_table_a_folder_and_a_file_of_lines(
    history: Path, comparing: Comparing, grow: Grow, tmp_path: Path
) -> None:
    grow(2)
    lines = tmp_path / "lines.jsonl"
    lines.write_text("".join(path.read_text("utf-8") for path in sorted(history.iterdir())) + "\n", "utf-8")
    for places in ((), (history,), (lines,), (history, lines)):
        assert comparing(*places) == Comparison(4, (), ())


def test_newest_entries_that_were_dropped_are_found(
    history: Path, comparing: Comparing, cut: Step, ledger: Ledger
) -> None:
    cut(10)
    assert ledger.verify().is_sound, "the chain and its head know nothing of it"
    for places in ((), (history,)):
        assert comparing(*places).faults == (Fault(11, "removed"),)


def test_dropped_and_grown_again_is_found(history: Path, comparing: Comparing, cut: Step, grow: Grow) -> None:
    cut(10)
    grow(5, "look")
    assert comparing(history).faults == (Fault(12, "rewritten"),)


@pytest.mark.parametrize(("seq", "at"), [(1, 3), (4, 6), (12, 12)])
def test_a_chain_that_was_rewritten_with_its_head_is_found_where_it_begins(
    history: Path, comparing: Comparing, rewrite: Step, ledger: Ledger, seq: int, at: int
) -> None:
    rewrite(seq)
    assert ledger.verify().is_sound
    for places in ((), (history,)):
        assert comparing(*places).faults == (Fault(at, "rewritten"),)


def test_whoever_cuts_the_databases_own_table_too_is_found_by_the_folder(
    history: Path, comparing: Comparing, cut: Step, store: Store
) -> None:
    cut(6)
    with store.write() as session:
        for number in (3, 4):
            session.delete(session.get(Checkpoint, number))
    assert comparing().faults == ()
    assert comparing(history).faults == (Fault(7, "removed"),)


def test_whoever_signs_a_rewritten_chain_with_another_key_is_found(
    history: Path, comparing: Comparing, checkpoints: Checkpoints, keys: SigningKeys, rewrite: Step, tmp_path: Path,
    now: datetime, store: Store,
) -> None:  # fmt: skip
    own, mine = keys.public(), tmp_path / "mine"
    assert own
    mine.mkdir()
    rewrite(4)
    keys.path.unlink()
    with store.write() as session:
        for number in (1, 2, 3, 4):
            session.delete(session.get(Checkpoint, number))
    for hour in range(4):
        checkpoints.make(now + hour * HOUR)
    _kept(checkpoints, mine)
    assert comparing(mine, trusted=(own,)).faults == (Fault(None, "key", str(mine / file_name(1))),)
    assert "rewritten" in _whats(comparing(history, mine, trusted=(own,)))
    assert comparing(mine, trusted=()).notes == (Note("no_key"),), "unless nobody knows whose key it is"


# --- A backup that was put back ------------------------------------------------------------------------------------


Restored = Callable[..., None]


@pytest.fixture
def restored(grow: Grow, ledger: Ledger) -> Restored:
    """Add the entry that says that a backup was put back; whatever of it is named is said otherwise."""

    def add(**said: object) -> None:
        end = ledger.verify()
        true = {"count": end.count, "head": end.head, "lost": [end.count + 1, 12], "erased": []}
        grow(1, "restore", **{**true, **said})

    return add


def test_a_loss_that_the_record_admits_is_a_note(
    history: Path, comparing: Comparing, checkpoints: Checkpoints, cut: Step, grow: Grow, restored: Restored,
    now: datetime,
) -> None:  # fmt: skip
    cut(7)
    restored()
    for _ in range(2):
        assert comparing(history) == Comparison(4, (), (Note("admitted", number=8, last=12),))
        grow(4)
    checkpoints.make(now + 5 * HOUR)
    assert comparing() == Comparison(5, (), (Note("admitted", number=8, last=12),))


def test_the_note_goes_no_further_than_what_was_signed(
    history: Path, comparing: Comparing, cut: Step, restored: Restored
) -> None:
    cut(7)
    restored(lost=[8, 1_000_000])
    assert comparing(history).notes == (Note("admitted", number=8, last=12),)


@pytest.mark.parametrize(
    "said",
    [
        *({"lost": lost} for lost in ([9, 12], [7, 12], [5, 1_000_000], [8, 11], [10, 3], ["8", 12], [8], None, 7)),
        {"lost": [8, 12, 12]}, {"count": 6}, {"count": None}, {"head": "0" * 64}, {"head": None},
    ],
)  # fmt: skip
def test_what_is_not_admitted_is_a_fault(
    history: Path, comparing: Comparing, cut: Step, restored: Restored, said: dict[str, object]
) -> None:
    cut(7)
    restored(**said)
    assert "removed" in _whats(comparing(history))


@pytest.mark.parametrize("first", [5, 13])
def test_a_rewritten_history_is_not_excused_by_an_entry_at_its_end(
    history: Path, comparing: Comparing, rewrite: Step, restored: Restored, ledger: Ledger, first: int
) -> None:
    rewrite(5)
    restored(lost=[first, 1_000_000])
    assert ledger.verify().is_sound
    assert comparing(history) == Comparison(4, (Fault(6, "rewritten"),), ())


def test_what_was_signed_after_it_must_fit(
    history: Path, comparing: Comparing, checkpoints: Checkpoints, cut: Step, grow: Grow, rewrite: Step,
    restored: Restored, now: datetime,
) -> None:  # fmt: skip
    cut(7)
    restored()
    checkpoints.make(now + 5 * HOUR)
    grow(3)
    checkpoints.make(now + 6 * HOUR)
    _kept(checkpoints, history)
    rewrite(9)
    assert comparing(history).faults == (Fault(11, "rewritten"),)


# --- The checkpoints -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "whats"),
    [
        (r"\"count\":6", r"\"count\":7", ["signature", "link"]),
        (r"\"number\":2", r"\"number\":9", ["named", "signature", "skipped", "order"]),
        ('"signature": "', '"signature": "0', ["signature"]),
        ("2027-01-10T10", "2027-01-10T08", ["signature", "clock", "link"]),
        ("{", "[", ["form", "skipped"]),
    ],
)
def test_one_that_was_changed_is_named(
    history: Path, comparing: Comparing, old: str, new: str, whats: list[str]
) -> None:
    _change(history, 2, old, new)
    found = comparing(history)
    assert _whats(found) == whats
    assert found.faults[0].place == str(history / file_name(2))


def test_one_that_is_missing_is_named(history: Path, comparing: Comparing) -> None:
    (history / file_name(2)).unlink()
    assert comparing(history).faults == (Fault(None, "skipped", str(history / file_name(3))),)


def test_one_that_was_replaced_by_another_is_named(history: Path, comparing: Comparing) -> None:
    shutil.copy(history / file_name(3), history / file_name(2))
    assert _whats(comparing(history)) == ["named", "skipped"]


def test_lines_in_another_order_are_named(history: Path, comparing: Comparing, tmp_path: Path) -> None:
    lines, file = [(history / file_name(number)).read_text("utf-8") for number in (1, 3, 2, 4)], tmp_path / "x.jsonl"
    file.write_text("".join(lines), "utf-8")
    assert _whats(comparing(file)) == ["skipped", "order", "clock", "skipped"]
    assert comparing(file).faults[1].place == f"{file}:3"


def test_a_line_told_twice_is_no_fault_and_what_a_receiver_adds_neither(
    history: Path, comparing: Comparing, tmp_path: Path
) -> None:
    lines = [json.loads((history / file_name(number)).read_bytes()) for number in (1, 2, 1, 3, 3, 4)]
    file = tmp_path / "x.jsonl"
    file.write_text("\n".join(json.dumps(line | {"id": "x", "got": 1}) for line in lines), "utf-8")
    assert comparing(file) == Comparison(4, (), ())


def test_one_from_later_on_is_enough_and_said(history: Path, comparing: Comparing) -> None:
    for number in (1, 2):
        (history / file_name(number)).unlink()
    assert comparing(history) == Comparison(2, (), (Note("begins", str(history), 3),))


def test_a_row_of_the_databases_table_that_was_changed_is_named(
    history: Path, comparing: Comparing, store: Store
) -> None:
    with store.write() as session:
        row = session.get(Checkpoint, 3)
        assert row
        row.body = row.body.replace('"count":9', '"count":8')
    assert comparing().faults == (
        Fault(None, "signature", "checkpoint 3"), Fault(None, "link", "checkpoint 4")
    )  # fmt: skip


def test_a_clock_that_goes_back_by_a_little_is_no_fault(
    checkpoints: Checkpoints, comparing: Comparing, now: datetime
) -> None:
    for minutes in (0, -5, -9):
        checkpoints.make(now + timedelta(minutes=minutes))
    assert comparing().faults == ()
    checkpoints.make(now - timedelta(minutes=15))
    assert comparing().faults == (Fault(None, "clock", "checkpoint 4"),)


def test_two_signed_ones_of_one_number_are_named(
    history: Path, comparing: Comparing, keys: SigningKeys, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(history, other)
    (other / file_name(4)).unlink()
    said = Signed(**json.loads((history / file_name(4)).read_bytes())).statement()
    put(other, 4, keys.signer().sign(_again(said, at=said.at + HOUR)))
    assert comparing(history, other).faults == (Fault(None, "differs", str(other / file_name(4))),)


def _again(said: Statement, **fields: object) -> Statement:
    return Statement(**({name: getattr(said, name) for name in Statement.__dataclass_fields__} | fields))


def test_an_empty_folder_is_named_and_so_is_one_that_lost_what_it_had(evidence: Path, history: Path) -> None:
    (history / file_name(4)).unlink()
    assert read_place(history, has=4).faults == (Fault(None, "lost", str(history)),)
    empty = evidence / "empty"
    empty.mkdir()
    assert read_place(empty).faults == (Fault(None, "empty", str(empty)),)
    with pytest.raises(FileNotFoundError):
        read_place(evidence / "nowhere")


# --- Keys ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def rotated(history: Path, checkpoints: Checkpoints, keys: SigningKeys, now: datetime) -> tuple[str, ...]:
    """Three keys, one after the other, each with checkpoints in the folder."""
    public = [keys.public()]
    for hour in (5, 7):
        public.append(checkpoints.rotate(now + hour * HOUR))
        checkpoints.make(now + (hour + 1) * HOUR)
    _kept(checkpoints, history)
    return tuple(key for key in public if key)


@pytest.mark.parametrize("known", [0, 1, 2])
def test_whoever_knows_any_of_the_keys_can_follow(
    history: Path, comparing: Comparing, rotated: tuple[str, ...], known: int
) -> None:
    assert comparing(history, trusted=(rotated[known],)) == Comparison(10, (), ())


def test_whoever_knows_none_of_them_cannot(history: Path, comparing: Comparing, rotated: tuple[str, ...]) -> None:
    found = comparing(history, trusted=("0" * 64,))
    assert found == Comparison(0, (Fault(None, "key", str(history / file_name(1))),), ())


def test_a_key_that_named_its_successor_signs_nothing_any_more(
    history: Path, checkpoints: Checkpoints, keys: SigningKeys, comparing: Comparing, now: datetime
) -> None:
    old = Signer(keys.path.read_bytes())
    checkpoints.rotate(now + 5 * HOUR)
    _kept(checkpoints, history)
    last = Signed(**json.loads((history / file_name(6)).read_bytes()))
    forged = _again(last.statement(), number=7, previous=last.digest, key=old.public)
    put(history, 7, old.sign(forged))
    for trusted in (old.public, keys.public()):
        assert trusted
        assert comparing(history, trusted=(trusted,)).faults == (Fault(None, "key", str(history / file_name(7))),)


def test_naming_a_key_as_the_next_is_not_having_it(history: Path, comparing: Comparing, keys: SigningKeys) -> None:
    thief, own = Signer(b"t" * 32), keys.public()
    last = Signed(**json.loads((history / file_name(4)).read_bytes())).statement()
    for number in (1, 2, 3, 4):
        (history / file_name(number)).unlink()
    put(history, 1, thief.sign(_again(last, number=1, previous="0" * 64, key=thief.public, next_key=own)))
    assert _whats(comparing(history)) == ["key"]


def test_after_a_lost_key_whoever_knows_both_can_follow(
    history: Path, checkpoints: Checkpoints, keys: SigningKeys, comparing: Comparing, now: datetime
) -> None:
    old = keys.public()
    keys.path.unlink()
    new = checkpoints.rotate(now + 5 * HOUR, is_lost=True)
    _kept(checkpoints, history)
    assert old
    assert comparing(history, trusted=(old, new)).faults == ()
    assert comparing(history, trusted=(old,)).faults == (Fault(None, "key", str(history / file_name(5))),)
