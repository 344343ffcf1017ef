"""Training, on a handful of rows: it learns, it resumes, and what it saves is what is served."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors.numpy import load_file

from rules.draft import Account, Kind
from rules.e5 import read_e5, weights_path
from rules.encoder import checked_weights
from rules.judge import Judge, graph_of
from rules.labels import LABELS
from rules.passages import Context
from rules.serving import Served, session
from rules.tokens import Tokenizer
from rules.weights.average import average
from rules.weights.calibrate import calibrated, logits_of
from rules.weights.network import JudgeNetwork, batch, highest
from rules.weights.rows import Row, read_corpus, seen
from rules.weights.train import Recipe, Rows, restore, save, train

pytestmark = pytest.mark.slow
RECIPE = Recipe(rank=2, hidden=8, lowest=11, epochs=2.0, open_share=0.0)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Forty rows, half of them insults."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    row = {"kind": "post", "account": "personal", "lang": "it"}
    lines = [
        {**row, "text": f"Siete dei cretini, numero {number}.", "labels": ["insult"]}
        if number % 2
        else {**row, "text": f"Buongiorno a tutti, oggi apriamo alle {number}.", "labels": []}
        for number in range(40)
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    for part in ("train", "dev"):
        (folder / f"{part}.jsonl").write_text(text, encoding="utf-8")
    return folder


def fresh() -> JudgeNetwork:
    torch.manual_seed(RECIPE.seed)
    return JudgeNetwork(read_e5(weights_path()), RECIPE.rank, RECIPE.hidden, lowest=RECIPE.lowest)


def test_it_learns_and_a_second_run_adds_nothing(corpus: Path, tokenizer: Tokenizer, tmp_path: Path) -> None:
    network = fresh()
    before = network.outer.bias.detach().clone()
    train(network, tokenizer, Rows(corpus, None, RECIPE), RECIPE, tmp_path)
    learned = network.state_dict()
    assert not torch.equal(before, learned["outer.bias"])
    again = fresh()
    train(again, tokenizer, Rows(corpus, None, RECIPE), RECIPE, tmp_path)
    for name, value in again.state_dict().items():
        torch.testing.assert_close(value, learned[name])


def test_another_recipe_does_not_go_on_from_this_one(corpus: Path, tokenizer: Tokenizer, tmp_path: Path) -> None:
    train(fresh(), tokenizer, Rows(corpus, None, RECIPE), RECIPE, tmp_path)
    other = Recipe(rank=2, hidden=8, lowest=11, epochs=3.0, open_share=0.0)
    with pytest.raises(SystemExit, match="another recipe"):
        train(fresh(), tokenizer, Rows(corpus, None, other), other, tmp_path)


def test_other_data_is_another_training(corpus: Path, tokenizer: Tokenizer, tmp_path: Path) -> None:
    train(fresh(), tokenizer, Rows(corpus, None, RECIPE), RECIPE, tmp_path)
    path = corpus / "train.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("cretini", "incapaci"), encoding="utf-8")
    with pytest.raises(SystemExit, match="other data"):
        train(fresh(), tokenizer, Rows(corpus, None, RECIPE), RECIPE, tmp_path)


def test_an_epoch_is_the_same_each_time_and_another_is_another(corpus: Path) -> None:
    rows = Rows(corpus, None, RECIPE)
    texts = [[row.text for row in rows.epoch(number)] for number in (0, 0, 1)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_what_is_saved_is_what_is_served(corpus: Path, tokenizer: Tokenizer, tmp_path: Path) -> None:
    network = fresh()
    train(network, tokenizer, Rows(corpus, None, RECIPE), RECIPE, tmp_path)
    network.eval()
    weights = tmp_path / "judge.safetensors"
    save(network, RECIPE, weights)
    assert load_file(weights)["l11.q.down"].dtype == np.float16
    rows = read_corpus("dev", corpus)
    passages = [passage for row in rows if (passage := seen(row, tokenizer))]
    ids, mask, segments, there = batch(passages)
    with torch.no_grad():
        learned = network(ids, mask, segments)
    onnx.save(graph_of(weights, int8=False), str(tmp_path / "exact.onnx"))
    exact = Served(session(tmp_path / "exact.onnx"), checked_weights().words).run(passages, "logits")
    for row, (found,) in zip(learned.numpy(), exact, strict=True):
        np.testing.assert_allclose(found, row[: len(found)], atol=0.02)  # weights are saved in half precision

    served = logits_of(Judge(tmp_path / "models", weights=weights, calibration=None), rows)
    # In eight bits, and of forty sentences that differ in a number: what is left of the differences is still theirs.
    assert np.corrcoef(served.ravel(), highest(learned, there).numpy().ravel())[0, 1] > 0.95


def test_calibration_tells_the_taught_label(corpus: Path) -> None:
    rows = read_corpus("dev", corpus)
    logits = np.full((len(rows), len(LABELS)), -4.0, np.float32)
    logits[1::2, LABELS.index("insult")] = 3.0
    found = calibrated(rows, logits)
    assert set(found) == {"*", "it"}
    insult = found["it"]["insult"]
    assert insult["slope"] > 0
    assert 0 < insult["threshold"] < 1


def test_sentences_that_are_not_there_never_win(tokenizer: Tokenizer) -> None:
    rows = [Row(text, "it", {}, Context(Kind.POST, Account.PERSONAL)) for text in ("Ciao.", "Ciao. A domani. Grazie.")]
    *_, there = batch([passage for row in rows if (passage := seen(row, tokenizer))])
    logits = torch.full((2, there.shape[1], len(LABELS)), -1.0)
    logits[0, 1:] = 9.0
    assert highest(logits, there).max() == -1.0


def test_the_recipe_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from rules.weights import train as module

    monkeypatch.setattr("sys.argv", ["train", "--out", "x", "--rank", "8", "--epochs", "1.5"])
    asked: argparse.Namespace = module._arguments()
    assert (asked.rank, asked.epochs, asked.lowest) == (8, 1.5, Recipe().lowest)


def test_what_was_saved_can_be_gone_on_from(tmp_path: Path) -> None:
    network = fresh()
    for parameter in network.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.02)
    save(network, RECIPE, tmp_path / "one.safetensors")
    other = fresh()
    restore(other, tmp_path / "one.safetensors")
    save(other, RECIPE, tmp_path / "two.safetensors")
    one, two = load_file(tmp_path / "one.safetensors"), load_file(tmp_path / "two.safetensors")
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_new_rows_are_all_used_and_twice(corpus: Path) -> None:
    path = corpus / "train.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines[:4]:
        line["hand"] = "h46"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    going_on = Recipe(rank=2, hidden=8, lowest=11, open_share=0.0, sample=0.25, newest=46)
    assert len(Rows(corpus, None, going_on).epoch(0)) == 9 + 2 * 4


def test_the_mean_of_two_lies_between_them(tmp_path: Path) -> None:
    network = fresh()
    for number, value in enumerate((0.0, 1.0)):
        torch.nn.init.constant_(network.outer.bias, value)
        save(network, RECIPE, tmp_path / f"{number}.safetensors")
    average([tmp_path / "0.safetensors", tmp_path / "1.safetensors"], tmp_path / "mean.safetensors")
    assert np.all(load_file(tmp_path / "mean.safetensors")["outer.bias"] == 0.5)
