"""Logs without content: what happened, never what was written, by whom, or with which token."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog


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
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Libraries()], level=max(number, logging.WARNING), force=True)


class _Libraries(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raised = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger("library").warning(
            "library", name=record.name, loudness=record.levelname.lower(), where=f"{record.module}:{record.lineno}",
            error=raised,
        )  # fmt: skip


def _without_exceptions(*_: object) -> None:
    """A traceback's last line may quote a draft."""
