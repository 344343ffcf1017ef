"""Words on their way out: whoever reads an export or a dossier reads the same words, and nothing in them acts."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from fuzzing.target import Check, Target
from fuzzing.words import texts
from hypothesis import strategies as st
from pyarrow import parquet
from records_made import AT, Made

from bot.audit import records, verifier
from bot.audit.cells import Separator, said
from bot.audit.dossier import dossier_page
from bot.audit.export import Request, export
from bot.audit.sheets import Format
from bot.audit.subject import Dossier

_ACTS = re.compile(r'["\s\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u202a-\u202f\u2060-\u206f\ufeff]*[=+\-@＝＋－＠]')
"""What a piece of CSV may begin with that a spreadsheet takes for a formula."""
_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "section", "article", "dl", "dt", "dd"),
}  # fmt: skip


@contextmanager
def _exporting() -> Iterator[Check]:
    with tempfile.TemporaryDirectory() as name:
        made = Made.open(Path(name), is_new=True)
        person = made.people.person("slack:T1:U1")
        folder, numbers = Path(name) / "export", itertools.count()

        def check(given: dict[str, Any]) -> None:
            facts = {
                "outcome": "clear", "policy": "a@1", "draft": {"kind": "post", "characters": 1, "is_answer": True},
                "findings": [{"rule": given["rule"], "clause": "1", "severity": "note", "score": None}],
                "unchecked": [], "language": "it", "owner": given["owner"],
            }  # fmt: skip
            words = {"text": given["text"], "spans": [], "in_reply_to": given["answered"]}
            entry = made.ledger.append(
                "screening",
                subject=f"s_{next(numbers)}",
                facts=facts,
                actor=person,
                at=AT,
                content=records.canonical(words),
            )
            shutil.rmtree(folder, ignore_errors=True)
            wanted = Request(
                "p_1", AT, formats=list(Format), separator=given["separator"], selection=lambda: iter([entry.seq]),
                with_words=True, is_whole=False,
            )  # fmt: skip
            export(made.store, made.ledger, folder, wanted)
            with redirect_stdout(io.StringIO()):
                assert verifier.main([str(folder)]) == 0
            row = {
                "seq": entry.seq,
                "text": given["text"] or None,
                "in_reply_to": given["answered"],
                "owner": given["owner"],
            }
            row["rules"] = given["rule"] or None
            _same(folder, row, given["separator"])

        yield check
        made.store.close()


def _same(folder: Path, row: dict[str, Any], separator: Separator) -> None:
    lines = (folder / "rows.jsonl").read_bytes().decode().split("\n")
    assert len(lines) == 2
    told = json.loads(lines[0])
    assert {name: told[name] for name in row} == row, (told, row)
    (kept,) = parquet.read_table(folder / "rows.parquet").to_pylist()
    assert {name: kept[name] for name in row} == row
    raw = (folder / "rows.csv").read_bytes().decode("utf-8-sig")
    (cells,) = csv.DictReader(io.StringIO(raw, newline=""), delimiter=separator.sign, strict=True)
    for name, value in row.items():
        assert said(cells[name]) == ("" if value is None else str(value)), f"{name} says something else"
    # Whichever separator a spreadsheet goes by, and whatever it makes of the quotation marks.
    lines = [line for sign in ",;\t|" for line in csv.reader(io.StringIO(raw, newline=""), delimiter=sign)]
    for piece in {cell for line in lines for cell in line} | set(re.split(r"[,;|\t\r\n]", raw)):
        assert not _ACTS.match(piece), "a piece may be run"


class _Read(HTMLParser):
    """What a browser makes of a page: its elements, and the text in them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags, self.words = list[tuple[str, Any]](), list[str]()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError("a declaration")


@contextmanager
def _dossiers() -> Iterator[Check]:
    none: dict[str, Any] = dict.fromkeys(
        ("roles", "reviews", "appeals", "receipts", "reminders", "policies_known", "sessions", "proposals"), ()
    )

    def check(given: dict[str, Any]) -> None:
        who = {"language": "it", "locale": given["rule"], "zone": None, "team": given["owner"]}
        draft = {"id": "d_1", "at": "2026-03-01T09:30:00.123456Z", "text": given["text"]}
        entry = {
            "seq": 1, "at": draft["at"], "kind": "screening", "subject": "s_1", "by": "p_2", "words_were": "kept",
            "facts": {"outcome": "clear", given["rule"]: given["owner"]}, "words": {"text": given["answered"]},
        }  # fmt: skip
        found = Dossier(
            draft["at"], ("p_1",), (f"slack:{given['owner']}",), who, drafts=(draft,), entries=(entry,),
            searches=({"name": given["rule"]},), **none,
        )  # fmt: skip
        for language in ("it", "en"):
            page = _Read()
            raw = dossier_page(found, language)
            raw.encode()
            page.feed(raw)
            page.close()
            assert {tag for tag, _ in page.tags} <= _TAGS
            assert all(not attributes or tag in ("html", "meta") for tag, attributes in page.tags)
            said = "".join(page.words)
            for words in (given["text"], given["answered"]):
                assert not words or words in said

    yield check


_kept = st.fixed_dictionaries(
    {
        "text": texts, "answered": st.none() | texts, "rule": texts, "owner": texts,
        "separator": st.sampled_from(Separator),
    }
)  # fmt: skip

TARGETS = (Target("export", _kept, _exporting, few=15), Target("dossier", _kept, _dossiers, few=30))
