"""`vaglio health`: what a container's watcher is told, whatever address Vaglio listens at."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bot.cli.commands import run
from bot.cli.health import _address
from bot.settings import Settings


@contextmanager
def answering(status: int) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Somebody who answers every page so: their port, and what they were asked, under which name."""
    asked: list[tuple[str, str]] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Host"]))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1], asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
@pytest.mark.parametrize(("words", "page"), [(("health",), "/healthz"), (("health", "--ready"), "/readyz")])
def test_it_says_what_the_page_says(
    status: int, code: int, words: tuple[str, ...], page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A proxy that the environment names is for other machines.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with answering(status) as (port, asked):
        monkeypatch.setenv("VAGLIO_CONSOLE_PORT", str(port))
        assert run(words) == code
    assert asked == [(page, "127.0.0.1")]


def test_nobody_there_is_not_well(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(200) as (port, _):
        pass
    monkeypatch.setenv("VAGLIO_CONSOLE_PORT", str(port))
    monkeypatch.setenv("VAGLIO_LANGUAGE", "en")
    assert run(["health"]) == 1
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("127.0.0.1", "http://127.0.0.1:8321/healthz"), ("0.0.0.0", "http://127.0.0.1:8321/healthz"),  # noqa: S104 -- compared, not bound
        ("::", "http://127.0.0.1:8321/healthz"), ("::1", "http://[::1]:8321/healthz"),
        ("10.0.0.5", "http://10.0.0.5:8321/healthz"),
    ],
)  # fmt: skip
def test_it_asks_where_it_listens(host: str, asked: str) -> None:
    assert _address(Settings(_env_file=None, console_host=host), "healthz") == asked
