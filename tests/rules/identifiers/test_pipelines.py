from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from rules.identifiers.pipelines import official_pipelines

ROOT = Path(__file__).parents[3]
OFFICIAL = version("spacy").rpartition(".")[0] + ".0"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], Path]]:
    """Puts a package with the name of a pipeline where Python finds it. It takes `Chiara Neri` for a person."""

    def put(name: str, release: str) -> Path:
        family, _, _ = name.partition("_")
        label = "PER" if family == "it" else "PERSON"
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(
            "import spacy\n"
            "def load(**_):\n"
            f"    pipeline = spacy.blank({family!r})\n"
            "    ruler = pipeline.add_pipe('entity_ruler')\n"
            f"    ruler.add_patterns([{{'label': {label!r}, 'pattern': 'Chiara Neri'}}])\n"
            "    ruler.add_patterns([{'label': 'ORG', 'pattern': 'Acme'}])\n"
            "    return pipeline\n"
        )
        info = tmp_path / f"{name}-{release}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {release}\n")
        return tmp_path

    monkeypatch.syspath_prepend(tmp_path)
    official_pipelines.cache_clear()
    yield put
    official_pipelines.cache_clear()


def test_the_largest_pipeline_of_each_language(install: Callable[[str, str], Path]) -> None:
    for name in ("it_core_news_sm", "it_core_news_md", "en_core_web_sm", "en_core_web_trf", "de_core_news_sm"):
        install(name, OFFICIAL)
    assert official_pipelines() == {"it": ("it_core_news_md", OFFICIAL), "en": ("en_core_web_sm", OFFICIAL)}


@pytest.mark.parametrize("release", ["999.9.9", "2.3.0"])
def test_a_look_alike_is_left_alone(install: Callable[[str, str], Path], release: str) -> None:
    install("it_core_news_lg", release)
    assert "it" not in official_pipelines()


NAMES = """
from rules.identifiers import engine
engine.load()
print([(one.entity.value, one.start, one.end) for one in engine.find_names("Ciao, sono Chiara Neri di Acme.", "it")])
print(engine.find_names("Hi, I am Chiara Neri.", "en"))
import sys
print({"torch", "transformers"} & sys.modules.keys())
"""


@pytest.mark.slow
def test_names_of_persons_by_the_installed_pipeline_alone(install: Callable[[str, str], Path]) -> None:
    folder = install("it_core_news_sm", OFFICIAL)
    install("en_core_web_sm", "999.9.9")
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{NAMES}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines() == ["[('PERSON', 11, 22)]", "()", "set()"]
