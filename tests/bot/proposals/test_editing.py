"""Rules edited in a policy's YAML: what was asked for is done, and nobody's comment, order or quote is touched."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.proposals.editing import added, adjusted, adjustment, changed, lines_of, removed, written
from bot.proposals.sheet import NotEditable
from rules.assembly import SHIPPED
from rules.source import parse_source, plain

TEXT = """\
# Our policy.
name:   prova   # three blanks, and they stay
languages: [it, en]

rules:
  # Why this one is here.
  - id: tone.jargon
    detector: substitution
    severity: note   # not more
    clause: "3.1"
    message: {it: 'Meglio «{preferred}».', en: "Better: {preferred}."}
    swap: {sinergia: collaborazione, kickoff: "avvio"}   # words of the house
    examples: {flag: ["Che sinergia!"], allow: ["Che collaborazione!"]}

  - id: tone.insult
    detector: phrases
    severity: warn
    clause: '3.1'
    message:
      it: Qualcuno può restarci male.
      en: >-
        Somebody may
        be hurt.
    phrases:
      - 'cretino'
      # the next one is disputed
      - 'idiota'   # really?
      - 'scemo'
    examples:
      flag: [Sei un cretino]
      allow:
        - "Sei bravo"

# How we differ from a pack.
adjust:
  - rule: tone.shouting   # louder
    severity: warn
"""
FILES = [path.read_text(encoding="utf-8") for path in (SHIPPED / "company.yaml", SHIPPED / "packs" / "disclosure.yaml")]


def _data(text: str) -> dict[str, Any]:
    found = plain(parse_source(text, Path("x"), "x").root)
    assert isinstance(found, dict)
    return found


def _difference(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def test_a_scalar_changes_and_its_comment_stays() -> None:
    after = changed(TEXT, "tone.jargon", {"severity": "warn", "clause": "3.2"})
    assert _difference(TEXT, after) == [
        "-    severity: note   # not more",
        '-    clause: "3.1"',
        "+    severity: warn   # not more",
        '+    clause: "3.2"',
    ]


def test_quotes_stay_as_they_were() -> None:
    after = changed(TEXT, "tone.jargon", {"message": {"it": "Perché l'altra?", "en": "Better: {preferred}."}})
    assert "message: {it: 'Perché l''altra?', en: \"Better: {preferred}.\"}" in after
    assert len(_difference(TEXT, after)) == 2


def test_entries_of_a_list_come_and_go_by_themselves() -> None:
    after = changed(TEXT, "tone.insult", {"phrases": ["cretino", "idiota", "allocco", "x: y"]})
    assert _difference(TEXT, after) == ["-      - 'scemo'", "+      - 'allocco'", "+      - 'x: y'"]
    assert "# the next one is disputed" in after
    after = changed(TEXT, "tone.insult", {"phrases": ["idiota"]})
    assert _difference(TEXT, after) == ["-      - 'cretino'", "-      - 'scemo'"]


def test_a_map_in_braces_keeps_what_is_around_it() -> None:
    after = changed(TEXT, "tone.jargon", {"swap": {"sinergia": "intesa", "brief": "punto"}})
    assert '    swap: {sinergia: intesa, brief: "punto"}   # words of the house' in after
    assert len(_difference(TEXT, after)) == 2


def test_a_folded_text_is_replaced_and_its_neighbour_is_not() -> None:
    after = changed(TEXT, "tone.insult", {"message": {"it": "Qualcuno può restarci male.", "en": "No: really."}})
    assert _difference(TEXT, after) == [
        "-      en: >-", "-        Somebody may", "-        be hurt.", '+      en: "No: really."'
    ]  # fmt: skip


def test_a_new_key_stands_where_keys_of_its_kind_do_and_goes_again() -> None:
    after = changed(TEXT, "tone.insult", {"state": "shadow", "except": ["scemo di guerra"]})
    assert _difference(TEXT, after) == ["+    state: shadow", "+    except:", '+      - "scemo di guerra"']
    assert after.index("clause: '3.1'") < after.index("state: shadow") < after.index("it: Qualcuno")
    assert after.index("- 'scemo'") < after.index("except:") < after.index("flag: [Sei")
    assert changed(after, "tone.insult", {"state": None, "except": None}) == TEXT


def test_a_rule_is_added_after_the_others_and_taken_away_again() -> None:
    rule = {
        "examples": {"flag": ["Ci sentiamo ASAP"], "allow": ["A presto"]},
        "id": "tone.asap", "detector": "phrases", "severity": "note", "clause": "3.1",
        "message": {"it": "Meglio «presto».", "en": "Better: soon."}, "phrases": ["asap", "no"],
    }  # fmt: skip
    after = added(TEXT, rule)
    assert all(line.startswith("+") for line in _difference(TEXT, after))
    assert _data(after)["rules"][-1] == rule
    assert after.index("tone.insult") < after.index("tone.asap") < after.index("# How we differ")
    assert removed(after, "tone.asap") == TEXT


def test_the_last_rule_that_goes_takes_the_list_along() -> None:
    after = removed(removed(TEXT, "tone.jargon"), "tone.insult")
    assert "rules" not in _data(after)
    assert "# How we differ from a pack." in after
    again = added(after, {"id": "a.b", "detector": "shouting", "severity": "note"})
    assert _data(again)["rules"] == [{"id": "a.b", "detector": "shouting", "severity": "note"}]


def test_a_packs_rule_is_adjusted_and_left_as_it_was_again() -> None:
    after = adjusted(TEXT, "tone.shouting", {"state": "shadow"})
    assert _difference(TEXT, after) == ["+    state: shadow"]
    after = adjusted(TEXT, "tone.clickbait", {"threshold": "0.8", "except": ["non crederai ai tuoi occhi"]})
    assert adjustment(after, "tone.clickbait") == {
        "rule": "tone.clickbait", "except": ["non crederai ai tuoi occhi"], "threshold": "0.8"
    }  # fmt: skip
    assert adjusted(after, "tone.clickbait", {"threshold": None, "except": None}) == TEXT
    assert adjusted(TEXT, "tone.clickbait", {"threshold": None}) == TEXT


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(LookupError):
        changed(TEXT, "tone.nothing", {"state": "shadow"})
    with pytest.raises(LookupError):
        removed(TEXT, "tone.nothing")
    assert written(TEXT, "tone.nothing") is None
    with pytest.raises(NotEditable):
        changed("rules: [", "a.b", {})


_LAUGHS = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


@pytest.mark.parametrize(
    "text",
    [
        f"a0: &a0 [x.y]\n{_LAUGHS}rules: *a39\n",
        "rules: &a [{id: x.y, z: *a}]\n",
        f"rules: [{{id: x.y, z: {'[' * 5_000}{']' * 5_000}}}]\n",
        "rules: [{id: x.y, ? [a] : b}]\n",
        "rules: [{id: x.y, z: 1, z: 2}]\n",
        "rules: [{id: x.y, z: !!int 1}]\n",
    ],
)
def test_what_the_policys_own_reader_refuses_is_for_no_form_and_takes_no_time(text: str) -> None:
    """Also what would be thousands of times as large as it is written, or hold itself."""
    for edit in (written, adjustment, removed, lines_of):
        with pytest.raises(NotEditable):
            edit(text, "x.y")
    with pytest.raises(NotEditable):
        added(text, {"id": "x.z"})


def test_a_rules_own_lines_are_shown_as_they_stand() -> None:
    found = lines_of(TEXT, "tone.insult")
    assert found is not None
    assert found[0] == 15
    assert found[1].splitlines()[0] == "- id: tone.insult"
    assert found[1].splitlines()[-1] == '      - "Sei bravo"'
    assert "# the next one is disputed" in found[1]
    assert lines_of(TEXT, "tone.nothing") is None


def test_line_ends_of_another_system_stay() -> None:
    windows = TEXT.replace("\n", "\r\n")
    after = changed(windows, "tone.insult", {"state": "shadow", "phrases": ["cretino", "idiota", "scemo", "allocco"]})
    assert after.replace("\r\n", "\n") == changed(
        TEXT, "tone.insult", {"state": "shadow", "phrases": ["cretino", "idiota", "scemo", "allocco"]}
    )
    assert after.count("\n") == after.count("\r\n")


_WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
_LISTS = st.lists(_WORDS, min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_is_written_is_read_again_and_nothing_else_changes(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([TEXT, *FILES]))
    rules = _data(text)["rules"]
    rule: Mapping[str, Any] = data.draw(st.sampled_from(rules))
    changes: dict[str, Any] = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "severity": st.sampled_from(["note", "warn", "review", "block"]),
                "state": st.sampled_from(["draft", "shadow", "live"]),
                "message": st.fixed_dictionaries({"it": _WORDS, "en": _WORDS}),
                "suggest": st.none() | st.fixed_dictionaries({"it": _WORDS}),
                "except": st.none() | _LISTS,
                "phrases": _LISTS,
                "swap": st.dictionaries(_WORDS, _WORDS, min_size=1, max_size=3),
                "examples": st.fixed_dictionaries({"flag": _LISTS, "allow": _LISTS}),
            },
        )
    )
    after = changed(text, rule["id"], changes)
    wanted = {**rule, **{key: value for key, value in changes.items() if value is not None}}
    wanted = {key: value for key, value in wanted.items() if key not in changes or changes[key] is not None}
    found = _data(after)["rules"]
    assert found == [wanted if one["id"] == rule["id"] else one for one in rules]
    first, own = lines_of(text, rule["id"]) or (0, "")
    lines = text.splitlines()
    assert after.splitlines()[: first - 1] == lines[: first - 1]
    rest = lines[first - 1 + len(own.splitlines()) :]
    assert after.splitlines()[len(after.splitlines()) - len(rest) :] == rest
