"""`vaglio models ...`: what is built from packages, and what is downloaded for whoever wants it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.build import terminal, tongue
from bot.cli.exits import EXIT_IO, EXIT_USAGE
from bot.cli.pipelines import PIPELINES, install_pipeline
from bot.cli.reporting import reporting
from bot.fetching import FetchError, check_name, fetch
from bot.settings import Settings, read_settings
from bot.wording import Wording
from rules.built import Report
from rules.detoxified import KINDS, NotDetoxify, is_installed

models = typer.Typer(no_args_is_help=True, help="Build, install and list the models that read meaning.")

Json = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


@models.command()
def build() -> int:
    """Build the encoder and the judge now rather than at the first need. Needs no network."""
    from rules.encoder import Encoder
    from rules.judge import Judge

    settings = read_settings()
    wording = Wording(tongue(settings))
    with reporting() as report:
        Encoder(settings.models_dir, report)
        judge = Judge(settings.models_dir, report)
    terminal().print(
        wording.say(
            "{model} {digest} is ready in {folder}.", model=judge.name, digest=judge.digest, folder=settings.models_dir
        )
    )
    return 0


@models.command("list")
def list_(as_json: Json = False) -> int:
    """Say which models there are, and which of them are ready."""
    from rules.judge import NAME, is_built, shipped_digest

    settings = read_settings()
    wording = Wording(tongue(settings))
    rows = [{"model": NAME, "installed": is_built(settings.models_dir), "digest": shipped_digest()}]
    rows += [
        {"model": f"detoxify-{kind}", "installed": is_installed(settings.models_dir, kind), "digest": None}
        for kind in KINDS
    ]
    if as_json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return 0
    for row in rows:
        terminal().print(f"{'✓' if row['installed'] else '–'} {row['model']}: {_state(row, wording)}")
    return 0


def _state(row: Mapping[str, object], wording: Wording) -> str:
    if row["installed"]:
        return wording.say("installed")
    if row["digest"]:
        return wording.say("built at the first need, or now with: vaglio models build")
    return wording.say("not installed: vaglio models install {model}", model=row["model"])


@models.command("install")
def install_(
    model: Annotated[str, typer.Argument(help="detoxify-multilingual, -original, -unbiased; it_core_news_md ...")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A folder with checkpoint, config.json and the tokenizer's files, or a pipeline's wheel: no network.",
        ),
    ] = None,
    sha256: Annotated[str | None, typer.Option("--sha256", help="What a pipeline's wheel must have.")] = None,
) -> int:
    """Download one of Detoxify's models or spaCy's pipelines (or take it from a folder), check it, make it ready."""
    settings = read_settings()
    wording = Wording(tongue(settings))
    if model in PIPELINES:
        return _pipeline(model, source, sha256, settings, wording)
    kind = model.removeprefix("detoxify-")
    if kind not in KINDS:
        known = ", ".join([*(f"detoxify-{kind}" for kind in KINDS), *PIPELINES])
        sys.stderr.write(wording.say("There is no model {model}. There are: {known}.", model=model, known=known) + "\n")
        return EXIT_USAGE
    if is_installed(settings.models_dir, kind):
        terminal().print(wording.say("{model} is installed already.", model=f"detoxify-{kind}"))
        return 0
    try:
        _install(kind, source, settings)
    except FetchError as error:
        sys.stderr.write(_said(error, kind, wording) + "\n")
        return EXIT_IO
    except NotDetoxify as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_IO
    terminal().print(wording.say("{model} is ready; it is used from the next start.", model=f"detoxify-{kind}"))
    return 0


def _pipeline(name: str, source: Path | None, sha256: str | None, settings: Settings, wording: Wording) -> int:
    try:
        with reporting() as report:
            digest = install_pipeline(name, source, sha256, settings.models_dir / "downloads", report)
    except FetchError as error:
        reason = error.reason
        if error.offline:
            reason = wording.say(
                "{reason}: there is no way to the network from here. Fetch the wheel from "
                "github.com/explosion/spacy-models on a machine that has one, "
                "and run: vaglio models install {name} --from FILE",
                reason=reason, name=name,
            )  # fmt: skip
        sys.stderr.write(reason + "\n")
        return EXIT_IO
    terminal().print(
        wording.say("{model} is ready; it is used from the next start.", model=name) + f" (SHA-256 {digest})"
    )
    return 0


def _install(kind: str, source: Path | None, settings: Settings) -> None:
    from rules.detoxify_checkpoints import install  # and with it ONNX's own package

    folder = settings.models_dir
    with reporting() as report:
        downloads = folder / "downloads" / f"detoxify-{kind}"
        if source is None:
            downloads.mkdir(parents=True, exist_ok=True)
            _download(kind, downloads, report)
        try:
            checkpoint = _checkpoint_in(source or downloads)
            check_name(checkpoint)
            install(folder, kind, checkpoint.parent, checkpoint, report)
        finally:
            # What was whole is installed, and what was not is no use to the next try.
            shutil.rmtree(downloads, ignore_errors=True)


def _checkpoint_in(source: Path) -> Path:
    found = sorted(source.glob("*.ckpt"))
    if len(found) != 1:
        raise FetchError(f"{source}: one .ckpt file is wanted there, and there are {len(found)}")
    if not (source / "config.json").is_file():
        raise FetchError(
            f"{source}: config.json of the architecture is missing, beside the checkpoint and the tokenizer's files"
        )
    return found[0]


_ARCHITECTURES = {
    "multilingual": ("FacebookAI/xlm-roberta-base", ("config.json", "tokenizer.json", "tokenizer_config.json")),
    "original": (
        "google-bert/bert-base-uncased",
        ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"),
    ),
    "unbiased": (
        "FacebookAI/roberta-base",
        ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"),
    ),
}
"""Where the configuration and the tokenizer of each are published."""
_HUB = "https://huggingface.co/{name}/resolve/main/{file}"


def _download(kind: str, target: Path, report: Report) -> None:
    """The checkpoint from where Detoxify itself takes it, and its architecture's small files."""
    from detoxify.detoxify import MODEL_URLS

    address = MODEL_URLS[kind]
    name, files = _ARCHITECTURES[kind]
    addresses = [*(_HUB.format(name=name, file=file) for file in files), address]
    for each in addresses:
        fetch(each, target / each.rsplit("/", 1)[-1], report)


def _said(error: FetchError, kind: str, wording: Wording) -> str:
    if not error.offline:
        return error.reason
    return wording.say(
        "{reason}: there is no way to the network from here. On a machine that has one, put the checkpoint, "
        "config.json and the tokenizer's files into a folder, and run: "
        "vaglio models install detoxify-{kind} --from FOLDER",
        reason=error.reason, kind=kind,
    )  # fmt: skip
