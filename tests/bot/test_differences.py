"""The difference between two policies in words: every field can be told, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.differences import for_people, told
from rules.assembly import SHIPPED, load_policy
from rules.comparing import Comparison, Detail, Kind, Row, What, compare
from rules.directions import Direction
from rules.policy import Policy


def _told(*details: Detail, kind: Kind = "changed", what: What = "rule", language: str = "en") -> list[str]:
    return told(Comparison("a@1", "a@2", (Row(kind, what, "tone.word", details),)), language)


@pytest.fixture
def later(policy_path: Path) -> Policy:
    """The same company, a little later."""
    text = policy_path.read_text(encoding="utf-8")
    for before, after in (
        ("severity: warn\n", "severity: review\n"),
        ("phrases: [cretino, idiot]", "phrases: [cretino, idiot, scemo]"),
        ("Tieni i segreti., en: Keep secrets.", "Tieni i segreti sempre., en: Always keep secrets."),
        ("  - id: tone.jargon", "  - id: tone.word\n    state: shadow"),
    ):
        assert before in text
        text = text.replace(before, after)
    path = policy_path.with_name("later.yaml")
    path.write_text(text, encoding="utf-8")
    return load_policy(path)


def test_it_is_grouped_by_what_it_means(policy: Policy, later: Policy) -> None:
    assert told(compare(policy, later), "en") == [
        "Stricter:",
        "  toxicity.insult:",
        "    counts as «needs a yes» (before: «to mend»)",
        "    also finds «scemo»",
        "New:",
        "  tone.word («suggestion», recorded and not shown): Better: ….",
        "Gone:",
        "  tone.jargon («suggestion»): Better: ….",
        "Otherwise changed:",
        "  clause 4.1: text: «Always keep secrets.»",
    ]


def test_nothing_is_said_to_be_nothing(policy: Policy) -> None:
    assert told(compare(policy, policy), "en") == ["Nothing is different."]


def test_people_hear_what_concerns_them(policy: Policy, later: Policy) -> None:
    """Neither rules on trial nor what only its authors see."""
    assert for_people(policy, later, "en") == [
        "Clause 4.1 reads differently: Confidence",
        "Stricter: Somebody may be hurt.",
        "Gone: Better: ….",
    ]
    assert for_people(later, policy, "en")[1:] == ["Looser: Somebody may be hurt.", "New: Better: …."]
    assert for_people(policy, policy, "en") == []


@pytest.mark.parametrize(
    ("detail", "line"),
    [
        (("state", "shadow", "live", "stricter"), "in force (before: recorded and not shown) (stricter)"),
        (("override", "justify", "none", "stricter"),
         "publishing all the same: nobody may (before: whoever says why may) (stricter)"),
        (("applies.accounts", [], ["personal"], "looser"),
         "for fewer drafts: `accounts` personal (before: no limit) (looser)"),
        (("applies.from", "2027-01-10", None, "stricter"),
         "for more drafts: `from` no limit (before: 2027-01-10) (stricter)"),
        (("applies.kinds", ["post"], ["reply"], "mixed"), "for other drafts: `kinds` reply (before: post)"),
        (("applies.kinds", [], ["post", "reply"], "none"), "`kinds` is written otherwise, to the same effect"),
        (("except", [], ["uno", {"phrase": "due", "why": "x"}], "looser"), "lets «uno», «due» pass (looser)"),
        (("allow", ["@a.it"], [], "stricter"), "no longer lets «@a.it» pass (stricter)"),
        (("phrases", [], list("abcdefgh"), "stricter"),
         "also finds «a», «b», «c», «d», «e» and 3 more (stricter)"),
        (("phrases", [], [], "none"), "`phrases` is written otherwise, to the same effect"),
        (("terms", [{"term": "Aurora", "also": [], "until": None}], [], "looser"),
         "no longer finds «Aurora» (looser)"),
        (("swap", {}, {"mail": "e-mail"}, "stricter"), "also finds «mail → e-mail» (stricter)"),
        (("match", [], [["surname", "phone"]], "stricter"), "also finds «surname + phone» (stricter)"),
        (("public", [], ["www.acme.it"], "looser"), "`public`: added «www.acme.it» (looser)"),
        (("labels.insult", "measured", 0.5, "unclear"), "insult: 0.5 (before: the measured one)"),
        (("labels.insult", None, "measured", "stricter"),
         "also looks for insult (threshold: the measured one) (stricter)"),
        (("entities.PERSON", 0.5, None, "looser"), "no longer looks for PERSON (looser)"),
        (("threshold", "measured", 0.5, "unclear"), "`threshold`: 0.5 (before: the measured one)"),
        (("most", None, 3, "stricter"), "`most`: 3 (before: —) (stricter)"),
        (("stretched", True, False, "looser"), "`stretched`: false (before: true) (looser)"),
        (("limits.x", 3, None, "unclear"), "`x`: — (before: 3)"),
        (("message.en", "No.", "Use {preferred},\nplease.", "none"), "message: «Use …, please.»"),
        (("message.it", "No.", "Meglio.", "none"), "message (it): «Meglio.»"),
        (("suggest.en", None, "Do.", "none"), "what to do: «Do.»"),
        (("suggest.en", "Do.", None, "none"), "what to do: —"),
        (("clause", "1", "2", "none"), "cites clause 2 (before: 1)"),
        (("protected", None, {"aware": "x"}, "stricter"), "holds for protected speech too (stricter)"),
        (("protected", {"aware": "x"}, None, "looser"), "gives way to protected speech (looser)"),
        (("examples", {"flag": ["a"]}, {"flag": ["b"]}, "none"), "its examples have changed"),
        (("rewrite", None, {"drop": "place"}, "none"), "it is put right in another way"),
        (("company", {}, {"names": ["A"]}, "unclear"), "it goes by the company’s names, which have changed"),
        (("detector", "phrases", "judge", "unclear"), "`detector`: judge (before: phrases)"),
    ],
)  # fmt: skip
def test_every_field_has_its_words(detail: tuple[str, object, object, Direction], line: str) -> None:
    assert _told(Detail(*detail)) == ["Otherwise changed:", f"  tone.word: {line}"]


def test_of_a_text_the_readers_language_is_shown() -> None:
    both = Detail("message.it", "a", "b", "none"), Detail("message.en", "c", "d", "none")
    assert _told(*both)[1:] == ["  tone.word: message: «d»"]
    assert _told(*both, language="it")[1][-3:] == "«b»"


def test_owners_and_what_belongs_to_nobody() -> None:
    hours = Detail("hours", "24x7", "mon-fri 09:00-18:00", "none")
    assert _told(hours, what="owner")[1] == "  owner tone.word: `hours`: mon-fri 09:00-18:00 (before: 24x7)"
    assert (
        _told(Detail("owner", "a", "b", "none"), what="clause")[1] == "  clause tone.word: b answers for it (before: a)"
    )
    names = Detail("company.names", ["A"], ["A", "B"], "none")
    assert _told(names, what="policy")[1] == "  the policy: `names`: A, B (before: A)"
    order = Detail("order", ["a", "b"], ["b", "a"], "none")
    assert _told(order, what="policy")[1] == "  the policy: its rules, clauses or owners stand in another order"


@pytest.mark.parametrize("language", ["it", "en"])
def test_whole_policies_can_be_told_in_both_languages(language: str) -> None:
    company, tone = load_policy(SHIPPED / "company.yaml"), load_policy(SHIPPED / "packs" / "tone.yaml")
    for before, after in ((company, tone), (tone, company)):
        lines = told(compare(before, after), language)
        assert len(lines) > 100
        assert all(line.strip() and "\n" not in line and "{" not in line for line in lines)
        assert all(for_people(before, after, language))
