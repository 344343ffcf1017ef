"""The last door of the log: a token that a line should ever name, and what Python itself would write of an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TOKENS = [
    "xoxb-1234-abcDEF", "xoxe.xoxp-1-Mi0yLTk", "xapp-1-A012-345-abcdef", "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    "Bearer vgl_c29tZXRoaW5n", "postgresql://vaglio:parolaccia@db/vaglio", "https://x:parolaccia@acme.example/e",
]  # fmt: skip
_CODE = """
import gc, sys, threading
import structlog
from bot.logs import configure_logs
configure_logs("debug", sys.argv[1])
log = structlog.get_logger("x")
token = sys.argv[2]
log.info("seen", text=token, inside=[token], error=ValueError(token), number=5, nothing=None, fine="slack.connected")
log.info(f"said {token}")
class Left:
    def __del__(self): raise ValueError(token)
Left(); gc.collect()
thread = threading.Thread(target=lambda: int(token)); thread.start(); thread.join()
try:
    int(token)
except ValueError:
    log.exception("failed")
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("token", TOKENS)
def test_no_token_gets_through(token: str, form: str) -> None:
    kept = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", _CODE, form, token], cwd=ROOT, env=kept, capture_output=True, text=True, check=True
    )
    secret = token.removeprefix("Bearer ").rpartition("://")[2].partition("@")[0]
    assert secret not in ran.stdout + ran.stderr
    assert "slack.connected" in ran.stderr
    assert ran.stderr.count("uncaught") == 2
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("form", ["text", "json"])
def test_of_what_nobody_caught_only_the_kind_is_told(form: str) -> None:
    kept, words = os.environ | {"PYTHONPATH": str(ROOT)}, "una bozza di Zanzibar"
    ran = subprocess.run(
        [sys.executable, "-c", _CODE, form, words], cwd=ROOT, env=kept, capture_output=True, text=True, check=True
    )
    told = [line for line in ran.stderr.splitlines() if "seen" not in line and "said" not in line]
    assert not any("Zanzibar" in line for line in told)
    assert sum("uncaught" in line and "ValueError" in line for line in told) == 2
