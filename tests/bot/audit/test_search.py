"""What each filter finds, alone and with others: exactly what the bodies of the entries say."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.audit import filters as filtering
from bot.audit import records
from bot.audit.facets import Part, words_of
from bot.audit.filters import day_begins, day_ends
from bot.audit.index import Filters, Index
from bot.audit.ledger import Ledger
from bot.audit.terms import Question
from bot.people import People
from bot.store import Store

START = datetime(2026, 3, 1, tzinfo=UTC)
RULES = ("tone.jargon", "tone.shouting", "toxicity.insult", "confidential.embargo")
WORDS = ("il", "cretino", "di", "è", "un’azienda", "bella", "perché", "la", "nostra", "azienda", "non", "grida")
EVERY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _finding(chance: random.Random) -> dict[str, Any]:
    return {"rule": chance.choice(RULES), "clause": chance.choice(["3.1", "4.1"]), "severity": "warn"}


def _facts(kind: str, chance: random.Random) -> dict[str, Any]:
    about = {"screening": f"s_{chance.randrange(40)}", "policy": chance.choice(["acme@1", "acme@2"])}
    owners = ["comms", "legal", "hr"]
    match kind:
        case "screening":
            return {
                "policy": about["policy"], "outcome": chance.choice(["clear", "revise", "review", "block"]),
                "language": "it",
                "draft": {"kind": "post", "account": chance.choice(["institutional", "personal"]),
                          "channel": chance.choice(["x", "linkedin", "blog"])},
                "findings": [_finding(chance) for _ in range(chance.randrange(3))],
                "shadow": [_finding(chance) for _ in range(chance.randrange(2))],
                "dismissed": [_finding(chance) for _ in range(chance.randrange(2))],
                "unchecked": [{"rule": chance.choice(RULES), "reason": "timeout", "severity": "warn"}]
                             * chance.randrange(2),
            }  # fmt: skip
        case "review":
            return {**about, "owners": chance.sample(owners, 2)}
        case "decision":
            return {**about, "owner": chance.choice(owners), "ruling": chance.choice(["approved", "rejected"])}
        case "passed":
            return {"screening": about["screening"], "from": "comms", "to": chance.choice(owners)}
        case "override":
            return {"policy": about["policy"], "how": "justify", "rules": [chance.choice(RULES)]}
        case "appeal":
            return {**about, "rule": chance.choice(RULES)}
        case "appeal_decision":
            return {**about, "rule": chance.choice(RULES), "ruling": chance.choice(["upheld", "overturned"])}
        case _:
            return {"revision": "acme@2", "rules": {"new": 1}}


def _content(kind: str, chance: random.Random) -> bytes | None:
    said = " ".join(chance.choices(WORDS, k=6))
    if kind == "screening":
        answered = " ".join(chance.choices(WORDS, k=3)) if chance.random() < 0.3 else None
        return records.canonical({"text": said, "spans": [], "in_reply_to": answered})
    return records.canonical({"reason": said}) if kind in ("decision", "override", "appeal_decision") else None


@dataclass(frozen=True, slots=True)
class History:
    index: Index
    bodies: list[dict[str, Any]] = field(repr=False)
    words: dict[int, list[str]] = field(repr=False)

    def found(self, filters: Filters) -> list[int]:
        """What is found, page by page, the newest first."""
        seqs, after = list[int](), None
        while True:
            page = self.index.search(filters, newest=7, after=after)
            seqs += [hit.seq for hit in page.hits]
            if page.next is None:
                return seqs
            after = page.next


@pytest.fixture
def history(store: Store, ledger: Ledger, people: People) -> Iterator[History]:
    chance, persons = random.Random(3), [people.person(f"slack:T1:U{number}") for number in range(6)]
    kinds = ["screening"] * 6 + ["review", "decision", "passed", "override", "appeal", "appeal_decision", "publication"]
    for number in range(150):
        kind, actor = chance.choice(kinds), chance.choice(persons)
        # Some are recorded later than they were made.
        at = START + timedelta(hours=5 * number - chance.choice([0, 0, 30]))
        holder = chance.choice(persons) if kind == "decision" else None
        ledger.append(kind, subject=f"s_{number}", facts=_facts(kind, chance), actor=actor, at=at, holder=holder,
                      content=_content(kind, chance))  # fmt: skip
    index = Index(store, ledger)
    index.catch_up()
    bodies = [json.loads(entry.body) for entry in reversed(ledger.entries())]
    opened = ledger.words(range(1, 151))
    yield History(index, bodies, {seq: words_of(bodies[seq - 1]["kind"], each) for seq, each in opened.items()})
    index.close()


def _named(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Each rule that an entry names, why, and the clause."""
    facts = body["facts"]
    keys = {"findings": "finding", "shadow": "shadow", "dismissed": "dismissed", "unchecked": "unchecked"}
    every = [(each["rule"], part, each.get("clause", "")) for key, part in keys.items() for each in facts.get(key, [])]
    if body["kind"] == "override":
        every += [(rule, "override", "") for rule in facts["rules"]]
    if body["kind"] in ("appeal", "appeal_decision"):
        every += [(facts["rule"], "appeal" if body["kind"] == "appeal" else "heard", "")]
    return every


def _owners(facts: dict[str, Any]) -> set[str]:
    return {*facts.get("owners", []), *(facts[key] for key in ("owner", "from", "to") if key in facts)}


def _fits(filters: Filters, body: dict[str, Any], texts: list[str]) -> bool:
    facts, draft = body["facts"], body["facts"].get("draft", {})
    single = {
        "outcome": facts.get("outcome"), "channel": draft.get("channel"), "account": draft.get("account"),
        "kind": body["kind"], "policy": facts.get("policy") or facts.get("revision"), "ruling": facts.get("ruling"),
    }  # fmt: skip
    if any(getattr(filters, name) not in (None, value) for name, value in single.items()):
        return False
    at = datetime.fromisoformat(body["at"])
    if (filters.since and at < filters.since) or (filters.until and at >= filters.until):
        return False
    if filters.pseudonym not in (None, body["actor"], body["holder"]):
        return False
    if filters.owner is not None and filters.owner not in _owners(facts):
        return False
    asks_for_a_rule = (filters.rule, filters.clause, filters.part) != (None, None, None)
    if asks_for_a_rule and not any(_of_rule(filters, each) for each in _named(body)):
        return False
    question = Question.of(filters.text or "")
    if filters.text and filters.text.strip() and not question.terms:
        return False
    return all(any(Question((term,)).places(each) for each in texts) for term in question.terms)


def _of_rule(filters: Filters, named: tuple[str, str, str]) -> bool:
    rule, part, clause = named
    wanted = "*" if filters.rule is None else filters.rule
    fits = rule.startswith(wanted[:-1]) if wanted.endswith("*") else rule == wanted
    return fits and filters.part in (None, part) and filters.clause in (None, clause)


def _expected(history: History, filters: Filters) -> list[int]:
    return [
        body["seq"] for body in reversed(history.bodies) if _fits(filters, body, history.words.get(body["seq"], []))
    ]


ALONE = [
    *(Filters(outcome=outcome) for outcome in ("clear", "block", "nothing")),
    *(Filters(rule=rule) for rule in ("tone.jargon", "tone.*", "*", "t*", "tone", "tone.%", "nobody.*")),
    *(Filters(rule="tone.*", part=part) for part in Part), Filters(part=Part.HEARD), Filters(clause="3.1"),
    Filters(rule="tone.jargon", clause="4.1", part=Part.FINDING), Filters(channel="blog"), Filters(account="personal"),
    *(Filters(kind=kind) for kind in ("screening", "passed", "publication")), Filters(policy="acme@2"),
    *(Filters(owner=owner) for owner in ("comms", "legal")), Filters(ruling="approved"), Filters(ruling="overturned"),
    Filters(since=START + timedelta(days=9)), Filters(until=START + timedelta(days=9)),
    Filters(since=START + timedelta(days=3), until=START + timedelta(days=3, hours=7)),
    Filters(since=START + timedelta(days=900)), Filters(until=START - timedelta(days=9)),
    *(Filters(text=text) for text in ("azienda", "AZIEND*", '"nostra azienda"', '"un azienda" cretino', "😀", "  ")),
    Filters(), Filters(text="è", outcome="revise"), Filters(text="perche", owner="legal"),
]  # fmt: skip


def test_every_filter_finds_what_the_bodies_say(history: History) -> None:
    for filters in ALONE:
        assert history.found(filters) == _expected(history, filters), filters
        assert list(history.index.select(filters)) == _expected(history, filters)[::-1], filters


def test_a_pseudonym_is_found_as_who_did_it_and_as_whose_it_is(history: History) -> None:
    persons = {body["actor"] for body in history.bodies}
    for person in persons:
        filters = Filters(pseudonym=person)
        assert history.found(filters) == _expected(history, filters)
        assert history.found(replace(filters, kind="decision")) == _expected(history, replace(filters, kind="decision"))
    assert history.found(Filters(pseudonym="p_nobody")) == []


def _some(*values: object) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


MIXED = st.builds(
    Filters,
    since=st.none() | st.integers(0, 800).map(lambda hours: START + timedelta(hours=hours)),
    until=st.none() | st.integers(0, 800).map(lambda hours: START + timedelta(hours=hours)),
    outcome=_some("clear", "revise"), rule=_some("tone.*", "tone.jargon", "toxicity.insult"), part=_some(*Part),
    clause=_some("3.1"), channel=_some("x"), account=_some("personal"), kind=_some("screening", "decision", "appeal"),
    policy=_some("acme@1"), owner=_some("comms"), ruling=_some("approved", "upheld"),
    text=_some("azienda", "bella cretino", "az*", '"la nostra"', "nessuno"),
)  # fmt: skip


@EVERY
@given(MIXED, st.sets(st.sampled_from([*asdict(Filters())]), min_size=1, max_size=4), st.sampled_from([0, 3, 50_000]))
def test_together_they_find_what_fits_all(history: History, mixed: Filters, kept: set[str], few: int) -> None:
    filters = Filters(**{name: getattr(mixed, name) for name in kept})
    with pytest.MonkeyPatch.context() as patch:
        # Whichever of them it begins with.
        patch.setattr(filtering, "_FEW", few)
        assert history.found(filters) == _expected(history, filters)


HOSTILE = st.text(max_size=40) | st.text(st.sampled_from("\"*^():-+{}'\\; ANDORNEAR%_\0\ud800àé😀"), max_size=40)


@EVERY
@given(HOSTILE)
def test_nothing_that_is_typed_is_a_fault(history: History, typed: str) -> None:
    assert history.found(Filters(text=typed)) == _expected(history, Filters(text=typed))


@EVERY
@given(HOSTILE)
def test_no_other_filter_takes_anything_amiss(history: History, typed: str) -> None:
    for name in ("rule", "clause", "channel", "kind", "policy", "pseudonym", "owner", "ruling"):
        wanted = typed.replace("\0", "").encode(errors="replace").decode()
        assert history.found(Filters(**{name: typed})) == _expected(history, Filters(**{name: wanted}))


def test_a_page_holds_what_was_asked_for_and_says_whether_there_is_more(history: History) -> None:
    page = history.index.search(Filters(), newest=10)
    assert [hit.seq for hit in page.hits] == list(range(150, 140, -1))
    assert page.next == 141
    assert history.index.search(Filters(), newest=10, after=11).next is None


def test_a_hit_says_what_the_entry_says(history: History) -> None:
    for hit in history.index.search(Filters(), newest=150).hits:
        body = history.bodies[hit.seq - 1]
        said = (hit.at, hit.kind, hit.subject, hit.actor, hit.holder)
        assert said == tuple(body[key] for key in ("at", "kind", "subject", "actor", "holder"))
        assert {(named.rule, named.part.value, named.clause) for named in hit.rules} == set(_named(body))
        assert sum(named.count for named in hit.rules) == len(_named(body))
        assert set(hit.owners) == _owners(body["facts"])


def test_a_day_is_the_readers() -> None:
    rome = ZoneInfo("Europe/Rome")
    assert day_begins(date(2026, 3, 29), rome) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert day_ends(date(2026, 3, 29), rome) == datetime(2026, 3, 29, 22, tzinfo=UTC)  # the day is an hour shorter
