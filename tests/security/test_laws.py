"""Laws of the code: what no file of ours may do, and that whoever makes an exception says why."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [path for folder in ("bot", "rules", "deploy") for path in sorted((ROOT / folder).rglob("*.py"))]

FORBIDDEN_IMPORTS = {
    *("pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"),
    *("xmlrpc", "telnetlib", "ftplib", "xml"),
}
"""Bytes that become objects, what speaks in clear, and XML by parsers that swell."""
FORBIDDEN_CALLS = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess.getoutput"),
    *(
        "subprocess.getstatusoutput",
        "yaml.load",
        "yaml.full_load",
        "yaml.unsafe_load",
        "yaml.load_all",
        "tempfile.mktemp",
    ),
    *(
        "np.fromfile",
        "asyncio.create_subprocess_shell",
        "hashlib.md5",
        "hashlib.sha1",
        "ssl._create_unverified_context",
    ),
}
SAFE_LOADERS = {"yaml.SafeLoader", "yaml.CSafeLoader"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def dotted(node: ast.AST) -> str:
    """`a.b.c` as it is written; empty for what is no name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def is_constant(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def broken_laws(code: str) -> list[str]:
    tree = ast.parse(code)
    return [*_imports(tree), *(law for node in ast.walk(tree) if isinstance(node, ast.Call) for law in _called(node))]


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        yield from (f"imports {each}" for each in modules if each.partition(".")[0] in FORBIDDEN_IMPORTS)


def _called(node: ast.Call) -> list[str]:
    called, words = dotted(node.func), {word.arg: word.value for word in node.keywords if word.arg}
    last = node.func.attr if isinstance(node.func, ast.Attribute) else called
    loader = dotted(words["Loader"]) if "Loader" in words else None
    laws = {
        f"calls {called}": called in FORBIDDEN_CALLS,
        "starts a shell": "shell" in words and not is_constant(words["shell"], False),
        "opens a pickle": called.endswith("torch.load") and not is_constant(words.get("weights_only"), True),
        "opens an array as a pickle": "allow_pickle" in words and not is_constant(words["allow_pickle"], False),
        f"reads YAML by {loader}": loader is not None and loader not in SAFE_LOADERS,
        "resolves entities": last in ("XMLParser", "iterparse")
        and not is_constant(words.get("resolve_entities"), False),
        "trusts whoever answers": any(is_constant(words.get(each), False) for each in ("verify", "check_hostname")),
        "runs a model's own code": is_constant(words.get("trust_remote_code"), True),
        "unpacks wherever an archive says": last == "extractall",
    }
    return [law for law, is_broken in laws.items() if is_broken]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_file_breaks_a_law(path: Path) -> None:
    assert broken_laws(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle", "from shelve import open", "import xml.etree.ElementTree as ET", "eval('1')", "exec(code)",
        "import yaml\nyaml.load(text)", "yaml.parse(text, Loader=yaml.Loader)", "yaml.unsafe_load(text)",
        "subprocess.run('ls', shell=True)", "subprocess.run('ls', shell=flag)", "os.system('ls')",
        "torch.load(path)", "torch.load(path, weights_only=False)", "np.load(path, allow_pickle=True)",
        "httpx.get(url, verify=False)", "etree.XMLParser()", "zipfile.ZipFile(path).extractall()",
        "AutoModel.from_pretrained(name, trust_remote_code=True)", "def f():\n    import marshal",
    ],
)  # fmt: skip
def test_the_laws_see_what_they_are_for(code: str) -> None:
    assert broken_laws(code) != []


@pytest.mark.parametrize(
    "code",
    [
        "yaml.parse(text, Loader=yaml.CSafeLoader)", "torch.load(path, weights_only=True)", "np.load(path)",
        "subprocess.run(['ls'])", "re.compile('x')", "etree.XMLParser(resolve_entities=False)",
    ],
)  # fmt: skip
def test_the_laws_let_what_is_safe_pass(code: str) -> None:
    assert broken_laws(code) == []


EXCEPTION = re.compile(r"#\s*(?:ruff: )?(?:noqa: [^#]*\bS\d{3}|nosec\b)(?P<rest>.*)$")


@pytest.mark.parametrize("path", FILES, ids=name)
def test_an_exception_says_why(path: Path) -> None:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if found := EXCEPTION.search(line):
            assert " -- " in found["rest"], f"{name(path)}:{number}: {line.strip()}"


@pytest.mark.slow
def test_ruffs_security_rules_find_nothing() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "S", "bot", "rules", "deploy"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout


@pytest.mark.slow
def test_bandit_finds_nothing() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-c", "pyproject.toml", "-r", "bot", "rules", "deploy"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
