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
    """What the judge and the word lists find together of what is told of somebody, and topics by ten examples."""
    judges = Judges(models, "built-in")
    told = [post for post in some if any(mark[0] in map(str, SPECIAL) for mark in post.marks)]
    labels = ("colleague_private", "client_confidential")
    lists, found = (
        rule("personal_data", entities=list(map(str, SPECIAL))),
        [rule("judge", label=name) for name in labels],
    )
    for language in LANGUAGES:
        mine = [post for post in told if post.language == language]
        by_words = [bool(lists.hits(subject_of(post))) for post in mine]
        by_judge = [any(one.hits(subject_of(post, judges)) for one in found) for post in mine]
        both = sum(a or b for a, b in zip(by_words, by_judge, strict=True))
        print(f"\nPosts on health, beliefs ... of somebody, {language}: {len(mine)}; found by words {sum(by_words)}, "
              f"by meaning {sum(by_judge)}, by either {both}")  # fmt: skip
    topics(some, judges, part)


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
