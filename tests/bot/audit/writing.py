"""A process of its own that appends to a ledger, and says each number once it is kept: `URL FOLDER NAME COUNT`."""

import sys
from pathlib import Path

from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.people import People
from bot.store import Store

url, folder, name, count = sys.argv[1:]
store = Store(url)
store.migrate()
people = People(store, Seals.open(Path(folder) / "keys"))
ledger = Ledger(store, Path(folder) / "data" / "ledger.head", people)
ledger.catch_up()
for number in range(int(count)):
    actor = people.person(f"slack:T1:U{number % 3}")
    entry = ledger.append("screening", subject=f"{name}_{number}", facts={}, actor=actor, content=b"{}")
    print(entry.seq, flush=True)
store.close()
