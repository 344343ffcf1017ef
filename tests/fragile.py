"""`vaglio`, but that a draft with a certain word ends its process at once, as a fault in a library would.

Of workers that are gone the others know within seconds.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from bot import queue
from bot.cli import main
from bot.queue import Pulse
from rules.draft import Draft
from rules.screening import Screener

DEADLY = "Melograno"
PROGRAM = ("-P", str(Path(__file__)))
"""What Python is given to run it."""

if __name__ == "__main__":
    _screen: Any = Screener.screen

    def _screen_or_die(self: Screener, draft: Draft, *given: Any, **more: Any) -> Any:
        if DEADLY in draft.text:
            os.kill(os.getpid(), signal.SIGKILL)
        return _screen(self, draft, *given, **more)

    Screener.screen = _screen_or_die  # type: ignore[method-assign]
    queue.Queue = partial(queue.Queue, pulse=Pulse(beat=0.5, dead=3.0, rescue=1))  # type: ignore[assignment,misc]
    sys.exit(main())
