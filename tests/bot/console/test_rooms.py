"""Who may open which page: every route against every role, and what a session is worth once it is taken away."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import FastAPI

from bot.accounts import Role
from bot.console.auth import Tries
from bot.settings import Settings
from bot.store import Store

ROLES = {
    "a stranger": None,
    "a colleague": (),
    "an owner": ("owner:legal",),
    "communications": ("communications",),
    "compliance": ("compliance",),
    "an admin": ("admin",),
}


@pytest.fixture(autouse=True)
def _pages_of_people(rig, store: Store, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """As `vaglio run` has them; in these tests strangers come by the one-time link alone, unless they say otherwise."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        oidc_issuer="https://slack.com", oidc_client_id="1.2", oidc_client_secret="s", oidc_allowed="T0123",
        console_url="https://vaglio.example", data_dir=tmp_path / "data", keys_dir=tmp_path / "keys",
    )  # fmt: skip
    whole = rig.floor(settings, store).rooms()
    before = {"door_room", "link_room", "try_room", "drafts_room", "reviews_room"}
    rig.rooms += [room for room in whole if room.__qualname__.partition(".")[0] not in before]


ANY = None
COMPLIANCE, ADMINS = frozenset({Role.COMPLIANCE}), frozenset({Role.ADMIN})
WRITERS = frozenset({Role.COMMUNICATIONS, Role.ADMIN})
READERS_OF_NUMBERS = WRITERS | COMPLIANCE
TABLE = {
    "/try": ANY, "/drafts": ANY, "/me": ANY, "/link": ANY, "/sign-out": ANY,
    "/policy/proposals": WRITERS, "/policy/restore": WRITERS, "/policy": ANY,
    "/reviews": frozenset({Role.OWNER, Role.COMMUNICATIONS}),
    "/audit": COMPLIANCE, "/insights": READERS_OF_NUMBERS, "/people": ADMINS, "/settings": ADMINS,
}  # fmt: skip
"""Whom each page and whatever lies under it is for; of two that fit, the first. Written down here by itself, so that a
page which is opened to others by mistake is found."""


def _routes(app: FastAPI) -> list[tuple[str, str, frozenset[Role] | None]]:
    """Every route, and whom it should be for."""
    return [(method, path, _meant_for(path)) for method, path in app.state.audiences]


def _meant_for(path: str) -> frozenset[Role] | None:
    (audience, *_) = [whose for prefix, whose in TABLE.items() if path == prefix or path.startswith(f"{prefix}/")]
    return audience


@pytest.mark.parametrize("who", ROLES)
def test_every_route_lets_in_whom_it_is_for_and_nobody_else(rig, who: str) -> None:  # type: ignore[no-untyped-def]
    titles = ROLES[who]
    browser = rig.stranger() if titles is None else rig.visitor("slack:T1:UANNA", *titles)
    roles = {Role(title.partition(":")[0]) for title in titles or ()}
    app = browser.app
    assert isinstance(app, FastAPI)
    for method, path, audience in _routes(app):
        if path == "/sign-out":
            continue
        address = re.sub(r"{[^}]+}", "x", path)
        # A form without the session's token is refused too, but as too old (403) and not as somebody else's.
        answer = browser.request(method, address)
        if titles is None:
            assert answer.status_code == 401, (method, path)
        elif audience is not None and not roles & audience:
            assert answer.status_code == 403, (method, path)
            assert "per altri" in answer.text, (method, path)
        else:
            assert "per altri" not in answer.text, (method, path)
            # Of an id that is nobody's there is nothing to show.
            assert answer.status_code in ((403,) if method == "POST" else (200, 303, 404)), (method, path)


def test_with_a_provider_strangers_are_shown_the_door_and_come_back(rig) -> None:  # type: ignore[no-untyped-def]
    rig.provider = "Slack"
    browser = rig.stranger()
    assert isinstance(browser.app, FastAPI)
    for method, path, _ in _routes(browser.app):
        address = re.sub(r"{[^}]+}", "x", path)
        answer = browser.request(method, address)
        if method == "GET":
            assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={quote(address, '')}")
        else:
            assert answer.status_code == 401, path


def test_no_page_is_served_without_an_audience(rig) -> None:  # type: ignore[no-untyped-def]
    app = rig.app()
    stated = {path for _, path, _ in _routes(app)}
    anybody = {"/", "/language", "/sign-in", "/sign-in/provider", "/sign-in/callback", "/healthz", "/csp-reports"}
    for route in app.routes:
        path = getattr(route, "path", "")
        if path and path != "/static":
            assert path in stated | anybody, path


def test_the_navigation_shows_what_may_be_opened(rig) -> None:  # type: ignore[no-untyped-def]
    page = rig.visitor("slack:T1:UANNA").get("/try").text
    for path in ("/audit", "/people", "/settings", "/insights"):
        assert f'href="{path}"' not in page


def test_a_session_that_is_taken_away_ends_at_once(rig) -> None:  # type: ignore[no-untyped-def]
    browser = rig.visitor("slack:T1:UANNA")
    assert browser.get("/try").status_code == 200
    person = rig.cabinet.people.person("slack:T1:UANNA")
    assert rig.sign_in.sessions.revoke_all(person) == 1
    assert browser.get("/try").status_code == 401


def test_a_role_that_is_taken_away_is_gone_at_the_next_page(rig) -> None:  # type: ignore[no-untyped-def]
    browser = rig.visitor("slack:T1:UANNA", "admin")
    person = rig.cabinet.people.person("slack:T1:UANNA")
    assert browser.get("/people").status_code == 200
    rig.cabinet.roles.revoke_all(person, by=None)
    assert browser.get("/people").status_code == 403
    assert browser.get("/try").status_code == 200


def test_keys_cannot_be_tried_at_will(rig) -> None:  # type: ignore[no-untyped-def]
    browser = rig.stranger()
    answers = [browser.get("/sign-in", params={"key": f"guess-{n}"}) for n in range(11)]
    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert answers[-1].headers["Retry-After"] == "60"
    rig.clock.time += 60
    assert browser.get("/sign-in", params={"key": rig.sign_in.new_key()}).status_code == 303


def test_tries_are_counted_by_address() -> None:
    now = [0.0]
    tries = Tries(lambda: now[0], most=1)
    assert tries.admit("192.0.2.1")
    assert tries.admit("192.0.2.2")
    assert not tries.admit("192.0.2.1")
    now[0] = 60.0
    assert tries.admit("192.0.2.1")


def test_changing_language_comes_back_to_the_page(rig) -> None:  # type: ignore[no-untyped-def]
    browser = rig.visitor("slack:T1:UANNA")
    assert browser.submit("/language", language="en", back="/link?x=1").headers["location"] == "/link?x=1"
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", ""):
        assert browser.submit("/language", language="it", back=elsewhere).headers["location"] == "/try"
