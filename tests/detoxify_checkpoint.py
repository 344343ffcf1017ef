"""A small checkpoint in Detoxify's own format: what `vaglio models install` takes, made in seconds.

It has learned that one word each makes a text toxic, obscene ...: random weights say nearly the same of every text.
"""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

CLASSES = ["toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit"]
ORIGINAL = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]

_WORDS = [
    "grazie",
    "domani",
    "piazza",
    "colleghe",
    "assistenza",
    "telefono",
    "vergogna",
    "incapaci",
    "bolletta",
    "sole",
    "libro",
    "treno",
    "mare",
    "cane",
    "lavoro",
    "thanks",
    "tomorrow",
    "square",
    "team",
    "phone",
    "shame",
    "useless",
    "bill",
    "sun",
    "book",
    "train",
    "sea",
    "dog",
    "work",
]


def texts(count: int, seed: int = 3) -> list[str]:
    """Texts of the words that the checkpoint knows."""
    dice = random.Random(seed)
    return [" ".join(dice.choices(_WORDS, k=dice.randint(3, 25))) for _ in range(count)]


def write_checkpoint(
    folder: Path,
    kind: str = "xlm-roberta",
    *,
    hidden: int = 64,
    layers: int = 2,
    words: int = 400,
    trained: bool = True,
) -> Path:
    """Write checkpoint, config.json and tokenizer files into `folder`; returns the checkpoint, named by its digest."""
    import torch
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    model_name, config_name, classes = {
        "xlm-roberta": ("XLMRobertaForSequenceClassification", "XLMRobertaConfig", CLASSES),
        "roberta": ("RobertaForSequenceClassification", "RobertaConfig", CLASSES),
        "bert": ("BertForSequenceClassification", "BertConfig", ORIGINAL),
    }[kind]
    tokenizer = _tokenizer(words)
    positions = 512 if kind == "bert" else 514
    config = getattr(transformers, config_name)(
        vocab_size=max(words, len(tokenizer)), hidden_size=hidden, num_hidden_layers=layers,
        num_attention_heads=max(2, hidden // 64), intermediate_size=4 * hidden, max_position_embeddings=positions,
        type_vocab_size=2 if kind == "bert" else 1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        # As published: some outputs beyond the classes, which nobody reads.
        num_labels=len(classes) if kind == "bert" else 16, layer_norm_eps=1e-5, initializer_range=0.08,
    )  # fmt: skip
    model = getattr(transformers, model_name)(config)
    if trained:
        _train(model, tokenizer, len(classes))
    config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    # The published files name a hub's model here, which Detoxify's loader asks for over the network.
    arch = {
        "model_type": str(folder), "model_name": model_name, "tokenizer_name": "PreTrainedTokenizerFast",
        "num_classes": config.num_labels,
    }  # fmt: skip
    checkpoint = {
        "config": {
            "dataset": {"args": {"classes": classes}},
            "arch": {"args": {**arch, "num_classes": config.num_labels}},
        },
        "state_dict": model.state_dict(),
    }
    plain = folder / "plain.ckpt"
    torch.save(checkpoint, plain)
    digest = hashlib.sha256(plain.read_bytes()).hexdigest()
    return plain.rename(folder / f"{kind}_test-{digest[:8]}.ckpt")


def _tokenizer(words: int):  # type: ignore[no-untyped-def]
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=words, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(texts(500), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
        cls_token="<s>", sep_token="</s>", model_max_length=512,
    )  # fmt: skip


def _train(model, tokenizer, classes: int) -> None:  # type: ignore[no-untyped-def]
    """Class by class one word: a minute of learning in two seconds."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so small a network only waits for a second one
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for step in range(150):
        batch = texts(32, seed=100 + step)
        truth = torch.tensor([[float(_WORDS[number] in text.split()) for number in range(classes)] for text in batch])
        logits = model(**tokenizer(batch, return_tensors="pt", padding=True)).logits[:, :classes]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.set_num_threads(threads)
    model.eval()
