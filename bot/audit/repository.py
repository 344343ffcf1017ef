"""A git repository that takes checkpoints: a file each, committed and pushed, and never pushed by force."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from bot.audit.credentials import Login, handed_over, login_in
from bot.audit.recipients import Numbered, Refusal, put
from bot.audit.statements import file_name
from bot.settings import PREFIX

_PATIENCE: Final = 60.0
"""Seconds that one git command may take."""
_PAUSE: Final = 0.2
_TRIES: Final = 4
"""How often a push that others were faster than is tried."""
_CALM: Final = (
    *("-c", "user.name=Vaglio", "-c", "user.email=vaglio@localhost", "-c", "commit.gpgSign=false"),
    *("-c", "core.fsync=all", "-c", "core.autocrlf=false", "-c", "gc.auto=0"),
)
_LOCK: Final = "vaglio.lock"
_HALF_DONE: Final = ("rebase-merge", "rebase-apply")


class Repository:
    """A clone on this machine, or else a remote address, of which a clone is kept at `clone`.

    A password in an address reaches git by its environment alone: see `bot.audit.credentials`.
    """

    most = 1_000

    def __init__(self, place: str, *, clone: Path | None = None) -> None:
        login = login_in(place) if clone else None
        self._logins: Sequence[Login] = [login] if login else []
        self._remote = (login.address if login else place) if clone else None
        self._folder = clone or Path(place)

    async def take(self, checkpoints: Numbered) -> None:
        try:
            await self._be_there()
            async with self._locked():
                await self._keep(checkpoints)
        except OSError as error:
            raise Refusal("disk", error.strerror or type(error).__name__) from None

    async def _keep(self, checkpoints: Numbered) -> None:
        remote, branch = await self._remote_name(), await self._branch()
        if remote:
            await self._take_passwords_out(remote)
        # What others pushed comes first, so that another checkpoint of the same number is seen before it is too late.
        # A remote that cannot be reached now is no reason not to commit.
        if remote and await self._fetches(remote):
            await self._catch_up(remote, branch)
        for number, signed in checkpoints:
            await asyncio.to_thread(put, self._folder, number, signed)
        if checkpoints:
            await self._commit([number for number, _ in checkpoints])
        if remote:
            await self._push(remote, branch)

    async def _be_there(self) -> None:
        if self._remote and not self._folder.exists():
            # Under another name until it is whole.
            new = self._folder.with_name(f".{self._folder.name}.{secrets.token_hex(4)}")
            new.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                await self._must("clone", "--quiet", "--", self._remote, str(new), inside=new.parent)
                new.rename(self._folder)
            finally:
                shutil.rmtree(new, ignore_errors=True)
        if not self._folder.is_dir():
            raise Refusal("missing")
        code, top = await self._git("rev-parse", "--show-toplevel")
        # Below the top of a clone, somebody else's repository would be written to.
        if code or Path(top).resolve() != self._folder.resolve():
            raise Refusal("missing", "not the top folder of a clone")

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Two at once in one clone would stand in each other's way."""
        folder = Path(await self._must("rev-parse", "--absolute-git-dir"))
        lock = FileLock(folder / _LOCK, timeout=0, thread_local=False)
        for _ in range(int(_PATIENCE / _PAUSE)):
            try:
                lock.acquire()
                break
            except Timeout:
                await asyncio.sleep(_PAUSE)
        else:
            raise Refusal("git", "another process holds the clone")
        try:
            if self._remote:
                await self._clear_up(folder)
            yield
        finally:
            lock.release()

    async def _clear_up(self, folder: Path) -> None:
        """Remove what a power cut or a kill left of a command of git's, which would refuse to work for good.

        In the clone that is Vaglio's own, and with its lock in hand: in another somebody may be at work. What is
        younger than any command may get may be of one that has outlived whoever started it.
        """
        for lock in (*folder.glob("*.lock"), *(folder / "refs").rglob("*.lock")):
            if lock.name != _LOCK and _is_left_over(lock):
                lock.unlink(missing_ok=True)
        if any(_is_left_over(folder / each) for each in _HALF_DONE):
            await self._git("rebase", "--abort")

    async def _take_passwords_out(self, remote: str) -> None:
        """git would hand the address to its own programs as an argument, and whatever password stands in it."""
        asked = [f"remote.{remote}.{name}" for name in ("url", "pushurl")]
        urls = [url for name in asked for url in (await self._git("config", "--get-all", name))[1].splitlines()]
        logins = [login for url in urls if (login := login_in(url))]
        if self._remote is None:
            self._logins = logins
        elif logins:  # a clone of an earlier Vaglio's
            await self._must("remote", "set-url", remote, self._remote)
            # Older versions of git wrote there what was cloned.
            await self._git("reflog", "expire", "--expire=now", "--all")

    async def _remote_name(self) -> str | None:
        names = (await self._must("remote")).split()
        return "origin" if "origin" in names else names[0] if names else None

    async def _branch(self) -> str:
        return await self._must("symbolic-ref", "--short", "HEAD")

    async def _fetches(self, remote: str) -> bool:
        return (await self._git("fetch", "--quiet", remote))[0] == 0

    async def _catch_up(self, remote: str, branch: str) -> None:
        """Go on from what others pushed, with what was committed here and not pushed yet on top of it."""
        theirs = f"refs/remotes/{remote}/{branch}"
        if not await self._knows(theirs):
            return  # nothing was ever pushed
        if not await self._knows("HEAD"):
            await self._must("merge", "--quiet", "--ff-only", theirs)
            return
        code, _ = await self._git("rebase", "--quiet", theirs)
        if code:
            await self._git("rebase", "--abort")
            raise Refusal("conflict", "git rebase")

    async def _knows(self, name: str) -> bool:
        return (await self._git("rev-parse", "--verify", "--quiet", name))[0] == 0

    async def _commit(self, numbers: list[int]) -> None:
        names, first, last = [file_name(number) for number in numbers], numbers[0], numbers[-1]
        await self._must("add", "--force", "--", *names)
        code, _ = await self._git("diff", "--cached", "--quiet", "--", *names)
        if code:
            said = f"Checkpoint {first}" if first == last else f"Checkpoints {first} to {last}"
            await self._must("commit", "--quiet", "--no-verify", "--message", said, "--", *names)

    async def _push(self, remote: str, branch: str) -> None:
        for _ in range(_TRIES):
            code, _ = await self._git("push", "--quiet", remote, f"HEAD:refs/heads/{branch}")
            if code == 0:
                return
            if not await self._fetches(remote):
                raise Refusal("unreachable", "git fetch")
            await self._catch_up(remote, branch)
        raise Refusal("refused", "git push")

    async def _must(self, *arguments: str, inside: Path | None = None) -> str:
        code, out = await self._git(*arguments, inside=inside)
        if code:
            raise Refusal("git", f"git {arguments[0]}: exit code {code}")
        return out

    async def _git(self, *arguments: str, inside: Path | None = None) -> tuple[int, str]:
        """The exit code and what was printed; what git complains of may quote an address, and is not read."""
        try:
            process = await asyncio.create_subprocess_exec(
                "git", *_CALM, *arguments, cwd=inside or self._folder, env=handed_over(self._logins, _environment()),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except FileNotFoundError:
            raise Refusal("git", "git is not installed") from None
        try:
            async with asyncio.timeout(_PATIENCE):
                out, _ = await process.communicate()
        except TimeoutError:
            raise Refusal("unreachable", f"git {arguments[0]}") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, out.decode("utf-8", "replace").strip()


def _is_left_over(path: Path) -> bool:
    try:
        # By a clock that was put back, it may come from the future.
        return abs(time.time() - path.stat().st_mtime) > _PATIENCE
    except FileNotFoundError:
        return False


def _environment() -> Mapping[str, str]:
    """Nobody is there to be asked, and no repository but the one that is named is meant."""
    elsewhere = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX")
    # Vaglio's own settings hold tokens, which are none of git's business, nor of what git starts.
    kept = {name: value for name, value in os.environ.items() if name not in elsewhere and not name.startswith(PREFIX)}
    kept.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=10")
    return kept | {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "GIT_ALLOW_PROTOCOL": "file:ssh:https"}
