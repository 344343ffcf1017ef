"""Where Slack and Telegram call: whoever calls has to prove who they are before a word of theirs is read."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp

_TELEGRAMS = "X-Telegram-Bot-Api-Secret-Token"


def slack_route(app: AsyncApp, signing_secret: str) -> Route:
    """`POST /slack/events`. Bolt takes the body apart before it looks at the signature: here it is looked at first."""
    from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
    from slack_sdk.signature import SignatureVerifier

    handler, verifier = AsyncSlackRequestHandler(app), SignatureVerifier(signing_secret)

    async def events(request: Request) -> Response:
        body, sent = await request.body(), request.headers
        try:
            is_slack = verifier.is_valid(
                body, sent.get("X-Slack-Request-Timestamp", ""), sent.get("X-Slack-Signature", "")
            )
        except (ValueError, TypeError):
            # A moment that is none, bytes that are no text, a signature beyond ASCII: the verifier knows none of them.
            is_slack = False
        return await handler.handle(request) if is_slack else Response(status_code=401)

    return Route("/slack/events", events, methods=["POST"])


def telegram_route(receive: Callable[[Any], Awaitable[bool]], secret: str) -> Route:
    """`POST /telegram/updates`; `receive` says whether it was an update."""

    async def updates(request: Request) -> Response:
        given = request.headers.get(_TELEGRAMS)
        if given is None or not hmac.compare_digest(given.encode(), secret.encode()):
            return Response(status_code=403)
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            return Response(status_code=400)
        return Response(status_code=200 if await receive(body) else 403)

    return Route("/telegram/updates", updates, methods=["POST"])
