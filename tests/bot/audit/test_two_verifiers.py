"""Vaglio's own check and the one that shares no code with it: whatever is done to a ledger, both find it."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import tampering
from records_made import AT, Key, Made, checkpoint, fill

from bot.audit import verifier
from bot.audit.errors import RecordError
from bot.audit.export import Request, export

SEEDS = range(10)
DAMAGES = 110
"""For each seed."""
EXPORTED = 5
"""Of so many damaged ledgers one is exported too."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A ledger before anything is done to it, and the checkpoint that lies elsewhere."""

    folder: Path
    checkpoints: Path


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    folder = tmp_path_factory.mktemp("sound")
    made = Made.open(folder, is_new=True)
    fill(made)
    checkpoints = folder / "elsewhere.jsonl"
    checkpoints.write_text(checkpoint(Key(), made.end()) + "\n", encoding="utf-8")
    made.store.close()
    return Sound(folder, checkpoints)


def found_by_vaglio(folder: Path) -> bool:
    made = Made.open(folder, read_only=True)
    try:
        return not made.ledger.verify().is_sound
    finally:
        made.store.close()


def found_alone(what: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> bool:
    code = verifier.main([str(what), "--checkpoints", str(checkpoints), "--key", Key().public, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == (0 if told["ok"] else 1)
    return code == 1


def exported(folder: Path) -> Path | None:
    """None where no export is made of it."""
    made = Made.open(folder)
    try:
        export(made.store, made.ledger, folder / "export", Request("p_1", AT, with_words=True), signer=Key())
    except RecordError:
        return None
    finally:
        made.store.close()
    return folder / "export"


def test_neither_finds_anything_in_a_sound_one(
    sound: Sound, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not found_by_vaglio(sound.folder)
    assert not found_alone(sound.folder / "data" / "vaglio.db", sound.checkpoints, capsys)
    copy = tmp_path / "copy"
    shutil.copytree(sound.folder, copy)
    folder = exported(copy)
    assert folder is not None
    assert not found_alone(folder, sound.checkpoints, capsys)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_done_to_a_ledger_both_find_it(
    sound: Sound, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    chance = random.Random(seed)
    for number in range(DAMAGES):
        folder = tmp_path / str(number)
        shutil.copytree(sound.folder, folder)
        damage = _damaged(folder / "data" / "vaglio.db", chance)
        at = f"seed {seed}, damage {number}: {damage.__name__}"
        assert found_by_vaglio(folder), at
        assert found_alone(folder / "data" / "vaglio.db", sound.checkpoints, capsys), at
        # Words that were put in go into no export, which is then as it should be.
        if number % EXPORTED == 0 and damage is not tampering.words_put_in and (made := exported(folder)):
            assert found_alone(made, sound.checkpoints, capsys), at
        shutil.rmtree(folder)


def _damaged(database: Path, chance: random.Random) -> tampering.Damage:
    """What was done; by some chances nothing is (two that are the same are swapped), and then something else is."""
    with tampering.opened(database) as connection:
        before = tampering.state(connection)
        while True:
            damage = chance.choice((*tampering.IN_CHAIN, *tampering.IN_WORDS))
            damage(connection, chance)
            if tampering.state(connection) != before:
                return damage
