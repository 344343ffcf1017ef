"""What the process tells of itself: at its most talkative, through every failure, no word and no secret."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from attacked import ROOT, SIGNING, WEBHOOK, Under
from emulators.slack_link import signed

from bot.settings import Settings

pytestmark = pytest.mark.slow

TOLD = re.compile(r"zanzibar|anna|bruno|slack:T1|telegram:10|\bU1\b", re.I)
"""The word in every secret, in every draft below and in every name; and whose accounts they are."""
DRAFT = "Che idioti, scrivete a mario.zanzibar@acme.example o al 340 1112233: Zanzibar chiude!"


async def _by_chats(under: Under) -> None:
    under.slack.fail_next("users.info", 500)
    await under.slack.slash(DRAFT)
    under.slack.fail_next("response_url", 500)
    await under.slack.slash(f"{DRAFT} due")
    await under.slack.slash("/link zanzibar")
    under.telegram.fail_next("sendMessage", 502)
    await under.telegram.message(DRAFT)
    under.telegram.fail_next("sendMessage", 403)
    await under.telegram.message(f"{DRAFT} due")
    await under.telegram.message(DRAFT, chat_id=99, user_id=99)
    await under.telegram.wait_for("sendMessage", timeout=30, count=2)


async def _by_forgery(under: Under) -> None:
    body, headers = signed({"type": "block_actions", "zanzibar": DRAFT, "user": {"id": "U1"}}, SIGNING)
    async with under.running.outsider() as outsider:
        for content, given in (
            (body, headers),  # signed, and nothing that Bolt knows
            (body, {}),
            (DRAFT.encode(), headers | {"X-Slack-Signature": "v0=zanzibar"}),
        ):
            await outsider.post("/slack/events", content=content, headers=given)
        for content in (
            b'{"update_id": "zanzibar"}',
            b'{"update_id": 5, "message": {"text": "zanzibar"}}',
            b"{zanzibar",
        ):
            given = {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK}
            await outsider.post("/telegram/updates", content=content, headers=given)


async def _by_browser(under: Under) -> None:
    key = under.running.link.partition("key=")[2]
    async with under.running.outsider() as browser:
        browser.follow_redirects = True
        await browser.get("/zanzibar?zanzibar=1", headers={"Cookie": "vaglio=zanzibar", "User-Agent": "zanzibar"})
        await browser.get("/healthz", headers={"Host": "zanzibar.example"})
        await browser.get("/sign-in", params={"key": "zanzibar"})
        await browser.get("/sign-in/provider", params={"next": "/zanzibar"})
        await browser.get("/sign-in/callback", params={"code": "zanzibar", "state": "zanzibar"})
        await browser.get("/metrics", headers={"Authorization": "Bearer zanzibar"})
        await browser.post("/api/v1/screenings", json={"text": DRAFT}, headers={"Authorization": "Bearer zanzibar"})
        await browser.post("/csp-reports", content=b'{"csp-report": {"effective-directive": "zanzibar"}}')
        await browser.post("/try", data={"text": DRAFT, "csrf": "zanzibar"})
        page = (await browser.get("/sign-in", params={"key": key})).text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        assert csrf, page[:2000]
        form = {"csrf": csrf[1], "text": DRAFT, "kind": "post", "account": "institutional", "channel": "other"}
        for path in ("/try", "/try/preview", "/language"):
            await browser.post(path, data=form | {"next": "//zanzibar"})


async def _by_breaking(under: Under) -> None:
    """The record cannot be written any more, and a policy that cannot be read is there."""
    database = under.running.folder / "data" / "vaglio.db"
    with sqlite3.connect(database) as connection:
        connection.execute("ALTER TABLE entry RENAME TO zanzibar")
    connection.close()
    await under.slack.slash(f"{DRAFT} tre")
    await under.telegram.message(f"{DRAFT} tre")
    await _by_forgery(under)
    async with under.running.outsider() as browser:
        await browser.get("/readyz")
        await browser.get("/metrics")
        await browser.get("/healthz")
    await asyncio.sleep(2)


async def test_no_word_no_name_and_no_secret_is_in_any_log(under: Under) -> None:
    for attack in (_by_chats, _by_forgery, _by_browser, _by_breaking):
        await attack(under)
    under.running.process.send_signal(signal.SIGABRT)  # faulthandler tells where every thread stands
    async with asyncio.timeout(30):
        await under.running.process.wait()
    told = under.running.told
    assert "screening.failed" in told, told[-3000:]
    assert "Fatal Python error: Aborted" in told
    assert [line for line in told.splitlines() if TOLD.search(line)] == []


@pytest.mark.parametrize("under", ["json"], indirect=True)
async def test_nobody_beside_it_reads_a_secret_from_the_process(under: Under) -> None:
    """Its arguments and title are everybody's to read; its environment only its own user's. It leaves no core."""
    place = Path(f"/proc/{under.running.process.pid}")
    if not place.is_dir():
        pytest.skip("no /proc here")
    assert not TOLD.search((place / "cmdline").read_text() + (place / "comm").read_text())
    assert (place / "environ").stat().st_mode & 0o077 == 0
    limits = re.search(r"^Max core file size\s+(\d+)", (place / "limits").read_text(), re.M)
    assert limits
    assert limits[1] == "0"
    folder = under.running.folder
    for path in (folder / "keys", folder / "data"):
        loose = [str(each) for each in (path, *path.rglob("*")) if each.stat().st_mode & 0o007]
        assert loose == [], "other users of the machine can look in"


@pytest.mark.parametrize("under", ["json"], indirect=True)
async def test_open_pages_tell_no_secret(under: Under) -> None:
    async with under.running.outsider() as outsider:
        for path in (
            "/healthz",
            "/readyz",
            "/metrics",
            "/api/v1/openapi.json",
            "/",
            "/sign-in",
            "/zanzi",
            "/static/none",
        ):
            answer = await outsider.get(path)
            assert not TOLD.search(answer.text + str(answer.headers)), path
            assert "server" not in answer.headers


def _vaglio(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "VAGLIO_MODELS_DIR": str(ROOT / "models")}
    own = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), **settings}
    return subprocess.run(
        [sys.executable, "-m", "bot", *words], cwd=folder, env=kept | own, capture_output=True, text=True, check=False
    )


@pytest.mark.timeout(300)
def test_the_doctor_and_errors_of_settings_show_no_secret(tmp_path: Path) -> None:
    secrets = {
        "VAGLIO_SLACK_BOT_TOKEN": "xoxb-zanzibar", "VAGLIO_SLACK_APP_TOKEN": "xapp-zanzibar",
        "VAGLIO_DATABASE_URL": "postgresql://vaglio:zanzibar@127.0.0.1:9/vaglio", "VAGLIO_METRICS_TOKEN": "zanzibar",
        "VAGLIO_CHECKPOINTS": "https://vaglio:zanzibar@127.0.0.1:9/evidence",
    }  # fmt: skip
    wrong = [{"VAGLIO_WORKERS": "zanzibar"}, {"VAGLIO_DATABASE_URL": "zanzibar://:zanzibar"}]
    tries = [("doctor --json", {}), ("audit verify", {}), *(("doctor", each) for each in wrong)]
    for words, settings in tries:
        ran = _vaglio(tmp_path, *words.split(), **secrets | settings)
        assert not re.search("zanzibar", ran.stdout + ran.stderr), (words, settings, ran.stdout + ran.stderr)
    assert "zanzibar" not in repr(Settings(_env_file=None, database_url=secrets["VAGLIO_DATABASE_URL"]))


def test_a_draft_is_read_without_a_word_to_anybody_else(tmp_path: Path) -> None:
    """ONNX Runtime reports to its makers unless told not to, tldextract fetches a list: both leave files at home."""
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    ran = _vaglio(tmp_path, "check", "Scrivete a mario@acme.example, che vergogna! https://acme.example/x")
    assert ran.returncode in (0, 1, 2, 3), ran.stderr
    left = [str(path.relative_to(tmp_path)) for name in ("home", "tmp") for path in (tmp_path / name).rglob("*")]
    assert left == []


async def test_a_stranger_on_the_network_is_not_this_machine(tmp_path: Path) -> None:
    """What a proxy says of whom it speaks for is believed of no other machine, and opens nothing from this one."""
    from attacked import started

    async with started(tmp_path) as running, running.outsider() as outsider:
        for headers in (
            {"X-Forwarded-For": "127.0.0.1"},
            {"Forwarded": "for=127.0.0.1"},
            {"X-Forwarded-For": "10.0.0.9"},
        ):
            answer: httpx.Response = await outsider.get("/metrics", headers=headers)
            assert answer.status_code in (401, 403, 404), headers
            opened = await outsider.get("/sign-in", params={"key": running.link.partition("key=")[2]}, headers=headers)
            assert opened.status_code == 403, headers
