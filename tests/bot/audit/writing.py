"""A process of its own that appends to a ledger: `writing.py URL HEAD NAME COUNT`. Says each number once it is kept."""

import sys
from pathlib import Path

from bot.audit.ledger import Ledger
from bot.people import People
from bot.store import Store

url, head, name, count = sys.argv[1:]
store = Store(url)
store.migrate()
ledger = Ledger(store, Path(head))
ledger.catch_up()
for number in range(int(count)):
    actor = People(store).person(f"slack:T1:U{number % 3}")
    entry = ledger.append("screening", subject=f"{name}_{number}", facts={}, actor=actor, content=b"{}")
    print(entry.seq, flush=True)
store.close()
