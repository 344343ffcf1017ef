"""What differs between two policies; above all that nothing is called stricter or looser which is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from rules.assembly import SHIPPED, load_policy
from rules.comparing import Comparison, Direction, Kind, Row, compare
from rules.detectors import DETECTORS, Rule
from rules.detectors.base import BaseRule, Subject
from rules.detectors.fields import State
from rules.directions import Detail
from rules.draft import Account, Channel, Draft
from rules.draft import Kind as DraftKind
from rules.folding import fold
from rules.policy import Policy
from rules.strictness import _FIELDS

_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
MakeRule = Callable[..., Rule]
MakePolicy = Callable[..., Policy]
Change = tuple[Kind, list[tuple[str, Any, Any, Direction]]]


@pytest.fixture
def changed(make_rule: MakeRule, make_policy: MakePolicy) -> Callable[..., Change]:
    """What is said of a rule of `detector` that has the fields of `before` and then those of `after`."""

    def change(detector: str, before: dict[str, Any], after: dict[str, Any]) -> Change:
        (row,) = compare(*(make_policy(make_rule(detector, **fields)) for fields in (before, after))).rows
        return row.kind, [(one.field, one.before, one.after, one.direction) for one in row.details]

    return change


# --- A rule, field by field -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "looser", "stricter"),
    [
        ("severity", "note", "warn"),
        ("severity", "review", "block"),
        ("state", "draft", "shadow"),
        ("state", "shadow", "live"),
        ("override", "acknowledge", "justify"),
        ("override", "justify", "approve"),
        ("override", "approve", "none"),
    ],
)
def test_what_is_ranked_goes_up_or_down(changed: Callable[..., Change], field: str, looser: str, stricter: str) -> None:
    up = changed("phrases", {field: looser}, {field: stricter})
    assert up == ("stricter", [(field, looser, stricter, "stricter")])
    down = changed("phrases", {field: stricter}, {field: looser})
    assert down == ("looser", [(field, stricter, looser, "looser")])


@pytest.mark.parametrize(
    ("key", "before", "after", "kind"),
    [
        ("accounts", [], ["personal"], "looser"),
        ("accounts", ["personal", "support"], ["personal"], "looser"),
        ("accounts", ["personal"], ["personal", "support"], "stricter"),
        ("channels", ["x"], [], "stricter"),
        ("channels", ["x"], ["blog"], "changed"),
        ("kinds", [], ["post", "reply"], "changed"),
        ("languages", ["it"], [], "stricter"),
        ("languages", ["it"], ["en"], "changed"),
        ("from", None, "2027-01-10", "looser"),
        ("from", "2027-01-10", "2027-01-01", "stricter"),
        ("until", None, "2027-02-14", "looser"),
        ("until", "2027-02-14", "2027-03-01", "stricter"),
    ],
)
def test_for_more_drafts_is_stricter_for_fewer_looser(
    changed: Callable[..., Change], key: str, before: Any, after: Any, kind: Kind
) -> None:
    told = changed("phrases", {"applies": {key: before}}, {"applies": {key: after}})
    assert told[0] == kind
    assert [one[:3] for one in told[1]] == [(f"applies.{key}", before, after)]


def test_other_drafts_are_stricter_for_some_and_looser_for_others(make_rule: MakeRule, make_policy: MakePolicy) -> None:
    before, after = (make_policy(make_rule("phrases", applies={"accounts": [one]})) for one in ("support", "personal"))
    (row,) = compare(before, after).rows
    assert (row.kind, row.is_mixed, row.details[0].direction) == ("changed", True, "mixed")


def test_a_model_without_languages_is_for_those_that_it_knows(changed: Callable[..., Change]) -> None:
    wider = changed("judge", {"applies": {}}, {"applies": {"languages": ["it", "en", "fr"]}})
    assert wider[0] == "stricter"
    same = changed("judge", {"applies": {}}, {"applies": {"languages": ["en", "it"]}})
    assert same == ("changed", [("applies.languages", [], ["en", "it"], "none")])


def test_phrases_and_exceptions_are_told_by_what_came_and_what_went(changed: Callable[..., Change]) -> None:
    more = changed("phrases", {"phrases": ["uno"]}, {"phrases": ["due", "uno"]})
    assert more == ("stricter", [("phrases", [], ["due"], "stricter")])
    fewer = changed("phrases", {"phrases": ["uno", "due"]}, {"phrases": ["uno"]})
    assert fewer == ("looser", [("phrases", ["due"], [], "looser")])
    kind, details = changed("phrases", {"phrases": ["uno"]}, {"phrases": ["due"]})
    assert (kind, [one[3] for one in details]) == ("changed", ["looser", "stricter"])
    spared = changed("phrases", {}, {"except": ["uno", {"phrase": "due", "why": "un titolo"}]})
    assert spared[0] == "looser"
    assert spared[1] == [("except", [], ["uno", {"phrase": "due", "why": "un titolo"}], "looser")]


def test_what_no_draft_notices_is_only_changed(changed: Callable[..., Change]) -> None:
    for field, before, after in (
        ("phrases", ["uno", "due"], ["due", "uno"]),
        ("except", ["uno"], [{"phrase": "uno", "why": "un titolo"}]),
        ("message", {"it": "No.", "en": "No."}, {"it": "No.", "en": "Don't."}),
        ("suggest", None, "Altrimenti."),
        ("hides", None, "PAROLA"),
        ("examples", {"flag": ["x"], "allow": ["y"]}, {"flag": ["x"], "allow": ["z"]}),
    ):
        kind, details = changed("phrases", {field: before}, {field: after})
        assert (kind, {one[3] for one in details}) == ("changed", {"none"}), field
    kind, details = changed("phrases", {"message": {"it": "A.", "en": "B."}}, {"message": {"it": "A.", "en": "C."}})
    assert details == [("message.en", "B.", "C.", "none")]


def test_a_new_wording_does_not_hide_that_a_rule_is_stricter(changed: Callable[..., Change]) -> None:
    kind, _ = changed("phrases", {"severity": "note", "message": "A."}, {"severity": "warn", "message": "B."})
    assert kind == "stricter"


@pytest.mark.parametrize(
    ("detector", "before", "after", "kind"),
    [
        ("toxicity", {"labels": {"insult": 0.6}}, {"labels": {"insult": 0.5}}, "stricter"),
        ("toxicity", {"labels": {"insult": 0.6}}, {"labels": {"insult": 0.6, "threat": 0.5}}, "stricter"),
        ("toxicity", {"labels": ["insult", "threat"]}, {"labels": ["insult"]}, "looser"),
        ("toxicity", {"labels": ["insult"]}, {"labels": {"insult": 0.5}}, "changed"),
        ("toxicity", {"labels": {"insult": 0.6}}, {"labels": {"insult": 0.7, "threat": 0.5}}, "changed"),
        ("judge", {"label": "clickbait", "threshold": 0.5}, {"label": "clickbait", "threshold": 0.4}, "stricter"),
        ("judge", {"label": "clickbait"}, {"label": "clickbait", "threshold": 0.4}, "changed"),
        ("judge", {"label": "clickbait", "threshold": 0.5}, {"label": "jargon", "threshold": 0.4}, "changed"),
        ("capitalization", {"threshold": 0.5}, {"threshold": 0.8}, "stricter"),
        ("occurrence", {"pattern": "#", "most": 3}, {"pattern": "#", "most": 1}, "stricter"),
        ("occurrence", {"pattern": "#", "most": 3}, {"pattern": "#", "most": 3, "least": 1}, "stricter"),
        ("occurrence", {"pattern": "#", "most": 3}, {"pattern": "@", "most": 1}, "changed"),
        ("metric", {"metric": "words", "most": 9}, {"metric": "characters", "most": 8}, "changed"),
        ("metric", {"metric": "words", "most": 9}, {"metric": "words", "most": 9, "least": 2}, "stricter"),
        ("shouting", {"capitals": 2}, {"capitals": None}, "looser"),
        ("shouting", {"stretched": False}, {"stretched": True}, "stricter"),
        ("phrases", {"phrases": ["a"], "case_sensitive": True}, {"phrases": ["a"]}, "stricter"),
        ("platform", {"check": "hashtags", "most": 3}, {"check": "hashtags", "limits": {"x": 1}}, "changed"),
        ("platform", {"check": "links", "limits": {"x": 3}}, {"check": "links", "limits": {"x": 1}}, "stricter"),
        ("substitution", {"swap": {"mail": "e-mail"}}, {"swap": {"mail": "e-mail", "acme": "ACME"}}, "stricter"),
        ("substitution", {"swap": {"acme": "ACME"}}, {"swap": {"acme": "Acme"}}, "changed"),
        ("substitution", {"swap": {"acme": "ACME"}}, {"swap": {"acme": "ACME", "ai": "Acme Italia"}}, "changed"),
        ("consistency", {"either": {"mail": "e-mail"}}, {"either": {"mail": "e-mail", "ok": "okay"}}, "stricter"),
        ("dictionary", {"terms": ["Aurora"]}, {"terms": ["Aurora", "Falco"]}, "stricter"),
        ("dictionary", {"terms": ["Aurora; 2027-03-01"]}, {"terms": ["Aurora; 2027-04-01"]}, "stricter"),
        ("dictionary", {"terms": ["Aurora"]}, {"terms": ["Aurora; 2027-04-01"]}, "looser"),
        ("dictionary", {"terms": ["Aurora"]}, {"terms": ["Aurora", "Aurora Park; 2027-04-01"]}, "changed"),
        ("dictionary", {"terms": ["Aurora"]}, {"terms": [{"term": "Aurora", "also": ["Alba"]}]}, "stricter"),
        ("dictionary", {"terms": ["A", "B"]}, {"terms": ["B", "A"]}, "changed"),
        ("disclosure", {"about": "gift"}, {"about": "gift", "accept": ["dono"]}, "looser"),
        ("disclosure", {"about": "late_label"}, {"about": "late_label", "accept": ["dono"]}, "changed"),
        ("pattern", {"patterns": ["a"], "ignore_case": True}, {"patterns": ["a"], "ignore_case": False}, "changed"),
    ],
)  # fmt: skip
def test_fields_of_detectors(
    changed: Callable[..., Change], detector: str, before: dict[str, Any], after: dict[str, Any], kind: Kind
) -> None:
    assert changed(detector, before, after)[0] == kind
    opposite = {"stricter": "looser", "looser": "stricter"}.get(kind, kind)
    assert changed(detector, after, before)[0] == opposite


def test_identifiers(make_policy: MakePolicy) -> None:
    def kind(before: dict[str, Any], after: dict[str, Any]) -> Kind:
        plain = {"id": "data.iban", "severity": "block", "clause": "1", "message": "x"}
        rules = (
            _RULE.validate_python(
                {**plain, "detector": "personal_data", "examples": {"flag": ["x"], "allow": ["y"]}, **fields}
            )
            for fields in (before, after)
        )
        (row,) = compare(*map(make_policy, rules)).rows
        return row.kind

    assert kind({"entities": ["IBAN_CODE"]}, {"entities": {"IBAN_CODE": 0.6}}) == "looser"
    assert kind({"entities": ["IBAN_CODE"]}, {"entities": ["IBAN_CODE", "PERSON"]}) == "stricter"
    assert kind({"entities": ["IBAN_CODE"]}, {"entities": ["IBAN_CODE"], "allow": ["@acme.example"]}) == "looser"


def test_a_measured_threshold_is_told_as_one(changed: Callable[..., Change]) -> None:
    _, details = changed("toxicity", {"labels": ["insult"]}, {"labels": {"threat": 0.5}})
    assert details == [
        ("labels.insult", "measured", None, "looser"),
        ("labels.threat", None, 0.5, "stricter"),
    ]


def test_protected_speech(changed: Callable[..., Change]) -> None:
    reason = {"aware": "anche qui"}
    assert changed("phrases", {}, {"protected": reason})[0] == "stricter"
    assert changed("phrases", {"protected": reason}, {})[0] == "looser"
    assert changed("phrases", {"protected": reason}, {"protected": {"aware": "sempre"}})[0] == "changed"


def test_another_detector_is_another_rule(make_rule: MakeRule, make_policy: MakePolicy) -> None:
    before = make_rule("phrases", id="tone.word", severity="note")
    after = make_rule("judge", id="tone.word", severity="warn")
    (row,) = compare(make_policy(before), make_policy(after)).rows
    assert (row.kind, row.is_mixed) == ("changed", False)
    assert [one.field for one in row.details] == ["severity", "detector"]


DECIDED = {
    *("address", "conditional.engine", "conditional.first", "conditional.second", "conditional.ignore_case"),
    *("conditional.scope", "capitalization.match", "capitalization.style", "capitalization.scope"),
    *("consistency.engine", "consistency.case_sensitive", "consistency.whole_words", "dictionary.inflect"),
    *("dictionary.case_sensitive", "disclosure.about", "disclosure.company", "exact_match.table"),
    *("fingerprint.documents", "judge.label", "metric.metric", "occurrence.engine", "occurrence.pattern"),
    *("occurrence.scope", "occurrence.ignore_case", "occurrence.as_written", "paraphrase.sentences"),
    *("pattern.engine", "pattern.ignore_case", "pattern.whole_words", "pattern.scope", "pattern.as_written"),
    *("pattern.group", "platform.check", "repetition.engine", "repetition.pattern", "repetition.letters_only"),
    *("repetition.ignore_case", "reply.fault", "shouting.company", "substitution.engine"),
    *("substitution.case_sensitive", "substitution.whole_words", "substitution.scope", "substitution.as_written"),
    *("topic.like", "topic.unlike"),
}
"""Fields of which nobody can tell whether a change is stricter."""


def test_of_each_field_it_is_decided_what_is_stricter() -> None:
    common = {field.alias or name for name, field in BaseRule.model_fields.items()} - {"id"}
    own = {
        f"{detector}.{field.alias or name}"
        for detector, rule in DETECTORS.items()
        for name, field in rule.model_fields.items()
        if name not in {*BaseRule.model_fields, "detector"}
    }
    assert common <= _FIELDS.keys()
    assert own - DECIDED == _FIELDS.keys() - common
    assert _FIELDS.keys() & DECIDED == set()


# --- Beside the rules -------------------------------------------------------------------------------------------------


@pytest.fixture
def company() -> Policy:
    return load_policy(SHIPPED / "company.yaml")


def test_new_and_gone_are_told_by_what_people_know_them_by(make_rule: MakeRule, make_policy: MakePolicy) -> None:
    one, other = make_rule("phrases", id="tone.one", message={"it": "Uno.", "en": "One."}), make_rule("metric")
    rows = compare(make_policy(other, one), make_policy(other)).rows
    assert [(row.kind, row.what, row.id) for row in rows] == [("gone", "rule", "tone.one")]
    assert {detail.field: detail.before for detail in rows[0].details} == {
        "severity": "warn", "clause": "1", "message.it": "Uno.", "message.en": "One.", "state": "live",
        "detector": "phrases",
    }  # fmt: skip
    found = compare(make_policy(other), make_policy(other, one))
    assert [row.id for row in found.of("new", "rule")] == ["tone.one"]
    assert found.of("gone") == found.of("new", "clause") == ()


def test_clauses_and_owners(write: Callable[[str, str], Path]) -> None:
    before = load_policy(write("a.yaml", _TWO_OF_EACH))
    after = load_policy(write("b.yaml", _TWO_OF_EACH.replace("text: Uno.", "text: Uno!").replace("owner: b", "owner: a")
                              .replace("{id: b, name: Bi}", "{id: c, name: Ci}")))  # fmt: skip
    rows = [(row.kind, row.what, row.id, [one.field for one in row.details]) for row in compare(before, after).rows]
    assert rows == [
        ("changed", "clause", "1", ["text.*"]),
        ("changed", "clause", "2", ["owner"]),
        ("new", "owner", "c", ["name.*"]),
        ("gone", "owner", "b", ["name.*"]),
    ]


_TWO_OF_EACH = """
name: acme
languages: [it]
owners: [{id: a, name: A}, {id: b, name: Bi}]
clauses:
  - {id: "1", title: Uno, text: Uno., owner: a}
  - {id: "2", title: Due, text: Due., owner: b}
"""


def test_what_belongs_to_no_rule(make_rule: MakeRule, make_policy: MakePolicy) -> None:
    rules = make_rule("phrases"), make_rule("metric")
    before = make_policy(*rules)
    after = make_policy(*rules[::-1], languages=("it",), timezone="Europe/London")
    rows = [(row.kind, row.what, row.id) for row in compare(before, after).rows]
    assert rows == [
        ("changed", "policy", "rules"),
        ("changed", "policy", "languages"),
        ("changed", "policy", "timezone"),
    ]


def test_a_company_that_takes_another_name_is_one_difference(company: Policy, tmp_path: Path) -> None:
    text = (SHIPPED / "company.yaml").read_text(encoding="utf-8")
    renamed = tmp_path / "company.yaml"
    renamed.write_text(text.replace('names: ["Acme Energia", "Acme"]', 'names: ["Acme Energia", "Acme", "AE"]'))
    (row,) = compare(company, load_policy(renamed)).rows
    assert (row.what, row.id) == ("policy", "company")
    assert [(one.field, one.after[-1]) for one in row.details] == [("company.names", "AE")]


def test_nothing_is_sure_of_a_rule_that_goes_by_the_companys_names_when_they_changed(
    company: Policy, tmp_path: Path
) -> None:
    text = (SHIPPED / "company.yaml").read_text(encoding="utf-8")
    renamed = tmp_path / "company.yaml"
    more = "adjust:\n  - {rule: confidential.payment-data, override: acknowledge}\n"
    renamed.write_text(text.replace('"Acme"]', '"Acme", "AE"]').replace("adjust:\n", more))
    found = compare(company, load_policy(renamed))
    (row,) = (row for row in found.rows if row.what == "rule")
    assert (row.id, row.kind) == ("confidential.payment-data", "changed")
    assert [(one.field, one.direction) for one in row.details] == [("override", "looser"), ("company", "unclear")]


# --- What always holds ------------------------------------------------------------------------------------------------

WORDS = ["acme", "Acme", "ACME", "Acme Italia", "mail", "e-mail", "clienti"]
_some = st.lists(st.sampled_from(WORDS), max_size=3, unique=True)
_few = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True)
_limit = st.none() | st.integers(1, 3)
_pair = st.dictionaries(st.sampled_from(WORDS), st.sampled_from(WORDS), min_size=1, max_size=3)

OWN: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "phrases": {"phrases": _few, "inflect": st.sampled_from([[], ["it"]]), "case_sensitive": st.booleans()},
    "substitution": {"swap": _pair, "case_sensitive": st.booleans()},
    "pattern": {"patterns": _few, "unless": _some, "ignore_case": st.booleans()},
    "occurrence": {"pattern": st.sampled_from(["a", "#"]), "most": st.integers(0, 3), "ignore_case": st.booleans()},
    "repetition": {"most": st.integers(1, 3), "allow_words": _some},
    "consistency": {"either": _pair},
    "conditional": {"first": st.just("acme"), "second": st.sampled_from(["mail", "Aurora"]), "unless": _some},
    "capitalization": {"threshold": st.sampled_from([None, 0.5, 0.9]), "keep": _some},
    "metric": {"metric": st.sampled_from(["words", "characters"]), "most": st.integers(1, 40)},
    "shouting": {"capitals": _limit, "marks": _limit, "emoji": _limit, "stretched": st.booleans()},
    "dictionary": {
        "terms": st.lists(
            st.builds("{}{}".format, st.sampled_from(WORDS), st.sampled_from(["", "; 2026-01-01", "; 2028-01-01"])),
            min_size=1, max_size=3,
        ),
        "inflect": st.sampled_from([[], ["it"]]),
        "misspelt": st.booleans(),
    },
    "platform": {
        "check": st.just("hashtags"),
        "most": _limit,
        "limits": st.dictionaries(st.just("x"), st.integers(0, 2)),
    },
    "internal_link": {
        "hosts": st.sampled_from([[], ["wiki.acme.it"], ["*.acme.it"]]),
        "public": st.sampled_from([[], ["wiki.acme.it"]]),
    },
}  # fmt: skip
COMMON = {
    "severity": st.sampled_from(["note", "warn", "block"]),
    "state": st.sampled_from(["shadow", "live"]),
    "override": st.sampled_from(["acknowledge", "justify", "approve", "none"]),
    "except": _some,
    "message": st.sampled_from(["Uno.", {"it": "Uno.", "en": "One."}]),
    "applies": st.fixed_dictionaries(
        {},
        optional={
            "kinds": st.sampled_from([["post"], ["post", "reply"]]),
            "accounts": st.sampled_from([["personal"], ["institutional"], ["personal", "institutional"]]),
            "from": st.sampled_from(["2026-01-01", "2028-01-01"]),
            "until": st.sampled_from(["2026-06-01", "2028-06-01"]),
        },
    ),
}
TODAY = date(2027, 1, 1)

_pieces = st.sampled_from(
    [*WORDS, "cliente", "Acma", "CIAO TUTTI QUI", "#uno #due", "!!", "nooo 🎉🎉", "wiki.acme.it/x"]
)
_texts = st.lists(st.lists(_pieces, min_size=1, max_size=3).map(" ".join), min_size=6, max_size=6)


@st.composite
def _two(draw: st.DrawFn, detector: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of two rules of a detector: the second is the first with one or two fields changed."""
    fields = {**COMMON, **OWN[detector]}
    first = {name: draw(values) for name, values in OWN[detector].items()}
    names = draw(st.sampled_from(sorted(OWN[detector]))), draw(st.sampled_from(sorted(fields)))
    changed = names[: draw(st.integers(1, 2))]
    return tuple({**first, **{name: draw(fields[name]) for name in changed}} for _ in "ab")  # type: ignore[return-value]


quickly = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
of_each = pytest.mark.parametrize("detector", sorted(OWN))


@of_each
@given(st.data())
@quickly
def test_what_is_called_stricter_finds_all_that_was_found(
    make_rule: MakeRule, make_policy: MakePolicy, detector: str, data: st.DataObject
) -> None:
    before, after = (make_policy(make_rule(detector, **fields)) for fields in data.draw(_two(detector)))
    rows = compare(before, after).rows
    if not rows or rows[0].kind not in ("stricter", "looser"):
        return
    looser, stricter = (before, after) if rows[0].kind == "stricter" else (after, before)
    for text in data.draw(_texts):
        for account in (Account.INSTITUTIONAL, Account.PERSONAL):
            draft = Draft(text=text, account=account, kind=data.draw(st.sampled_from(DraftKind)), channel=Channel.X)
            assert _worst(stricter, draft) >= _worst(looser, draft)


def _worst(policy: Policy, draft: Draft) -> int:
    """How severely the one rule of `policy` treats the draft; less than nothing where it does not show."""
    (rule,) = policy.rules
    if rule.state is not State.LIVE or not rule.applies.to(draft, TODAY):
        return -1
    subject = Subject(draft, fold(draft.text), policy.languages, today=TODAY)
    return rule.severity.rank if rule.hits(subject) else -1


@of_each
@given(st.data())
@quickly
def test_the_way_back_is_the_other_way_round(
    make_rule: MakeRule, make_policy: MakePolicy, detector: str, data: st.DataObject
) -> None:
    other = make_rule("metric", id="other.rule")
    before, after = (make_policy(make_rule(detector, **fields)) for fields in data.draw(_two(detector)))
    for one in (before, make_policy(other), make_policy(other, *after.rules)):
        there, back = compare(one, after), compare(after, one)
        assert _sorted(there) == _sorted(_turned(back))


@of_each
@given(st.data())
@quickly
def test_a_policy_differs_from_every_other_and_not_from_itself(
    make_rule: MakeRule, make_policy: MakePolicy, detector: str, data: st.DataObject
) -> None:
    fields = data.draw(_two(detector))
    before, after, again = (make_policy(make_rule(detector, **each)) for each in (*fields, fields[0]))
    assert compare(before, again) == Comparison(before.revision, before.revision, ())
    assert (compare(before, after).rows == ()) == (before.revision == after.revision)


_OTHER: dict[str, Any] = {"new": "gone", "gone": "new", "stricter": "looser", "looser": "stricter"}


def _turned(found: Comparison) -> Comparison:
    rows = [
        Row(
            _OTHER.get(row.kind, row.kind),
            row.what,
            row.id,
            tuple(
                Detail(one.field, one.after, one.before, _OTHER.get(one.direction, one.direction))
                for one in row.details
            ),
        )
        for row in found.rows
    ]
    return Comparison(found.after, found.before, tuple(rows))


def _sorted(found: Comparison) -> list[str]:
    return sorted(f"{row.kind} {row.what} {row.id} {sorted(map(repr, row.details))}" for row in found.rows)


def test_the_whole_example_policy_is_itself(company: Policy) -> None:
    assert compare(company, load_policy(SHIPPED / "company.yaml")).rows == ()
