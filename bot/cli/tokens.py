"""Whether Slack and Telegram accept their tokens: a wrong one is said at once, a network that is down is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import repeat

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError

from bot.settings import SettingsError
from bot.wording.saying import saying

log = structlog.get_logger(__name__)

_NO_TOKEN = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type",
     "missing_scope", "no_permission", "org_login_required", "team_access_not_granted"}
)  # fmt: skip
"""What Slack says to a token that waiting does not mend."""


async def slack_accepts(call: Callable[[], Awaitable[object]], name: str) -> None:
    """Slack says yes to a token; while Slack cannot be reached, it is asked again."""
    for pause in _pauses():
        try:
            await call()
        except SlackApiError as error:
            if (reason := error.response["error"]) in _NO_TOKEN:
                said = saying("Slack: {name} is not accepted ({reason}).", name=name, reason=reason)
                raise SettingsError(said) from None
            log.warning("slack.not_reached", error=reason, pause=pause)
            await asyncio.sleep(pause)
        except (OSError, TimeoutError, ClientError) as error:
            log.warning("slack.not_reached", error=type(error).__name__, pause=pause)
            await asyncio.sleep(pause)
        else:
            log.info("slack.connected", by=name)
            return


async def telegram_accepts(chat: Awaitable[None]) -> None:
    from telegram.error import InvalidToken

    try:
        await chat
    except InvalidToken:
        raise SettingsError(saying("Telegram: VAGLIO_TELEGRAM_TOKEN is not accepted.")) from None


def _pauses() -> Iterator[int]:
    yield from (1, 2, 5, 10)
    yield from repeat(30)
