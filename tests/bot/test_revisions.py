"""Published policies: kept whole, on record, in force once they are, and read again as they were."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select, update

from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.bundles import packed
from bot.revisions import RevisionError, Revisions
from bot.store import Store
from bot.tables import Entry, Revision
from rules import assembly
from rules.assembly import SHIPPED, files_of, load_policy
from rules.policy import Policy
from rules.problems import PolicyError

AT = datetime(2027, 1, 10, 9, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "policies"


@pytest.fixture
def revisions(store: Store, ledger: Ledger, folder: Path) -> Revisions:
    return Revisions(store, folder, ledger)


@pytest.fixture
def again(store: Store, ledger: Ledger, folder: Path) -> Callable[[], Revisions]:
    """As another process has them."""
    return lambda: Revisions(store, folder, ledger)


def _edit(path: Path, before: str, after: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    return path


def _publish(revisions: Revisions, path: Path, note: str = "", at: datetime = AT) -> str:
    return revisions.publish(path, person="p_1", note=note, at=at).revision


def _facts(ledger: Ledger) -> list[dict[str, Any]]:
    return [json.loads(entry.body) for entry in ledger.entries() if entry.kind == "publication"]


# --- Publishing -------------------------------------------------------------------------------------------------------


def test_what_is_published_is_in_force_and_is_read_as_it_was(
    revisions: Revisions, again: Callable[[], Revisions], policy: Policy, policy_path: Path
) -> None:
    assert revisions.newest() is None
    assert revisions.history() == []
    published = revisions.publish(policy_path, person="p_1", note="Il primo.", at=AT)
    assert (published.revision, published.person, published.note, published.at) == (
        policy.revision, "p_1", "Il primo.", AT,
    )  # fmt: skip
    for seen in (revisions, again()):
        assert seen.newest() == published
        loaded = seen.load(published.seq)
        assert loaded == policy
        assert loaded.revision == policy.revision
        assert seen.policy_of(policy.revision) == policy
    assert revisions.policy_of("prova@000000000000") is None
    with pytest.raises(LookupError):
        revisions.load(99)


def test_it_is_on_record_with_what_it_changes(revisions: Revisions, ledger: Ledger, policy_path: Path) -> None:
    first = _publish(revisions, policy_path, note="Mario ha chiesto così")
    _edit(policy_path, "severity: warn", "severity: review")
    _edit(policy_path, "  - id: tone.jargon", "  - id: tone.word")
    second = _publish(revisions, policy_path)
    newer, older = _facts(ledger)
    assert (older["actor"], older["at"], older["facts"]["previous"]) == ("p_1", "2027-01-10T09:30:00.000000Z", None)
    assert older["facts"]["rules"] == {"new": 4, "gone": 0, "stricter": 0, "looser": 0, "changed": 0}
    assert (newer["facts"]["revision"], newer["facts"]["previous"]) == (second, first)
    assert newer["facts"]["rules"] == {"new": 1, "gone": 1, "stricter": 1, "looser": 0, "changed": 0}
    assert "Mario" not in json.dumps([newer, older])
    assert ledger.verify().is_sound


def test_what_is_in_force_is_not_published_again_but_what_was_before_may_be(
    revisions: Revisions, policy_path: Path, ledger: Ledger
) -> None:
    first = _publish(revisions, policy_path)
    with pytest.raises(RevisionError) as caught:
        _publish(revisions, _edit(policy_path, "rules:", "# a comment\nrules:"))
    assert (caught.value.code, caught.value.revision) == ("in_force", first)
    assert first in caught.value.show("it")
    _edit(policy_path, "severity: warn", "severity: review")
    second = _publish(revisions, policy_path, at=AT + timedelta(days=1))
    _edit(policy_path, "severity: review\n    clause: 3.1", "severity: warn\n    clause: 3.1")
    assert _publish(revisions, policy_path, at=AT + timedelta(days=2)) == first
    assert [one.revision for one in revisions.history()] == [first, second, first]
    assert [one.at.day for one in revisions.history()] == [12, 11, 10]
    assert revisions.newest() == revisions.history()[0]
    assert len(_facts(ledger)) == 3


def test_what_was_tried_is_what_is_published(revisions: Revisions, policy: Policy, policy_path: Path) -> None:
    _edit(policy_path, "severity: warn", "severity: review")
    with pytest.raises(RevisionError) as caught:
        revisions.publish(policy_path, person=None, note="", at=AT, revision=policy.revision)
    assert caught.value.code == "other"
    assert revisions.newest() is None


def test_a_policy_that_does_not_load_is_not_published(revisions: Revisions, policy_path: Path) -> None:
    with pytest.raises(PolicyError):
        _publish(revisions, _edit(policy_path, "severity: warn", "severity: huge"))
    assert revisions.newest() is None


def test_what_could_not_be_recorded_is_not_in_force(
    revisions: Revisions, ledger: Ledger, policy_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> Entry:
        raise RecordError("head", "ledger.head")

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "append_in", fails)
        with pytest.raises(RecordError):
            _publish(revisions, policy_path)
    assert revisions.newest() is None
    assert revisions.history() == []
    assert _publish(revisions, policy_path) == load_policy(policy_path).revision
    assert len(revisions.history()) == 1


@pytest.mark.postgres_only("one file has one machine, whose processes take turns by a lock in its folder")
def test_of_two_machines_that_publish_at_once_on_the_same_policy_one_is_told(
    store: Store, ledger: Ledger, policy_path: Path, tmp_path: Path
) -> None:
    machines = [Revisions(store, tmp_path / name, ledger) for name in "ab"]
    before = _publish(machines[0], policy_path)
    bundles = []
    for was, severity in (("warn", "note"), ("note", "block")):
        _edit(policy_path, f"severity: {was}", f"severity: {severity}")
        bundles.append((load_policy(policy_path).revision, packed(policy_path)))

    def publish(each: int) -> str:
        revision, bundle = bundles[each]
        try:
            machines[each].publish_bundle(
                bundle, revision=revision, base=before, person=None, note="", at=AT, proposal=f"w_{each}"
            )
        except RevisionError as error:
            return error.code
        return "published"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(publish, range(2))) == ["moved", "published"]
    assert len(machines[0].history()) == 2


def test_two_who_publish_the_same_at_once_publish_it_once(again: Callable[[], Revisions], policy_path: Path) -> None:
    def publish(revisions: Revisions) -> str | None:
        try:
            return _publish(revisions, policy_path)
        except RevisionError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(map(str, pool.map(publish, [again() for _ in range(4)])))
    assert outcomes == ["in_force", "in_force", "in_force", load_policy(policy_path).revision]
    assert len(again().history()) == 1


# --- The bundle -------------------------------------------------------------------------------------------------------


def _bundle(store: Store, seq: int = 1) -> bytes:
    with store.read() as session:
        row = session.get(Revision, seq)
    assert row is not None
    return row.bundle


def _files(store: Store) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(_bundle(store))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("where", ["elsewhere", "shipped", "pack", "above"])
def test_a_policy_brings_everything_that_it_reads(
    where: str, revisions: Revisions, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it lies: far from what is shipped, beside it, in it or over it."""
    shipped = tmp_path / "shipped" / "policies"
    shutil.copytree(SHIPPED, shipped)
    monkeypatch.setattr(assembly, "SHIPPED", shipped)
    monkeypatch.setattr("bot.bundles.SHIPPED", shipped)
    monkeypatch.setattr(assembly.load_policy, "__defaults__", (shipped,))
    places = {
        "elsewhere": tmp_path / "acme" / "company.yaml",
        "shipped": shipped / "company.yaml",
        "pack": shipped / "packs" / "toxicity.yaml",
        "above": tmp_path / "shipped" / "company.yaml",
    }
    path = places[where]
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        shutil.copy(shipped / "company.yaml", path)
    expected, count = load_policy(path), len(files_of(path))
    seq = revisions.publish(path, person=None, note="", at=AT).seq
    assert len(_files(store)) == count
    # What is shipped from now on is another policy, and so is what lies where it was published from.
    shutil.rmtree(shipped)
    shutil.rmtree(path.parent, ignore_errors=True)
    fresh = Revisions(store, tmp_path / "fresh", revisions._ledger)
    assert fresh.load(seq) == expected
    assert fresh.load(seq).revision == expected.revision
    (unpacked,) = (path for path in (tmp_path / "fresh").iterdir() if path.is_dir())
    top = next(path for path in unpacked.rglob(path.name))
    assert load_policy(top, unpacked / "shipped" if where != "above" else unpacked / "policy" / "policies") == expected


def test_files_are_kept_as_they_were_written(revisions: Revisions, store: Store, tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    path = tmp_path / "acme" / "policy.yaml"
    written = (
        "\ufeff# Aprile\r\nname: acme\r\nlanguages: [it]\r\ninclude: [packs/own.yaml]\r\n"
        "owners: [{id: a, name: A}]\r\nclauses: [{id: '1', title: Uno, text: Uno., owner: a}]\r\n"
    ).encode()
    path.write_bytes(written)
    (tmp_path / "acme" / "packs").mkdir()
    pack = (
        "name: own\nlanguages: [it]\nrules:\n"
        "  - {id: a.b, detector: phrases, severity: note, clause: '1', message: No.,"
        " phrases_from: [list.txt], examples: {flag: [uno], allow: [due]}}\n"
    )
    (tmp_path / "acme" / "packs" / "own.yaml").write_text(pack, encoding="utf-8")
    (tmp_path / "acme" / "packs" / "list.txt").write_text("uno # il primo\n", encoding="utf-8")
    _publish(revisions, path)
    assert _files(store) == {
        "policy/policy.yaml": written,
        "policy/packs/own.yaml": pack.encode(),
        "policy/packs/list.txt": b"uno # il primo\n",
    }


def test_the_same_files_make_the_same_bundle(revisions: Revisions, store: Store, policy_path: Path) -> None:
    _publish(revisions, policy_path)
    text = policy_path.read_text(encoding="utf-8")
    _publish(revisions, _edit(policy_path, "severity: warn", "severity: note"))
    policy_path.write_text(text, encoding="utf-8")
    _publish(revisions, policy_path)
    assert _bundle(store, 1) == _bundle(store, 3) != _bundle(store, 2)


def test_a_policy_of_links_to_its_own_files_is_refused(revisions: Revisions, tmp_path: Path, policy_path: Path) -> None:
    """What is one file there would be two in a copy, and every rule in it would stand twice."""
    pack = tmp_path / "pack.yaml"
    rules = policy_path.read_text(encoding="utf-8").partition("rules:")
    pack.write_text(f"name: pack\nlanguages: [it, en]\nrules:{rules[2]}", encoding="utf-8")
    policy_path.write_text(f"{rules[0]}include: [pack.yaml, same.yaml]\n", encoding="utf-8")
    (tmp_path / "same.yaml").symlink_to(pack)
    load_policy(policy_path)
    with pytest.raises(RevisionError) as caught:
        _publish(revisions, policy_path)
    assert caught.value.code == "other"


# --- Reading again ----------------------------------------------------------------------------------------------------


def test_what_was_unpacked_may_be_lost_or_spoilt(
    again: Callable[[], Revisions], folder: Path, policy: Policy, policy_path: Path
) -> None:
    revision = _publish(again(), policy_path)
    place = folder / revision
    (place / "policy" / "prova.yaml").write_text("name: other\n", encoding="utf-8")
    assert again().load(1) == policy
    (place / "policy" / "more.yaml").write_text("name: other\n", encoding="utf-8")
    assert again().load(1) == policy
    assert not (place / "policy" / "more.yaml").exists()
    shutil.rmtree(folder)
    assert again().load(1) == policy


def test_many_may_read_at_once(again: Callable[[], Revisions], policy: Policy, policy_path: Path, folder: Path) -> None:
    _publish(again(), policy_path)
    shutil.rmtree(folder)
    (folder / ".new-stopped").mkdir(parents=True)
    with ThreadPoolExecutor(8) as pool:
        assert all(found == policy for found in pool.map(lambda _: again().load(1), range(16)))
    assert list(folder.glob(".new-*")) == []


def test_a_policy_that_was_read_is_not_read_again(revisions: Revisions, policy_path: Path, folder: Path) -> None:
    _publish(revisions, policy_path)
    first = revisions.load(1)
    shutil.rmtree(folder)
    assert revisions.load(1) is first


def test_it_keeps_its_name_where_a_later_vaglio_would_give_it_another(
    again: Callable[[], Revisions], policy_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = _publish(again(), policy_path)

    def later(*places: Path) -> Policy:
        """Rules have a field more by now."""
        policy = load_policy(*places)
        return policy.model_copy(update={"timezone": "Europe/London"})

    monkeypatch.setattr("bot.revisions.load_policy", later)
    loaded = again().load(1)
    assert loaded.timezone == "Europe/London"
    assert loaded.revision == revision


def _replace(store: Store, bundle: bytes) -> None:
    with store.write() as session:
        session.exec(update(Revision).where(col(Revision.seq) == 1).values(bundle=bundle))


@pytest.mark.as_owner
def test_what_is_not_what_was_published_is_not_read(
    again: Callable[[], Revisions], store: Store, policy_path: Path, ledger: Ledger
) -> None:
    revision = _publish(again(), policy_path)
    held = io.BytesIO(_bundle(store))
    with zipfile.ZipFile(held, "a") as archive:
        archive.writestr("policy/more.yaml", "name: other\n")
    _replace(store, held.getvalue())
    with pytest.raises(RevisionError) as caught:
        again().load(1)
    assert (caught.value.code, caught.value.revision) == ("altered", revision)
    for language in ("it", "en"):
        assert "vaglio audit verify" in caught.value.show(language)


def _zip(names: dict[str, bytes], layout: object = None) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
        archive.comment = json.dumps(layout or {"policy": next(iter(names)), "shipped": "shipped"}).encode()
    return held.getvalue()


@pytest.mark.parametrize(
    "bundle",
    [
        b"",
        b"PK\x03\x04 not at all",
        _zip({"policy/a.yaml": b"", "../out.yaml": b"x"}),
        _zip({"policy/a.yaml": b"", "policy/../../out.yaml": b"x"}),
        _zip({"policy/a.yaml": b"", "/tmp/out.yaml": b"x"}),
        _zip({"policy/a.yaml": b"", "elsewhere/out.yaml": b"x"}),
        _zip({"../a.yaml": b"x"}),
        _zip({"policy/a.yaml": b""}, {"policy": "policy/b.yaml", "shipped": "shipped"}),
        _zip({"policy/a.yaml": b""}, {"policy": "policy/a.yaml", "shipped": "../../etc"}),
        _zip({"policy/a.yaml": b""}, {"policy": "policy/a.yaml"}),
        _zip({"policy/a.yaml": b""}, ["policy/a.yaml"]),
        _zip({"policy/a.yaml": b"#" * 5_000_001}),
    ],
)
def test_nothing_is_unpacked_to_anywhere_else(
    bundle: bytes, again: Callable[[], Revisions], policy_path: Path, folder: Path, tmp_path: Path
) -> None:
    """Though nobody but Vaglio writes bundles."""
    revisions = again()
    before = {path for path in tmp_path.rglob("*") if not path.is_relative_to(folder)}
    with pytest.raises(RevisionError) as caught:
        revisions._read("prova@000000000000", bundle)
    assert caught.value.code == "altered"
    assert {path for path in tmp_path.rglob("*") if not path.is_relative_to(folder)} == before


@pytest.mark.parametrize("name", ["../../etc@000000000000", "prova@0000", "/tmp/x", "..", ""])
def test_a_name_that_is_no_revisions_is_no_folder(name: str, revisions: Revisions) -> None:
    with pytest.raises(RevisionError):
        revisions._read(name, _zip({"policy/a.yaml": b""}))


def test_the_newest_is_found_without_touching_any_bundle(revisions: Revisions, store: Store, policy_path: Path) -> None:
    _publish(revisions, policy_path)
    statements: list[str] = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def _note(*arguments: Any) -> None:
        statements.append(arguments[2])

    revisions.newest()
    queries = [one for one in statements if "revision" in one.lower()]
    assert len(queries) == 1
    assert "bundle" not in queries[0]
    with store.read() as session:
        assert session.exec(select(col(Revision.seq))).all() == [1]
