"""`vaglio ...`: the only place that builds things and passes them on."""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import suppress
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn

import structlog


def main() -> NoReturn:
    """Run a command and leave with its exit code."""
    # Detectors are many small computations: threads inside one of them cost more than they bring.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    _leave_no_core()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot write an accent is no reason to say nothing.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    from bot.cli.commands import run

    for sign in (signal.SIGTERM, signal.SIGHUP):
        # What was begun is cleared away, as it is when somebody presses Ctrl-C.
        signal.signal(sign, _stopped)
    # What goes on behind an answer is for the log of `vaglio run`, which sets its own.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    sys.exit(run(sys.argv[1:]))


def _leave_no_core() -> None:
    """What the system writes of a process that crashes would hold drafts and keys."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _stopped(sign: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
