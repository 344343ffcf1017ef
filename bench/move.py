"""How long a record takes from its file to a real PostgreSQL, both sides compared:

PYTHONPATH=tests .venv/bin/python bench/move.py [ENTRIES]
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from long_ledger import long_ledger
from postgres import Server

from bot.audit.moving import Moving
from bot.store import Store


def main(number: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record = long_ledger(folder, number)
        record.store.close()
        server = Server(durable=True).start()
        try:
            url = server.url(server.create())
            began, worked = time.monotonic(), time.process_time()
            file = folder / "data" / "vaglio.db"
            done = Moving(f"sqlite:///{file}", folder / "data", folder / "keys", (), "local:owner").move(
                url, datetime.now(UTC)
            )
            seconds, worked = time.monotonic() - began, time.process_time() - worked
            with closing(Store(url, keeps_open=False)) as there, there.read() as session:
                size = session.connection().exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        finally:
            server.stop()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{done.count - 1} entries, {file.stat().st_size / 1e6:.0f} MB, there {size / 1e6:.0f} MB")
        print(f"{seconds:.1f} s, {number / seconds:.0f} entries a second, at most {memory:.0f} MB of memory")
        print(f"{worked:.1f} s of a core, without the server's; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
