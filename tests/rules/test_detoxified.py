"""Detoxify served without torch: its own scores, on small checkpoints in its own format."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from detoxify_checkpoint import texts, write_checkpoint

from rules.detoxified import Detoxified, NotDetoxify, is_installed
from rules.detoxify_checkpoints import install, read_checkpoint
from rules.segmenting import sentences
from rules.unavailable import Unavailable

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
KINDS = ("xlm-roberta", "bert", "roberta")
TAUGHT, FILLER = "grazie", "mare libro sole"


@pytest.fixture(scope="module", params=KINDS)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with its configuration and tokenizer."""
    return write_checkpoint(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def served(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Detoxified:
    folder = tmp_path_factory.mktemp("models")
    install(folder, "multilingual", source.parent, source)
    return Detoxified(folder, "multilingual")


def theirs(source: Path, drafts: list[str]) -> tuple[list[str], np.ndarray]:
    """What the package itself says, loaded by its own loader."""
    from detoxify import Detoxify

    found = Detoxify(checkpoint=str(source), huggingface_config_path=str(source.parent)).predict(drafts)
    return list(found), np.array(list(found.values())).T


def test_the_scores_are_detoxify_s_own(source: Path, served: Detoxified) -> None:
    drafts = texts(200, seed=5)
    classes, expected = theirs(source, drafts)
    found = served.predict(drafts)
    assert list(served.classes) == classes
    assert expected.std(axis=0).min() > 0.05  # the checkpoint tells texts apart
    assert np.abs(found - expected).max() < 0.02


@pytest.fixture(scope="module")
def middle(served: Detoxified) -> float:
    """Between the score of a text with the word that the first class was taught, and of one without."""
    quiet, loud = served.predict([FILLER, f"{FILLER} {TAUGHT} {TAUGHT}"])[:, 0]
    assert loud > quiet + 0.1
    return float(quiet + loud) / 2


def test_text_beyond_the_network_is_read_to_its_end(served: Detoxified, middle: float) -> None:
    long = f"{FILLER} " * 300
    assert served.predict([long])[0, 0] < middle
    assert served.predict([f"{long} {TAUGHT} {TAUGHT} {TAUGHT}"])[0, 0] > middle


def test_a_sentence_is_found_in_its_place(served: Detoxified, middle: float) -> None:
    text = f"{FILLER}. {FILLER} {TAUGHT} {TAUGHT}. {FILLER} treno."
    found = served.read(text, sentences(text)).over(served.classes[0], middle)
    assert [scored.span.of(text) for scored in found] == [f"{FILLER} {TAUGHT} {TAUGHT}."]


def test_texts_apart_from_one_another(served: Detoxified, middle: float) -> None:
    quiet, loud = served.read_each([FILLER, f"{FILLER} {TAUGHT} {TAUGHT}"])
    assert quiet.score(served.classes[0]) < middle < loud.score(served.classes[0])
    assert served.read_each([]) == []
    with pytest.raises(Unavailable, match="timeout"):
        served.read_each([FILLER] * 1_000)


def test_places_in_a_long_text(served: Detoxified, middle: float) -> None:
    text = f"{FILLER} " * 130 + f"{TAUGHT} {TAUGHT} {TAUGHT}"
    found = served.read(text, sentences(text)).over(served.classes[0], middle)
    assert found
    assert all(TAUGHT in scored.span.of(text) for scored in found)
    assert max(scored.span.end for scored in found) == len(text)


def test_serving_loads_no_torch(served: Detoxified, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from rules.detoxified import Detoxified\n"
        f"Detoxified(Path({str(served.folder)!r}), 'multilingual').predict(['ciao'])\n"
        "print({'torch', 'transformers'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_what_is_not_installed_says_how(tmp_path: Path) -> None:
    assert not is_installed(tmp_path, "original")
    with pytest.raises(FileNotFoundError, match="vaglio models install detoxify-original"):
        Detoxified(tmp_path, "original")


def test_a_damaged_installation_is_none(tmp_path: Path, source: Path) -> None:
    place = install(tmp_path, "multilingual", source.parent, source)
    (place / "classes.json").write_text("[]", encoding="utf-8")
    assert not is_installed(tmp_path, "multilingual")


def test_a_file_of_another_kind_is_refused(tmp_path: Path, source: Path) -> None:
    import torch

    other = tmp_path / "other.ckpt"
    torch.save({"weights": torch.zeros(3)}, other)
    with pytest.raises(NotDetoxify, match=r"other\.ckpt"):
        read_checkpoint(other, source.parent / "config.json")


def test_an_architecture_of_another_kind_is_refused(tmp_path: Path, source: Path) -> None:
    config = json.loads((source.parent / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "albert"}), encoding="utf-8")
    with pytest.raises(NotDetoxify, match="albert"):
        read_checkpoint(source, tmp_path / "config.json")


class Evil:
    """What a pickle may hold: code that runs when it is opened."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._path),)


def test_a_file_that_would_run_code_is_opened_as_weights_alone(tmp_path: Path, source: Path) -> None:
    import torch

    ran, evil = tmp_path / "ran", tmp_path / "evil.ckpt"
    torch.save({"state_dict": {}, "config": Evil(ran)}, evil)
    with pytest.raises(NotDetoxify, match="more than weights"):
        read_checkpoint(evil, source.parent / "config.json")
    assert not ran.exists()


class Foreign:
    """An object of its makers' own, as training programs leave them in a checkpoint's configuration."""

    def __init__(self, learned: float = 0.1) -> None:
        self.learned = learned


def test_what_else_a_checkpoint_names_is_never_made(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    checkpoint = torch.load(source, weights_only=True)
    checkpoint["config"]["optimizer"] = Foreign()
    foreign = tmp_path / "foreign.ckpt"
    monkeypatch.setitem(sys.modules, Foreign.__module__, sys.modules[__name__])
    torch.save(checkpoint, foreign)
    monkeypatch.setattr(Foreign, "__setstate__", lambda *_: pytest.fail("made"), raising=False)
    read = read_checkpoint(foreign, source.parent / "config.json")
    assert read.classes == read_checkpoint(source, source.parent / "config.json").classes


def test_not_even_a_file_with_the_published_digits_runs_code(tmp_path: Path, source: Path) -> None:
    """Eight digits of a digest can be met by trying: they tell a broken download, not an enemy."""
    import torch

    ran = tmp_path / "ran"
    for number, legacy in enumerate((False, True)):
        evil = tmp_path / f"{number}-0b549669.ckpt"
        torch.save({"state_dict": {}, "config": Evil(ran)}, evil, _use_new_zipfile_serialization=not legacy)
        with pytest.raises(NotDetoxify):
            install(tmp_path / "models", "multilingual", source.parent, evil)
    assert not ran.exists()
