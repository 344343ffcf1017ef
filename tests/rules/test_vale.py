"""Vale styles as packs of ours: what they flag, what they let pass, and what does not carry over."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from rules.assembly import load_policy
from rules.detectors.base import Subject
from rules.draft import Draft, Span
from rules.folding import fold
from rules.patterns import find
from rules.policy import Policy
from rules.problems import PolicyError
from rules.screening import Screener
from rules.trial import find_shadowed, try_examples
from rules.unavailable import Unavailable
from rules.vale import Import, StyleError, import_styles
from rules.vale.expressions import Unreadable, read
from rules.vale.files import MAX_BYTES, MAX_FILES
from rules.vale.messages import worded
from rules.vale.samples import samples

Style = Callable[..., Import]
Marked = Callable[..., list[str]]


@pytest.fixture
def style(tmp_path: Path) -> Style:
    """Imports a style `Acme` with these files in it."""

    def build(**rules: str) -> Import:
        folder = tmp_path / "Acme"
        folder.mkdir(exist_ok=True)
        for name, text in rules.items():
            (folder / f"{name}.yml").write_text(dedent(text), encoding="utf-8")
        return import_styles(folder)

    return build


def _policy(found: Import, folder: Path) -> Policy:
    path = folder / "pack.yaml"
    path.write_text(found.pack, encoding="utf-8")
    return load_policy(path)


@pytest.fixture
def policy(style: Style, tmp_path: Path) -> Callable[..., Policy]:
    """The loaded pack of a style whose every rule must carry over and behave on its own examples."""

    def build(**rules: str) -> Policy:
        found = style(**rules)
        assert [(each.rule, each.reason.say("en")) for each in found.skipped] == []
        policy = _policy(found, tmp_path)
        assert list(try_examples(policy)) == []
        assert list(find_shadowed(policy)) == []
        return policy

    return build


@pytest.fixture
def marked(policy: Callable[..., Policy]) -> Marked:
    """What the one rule of a style marks in a text."""

    def build(rule: str, text: str) -> list[str]:
        (only,) = policy(Rule=rule).rules
        return [hit.span.of(text) for hit in only.hits(Subject(Draft(text=text), fold(text), ("it", "en")))]

    return build


def _existence(tokens: str, **keys: str) -> str:
    return "\n".join(
        ["extends: existence", "message: \"Avoid '%s'.\"", *(f"{k}: {v}" for k, v in keys.items()), f"tokens: {tokens}"]
    )


def _swap(swap: str, **keys: str) -> str:
    head = ["extends: substitution", "message: \"Use '%s' instead of '%s'.\""]
    return "\n".join([*head, *(f"{k}: {v}" for k, v in keys.items()), f"swap: {swap}"])


# --- existence --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        # whole words, and case counts unless it is ignored
        (_existence("[synergy, leverage]"), "Synergy, synergy, leverages, leverage.", ["synergy", "leverage"]),
        (_existence("[synergy]", ignorecase="true"), "Synergy and SYNERGY", ["Synergy", "SYNERGY"]),
        # keys are known in any case, as Vale knows them
        (_existence("[synergy]", ignoreCase="true"), "SYNERGY", ["SYNERGY"]),
        # letters with accents are letters
        (_existence("[met, perch]"), "A metà perché met", ["met"]),
        (_existence("[perché, città]"), "perché? Perchéx, una città.", ["perché", "città"]),
        (_existence("[perche]", ignorecase="true"), "perché", []),
        # one beside the other
        (_existence("[very]"), "very very_very very", ["very", "very"]),
        # the first token that fits is taken, as in any alternation, and another where it is cut
        (_existence("[very, very good]"), "very good", ["very"]),
        (_existence("[is not, is]"), "is notà", ["is"]),
        (_existence("['met', 'metà']"), "metà", ["metà"]),
        # without word boundaries
        (_existence("[art]", nonword="true"), "smart art", ["art", "art"]),
        (_existence(r"['!{2,}']", nonword="true"), "Ciao!! Ciao!", ["!!"]),
        (_existence(r"['\bme\b', '\bours?\b']", nonword="true"), "me, meè, some ours", ["me", "ours"]),
        (_existence(r"['(?:^|\s)I\s', '\bme\b']", nonword="true"), "I am me", ["I ", "me"]),
        # a boundary after a sign wants a word after it, as in Vale
        (_existence(r"['e\.g\.']"), "e.g. this, e.g.this", ["e.g."]),
        # lines
        (_existence(r"['^- .+$']", nonword="true"), "a\n- b\n- c", ["- b", "- c"]),
        # what .NET calls a word or a digit
        (_existence(r"['\w+ità']"), "La quàlità è università", ["quàlità", "università"]),
        (_existence(r"['\d{1,2} \w+ \d{4}']", nonword="true"), "Il 3 maggio 2026", ["3 maggio 2026"]),
        # signs that folding makes one are told apart
        (_existence(r"['\s[—–]\s']", nonword="true"), "a — b - c", [" — "]),
        (_existence(r"['“[^”]+”']", nonword="true"), '“a” "b"', ["“a”"]),
        # lookaround and what a group caught
        (_existence(r"['very(?! good)']"), "very good, very bad", ["very"]),
        (_existence(r"['(?<!not )sure']"), "not sure, sure", ["sure"]),
        (_existence(r"['(\w+) \1']"), "one two two", ["two two"]),
        # more than RE2 counts
        (_existence("['xa{1,1001}y']", nonword="true"), "xaay", ["xaay"]),
        # flags inside
        (_existence(r"['(?i)acme', 'Beta']"), "ACME", ["ACME"]),
        # an empty token is none
        (_existence("['', synergy]"), "a synergy", ["synergy"]),
        # one token alone may stand without a list
        (_existence("synergy"), "synergy", ["synergy"]),
    ],
)
def test_existence_marks_what_vale_does(marked: Marked, rule: str, text: str, expected: list[str]) -> None:
    assert marked(rule, text) == expected


@pytest.mark.parametrize(
    ("keys", "text", "expected"),
    [
        (r"raw: ['\bfoo', '\d+\b']", "foo12 foo", ["foo12"]),
        (r"raw: ['\d']" + "\ntokens: [a, b]\nnonword: true", "1a a1", ["1a"]),
        (r"raw: ['\d']" + "\ntokens: [a, b]\nnonword: true\nappend: true", "1a a1", ["a1"]),
        (r"raw: ['\s']" + "\ntokens: [a, b]", "x ab x a", [" a"]),
    ],
)
def test_raw_is_put_together_and_before_the_tokens_or_after(
    marked: Marked, keys: str, text: str, expected: list[str]
) -> None:
    assert marked(f"extends: existence\nmessage: x\n{keys}", text) == expected


def test_an_exception_spares_a_match_that_holds_it_in_that_case(marked: Marked) -> None:
    rule = _existence(r"['\w+ly', 'early bird']", ignorecase="true", exceptions="[family, only]")
    assert marked(rule, "Family, family, only, quickly, family-ly") == ["Family", "quickly"]


def test_an_exception_of_several_words_spares_what_lies_inside_it(marked: Marked) -> None:
    rule = _existence("[mea]", ignorecase="true", exceptions="['mea culpa']")
    assert marked(rule, "Mea culpa, mea.") == ["mea"]


def test_a_sentence_or_a_paragraph_is_all_that_an_expression_sees(marked: Marked) -> None:
    rule = _existence(r"['one.+two']", scope="{}", nonword="true")
    text = "one. It is\ntwo\n\none and two"
    assert marked(rule.format("sentence"), text) == ["one and two"]
    rule = _existence(r"['one[^#]+two']", scope="{}", nonword="true")
    assert marked(rule.format("paragraph"), text) == ["one. It is\ntwo", "one and two"]
    assert marked(rule.format("text"), text) == [text]
    assert marked(_existence(r"['^it']", scope="sentence", nonword="true"), "A dog. it barks.") == ["it"]


def test_the_widest_of_several_scopes_counts_and_those_of_markup_do_not(marked: Marked) -> None:
    assert marked(_existence("[one]", scope="[heading, sentence]"), "one") == ["one"]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("{name: remove}", {"drop": "place"}),
        ("{name: replace, params: [use]}", {"instead": {"*": "use"}}),
        ("{name: edit, params: [truncate]}", None),
    ],
)
def test_vales_fix_is_how_a_draft_is_put_right(
    policy: Callable[..., Policy], action: str, expected: dict[str, object] | None
) -> None:
    (rule,) = policy(Rule=_existence("[utilize]", action=action)).rules
    assert (rule.rewrite.model_dump(exclude_unset=True) if rule.rewrite else None) == expected


def test_a_hundred_words_stay_on_re2(style: Style) -> None:
    words = ", ".join(f"parola{number}x, due parole{number}" for number in range(50))
    (rule,) = yaml.safe_load(style(Rule=_existence(f"[{words}]")).pack)["rules"]
    assert "engine" not in rule
    assert rule["whole_words"] is True


def test_lookaround_runs_on_regex_and_is_unchecked_when_it_takes_too_long(
    policy: Callable[..., Policy], tmp_path: Path
) -> None:
    loaded = policy(Rule=_existence(r"['(?<!x)(?:a|aa)+c']", nonword="true"))
    assert loaded.rules[0].engine == "regex"  # type: ignore[union-attr]
    text = "a" * 60 + "b"
    with pytest.raises(Unavailable, match="timeout"):
        loaded.rules[0].hits(Subject(Draft(text=text), fold(text), ("it",)))
    verdict = Screener(loaded).screen(Draft(text=text))
    assert [(each.rule, each.reason) for each in verdict.unchecked] == [("acme.rule", "timeout")]
    assert verdict.outcome == "revise"


def test_whole_words_take_no_longer_on_a_hostile_text() -> None:
    text = "ba" * 2_000
    assert list(find("a", text, whole_words=True)) == list(find("a[a-z ]*", text, whole_words=True)) == []
    assert len(list(find("a|aa", "a " * 2_000, whole_words=True))) == 2_000


def test_a_list_may_be_long(policy: Callable[..., Policy]) -> None:
    swap = "".join(f"\n  parola{number}x: altra{number}" for number in range(300))
    (finding,) = Screener(policy(Rule=_swap(swap))).screen(Draft(text="Una parola255x qui.")).findings
    assert (finding.span, finding.replacement) == (Span(4, 14), "altra255")


# --- substitution -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (_swap("{utilize: use}"), "utilize, Utilize, utilizes", {"utilize": "use"}),
        (_swap("{utilize: use}", ignorecase="true"), "Utilize", {"Utilize": "Use"}),
        # what is written as it should be is fine
        (_swap("{javascript: JavaScript}", ignorecase="true"), "JavaScript javascript", {"javascript": "JavaScript"}),
        (_swap("{Internet: internet}"), "Internet internet", {"Internet": "internet"}),
        # the longest key first, wherever it stands
        (_swap("{log: journal, log in: sign in}"), "log in, log", {"log in": "sign in", "log": "journal"}),
        # the preferred wording does not protect what is inside it
        (_swap("{Acme: Acme Italia}"), "Acme Italia", {"Acme": "Acme Italia"}),
        # expressions
        (_swap("{'air(?:man|men)': pilot}"), "An airman and airmen", {"airman": "pilot", "airmen": "pilot"}),
        (_swap("{'colou?r(s)?': hue}"), "color colours", {"color": "hue", "colours": "hue"}),
        (_swap(r"{'it is(?!\.)': 'it''s'}"), "it is. it is so", {"it is": "it's"}),
        (_swap(r"{'(\d+) per cent': '$1%'}"), "10 per cent", {"10 per cent": "10%"}),
        (_swap("{'\"x\"': y}", nonword="true"), 'a"x"b', {'"x"': "y"}),
        # several suggestions: nobody chooses for the writer
        (_swap("{mankind: people|humanity}"), "mankind", {"mankind": None}),
        (_swap("{grey: gray|grey}", ignorecase="true"), "Grey grey", {"Grey": None}),
        # accents
        (_swap("{perchè: perché}"), "perchè perché", {"perchè": "perché"}),
        # a space at the end is part of what is sought
        (_swap("{' ,': ','}", nonword="true"), "uno , due, tre", {" ,": ","}),
        # exceptions
        (_swap("{'colou?r': hue}", exceptions="[color]"), "color colour", {"colour": "hue"}),
    ],
)
def test_substitution_offers_what_vale_does(
    policy: Callable[..., Policy], rule: str, text: str, expected: dict[str, str | None]
) -> None:
    (only,) = policy(Rule=rule).rules
    hits = only.hits(Subject(Draft(text=text), fold(text), ("it", "en")))
    assert {hit.span.of(text): hit.replacement for hit in hits} == expected


def test_the_preferred_wording_fills_the_message_and_the_drafts_words_never_do(policy: Callable[..., Policy]) -> None:
    loaded = policy(Rule=_swap(r"{mankind: people|humanity, '(\d+) percent': '$1%'}"))
    findings = Screener(loaded).screen(Draft(text="mankind and 10 percent")).findings
    assert [finding.message["*"] for finding in findings] == [
        "Use 'people / humanity' instead of this.",
        "Use '…%' instead of this.",
    ]


# --- The other kinds --------------------------------------------------------------------------------------------------

_LENGTH = r"""
extends: occurrence
message: "A sentence of %d words."
scope: sentence
max: 5
token: '\b(\w+)\b'
"""


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (_LENGTH, "Uno due tre quattro è. Uno, due tre quattro è più lungo.", ["più", "lungo"]),
        ("extends: occurrence\nmessage: x\nmax: 1\ntoken: '!'", "Ciao! Ciao!", ["!"]),
        ("extends: occurrence\nmessage: x\nmin: 1\ntoken: 'https?://'", "Niente", ["Niente"]),
        ("extends: occurrence\nmessage: x\nmax: 1\ntoken: a\nscope: paragraph", "a\n\na a", ["a"]),
        ("extends: occurrence\nmessage: x\nmax: 1\ntoken: ab\nignorecase: true", "AB ab", ["ab"]),
        ("extends: occurrence\nmessage: x\nmax: 1\ntoken: ab", "AB ab", []),
        ("extends: occurrence\nmessage: x\nmax: 1\ntoken: '—'", "a - b - c — d — e", ["—"]),
        (
            "extends: repetition\nmessage: x\nalpha: true\ntokens: ['[^\\s]+']",
            "The the cat cat 2 2, no, no. No no",
            ["cat cat"],
        ),
        ("extends: repetition\nmessage: x\nignorecase: true\ntokens: ['[^\\s]+']", "The the 2 2", ["The the", "2 2"]),
        ("extends: repetition\nmessage: x\nmax: 1\ntokens: ['\\w+']", "no no sì sì sì", ["sì sì sì"]),
        (f"extends: repetition\nmessage: x\nmax: -1{'0' * 30}\ntokens: ['\\w+']", "no no sì", ["no no"]),
        ("extends: repetition\nmessage: x\ntokens: ['[^\\s.]+']", "I forgot that. that is it", []),
        ("extends: repetition\nmessage: x\ntokens: [so, and]", "so tired, so tired", ["so tired, so"]),
        ("extends: consistency\nmessage: x\neither: {advisor: adviser}", "advisor, adviser, Adviser", ["adviser"]),
        (
            "extends: consistency\nmessage: x\nignorecase: true\neither: {'organi[sz]e': arrange}",
            "Arrange it, organize it",
            ["organize"],
        ),
        ("extends: consistency\nmessage: x\neither: {advisor: adviser}", "advisor, advisers", []),
        (
            "extends: consistency\nmessage: x\nnonword: true\neither: {advisor: adviser}",
            "advisor, advisers",
            ["adviser"],
        ),
        ("extends: metric\nmessage: x\nformula: words\ncondition: '> 3'", "Uno due tre. Quattro", None),
        ("extends: metric\nmessage: x\nformula: words\ncondition: '> 4'", "Uno due tre. Quattro", []),
        ("extends: metric\nmessage: x\nformula: (words)\ncondition: '>= 4'", "Uno due tre. Quattro", None),
        ("extends: metric\nmessage: x\nformula: words / sentences\ncondition: '< 3'", "Uno due tre. Quattro", None),
    ],
)
def test_each_kind_marks_what_vale_does(marked: Marked, rule: str, text: str, expected: list[str] | None) -> None:
    assert marked(rule, text) == ([text] if expected is None else expected)


_ACRONYMS = r"""
extends: conditional
message: "'%s' has no definition."
first: '\b([A-Z]{3,5})\b'
second: '(?:\b[A-Z][a-z]+ )+\(([A-Z]{3,5})\)'
exceptions: [URL]
"""


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (_ACRONYMS, "The WHO and the URL", ["WHO"]),
        (_ACRONYMS, "The World Health Organization (WHO), and the WHO. The FAO.", ["FAO"]),
        (_ACRONYMS, "the who", []),
        # the group of `second` is held against the whole of `first`
        ("extends: conditional\nmessage: x\nfirst: '[A-Z]{3}'\nsecond: '\\(([A-Z]{3})\\)'", "ABC (ABC) DEF", ["DEF"]),
        # without a group, `second` anywhere will do
        ("extends: conditional\nmessage: x\nfirst: sconto\nsecond: condizioni", "sconto: condizioni", []),
        ("extends: conditional\nmessage: x\nfirst: sconto\nsecond: condizioni", "sconto, Sconto", ["sconto"]),
        (
            "extends: conditional\nmessage: x\nscope: sentence\nfirst: sconto\nsecond: condizioni",
            "Uno sconto. Le condizioni sono qui.",
            ["sconto"],
        ),
    ],
)
def test_conditional_marks_what_lacks_its_second(marked: Marked, rule: str, text: str, expected: list[str]) -> None:
    assert marked(rule, text) == expected


def _capitals(match: str, **keys: str) -> str:
    return "\n".join(
        ["extends: capitalization", "message: x", f"match: {match}", *(f"{k}: {v}" for k, v in keys.items())]
    )


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (_capitals("$sentence"), "This Is A Title Of Ours.", ["Is", "Title", "Of", "Ours"]),
        (_capitals("$sentence"), "This is about a firm in Rome.", []),  # one capital in seven is a name
        (_capitals("$sentence", threshold="0.9"), "This is about a firm in Rome.", ["Rome"]),
        (_capitals("$sentence"), "this is all right now", ["this"]),
        (_capitals("$sentence", exceptions="[Visual Studio]"), "We use Visual Studio.", []),
        (_capitals("$sentence"), "We use HTML, CSS, SQL, XML.", []),
        (_capitals("$title", style="AP"), "The cat of the house", ["cat", "house"]),
        (_capitals("$title", style="AP"), "The Cat of the House", []),
        (_capitals("$title"), "The Cat with Hats", ["with"]),
        (_capitals("$title", style="Chicago"), "The Cat with Hats", []),
        (_capitals("$lower"), "tutto Minuscolo", ["Minuscolo"]),
        (_capitals("$upper"), "TUTTO Maiuscolo", ["Maiuscolo"]),
        (_capitals("'^[A-Z]'", scope="sentence"), "Bene. male. Bene.", ["male."]),
        (_capitals("'^[A-Z]'", scope="sentence", exceptions="[iPhone]"), "Bene. iPhone è bello.", []),
    ],
)
def test_capitals_are_as_vale_wants_them(marked: Marked, rule: str, text: str, expected: list[str]) -> None:
    assert marked(rule, text) == expected


def test_a_readability_formula_of_ours_is_recognised(policy: Callable[..., Policy]) -> None:
    rule = """
        extends: metric
        message: "A reading ease of %s: aim for 60."
        formula: |
          206.835 - (1.015 * (words / sentences)) - (84.6 * (syllables / words))
        condition: "< 60"
        """
    (only,) = policy(Flesch=rule).rules
    assert (only.metric, only.least) == ("flesch", 60)  # type: ignore[union-attr]
    assert only.message == {"*": "A reading ease of {count}: aim for 60."}


# --- Messages, levels, links ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "values", "expected"),
    [
        ("Use '%s' instead of '%s'.", ("{preferred}", None), "Use '{preferred}' instead of this."),
        ("Not '%[2]s' but '%[1]s'.", ("{preferred}", None), "Not this but '{preferred}'."),
        ("Avoid '%s'.", (None,), "Avoid this."),
        ("'%s' is a cliché. '%s'!", (None,), "This is a cliché. This!"),
        ("Use first person sparingly ('%s').", (None,), "Use first person sparingly."),
        ("%d commas, 100%%.", ("{count}",), "{count} commas, 100%."),
        ("Mind {this} and %s's.", (None,), "Mind (this) and this's."),
        ("Nothing to fill.", (None,), "Nothing to fill."),
        ("(%s)", (None,), "…"),
    ],
)
def test_blanks_are_filled_in_order_and_never_with_the_drafts_words(
    message: str, values: tuple[str | None, ...], expected: str
) -> None:
    assert worded(message, values, "en") == expected


def test_a_style_in_italian_speaks_italian(policy: Callable[..., Policy]) -> None:
    rule = "extends: existence\nmessage: \"Evita '%s': non è da noi.\"\ntokens: [sinergia]"
    assert policy(Rule=rule).rules[0].message == {"*": "Evita questo: non è da noi."}


def test_levels_become_severities_and_none_blocks(policy: Callable[..., Policy]) -> None:
    loaded = policy(
        A=_existence("[one]", level="suggestion"),
        B=_existence("[two]", level="warning"),
        C=_existence("[three]", level="error"),
        D=_existence("[four]"),
    )
    assert [rule.severity.value for rule in loaded.rules] == ["note", "warn", "warn", "warn"]


def test_a_pack_has_one_owner_a_clause_a_style_and_says_where_its_rules_come_from(style: Style, tmp_path: Path) -> None:
    found = style(GenderBias=_existence("[one]", link="https://example.com/a"), AMPM=_existence("[two]"))
    loaded = _policy(found, tmp_path)
    assert [owner.id for owner in loaded.owners] == ["communications"]
    assert [(clause.id, clause.owner) for clause in loaded.clauses] == [("style-acme", "communications")]
    assert [rule.id for rule in loaded.rules] == ["acme.ampm", "acme.gender-bias"]
    assert "  # Acme.GenderBias: https://example.com/a\n" in found.pack


def test_a_pack_can_be_included_and_adjusted_by_a_policy_in_any_language(style: Style, tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text(style(Rule=_existence("[sinergia]")).pack, encoding="utf-8")
    path = tmp_path / "policy.yaml"
    path.write_text(
        "name: p\nlanguages: [it, fr]\ninclude: [pack.yaml]\nadjust: [{rule: acme.rule, severity: note}]\n",
        encoding="utf-8",
    )
    (finding,) = Screener(load_policy(path)).screen(Draft(text="Una sinergia tra di noi, e basta.")).findings
    assert finding.severity == "note"


def test_what_would_hold_up_protected_speech_is_for_the_companys_own_accounts(policy: Callable[..., Policy]) -> None:
    (rule,) = policy(Rule=_existence(r"['\w+']", level="error")).rules
    assert [account.value for account in rule.applies.accounts] == ["institutional", "support"]


def test_two_rules_with_one_id_get_two(style: Style) -> None:
    found = style(GenderBias=_existence("[one]"), **{"Gender-Bias": _existence("[two]")})
    assert [rule["id"] for rule in yaml.safe_load(found.pack)["rules"]] == ["acme.gender-bias", "acme.gender-bias-2"]


def test_rules_that_share_a_word_get_examples_that_tell_them_apart(policy: Callable[..., Policy]) -> None:
    loaded = policy(A=_existence("[one, two]"), B=_existence("[one, three]"))
    assert [rule.examples.flag for rule in loaded.rules] == [("one", "two"), ("one", "three")]


# --- What does not carry over -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("extends: spelling\nmessage: x", "`spelling` rules have no counterpart here."),
        ("extends: sequence\nmessage: x", "`sequence` rules have no counterpart here."),
        ("extends: script\nmessage: x", "`script` rules have no counterpart here."),
        ("extends: readability\nmessage: x\ngrade: 8", "`readability` rules have no counterpart here."),
        ("extends: Microsoft.Avoid\nmessage: x", "it inherits from another rule (Microsoft.Avoid)."),
        ("message: x", "`extends` is missing."),
        ("extends: existence\ntokens: [a]", "`message` is missing."),
        ("extends: existence\nmessage: x", "`tokens` is missing."),
        (_existence("[a]", scope="heading"), "it is for `heading` only, and a post has none."),
        (_existence("[a]", scope="~heading.h1"), "it is for `~heading.h1` only, and a post has none."),
        (_existence("[a]", scope="[list, raw]"), "it is for `list, raw` only, and a post has none."),
        (_existence("[a]", level="fatal"), "{file}:3:8: `fatal` is no level of Vale's (suggestion, warning, error)."),
        (_existence("[{a: b}]"), "{file}:3:1: `tokens` is not of the form expected."),
        (_swap("[a, b]"), "{file}:3:1: `swap` is not of the form expected."),
        (_swap("{a: ''}"), "{file}:3:1: `swap` is not of the form expected."),
        (_swap("{a: '$1'}"), "it cannot be a rule of Vaglio's: it has no such group."),
        (_swap("{a: b}", pos="NN"), "`pos` has no counterpart here."),
        (_existence("['(a']"), "the expression cannot be translated, from here on: (a"),
        (_existence("['[a-z-[aeiou]]']"), "the expression cannot be translated, from here on: [a-z-[aeiou]]"),
        (
            _existence(r"['(?!)']"),
            "no text was found that it flags and one that it lets pass, and no rule loads without",
        ),
        ("extends: occurrence\nmessage: x\ntoken: a", "neither `max` nor `min`: it would find nothing."),
        ("extends: occurrence\nmessage: x\ntoken: a\nmax: 999999999999", "no text was found that it flags"),
        ("extends: occurrence\nmessage: x\ntoken: a\nmax: .inf", "{file}:4:6: `max` is not of the form expected."),
        ("extends: consistency\nmessage: x\neither: {'–': '-'}\nnonword: true", "it tells apart signs that are read"),
        ("extends: metric\nmessage: x\nformula: characters\ncondition: '> 9'", "the formula is none of Vaglio's"),
        ("extends: metric\nmessage: x\nformula: __import__('os')\ncondition: '> 9'", "the formula is none of Vaglio's"),
        ("extends: metric\nmessage: x\nformula: words\ncondition: '> 1 && x'", "the condition cannot be expressed"),
        (_capitals("$sentence", indicators="[':']"), "`indicators` has no counterpart here."),
        (_capitals("$weird"), "{file}:3:8: `match` is not of the form expected."),
        ('extends: existence\nmessage: "x\ntokens: [', "{file}:3:10: not valid YAML"),
        ("- a\n- b", "{file}:1:1: "),
        ("extends: existence\nextends: existence", "{file}:2:1: the key `extends` stands at line 1 already."),
        ("extends: &a existence", "{file}:1:10: anchors and aliases"),
    ],
)
def test_what_does_not_carry_over_is_told_with_its_reason(style: Style, tmp_path: Path, rule: str, reason: str) -> None:
    found = style(Good=_existence("[good]"), Odd=rule)
    assert found.imported == ("Acme.Good",)
    (skipped,) = found.skipped
    assert skipped.rule == "Acme.Odd"
    assert skipped.reason.say("en").startswith(reason.replace("{file}", str(tmp_path / "Acme" / "Odd.yml")))
    assert skipped.reason.say("it")


def test_a_rule_of_which_another_finds_all_is_told(style: Style) -> None:
    found = style(A=_existence("[one, two]"), B=_existence("[two]"))
    assert found.imported == ("Acme.A",)
    assert found.skipped[0].reason.say("en") == "the rule `Acme.A` already finds all that was tried."


def test_a_file_that_is_no_text_is_told(style: Style, tmp_path: Path) -> None:
    style(Good=_existence("[good]"))
    (tmp_path / "Acme" / "Odd.yml").write_bytes(b"extends: \xff")
    assert [each.reason.code for each in import_styles(tmp_path / "Acme").skipped] == ["not_utf8"]


# --- Folders and archives ---------------------------------------------------------------------------------------------


def _zip(path: Path, files: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_zip_may_hold_several_styles_and_what_is_no_rule_is_left_alone(tmp_path: Path) -> None:
    path = _zip(
        tmp_path / "styles.zip",
        {
            "pkg/styles/Acme/Avoid.yml": _existence("[one]"),
            "pkg/styles/Acme/deep/Avoid.yaml": _existence("[two]"),
            "pkg/styles/Beta/Avoid.yml": _existence("[three]"),
            "pkg/styles/Acme/meta.json": "{}",
            "pkg/styles/config/vocabularies/Acme/x.yml": "extends: no",
            "pkg/.vale.ini": "StylesPath = styles",
            "pkg/README.md": "# hello",
            "pkg/mkdocs.yml": "site_name: docs",
            "__MACOSX/pkg/styles/Acme/._Avoid.yml": b"\x00",
        },
    )
    found = import_styles(path)
    assert found.imported == ("Acme.Avoid", "Acme.deep.Avoid", "Beta.Avoid")
    assert found.skipped == ()
    pack = yaml.safe_load(found.pack)
    assert pack["name"] == "styles"
    assert [clause["id"] for clause in pack["clauses"]] == ["style-acme", "style-beta"]
    assert [rule["id"] for rule in pack["rules"]] == ["acme.avoid", "acme.deep.avoid", "beta.avoid"]


def test_rules_at_the_top_of_a_zip_are_a_style_by_its_name(tmp_path: Path) -> None:
    assert import_styles(_zip(tmp_path / "18F.zip", {"Avoid.yml": _existence("[one]")})).imported == ("18F.Avoid",)


@pytest.mark.parametrize(
    "name", ["../Avoid.yml", "/etc/Avoid.yml", "a/../../Avoid.yml", "C:/Avoid.yml", "..\\Avoid.yml"]
)
def test_a_zip_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = _zip(tmp_path / "x.zip", {"Acme/Good.yml": _existence("[good]"), name: _existence("[bad]")})
    with pytest.raises(StyleError, match="leads out of its folder"):
        import_styles(path)


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("Acme/Link.yml")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(StyleError, match="leads out of its folder"):
        import_styles(tmp_path / "x.zip")


def test_a_zip_bomb_is_read_no_further_than_is_fine(tmp_path: Path) -> None:
    bomb = b"extends: existence\n#" + b"0" * 2_000_000
    one = import_styles(_zip(tmp_path / "one.zip", {"Acme/Bomb.yml": bomb, "Acme/Good.yml": _existence("[good]")}))
    assert [each.reason.say("en") for each in one.skipped] == ["the file is over 1 MB."]
    many = {f"Acme/Bomb{number}.yml": bomb for number in range(2 + MAX_BYTES // 1_000_000)}
    with pytest.raises(StyleError, match="over 20 MB"):
        import_styles(_zip(tmp_path / "many.zip", many))


def test_a_zip_of_too_many_files_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "x.zip", {f"Acme/{number}.txt": b"" for number in range(MAX_FILES + 1)})
    with pytest.raises(StyleError, match="over 10,000 files"):
        import_styles(path)


def test_a_zip_whose_places_lie_before_its_beginning_is_damaged(tmp_path: Path) -> None:
    whole = bytearray(_zip(tmp_path / "x.zip", {"Acme/Good.yml": _existence("[good]")}).read_bytes())
    # Where the directory of the archive begins, as its end says: further on than it does.
    end = whole.rindex(b"PK\x05\x06")
    whole[end + 16 : end + 20] = (int.from_bytes(whole[end + 16 : end + 20], "little") + 60).to_bytes(4, "little")
    (tmp_path / "x.zip").write_bytes(whole)
    with pytest.raises(StyleError) as caught:
        import_styles(tmp_path / "x.zip")
    assert "damaged" in caught.value.show("en")


def test_a_damaged_zip_is_told(tmp_path: Path) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Acme/Good.yml", _existence("[good]") * 50)
    content = bytearray(whole.getvalue())
    content[60:70] = b"\xff" * 10
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(StyleError, match="damaged"):
        import_styles(tmp_path / "x.zip")
    (tmp_path / "y.zip").write_bytes(b"nothing")
    with pytest.raises(StyleError, match="damaged"):
        import_styles(tmp_path / "y.zip")


def test_what_is_no_style_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="there is no such file"):
        import_styles(tmp_path / "nowhere")
    (tmp_path / "rule.yml").write_text(_existence("[a]"), encoding="utf-8")
    with pytest.raises(StyleError, match="the folder of a Vale style is wanted"):
        import_styles(tmp_path / "rule.yml")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StyleError, match="no Vale rules here"):
        import_styles(tmp_path / "empty")


# --- Expressions and samples ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        ("utilize|use", "utilize"),
        (r"\b(\w+)\b", "parola"),
        (r"[A-Z]{3,5}", "AAA"),
        (r"\d{4}-\d{2}", "1111-11"),
        (r"that's(?=\.)", "that's."),
        (r"(\w+) \1", "parola parola"),
        ("(?<x>a|b)\\k<x>", "aa"),
        ("[^a-z]x", "Ax"),
        ("a(?#so)b", "ab"),
        (r"(a\1)b", "ab"),
        ("(?:a{9999}){9999}|b", "b"),
    ],
)
def test_a_sample_is_made_from_an_expression(pattern: str, first: str) -> None:
    assert samples(read(pattern))[0] == first


@pytest.mark.parametrize("pattern", ["(", "a)", "a**", "[a", r"\q", "(?x)a", "(?(1)a|b)", "\\", "(" * 100, "[z-a]"])
def test_what_is_no_expression_is_unreadable(pattern: str) -> None:
    with pytest.raises(Unreadable):
        read(pattern)
