"""The door: a link that works once, sessions that end, forms that are ours, and headers on whatever goes out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.console.auth import KEY_LIFE, is_loopback
from bot.console.sessions import LIFE as SESSION_LIFE
from bot.people import Linked


def test_the_link_opens_the_door_once(rig) -> None:  # type: ignore[no-untyped-def]
    key = rig.sign_in.new_key()
    first, second = rig.stranger(), rig.stranger()
    entered = first.get("/sign-in", params={"key": key})
    assert (entered.status_code, entered.headers["location"]) == (303, "/try")
    assert first.get("/try").status_code == 200
    refused = second.get("/sign-in", params={"key": key})
    assert refused.status_code == 403
    assert "riavvia Vaglio" in refused.text
    assert key not in refused.text
    assert second.get("/try").status_code == 401


def test_a_used_link_takes_whoever_is_in_to_the_page(rig) -> None:  # type: ignore[no-untyped-def]
    assert rig.owner().get("/sign-in", params={"key": "used"}).headers["location"] == "/try"


def test_the_link_expires(rig) -> None:  # type: ignore[no-untyped-def]
    key = rig.sign_in.new_key()
    rig.clock.time += KEY_LIFE
    assert rig.stranger().get("/sign-in", params={"key": key}).status_code == 403


def test_a_new_link_ends_the_one_before(rig) -> None:  # type: ignore[no-untyped-def]
    old, new = rig.sign_in.new_key(), rig.sign_in.new_key()
    assert rig.stranger().get("/sign-in", params={"key": old}).status_code == 403
    assert rig.stranger().get("/sign-in", params={"key": new}).status_code == 303


def test_the_link_works_on_the_machine_itself_only(rig) -> None:  # type: ignore[no-untyped-def]
    key = rig.sign_in.new_key()
    elsewhere = rig.stranger(peer="192.0.2.7").get("/sign-in", params={"key": key})
    passed_on = rig.stranger().get("/sign-in", params={"key": key}, headers={"X-Forwarded-For": "192.0.2.7"})
    for answer in (elsewhere, passed_on):
        assert answer.status_code == 403
        assert "sulla macchina in cui gira Vaglio" in answer.text
    # Neither has used it up.
    assert rig.stranger(peer="::1").get("/sign-in", params={"key": key}).status_code == 303


def test_the_key_itself_is_not_kept(rig) -> None:  # type: ignore[no-untyped-def]
    key = rig.sign_in.new_key()
    assert len(key) >= 43
    assert key not in str(vars(rig.sign_in))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("192.168.1.4", False),
        ("::ffff:192.0.2.1", False),
        ("vaglio.example", False),
        ("testclient", False),
    ],
)
def test_what_counts_as_this_machine(name: str, expected: bool) -> None:
    assert is_loopback(name) is expected


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_told_where_the_link_is(rig, method: str) -> None:  # type: ignore[no-untyped-def]
    answer = getattr(rig.stranger(), method)("/try")
    assert answer.status_code == 401
    assert "Apri il link nel terminale" in answer.text


def test_a_stranger_can_read_that_in_the_other_language(rig) -> None:  # type: ignore[no-untyped-def]
    stranger = rig.stranger()
    assert stranger.submit("/language", language="en", text="Ciao").status_code == 303
    assert "Open the link in the terminal" in stranger.get("/try").text


def test_a_session_ends_on_its_own(rig) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    rig.clock.time += SESSION_LIFE - 1
    # Being used does not make it longer.
    owner.submit("/language", language="en")
    assert owner.get("/try").status_code == 200
    rig.clock.time += 1
    assert owner.get("/try").status_code == 401


def test_signing_out_ends_every_copy_of_the_session(rig) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    copied = owner.cookies["vaglio"]
    assert "Sessione chiusa" in owner.submit("/sign-out").text
    assert owner.get("/try").status_code == 401
    thief = rig.stranger()
    thief.cookies.set("vaglio", copied)
    assert thief.get("/try").status_code == 401


def test_a_session_is_over_once_its_account_is_somebody_elses_or_nobodys(rig) -> None:  # type: ignore[no-untyped-def]
    """It would stand in no list of theirs, and no end of all their sessions would end it."""
    people, now = rig.cabinet.people, datetime.now(UTC)
    anna, bruno = rig.visitor("slack:T1:UANNA"), rig.visitor("slack:T1:UBRUNO")
    code = people.new_code(people.person("local:carla"), now)
    assert rig.cabinet.link("slack:T1:UANNA", code, now) is Linked.DONE
    assert anna.get("/try").status_code == 401
    people.unlink("slack:T1:UBRUNO")
    assert bruno.get("/try").status_code == 401
    assert not people.is_known("slack:T1:UBRUNO")


def test_a_cookie_that_was_tampered_with_is_a_strangers(rig) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    value = owner.cookies["vaglio"]
    forger = rig.stranger()
    forger.cookies.set("vaglio", ("A" if value[0] != "A" else "B") + value[1:])
    assert forger.get("/try").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(rig) -> None:  # type: ignore[no-untyped-def]
    def cookie(**more: object) -> str:
        visitor = rig.stranger(**more)
        return visitor.get("/sign-in", params={"key": rig.sign_in.new_key()}).headers["set-cookie"].lower()

    assert "httponly; samesite=lax" in cookie()
    assert f"max-age={SESSION_LIFE}" in cookie()
    assert "secure" not in cookie(hosts=["127.0.0.1"])
    assert cookie(hosts=["vaglio.example"]).endswith("secure")


@pytest.mark.parametrize("path", ["/try", "/try/preview", "/language", "/sign-out"])
def test_a_form_without_the_sessions_token_does_nothing(rig, path: str) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    owner.csrf()
    for token in ({}, {"csrf": "guess"}, {"csrf": "è"}, {"csrf": rig.owner().csrf()}):
        answer = owner.post(path, data={"text": "Buongiorno", "language": "en", **token})
        assert answer.status_code == 403
        assert "Questa pagina è troppo vecchia" in answer.text
    assert rig.recorder.recorded == []
    assert owner.get("/try").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://127.0.0.1:8321"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"}, 403),
    ],
)
def test_a_form_from_another_site_does_nothing(rig, headers: dict[str, str], status: int) -> None:  # type: ignore[no-untyped-def]
    assert rig.owner().submit("/try", headers, text="Buongiorno").status_code == status
    assert len(rig.recorder.recorded) == (status == 200)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8321", 200),
        ("localhost:8321", 200),
        ("[::1]:8321", 200),
        ("vaglio.example", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("", 400),
    ],
)
def test_only_known_names_reach_the_console(rig, host: str, status: int) -> None:  # type: ignore[no-untyped-def]
    stranger = rig.stranger(hosts=["vaglio.example"])
    assert stranger.get("/healthz", headers={"Host": host}).status_code == status


@pytest.mark.parametrize("host", ["evil.example", ""])
def test_under_another_name_both_languages_say_what_to_set(rig, host: str) -> None:  # type: ignore[no-untyped-def]
    answer = rig.stranger().get("/try", headers={"Host": host})
    assert answer.status_code == 400
    assert "A questo nome Vaglio non risponde." in answer.text
    assert "Vaglio does not answer under this name." in answer.text
    assert "VAGLIO_CONSOLE_NAMES" in answer.text
    assert "evil" not in answer.text


@pytest.mark.parametrize("path", ["/try", "/healthz", "/nowhere", "/static/console.css", "/sign-in?key=x"])
@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
def test_every_answer_carries_the_headers(rig, path: str, host: str) -> None:  # type: ignore[no-untyped-def]
    headers = rig.stranger().get(path, headers={"Host": host}).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
    )
    assert policy.endswith("form-action 'self'; frame-ancestors 'none'; base-uri 'none'; report-uri /csp-reports")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == ("no-cache" if "static" in path and host == "127.0.0.1" else "no-store")
