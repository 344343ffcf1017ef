"""The API's three questions: screen this draft, what became of that screening, what does the policy say."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from math import ceil
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Query, Request

from bot.api import shapes
from bot.api.answers import draft_of, policy_shape, recorded_shape, screening_shape
from bot.api.problems import MEDIA_TYPE, Problem
from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.audit.records import screening_facts
from bot.console.clients import Admitted
from bot.console.pool import Busy, Pool, T
from bot.people import Language, People
from bot.prescreen import Prescreen, Screening
from bot.rates import Rates
from bot.reply import refusal
from rules.draft import Draft, DraftRefused

log = structlog.get_logger("vaglio.api")

_KEY = r"^[\x21-\x7e]{1,200}$"
_ID = re.compile(r"s_[0-9a-f]{20}")
_SOON = 5
"""Seconds after which whoever found everything busy may well ask again."""

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=_KEY,
        description="Up to 200 visible ASCII characters of one's own. The same draft sent again with the same key is "
        "the same screening, counted and recorded once.",
    ),
]


@dataclass(frozen=True, slots=True)
class Screenings:
    """Where drafts are handed in. What blocks runs on the pools."""

    prescreen: Prescreen
    ledger: Ledger
    people: People
    rates: Rates
    checks: Pool
    lookups: Pool
    language: Language

    async def screen(self, request: Request, asked: shapes.Draft, key: Key = None) -> shapes.Screening:
        """Hold a draft against the policy in force, on record before it is answered."""
        client, language = client_of(request), asked.answer_language or self.language
        limit, answered = self.prescreen.screener.limit, asked.in_reply_to or ""
        if len(answered) > limit:  # of a post it is not read, and it is too long all the same
            raise _refused(DraftRefused(len(answered), limit), language)
        event = _event(asked, key)
        too_many = await on(self.lookups, lambda: self.rates.admit(event, client.account, datetime.now(UTC)))
        if too_many is not None:
            wait = ceil(too_many.wait.total_seconds())
            raise Problem(429, "rate", too_many.show(language), retry_after=max(wait, 1))
        draft = draft_of(asked, client.account)
        try:
            return await on(self.checks, lambda: self._answered(draft, event if key else None, language))
        except DraftRefused as refused:
            raise _refused(refused, language) from None

    async def recorded(self, request: Request, id: str) -> shapes.Recorded:
        """What the record says of a screening of one's own; a 404 where nothing but a count was kept of it."""
        client = client_of(request)
        entry = await on(self.lookups, lambda: self._own(client, id)) if _ID.fullmatch(id) else None
        if entry is None:
            raise Problem(404, "nothing-here")
        return entry

    async def policy(self, wanted: Annotated[shapes.Wanted, Query()]) -> shapes.Policy:
        """The policy in force."""
        return policy_shape(self.prescreen.screener.policy, wanted.language or self.language)

    def _own(self, client: Admitted, id: str) -> shapes.Recorded | None:
        entry = self.ledger.about(id, "screening")
        if entry is None:
            return None
        actor = json.loads(entry.body)["actor"]
        is_own = actor is not None and self.people.whose(actor) == self.people.person(client.account)
        return recorded_shape(entry) if is_own else None

    def _answered(self, draft: Draft, event: str | None, language: Language) -> shapes.Screening:
        """With an `event`, the same one again is the same screening."""
        screener = self.prescreen.screener
        prescreen = partial(self.prescreen, draft, screener=screener)
        if event is None:
            return screening_shape(prescreen(), screener.policy, language)
        # A new policy may say something else of the same draft, and that is to be kept too.
        name = self.people.seals.name("api", draft.author, event, screener.policy.revision)
        return screening_shape(self._once(f"s_{name[:20]}", prescreen), screener.policy, language)

    def _once(self, id: str, prescreen: Callable[..., Screening]) -> Screening:
        """The screening of that id, kept once. One that says something else than what was kept is kept as another."""
        screening = prescreen(id=id)
        entry = None if screening.is_forgotten else self.ledger.about(id, "screening")
        if entry is None:
            return screening
        kept, now = json.loads(entry.body)["facts"], screening_facts(screening)
        said = ("outcome", "findings", "dismissed", "unchecked")
        # A rule that ran out of time at the first try may have run now: no verdict is shown that is not on record.
        return screening if all(kept[name] == now[name] for name in said) else prescreen()


async def on(pool: Pool, call: Callable[[], T]) -> T:
    """The result of `call` on a thread of the pool. Raises `DraftRefused`; whatever else goes wrong is a `Problem`."""
    try:
        return await pool.run(call)
    except Busy:
        raise Problem(503, "busy", retry_after=_SOON) from None
    except (DraftRefused, Problem):
        raise
    except RecordError as error:
        log.error("screening.failed", error="RecordError", code=error.code, remedy=str(error))
        raise Problem(503, "record") from None
    except Exception as error:
        # Its message may quote the draft: the type is all that may be told.
        log.error("screening.failed", error=type(error).__name__)
        raise Problem(503, "not-checked") from None


def client_of(request: Request) -> Admitted:
    """Whoever was let in at the door."""
    client = request.state.client
    if not isinstance(client, Admitted):
        raise Problem(401, "token")
    return client


def routes(screenings: Screenings) -> APIRouter:
    """Every route stands behind the door: see `bot.api.app`."""
    router = APIRouter()
    router.add_api_route(
        "/screenings", screenings.screen, methods=["POST"], operation_id="screen",
        responses=_problems(400, 401, 413, 422, 429, 503),
    )  # fmt: skip
    router.add_api_route(
        "/screenings/{id}", screenings.recorded, methods=["GET"], operation_id="recorded",
        responses=_problems(401, 404, 503),
    )  # fmt: skip
    router.add_api_route(
        "/policy", screenings.policy, methods=["GET"], operation_id="policy", responses=_problems(401, 422, 503)
    )
    return router


def _problems(*statuses: int) -> dict[int | str, dict[str, object]]:
    body = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    said = {
        400: "It cannot be read.", 401: "No token, or one that opens nothing.", 404: "There is no such thing of yours.",
        413: "More than two drafts of the greatest length.", 422: "Not of this form, empty, or too long.",
        429: "Too many in this minute; `Retry-After` says when.", 503: "Not checked: busy, or nothing can be recorded.",
    }  # fmt: skip
    return {status: {"description": said[status], **body} for status in statuses}


def _event(asked: shapes.Draft, key: str | None) -> str:
    """By which a draft that comes again is known: none of its words can be told from it."""
    if key is None:
        return secrets.token_hex(16)
    return hashlib.sha256(f"{key}\n{asked.model_dump_json()}".encode()).hexdigest()


def _refused(refused: DraftRefused, language: Language) -> Problem:
    said = refusal(refused, language)
    if refused.is_empty:
        return Problem(422, "empty", said)
    return Problem(422, "too-long", said, length=refused.length, limit=refused.limit)
