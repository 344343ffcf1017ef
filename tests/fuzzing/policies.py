"""Policies as somebody might leave them: a policy or a `PolicyError` with a place, and nothing else."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fuzzing.target import Check, Target
from fuzzing.words import any_texts, damaged, damages
from hypothesis import strategies as st

from rules.assembly import SHIPPED, load_policy
from rules.draft import Draft
from rules.problems import PolicyError
from rules.screening import Screener

_HEAD = """\
name: acme
languages: [it, en]
timezone: Europe/Rome
holidays: [2026-12-25, 12-26, easter-monday, 2026-08-10..2026-08-21]
company: {names: [Acme], accounts: ["@acme"]}
record: {words: 2y}
duty: legal
owners:
  - id: comms
    name: {it: Comunicazione, en: Communications}
    hours: "mon-fri 09:00-18:00, sat 22:00-06:00"
    deadline: 4h
    next: legal
  - {id: legal, name: Legale, hours: 24x7, timezone: Europe/London, slack_channel: "#legale", telegram_chat: "-100"}
clauses:
  - {id: "1", title: Uno, text: Uno., owner: comms}
"""
_ADJUST = "adjust:\n  - {rule: tone.word, severity: note, except: [uno], applies: {kinds: [post], from: 2027-01-01}}\n"
_OWN = """\
rules:
- id: tone.word
  detector: phrases
  severity: warn
  clause: "1"
  message: No.
  phrases: [parola]
  examples: {flag: [una parola], allow: [altro]}
"""
_RULE = re.compile(r"(?m)^ *- (?:\{)?id: [a-z]")
_FRAGMENTS = [
    *("&a ", "*a", "!!python/object:os.system ", "!!int ", "<<: *a", "? ", "- ", ": ", "{", "}", "[", "]", '"', "'",
      "|", ">"),
    *("\t", "\n", "\r", "\x00", "\x85", "\u2028", "\ufeff", "---\n", "...\n", "%YAML 1.2\n", "# ", "null", "~",
      "yes", "0x1F"),
    *("1e400", ".inf", ".nan", "2026-02-30", "99:99", "-1", "0", "999999999999999999999", "''", "[]", "{}", "../x",
      "/etc/passwd"),
    *(".", "..", "policy.yaml", "packs/tone.yaml", "(?=x)", "(", "a{1001}", "\\p{Zzzz}", "[[:alpha:]]", ".*", "^$",
      "(?i)", "\\"),
    *("{preferred}", "{0}", "{}", "{{", "%s", "a" * 400, "[" * 60, "- " * 60, "{a: " * 30, "mon-sun 00:00-24:00",
      "24x7", "0h"),
    *("live", "shadow", "draft", "block", "note", "justify", "include: [policy.yaml]\n", "phrases_from: [x.txt]",
      "é", "😀"),
]  # fmt: skip


def _rules() -> list[str]:
    """Each rule and clause of what ships, as it is written there."""
    found = []
    for path in [SHIPPED / "company.yaml", *sorted((SHIPPED / "packs").glob("*.yaml"))]:
        text = path.read_text(encoding="utf-8").partition("\nrules:\n")[2].partition("\nadjust:\n")[0]
        starts = [match.start() for match in re.finditer(r"(?m)^ *- ", text)]
        whole = [at for at in starts if re.match(r" *- (?:\{ *)?id:", text[at:])]
        found += [text[a:b] for a, b in zip(whole, [*whole[1:], len(text)], strict=True)]
    return [re.sub(r"(?m)^( *)clause: .*$", r'\1clause: "1"', each) for each in found]


_edit = st.tuples(
    st.integers(0, 2**16),
    st.sampled_from(["put", "put", "value", "value", "drop", "twin", "indent", "dedent", "join", "cut"]),
    st.one_of(st.sampled_from(_FRAGMENTS), any_texts),
    st.integers(0, 200),
)


def _edited(text: str, edits: list[tuple[int, str, str, int]]) -> str:
    for where, what, words, column in edits:
        lines = text.split("\n")
        at = where % len(lines)
        line = lines[at]
        match what:
            case "put":
                lines[at] = line[: column % (len(line) + 1)] + words + line[column % (len(line) + 1) :]
            case "value":
                head, colon, _ = line.partition(":")
                lines[at] = f"{head}{colon} {words}"
            case "drop":
                del lines[at]
            case "twin":
                lines.insert(at, line)
            case "indent":
                lines[at] = " " * (column % 9) + line
            case "dedent":
                lines[at] = line[column % 5 :]
            case "join":
                lines[at : at + 2] = ["".join(lines[at : at + 2])]
            case _:
                lines = lines[: at + 1]
        text = "\n".join(lines)
    return text


def _written(given: tuple[list[str], bool, list[Any], list[Any]]) -> bytes:
    rules, has_more, edits, damage = given
    text = _HEAD + (_OWN if has_more or not rules else "rules:\n") + "".join(rules) + (_ADJUST if has_more else "")
    return damaged(_edited(text, edits).encode("utf-8", "surrogatepass"), damage)


_sources = st.tuples(
    st.lists(st.sampled_from(_rules()), max_size=2), st.booleans(), st.lists(_edit, max_size=5), st.just([]) | damages
).map(_written)


@contextmanager
def _loading() -> Iterator[Check]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        (Path(folder) / "x.txt").write_text("uno\ndue # commento\n", encoding="utf-8")

        def check(content: bytes) -> None:
            path.write_bytes(content)
            try:
                policy = load_policy(path)
            except PolicyError as error:
                _told(error)
                return
            assert policy.revision.startswith(policy.name)
            verdict = Screener(policy, patience=60.0).screen(Draft(text="Una parola, Acme: idiota 😀 https://a.it"))
            for missed in verdict.unchecked:
                assert not missed.reason.startswith("error"), f"{missed.rule}: {missed.reason}"
            for owner in policy.owners:
                assert owner.name

        yield check


def _told(error: PolicyError) -> None:
    assert error.problems
    for problem in error.problems:
        assert problem.place.line >= 1
        assert problem.place.column >= 1
        for language in ("it", "en"):
            problem.show(language).encode()
    str(error)


TARGETS = (Target("policy", _sources, _loading, few=40),)
