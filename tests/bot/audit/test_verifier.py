"""The verifier by itself: its own RFC 8785, checkpoints, and input that means it harm."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import rfc8785
import tampering
from hypothesis import given
from hypothesis import strategies as st
from records_made import AT, Key, Made, checkpoint, fill

from bot.audit import forms, records, verifier
from bot.audit.comparison import compare
from bot.audit.evidence import Source
from bot.audit.export import Request, export

KEY, NEXT = Key(), Key(8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record and an export of it."""
    made = Made.open(tmp_path_factory.mktemp("sound"), is_new=True)
    fill(made)
    export(
        made.store, made.ledger, made.folder / "export", Request("p_1", AT, with_words=True), signer=KEY,
        checkpoints=[checkpoint(KEY, made.end())],
    )  # fmt: skip
    made.store.close()
    return made.folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound / "export", tmp_path / "export"))


@pytest.fixture
def database(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound / "data" / "vaglio.db", tmp_path))


Verify = Callable[..., dict[str, Any]]


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    def run(what: Path, *arguments: object) -> dict[str, Any]:
        code = verifier.main([str(what), "--json", "--language", "en", *map(str, arguments)])
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert code == (0 if told["ok"] else 1)
        return {**told, "what": {fault["what"] for fault in told["faults"]}}

    return run


def end_of(sound: Path) -> tuple[int, str]:
    with closing(sqlite3.connect(sound / "data" / "vaglio.db")) as connection:
        return tuple(connection.execute("SELECT seq, hash FROM entry ORDER BY seq DESC").fetchone())


@given(_JSON)
def test_it_writes_canonical_json_as_the_library_does(value: Any) -> None:
    assert verifier.written(value).encode() == rfc8785.dumps(value)
    assert verifier.canonical(rfc8785.dumps(value)) == value


def test_numbers_are_written_as_the_library_does() -> None:
    chance = random.Random(1)
    for _ in range(20_000):
        (number,) = struct.unpack("d", chance.randbytes(8))
        if number - number == 0:
            assert verifier.es6(number).encode() == rfc8785.dumps(number)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a": 1}', b'{"a":1.0}', b'{"a":1e5}', b'{"a":-0}', b'{"a":-0.0}',
        b'{"a":NaN}', b'{"a":1e999}', b'{"a":9007199254740993}', b'{"a":1E400}', b'["\\u0041"]', b'["\\ud800"]',
        b'{"\xef\xac\x81":1,"\xf0\x9f\x98\x80":1}', b"\xff", b"", b"[" * 100_000, b"1" * 5_000, b'["a"]\n',
    ],
)  # fmt: skip
def test_what_is_not_canonical_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- it has nothing to say
        verifier.canonical(raw)


def test_a_sound_one_is_sound(folder: Path, database: Path, verify: Verify) -> None:
    for what in (folder, database):
        told = verify(what, "--key", KEY.public)
        assert (told["ok"], told["notes"]) == (True, [])
    told = verify(folder)
    assert {note["what"] for note in told["notes"]} == {"no key"}
    assert KEY.public in told["notes"][0]["text"]


def test_it_speaks_the_language_of_whoever_asks(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "more\x1b[2J.txt").write_text("", encoding="utf-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", "it_IT.UTF-8")
    assert verifier.main([str(folder)]) == 1
    told = capsys.readouterr().out
    assert "more\\x1b[2J.txt: il manifesto non nomina questo file." in told
    assert "Difetti: 1." in told


def test_every_sentence_is_there_in_both_languages() -> None:
    for english, italian in verifier.SAYINGS.values():
        assert english
        assert italian
        assert english.count("{") == italian.count("{")


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM entry WHERE seq = 4", {"gap", "orphan"}),
        ("UPDATE entry SET kind = 'appeal' WHERE seq = 3", {"columns"}),
        ("UPDATE entry SET hash = CAST(hash AS BLOB) WHERE seq = 3", {"type"}),
        ("UPDATE entry SET body = x'5b5d' WHERE seq = 3", {"hash", "form"}),
        ("UPDATE entry SET body = CAST(x'ff' AS TEXT) WHERE seq = 3", {"hash", "type", "canonical"}),
        ("UPDATE content SET sealed = sealed || x'00' WHERE seq = 4", {"sealed"}),
        ("UPDATE content SET holder = 'house' WHERE seq = 4", {"sealed"}),
        ("DELETE FROM content WHERE seq = 4", {"let go"}),
        ("INSERT INTO content SELECT 3, holder, sealed FROM content WHERE seq = 4", {"kept"}),
        ("INSERT INTO content SELECT 99, holder, sealed FROM content WHERE seq = 4", {"orphan"}),
        ("UPDATE entry SET body = zeroblob(20000000) WHERE seq = 3", {"unread"}),
    ],
)
def test_what_was_done_to_a_database_is_named(database: Path, verify: Verify, statement: str, what: set[str]) -> None:
    with tampering.opened(database) as connection:
        connection.execute(statement)
    assert verify(database)["what"] == what


def test_it_changes_nothing_and_makes_nothing(database: Path, verify: Verify) -> None:
    before = database.read_bytes()
    assert verify(database)["ok"]
    assert [path.name for path in database.parent.iterdir() if path.name.startswith("vaglio")] == ["vaglio.db"]
    assert database.read_bytes() == before


def test_what_waits_in_a_log_beside_the_database_is_read_too(tmp_path: Path, verify: Verify) -> None:
    made = Made.open(tmp_path, is_new=True)
    made.ledger.append("role", subject="g_1", facts={}, at=AT)
    with made.store.read() as session:  # holds it open, so that the log is not taken over
        session.connection().exec_driver_sql("SELECT 1 FROM entry")
        made.ledger.append("role", subject="g_2", facts={}, at=AT)
        assert made.database.with_name("vaglio.db-wal").stat().st_size
        assert verify(made.database)["count"] == 2
    made.store.close()


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW entry AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n AS seq FROM c",
        "CREATE VIRTUAL TABLE entry USING fts5(seq, at, kind, subject, body, hash)",
        "CREATE TABLE other (seq)",
    ],
)
def test_a_table_that_is_none_is_not_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str], sql: str) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute(sql)
        connection.execute("CREATE TABLE content (seq, holder, sealed)")
    assert verifier.main([str(tmp_path / "x.db"), "--language", "en"]) == 2
    assert "there is no record here" in capsys.readouterr().err


def test_a_table_with_other_columns_and_numbers_that_are_text_are_named(tmp_path: Path, verify: Verify) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("CREATE TABLE entry (seq TEXT, at, kind, subject, body, hash)")
        connection.execute("CREATE TABLE content (seq TEXT, holder, sealed)")
        connection.execute("CREATE TABLE checkpoint (number, body, signature)")
        connection.execute("INSERT INTO entry VALUES ('one', NULL, NULL, NULL, NULL, NULL)")
        connection.execute("INSERT INTO content VALUES (CAST(x'ff' AS TEXT), 1, 2)")
        connection.execute("INSERT INTO checkpoint VALUES (NULL, 1.5, x'ff')")
        connection.commit()
    assert verify(tmp_path / "x.db")["what"] == {"type", "form", "unread"}


@pytest.mark.parametrize("raw", [b"", b"no database", b"SQLite format 3\x00" + b"\xff" * 5_000])
def test_what_cannot_be_read_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str], raw: bytes) -> None:
    (tmp_path / "x.db").write_bytes(raw)
    (tmp_path / "empty").mkdir()
    for what in (tmp_path / "x.db", tmp_path / "empty", tmp_path / "nothing"):
        assert verifier.main([str(what)]) == 2
        assert what.name in capsys.readouterr().err


# --- exports ----------------------------------------------------------------------------------------------------------


def resigned(folder: Path, change: Callable[[dict[str, Any]], None] = lambda manifest: None) -> None:
    """As somebody with the key would: the manifest fits the files again."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for path in folder.iterdir():
        if path.name in manifest["files"]:
            raw = path.read_bytes()
            manifest["files"][path.name] |= {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    change(manifest)
    raw = records.canonical(manifest)
    (folder / "manifest.json").write_bytes(raw)
    (folder / "manifest.sig").write_text(KEY.signature(raw), encoding="ascii")


def edited(path: Path, change: Callable[[list[Any]], None]) -> None:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    change(lines)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        ("chain.jsonl", lambda lines: lines.pop(), {"end"}),
        ("chain.jsonl", lambda lines: lines.pop(3), {"gap", "orphan"}),
        ("chain.jsonl", lambda lines: lines.insert(3, lines[2]), {"order"}),
        ("chain.jsonl", lambda lines: lines.insert(3, {"seq": "x"}), {"form"}),
        ("chain.jsonl", lambda lines: lines[3].update(body="{}"), {"hash", "form"}),
        ("chain.jsonl", lambda lines: lines[3].update(body="\ud800"), {"form", "gap", "orphan"}),
        ("chain.jsonl", lambda lines: lines[3].update(more=1), {"form", "gap", "orphan"}),
        ("words.jsonl", lambda lines: lines[3].update(words="{}"), {"words"}),
        ("words.jsonl", lambda lines: lines[3].update(words="\ud800"), {"words"}),
        ("words.jsonl", lambda lines: lines[3].update(words=None, salt=None), {"let go"}),
        ("words.jsonl", lambda lines: lines[2].update(words="{}", salt="0" * 64), {"kept"}),
        ("words.jsonl", lambda lines: lines[3].update(salt=lines[3]["salt"][:-2]), {"salt"}),
        ("words.jsonl", lambda lines: lines[3].update(salt=7), {"salt"}),
        ("words.jsonl", lambda lines: lines.append({"seq": 400, "salt": None, "words": None}), {"orphan"}),
        ("words.jsonl", lambda lines: lines.insert(0, {"seq": -1, "salt": None, "words": None}), {"orphan"}),
        ("words.jsonl", lambda lines: lines.append([]), {"form"}),
    ],
)
def test_whoever_has_the_key_cannot_change_the_chain_or_the_words(
    folder: Path, verify: Verify, name: str, change: Callable[[list[Any]], None], what: set[str]
) -> None:
    edited(folder / name, change)
    resigned(folder)
    assert what <= verify(folder, "--key", KEY.public)["what"]


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(v=2), lambda manifest: manifest.update(files=[]),
        lambda manifest: manifest.update(chain="other"), lambda manifest: manifest.update(made_at="soon"),
        lambda manifest: manifest["ledger"].update(count=True), lambda manifest: manifest["files"].update(x=1),
        lambda manifest: manifest.pop("key"),
    ],
)  # fmt: skip
def test_a_manifest_of_another_form_is_named(
    folder: Path, verify: Verify, change: Callable[[dict[str, Any]], None]
) -> None:
    resigned(folder, change)
    assert "form" in verify(folder)["what"]


def test_an_emptied_manifest_is_no_leave_to_change_the_rest(folder: Path, verify: Verify) -> None:
    (folder / "manifest.json").write_bytes(b"")
    edited(folder / "chain.jsonl", lambda lines: lines.pop())
    (folder / "rows.csv").write_bytes(b"seq\r\n")
    for arguments in ((), ("--key", KEY.public)):
        told = verify(folder, *arguments)
        assert {"place": "manifest.json", "what": "form"}.items() <= told["faults"][0].items()
    for name in ("words.jsonl", "checkpoints.jsonl", "manifest.sig"):
        (folder / name).unlink()
    (folder / "chain.jsonl").write_bytes(b"")
    assert "form" in verify(folder)["what"]


def test_a_manifest_opens_no_file_elsewhere(folder: Path, verify: Verify) -> None:
    elsewhere = {"../vaglio.db": {"sha256": "0" * 64, "bytes": 1, "rows": None}}
    resigned(folder, lambda manifest: manifest["files"].update(elsewhere))
    assert verify(folder)["what"] == {"absent"}


def test_signatures_that_are_gone_or_of_another_are_named(folder: Path, verify: Verify) -> None:
    (folder / "manifest.sig").write_text(NEXT.signature((folder / "manifest.json").read_bytes()), encoding="ascii")
    assert verify(folder)["what"] == {"signature"}
    (folder / "manifest.sig").write_bytes(b"\xff\n\n")
    assert verify(folder)["what"] == {"signature"}
    (folder / "manifest.sig").unlink()
    assert verify(folder)["what"] == {"unsigned"}


@pytest.mark.parametrize("name", ["chain.jsonl", "words.jsonl", "manifest.json", "manifest.sig", "checkpoints.jsonl"])
def test_what_is_no_plain_file_is_not_opened(folder: Path, tmp_path: Path, verify: Verify, name: str) -> None:
    kept = shutil.copy(folder / name, tmp_path / "kept")
    zero, path = "/dev/zero", folder / name
    for make in (lambda: path.symlink_to(kept), lambda: path.symlink_to(zero), lambda: os.mkfifo(path), path.mkdir):
        path.unlink(missing_ok=True)
        make()
        assert "odd" in verify(folder)["what"]


@pytest.mark.parametrize(
    "raw", [b"\x00" * 100, b"[" * 200_000, b"\n" * 50, b"x" * (7 << 20), b'{"seq":1}', b"[]", b"1" * 5_000]
)
@pytest.mark.parametrize("name", ["chain.jsonl", "words.jsonl", "manifest.json", "checkpoints.jsonl"])
def test_nonsense_makes_nothing_fall_over(folder: Path, verify: Verify, name: str, raw: bytes) -> None:
    (folder / name).write_bytes(raw)
    assert not verify(folder)["ok"]


def test_of_very_many_faults_the_first_are_told_and_the_others_counted(folder: Path, verify: Verify) -> None:
    (folder / "chain.jsonl").write_bytes(b"x\n" * 5_000)
    told = verify(folder)
    assert len(told["faults"]) == verifier.MOST_FAULTS
    assert told["more"] > 4_000


@pytest.mark.slow
def test_hostile_lines_take_little_memory(folder: Path) -> None:
    body = '{"a":[' + ",".join(["{}"] * 1_000_000) + "]}"
    (folder / "chain.jsonl").write_text(json.dumps({"seq": 1, "hash": "", "body": body}) + "\n", encoding="utf-8")
    (folder / "words.jsonl").write_bytes(b"[" + b"{}," * 1_900_000 + b"{}]\n")
    code = "import sys, verify; found = verify.main(['.']); print(open('/proc/self/status').read()); sys.exit(found)"
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert ran.returncode == 1
    assert int(ran.stdout.split("VmHWM:")[1].split()[0]) < 300 * 1024


# --- checkpoints ------------------------------------------------------------------------------------------------------


def digest_of(line: str) -> str:
    return records.digest(json.loads(line)["body"].encode())


def written(folder: Path, *lines: str) -> Path:
    folder.mkdir()
    for number, line in enumerate(lines, start=1):
        (folder / f"checkpoint-{number:08d}.json").write_text(line, encoding="utf-8")
    return folder


def test_checkpoints_are_held_against_the_ledger(sound: Path, database: Path, tmp_path: Path, verify: Verify) -> None:
    count, head = end_of(sound)
    good = checkpoint(KEY, (count, head))
    following = checkpoint(KEY, (count, head), number=2, previous=digest_of(good))
    assert verify(database, "--checkpoints", written(tmp_path / "a", good, following), "--key", KEY.public)["ok"]
    for end, what in (((count + 1, head), "removed"), ((count, "0" * 64), "rewritten"), ((2, head), "rewritten")):
        (tmp_path / "one").write_text(checkpoint(KEY, end), encoding="utf-8")
        assert verify(database, "--checkpoints", tmp_path / "one")["what"] == {what}
    for more, what in (
        ({"number": 3, "previous": digest_of(good)}, "skipped"), ({"number": 1, "erased": []}, None),
        ({"number": 2, "previous": "1" * 64}, "link"),
        ({"number": 2, "previous": digest_of(good), "erased": ["p_9"]}, "erased"),
        ({"number": 1, "previous": digest_of(good)}, "repeated"), ({"v": 2}, "form"), ({"number": True}, "form"),
    ):  # fmt: skip
        lines = f"{good}\n{checkpoint(KEY, (count, head), **more)}\n"  # type: ignore[arg-type]
        (tmp_path / "two").write_text(lines, encoding="utf-8")
        found = verify(database, "--checkpoints", tmp_path / "two", "--key", KEY.public)["what"]
        assert found >= ({what} if what else set()), more
        assert bool(found) == (what is not None)


def test_a_key_follows_another_only_where_the_old_one_says_so(
    sound: Path, database: Path, tmp_path: Path, verify: Verify
) -> None:
    end = end_of(sound)
    first = checkpoint(KEY, end, next_key=NEXT.public)
    second = checkpoint(NEXT, end, number=2, previous=digest_of(first))
    again = checkpoint(KEY, end, number=3, previous=digest_of(second))
    unvouched = checkpoint(NEXT, end, number=2, previous=digest_of(checkpoint(KEY, end)))
    path = tmp_path / "lines"
    for lines, keys, what in (
        ([first, second], [KEY], set()),
        ([first, second], [NEXT], set()),  # the new one names the old one by its hash
        ([first, second], [], set()),
        ([first, second, again], [KEY], {"key"}),
        ([checkpoint(KEY, end), unvouched], [KEY], {"key"}),
        ([checkpoint(KEY, end), unvouched], [], {"key"}),
        ([first], [Key(9)], {"key"}),
        ([first.replace('"signature": "', '"signature": "00')], [KEY], {"signature"}),
    ):  # fmt: skip
        path.write_text("\n".join(lines), encoding="utf-8")
        arguments = [each for key in keys for each in ("--key", key.public)]
        assert verify(database, "--checkpoints", path, *arguments)["what"] == what


def test_names_and_places_of_checkpoints(sound: Path, database: Path, tmp_path: Path, verify: Verify) -> None:
    end = end_of(sound)
    folder = written(tmp_path / "a", checkpoint(KEY, end))
    other = tmp_path / "b"
    other.write_text(checkpoint(KEY, end, erased=[], at="2026-11-27T00:00:00.000000Z"), encoding="utf-8")
    assert verify(database, "--checkpoints", folder, other)["what"] == {"differs"}
    (folder / "checkpoint-00000001.json").rename(folder / "checkpoint-00000002.json")
    assert verify(database, "--checkpoints", folder)["what"] == {"named"}
    (folder / "checkpoint-00000002.json").unlink()
    assert verify(database, "--checkpoints", folder)["what"] == {"empty"}
    assert verifier.main([str(database), "--checkpoints", str(tmp_path / "none")]) == 2


def test_a_restored_backup_that_says_what_is_lost_is_no_fault_and_is_told(tmp_path: Path, verify: Verify) -> None:
    made = Made.open(tmp_path, is_new=True)
    for number in range(3):
        made.ledger.append("role", subject=f"g_{number}", facts={}, at=AT)
    line = tmp_path / "line"
    line.write_text(checkpoint(KEY, (5, "a" * 64), erased=["p_gone"]), encoding="utf-8")
    facts = {"count": 3, "head": made.end()[1], "lost": [4, 900], "erased": ["p_gone"]}
    made.ledger.append("restore", subject="b_1", facts=facts, at=AT)
    made.ledger.append("erasure", subject="p_gone", facts={"person": "p_gone"}, at=AT)
    made.store.close()
    told = verify(made.database, "--checkpoints", line)
    assert (told["ok"], {note["what"] for note in told["notes"]}) == (True, {"restored", "no key"})
    assert "entries 4 to 5 are lost" in next(each["text"] for each in told["notes"] if each["what"] == "restored")
    # Once a checkpoint knows the restored ledger, those after it must fit.
    known = checkpoint(KEY, (4, _hash(made, 4)), number=2, previous=digest_of(line.read_text()))
    later = checkpoint(KEY, (5, "b" * 64), number=3, previous=digest_of(known))
    line.write_text("\n".join([line.read_text(), known, later]), encoding="utf-8")
    assert verify(made.database, "--checkpoints", line)["what"] == {"rewritten"}


@pytest.mark.parametrize(
    "said", [{"lost": [2, 900]}, {"lost": [5, 900]}, {"count": 2}, {"head": "a" * 64}, {"lost": [4, 3]}, {"lost": 4}]
)
def test_a_restore_that_stands_elsewhere_or_names_another_end_excuses_nothing(
    tmp_path: Path, verify: Verify, said: dict[str, object]
) -> None:
    made = Made.open(tmp_path, is_new=True)
    for number in range(3):
        made.ledger.append("role", subject=f"g_{number}", facts={}, at=AT)
    line = tmp_path / "line"
    line.write_text(checkpoint(KEY, (2, "a" * 64)), encoding="utf-8")
    facts = {"count": 3, "head": made.end()[1], "lost": [4, 5], "erased": [], **said}
    made.ledger.append("restore", subject="b_1", facts=facts, at=AT)
    made.store.close()
    assert verify(made.database, "--checkpoints", line)["what"] == {"rewritten"}


def test_words_that_are_gone_need_an_erasure_or_a_retention(tmp_path: Path, verify: Verify) -> None:
    made = Made.open(tmp_path, is_new=True)
    person = made.people.person("slack:T1:U1")
    made.ledger.append("note", subject="n_1", facts={}, actor=person, at=AT, content=b"{}")
    facts = {"count": 1, "head": made.end()[1], "lost": None, "erased": [person]}
    made.ledger.append("restore", subject="b_1", facts=facts, at=AT)
    with tampering.opened(made.database) as connection:
        connection.execute("DELETE FROM content")
    assert verify(made.database)["what"] == {"let go"}
    made.erase(person)
    made.store.close()
    assert verify(made.database)["ok"]


@pytest.mark.parametrize("purged", [[[1, 10**9]], [[1, 2]], [[1, 3]], [[2, 2]]])
def test_a_retention_excuses_only_what_stood_before_it(tmp_path: Path, verify: Verify, purged: list[list[int]]) -> None:
    made = Made.open(tmp_path, is_new=True)
    made.ledger.append("note", subject="n_1", facts={}, at=AT, content=b"{}")
    made.ledger.append("retention", subject="t_1", facts={"purged": purged}, at=AT)
    made.ledger.append("note", subject="n_2", facts={}, at=AT, content=b"{}")
    with tampering.opened(made.database) as connection:
        connection.execute("DELETE FROM content WHERE seq = 1")
    made.store.close()
    assert verify(made.database)["what"] == {"let go"}
    assert [(fault.seq, fault.what) for fault in Made.open(tmp_path).ledger.verify().faults] == [(1, "content")]


_UNSAID = '"commitment":null,"facts":{},"holder":null,"kind":"note"'
_HASH = f'"{"0" * 64}"'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{", "{ "), ("}", "}\n"),
        ('"v":2', '"v":2,"v":2'), ('"v":2', '"v":2.0'), ('"v":2', '"v":3'), ('"v":2', '"v":1'),
        ('"v":2', '"v":true'), ('"v":2', '"v":2,"w":1'), ('"commitment":null', '"commitment":5'),
        ('"commitment":null', f'"commitment":{_HASH}'), ('"holder":null', '"holder":["x"]'),
        ('"sealed":null', f'"sealed":{_HASH}'), ('"actor":null', '"actor":7'), ('"facts":{}', '"facts":[]'),
        ('"facts":{}', '"facts":{"n":1.0}'), ('"facts":{}', '"facts":{"n":1e-09}'),
        ('"facts":{}', '"facts":{"n":1e999}'),
        ('"facts":{}', '"facts":{"n":NaN}'), ('"facts":{}', '"facts":{"n":9007199254740993}'),
        ('"facts":{}', '"facts":{"n":[-0]}'), ('"facts":{}', '"facts":{"\ue000":1,"😀":1}'.replace("1,", "1, ")),
        ('"facts":{}', '"facts":{"\ue000":1,"😀":1}'), ('"facts":{}', '"facts":{"n":"\\ud800"}'),
        ('"facts":{}', '"facts":{"n":' + "1" * 5_000 + "}"), ('"seq":1', '"seq":"1"'), ('"seq":1', '"seq":true'),
        ('"at":"2026', '"at":"year'), ("{", "["), ('"facts":{}', '"facts":' + "[" * 100_000),
        (_UNSAID, _UNSAID.replace("null", _HASH, 1).replace('"holder":null', '"holder":["x"]')),
    ],
)  # fmt: skip
def test_both_verifiers_refuse_an_entry_that_vaglio_never_writes(
    tmp_path: Path, verify: Verify, old: str, new: str
) -> None:
    made = Made.open(tmp_path, is_new=True)
    made.ledger.append("note", subject="n_1", facts={}, at=AT)
    with tampering.opened(made.database) as connection:
        ((body,),) = connection.execute("SELECT body FROM entry")
        changed = body.decode().replace(old, new, 1).encode()
        assert changed != body
        connection.execute("UPDATE entry SET body = ?, hash = ?", (changed, records.digest(changed)))
    assert verify(made.database)["what"] & {"form", "canonical"}
    assert (1, "body") in [(fault.seq, fault.what) for fault in made.ledger.verify().faults]
    made.store.close()


@given(st.dictionaries(st.text(), _JSON, max_size=4))
def test_both_verifiers_accept_whatever_facts_vaglio_writes(facts: dict[str, Any]) -> None:
    body = records.entry_body(
        seq=1, previous=records.GENESIS, at=AT, kind="note", actor=None, subject="n_1", facts=facts, words=None
    )
    assert verifier.said_by(body) is not None
    assert forms.read(body) == verifier.said_by(body)
    assert forms.read(body.replace(b'"facts":', b'"facts": ')) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET body = 9000000000000000000 WHERE seq = 2",
        "UPDATE entry SET body = CAST(x'ff' AS TEXT) WHERE seq = 2",
        "UPDATE entry SET body = NULL WHERE seq = 2",
        "UPDATE entry SET body = zeroblob(0) WHERE seq = 2",
        *(
            f"UPDATE entry SET body = CAST(replace(body, '[[1,1]]', '{purged}') AS BLOB) WHERE seq = 2"
            for purged in ("[[1e999,1]]", "[[-1e999,1]]", "[[1]]", "[1]", "7", "[[1,true]]", '[["1","1"]]', "[[1.5,1]]")
        ),
    ],
)
@pytest.mark.parametrize("kind", ["retention", "erasure", "restore"])
def test_nonsense_in_an_entry_that_tells_why_words_are_gone_makes_nothing_fall_over(
    tmp_path: Path, verify: Verify, kind: str, statement: str
) -> None:
    made = Made.open(tmp_path, is_new=True)
    made.ledger.append("note", subject="n_1", facts={}, at=AT, content=b"{}")
    facts = {"purged": [[1, 1]], "person": [[1, 1]], "lost": [[1, 1]], "count": [[1, 1]]}
    made.ledger.append(kind, subject="t_1", facts=facts, at=AT)
    with tampering.opened(made.database) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        before = connection.total_changes
        with suppress(sqlite3.IntegrityError):
            connection.execute(statement)
        is_changed = connection.total_changes > before
        connection.execute("DELETE FROM content")
    found = made.ledger.verify()
    if is_changed:
        assert (2, "hash") in [(fault.seq, fault.what) for fault in found.faults]
        assert (1, "content") in [(fault.seq, fault.what) for fault in found.faults]
    assert verify(made.database)["ok"] == found.is_sound
    compare(made.store, [Source("x", ())], ())
    made.store.close()


def test_words_that_were_put_back_after_their_time_are_named(tmp_path: Path, verify: Verify) -> None:
    made = Made.open(tmp_path, is_new=True)
    made.ledger.append("note", subject="n_1", facts={}, at=AT, content=b"{}")
    made.ledger.append("retention", subject="t_1", facts={"purged": [[1, 1]]}, at=AT)
    assert verify(made.database)["what"] == {"kept"}
    assert [(fault.seq, fault.what) for fault in made.ledger.verify().faults] == [(1, "kept")]
    made.store.close()


def _hash(made: Made, seq: int) -> str:
    with closing(sqlite3.connect(made.database)) as connection:
        return str(connection.execute("SELECT hash FROM entry WHERE seq = ?", (seq,)).fetchone()[0])


def test_a_checkpoint_made_after_an_export_is_not_held_against_it(
    sound: Path, folder: Path, tmp_path: Path, verify: Verify
) -> None:
    count, _ = end_of(sound)
    line = tmp_path / "line"
    line.write_text(checkpoint(KEY, (count + 9, "a" * 64), at="2026-11-27T00:00:00.000000Z"), encoding="utf-8")
    (folder / "checkpoints.jsonl").unlink()
    resigned(folder, lambda manifest: manifest["files"].pop("checkpoints.jsonl"))
    told = verify(folder, "--checkpoints", line)
    assert (told["ok"], {note["what"] for note in told["notes"]}) == (True, {"later", "no key"})


def test_without_cryptography_it_says_that_signatures_were_not_checked(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    assert verifier.main([str(folder), "--language", "en"]) == 0
    assert "SIGNATURES WERE NOT CHECKED" in capsys.readouterr().out
    assert verifier.main([str(folder), "--key", KEY.public]) == 2
