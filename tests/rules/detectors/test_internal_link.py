"""Links that only people inside can open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rules.detectors.base import Subject
from rules.draft import Draft
from rules.folding import fold
from rules.masking import mask
from rules.policy import Policy
from rules.screening import Screener

Make = Callable[..., Any]
Find = Callable[..., list[str]]

INSIDE = [
    # local names and addresses
    "http://intranet/ferie",
    "https://intranet.acme.it/ferie",
    "https://intranet-hr.acme.it/",
    "HTTPS://INTRANET.ACME.IT/X",
    "intranet.acme.it",
    "http://srv-files/x",
    "srv-db01.acme.local",
    "http://localhost:8080/admin",
    "localhost:3000",
    "http://127.0.0.1:5000/",
    "http://10.0.0.12/grafana",
    "192.168.1.10:8080",
    "http://172.16.4.2",
    "http://[fd00::1]/x",
    "http://nas.local/foto",
    "http://printer.lan",
    "https://portal.acme.internal/x",
    "https://erp.acme.corp/",
    # tools on a host of the company's
    "https://gitlab.acme.it/hr/x",
    "https://jira.acme.com/browse/X-1",
    "https://wiki.acme.it/pagina",
    "https://vpn.acme.it/login",
    "https://staging.acme.it/new",
    # tools that need a login
    "https://acme.atlassian.net/browse/HR-12",
    "https://acme.slack.com/archives/C01/p12",
    "https://teams.microsoft.com/l/meetup-join/19",
    "https://dev.azure.com/acme/x",
    "https://acme.service-now.com/x",
    # servers
    "smb://nas/x/y",
    "file:///C:/Users/mario/piano.docx",
    r"\\srv01\hr\piani.xlsx",
    r"\\10.0.0.5\c$\x",
    r"Z:\HR\stipendi\2025.xlsx",
    # written so that it opens nothing
    "intranet[.]acme[.]local",
    "hxxps://intranet[.]acme[.]local/piano",
    "intranet(dot)acme(dot)local",
]
SHARED = [
    "https://acme.sharepoint.com/sites/hr/doc.docx",
    "https://docs.google.com/document/d/1AbC/edit",
    "https://drive.google.com/file/d/1AbC/view",
    "https://www.notion.so/acme/Piano-123",
    "https://trello.com/c/aBc/12",
    "https://www.figma.com/file/x/y",
    "https://miro.com/app/board/x=/",
    "https://acme.zoom.us/rec/share/x",
    "https://meet.google.com/abc-defg-hij",
    "https://www.dropbox.com/s/abc/x.pdf",
    "https://1drv.ms/w/s!Ab",
    "https://we.tl/t-abc",
    "https://app.asana.com/0/12/34",
]
PUBLIC = [
    "https://www.acme.it", "acme.it", "https://www.acme.it/lavora-con-noi", "https://blog.acme.it/post",
    "https://www.linkedin.com/company/acme", "https://github.com/acme/repo", "https://gitlab.com/a/b",
    "https://docs.python.org/3/", "https://support.google.com/docs", "https://developers.google.com/drive",
    "https://docs.google.com/forms/d/e/x/viewform", "https://www.google.com", "https://youtu.be/abc",
    "https://www.atlassian.com/software/jira", "https://slack.com/intl/it-it", "https://status.slack.com",
    "https://www.figma.com/community", "https://zoom.us/download", "https://trello.com", "https://www.notion.so",
    "https://www.dropbox.com/business", "https://www.microsoft.com/teams", "https://teams.microsoft.com",
    "https://it.wikipedia.org/wiki/Intranet", "https://it.wikipedia.org/wiki/Localhost",
    "https://apps.apple.com/it/app/x", "https://hub.docker.com/_/x", "https://dev.to/x/y", "https://web.dev/",
    "https://local.acme.it", "https://home.acme.it", "https://example.com/x", "http://8.8.8.8/", "8.8.8.8",
    # no links at all
    "192.168.1.1", "localhost", "intranet", "La nostra intranet è nuova", "Buy.Eat.Local", "ore 10.30", "v1.2.3",
    "mario@acme.it", "e/o", "1/2", "24/7", "3.5", "Node.js", "www.test.it", "C:\\", "fine.Poi altro",
]  # fmt: skip


def hides(rule: Any, text: str) -> set[str | None]:
    return {hit.hides for hit in rule.hits(Subject(Draft(text=text), fold(text), ("it", "en")))}


@pytest.mark.parametrize("link", [*INSIDE, *SHARED])
@pytest.mark.parametrize("frame", ["{}", "Vedi {}.", "({})", "«{}»!", "🎉 è qui: {}, ciao", "**{}**", "{}\n{}"])
def test_an_inside_link_is_found_without_what_stands_around(
    make_rule: Make, found: Find, link: str, frame: str
) -> None:
    assert found(make_rule("internal_link", hosts=[]), frame.replace("{}", link)) == [link] * frame.count("{}")


@pytest.mark.parametrize("text", PUBLIC)
@pytest.mark.parametrize("frame", ["{}", "Vedi {}.", "({})"])
def test_what_everybody_may_open_is_let_pass(make_rule: Make, found: Find, text: str, frame: str) -> None:
    assert found(make_rule("internal_link", hosts=[]), frame.format(text)) == []


@pytest.mark.parametrize(
    ("parameters", "text", "expected"),
    [
        ({"hosts": ["portale.acme.it"]}, "portale.acme.it/x e www.acme.it", ["portale.acme.it/x"]),
        ({"hosts": ["portale.acme.it"]}, "https://PORTALE.acme.it:8443/a?b=c#d.", ["https://PORTALE.acme.it:8443/a?b=c#d"]),
        ({"hosts": ["Portale.Acme.IT "]}, "portale.acme.it", ["portale.acme.it"]),
        ({"hosts": ["portale.acme.it"]}, "portale.acme.it.example.com, nuovo-portale.acme.it", []),
        ({"hosts": ["*.acme.it"]}, "a.acme.it b.c.acme.it", ["a.acme.it", "b.c.acme.it"]),
        ({"hosts": ["*.acme.it"]}, "acme.it notacme.it acme.it.example.com", []),
        ({"hosts": ["*.acme.it"], "public": ["www.acme.it"]}, "www.acme.it hr.acme.it", ["hr.acme.it"]),
        ({"hosts": ["*.acme.it"], "public": ["*.blog.acme.it"]}, "x.blog.acme.it blog.acme.it", ["blog.acme.it"]),
        ({"public": ["wiki.acme.it"]}, "https://wiki.acme.it/a https://wiki.acme.com/a", ["https://wiki.acme.com/a"]),
        ({"public": ["docs.google.com"]}, "https://docs.google.com/document/d/1AbC/edit", []),
        ({"hosts": ["portale.acme.it"], "usual": []}, "http://intranet/x portale.acme.it", ["portale.acme.it"]),
        ({"hosts": ["portale.acme.it"]}, "portale[.]acme[.]it", ["portale[.]acme[.]it"]),
        ({"except": ["http://intranet/mensa"]}, "http://intranet/mensa http://intranet/hr", ["http://intranet/hr"]),
    ],
)  # fmt: skip
def test_the_companys_own_hosts_are_as_the_policy_says(
    make_rule: Make, found: Find, parameters: dict[str, Any], text: str, expected: list[str]
) -> None:
    assert found(make_rule("internal_link", **parameters), text) == expected


@pytest.mark.parametrize(
    ("usual", "inside", "shared"),
    [(["inside", "shared"], True, True), (["inside"], True, False), (["shared"], False, True), ([], False, False)],
)
def test_of_the_usual_only_what_is_wanted_is_looked_for(
    make_rule: Make, found: Find, usual: list[str], inside: bool, shared: bool
) -> None:
    rule = make_rule("internal_link", hosts=[], usual=usual)
    assert [bool(found(rule, link)) for link in INSIDE] == [inside] * len(INSIDE)
    assert [bool(found(rule, link)) for link in SHARED] == [shared] * len(SHARED)


@pytest.mark.parametrize(
    "parameters", [{"hosts": ["https://acme.it"]}, {"hosts": ["acme it"]}, {"public": ["acme.it/x"]}, {"usual": ["x"]}]
)
def test_what_is_no_host_is_refused(make_rule: Make, parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_rule("internal_link", **parameters)


def test_a_link_is_hidden_under_its_name(make_rule: Make, make_policy: Callable[..., Policy]) -> None:
    rule = make_rule("internal_link")
    assert rule.may_hide
    assert hides(rule, "http://intranet/x") == {"LINK"}
    assert hides(make_rule("internal_link", hides="INTERNO"), "http://intranet/x") == {"INTERNO"}
    text = r"Il piano è su \\srv01\hr\piano.docx, o su http://intranet/piano."
    found = Screener(make_policy(rule)).hidden(text)
    assert found is not None
    assert mask(text, found).text == "Il piano è su [LINK], o su [LINK]."


@pytest.mark.parametrize(
    "piece", ["a.", "a/", "http://a.b/", "\\\\srv\\x", "C:\\a\\", "a@", "[::", "1.1.1.1", "file://"]
)
def test_ten_thousand_characters_of_one_kind_are_read_whole(
    make_rule: Make, make_policy: Callable[..., Policy], piece: str
) -> None:
    screener = Screener(make_policy(make_rule("internal_link")), patience=30)
    assert screener.screen(Draft(text=("x " + piece * 10_000)[:10_000])).unchecked == ()


@given(draft=st.from_type(Draft))
def test_hits_lie_inside_any_draft(make_rule: Make, draft: Draft) -> None:
    hits = make_rule("internal_link").hits(Subject(draft, fold(draft.text), ("it", "en")))
    assert all(hit.span.end <= len(draft.text) for hit in hits)


@pytest.mark.parametrize(
    "link",
    [
        "https://wiki.gnome.org/Apps/Files",
        "https://jira.atlassian.com/browse/JRA-9",
        "https://mail.google.com/mail/help",
        "https://helpdesk.acme.it/apri-un-ticket",
        "https://docs.python.org/it/3/tutorial",
        "https://wiki.archlinux.org/title/Main_page",
    ],
)
def test_what_everybody_may_open_is_left_alone(make_rule: Callable[..., Any], link: str) -> None:
    text = f"Si trova tutto su {link}, buona lettura."
    assert make_rule("internal_link", hosts=[]).hits(Subject(Draft(text=text), fold(text), ("it",))) == []
