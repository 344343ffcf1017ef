"""Logs without content: what happened, never what was written, by whom, or with which token."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import MutableMapping
from typing import Any, Final, Literal

import structlog

_SECRET: Final = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+"  # Slack's tokens
    r"|\b\d{1,20}:[A-Za-z0-9_-]{20,}"  # Telegram's
    r"|(?<=Bearer )\S+|(?<=://)[^/@\s]+(?=@)"  # a program's, and what stands in an address before its host
)
_MASK: Final = "•••"


def configure_logs(level: str, form: Literal["text", "json"]) -> None:
    """Vaglio's own events go to standard error; of a library's only that it spoke, where and how loudly.

    The libraries that carry the chats put whole requests, and Telegram's token, into what they log.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_without_exceptions)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redacted,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Libraries()], level=max(number, logging.WARNING), force=True)
    # Python's own hooks would write the message of what nobody caught, and the value that could not be let go.
    threading.excepthook = lambda left: _uncaught(left.exc_type)
    sys.unraisablehook = lambda left: _uncaught(left.exc_type)


def _redacted(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """No line of ours names a token; should one ever do, this is the last door."""
    for name, value in event.items():
        if not isinstance(value, bool | int | float | None):
            written = value if isinstance(value, str) else repr(value)
            event[name] = _SECRET.sub(_MASK, written) if _SECRET.search(written) else value
    return event


def _uncaught(kind: type[BaseException]) -> None:
    structlog.get_logger("vaglio").error("uncaught", error=kind.__name__)


class _Libraries(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raised = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger("library").warning(
            "library", name=record.name, loudness=record.levelname.lower(), where=f"{record.module}:{record.lineno}",
            error=raised,
        )  # fmt: skip


def _without_exceptions(*_: object) -> None:
    """A traceback's last line may quote a draft."""
