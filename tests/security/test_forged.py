"""Whoever is neither Slack nor Telegram: forged, altered and repeated requests against the process as it runs."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest
from attacked import SIGNING, WEBHOOK, Under
from emulators.slack_link import signed

pytestmark = pytest.mark.slow

DEEP = b"[" * 200_000
"""What a careless reader of JSON runs out of stack over."""


async def post(under: Under, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    async with under.running.outsider() as outsider:
        return await outsider.post(path, content=body, headers=headers)


@pytest.mark.parametrize("under", ["json"], indirect=True)
async def test_a_request_that_slack_did_not_sign_is_refused_and_never_read(under: Under) -> None:
    body, headers = signed(under.command("Che idioti", "t1"), SIGNING)
    _, other = signed(under.command("Che idioti", "t1"), "un-altro-segreto")
    old = signed(under.command("Che idioti", "t1"), SIGNING, time.time() - 301)[1]
    ahead = signed(under.command("Che idioti", "t1"), SIGNING, time.time() + 301)[1]
    unsigned = {key: value for key, value in headers.items() if key != "X-Slack-Signature"}
    untimed = {key: value for key, value in headers.items() if key != "X-Slack-Request-Timestamp"}
    tries: list[tuple[bytes, dict[Any, Any]]] = [
        (body, other), (body, old), (body, ahead), (body, unsigned), (body, untimed),
        (body.replace(b"idioti", b"geniali"), headers), (body + b"&text=altro", headers),
        (body, headers | {"X-Slack-Signature": ""}), (body, headers | {"X-Slack-Signature": "v0="}),
        (body, unsigned | {b"X-Slack-Signature": "v0=sé".encode()}),
        (body, headers | {"X-Slack-Request-Timestamp": "domani"}),
        (body, headers | {"X-Slack-Request-Timestamp": "9" * 5000}),
        (body, headers | {"X-Slack-Request-Timestamp": str(int(time.time()) + 1)}),
        (DEEP, headers | {"Content-Type": "application/json"}),
        (b"\xff\xfe", headers), (b"", headers), (b"payload=" + DEEP, headers),
        (b"ssl_check=1&token=verification", unsigned),
    ]  # fmt: skip
    for content, given in tries:
        answer = await post(under, "/slack/events", content, given)
        assert (answer.status_code, answer.content) == (401, b""), given
    assert (await post(under, "/slack/events", body, headers)).status_code == 200
    await under.slack.wait_for("response_url", timeout=30)
    assert under.recorded() == 1


@pytest.mark.parametrize("under", ["json"], indirect=True)
async def test_a_request_that_is_sent_again_is_answered_once(under: Under) -> None:
    """Whoever caught one of Slack's may send it once more for five minutes: nothing is done twice."""
    body, headers = signed(under.command("Che idioti", "t1"), SIGNING)
    for _ in range(5):
        assert (await post(under, "/slack/events", body, headers)).status_code == 200
    await under.slack.wait_for("response_url", timeout=30)
    await under.slack.slash("Che bello")  # what was waiting before it has been done by then
    await under.slack.wait_for("response_url", timeout=30, count=2)
    assert under.recorded() == 2


@pytest.mark.parametrize("under", ["json"], indirect=True)
async def test_an_update_that_telegram_did_not_post_is_refused_and_never_read(under: Under) -> None:
    genuine = await under.telegram.message("Che idioti")
    await under.telegram.wait_for("sendMessage", timeout=30)
    update = json.dumps(genuine.update | {"update_id": genuine.update_id + 1}).encode()
    names: list[dict[Any, Any]] = [
        {}, {"X-Telegram-Bot-Api-Secret-Token": ""}, {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK[:-1]},
        {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK + "x"}, {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK.upper()},
        {b"X-Telegram-Bot-Api-Secret-Token": "sé".encode()},
    ]  # fmt: skip
    for headers in names:
        for body in (update, DEEP, b"\xff", b""):
            answer = await post(under, "/telegram/updates", body, headers)
            assert (answer.status_code, answer.content) == (403, b""), headers
    right = {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK}
    for nonsense in (DEEP, b"\xff", b"", b"{", b"null"):
        assert (await post(under, "/telegram/updates", nonsense, right)).status_code in (400, 403)
    assert (await post(under, "/telegram/updates", update, right)).status_code == 200
    assert (await post(under, "/telegram/updates", update, right)).status_code == 200
    await under.telegram.wait_for("sendMessage", timeout=30, count=2)
    assert under.recorded() == 2


@pytest.mark.parametrize("under", ["json"], indirect=True)
@pytest.mark.parametrize("path", ["/slack/events", "/telegram/updates"])
async def test_more_than_anybody_sends_is_refused(under: Under, path: str) -> None:
    assert (await post(under, path, b"x" * 1_000_001, {})).status_code in (401, 403, 413)
    async with under.running.outsider() as outsider:
        assert (await outsider.get(path)).status_code in (404, 405)
