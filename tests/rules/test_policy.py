"""Policies: what loads, and what every mistake is answered with."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from rules import coherence
from rules.assembly import load_policy
from rules.detectors import DETECTORS
from rules.detectors.fields import State
from rules.detectors.personal_data import PersonalData
from rules.policy import Policy, schema
from rules.problems import SENTENCES, Place, PolicyError, Problem

Load = Callable[..., Policy]
Faults = Callable[..., list[tuple[str, str]]]
Write = Callable[[str, "str | bytes"], Path]
RuleText = Callable[..., str]


# --- What loads ---------------------------------------------------------------------------------------------------


def test_a_policy_is_what_its_file_says(load: Load, head: str, a_rule: RuleText) -> None:
    written = a_rule(
        "tone.word",
        clause="4.1",
        phrases="[no, on, 3.10]",
        applies="{kinds: [reply], languages: [it], from: 2027-01-10, until: 2027-02-14}",
        message='{it: "No.", en: "Non."}',
    )
    policy = load(head.replace('"1"', "4.1") + "rules:\n" + written)
    (rule,) = policy.rules
    assert rule.clause == "4.1"
    assert policy.clause("4.1").owner == "comms"
    assert rule.phrases == ("no", "on", "3.10")  # type: ignore[union-attr]
    assert (rule.applies.since, rule.applies.until) == (date(2027, 1, 10), date(2027, 2, 14))
    assert rule.message == {"it": "No.", "en": "Non."}
    assert (rule.state, rule.override, rule.category) == ("live", "acknowledge", "tone")
    assert policy.rule("tone.word") is rule
    assert policy.rule("tone.other") is None
    assert policy.owner("comms").deadline == "4h"
    assert policy.zone.key == "Europe/Rome"


def test_a_revision_follows_what_is_said_and_not_how(load: Load, head: str, a_rule: RuleText) -> None:
    first = load(head + "rules:\n" + a_rule()).revision
    assert first.startswith("acme@")
    assert len(first) == len("acme@") + 12
    swapped = head.replace("{id: comms, name: Comunicazione}", "{name: Comunicazione, id: comms} # a comment")
    assert load(swapped + "\nrules:\n\n" + a_rule()).revision == first
    assert load(head + "rules:\n" + a_rule(phrases="[altra]")).revision != first


def test_included_files_come_first_and_the_including_one_has_the_last_word(
    write: Write, load: Load, head: str, a_rule: RuleText
) -> None:
    write("packs/a.yaml", head.replace("title: Uno", "title: Della raccolta") + "rules:\n" + a_rule("pack.a"))
    policy = load(head + "include: [packs/a.yaml]\nrules:\n" + a_rule("own.b"))
    assert [rule.id for rule in policy.rules] == ["pack.a", "own.b"]
    assert policy.clause("1").title == {"*": "Uno"}


def test_a_file_included_twice_counts_once(write: Write, load: Load, head: str, a_rule: RuleText) -> None:
    bare = "name: x\nlanguages: [it]\n"
    write("c.yaml", head + "rules:\n" + a_rule("pack.c"))
    write("a.yaml", bare + "include: [c.yaml]\n")
    write("b.yaml", bare + "include: [c.yaml, a.yaml, c.yaml]\n")
    assert [rule.id for rule in load(head + "include: [a.yaml, b.yaml]\n").rules] == ["pack.c"]


def test_an_adjustment_changes_only_what_it_says(write: Write, load: Load, head: str, a_rule: RuleText) -> None:
    write("pack.yaml", head + "rules:\n" + a_rule("pack.a", **{"except": "[una parola data]"}))
    policy = load(
        head
        + "include: [pack.yaml]\nadjust:\n"
        + "  - {rule: pack.a, severity: block, state: shadow, except: [parola d'onore]}\n"
    )
    (rule,) = policy.rules
    assert (rule.severity, rule.state, rule.message) == ("block", State.SHADOW, {"*": "No."})
    assert rule.excepted == ("una parola data", "parola d'onore")


def test_an_adjustment_adds_the_companys_own_contacts(write: Write, load: Load, head: str, a_rule: RuleText) -> None:
    contacts = a_rule(
        "pack.a", detector="personal_data", phrases=None, entities="[PHONE_NUMBER]", allow="[+39 02 66984521]"
    )
    write("pack.yaml", head + "rules:\n" + contacts)
    (rule,) = load(head + "include: [pack.yaml]\nadjust: [{rule: pack.a, allow: [+39 06 69812345]}]\n").rules
    assert isinstance(rule, PersonalData)
    assert rule.allow == ("+39 02 66984521", "+39 06 69812345")


def test_a_message_is_filled_in_only_with_what_its_detector_knows(load: Load, head: str, a_rule: RuleText) -> None:
    swap = a_rule(
        "own.a", detector="substitution", phrases=None, swap="{parola: voce}", message='"Meglio {preferred}."'
    )
    assert len(load(head + "rules:\n" + swap).rules) == 1
    with pytest.raises(PolicyError) as caught:
        load(head + "rules:\n" + swap.replace("{preferred}", "{prefered}"))
    (problem,) = caught.value.problems
    assert (problem.code, problem.facts["name"], problem.facts["known"]) == ("no_fill", "{prefered}", "{preferred}")
    assert "{prefered}" in problem.place.text


@pytest.mark.parametrize("key", ["message", "suggest"])
def test_an_adjusted_message_is_filled_in_only_with_what_its_detector_knows(
    write: Write, load: Load, head: str, a_rule: RuleText, key: str
) -> None:
    write("pack.yaml", head + "rules:\n" + a_rule("pack.a"))
    adjusted = (
        f"adjust:\n  - rule: pack.a\n    {key}:\n      it: 'Con {{parola}}, {{altro}}, {{parola}}.'\n      en: Words.\n"
    )
    later = "  - {rule: pack.a, severity: note}\n"
    with pytest.raises(PolicyError) as caught:
        load(text := head + "include: [pack.yaml]\n" + adjusted + later)
    found = caught.value.problems
    assert [(one.code, one.facts["name"], one.facts["rule"]) for one in found] == [
        ("never_filled", "{parola}", "pack.a"),
        ("never_filled", "{altro}", "pack.a"),
    ]
    line = next(number for number, one in enumerate(text.splitlines(), start=1) if "{parola}" in one)
    assert {(Path(one.place.file).name, one.place.line) for one in found} == {("policy.yaml", line)}
    assert "nei messaggi della regola «pack.a» non si riempie niente" in found[0].say("it")
    assert "a message of the rule `pack.a` is filled in for nothing" in found[0].say("en")


def test_an_adjustment_makes_protected_speech_no_fault(write: Write, load: Load, head: str, a_rule: RuleText) -> None:
    judge = a_rule("pack.a", detector="judge", phrases=None, label="protected_speech", severity="note")
    write("pack.yaml", head + "rules:\n" + judge)
    with pytest.raises(PolicyError) as caught:
        load(head + "include: [pack.yaml]\nadjust:\n  - rule: pack.a\n    severity: warn\n")
    (problem,) = caught.value.problems
    assert (problem.code, problem.place.text.strip()) == ("only_note", "severity: warn")


def test_numbers_are_said_as_the_language_writes_them() -> None:
    problem = Problem(Place("policy.yaml", 1, 1, ""), "not_under", {"limit": "0.5"})
    assert problem.say("it") == "qui ci vuole meno di 0,5."
    assert problem.say("en") == "less than 0.5 is wanted here."


def test_only_personal_data_has_contacts_to_allow(write: Write, load: Load, head: str, a_rule: RuleText) -> None:
    write("pack.yaml", head + "rules:\n" + a_rule("pack.a"))
    with pytest.raises(PolicyError) as caught:
        load(head + "include: [pack.yaml]\nadjust: [{rule: pack.a, allow: [x]}]\n")
    assert [problem.code for problem in caught.value.problems] == ["no_allow"]


def test_only_rules_that_read_meaning_have_a_threshold(write: Write, load: Load, head: str, a_rule: RuleText) -> None:
    write("pack.yaml", head + "rules:\n" + a_rule("pack.a"))
    with pytest.raises(PolicyError) as caught:
        load(head + "include: [pack.yaml]\nadjust: [{rule: pack.a, threshold: 0.9}]\n")
    assert [problem.code for problem in caught.value.problems] == ["no_threshold"]


def test_a_threshold_may_be_another_here(write: Write, load: Load, head: str, a_rule: RuleText) -> None:
    judge = a_rule("pack.a", detector="judge", phrases=None, label="clickbait")
    toxicity = a_rule("pack.b", detector="toxicity", phrases=None, labels="{insult: 0.3, threat: 0.4}")
    write("pack.yaml", head + "rules:\n" + judge + toxicity)
    adjusted = "adjust: [{rule: pack.a, threshold: 0.9}, {rule: pack.b, threshold: 0.8}]\n"
    first, second = load(head + "include: [pack.yaml]\n" + adjusted).rules
    assert first.threshold == 0.9
    assert second.labels == {"insult": 0.8, "threat": 0.8}


def test_adjustments_of_one_rule_add_up(write: Write, load: Load, head: str, a_rule: RuleText) -> None:
    write("pack.yaml", head + "rules:\n" + a_rule("pack.a"))
    write("group.yaml", head + "include: [pack.yaml]\nadjust: [{rule: pack.a, severity: note, override: none}]\n")
    (rule,) = load(head + "include: [group.yaml]\nadjust: [{rule: pack.a, severity: block}]\n").rules
    assert (rule.severity, rule.override) == ("block", "none")


def test_an_adjustment_may_mend_what_a_pack_lacks(write: Write, load: Load, head: str, a_rule: RuleText) -> None:
    pack = a_rule("pack.a", clause="9", message="{it: No.}")
    write("pack.yaml", head.replace("it, en", "it") + "rules:\n" + pack)
    adjusted = 'adjust: [{rule: pack.a, clause: "1", message: {it: No., en: Non.}}]\n'
    (rule,) = load(head + "include: [pack.yaml]\n" + adjusted).rules
    assert (rule.clause, rule.message) == ("1", {"it": "No.", "en": "Non."})


def test_a_pack_s_rules_for_languages_that_the_company_does_not_write_are_left_out(
    write: Write, load: Load, head: str, a_rule: RuleText
) -> None:
    rules = a_rule("pack.it", applies="{languages: [it]}") + a_rule("pack.en", applies="{languages: [en]}")
    write("pack.yaml", head + "rules:\n" + rules)
    policy = load(head.replace("it, en", "it") + "include: [pack.yaml]\n")
    assert [rule.id for rule in policy.rules] == ["pack.it"]


def test_lists_are_read_from_files(write: Write, load: Load, head: str, a_rule: RuleText) -> None:
    lines = ["# a comment", "#", "#!also", "", "  uno  ", "due parole # why", "C# e altro", "#adv", "perché\u0301"]
    write("lexicon/a.txt", b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    write("lexicon/b.txt", "tre\n")
    text = head + "rules:\n" + a_rule(severity="note", phrases="[zero]", phrases_from="[lexicon/a.txt, lexicon/b.txt]")
    assert load(text).rules[0].phrases == (  # type: ignore[union-attr]
        "zero", "uno", "due parole", "C# e altro", "#adv", "perché\u0301", "tre",
    )  # fmt: skip
    alone = head + "rules:\n" + a_rule(phrases=None, phrases_from="lexicon/b.txt")
    assert load(alone).rules[0].phrases == ("tre",)  # type: ignore[union-attr]


# --- What does not ------------------------------------------------------------------------------------------------


def test_a_missing_policy_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / "none.yaml")
    assert caught.value.problems[0].code == "no_file"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("policy.yaml:1:1", "not_a_mapping")),
        ("rules: []\n", ("policy.yaml:1:1", "missing")),  # name
        ("name: Acme\nlanguages: [it]\n", ("policy.yaml:1:7", "wrong_form")),
        ("name: a\nlanguages: [ita]\n", ("policy.yaml:2:13", "wrong_form")),
        ("name: a\nlanguages: []\n", ("policy.yaml:2:1", "empty")),
        ("name: a\nlanguages: it\n", ("policy.yaml:2:12", "want_list")),
        ("name: [a]\nlanguages: [it]\n", ("policy.yaml:1:1", "want_text")),
        ("name:\nlanguages: [it]\n", ("policy.yaml:1:1", "want_text")),
        ("name: a\nlanguages: [it]\nrules: x\n", ("policy.yaml:3:8", "want_list")),
        ("name: a\nlanguages: [it]\nrules: {a: b}\n", ("policy.yaml:3:1", "want_list")),
        ("name: a\nlanguages: [it]\nrules: [x]\n", ("policy.yaml:3:9", "want_keys")),
        ("name: a\nlanguages: [it]\nrules: [[x]]\n", ("policy.yaml:3:9", "want_keys")),
        ("name: a\nlanguages: [it]\nrules: [{}]\n", ("policy.yaml:3:9", "missing")),
        ("name: a\nlanguages: [it]\nowners: [x]\n", ("policy.yaml:3:10", "want_keys")),
        ("name: a\nlanguages: [it]\nregole: []\n", ("policy.yaml:3:1", "unknown_key")),
        ("name: a\nlanguages: [it]\ntimezone: Europe/Roma\n", ("policy.yaml:3:11", "no_zone")),
        ("name: a\nlanguages: [it]\ntimezone: Europe\n", ("policy.yaml:3:11", "no_zone")),
        ("name: a\nlanguages: [it]\ntimezone: ../etc/passwd\n", ("policy.yaml:3:11", "no_zone")),
        ('name: a\nlanguages: [it]\ntimezone: ""\n', ("policy.yaml:3:11", "no_zone")),
        ('name: a\nlanguages: [it]\ntimezone: "a\\0b"\n', ("policy.yaml:3:11", "no_zone")),
        ("name: a\nlanguages: [it]\ninclude: [none.yaml]\n", ("policy.yaml:3:11", "no_file")),
        ("name: a\nlanguages: [it]\ninclude: [folder]\n", ("policy.yaml:3:11", "no_file")),
        ("name: a\nlanguages: [it]\ninclude: [policy.yaml]\n", ("policy.yaml:3:11", "include_cycle")),
        ("name: a\nlanguages: [it]\ninclude: [../x.yaml]\n", ("policy.yaml:3:11", "outside")),
        ("name: a\nlanguages: [it]\ninclude: [/etc/passwd]\n", ("policy.yaml:3:11", "outside")),
        ("name: a\nlanguages: [it]\ninclude: [" + "a" * 5_000 + "]\n", ("policy.yaml:3:11", "no_file")),
        ('name: a\nlanguages: [it]\ninclude: ["a\\0b"]\n', ("policy.yaml:3:11", "no_file")),
        ("name: a\nlanguages: [it]\ninclude: [~]\n", ("policy.yaml:3:11", "want_text")),
    ],
    ids=lambda value: repr(value)[-40:],
)
def test_a_fault_of_the_file_is_named_with_its_place(faults: Faults, text: str, expected: tuple[str, str]) -> None:
    assert faults(text)[0] == expected


@pytest.mark.parametrize(
    ("rule", "place", "code"),
    [
        # A rule's lines: 8 id, 9 detector, 10 severity, 11 clause, 12 message, 13 phrases, 14 examples, 15 the rest.
        ({"severity": "high"}, "10:13", "not_one_of"),
        ({"severity": "[warn]"}, "10:3", "not_one_of"),
        ({"severity": None}, "8:3", "missing"),
        ({"detector": "frasi"}, "9:13", "no_detector"),
        ({"detector": "[phrases]"}, "9:3", "no_detector"),
        ({"detector": "~"}, "9:3", "no_detector"),
        ({"detector": None}, "8:3", "missing"),
        ({"id": "word"}, "8:7", "wrong_id"),
        ({"id": "Tone.Word"}, "8:7", "wrong_id"),
        ({"id": '"tone.word\\n"'}, "8:7", "wrong_id"),
        ({"clause": "[1]"}, "11:3", "want_text"),
        ({"clause": "2"}, "11:11", "no_clause"),
        ({"message": '""'}, "12:12", "empty"),
        ({"message": "{}"}, "12:3", "empty"),
        ({"message": "[a]"}, "12:3", "want_keys"),
        ({"message": "{it: No.}"}, "12:3", "no_words"),
        ({"message": "{it: No., en: ~}"}, "12:22", "want_text"),
        ({"message": "{it: No., EN: No.}"}, "12:22", "wrong_form"),
        ({"suggest": "{en: No.}"}, "15:3", "no_words"),
        ({"phrases": "[]"}, "13:3", "empty"),
        ({"phrases": "parola"}, "13:12", "want_list"),
        ({"phrases": "{a: b}"}, "13:3", "want_list"),
        ({"phrases": "[[a]]"}, "13:13", "want_text"),
        ({"phrases": '[" "]'}, "13:13", "empty"),
        ({"phrases": "[~]"}, "13:13", "want_text"),
        ({"phrases": None}, "8:3", "missing"),
        ({"case_sensitive": "forse"}, "15:19", "want_bool"),
        ({"inflect": "[xx]"}, "15:13", "not_one_of"),
        ({"hides": '" "'}, "15:10", "empty"),
        ({"examples": "{flag: [a]}"}, "14:3", "missing"),
        ({"examples": "{flag: [], allow: [b]}"}, "14:14", "empty"),
        ({"examples": '{flag: [""], allow: [b]}'}, "14:21", "empty"),
        ({"examples": "[a]"}, "14:3", "want_keys"),
        ({"examples": "{flag: [a], alow: [b], allow: [b]}"}, "14:25", "unknown_key"),
        ({"applies": "{kinds: [posts]}"}, "15:21", "not_one_of"),
        ({"applies": "{channels: [{}]}"}, "15:24", "not_one_of"),
        ({"applies": "{audience: [friends]}"}, "15:24", "not_one_of"),
        ({"applies": "{kind: [post]}"}, "15:13", "unknown_key"),
        ({"applies": "~"}, "15:3", "want_keys"),
        ({"applies": "{languages: [it, de]}"}, "15:29", "not_a_language"),
        ({"applies": "{from: domani}"}, "15:19", "want_date"),
        ({"applies": "{from: 2027-02-30}"}, "15:19", "want_date"),
        ({"applies": "{from: 2027-02-02, until: 2027-02-01}"}, "15:38", "dates_swapped"),
        ({"state": "off"}, "15:10", "not_one_of"),
        ({"override": "maybe"}, "15:13", "not_one_of"),
        ({"frasi": "[a]"}, "15:3", "unknown_key"),
        ({"phrases_from": "[none.txt]"}, "15:18", "no_file"),
        ({"phrases_from": "[../x.txt]"}, "15:18", "outside"),
        ({"phrases_from": "[~]"}, "15:18", "want_text"),
        ({"phrases_from": "[[a]]"}, "15:18", "want_text"),
        ({"phrases_from": "{a: b}"}, "15:3", "want_text"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_a_fault_of_a_rule_is_named_with_its_place(
    faults: Faults, head: str, a_rule: RuleText, rule: dict[str, Any], place: str, code: str
) -> None:
    text = head + "rules:\n" + a_rule(**rule)
    assert (f"policy.yaml:{place}", code) in faults(text)


@pytest.mark.parametrize(
    ("detector", "parameters", "place", "code"),
    [
        # Lines: 8 id, 9 detector, 10 severity, 11 clause, 12 message, 13 examples, 14 the parameters.
        ("pattern", {"patterns": r"['a(?=b)']"}, "14:14", "regex"),
        ("pattern", {"patterns": r"['a(?<!b)']"}, "14:14", "regex"),
        ("pattern", {"patterns": r"['(a)\1']"}, "14:14", "regex"),
        ("pattern", {"patterns": r"['a{1001}']"}, "14:14", "regex"),
        ("pattern", {"patterns": r"['((a{100}){100}){100}']"}, "14:14", "regex"),
        ("pattern", {"patterns": r"['(a']"}, "14:14", "regex"),
        ("pattern", {"patterns": r"['x', 'a*']"}, "14:19", "regex_empty"),
        ("pattern", {"patterns": r"['']"}, "14:14", "regex_empty"),
        ("pattern", {"patterns": "[x]", "group": "1"}, "8:3", "no_group"),
        ("pattern", {"patterns": "[x]", "group": "-1"}, "15:10", "too_small"),
        ("pattern", {"patterns": "[x]", "group": "one"}, "15:10", "want_integer"),
        ("pattern", {"patterns": "[x]", "group": "9" * 5_000}, "15:10", "want_integer"),
        ("pattern", {"patterns": "[x]", "phrases_from": "[a.txt]"}, "15:3", "unknown_key"),
        ("occurrence", {"pattern": "x"}, "8:3", "no_bounds"),
        ("occurrence", {"pattern": "x", "most": "1", "least": "2"}, "8:3", "bounds_swapped"),
        ("occurrence", {"pattern": "(", "most": "1"}, "14:12", "regex"),
        ("metric", {"metric": "words"}, "8:3", "no_bounds"),
        ("metric", {"metric": "words", "most": "1", "least": "2"}, "8:3", "bounds_swapped"),
        ("metric", {"metric": "words", "most": "nan"}, "15:9", "want_number"),
        ("metric", {"metric": "words", "most": "many"}, "15:9", "want_number"),
        ("metric", {"metric": "length", "most": "1"}, "14:11", "not_one_of"),
        ("substitution", {"swap": "{}"}, "14:3", "empty"),
        ("substitution", {"swap": "[a, b]"}, "14:3", "want_keys"),
        ("substitution", {"swap": "{a: [b]}"}, "14:10", "want_text"),
        ("conditional", {"first": "x"}, "8:3", "missing"),
        ("shouting", {"marks": "0"}, "14:10", "too_small"),
        ("topic", {"like": "[a b, c d, e f]", "threshold": "1"}, "15:14", "not_under"),
        ("topic", {"like": "[a b, c d, e f]", "threshold": "0"}, "15:14", "not_over"),
        ("repetition", {"allow_words": "[[x]]"}, "14:17", "want_text"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_a_fault_of_a_detector_s_parameters_is_named_with_its_place(
    faults: Faults, head: str, a_rule: RuleText, detector: str, parameters: dict[str, str], place: str, code: str
) -> None:
    text = head + "rules:\n" + a_rule(detector=detector, phrases=None, **parameters)
    assert faults(text) == [(f"policy.yaml:{place}", code)]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("regole: []\n", "include, languages"),  # nothing like it: all there are
        ("rule: []\n", "rules"),
        ("owners: [{id: a, name: A, slak_channel: x}]\n", "slack_channel"),
        ("clauses: [{id: a, titel: A, text: T, owner: a}]\n", "title"),
        ("adjust: [{rule: a.b, exept: [x]}]\n", "except"),
        ("rules: [{detector: phrases, phrase: [x]}]\n", "phrases"),
        ("rules: [{detector: shouting, captials: 2}]\n", "capitals"),
        ("rules: [{detector: phrases, applies: {chanels: [x]}}]\n", "channels"),
        ("rules: [{detector: phrases, applies: {form: 2027-01-01}}]\n", "from"),
        ("rules: [{detector: phrases, examples: {alow: [x]}}]\n", "allow"),
        ("adjust: [{rule: a.b, applies: {util: 2027-01-01}}]\n", "until"),
    ],
)
def test_an_unknown_key_is_answered_with_the_one_that_was_meant(load: Load, text: str, hint: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load("name: a\nlanguages: [it]\n" + text)
    (unknown,) = [problem for problem in caught.value.problems if problem.code == "unknown_key"]
    assert hint in unknown.facts["hint"]
    assert unknown.facts["hint"] in unknown.say("it")


@pytest.mark.parametrize(
    ("replaced", "by", "expected"),
    [
        ("name: Comunicazione", "name: {it: Comunicazione}", [("policy.yaml:4:17", "no_words")]),
        ("name: Comunicazione", "name: {}", [("policy.yaml:4:17", "empty")]),
        ("name: Comunicazione", "name: C, hours: 9-18", [("policy.yaml:4:33", "wrong_form")]),
        ("name: Comunicazione", "name: C, hours: mon-fri 09:00-25:00", [("policy.yaml:4:33", "wrong_form")]),
        ("name: Comunicazione", 'name: C, hours: "mon 09:00-09:00"', [("policy.yaml:4:33", "no_time")]),
        (
            "name: Comunicazione",
            'name: C, hours: "mon-fri 24:00-24:00, sat 24:00-24:00"',
            [("policy.yaml:4:33", "no_time")],
        ),
        ("name: Comunicazione", "name: C, deadline: 4 hours", [("policy.yaml:4:36", "wrong_form")]),
        ("name: Comunicazione", "name: C, deadline: 10000d", [("policy.yaml:4:36", "wrong_form")]),
        ("name: Comunicazione", "name: C, timezone: Europe/Roma", [("policy.yaml:4:36", "no_zone")]),
        ("name: Comunicazione", "name: C, holidays: [12-25, pasquetta]", [("policy.yaml:4:44", "wrong_form")]),
        ("name: Comunicazione", "name: C, holidays: [2026-02-30]", [("policy.yaml:4:37", "no_day")]),
        ("name: Comunicazione", "name: C, holidays: [12-25, 02-30]", [("policy.yaml:4:44", "no_day")]),
        ("name: Comunicazione", "name: C, holidays: 12-25", [("policy.yaml:4:36", "want_list")]),
        ("name: Comunicazione", "name: C, holidays: [2026-08-21..2026-08-10]", [("policy.yaml:4:37", "days_swapped")]),
        ("name: Comunicazione", "name: C, next: legal", [("policy.yaml:4:32", "no_owner")]),
        ("name: Comunicazione", "name: C, next: comms", [("policy.yaml:4:32", "owner_cycle")]),
        ("owner: comms", "owner: coms", [("policy.yaml:6:46", "no_owner")]),
        ("title: Uno", "title: {it: Uno}", [("policy.yaml:6:15", "no_words")]),
        ('id: "1"', "id: 1 a", [("policy.yaml:6:10", "wrong_form")]),
    ],
)
def test_a_fault_of_an_owner_or_a_clause_is_named(
    faults: Faults, head: str, replaced: str, by: str, expected: list[tuple[str, str]]
) -> None:
    assert replaced in head
    assert faults(head.replace(replaced, by)) == expected


@pytest.mark.parametrize(
    "hours",
    ["24x7", "mon-fri 09:00-18:00", "mon-fri 09:00-18:00, sat 09:00-24:00", "fri-mon 22:00-06:00, wed 18:00-00:00"],
)
def test_hours_are_a_rota_or_always(load: Load, head: str, hours: str) -> None:
    assert load(head.replace("id: comms,", f'id: comms, hours: "{hours}",')).owner("comms").hours == hours


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("holidays: [12-25, 13-01]", [("policy.yaml:7:19", "no_day")]),
        ("holidays: [natale]", [("policy.yaml:7:12", "wrong_form")]),
        ("holidays: [2027-01-06..2026-12-24]", [("policy.yaml:7:12", "days_swapped")]),
        ("duty: legal", [("policy.yaml:7:7", "no_owner")]),
        ("appeals: coms", [("policy.yaml:7:10", "no_owner")]),
        ("duty: Comms", [("policy.yaml:7:7", "wrong_form")]),
    ],
)
def test_a_fault_of_who_is_there_for_all_is_named(
    faults: Faults, head: str, line: str, expected: list[tuple[str, str]]
) -> None:
    assert faults(f"{head}{line}\n") == expected


def test_whoever_is_asked_last_is_likely_one_of_the_owners(load: Load, head: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load(f"{head}duty: coms\n")
    (problem,) = caught.value.problems
    assert problem.facts["hint"] == "comms"


def test_holidays_and_who_is_asked_besides_are_those_of_the_file_that_says_them_last(
    write: Write, load: Load, head: str
) -> None:
    says = "holidays: [01-01, easter-monday, 2026-12-25]\nduty: comms\nappeals: comms\n"
    write("pack.yaml", head + says)
    taken_over = load(f"{head}include: [pack.yaml]\n")
    assert taken_over.holidays == ("01-01", "easter-monday", "2026-12-25")
    assert (taken_over.duty, taken_over.appeals) == ("comms", "comms")
    own = load(
        head.replace("owners:\n", "owners:\n  - {id: legal, name: L}\n")
        + "include: [pack.yaml]\nholidays: [12-26]\nduty: legal\n"
    )
    assert (own.holidays, own.duty, own.appeals) == (("12-26",), "legal", "comms")


def test_what_no_file_says_is_nothing(load: Load, head: str) -> None:
    policy = load(head)
    assert (policy.holidays, policy.duty, policy.appeals) == ((), None, None)


def test_the_same_clause_or_owner_twice_in_a_file_is_a_fault(faults: Faults, head: str) -> None:
    owner, clause = head.splitlines()[3], head.splitlines()[5]
    twice = head.replace(owner, f"{owner}\n{owner}").replace(clause, f"{clause}\n{clause}")
    assert faults(twice) == [("policy.yaml:5:10", "name_twice"), ("policy.yaml:8:10", "name_twice")]


def test_owners_who_hand_on_to_each_other_are_a_fault_also_across_files(
    write: Write, faults: Faults, head: str
) -> None:
    write("pack.yaml", "name: p\nlanguages: [it, en]\nowners: [{id: legal, name: L, next: comms}]\n")
    text = head.replace("name: Com", "next: legal, name: Com") + "include: [pack.yaml]\n"
    assert faults(text) == [("pack.yaml:3:37", "owner_cycle"), ("policy.yaml:4:23", "owner_cycle")]


def test_a_link_to_itself_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").symlink_to(tmp_path / "policy.yaml")
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / "policy.yaml")
    assert [problem.code for problem in caught.value.problems] == ["unreadable"]


def test_of_many_faults_the_first_thousand_are_told(faults: Faults, head: str) -> None:
    codes = [code for _, code in faults(head + "adjust: [" + "{id: 1}," * 5_000 + "]\n")]
    assert len(codes) == 1_001
    assert codes[-1] == "more_faults"


def test_a_likely_name_is_sought_for_the_first_faults_alone(
    monkeypatch: pytest.MonkeyPatch, faults: Faults, head: str, a_rule: RuleText
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(coherence, "hint", lambda word, known: asked.append(word) or "x")
    found = faults(head + "rules:\n" + "".join(a_rule(f"tone.r{n}", clause=f"c{n}") for n in range(100)))
    assert len(found) == 100
    assert len(asked) == 20


def test_a_long_line_of_owners_is_fine_and_a_long_circle_a_fault(faults: Faults, load: Load) -> None:
    head = "name: acme\nlanguages: [it]\nowners:\n"
    owners = "".join(f"- {{id: o{n}, name: O, next: o{n + 1}}}\n" for n in range(1_500))
    assert len(load(head + owners + "- {id: o1500, name: O}\n").owners) == 1_501
    codes = [code for _, code in faults(head + owners + "- {id: o1500, name: O, next: o1499}\n")]
    assert codes == ["owner_cycle", "owner_cycle"]


def test_a_rule_id_is_used_once_in_all_files(write: Write, faults: Faults, head: str, a_rule: RuleText) -> None:
    write("pack.yaml", head + "rules:\n" + a_rule())
    assert faults(head + "include: [pack.yaml]\nrules:\n" + a_rule()) == [("policy.yaml:9:7", "id_twice")]
    assert faults(head + "rules:\n" + a_rule() + a_rule()) == [("policy.yaml:15:7", "id_twice")]


def test_files_that_include_each_other_are_a_fault(write: Write, faults: Faults) -> None:
    bare = "name: x\nlanguages: [it]\n"
    write("a.yaml", bare + "include: [b.yaml]\n")
    write("b.yaml", bare + "include: [a.yaml]\n")
    assert faults(bare + "include: [a.yaml]\n") == [("b.yaml:3:11", "include_cycle")]


@pytest.mark.parametrize(
    ("adjustment", "place", "code"),
    [
        ("{rule: tone.wrod}", "15:18", "no_rule"),
        ("{severity: warn}", "15:11", "missing"),
        ("{rule: tone.word, clause: 9}", "15:37", "no_clause"),
        ("{rule: tone.word, message: {it: No.}}", "15:29", "no_words"),
        ("{rule: tone.word, applies: {languages: [de]}}", "15:51", "not_a_language"),
        ("{rule: tone.word, applies: {from: 2027-02-02, until: 2027-02-01}}", "15:64", "dates_swapped"),
        ("{rule: tone.word, phrases: [x]}", "15:29", "unknown_key"),
        ("{rule: tone.word, severity: high}", "15:39", "not_one_of"),
    ],
)
def test_a_fault_of_an_adjustment_is_named(
    faults: Faults, head: str, a_rule: RuleText, adjustment: str, place: str, code: str
) -> None:
    text = head + "rules:\n" + a_rule() + f"adjust: [ {adjustment}]\n"
    assert faults(text) == [(f"policy.yaml:{place}", code)]


def test_files_that_include_one_another_without_end_are_a_fault(write: Write, faults: Faults) -> None:
    for number in range(2_000):
        write(f"{number}.yaml", f"name: x\nlanguages: [it]\ninclude: [{number + 1}.yaml]\n")
    assert faults("name: x\nlanguages: [it]\ninclude: [0.yaml]\n") == [("9.yaml:3:11", "too_deep")]


def test_a_list_that_is_no_text_or_empty_is_a_fault(write: Write, faults: Faults, head: str, a_rule: RuleText) -> None:
    write("latin.txt", "perch\xe9".encode("latin-1"))
    write("empty.txt", "# nothing\n")
    assert faults(head + "rules:\n" + a_rule(phrases_from="[latin.txt]")) == [("latin.txt:1:1", "not_utf8")]
    text = head + "rules:\n" + a_rule(phrases=None, phrases_from="[empty.txt]")
    assert faults(text) == [("policy.yaml:14:3", "empty")]


def test_a_single_phrase_is_not_swallowed_by_a_list(write: Write, faults: Faults, head: str, a_rule: RuleText) -> None:
    write("a.txt", "uno\n")
    text = head + "rules:\n" + a_rule(phrases="parola", phrases_from="[a.txt]")
    assert faults(text) == [("policy.yaml:13:12", "want_list")]


def test_all_faults_are_told_at_once(write: Write, faults: Faults, head: str, a_rule: RuleText) -> None:
    write("pack.yaml", "name: A\nlanguages: [it]\n")
    rules = a_rule("a.one", severity="x") + a_rule("b.two", phrases="[]") + a_rule("c", extra="1")
    codes = [code for _, code in faults(head + "include: [pack.yaml]\nrules:\n" + rules)]
    assert sorted(codes) == ["empty", "not_one_of", "unknown_key", "wrong_id"]


def test_an_error_in_italian_says_where_what_and_how(load: Load, head: str, a_rule: RuleText) -> None:
    with pytest.raises(PolicyError) as caught:
        load(head + "rules:\n" + a_rule(severity="hihg"))
    assert caught.value.show("it") == (
        "policy.yaml:10:13: «hihg» non è fra i valori ammessi: note, warn, review, block.\n"
        "   10 |   severity: hihg\n"
        "                    ^"
    )


def test_every_sentence_for_authors_stands_in_both_languages() -> None:
    for italian, english in SENTENCES.values():
        assert italian != english or italian == "{reason}."
        assert {part for part in italian.split() if "{" in part} or "{" not in english


# --- Anything at all ----------------------------------------------------------------------------------------------

KEYS = [
    *("id", "detector", "severity", "clause", "message", "phrases", "examples", "flag", "allow", "applies", "from"),
    *("it", "until", "languages", "phrases_from", "pattern", "patterns", "swap", "most", "except", "either", "metric"),
]  # fmt: skip
VALUES = ["it", "warn", "1", "comms", "phrases", "a.b", "2027-01-01", *DETECTORS]
yaml_like = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(VALUES)),
    lambda children: st.one_of(
        st.lists(children, max_size=3),
        st.dictionaries(st.one_of(st.text(max_size=5), st.sampled_from(KEYS)), children, max_size=5),
    ),
    max_leaves=12,
)
policies = st.fixed_dictionaries(
    {"name": st.just("a"), "languages": st.just(["it"])},
    optional={
        key: yaml_like
        for key in ("rules", "owners", "clauses", "adjust", "include", "timezone", "holidays", "duty", "appeals", "x")
    },
)


@pytest.fixture(scope="module")
def attempt(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], Policy | tuple[Problem, ...]]:
    folder = tmp_path_factory.mktemp("any")

    def load(content: bytes) -> Policy | tuple[Problem, ...]:
        path = folder / "policy.yaml"
        path.write_bytes(content)
        try:
            return load_policy(path)
        except PolicyError as error:
            error.show("it")
            return error.problems

    return load


@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_file_is_a_policy_or_a_policy_error(attempt: Callable[..., object], content: bytes) -> None:
    assert attempt(content)


@given(written=st.one_of(yaml_like, policies))
def test_any_structure_is_a_policy_or_a_policy_error(attempt: Callable[..., object], written: object) -> None:
    assert attempt(yaml.safe_dump(written, allow_unicode=True).encode(errors="replace"))


@given(
    fields=st.dictionaries(
        st.sampled_from(
            ["severity", "message", "examples", "applies", "phrases", "except", "hides", "state", "inflect"]
        ),
        yaml_like,
        max_size=3,
    ),
    detector=st.sampled_from([*DETECTORS]),
)
def test_any_rule_is_a_policy_or_a_policy_error(
    attempt: Callable[..., object], head: str, fields: dict[str, object], detector: str
) -> None:
    rule = {"id": "a.b", "detector": detector, "severity": "warn", "clause": "1", "message": "x", **fields}
    rules = yaml.safe_dump({"rules": [rule]}, allow_unicode=True)
    assert attempt((head + rules).encode(errors="replace"))


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_phrase_survives_the_way_through_yaml(
    attempt: Callable[..., Policy | tuple[Problem, ...]], head: str, text: str
) -> None:
    quoted = '"' + "".join(f"\\U{ord(c):08x}" for c in text) + '"'
    rule = f'- {{id: a.b, detector: phrases, severity: note, clause: "1", message: x, phrases: [{quoted}], '
    policy = attempt((head + "rules:\n" + rule + "examples: {flag: [a], allow: [b]}}\n").encode())
    if isinstance(policy, Policy):
        (phrase,) = policy.rules[0].phrases  # type: ignore[union-attr]
        assert phrase.strip() == text.strip()
    else:
        assert [problem.code for problem in policy] == ["empty"]
        assert not text.strip()


@pytest.mark.parametrize(
    ("field", "written", "meant"),
    [("rewrite", "{frist: Ciao.}", "first"), ("protected", "{aware: x, awares: y}", "aware")],
)
def test_an_unknown_key_inside_a_part_of_a_rule_is_answered_with_the_one_meant(
    head: str, a_rule: RuleText, load: Load, field: str, written: str, meant: str
) -> None:
    assert _hint_of_unknown(load, f"{head}rules:\n{a_rule(**{field: written})}") == meant


def test_an_unknown_key_of_the_company_is_answered_with_the_one_meant(head: str, load: Load) -> None:
    assert _hint_of_unknown(load, f"{head}company: {{nomes: [Acme]}}\n") == "names"


def _hint_of_unknown(load: Load, text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        load(text)
    (problem,) = [problem for problem in caught.value.problems if problem.code == "unknown_key"]
    return problem.facts["hint"]


# --- Size and schema ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def thousand_rules(head: str, a_rule: RuleText) -> str:
    """A policy of 1,000 rules, of four detectors."""
    parameters: list[dict[str, str | None]] = [
        {"phrases": "[parola uno, parola due]", "applies": "{kinds: [post, reply], languages: [it]}"},
        {"detector": "pattern", "phrases": None, "patterns": r"['\bparola\p{Nd}+']", "except": "[parola d'onore]"},
        {"detector": "substitution", "phrases": None, "swap": "{parola: termine, utilizzare: usare}"},
        {"detector": "occurrence", "phrases": None, "pattern": "'#'", "most": "3"},
    ]
    message = '{it: "Non si dice.", en: "Do not say so."}'
    rules = (a_rule(f"tone.rule-{n}", message=message, suggest=message, **parameters[n % 4]) for n in range(1_000))
    return head + "rules:\n" + "".join(rules)


def test_a_policy_of_a_thousand_rules_loads(load: Load, thousand_rules: str) -> None:
    assert len(load(thousand_rules).rules) == 1_000


def test_a_thousand_faulty_rules_are_a_thousand_faults(faults: Faults, thousand_rules: str) -> None:
    found = faults(thousand_rules.replace("severity: warn", "severity: wran"))
    assert len(found) == 1_000
    assert {code for _, code in found} == {"not_one_of"}


def test_the_schema_is_one_and_accepts_what_loads(load: Load, thousand_rules: str, head: str, a_rule: RuleText) -> None:
    Draft202012Validator.check_schema(schema())
    validator = Draft202012Validator(schema())
    bare = head.replace('"1"', "4.1") + "rules:\n" + a_rule(clause="4.1", phrases=None, phrases_from="[a.txt]")
    away = head + "duty: comms\nholidays: [12-25, 2026-12-24, 2026-08-10..2026-08-21, easter-monday]\n"
    for text in (thousand_rules, bare, head, away):
        assert [error.message for error in validator.iter_errors(_as_editors_read(text))] == []


def test_the_schema_refuses_what_does_not_load(head: str, a_rule: RuleText) -> None:
    validator = Draft202012Validator(schema())
    for rule in (a_rule(severity="high"), a_rule(frasi="[a]"), a_rule(detector="frasi"), a_rule(examples=None)):
        assert not validator.is_valid(_as_editors_read(head + "rules:\n" + rule))


def _as_editors_read(text: str) -> object:
    return json.loads(json.dumps(yaml.safe_load(text), default=str))
