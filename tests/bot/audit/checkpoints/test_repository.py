"""Of a git repository: no password is where others read it, and no stop leaves it unusable."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from git_server import GitServer

from bot.audit.checkpoints import Checkpoints
from bot.audit.credentials import handed_over, login_in
from bot.audit.deliveries import open_recipients
from bot.audit.recipients import Refusal
from bot.audit.repository import Repository
from bot.audit.statements import file_name
from bot.audit.targets import Target, read_targets

SECRET = "ZANZIBAR/@:%"


@pytest.fixture(autouse=True)
def _git_of_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No name, no settings of this machine's; and whatever git runs, and how, is in `trace`."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_TRACE_REDACT", "0")


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *arguments],
        cwd=folder, env={**os.environ, "GIT_TRACE": "0"}, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    (tmp_path / "there").mkdir()
    _git(tmp_path, "init", "--quiet", "--bare", "there/remote.git")
    return tmp_path / "there" / "remote.git"


def _pushed(remote: Path) -> list[str]:
    return _git(remote, "ls-tree", "--name-only", "HEAD").split()


# --- A password in the address -------------------------------------------------------------------------------------


@pytest.fixture
def server(remote: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    with GitServer(remote.parent, "vaglio", SECRET).serving() as server:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(server.certificate))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield server


def _address(server: GitServer) -> str:
    return f"https://vaglio:{quote(SECRET, safe='')}@{server.host}/remote.git"


def _target(server: GitServer) -> Target:
    (target,) = read_targets(f"git:{_address(server)}")
    return target


def _holds_it(path: Path) -> bool:
    found = path.read_bytes()
    return SECRET.encode() in found or quote(SECRET, safe="").encode() in found


def _loose(folder: Path) -> list[str]:
    return [str(path) for path in sorted(folder.rglob("*")) if path.is_file() and _holds_it(path)]


async def _take(target: Target, clones: Path, checkpoints: Checkpoints, number: int) -> None:
    (recipient,) = open_recipients([target], clones).values()
    await recipient.take(checkpoints.after(number - 1, 9))


async def test_a_password_in_an_address_is_in_no_argument_and_in_no_file(
    checkpoints: Checkpoints, server: GitServer, remote: Path, tmp_path: Path, now: datetime
) -> None:
    # What git learns of a password it would tell these too.
    (tmp_path / ".gitconfig").write_text(
        f'[credential]\nhelper = store\n[credential "https://{server.host}"]\nhelper = store\n'
    )
    for number in (1, 2):
        checkpoints.make(now)
        await _take(_target(server), tmp_path / "clones", checkpoints, number)
    assert _pushed(remote) == [file_name(1), file_name(2)]
    assert "remote-https" in (tmp_path / "trace").read_text()
    assert not _holds_it(tmp_path / "trace")
    assert _loose(tmp_path / "clones") == []
    assert not (tmp_path / ".git-credentials").exists()


async def test_a_clone_of_an_earlier_vaglios_is_cleaned(
    checkpoints: Checkpoints, server: GitServer, remote: Path, tmp_path: Path, now: datetime
) -> None:
    target = _target(server)
    clone = tmp_path / "clones" / target.digest
    _git(tmp_path, "clone", "--quiet", _address(server), str(clone))
    assert _loose(clone)
    checkpoints.make(now)
    await _take(target, tmp_path / "clones", checkpoints, 1)
    assert _pushed(remote) == [file_name(1)]
    assert _loose(clone) == []
    assert not _holds_it(tmp_path / "trace")


async def test_a_password_in_somebodys_own_clone_is_in_no_argument_either(
    checkpoints: Checkpoints, server: GitServer, remote: Path, tmp_path: Path, now: datetime
) -> None:
    _git(tmp_path, "clone", "--quiet", _address(server), "clone")
    before = (tmp_path / "clone" / ".git" / "config").read_text()
    checkpoints.make(now)
    await Repository(str(tmp_path / "clone")).take(checkpoints.after(0, 9))
    assert _pushed(remote) == [file_name(1)]
    assert not _holds_it(tmp_path / "trace")
    assert (tmp_path / "clone" / ".git" / "config").read_text() == before


async def test_a_wrong_password_is_refused_and_not_asked_for(
    checkpoints: Checkpoints, server: GitServer, tmp_path: Path, now: datetime
) -> None:
    (target,) = read_targets(f"git:https://vaglio:x@{server.host}/remote.git")
    checkpoints.make(now)
    with pytest.raises(Refusal):
        await _take(target, tmp_path / "clones", checkpoints, 1)
    assert server.refused
    assert not list((tmp_path / "clones").glob("*"))


@pytest.mark.parametrize(
    ("host", "told"), [("git.example:8443", True), ("git.example", False), ("other.example", False)]
)
def test_no_other_host_is_told_a_password(host: str, told: bool) -> None:
    login = login_in(f"https://vaglio:{quote(SECRET, safe='')}@git.example:8443/x.git")
    assert login is not None
    assert SECRET not in repr(login)
    assert "vaglio" not in repr(login)
    found = subprocess.run(
        ["git", "credential", "fill"], input=f"protocol=https\nhost={host}\n\n", capture_output=True, text=True,
        check=False, env=dict(handed_over([login], {**os.environ, "GIT_ASKPASS": "true", "GIT_TERMINAL_PROMPT": "0"})),
    ).stdout  # fmt: skip
    assert (f"password={SECRET}\n" in found, "username=vaglio\n" in found) == (told, told)


def test_what_was_set_for_git_before_stays() -> None:
    login = login_in("https://token@git.example/x.git")
    assert login is not None
    before = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Anna"}
    plain = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
    environment = dict(handed_over([login], {**plain, **before}))
    said = subprocess.run(
        ["git", "config", "--get-regexp", "user"], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert said.splitlines() == ["user.name Anna", "credential.https://git.example.username token"]


@pytest.mark.parametrize(
    "word",
    [
        "git:ssh://git:ZANZIBAR@git.example/x.git",
        "git:file://a:ZANZIBAR@git.example/x.git",
        "git:https://a:ZANZIBAR%0Ahost=other@git.example/x.git",
    ],
)
def test_a_password_that_cannot_be_handed_over_is_refused_and_not_repeated(word: str) -> None:
    with pytest.raises(ValueError, match="place 2 has a ") as refused:
        read_targets(f"/mnt/a {word}")
    assert "ZANZIBAR" not in str(refused.value)


# --- A stop in the middle ------------------------------------------------------------------------------------------


def _grown_old(path: Path) -> None:
    os.utime(path, (time.time() - 3_600,) * 2)


@pytest.fixture
async def kept(checkpoints: Checkpoints, remote: Path, tmp_path: Path, now: datetime) -> Target:
    """A remote whose clone is here, and has the first checkpoint."""
    (target,) = read_targets(f"git:file://{remote}")
    checkpoints.make(now)
    await _take(target, tmp_path / "clones", checkpoints, 1)
    checkpoints.make(now)
    return target


async def test_locks_that_a_power_cut_left_are_removed(
    kept: Target, checkpoints: Checkpoints, remote: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clones" / kept.digest
    branch = _git(clone, "symbolic-ref", "HEAD").strip()
    locks = [clone / ".git" / name for name in ("index.lock", "HEAD.lock", f"{branch}.lock", "packed-refs.lock")]
    for lock in locks:
        lock.touch()
        _grown_old(lock)
    await _take(kept, tmp_path / "clones", checkpoints, 2)
    assert _pushed(remote) == [file_name(1), file_name(2)]
    assert not any(lock.exists() for lock in locks)


async def test_a_rebase_that_was_cut_short_is_taken_back(
    kept: Target, checkpoints: Checkpoints, remote: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clones" / kept.digest
    _git(clone, "commit", "--quiet", "--allow-empty", "-m", "not pushed yet")
    _git(clone, "-c", "sequence.editor=sed -i 1ibreak", "rebase", "--quiet", "-i", "--keep-empty", "HEAD~1")
    assert (clone / ".git" / "rebase-merge").is_dir()
    _grown_old(clone / ".git" / "rebase-merge")
    await _take(kept, tmp_path / "clones", checkpoints, 2)
    assert _pushed(remote) == [file_name(1), file_name(2)]


async def test_a_lock_of_somebody_who_may_be_at_work_stays(
    kept: Target, checkpoints: Checkpoints, remote: Path, tmp_path: Path
) -> None:
    """One that is young; and any in a clone that is not Vaglio's own."""
    lock = tmp_path / "clones" / kept.digest / ".git" / "index.lock"
    lock.touch()
    with pytest.raises(Refusal):
        await _take(kept, tmp_path / "clones", checkpoints, 2)
    assert lock.exists()
    _git(tmp_path, "clone", "--quiet", str(remote), "clone")
    own = tmp_path / "clone" / ".git" / "index.lock"
    own.touch()
    _grown_old(own)
    with pytest.raises(Refusal):
        await Repository(str(tmp_path / "clone")).take(checkpoints.after(1, 9))
    assert own.exists()
