"""The shape of the code: who may know whom, and how much fits in one place."""

import ast
import subprocess
import sys
from collections.abc import Collection, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# A migration is as long as its tables, and never edited.
FILES = [
    path
    for package in ("bot", "rules")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts
]

ALONE = ROOT / "bot" / "audit" / "verifier.py"
"""Goes with every export as one file, and is as long as it has to be."""

HEAVY = {
    *("bot", "slack_bolt", "slack_sdk", "telegram", "fastapi", "starlette", "sqlmodel", "sqlalchemy"),
    *("torch", "spacy", "transformers", "presidio_analyzer", "py3langid"),
}
"""What the core must not load: knowledge of the outside, or what takes seconds and hundreds of megabytes."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Each function's name and its lines, the docstring and decorators left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node) is not None and len(node.body) > 1
            first = node.body[1] if documented else node.body[0]
            header = node.body[0].lineno - node.lineno
            yield node.name, (node.end_lineno or node.lineno) - first.lineno + 1 + header


def test_the_import_law_holds() -> None:
    """Every import counts, also those inside functions."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 broken" in ran.stdout


def test_importing_the_core_loads_nothing_heavy() -> None:
    code = (
        "import sys, rules, rules.policy, rules.screening, rules.detectors, rules.assembly, rules.trial\n"
        "print(*{module.partition('.')[0] for module in sys.modules})"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(ran.stdout.split()) & HEAVY


def test_no_import_goes_in_a_circle() -> None:
    """Those inside functions, and those for types alone, count too."""
    modules = {name(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in FILES}
    known = {module: set(imported(path, modules)) - {module} for module, path in modules.items()}
    TopologicalSorter(known).prepare()  # raises `CycleError`, which names the circle


def imported(path: Path, modules: Collection[str]) -> Iterator[str]:
    """The modules of ours that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield from {whole if whole in modules else node.module} & set(modules)


def test_the_verifier_shares_no_code_with_what_it_checks() -> None:
    tree = ast.parse(ALONE.read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    packages = {str(node.module) for node in imported if isinstance(node, ast.ImportFrom)}
    packages |= {alias.name for node in imported if isinstance(node, ast.Import) for alias in node.names}
    assert {package.partition(".")[0] for package in packages} - sys.stdlib_module_names == {"cryptography"}
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in imported)


@pytest.mark.parametrize("path", [path for path in FILES if path != ALONE], ids=name)
def test_a_file_stays_under_300_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_function_stays_under_40_lines(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert {function: lines for function, lines in functions(tree) if lines >= 40} == {}


def test_no_package_lies_among_the_tests() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []
