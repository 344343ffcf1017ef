"""Vale styles that nobody vouches for: a pack that loads, or a reason why not."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from fuzzing.target import Check, Target
from fuzzing.words import any_texts, damaged, damages
from hypothesis import strategies as st

from rules.assembly import load_policy
from rules.problems import PolicyError
from rules.vale import StyleError, import_styles

_TOKENS = [
    *("synergy", "leverage", "perché", r"\bme\b", r"e\.g\.", "(?i)very", "(?:a|b)c", "[a-z]+", r"\w{2,3}", "!{2,}",
      "^- .+$"),
    *(r"(?<=a)b", r"a(?!b)", r"(a)\1", r"(?<n>a)\k<n>", r"\p{Lu}+", r"\P{L}", "a|", "(", "[", "*", r"\\", "x{3,1}",
      "x{99999}"),
    *("(a+)+$", "(?>a)", "(?#c)", "(?i:a)", r"[\p{L}-[a]]", r"\u00e9", r"\x41", r"\cA", "[^]", "[]a]", "", " ", "%s",
      r"\G", r"\Z"),
]  # fmt: skip
_tokens = st.one_of(
    st.sampled_from(_TOKENS),
    st.builds("{}{}".format, st.sampled_from(_TOKENS), st.sampled_from(_TOKENS)),
    st.text("()[]{}|*+?\\^$.abàP-,:=!<>#&~0123456789pLkxun", max_size=14),
    any_texts,
)
_odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    _tokens,
    st.lists(_tokens, max_size=2),
    st.dictionaries(_tokens, _tokens, max_size=2),
)
_flags = st.booleans() | st.booleans() | _odd
_KINDS = (
    "existence", "substitution", "occurrence", "repetition", "consistency", "conditional", "capitalization", "metric",
    "spelling", "sequence", "script",
)  # fmt: skip
_rules = st.fixed_dictionaries(
    {
        "extends": st.sampled_from(_KINDS),
        "message": st.sampled_from(["Avoid '%s'.", "Use '%s' not '%s'.", "x"]) | _tokens,
    },
    optional={
        "level": st.sampled_from(["suggestion", "warning", "error"]) | _odd,
        "scope": st.sampled_from(["text", "sentence", "heading", "raw", "~code", "paragraph"]) | _odd,
        "link": _odd,
        "ignorecase": _flags,
        "nonword": _flags,
        "tokens": st.lists(_tokens, max_size=3) | _odd,
        "raw": st.lists(_tokens, max_size=2) | _odd,
        "swap": st.dictionaries(_tokens, _tokens, max_size=3) | _odd,
        "either": st.dictionaries(_tokens, _tokens, max_size=2) | _odd,
        "exceptions": st.lists(_tokens, max_size=2) | _odd,
        "token": _tokens | _odd,
        "first": _tokens | _odd,
        "second": _tokens | _odd,
        "match": st.sampled_from(["$title", "$sentence", "$lower", "$upper"]) | _odd,
        "style": st.sampled_from(["AP", "Chicago"]) | _odd,
        "max": st.integers(-1, 5) | _odd,
        "min": st.integers(-1, 5) | _odd,
        "alpha": _flags,
        "formula": st.sampled_from(["(0.39 * (words / sentences)) + 11.8", "words", "1 / 0"]) | _odd,
        "condition": st.sampled_from(["> 8", "< 0", "=="]) | _odd,
        "action": _odd,
        "vocab": _flags,
        "pos": _odd,
    },
)


def _yaml(rule: Any) -> bytes:
    return yaml.safe_dump(rule, allow_unicode=True).encode("utf-8", "surrogatepass")


_files = st.tuples(_rules.map(_yaml), damages | st.just([])).map(lambda both: damaged(*both))
_names = st.sampled_from(
    ["Acme/A.yml", "Acme/b/C.yaml", "A.yml", "../A.yml", "Other/A.yml", "Acme/è.yml", "Acme/1.yml", "styles/Acme/B.yml"]
)


@contextmanager
def _importing() -> Iterator[Check]:
    with tempfile.TemporaryDirectory() as folder:
        path, pack = Path(folder) / "Acme.zip", Path(folder) / "pack.yaml"

        def check(given: tuple[dict[str, bytes], list[Any]]) -> None:
            files, damage = given
            path.write_bytes(damaged(_zipped(files), damage))
            try:
                found = import_styles(path)
            except (StyleError, PolicyError) as error:
                told = [error.show(language).encode() for language in ("it", "en")]
            else:
                told = []
            if told:
                assert all(told)
                return
            for skipped in found.skipped:
                for language in ("it", "en"):
                    assert skipped.reason.say(language)
            pack.write_text(found.pack, encoding="utf-8")
            if found.imported:
                load_policy(pack)

        yield check


def _zipped(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


_styles = st.tuples(
    st.dictionaries(_names, _files, min_size=1, max_size=3), st.one_of(st.just([]), st.just([]), damages)
)

TARGETS = (Target("vale", _styles, _importing, few=30),)
