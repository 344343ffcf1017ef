"""Measures the language identifiers that are installed on bench/data/language.jsonl, each in a process of its own.

    python bench/language.py                   the table of docs/decisions/language.md
    python bench/language.py --more FILE       the shipped decision on other texts, in the same format

Every library answers through the same rule, with margins found on one half of the texts; figures are of the other half.
`vaglio` is rules/language.py as shipped, on both halves. A third language is right by whatever foreign name, since that
is what a policy asks; `misnamed` says how many of those have another name than the text's.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import math
import re
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

DATA = ROOT / "bench" / "data" / "language.jsonl"
OWN = ("it", "en")
LATIN = (
    *("it", "en", "es", "fr", "de", "pt", "ca", "gl", "eu", "ro", "nl", "sq", "sl", "hr", "pl", "cs", "sk", "hu", "sv"),
    *("da", "no", "fi", "is", "et", "lv", "lt", "ga", "mt", "tr", "vi", "id", "tl", "sw"),
)
OTHERS = ("ru", "uk", "bg", "sr", "mk", "be", "el", "ar", "fa", "ur", "he", "zh", "ja", "ko", "hi", "bn", "pa", "th")
PASSES = 5

Beliefs = Mapping[str, float]
"""Log-belief of each candidate language; only differences matter."""


class Text(NamedTuple):
    text: str
    language: str

    @property
    def held_out(self) -> bool:
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 1


def read(path: Path) -> list[Text]:
    with path.open(encoding="utf-8") as lines:
        return [Text(row["text"], row["language"]) for row in map(json.loads, lines)]


def py3langid() -> Callable[[str], Beliefs]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages({*LATIN, *OTHERS})
    return lambda text: dict(identifier.rank(text))


def lingua() -> Callable[[str], Beliefs]:
    from lingua import IsoCode639_1, Language, LanguageDetectorBuilder

    codes = {"nb" if code == "no" else code for code in (*LATIN, *OTHERS)}
    known = [getattr(IsoCode639_1, code.upper(), None) for code in sorted(codes)]
    languages = [Language.from_iso_code_639_1(code) for code in known if code is not None]
    detector = LanguageDetectorBuilder.from_languages(*languages).with_preloaded_language_models().build()

    def beliefs(text: str) -> Beliefs:
        values = detector.compute_language_confidence_values(text)
        return {v.language.iso_code_639_1.name.lower(): math.log(max(v.value, 1e-12)) for v in values}

    return beliefs


def eldc() -> Callable[[str], Beliefs]:
    import eldc as library

    library.init()
    library.set_languages([*LATIN, *OTHERS])
    # Its scores are no probabilities, and only the first three are told.
    return lambda text: dict(library.detect_details(text).scores or {})


def vaglio() -> Callable[[str], Any]:
    from rules.language import detect, prepare

    prepare()
    return lambda text: detect(text, OWN).code


LIBRARIES = {"py3langid": py3langid, "lingua": lingua, "eldc": eldc}
DISTRIBUTIONS = {"py3langid": "py3langid", "lingua": "lingua-language-detector", "eldc": "eldc", "vaglio": "py3langid"}


def cleaned(text: str) -> str:
    """What every library is given: no links, mentions, digits, emoji."""
    text = re.sub(r"\S*(?:://|@|www\.)\S*", " ", text)
    return " ".join(re.sub(r"[^\w\s'’.,;:!?¿¡-]|[\d_]", " ", text).split())


def leads(beliefs: Beliefs) -> tuple[str, float, str, float]:
    """The policy's best and its lead over all others; the best foreign language and its lead over the policy's best."""
    floor = min(beliefs.values(), default=0.0)
    own = max(OWN, key=lambda code: beliefs.get(code, floor))
    foreign = max((code for code in beliefs if code not in OWN), key=lambda code: beliefs[code], default="")
    mine = beliefs.get(own, floor)
    rival = max((value for code, value in beliefs.items() if code != own), default=floor)
    return own, mine - rival, foreign, beliefs.get(foreign, floor) - mine


def margins(texts: Iterable[Text], beliefs: Callable[[str], Beliefs]) -> tuple[float, float]:
    """The largest lead with which the policy's side, then the foreign side, is wrong on these texts."""
    sure = foreign = 0.0
    for text in texts:
        own, lead, _, foreign_lead = leads(beliefs(cleaned(text.text)))
        if own != text.language:
            sure = max(sure, lead)
        if text.language in OWN:
            foreign = max(foreign, foreign_lead)
    return sure, foreign


def decided(beliefs: Beliefs, sure: float, foreign: float) -> str | None:
    own, lead, other, foreign_lead = leads(beliefs)
    if lead > sure:
        return own
    return other if foreign_lead > foreign else None


def resident() -> float:
    """Megabytes this process holds; its peak where the system does not tell the present."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"VmRSS:\s+(\d+)", status.read_text())[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def on_disk(distribution: str) -> float:
    files = importlib.metadata.distribution(distribution).files or []
    paths = [Path(str(file.locate())) for file in files]
    return sum(path.stat().st_size for path in paths if path.is_file() and path.suffix != ".pyc") / 2**20


def group(language: str) -> str:
    return language if language in OWN else "third"


def verdict(answer: str | None, language: str) -> str:
    if answer is None:
        return "undecided"
    if answer == language:
        return "right"
    return "misnamed" if language not in OWN and answer not in OWN else "wrong"


def percentages(texts: Iterable[Text], answer: Callable[[str], str | None]) -> dict[str, dict[str, float]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        kind = verdict(answer(text.text), text.language)
        counts[group(text.language)][kind] += 1
    return {
        name: {kind: 100 * count / found.total() for kind, count in found.items()} | {"texts": found.total()}
        for name, found in sorted(counts.items())
    }


def measure(name: str) -> dict[str, Any]:
    texts = read(DATA)
    if name == "vaglio":
        import rules.language  # noqa: F401  what the product has loaded anyway is not the identifier's
    before, started = resident(), time.perf_counter()
    if name == "vaglio":
        answer = vaglio()
    else:
        beliefs = LIBRARIES[name]()
    loading = time.perf_counter() - started
    halves = {"held out": [text for text in texts if text.held_out]}
    if name == "vaglio":
        halves["tuned on"] = [text for text in texts if not text.held_out]
    else:
        sure, foreign = margins([text for text in texts if not text.held_out], beliefs)

        def answer(text: str) -> str | None:
            return decided(beliefs(cleaned(text)), sure, foreign)

    results = {half: percentages(chosen, answer) for half, chosen in halves.items()}
    times = []
    for _ in range(PASSES):
        for text in texts:
            started = time.perf_counter()
            answer(text.text)
            times.append(1000 * (time.perf_counter() - started))
    cuts = statistics.quantiles(times, n=20)
    return {
        "results": results,
        "p50": cuts[9],
        "p95": cuts[18],
        "load": loading,
        "memory": resident() - before,
        "disk": on_disk(DISTRIBUTIONS[name]),
        "version": importlib.metadata.version(DISTRIBUTIONS[name]),
    }


def rows(half: str, results: dict[str, dict[str, float]]) -> str:
    lines = []
    for language, found in results.items():
        right, misnamed = found.get("right", 0), found.get("misnamed", 0)
        lines.append(
            f"  {half:8} {language:5} {found['texts']:6.0f} texts"
            f"   right {right + misnamed:5.1f} %   wrong {found.get('wrong', 0):5.2f} %"
            f"   undecided {found.get('undecided', 0):5.1f} %   misnamed {misnamed:4.1f} %"
        )
    return "\n".join(lines)


def report(name: str) -> None:
    run = subprocess.run([sys.executable, __file__, "--one", name], capture_output=True, text=True, check=False)
    if run.returncode:
        reason = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
        print(f"{name}: skipped ({reason})\n")
        return
    found = json.loads(run.stdout)
    print(
        f"{name} ({DISTRIBUTIONS[name]} {found['version']}): "
        f"{found['p50']:.2f} ms p50, {found['p95']:.2f} ms p95 a text; "
        f"loads in {found['load']:.2f} s; {found['memory']:.0f} MB resident; {found['disk']:.1f} MB on disk"
    )
    print(*(rows(half, results) for half, results in found["results"].items()), sep="\n", end="\n\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--more", type=Path, help="a JSON Lines file of other texts")
    parser.add_argument("--one", choices=[*LIBRARIES, "vaglio"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
    elif options.more:
        print(rows("all", percentages(read(options.more), vaglio())))
    else:
        for name in (*LIBRARIES, "vaglio"):
            report(name)


if __name__ == "__main__":
    main()
