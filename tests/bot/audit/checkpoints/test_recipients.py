"""Folders, git repositories and addresses take checkpoints, and never let go of what they have."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from structlog.testing import capture_logs

from bot.audit.checkpoints import Checkpoints
from bot.audit.deliveries import Deliveries, open_recipients
from bot.audit.recipients import Folder, Refusal, Webhook
from bot.audit.repository import Repository
from bot.audit.statements import file_name, read_line
from bot.audit.targets import Target, read_targets

MINUTE = timedelta(minutes=1)

Delivering = Callable[..., Deliveries]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".git")


# --- A folder ------------------------------------------------------------------------------------------------------


async def test_a_folder_holds_a_file_for_each_and_nothing_else(
    checkpoints: Checkpoints, evidence: Path, now: datetime
) -> None:
    made = [checkpoints.make(now) for _ in range(2)]
    for _ in range(2):
        await Folder(evidence).take(checkpoints.after(0, 9))
    assert _names(evidence) == [file_name(1), file_name(2)]
    assert [read_line((evidence / file_name(number)).read_bytes()) for number in (1, 2)] == made


@pytest.mark.parametrize("links", [True, False])
async def test_a_file_that_differs_is_never_written_over(
    checkpoints: Checkpoints, evidence: Path, now: datetime, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (evidence / file_name(2)).write_text("other", encoding="utf-8")
    checkpoints.make(now)
    checkpoints.make(now)
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", _no_links)
    with pytest.raises(Refusal) as refusal:
        await Folder(evidence).take(checkpoints.after(0, 9))
    assert refusal.value.why == "conflict"
    assert _names(evidence) == [file_name(1), file_name(2)]
    assert (evidence / file_name(2)).read_text(encoding="utf-8") == "other"


def _no_links(path: Path, _: Path) -> None:
    raise PermissionError(1, "Operation not permitted", str(path))


async def test_a_folder_that_is_not_mounted_is_not_made(
    checkpoints: Checkpoints, tmp_path: Path, now: datetime
) -> None:
    checkpoints.make(now)
    with pytest.raises(Refusal) as refusal:
        await Folder(tmp_path / "mnt").take(checkpoints.after(0, 9))
    assert refusal.value.why == "missing"
    assert not (tmp_path / "mnt").exists()


# --- A git repository ----------------------------------------------------------------------------------------------


@pytest.fixture
def _git_of_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No name, no settings of this machine's."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *arguments],
        cwd=folder, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


@pytest.fixture
def remote(tmp_path: Path, _git_of_nobody: None) -> Path:
    remote = tmp_path / "remote.git"
    _git(tmp_path, "init", "--quiet", "--bare", str(remote))
    return remote


@pytest.fixture
def clone(tmp_path: Path, remote: Path) -> Path:
    _git(tmp_path, "clone", "--quiet", str(remote), "clone")
    return tmp_path / "clone"


def _pushed(remote: Path) -> list[str]:
    return _git(remote, "ls-tree", "--name-only", "HEAD").split()


async def test_a_clone_commits_and_pushes(checkpoints: Checkpoints, clone: Path, remote: Path, now: datetime) -> None:
    for _ in range(2):
        checkpoints.make(now)
        for _ in range(2):
            await Repository(str(clone)).take(checkpoints.after(0, 9))
    assert _pushed(remote) == [file_name(1), file_name(2)]
    assert _git(remote, "log", "--format=%an %s").splitlines() == ["Vaglio Checkpoints 1 to 2", "Vaglio Checkpoint 1"]
    assert _git(clone, "status", "--porcelain") == ""


@pytest.mark.usefixtures("_git_of_nobody")
async def test_a_repository_without_a_remote_commits(checkpoints: Checkpoints, tmp_path: Path, now: datetime) -> None:
    _git(tmp_path, "init", "--quiet", "alone")
    checkpoints.make(now)
    await Repository(str(tmp_path / "alone")).take(checkpoints.after(0, 9))
    assert _pushed(tmp_path / "alone") == [file_name(1)]


async def test_of_a_remote_address_a_clone_is_kept(
    checkpoints: Checkpoints, remote: Path, tmp_path: Path, now: datetime
) -> None:
    (target,) = read_targets(f"git:file://{remote}")
    (recipient,) = open_recipients([target], tmp_path / "clones").values()
    for number in (1, 2):
        checkpoints.make(now)
        await recipient.take(checkpoints.after(number - 1, 9))
    assert _pushed(remote) == [file_name(1), file_name(2)]
    assert _names(tmp_path / "clones") == [target.digest]


async def test_what_others_pushed_in_between_stays_and_a_push_is_never_forced(
    checkpoints: Checkpoints, clone: Path, remote: Path, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    _git(tmp_path, "clone", "--quiet", str(remote), "other")
    commands = list[tuple[str, ...]]()
    plain = Repository._git

    async def watched(self: Repository, *arguments: str, inside: Path | None = None) -> tuple[int, str]:
        commands.append(arguments)
        if arguments[0] == "push" and [each[0] for each in commands].count("push") <= 2:
            _commit_as_other(tmp_path / "other", f"note-{len(commands)}")
        return await plain(self, *arguments, inside=inside)

    monkeypatch.setattr(Repository, "_git", watched)
    for number in (1, 2):
        checkpoints.make(now)
        await Repository(str(clone)).take(checkpoints.after(number - 1, 9))
    assert [name for name in _pushed(remote) if name.startswith("checkpoint")] == [file_name(1), file_name(2)]
    assert len([name for name in _pushed(remote) if name.startswith("note")]) == 2
    assert not [each for each in commands if each[0] == "push" and any("force" in word or "+" in word for word in each)]


def _commit_as_other(folder: Path, name: str, text: str = "x") -> None:
    (folder / name).write_text(text, encoding="utf-8")
    _git(folder, "add", "--", name)
    _git(folder, "commit", "--quiet", "-m", name)
    _git(folder, "fetch", "--quiet")
    with suppress(subprocess.CalledProcessError):
        _git(folder, "rebase", "--quiet", "origin/HEAD")
    _git(folder, "push", "--quiet", "origin", "HEAD")


async def test_a_remote_out_of_reach_is_pushed_to_when_it_is_back(
    checkpoints: Checkpoints, clone: Path, remote: Path, now: datetime
) -> None:
    away = remote.rename(remote.with_name("away.git"))
    checkpoints.make(now)
    with pytest.raises(Refusal) as refusal:
        await Repository(str(clone)).take(checkpoints.after(0, 9))
    assert refusal.value.why == "unreachable"
    assert _git(clone, "ls-files").split() == [file_name(1)], "kept at least here"
    away.rename(remote)
    await Repository(str(clone)).take(checkpoints.after(0, 9))
    assert _pushed(remote) == [file_name(1)]


async def test_another_checkpoint_of_the_same_number_in_the_remote_stays(
    checkpoints: Checkpoints, clone: Path, remote: Path, tmp_path: Path, now: datetime
) -> None:
    _git(tmp_path, "clone", "--quiet", str(remote), "other")
    _commit_as_other(tmp_path / "other", file_name(1), "forged")
    checkpoints.make(now)
    for _ in range(2):
        with pytest.raises(Refusal) as refusal:
            await Repository(str(clone)).take(checkpoints.after(0, 9))
        assert refusal.value.why == "conflict"
    assert _git(remote, "show", f"HEAD:{file_name(1)}") == "forged"


async def test_a_folder_within_a_clone_or_without_one_is_refused(
    checkpoints: Checkpoints, clone: Path, remote: Path, evidence: Path, now: datetime
) -> None:
    (clone / "inside").mkdir()
    checkpoints.make(now)
    for place in (clone / "inside", evidence, clone / "nowhere", remote):
        with pytest.raises(Refusal) as refusal:
            await Repository(str(place)).take(checkpoints.after(0, 9))
        assert refusal.value.why == "missing"


async def test_two_at_once_in_one_clone_take_turns(
    checkpoints: Checkpoints, clone: Path, remote: Path, now: datetime
) -> None:
    for _ in range(3):
        checkpoints.make(now)
    found = checkpoints.after(0, 9)
    await asyncio.gather(*(Repository(str(clone)).take(found[:end]) for end in (1, 2, 3)))
    assert len(_pushed(remote)) == 3


# --- An address to post to -----------------------------------------------------------------------------------------


class _Receiver(ThreadingHTTPServer):
    """Answers with what it is told to, then 204; keeps what it was posted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.posted, self.headers = list[int](), list[dict[str, str]](), list[str]()


class _Handler(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.posted.append(posted)
        self.server.headers.append(self.headers["Idempotency-Key"])
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Receiver]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with _Receiver() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def hook(receiver: _Receiver) -> Target:
    return Target("webhook", f"http://127.0.0.1:{receiver.server_port}/hook?token=ZANZIBAR")


async def test_an_address_that_fails_first_is_posted_to_again_with_the_same_name(
    delivering: Delivering, receiver: _Receiver, hook: Target, now: datetime
) -> None:
    receiver.answers = [500, 302]
    deliveries = delivering(hook, Webhook(hook.address))
    with capture_logs() as logs:
        for minutes in range(0, 59, 5):
            await deliveries.look(now + minutes * MINUTE)
    assert len(receiver.posted) == 3
    assert receiver.posted[0] == receiver.posted[1] == receiver.posted[2]
    assert set(receiver.headers) == {receiver.posted[0]["id"]}
    kept = read_line(json.dumps(receiver.posted[2]).encode())
    assert (kept.statement().number, kept.digest) == (1, receiver.posted[0]["id"])
    details = [log["detail"] for log in logs if log["event"] == "checkpoint.not_delivered"]
    assert details == ["HTTP 500", "HTTP 302"]
    assert "ZANZIBAR" not in str(logs)


async def test_an_address_where_nobody_listens_is_said_without_its_secret(
    delivering: Delivering, receiver: _Receiver, hook: Target, now: datetime
) -> None:
    receiver.server_close()
    with capture_logs() as logs:
        await delivering(hook, Webhook(hook.address)).look(now)
    assert "unreachable" in str(logs)
    assert "ZANZIBAR" not in str(logs) + repr(hook)
    assert "127.0.0.1" not in str(logs)


# --- What may be named ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kinds"),
    [
        ("", []),
        ("/mnt/evidence", ["dir"]),
        ("dir:/mnt/evidence, git:/srv/evidence  https://a.example/x?y=1,z", ["dir", "git", "webhook", "dir"]),
        ("git:ssh://git@a.example/x.git git:git@a.example:x.git git:https://a.example/x", ["git", "git", "git"]),
        ("/mnt/a /mnt/a", ["dir"]),
        ("http://localhost:8000/x http://[::1]/", ["webhook", "webhook"]),
    ],
)
def test_places_are_read(written: str, kinds: list[str]) -> None:
    assert [target.kind for target in read_targets(written)] == kinds


@pytest.mark.parametrize(
    "word",
    ["http://a.example/ZANZIBAR", "gti:ZANZIBAR", "git:", "dir:", "https://", "git:ext::sh%20-c%20ZANZIBAR",
     "git:ssh://-oProxyCommand=ZANZIBAR", "git:http://ZANZIBAR", "ftp://ZANZIBAR", "https://[ZANZIBAR"],
)  # fmt: skip
def test_what_is_no_place_is_said_by_its_number_and_not_repeated(word: str) -> None:
    with pytest.raises(ValueError, match=r"place 2 .*/mnt/evidence") as error:
        read_targets(f"/mnt/a {word}")
    assert "ZANZIBAR" not in str(error.value)
