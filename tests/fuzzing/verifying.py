"""A record that somebody has changed, or made up: the verifier ends, says so, and never finds it sound."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from fuzzing.target import Check, Target
from fuzzing.words import damaged, damages, edits, mutated
from hypothesis import strategies as st
from records_made import AT, Key, Made, checkpoint, fill

from bot.audit import records, verifier
from bot.audit.export import Request, export

_KEY = Key()
_FILES = ("chain.jsonl", "words.jsonl", "manifest.json", "manifest.sig", "checkpoints.jsonl", "rows.csv")
_LINES = ("chain.jsonl", "words.jsonl", "checkpoints.jsonl")


@contextmanager
def _record() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        made = Made.open(Path(folder), is_new=True)
        fill(made, rounds=1)
        export(
            made.store,
            made.ledger,
            made.folder / "export",
            Request("p_1", AT, with_words=True),
            signer=_KEY,
            checkpoints=[checkpoint(_KEY, made.end())],
        )
        made.store.close()
        yield made.folder


def _verified(*arguments: object) -> int:
    with redirect_stdout(io.StringIO()) as told, redirect_stderr(io.StringIO()) as failed:
        code = verifier.main([*map(str, arguments), "--json", "--language", "it"])
    assert code in (0, 1, 2)
    if code < 2:
        assert json.loads(told.getvalue())["ok"] is (code == 0)
    else:
        assert failed.getvalue()
    return code


@contextmanager
def _exports() -> Iterator[Check]:
    """`resealed`: whoever changes a file may write its digest into the manifest, and cannot sign that."""
    with _record() as folder:
        sound, tried = folder / "export", folder / "tried"

        def check(given: tuple[str, list[Any], int, list[Any], bool, bool]) -> None:
            name, damage, at, changes, reseal, has_key = given
            shutil.rmtree(tried, ignore_errors=True)
            shutil.copytree(sound, tried)
            path = tried / name
            raw = path.read_bytes()
            changed = damaged(raw, damage)
            if name in _LINES and changes:
                changed = _edited(changed, at, changes)
            path.write_bytes(changed)
            if reseal and name not in ("manifest.json", "manifest.sig"):
                _resealed(tried, name, changed)
            code = _verified(tried, *(["--key", _KEY.public] if has_key else []))
            if changed == raw:
                assert code == 0
            else:
                assert code != 0, f"{name} was changed, and is found sound"

        yield check


def _edited(raw: bytes, at: int, changes: list[Any]) -> bytes:
    lines = raw.splitlines()
    try:
        lines[at % len(lines)] = json.dumps(
            mutated(json.loads(lines[at % len(lines)]), changes), ensure_ascii=True
        ).encode()
    except (ValueError, ZeroDivisionError):
        return raw
    return b"\n".join(lines) + b"\n"


def _resealed(folder: Path, name: str, content: bytes) -> None:
    said = json.loads((folder / "manifest.json").read_bytes())
    said["files"][name] |= {"sha256": records.digest(content), "bytes": len(content)}
    (folder / "manifest.json").write_bytes(records.canonical(said))


@contextmanager
def _databases() -> Iterator[Check]:
    """A file whose bytes were turned, or whose columns were: read as it is, and never sound if a column says more."""
    with _record() as folder:
        sound, tried = folder / "data" / "vaglio.db", folder / "tried.db"
        with closing(sqlite3.connect(sound)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        def check(given: tuple[str, list[Any], str, int, object]) -> None:
            way, damage, column, seq, value = given
            tried.write_bytes(damaged(sound.read_bytes(), damage) if way == "bytes" else sound.read_bytes())
            was_changed = way != "bytes" and _put(tried, column, seq, value)
            code = _verified(tried)
            assert code != 0 or not was_changed, f"{column} of {seq} was changed, and is found sound"

        yield check


def _put(database: Path, column: str, seq: int, value: object) -> bool:
    table, _, name = column.partition(".")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        before = connection.execute(f"SELECT typeof({name}), {name} FROM {table} WHERE seq = ?", (seq,)).fetchone()
        try:
            connection.execute(f"UPDATE {table} SET {name} = ? WHERE seq = ?", (value, seq))
        except (sqlite3.Error, OverflowError, UnicodeError):
            return False
        if before is None:
            return False
        return (name == "seq" and value != seq) or before != connection.execute(
            f"SELECT typeof({name}), {name} FROM {table} WHERE seq = ?", (seq,)
        ).fetchone()


@contextmanager
def _anything() -> Iterator[Check]:
    """Files of any bytes under the names that are looked for."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "export"

        def check(given: dict[str, bytes]) -> None:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for file, content in given.items():
                (folder / file).write_bytes(content)
            assert _verified(folder) != 0
            single = next(iter(given), None)
            if single:
                assert _verified(folder / single) != 0
                assert _verified(folder, "--checkpoints", folder / single) != 0

        yield check


_columns = st.sampled_from(
    [f"entry.{name}" for name in ("seq", "at", "kind", "subject", "body", "hash")]
    + ["content.seq", "content.holder", "content.sealed"]
)
_cells = st.one_of(
    st.binary(max_size=20),
    st.text(max_size=10),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.none(),
    st.sampled_from([b"{" * 10_000, b"[" * 100_000, "a\x00b", b"1" * 5000]),
)
_content = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"[" * 100_000,
            b'{"seq":' + b"1" * 5_000 + b"}",
            b"\xff\n",
            b"{}\n" * 5,
            b"SQLite format 3\x00" + b"\0" * 200,
            b"1e999",
            b"NaN",
        ]
    ),
    st.builds(
        lambda value: json.dumps(value).encode(),
        edits.map(lambda changes: mutated({"seq": 1, "hash": "0" * 64, "body": "{}"}, changes)),
    ),
)

TARGETS = (
    Target(
        "verify export",
        st.tuples(st.sampled_from(_FILES), damages, st.integers(0, 40), edits, st.booleans(), st.booleans()),
        _exports,
    ),
    Target(
        "verify database",
        st.tuples(st.sampled_from(["bytes", "column"]), damages, _columns, st.integers(1, 20), _cells),
        _databases,
    ),
    Target(
        "verify anything",
        st.dictionaries(st.sampled_from((*_FILES, "checkpoint-1.json")), _content, max_size=3),
        _anything,
    ),
)
