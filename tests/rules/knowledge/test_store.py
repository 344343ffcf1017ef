"""Where knowledge is kept: whole or not at all, under its own key, also while others read."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rules.knowledge.store import Knowledge, KnowledgeError, Manifest, check_name


def writing(number: int) -> Callable[[Path], dict[str, Any]]:
    def write(place: Path) -> dict[str, Any]:
        for name in ("one", "two"):
            np.save(place / f"{name}.npy", np.full(1_000, number))
        return {"number": number}

    return write


def load(place: Path, manifest: Manifest) -> tuple[int, int, int]:
    one, two = (int(np.load(place / f"{name}.npy", mmap_mode="r")[-1]) for name in ("one", "two"))
    return one, two, int(manifest.about["number"])


def folders(knowledge: Knowledge) -> list[Path]:
    return [path for path in knowledge.folder.iterdir() if path.is_dir()]


def test_what_is_put_is_got_and_opened_once(knowledge: Knowledge) -> None:
    opened: list[Path] = []

    def counting(place: Path, manifest: Manifest) -> object:
        opened.append(place)
        return load(place, manifest)

    manifest = knowledge.put("numbers", "numbers", writing(1))
    assert (manifest.name, manifest.kind, manifest.about) == ("numbers", "numbers", {"number": 1})
    for _ in range(3):
        assert knowledge.get("numbers", "numbers", counting) == (1, 1, 1)
    assert len(opened) == 1
    assert [one.name for one in knowledge.names()] == ["numbers"]


def test_what_is_replaced_is_read_anew_also_by_others(knowledge: Knowledge) -> None:
    other = Knowledge(knowledge.folder, knowledge.keyed)
    for number in (1, 2):
        knowledge.put("numbers", "numbers", writing(number))
        assert knowledge.get("numbers", "numbers", load) == (number,) * 3
        assert other.get("numbers", "numbers", load) == (number,) * 3
    assert len(folders(knowledge)) == 1


def test_a_power_cut_leaves_the_new_version_or_the_old_one_and_never_half(
    knowledge: Knowledge, synced: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one goes only once every file of the new one, and the name that means it, are on the disk."""
    knowledge.put("numbers", "numbers", writing(1))
    (old,), gone = folders(knowledge), list[tuple[Path, set[Path]]]()
    remove = shutil.rmtree

    def noted(place: Path, *, ignore_errors: bool) -> None:
        gone.append((place, set(synced)))
        remove(place, ignore_errors=ignore_errors)

    monkeypatch.setattr("rules.knowledge.store.shutil.rmtree", noted)
    synced.clear()
    knowledge.put("numbers", "numbers", writing(2))
    (new,), ((place, before),) = folders(knowledge), gone
    assert place == old
    assert {new, new / "one.npy", new / "two.npy", knowledge.folder} <= before


def test_what_is_interrupted_leaves_the_old_in_force(knowledge: Knowledge) -> None:
    def stop(place: Path) -> dict[str, Any]:
        (place / "one.npy").write_bytes(b"half")
        raise KeyboardInterrupt

    knowledge.put("numbers", "numbers", writing(1))
    with pytest.raises(KeyboardInterrupt):
        knowledge.put("numbers", "numbers", stop)
    assert knowledge.get("numbers", "numbers", load) == (1, 1, 1)
    assert len(folders(knowledge)) == 1


def test_what_somebody_left_who_was_stopped_is_cleared(knowledge: Knowledge) -> None:
    knowledge.put("numbers", "numbers", writing(1))
    (knowledge.folder / "numbers@left").mkdir()
    (knowledge.folder / "numbers-2@left").mkdir()
    knowledge.put("numbers", "numbers", writing(2))
    assert sorted(path.name.partition("@")[0] for path in folders(knowledge)) == ["numbers", "numbers-2"]


def test_what_was_being_made_by_somebody_who_was_stopped_is_cleared(knowledge: Knowledge) -> None:
    with knowledge.apart() as other:
        (knowledge.folder / ".new-left").mkdir()
        (knowledge.folder / ".new-left" / "parcel.zip").write_bytes(b"half")
        with knowledge.apart() as place:
            assert (other.folder.is_dir(), place.folder.is_dir()) == (True, True)
            assert len(list(knowledge.folder.glob(".new-*"))) == 2
    assert list(knowledge.folder.glob(".new-*")) == []


def test_while_it_is_replaced_nobody_reads_half_of_it(knowledge: Knowledge) -> None:
    knowledge.put("numbers", "numbers", writing(0))
    read: list[tuple[int, int, int]] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def reading() -> None:
        while not done.is_set():
            try:
                # Opened anew each time, as another process would.
                read.append(Knowledge(knowledge.folder, knowledge.keyed).get("numbers", "numbers", load))
            except BaseException as error:
                failed.append(error)

    threads = [threading.Thread(target=reading) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 60):
        knowledge.put("numbers", "numbers", writing(number))
    done.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert all(len(set(numbers)) == 1 for numbers in read)
    assert knowledge.get("numbers", "numbers", load) == (59, 59, 59)


def test_many_put_and_one_stays(knowledge: Knowledge) -> None:
    threads = [threading.Thread(target=knowledge.put, args=("numbers", "numbers", writing(n))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(knowledge.get("numbers", "numbers", load))) == 1
    assert len(folders(knowledge)) == 1


def test_another_key_opens_nothing_and_says_which_to_restore(knowledge: Knowledge, other_key: Knowledge) -> None:
    knowledge.put("numbers", "numbers", writing(1))
    with pytest.raises(KnowledgeError, match=r"another key \(knowledge\.key\)"):
        other_key.get("numbers", "numbers", load)
    assert [one.key == other_key.keyed.mark for one in other_key.names()] == [False]
    other_key.put("numbers", "numbers", writing(2))
    assert other_key.get("numbers", "numbers", load) == (2, 2, 2)


def test_another_kind_is_not_taken_for_the_one_wanted(knowledge: Knowledge) -> None:
    knowledge.put("numbers", "numbers", writing(1))
    with pytest.raises(KnowledgeError, match="it holds numbers, and letters are wanted"):
        knowledge.get("numbers", "letters", load)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no array"),
        lambda path: path.write_bytes(path.read_bytes()[:200]),
        lambda path: path.write_bytes(b"\x80\x04N."),
    ],
    ids=["gone", "empty", "other", "short", "pickle"],
)
def test_a_damaged_file_is_said_with_the_remedy(knowledge: Knowledge, damage: Callable[[Path], object]) -> None:
    knowledge.put("numbers", "numbers", writing(1))
    damage(folders(knowledge)[0] / "two.npy")
    with pytest.raises(KnowledgeError, match=r"damaged .*add the source again"):
        knowledge.get("numbers", "numbers", load)
    knowledge.put("numbers", "numbers", writing(2))
    assert knowledge.get("numbers", "numbers", load) == (2, 2, 2)


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"version": 1}', '{"version": 2}', "\x00", "{"])
def test_a_strange_manifest_is_said_and_left_out_of_the_list(knowledge: Knowledge, content: str) -> None:
    knowledge.put("numbers", "numbers", writing(1))
    (knowledge.folder / "numbers.json").write_text(content, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"numbers\.json: .*add the source again"):
        knowledge.get("numbers", "numbers", load)
    assert list(knowledge.names()) == []


def test_what_was_never_there_says_how_to_add_it(knowledge: Knowledge) -> None:
    assert list(knowledge.names()) == []
    with pytest.raises(KnowledgeError, match="vaglio knowledge add"):
        knowledge.get("numbers", "numbers", load)


def test_what_is_removed_is_gone(knowledge: Knowledge) -> None:
    knowledge.put("numbers", "numbers", writing(1))
    knowledge.put("others", "numbers", writing(2))
    assert knowledge.get("numbers", "numbers", load)
    knowledge.remove("numbers")
    with pytest.raises(KnowledgeError):
        knowledge.get("numbers", "numbers", load)
    with pytest.raises(KnowledgeError, match="there is no numbers"):
        knowledge.remove("numbers")
    assert [one.name for one in knowledge.names()] == ["others"]
    assert len(folders(knowledge)) == 1


@pytest.mark.parametrize("name", ["", "A", "1a", "a b", "../a", "a/b", "a.b", "a@b", "è", "a" * 42, "-a", "a\n"])
def test_what_is_no_name_is_refused(knowledge: Knowledge, name: str) -> None:
    for refuse in (check_name, knowledge.remove, lambda name: knowledge.put(name, "numbers", writing(1))):
        with pytest.raises(KnowledgeError, match="small letters"):
            refuse(name)


def test_only_its_owner_may_look_into_the_folder(knowledge: Knowledge) -> None:
    knowledge.put("numbers", "numbers", writing(1))
    assert knowledge.folder.stat().st_mode & 0o077 == 0
    assert json.loads((knowledge.folder / "numbers.json").read_text(encoding="utf-8"))["about"] == {"number": 1}
