"""What one would use instead of Vaglio, timed on the same drafts: each in a process of its own.

humanus is a dependency for development alone: nothing of Vaglio's uses it, so it is never in `requirements.lock`.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

LANGUAGES = ("it", "en")


def times(call: Callable[[str], object], texts: Sequence[str], repeat: int) -> list[float]:
    """Milliseconds for each text, `repeat` times over, after five that warm up."""
    for text in texts[:5]:
        call(text)
    spent = []
    for _ in range(repeat):
        for text in texts:
            started = time.perf_counter()
            call(text)
            spent.append((time.perf_counter() - started) * 1000)
    return spent


def quantiles(values: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(values, n=20)
    return statistics.median(values), cuts[-1]


def row(name: str, values: Sequence[float]) -> str:
    middle, high = quantiles(values)
    return f"  {name:<34} p50 {middle:8.3f}   p95 {high:8.3f}"


def presidio_engine() -> AnalyzerEngine:
    """Every recogniser that Presidio registers by itself, on an engine without a model: what one gets offline.

    To be made in a process of its own: Vaglio's loads a Presidio without the parts that it does not use.
    """
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    registry = RecognizerRegistry(supported_languages=list(LANGUAGES))
    registry.load_predefined_recognizers(languages=list(LANGUAGES))
    registry.remove_recognizer("SpacyRecognizer")  # it needs a downloaded model
    models = [{"lang_code": language, "model_name": "none"} for language in LANGUAGES]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "no_op", "models": models}).create_engine()
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=list(LANGUAGES))


def presidio_defaults(texts: Sequence[str], repeat: int) -> list[float]:
    analyzer = presidio_engine()
    return times(lambda text: [analyzer.analyze(text, language=language) for language in LANGUAGES], texts, repeat)


def detoxify_predict(texts: Sequence[str], repeat: int) -> list[float]:
    """`Detoxify.predict` with random weights: speed does not depend on them, and they are not to be had everywhere."""
    import torch
    from detoxify import Detoxify
    from speed import write_base

    torch.set_num_threads(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as place:
        checkpoint = write_base(Path(place) / "source")
        theirs = Detoxify(checkpoint=str(checkpoint), huggingface_config_path=str(checkpoint.parent))
        return times(theirs.predict, texts, repeat)


def humanus(texts: Sequence[str], repeat: int) -> dict[str, list[float]]:
    """By starter pack, English all: its rules alone, for its classifier is a service on the web."""
    from humanus import builtin_pack, check, list_builtin_packs

    def checked(pack: dict[str, object]) -> Callable[[str], object]:
        return lambda text: check(
            {"schemaVersion": 1, "content": {"format": "text", "text": text}, "pack": pack}, decision_model=None
        )

    return {name: times(checked(builtin_pack(name)), texts, repeat) for name in list_builtin_packs()}
