"""What must not leave and does: identifiers, secrets and inside links on gold posts, beside what one would use instead.

    .venv/bin/python bench/confidential.py [--part dev|kept|fresh] [--misses] [--presidio] [--meaning]

The gold posts (`data/confidential.jsonl`) were written by others than the recognisers, who had not seen these; a third
was kept apart and is scored once, at the end; `fresh` is half of what other hands wrote later, kept apart in its turn
(persons and addresses are not marked in it). Found means: the same entity in an overlapping place. F2 weighs recall
four times as much as precision; intervals are 95 % (Wilson).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import harmless
import invented
from beside import presidio_engine
from intervals import wilson
from pydantic import TypeAdapter

from rules.detectors import Rule
from rules.detectors.base import BaseRule, Subject
from rules.detectors.personal_data import PersonalData
from rules.draft import Draft
from rules.folding import fold
from rules.identifiers.entities import SPECIAL, Entity
from rules.judges import Judges
from rules.scanner import Scanner

ROOT = Path(__file__).parents[1]
LANGUAGES = ("it", "en")
_RULE: TypeAdapter[BaseRule] = TypeAdapter(Rule)


@dataclass(frozen=True, slots=True)
class Post:
    text: str
    language: str
    kind: str
    about: str
    marks: tuple[tuple[str, int, int], ...]


def posts(part: str) -> list[Post]:
    found = []
    for line in (ROOT / "bench/data/confidential.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] != part:
            continue
        marks = [(mark["entity"], mark["start"], mark["end"]) for mark in row["entities"]]
        text, places = invented.filled(row["text"])
        marks += [("SECRET", start, end) for start, end in places]
        found.append(Post(text, row["language"], row["kind"], row.get("about", ""), tuple(marks)))
    return found


def rule(detector: str, **fields: object) -> BaseRule:
    common = {"id": "bench.one", "severity": "warn", "clause": "1", "message": "x",
              "examples": {"flag": ["x"], "allow": ["y"]}}  # fmt: skip
    return _RULE.validate_python({**common, "detector": detector, **fields})


Finder = Callable[[Post], Iterable[tuple[str, int, int]]]
"""What something finds in a post: entity, start, end."""


def ours() -> Finder:
    """Every entity at the usual threshold."""
    every = rule("personal_data", entities=[str(entity) for entity in Entity])
    assert isinstance(every, PersonalData)

    def find(post: Post) -> list[tuple[str, int, int]]:
        subject = subject_of(post)
        return [(str(entity), hit.span.start, hit.span.end) for entity, hit in every.identified(subject)]

    return find


def secrets() -> Finder:
    one = rule("secret")
    return lambda post: [("SECRET", hit.span.start, hit.span.end) for hit in one.hits(subject_of(post))]


def links() -> Finder:
    one = rule("internal_link")
    return lambda post: [("INTERNAL_LINK", hit.span.start, hit.span.end) for hit in one.hits(subject_of(post))]


def scanner_alone() -> Finder:
    found = Scanner()
    return lambda post: [("SECRET", one.start, one.end) for one in found.find(post.text)]


def subject_of(post: Post, judges: Judges | None = None) -> Subject:
    return Subject(Draft(text=post.text), fold(post.text), (post.language,), judges)


def presidio() -> Finder:
    """Its own recognisers at a threshold of 0.4."""
    analyzer = presidio_engine()
    same = {"IT_PASSPORT": "PASSPORT", "US_PASSPORT": "PASSPORT", "UK_PASSPORT": "PASSPORT",
            "IT_DRIVER_LICENSE": "DRIVER_LICENSE",
            "US_DRIVER_LICENSE": "DRIVER_LICENSE",
            "UK_DRIVING_LICENCE": "DRIVER_LICENSE",
            "UK_VEHICLE_REGISTRATION": "LICENSE_PLATE", "UK_POSTCODE": "ADDRESS"}  # fmt: skip

    def find(post: Post) -> list[tuple[str, int, int]]:
        found = analyzer.analyze(post.text, language=post.language, score_threshold=0.4)
        return [(same.get(one.entity_type, one.entity_type), one.start, one.end) for one in found]

    return find


def presidio_alone(part: str) -> None:
    personal = [post for post in posts(part) if post.kind in ("identifiers", "fine")]
    find = presidio()
    table("Presidio's defaults", compared(personal, find, GROUPS["all"]), GROUPS)
    flagged(personal, find, GROUPS["identifiers"])


@dataclass(slots=True)
class Count:
    right: int = 0
    missed: int = 0
    wrong: int = 0

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def f2(self) -> float:
        return 5 * self.right / max(1, 5 * self.right + 4 * self.missed + self.wrong)


def compared(
    some: Sequence[Post], find: Finder, names: Sequence[str], *, misses: bool = False
) -> dict[tuple[str, str], Count]:
    """Right, missed and wrong for each entity and language. What is wrong counts on every post."""
    counts: dict[tuple[str, str], Count] = defaultdict(Count)
    for post in some:
        found = [one for one in find(post) if one[0] in names]
        for name, start, end in post.marks:
            if name not in names:
                continue
            hit = any(one[0] == name and one[1] < end and start < one[2] for one in found)
            count = counts[name, post.language]
            count.right += hit
            count.missed += not hit
            if misses and not hit:
                _show("missed", name, post, start, end)
        for name, start, end in found:
            if not any(mark[0] == name and mark[1] < end and start < mark[2] for mark in post.marks):
                counts[name, post.language].wrong += 1
                if misses:
                    _show("wrong", name, post, start, end)
    return counts


def _show(what: str, name: str, post: Post, start: int, end: int) -> None:
    before, after = post.text[max(0, start - 50) : start], post.text[end : end + 40]
    print(f"  {what} {name}: {before}[[{post.text[start:end]}]]{after}")


def table(title: str, counts: dict[tuple[str, str], Count], groups: dict[str, Sequence[str]]) -> None:
    print(f"\n{title}\n{'':18}" + "".join(f"  {language}:  n   P    R   [95 %]      F2 " for language in LANGUAGES))
    for name, members in groups.items():
        cells = []
        for language in LANGUAGES:
            total = Count()
            for member in members:
                one = counts.get((member, language), Count())
                total.right, total.missed, total.wrong = (
                    total.right + one.right,
                    total.missed + one.missed,
                    total.wrong + one.wrong,
                )
            low, high = wilson(total.right, total.right + total.missed)
            count = f"{total.right + total.missed:4d} {total.precision:.2f} {total.recall:.2f}"
            cells.append(f"  {count} [{low:.2f} {high:.2f}] {total.f2:.2f}")
        print(f"{name:18}" + "  ".join(cells))


IDENTIFIERS = [str(entity) for entity in Entity if entity not in SPECIAL]
GROUPS: dict[str, Sequence[str]] = {
    **{name: [name] for name in IDENTIFIERS},
    "SPECIAL": [str(entity) for entity in SPECIAL],
    "identifiers": [name for name in IDENTIFIERS if name not in ("PERSON", "ADDRESS", "DATE_OF_BIRTH")],
    "all": [*IDENTIFIERS, *map(str, SPECIAL)],
}


def flagged(some: Sequence[Post], find: Finder, names: Sequence[str]) -> None:
    for language in LANGUAGES:
        fine = [post for post in some if post.kind == "fine" and post.language == language]
        hit = [post for post in fine if any(one[0] in names for one in find(post))]
        print(f"  fine posts flagged, {language}: {len(hit)} of {len(fine)}")


def harmless_numbers(finders: Sequence[Finder]) -> None:
    """How many of a hundred harmless numbers of each kind are taken for something."""
    print("\nOf 100 harmless ones, flagged by any of the three")
    for kind, texts in harmless.posts().items():
        some = [Post(text, language, "fine", kind, ()) for language, text in texts]
        print(f"  {kind:16} {sum(any(list(find(post)) for find in finders) for post in some)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("dev", "kept", "fresh"), default="dev")
    parser.add_argument("--presidio", action="store_true", help="score Presidio's own recognisers too")
    parser.add_argument("--meaning", action="store_true", help="score the judge and topics, too (a minute or two)")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--misses", action="store_true", help="print what is missed and what is wrong (never on kept)")
    asked = parser.parse_args()
    some = posts(asked.part)
    show = asked.misses and asked.part == "dev"
    personal = [post for post in some if post.kind in ("identifiers", "fine")]
    find = ours()
    table("Vaglio", compared(personal, find, GROUPS["all"], misses=show), GROUPS)
    flagged(personal, find, GROUPS["all"])
    given = [post for post in some if post.kind in ("secrets", "fine")]
    for name, one in (("Vaglio", secrets()), ("Kingfisher alone", scanner_alone())):
        counts = compared(given, one, ["SECRET"], misses=show and name == "Vaglio")
        table(f"Secrets: {name}", counts, {"SECRET": ["SECRET"]})
        flagged(given, one, ["SECRET"])
    given = [post for post in some if post.kind in ("links", "fine")]
    table(
        "Inside links", compared(given, links(), ["INTERNAL_LINK"], misses=show), {"INTERNAL_LINK": ["INTERNAL_LINK"]}
    )
    flagged(given, links(), ["INTERNAL_LINK"])
    harmless_numbers([find, secrets(), links()])
    if asked.presidio:
        # In a process of its own: Vaglio's loads a Presidio without the parts that it does not use.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
            apart.submit(presidio_alone, asked.part).result()
    if asked.meaning:
        from meaning import meaning  # beside this file

        meaning(some, asked.models, asked.part)


if __name__ == "__main__":
    main()
