"""Downloads: whole, resumed, refused, and checked by their own name, from a real server on loopback."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot.fetching import FetchError, check_name, fetch
from rules.built import silent

CONTENT = bytes(range(256)) * 20_000


class Server(ThreadingHTTPServer):
    """Serves CONTENT by ranges; `breaks_at` cuts the first answer short, `answers` is what it says instead."""

    breaks_at: int | None = None
    answers: int = 0
    ranges: bool = True
    asked: list[str | None]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        if self.server.answers:
            self.send_error(self.server.answers)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.ranges else 0
        if start >= len(CONTENT):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end, self.server.breaks_at = self.server.breaks_at, None
        self.wfile.write(CONTENT[start:end])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/model.ckpt"


def test_a_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "model.ckpt"
    told: list[float] = []
    for _ in range(2):
        fetch(address(server), target, lambda what, done: told.append(done))
    assert target.read_bytes() == CONTENT
    assert server.asked == [None]
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_a_download_that_broke_off_goes_on(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "model.ckpt"
    server.breaks_at = 1_000_000
    with pytest.raises(FetchError, match=r"model\.ckpt"):
        fetch(address(server), target, silent)
    assert not target.exists()
    begun = (tmp_path / "model.ckpt.part").stat().st_size
    assert 0 < begun <= 1_000_000
    fetch(address(server), target, silent)
    assert target.read_bytes() == CONTENT
    assert server.asked[1] == f"bytes={begun}-"


def test_a_server_without_ranges_begins_anew(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "model.ckpt"
    (tmp_path / "model.ckpt.part").write_bytes(b"old")
    server.ranges = False
    fetch(address(server), target, silent)
    assert target.read_bytes() == CONTENT


def test_a_part_that_does_not_fit_is_thrown_away(server: Server, tmp_path: Path) -> None:
    part = tmp_path / "model.ckpt.part"
    part.write_bytes(CONTENT + b"more")
    with pytest.raises(FetchError, match="did not fit"):
        fetch(address(server), tmp_path / "model.ckpt", silent)
    assert not part.exists()


def test_a_part_that_was_whole_is_taken(server: Server, tmp_path: Path) -> None:
    (tmp_path / "model.ckpt.part").write_bytes(CONTENT)
    fetch(address(server), tmp_path / "model.ckpt", silent)
    assert (tmp_path / "model.ckpt").read_bytes() == CONTENT


def test_what_a_server_refuses_is_said(server: Server, tmp_path: Path) -> None:
    server.answers = 404
    with pytest.raises(FetchError, match="404"):
        fetch(address(server), tmp_path / "model.ckpt", silent)
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        fetch("http://127.0.0.1:9/model.ckpt", tmp_path / "model.ckpt", silent)
    assert caught.value.offline


def test_a_name_that_tells_the_truth(tmp_path: Path) -> None:
    digest = hashlib.sha256(CONTENT).hexdigest()
    good = tmp_path / f"toxic_original-{digest[:8]}.ckpt"
    good.write_bytes(CONTENT)
    check_name(good)


@pytest.mark.parametrize("name", ["toxic_original-c1212f89.ckpt", "toxic.ckpt"])
def test_a_name_that_lies_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(CONTENT)
    with pytest.raises(FetchError, match="SHA-256"):
        check_name(path)
