"""Signing in by the company's provider: a real one on loopback, and those who would rather get in without it."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing.serving import Opener, serving
from emulators.provider import CLIENT, SECRET, TEAM, USER, Provider, asked_for
from httpx2 import Response
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, expect
from pydantic import SecretStr
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from bot.accounts import Role, is_account, provider_account
from bot.console.app import build_console
from bot.console.gate import Gate
from bot.console.provider import Provider as Client
from bot.console.provider_page import provider_room
from bot.oidc import Terms
from bot.settings import Settings
from bot.store import Store

_PICTURES = os.environ.get("VAGLIO_TEST_PICTURES")
BASE = "http://127.0.0.1:8321"
OUT = {400, 403}


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    fresh = Provider()
    running.faults, running.person, running.slack = fresh.faults, dict(fresh.person), False
    running.asked.clear()
    return running


def open_door(rig, provider: Provider, *, admin: str | None = None, **more: Any) -> None:  # type: ignore[no-untyped-def]
    given = {"domains": frozenset({"acme.example"}), **more}
    terms = Terms(provider.issuer, CLIENT, SecretStr(SECRET), BASE, **given)
    rig.provider = terms.name
    rig.rooms.append(provider_room(Client(terms), rig.sign_in, rig.cabinet.roles, rig.cabinet.ledger, admin))


@pytest.fixture
def door(rig, provider: Provider) -> Callable[..., None]:  # type: ignore[no-untyped-def]
    def made(**more: Any) -> None:
        open_door(rig, provider, **more)

    return made


def sent(browser, on: str = "/try") -> str:  # type: ignore[no-untyped-def]
    """Where the provider is asked."""
    answer = browser.get("/sign-in/provider", params={"next": on})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def agreed(url: str) -> str:
    """The address to which the provider sends somebody back."""
    back = httpx2.get(url).headers["location"]
    assert back.startswith(f"{BASE}/sign-in/callback?")
    return back


def way_in(browser, on: str = "/try") -> Response:  # type: ignore[no-untyped-def]
    """All the way through; the last answer."""
    return browser.get(agreed(sent(browser, on)))  # type: ignore[no-any-return]


def test_a_colleague_signs_in_and_comes_to_the_page_they_wanted(rig, door, provider: Provider) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    asked = browser.get("/link?x=1")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Flink%3Fx%3D1")
    offered = browser.get(asked.headers["location"])
    assert offered.status_code == 200
    assert 'href="/sign-in/provider?next=/link%3Fx%3D1"' in offered.text
    assert "funziona una volta sola" in offered.text
    entered = way_in(browser, "/link?x=1")
    assert (entered.status_code, entered.headers["location"]) == (303, "/link?x=1")
    assert browser.get("/try").status_code == 200
    account = provider_account(provider.issuer, "person-1")
    assert is_account(account)
    assert rig.cabinet.people.is_known(account)
    (entry,) = rig.cabinet.ledger.entries(newest=1)
    said = json.loads(entry.body)
    assert (said["kind"], said["facts"]) == ("sign_in", {"by": "provider"})
    assert said["actor"] == rig.cabinet.people.person(account)


def test_whoever_changes_the_language_at_the_door_still_comes_to_their_page(rig, door) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    offered = browser.get("/sign-in?next=/link?x=1").text
    token, back = (re.search(f'name="{name}" value="([^"]+)"', offered) for name in ("csrf", "back"))
    assert token
    assert back
    changed = browser.post("/language", data={"csrf": token[1], "language": "en", "back": html.unescape(back[1])})
    again = browser.get(changed.headers["location"]).text
    assert "Sign in with" in again
    assert 'href="/sign-in/provider?next=/link%3Fx%3D1"' in again


def test_what_the_provider_is_asked(rig, door, provider: Provider) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    first, second = asked_for(sent(browser)), asked_for(sent(browser))
    assert first["response_type"] == "code"
    assert first["scope"] == "openid profile email"
    assert first["redirect_uri"] == f"{BASE}/sign-in/callback"
    assert first["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 32
        assert first[name] != second[name]
    assert provider.asked == ["discovery"]


def test_in_slack_they_are_who_they_are_in_the_chat(rig, door, provider: Provider) -> None:  # type: ignore[no-untyped-def]
    provider.slack = True
    provider.person = {"sub": "U0456", TEAM: "T0123", USER: "U0456", "email": "a@elsewhere.example"}
    door(is_slack=True, teams=frozenset({"T0123"}), domains=frozenset())
    assert way_in(rig.stranger()).status_code == 303
    assert rig.cabinet.people.is_known("slack:T0123:U0456")


def test_another_provider_cannot_say_who_somebody_is_in_slack(rig, door, provider: Provider) -> None:  # type: ignore[no-untyped-def]
    provider.person |= {TEAM: "T0123", USER: "UADMIN"}
    door(teams=frozenset({"T0123"}))
    assert way_in(rig.stranger()).status_code == 303
    assert not rig.cabinet.people.is_known("slack:T0123:UADMIN")
    provider.person["email"] = "anna@evil.example"
    assert way_in(rig.stranger()).status_code == 403


def test_an_account_is_the_subjects_and_never_the_addresss(rig, door, provider: Provider) -> None:  # type: ignore[no-untyped-def]
    door()
    way_in(rig.stranger())
    provider.person["email"] = "anna.rossi@acme.example"
    way_in(rig.stranger())
    assert len(rig.cabinet.people.everybody()) == 1
    provider.person["sub"] = "person-2"
    way_in(rig.stranger())
    assert len(rig.cabinet.people.everybody()) == 2


@pytest.mark.parametrize(
    ("admin", "is_one"),
    [("anna@acme.example", True), ("Anna@Acme.example", True), ("bruno@acme.example", False), (None, False)],
)
def test_whom_the_settings_name_is_admin_from_the_start(  # type: ignore[no-untyped-def]
    rig, door, provider: Provider, admin: str | None, is_one: bool
) -> None:
    door(admin=admin)
    way_in(rig.stranger())
    person = rig.cabinet.people.person(provider_account(provider.issuer, "person-1"))
    assert (rig.cabinet.roles.roles(person) == {Role.ADMIN}) is is_one
    if is_one:
        facts = json.loads(rig.cabinet.ledger.entries(newest=1)[0].body)["facts"]
        assert (facts["source"], facts["role"]) == ("setting", "admin")


def test_an_address_that_nobody_has_verified_makes_no_admin(rig, door, provider: Provider) -> None:  # type: ignore[no-untyped-def]
    provider.person = {TEAM: "T0123", USER: "U1", "sub": "U1", "email": "anna@acme.example", "email_verified": False}
    door(admin="anna@acme.example", is_slack=True, teams=frozenset({"T0123"}))
    assert way_in(rig.stranger()).status_code == 303
    assert rig.cabinet.roles.roles(rig.cabinet.people.person("slack:T0123:U1")) == frozenset()


ELSEWHERE = {
    "another company": {"email": "eve@evil.example"},
    "a domain that ends alike": {"email": "eve@notacme.example"},
    "a domain below": {"email": "eve@x.acme.example"},
    "two addresses in one": {"email": "anna@acme.example@evil.example"},
    "no address": {"email": None},
    "an odd address": {"email": ["anna@acme.example"]},
    "not verified": {"email_verified": False},
    "nothing said of it": {"email_verified": None},
    "oddly verified": {"email_verified": "yes"},
}
FORGED = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "client-2"},
    "several audiences, for another": {"aud": [CLIENT, "client-2"], "azp": "client-2"},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "expired": {"exp": 1_000_000_000},
    "never expires": {"exp": None},
    "not yet": {"nbf": 9_000_000_000},
    "no subject": {"sub": None},
    "a number for a subject": {"sub": 7},
    "another access token's": {"at_hash": "AAAA"},
}


@pytest.mark.parametrize("claims", [*ELSEWHERE.values(), *FORGED.values()], ids=[*ELSEWHERE, *FORGED])
def test_who_is_not_let_in(rig, door, provider: Provider, claims: dict[str, Any]) -> None:  # type: ignore[no-untyped-def]
    door(teams=frozenset({"T0123"}))
    provider.faults.claims = claims
    browser = rig.stranger()
    with capture_logs() as logs:
        answer = way_in(browser)
    assert answer.status_code == 403
    assert browser.get("/try").status_code == 303
    assert rig.cabinet.people.everybody() == {}
    assert list(rig.cabinet.ledger.entries(newest=1)) == []
    assert [each["event"] for each in logs] == ["sign_in.refused"]
    assert set(logs[0]) == {"event", "why", "log_level"}


def test_a_signature_is_needed_and_has_to_be_the_providers(rig, door, provider: Provider) -> None:  # type: ignore[no-untyped-def]
    door()
    for turned in (
        {"header": {"alg": "none"}},
        {"key": RSAKey.generate_key(2048, {"kid": "first"})},
        {"key": RSAKey.generate_key(2048, {"kid": "x"}), "header": {"kid": "x"}},
        {"header": {"alg": "HS256"}},
        {"tamper": True},
    ):
        provider.faults = type(provider.faults)(**turned)
        browser = rig.stranger()
        assert way_in(browser).status_code == 403, turned
        assert browser.get("/try").status_code == 303
    assert rig.cabinet.people.everybody() == {}


@pytest.mark.parametrize("team", ["T0999", None, ["T0123"], "T0123 "])
def test_another_team_of_slacks_stays_outside(rig, door, provider: Provider, team: object) -> None:  # type: ignore[no-untyped-def]
    provider.person = {"sub": "U1", TEAM: team, USER: "U1", "email": "a@evil.example", "email_verified": True}
    door(is_slack=True, teams=frozenset({"T0123"}))
    assert way_in(rig.stranger()).status_code == 403
    assert rig.cabinet.people.everybody() == {}


def test_a_state_is_good_once_for_ten_minutes_and_in_one_browser(rig, door) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    back = agreed(sent(browser))
    # Whoever has somebody else follow their own way in gets nowhere.
    assert rig.stranger().get(back).status_code == 400
    copied = dict(browser.cookies)
    assert browser.get(back).status_code == 303
    assert browser.get(back).headers["location"] == "/try"
    # A copy of the cookie from before brings the state back, and the provider takes no code twice.
    thief = rig.stranger()
    thief.cookies.set("vaglio", copied["vaglio"], domain="127.0.0.1")
    assert thief.get(back).status_code == 400
    assert thief.get("/try").status_code == 303
    late = rig.stranger()
    back = agreed(sent(late))
    rig.clock.time += 600
    assert late.get(back).status_code == 400
    for nothing in ("", "?state=x&code=y", "?code=y", "?state=%ED%A0%80"):
        assert late.get(f"/sign-in/callback{nothing}").status_code == 400


def test_a_code_of_another_sign_in_is_not_taken(rig, door) -> None:  # type: ignore[no-untyped-def]
    door()
    mine, theirs = rig.stranger(), rig.stranger()
    own, other = agreed(sent(mine)), asked_for(agreed(sent(theirs)))
    swapped = urlencode({"state": asked_for(own)["state"], "code": other["code"]})
    assert mine.get(f"/sign-in/callback?{swapped}").status_code == 400
    assert mine.get("/try").status_code == 303


def test_several_windows_may_sign_in_at_once(rig, door) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    ways = [agreed(sent(browser, f"/link?n={number}")) for number in range(3)]
    assert len(browser.cookies["vaglio"]) < 4000
    assert browser.get(ways[0]).headers["location"] == "/link?n=0"


@pytest.mark.parametrize(
    "on", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", ""]
)
def test_nobody_is_led_elsewhere_afterwards(rig, door, on: str) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    offered = browser.get("/sign-in", params={"next": on})
    assert 'href="/sign-in/provider?next=/try"' in offered.text
    assert way_in(browser, on).headers["location"] == "/try"
    for path in ("/sign-in", "/sign-in/provider"):
        assert browser.get(path, params={"next": on}).headers["location"] == "/try"


def test_whoever_says_no_is_told_so(rig, door, provider: Provider) -> None:  # type: ignore[no-untyped-def]
    door()
    provider.faults.denied = "access_denied"
    answer = way_in(rig.stranger())
    assert answer.status_code == 403
    assert "access_denied" not in answer.text
    assert "Non sei dentro" in answer.text


def test_a_provider_out_of_order_is_said(rig, door, provider: Provider) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    for broken in ("json", "issuer", "token_endpoint", "jwks_uri", "authorization_endpoint"):
        provider.faults.broken = broken
        assert browser.get("/sign-in/provider").status_code == 503, broken
    provider.faults.broken = ""
    back = agreed(sent(browser))
    provider.faults.status = 500
    answer = browser.get(back)
    assert answer.status_code == 503
    assert "127.0.0.1" in answer.text


@pytest.mark.parametrize("answer", [[], "x", 7, {}, {"id_token": 7}, {"id_token": "x"}, {"access_token": None}])
def test_nonsense_of_the_providers_lets_nobody_in(rig, door, provider: Provider, answer: object) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    back = agreed(sent(browser))
    provider.faults.answer = answer
    assert browser.get(back).status_code in (403, 503)
    assert browser.get("/try").status_code == 303


def test_a_provider_that_is_not_there_is_said(rig) -> None:  # type: ignore[no-untyped-def]
    terms = Terms("http://127.0.0.1:9", CLIENT, SecretStr(SECRET), BASE, domains=frozenset({"acme.example"}))
    rig.rooms.append(provider_room(Client(terms), rig.sign_in, rig.cabinet.roles, rig.cabinet.ledger))
    assert rig.stranger().get("/sign-in/provider").status_code == 503


def test_a_new_key_of_the_providers_is_found_and_not_asked_for_at_will(rig, provider: Provider) -> None:  # type: ignore[no-untyped-def]
    now = [0.0]
    terms = Terms(provider.issuer, CLIENT, SecretStr(SECRET), BASE, domains=frozenset({"acme.example"}))

    def clock() -> float:
        import time

        return time.time() + now[0]

    rig.rooms.append(provider_room(Client(terms, clock), rig.sign_in, rig.cabinet.roles, rig.cabinet.ledger))
    rig.provider = terms.name
    app = rig.app()
    rig.app = lambda **_: app
    assert way_in(rig.stranger()).status_code == 303
    provider.turn_keys()
    assert way_in(rig.stranger()).status_code == 403
    now[0] = 61.0
    assert way_in(rig.stranger()).status_code == 303
    assert provider.asked.count("keys") == 2


def test_tries_are_limited(rig, door) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    answers = [browser.get("/sign-in/callback?state=x&code=y").status_code for _ in range(61)]
    assert answers == [400] * 60 + [429]
    assert browser.get("/sign-in/provider").headers["Retry-After"] == "60"
    rig.clock.time += 60
    assert browser.get("/sign-in/provider").status_code == 303


def test_nothing_of_the_secrets_is_logged_or_shown(rig, door, provider: Provider) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    back = agreed(sent(browser))
    provider.faults.tamper = True
    with capture_logs() as logs:
        answer = browser.get(back)
    assert logs == [{"event": "sign_in.refused", "why": "token", "log_level": "warning"}]
    for secret in (SECRET, asked_for(back)["code"], asked_for(back)["state"], "eyJ", "anna@"):
        assert secret not in answer.text + str(logs)


def test_a_session_that_ends_in_a_form_says_where_to_sign_in(rig, door) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    for answer in (browser.post("/try"), browser.get("/link", headers={"HX-Request": "true"})):
        assert answer.status_code == 401
        assert "Entra di nuovo" in answer.text


def test_signing_out_says_how_to_come_back(rig, door) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    way_in(browser)
    left = browser.submit("/sign-out")
    assert "Sessione chiusa" in left.text
    assert 'href="/sign-in/provider?next=/try"' in left.text
    assert browser.get("/try").status_code == 303
    assert "riavvia Vaglio" in rig.owner().submit("/sign-out").text


def test_the_link_works_beside_the_provider(rig, door) -> None:  # type: ignore[no-untyped-def]
    door()
    assert rig.owner().get("/try").status_code == 200
    assert rig.stranger().get("/sign-in?key=guess").status_code == 403


def test_whoever_signs_in_over_somebody_else_ends_their_session(rig, door) -> None:  # type: ignore[no-untyped-def]
    door()
    browser = rig.stranger()
    back = agreed(sent(browser))
    assert browser.get("/sign-in", params={"key": rig.sign_in.new_key()}).status_code == 303
    # The link has begun a session of its own, with nothing of the one before: what was under way is over.
    assert browser.get(back).headers["location"] == "/try"
    assert len(rig.sign_in.sessions.standing(rig.clock())) == 1
    assert urlsplit(back).path == "/sign-in/callback"


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("scripts", [True, False])
def test_in_a_browser_a_colleague_gets_to_the_page_they_wanted(  # type: ignore[no-untyped-def]
    rig, provider: Provider, browser: Browser, scripts: bool, scheme: str
) -> None:
    """Over the provider's own address, which the content policy must not forbid, and back; on a phone."""
    terms = Terms(provider.issuer, CLIENT, SecretStr(SECRET), BASE, domains=frozenset({"acme.example"}))
    client = Client(terms)
    rig.provider = terms.name
    rig.rooms.append(provider_room(client, rig.sign_in, rig.cabinet.roles, rig.cabinet.ledger))
    opener = Opener(browser)
    with serving(rig.app()) as address:
        client.terms = replace(terms, console=address)
        looks = {"java_script_enabled": scripts, "color_scheme": scheme, "viewport": {"width": 360, "height": 740}}
        page = opener(f"{address}/link", "en", **looks)
        if scripts:
            assert Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        if _PICTURES:
            page.screenshot(path=Path(_PICTURES) / f"sign-in-{scheme}-360.png", full_page=True)
        page.get_by_role("link", name="Sign in with 127.0.0.1").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Link Telegram")).to_be_visible()
        assert page.url == f"{address}/link"
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="You have signed out")).to_be_visible()
        opener.close()
    assert opener.complaints == []


def test_the_settings_open_this_door(rig, store: Store) -> None:  # type: ignore[no-untyped-def]
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        oidc_issuer="https://slack.com", oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_allowed="T0123",
        console_url="https://vaglio.example",
    )  # fmt: skip
    rooms = rig.floor(settings, store).rooms()
    app = build_console(
        gate=Gate(rig.sign_in, rig.cabinet.roles, frozenset), rooms=rooms, session_key=b"k" * 32,
        default_language="en", draft_limit=1000, health=dict, hosts=settings.console_hosts,
    )  # fmt: skip
    browser = TestClient(app, base_url="https://vaglio.example", follow_redirects=False)
    assert browser.get("/people").headers["location"] == "/sign-in?next=%2Fpeople"
    offered = browser.get("/sign-in")
    assert "Sign in with Slack" in offered.text
    assert offered.headers["set-cookie"].endswith("; secure")
