"""`vaglio health`: whether the Vaglio that runs here is well, for whatever watches a container or a service."""

from __future__ import annotations

import sys
from typing import Annotated

import httpx
import typer

from bot.cli.build import terminal, tongue
from bot.settings import Settings, read_settings
from bot.wording import Wording

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 -- compared, not bound
_PATIENCE = 4.0
"""Seconds: less than watchers usually wait."""


def health(
    ready: Annotated[
        bool, typer.Option("--ready", help="Ask whether it can answer drafts, not only whether it runs.")
    ] = False,
) -> int:
    """Ask the Vaglio that runs on this machine how it is. Exit code 1 if it is not well, or not there."""
    settings = read_settings(writes=False)  # whatever watches the machine may be root
    say = Wording(tongue(settings)).say
    try:
        answer = httpx.get(
            _address(settings, "readyz" if ready else "healthz"),
            headers={"Host": "127.0.0.1"},  # the one name that is always known there
            timeout=_PATIENCE,
            trust_env=False,  # a proxy is for other machines
        )
    except httpx.HTTPError as error:
        sys.stderr.write(say("Vaglio does not answer ({reason}).", reason=type(error).__name__) + "\n")
        return 1
    if answer.is_success:
        terminal().print(say("Vaglio is well."))
        return 0
    sys.stderr.write(say("Vaglio is not well: run vaglio doctor.") + "\n")
    return 1


def _address(settings: Settings, page: str) -> str:
    host = "127.0.0.1" if settings.console_host in _EVERYWHERE else settings.console_host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.console_port}/{page}"
