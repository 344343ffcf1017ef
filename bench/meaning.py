"""What is found by meaning: delicate matter of somebody, and topics learned from ten examples.

.venv/bin/python bench/confidential.py --meaning
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from confidential import LANGUAGES, ROOT, Post, rule, subject_of

from rules.detectors.base import BaseRule
from rules.identifiers.entities import SPECIAL
from rules.judges import Judges


def meaning(some: Sequence[Post], models: Path, part: str) -> None:
    """What the judge and the words find together of secrets and of what is told of somebody; topics by ten examples."""
    judges = Judges(models, "built-in")
    private = [
        rule("judge", label="special_category", threshold=0.5),
        *(rule("judge", label=name) for name in ("colleague_private", "client_confidential")),
    ]
    by_words = rule("personal_data", entities=list(map(str, SPECIAL)))
    _beside("health, beliefs ... of somebody", some, tuple(map(str, SPECIAL)), by_words, private, judges)
    _beside("a secret", some, ("SECRET",), rule("secret"), [rule("judge", label="credential")], judges)
    if part != "fresh":
        topics(some, judges, part)


def _beside(
    what: str, some: Sequence[Post], marks: Sequence[str], words: BaseRule, others: Sequence[BaseRule], judges: Judges
) -> None:
    for language in LANGUAGES:
        spoken = [post for post in some if post.language == language]
        told = [post for post in spoken if any(mark[0] in marks for mark in post.marks)]
        fine = [post for post in spoken if post.kind == "fine"]
        print(f"\nPosts with {what}, {language}: {len(told)}, and {len(fine)} fine ones")
        for name, posts in (("found", told), ("fine ones flagged", fine)):
            subjects = [subject_of(post, judges) for post in posts]
            first = [bool(words.hits(subject)) for subject in subjects]
            second = [any(one.hits(subject) for one in others) for subject in subjects]
            either = sum(a or b for a, b in zip(first, second, strict=True))
            print(f"  {name}: by words {sum(first)}, by meaning {sum(second)}, by either {either}")


def topics(some: Sequence[Post], judges: Judges, part: str) -> None:
    written = json.loads((ROOT / "bench/data/topics.json").read_text(encoding="utf-8"))
    fine = [post for post in some if post.kind == "fine"]
    # A subject keeps what was read of it: each post goes through the networks once, and not once a topic.
    subjects = cache(lambda post: subject_of(post, judges))
    print("\nTopics of ten examples: positives found, in another language, near ones flagged, fine posts flagged")
    every = []
    for topic in written:
        one = rule("topic", like=topic["like"], unlike=topic["unlike"])

        def share(rows: Sequence[Post], one: BaseRule = one) -> tuple[int, int]:
            return sum(bool(one.hits(subjects(post))) for post in rows), len(rows)

        def chosen(name: str, *, other: bool = False, topic: dict[str, Any] = topic) -> list[Post]:
            return [
                Post(row["text"], row["lang"], "topic", "", ())
                for row in topic[name]
                if row["split"] == part and (row["lang"] != topic["lang"]) is other
            ]

        counts = [
            share(chosen("positives")),
            share(chosen("positives", other=True)),
            share(chosen("near")),
            share(fine),
        ]
        every.append(counts)
        print(f"  {topic['name'][:44]:44} " + "  ".join(f"{hits:3d}/{count:<3d}" for hits, count in counts))
    totals = [(sum(c[at][0] for c in every), sum(c[at][1] for c in every)) for at in range(4)]
    print(f"  {'all':44} " + "  ".join(f"{hits / max(1, count):.3f}  " for hits, count in totals))
