"""What the channel itself limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from rules.channels import ALLOWANCES, measured
from rules.detectors import Rule
from rules.detectors.base import Hit, Subject
from rules.detectors.platform import Platform
from rules.draft import Channel, Draft, Kind
from rules.folding import fold
from rules.policy import Policy
from rules.screening import Screener

Faults = Callable[[str], list[tuple[str, str]]]
Write = Callable[..., str]

_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
FAMILY = "👨‍👩‍👧‍👦"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
LOUD: dict[str, dict[str, Any]] = {
    "length": {"limits": {"other": 5}},
    "hashtags": {"most": 0},
    "hashtags_last": {},
    "hashtag_first": {},
    "mentions": {"known": ["acme"]},
    "mention_first": {},
    "links": {"most": 0},
    "unclickable_links": {},
    "alt_text": {},
}
"""Each check so that it has something to find."""


def make(check: str, **fields: Any) -> Platform:
    written = {
        "id": "test.platform",
        "detector": "platform",
        "severity": "warn",
        "clause": "1",
        "message": "x",
        "check": check,
        "examples": {"flag": ["x"], "allow": ["y"]},
        **fields,
    }
    rule = _RULE.validate_python(written)
    assert isinstance(rule, Platform)
    return rule


def hits(rule: Platform, text: str, channel: str = "x", **fields: Any) -> list[Hit]:
    return rule.hits(Subject(Draft(text=text, channel=Channel(channel), **fields), fold(text), ("it", "en")))


def found(rule: Platform, text: str, channel: str = "x", **fields: Any) -> list[str]:
    return [hit.span.of(text) for hit in hits(rule, text, channel, **fields)]


# --- Length, as X counts it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("Ciao a tutti", 12),
        ("  Ciao \n", 4),  # white space around it goes
        ("a\nb", 3),
        ("a\r\nb", 3),  # one line break
        ("«Perché no?» – disse", 20),
        ("“Ciao” ‘ciao’", 13),
        ("città", 5),
        ("citta\u0300", 5),  # the same, decomposed
        ("A\u0301B", 2),
        ("\u212b", 1),  # the sign of the ångström is a letter once it is composed
        ("A\ufb2c", 4),  # this one comes apart instead
        ("è ✓", 4),
        ("10 €", 5),
        ("fine…", 6),
        ("漢字かな", 8),
        ("한국말", 6),
        ("\u1112\u1161\u11ab", 2),  # a syllable in three pieces
        ("Москва", 6),
        ("Ελλάδα", 6),
        ("שלום", 4),
        ("ﷺ", 2),
        ("𝗯𝗼𝗹𝗱", 8),
        ("\u200d", 1),
        ("©®", 2),
        ("©️", 2),
        ("™", 2),
        ("❤", 2),
        ("❤️", 2),
        ("👾", 2),
        ("🙋🏽", 2),
        ("👨‍🎤", 2),
        (FAMILY, 2),
        ("👩🏽‍❤️‍💋‍👨🏻", 2),
        ("🏳️‍🌈", 2),
        ("🇮🇹", 2),
        ("🇮🇹🇪🇺", 4),
        (ENGLAND, 2),
        ("1️⃣#️⃣", 4),
        ("1#", 2),
        ("😀🏽", 4),  # a face takes no skin tone: two emoji
        (f"H🐱☺{FAMILY}", 7),
        ("Unicode 10.0 emoji: 🤪; 🧕; 🧕🏾; " + ENGLAND, 34),
        # links
        ("http://test.co", 23),
        ("Hi http://test.co", 26),
        ("https://www.acme.it/molto/lungo?utm_source=x&utm_medium=y#in-fondo", 23),
        ("acme.it", 23),
        ("Vedi www.acme.it.", 29),
        ("(acme.it/chi)", 25),
        ("acme.it e acme.it", 49),
        ("https://it.wikipedia.org/wiki/Vaglio_(setaccio)", 23),
        ("http://foobar.みんな/", 23),
        ("http://xn--ls8h.la/", 23),
        ("HTTPS://ACME.IT/A", 23),
        ("http://somehost.com:3000", 23),
        ("https://it.wikipedia.org/wiki/Città", 23),
        ("twitter.comこれは", 29),
        # none
        ("http://intranet", 15),
        ("http://192.168.0.1", 18),
        ("info@acme.it", 12),
        ("@acme.it", 8),
        ("ftp://acme.it", 13),
        ("test.tar.bz2", 12),
        ("ore 10.30", 9),
        ("a" * 64 + ".com", 68),
    ],
)
def test_x_weighs_each_character(text: str, weight: int) -> None:
    assert measured(text, Channel.X, None)[0] == weight


@pytest.mark.parametrize(
    ("text", "beyond"),
    [
        ("x" * 280, []),
        ("x" * 280 + "  \n", []),
        ("x" * 281, ["x"]),
        ("x" * 278 + "yz e poi", [" e poi"]),
        ("  " + "x" * 280 + "yz ", ["yz"]),
        ("漢" * 140, []),
        ("漢" * 140 + "字字", ["字字"]),
        ("the" + "漢" * 139, ["漢"]),
        (FAMILY * 140, []),
        (FAMILY * 140 + "👍🏽!", ["👍🏽!"]),
        ("x" * 279 + "🇮🇹", ["🇮🇹"]),  # a flag is not cut
        ("x" * 279 + "e\u0300", []),
        ("x" * 280 + "e\u0300!", ["e\u0300!"]),
        ("e\u0300" * 280, []),
        ("è" * 281, ["è"]),
        ("x" * 256 + " https://acme.it/" + "y" * 90, []),
        ("x" * 257 + " https://acme.it/y", ["https://acme.it/y"]),  # nor is a link
        ("https://acme.it/" + "y" * 90 + " " + "x" * 256 + "yz", ["yz"]),
        ("x" * 281 + "\n#acme", ["x\n#acme"]),
    ],
)
def test_what_is_beyond_the_limit_of_x_is_marked(text: str, beyond: list[str]) -> None:
    assert found(make("length"), text) == beyond


# --- Length elsewhere -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "kind", "limit"),
    [
        ("x", "post", 280),
        ("x", "reply", 280),
        ("linkedin", "post", 3_000),
        ("linkedin", "reply", 1_250),
        ("facebook", "post", 63_206),
        ("facebook", "reply", 8_000),
        ("instagram", "post", 2_200),
        ("instagram", "reply", 2_200),
        ("threads", "post", 500),
        ("threads", "reply", 500),
        ("tiktok", "post", 4_000),
        ("tiktok", "reply", 150),
        ("youtube", "post", 5_000),
        ("youtube", "reply", 10_000),
    ],
)
def test_every_channel_has_its_length(channel: str, kind: str, limit: int) -> None:
    rule = make("length")
    assert found(rule, "è" * limit, channel, kind=Kind(kind)) == []
    (hit,) = hits(rule, "è" * limit + "oltre", channel, kind=Kind(kind))
    assert (hit.span.start, hit.span.end) == (limit, limit + 5)
    assert hit.fills == {"count": str(limit + 5), "limit": str(limit), "channel": ALLOWANCES[Channel(channel)].name}


@pytest.mark.parametrize("channel", ["blog", "other"])
def test_where_there_is_no_limit_nothing_is_too_long(channel: str) -> None:
    assert found(make("length"), "x" * 70_000, channel) == []
    assert found(make("length", limits={channel: 5}), "x" * 7, channel) == ["xx"]


def test_a_limit_of_the_companys_own_takes_the_place_of_the_channels() -> None:
    rule = make("length", limits={"linkedin": 1_300, "x": 25_000})
    assert found(rule, "x" * 1_301, "linkedin") == ["x"]
    assert found(rule, "x" * 281, "x") == []
    assert found(rule, "x" * 501, "threads") == ["x"]


@pytest.mark.parametrize(
    ("channel", "text", "count"),
    [
        ("linkedin", "👍", 2),  # two units of UTF-16
        ("linkedin", FAMILY, 11),
        ("linkedin", "𝗯𝗼𝗹𝗱", 8),
        ("linkedin", "è漢€", 3),
        ("linkedin", "a\r\nb", 3),
        ("instagram", "🇮🇹", 4),
        ("tiktok", "🇮🇹", 4),
        ("threads", "👍", 4),  # bytes of UTF-8
        ("threads", FAMILY, 25),
        ("threads", "è漢€ 1 ©", 7),  # ... for emoji alone
        ("threads", "https://www.acme.it/chi-siamo", 29),
        ("linkedin", "https://www.acme.it/chi-siamo", 29),
        ("blog", "👍", 1),
    ],
)
def test_each_channel_counts_in_its_own_way(channel: str, text: str, count: int) -> None:
    assert measured(text, Channel(channel), None)[0] == count


# --- Hashtags ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#uno #due", ["#uno", "#due"]),
        ("#PorteAperte #CittàFutura #caffe\u0300", ["#PorteAperte", "#CittàFutura", "#caffe\u0300"]),
        ("#漢字 #ашок #트위터", ["#漢字", "#ашок", "#트위터"]),
        ("#2027obiettivi #that1time #snake_case", ["#2027obiettivi", "#that1time", "#snake_case"]),
        ("(#uno) «#due», #tre.", ["#uno", "#due", "#tre"]),
        ("❤️#uno ✌🏿#due", ["#uno", "#due"]),
        ("#uno#due#tre", ["#uno", "#due", "#tre"]),
        ("＃ｕｎｏ", ["＃ｕｎｏ"]),
        ("Il #1, il #10 e il #1_2", []),
        ("C# e F#, C#dev, a#b", []),
        ("#️⃣ # ## #!", []),
        ("https://acme.it/#chi acme.it/#chi", []),
        ("#http://acme.it", []),
        ("L&#39;ora", []),
    ],
)
def test_what_a_hashtag_is(text: str, expected: list[str]) -> None:
    assert found(make("hashtags", most=0), text, "linkedin") == expected


def tags(count: int) -> str:
    return " ".join(f"#tag{number}" for number in range(1, count + 1))


@pytest.mark.parametrize(
    ("channel", "parameters", "count", "limit"),
    [
        ("linkedin", {"most": 3}, 5, 3),
        ("linkedin", {}, 40, None),
        ("x", {}, 40, None),
        ("instagram", {}, 6, 5),
        ("tiktok", {}, 6, 5),
        ("threads", {}, 2, 1),
        ("youtube", {}, 61, 60),
        ("instagram", {"most": 10}, 6, 5),  # the channel allows fewer
        ("instagram", {"most": 3}, 4, 3),
        ("instagram", {"limits": {"instagram": 30}}, 31, 30),
        ("instagram", {"limits": {"instagram": 30}}, 30, None),
        ("facebook", {"most": 3, "limits": {"facebook": 1}}, 2, 1),
        ("blog", {"most": 0}, 1, 0),
    ],
)
def test_hashtags_over_the_number_are_marked(
    channel: str, parameters: dict[str, Any], count: int, limit: int | None
) -> None:
    rule = make("hashtags", **parameters)
    expected = [] if limit is None else [f"#tag{number}" for number in range(limit + 1, count + 1)]
    assert found(rule, tags(count), channel) == expected
    fills = {"count": str(count), "limit": str(limit), "channel": ALLOWANCES[Channel(channel)].name}
    assert all(hit.fills == fills for hit in hits(rule, tags(count), channel))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Porte aperte sabato. #energia #sole", []),
        ("Porte aperte sabato.\n\n#energia, #sole ☀️ https://acme.it", []),
        ("Porte aperte con @acme #energia @acme", []),
        ("Oggi si parla di #energia.", []),
        ("Oggi la #energia è di tutti", ["#energia"]),
        ("La #energia è di tutti, il #sole pure. #insieme", ["#energia", "#sole"]),
        ("#energia", []),
        ("#energia 2027", ["#energia"]),
        ("Nessuno", []),
    ],
)
def test_hashtags_are_wanted_at_the_end(text: str, expected: list[str]) -> None:
    assert found(make("hashtags_last"), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#energia per tutti #sole", ["#energia"]),
        ("\n #energia", ["#energia"]),
        ("Energia #energia", []),
        ("☀️ #energia", []),
        ("#1 in Italia, #energia", []),
        ("Energia", []),
    ],
)
def test_a_text_does_not_open_with_a_hashtag(text: str, expected: list[str]) -> None:
    assert found(make("hashtag_first"), text, "facebook") == expected


# --- Mentions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "text", "expected"),
    [
        (["acme"], "Con @acme e @altri", ["@altri"]),
        (["@Acme "], "Con @ACME, .@acme e (@acme)", []),
        (["acme"], "Con @acmeitalia e @acme_it", ["@acmeitalia", "@acme_it"]),
        (["acme"], "Scrivi a mario@altri.it o a m.rossi+x@mail.altri.it", []),
        (["acme"], "RT:@altri «@altri» ❤️@altri", ["@altri", "@altri", "@altri"]),
        (["acme"], "youtube.com/@altri https://medium.com/@altri/x", []),
        (["acme"], "3 @ 5 €, @_@, @12, f!@kn, f@@kn", []),
        (["acme"], "@io@server.example e @http://acme.it", []),
        (["acme"], "＠altri", ["＠altri"]),
        (["acme"], "Nessuno", []),
    ],
)
def test_accounts_that_are_not_known_are_marked(known: list[str], text: str, expected: list[str]) -> None:
    assert found(make("mentions", known=known), text) == expected


@pytest.mark.parametrize(
    ("channel", "text", "expected"),
    [
        ("x", "@acme.it @acme-it", []),  # both end at @acme there
        ("x", "@altriこんにちは", ["@altri"]),
        ("instagram", "@acme.it, @acme.", ["@acme.it"]),
        ("threads", "@acme-it", []),
        ("linkedin", "@acme-it, @acme.", ["@acme-it"]),
        ("linkedin", "@Caffè", ["@Caffè"]),
        ("youtube", "@altri.tv", ["@altri.tv"]),
    ],
)
def test_a_handle_has_the_letters_of_its_channel(channel: str, text: str, expected: list[str]) -> None:
    assert found(make("mentions", known=["acme"]), text, channel) == expected


def test_a_name_of_several_words_may_be_known() -> None:
    rule = make("mentions", known=["Acme Italia"])
    assert found(rule, "Con @Acme Italia, @acme italiana e @Acme", "linkedin") == ["@acme", "@Acme"]


@pytest.mark.parametrize(
    ("channel", "kind", "text", "expected"),
    [
        ("x", "post", "@acme apre sabato", ["@acme"]),
        ("x", "post", " @acme @altri", ["@acme"]),
        ("x", "post", ".@acme apre sabato", []),
        ("x", "post", "Sabato con @acme", []),
        ("x", "reply", "@acme grazie!", []),
        ("threads", "post", "@acme apre sabato", []),
    ],
)
def test_on_x_a_post_that_opens_with_a_mention_is_taken_for_a_reply(
    channel: str, kind: str, text: str, expected: list[str]
) -> None:
    assert found(make("mention_first"), text, channel, kind=Kind(kind)) == expected


# --- Links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "parameters", "text", "expected"),
    [
        ("linkedin", {"most": 1}, "acme.it e https://www.acme.it/chi.", ["https://www.acme.it/chi"]),
        ("linkedin", {"most": 1}, "acme.it, ancora acme.it", []),  # the same one
        ("linkedin", {"most": 0}, "Finito.In autunno si riapre con ASP.NET", []),  # nobody meant a link
        ("linkedin", {"most": 0}, "Acme.it WWW.ACME.IT info@acme.it", ["Acme.it", "WWW.ACME.IT"]),
        ("linkedin", {"limits": {"x": 0}}, "acme.it", []),
        ("threads", {}, " ".join(f"acme.it/{n}" for n in range(7)), ["acme.it/5", "acme.it/6"]),
        ("blog", {"most": 2}, "a.it b.it c.it d.it", ["c.it", "d.it"]),
    ],
)
def test_links_over_the_number_are_marked(
    channel: str, parameters: dict[str, Any], text: str, expected: list[str]
) -> None:
    assert found(make("links", **parameters), text, channel) == expected


@pytest.mark.parametrize(
    ("channel", "expected"),
    [("instagram", ["https://acme.it/x", "acme.it"]), ("tiktok", ["https://acme.it/x", "acme.it"]), ("x", [])],
)
def test_links_that_nobody_can_tap_are_marked(channel: str, expected: list[str]) -> None:
    text = "Tutto su https://acme.it/x, o su acme.it! Scrivi a info@acme.it"
    assert found(make("unclickable_links"), text, channel) == expected


# --- Alternative text -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attachments", "count"),
    [
        (("image/png",), "1"),
        (("IMAGE/JPEG", "video/mp4", "image/webp"), "2"),
        (("application/pdf", "video/mp4"), None),
        ((), None),
    ],
)
def test_images_ask_for_an_alternative_text(attachments: tuple[str, ...], count: str | None) -> None:
    found = hits(make("alt_text"), "Ecco la squadra", "linkedin", attachments=attachments)
    assert [(hit.span.start, hit.span.end, hit.fills["count"]) for hit in found] == ([(0, 15, count)] if count else [])


# --- The rule ---------------------------------------------------------------------------------------------------------


def test_a_writer_reads_the_count_the_limit_and_the_channel(make_policy: Callable[..., Policy]) -> None:
    rule = make("length", message="{count} caratteri, e {channel} ne prende {limit}.")
    verdict = Screener(make_policy(rule)).screen(Draft(text="x" * 300, channel=Channel.X))
    (finding,) = verdict.findings
    assert finding.message == {"*": "300 caratteri, e X ne prende 280."}
    assert (finding.span.start, finding.span.end) == (280, 300)


def test_exceptions_are_as_for_every_rule() -> None:
    rule = make("hashtags", most=0, **{"except": ["#adv"]})
    assert found(rule, "#adv #sole") == ["#sole"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"check": "mentions"}, "no_accounts"),
        ({"check": "mentions", "known": '["@"]'}, "no_accounts"),
        ({"check": "length", "most": "3"}, "idle_key"),
        ({"check": "length", "known": "[acme]"}, "idle_key"),
        ({"check": "alt_text", "limits": "{x: 1}"}, "idle_key"),
        ({"check": "hashtags", "limits": "{mastodon: 1}"}, "not_one_of"),
        ({"check": "hashtags", "most": "-1"}, "too_small"),
        ({"check": "emoji"}, "not_one_of"),
        ({}, "missing"),
        ({"check": "length", "message": '"{term}"'}, "no_fill"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    faults: Faults, head: str, a_rule: Write, fields: dict[str, str], code: str
) -> None:
    written = a_rule("form.channel", detector="platform", phrases=None, **fields)
    assert [found for _, found in faults(f"{head}rules:\n{written}")] == [code]


@pytest.mark.parametrize("check", sorted(LOUD))
def test_a_rule_that_was_written_out_can_be_read_again(check: str) -> None:
    rule = make(check, **LOUD[check])
    assert _RULE.validate_python(rule.model_dump(mode="json", by_alias=True)) == rule


@given(draft=st.from_type(Draft), check=st.sampled_from(sorted(LOUD)))
def test_hits_lie_inside_any_draft(draft: Draft, check: str) -> None:
    spans = [hit.span for hit in make(check, **LOUD[check]).hits(Subject(draft, fold(draft.text), ("it", "en")))]
    assert all(span.end <= len(draft.text) for span in spans)


@given(draft=st.from_type(Draft), limit=st.integers(0, 40))
def test_without_what_is_beyond_the_limit_a_text_fits(draft: Draft, limit: int) -> None:
    count, beyond = measured(draft.text, draft.channel, limit)
    assert (beyond is None) == (count <= limit)
    if beyond and draft.channel is not Channel.X:  # there a link that is cut may count for more
        assert measured(draft.text[: beyond.start], draft.channel, None)[0] <= limit


@pytest.mark.parametrize("check", sorted(LOUD))
@pytest.mark.parametrize(
    "piece", ["a.", "éa", "a-", "a@", "@a.", "#a", "#", "http://a.b", "a.it/(", "a.it/a.", "👨‍", "\u0301", "_", "éa.it"]
)
def test_ten_thousand_characters_of_one_kind_are_read_whole(
    make_policy: Callable[..., Policy], check: str, piece: str
) -> None:
    draft = Draft(text=("x " + piece * 10_000)[:10_000], channel=Channel.X, attachments=("image/png",))
    assert "test.platform" not in {
        one.rule for one in Screener(make_policy(make(check, **LOUD[check])), patience=30).screen(draft).unchecked
    }
