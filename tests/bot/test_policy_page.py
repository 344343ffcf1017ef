"""The policy in one page: every clause once, in an order that people follow, with who answers for it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.policy_page import first_words, page, paragraph
from bot.wording import Wording
from rules.assembly import SHIPPED, load_policy
from rules.policy import Clause, Owner, Policy


def numbered(*ids: str) -> Policy:
    """A policy that is nothing but clauses."""
    clauses = tuple(Clause(id=id, title={"*": f"Title {id}"}, text={"*": "Text."}, owner="comms") for id in ids)
    owner = Owner(id="comms", name={"*": "Communications"})
    return Policy(name="prova", languages=("it",), timezone="Europe/Rome", owners=(owner,), clauses=clauses, rules=())


def order(policy: Policy) -> list[list[str]]:
    return [[one.number for one in chapter.paragraphs] for chapter in page(policy, "it").chapters]


def test_a_clause_is_shown_with_its_text_and_who_answers_for_it(policy: Policy) -> None:
    shown = page(policy, "it")
    assert (shown.name, shown.revision) == ("prova", policy.revision)
    assert "prova" in shown.title
    assert [chapter.number for chapter in shown.chapters] == ["3", "4"]
    (kept,) = shown.chapters[1].paragraphs
    assert (kept.heading, kept.text, kept.owner) == ("4.1 Riservatezza", "Tieni i segreti.", "Legale")
    assert page(policy, "en").headings == ("3.1 Respect", "4.1 Confidence")


def test_a_language_that_the_policy_does_not_speak_gets_the_one_that_it_does() -> None:
    assert page(numbered("1.1"), "en").headings == ("1.1 Title 1.1",)


def test_numbers_are_followed_as_people_count() -> None:
    assert order(numbered("4.10", "4.2", "10.1", "2.1", "4.7.1", "4.7")) == [
        ["2.1"],
        ["4.2", "4.7", "4.7.1", "4.10"],
        ["10.1"],
    ]


def test_clauses_without_numbers_stand_as_the_company_wrote_them() -> None:
    assert order(numbered("respect", "B-2", "A-1", "B-1", "7")) == [["respect"], ["B-2", "B-1"], ["A-1"], ["7"]]


@given(
    st.lists(
        st.lists(st.sampled_from(["1", "2", "10", "a", "B"]), min_size=1, max_size=3).map(".".join),
        unique=True,
        min_size=1,
    )
)
def test_every_clause_is_there_once_and_no_chapter_is_torn(ids: list[str]) -> None:
    shown = page(numbered(*ids), "it")
    assert sorted(one.number for chapter in shown.chapters for one in chapter.paragraphs) == sorted(ids)
    numbers = [chapter.number for chapter in shown.chapters]
    assert len(set(numbers)) == len(numbers)
    assert all(one.number.split(".")[0] == chapter.number for chapter in shown.chapters for one in chapter.paragraphs)


def test_a_clause_that_is_not_there_is_an_error(policy: Policy) -> None:
    with pytest.raises(KeyError):
        paragraph(policy, "9.9", "it")


def test_the_example_company_begins_at_the_beginning() -> None:
    policy = load_policy(Path(SHIPPED / "company.yaml"))
    shown = page(policy, "it")
    assert shown.title.startswith("Acme Energia")
    assert [chapter.number for chapter in shown.chapters] == [str(number) for number in range(1, 9)]
    assert len(shown.headings) == len(policy.clauses)


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_first_words_say_who_what_and_how(policy: Policy, language: str) -> None:
    words = first_words(policy, language)
    assert "Vaglio" in words.who
    assert words.headings == page(policy, language).headings
    assert all([words.reads, words.about, words.asking, *words.keeps])


def test_the_first_words_say_what_is_kept_and_what_is_not(policy: Policy) -> None:
    kept = " ".join(first_words(policy, "en").keeps)
    for said in ("under a pseudonym", "only a count remains", "forget it"):
        assert said in kept
    # The same sentence as in the help: nobody is told two stories.
    assert Wording("it").say(first_words(policy, "en").who) == first_words(policy, "it").who
