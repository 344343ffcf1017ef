"""Slack, the way in of buttons and forms: what was pressed or filled in is written down before it is acknowledged."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.actions import Action, Asks, Verb
from bot.chat import slack_blocks, slack_forms
from bot.chat.desk import Aside, Desk
from bot.chat.slack_actions import Block, Body, is_home, name_of, place_of, press_name, who
from bot.chat.slack_delivery import PLATFORM, UNREACHED, SlackDelivery, account, reason_of
from bot.chat.slack_readers import ASKING, SlackReaders
from bot.chat.slack_text import whole
from bot.people import LANGUAGES, Language
from bot.wording import Wording
from bot.work import Deferred, Work

log = structlog.get_logger(__name__)

_OPENING = 1.2
"""Seconds in which a view has to open while an acknowledgement, due within three, waits for it."""


class SlackPresses:
    """What can wait is done by `Work`; a form opens within the three seconds that its trigger lives."""

    def __init__(
        self, client: AsyncWebClient, work: Work, desk: Desk, readers: SlackReaders, delivery: SlackDelivery
    ) -> None:
        self._client, self._work, self._desk = client, work, desk
        self._readers, self._delivery, self._aside = readers, delivery, Aside()

    async def on_press(self, ack: Any, body: Body) -> None:
        word = body["actions"][0].get("value") or ""
        (team, user), action = who(body), Action.read(word)
        language = await self._readers.language(team, user, ASKING)
        if action and action.verb is Verb.NEW:
            self._aside.do(self.open(body["trigger_id"], user, slack_forms.form(language), language))
            await ack()
            return
        place = place_of(body)
        if action and (asks := await self._asks(action, account(team, user), language)):
            # A view stands on a view, and goes back to it.
            place = {"root": place["view"]} if "view" in place else place
            view = slack_forms.words_form(action, asks, place, language)
            self._aside.do(self.open(body["trigger_id"], user, view, language, push="root" in place))
            await ack()
            return
        if is_home(body):
            place = await self._opened(body["trigger_id"], language)
        event = {"kind": "action", "team": team, "user": user, "name": name_of(body), "word": word, "at": time.time()}
        deferred = await self._work.defer(PLATFORM, press_name(body), event | place)
        if deferred is Deferred.QUEUED and "view" not in place:
            self._aside.do(self._delivery.say(event | place, on_its_way(deferred, language)))
        await ack()

    async def on_words(self, ack: Any, body: Body) -> None:
        """The words that an action needs."""
        view = body["view"]
        meta = json.loads(view["private_metadata"])
        words = whole(slack_forms.text_of(slack_forms.fields_of(view), meta["gaps"]))
        place = meta["place"]
        # In place of the form, where that stands on another view or on the Home; else where the button was.
        is_apart = "channel" not in place
        await self._take(ack, body, meta["word"], words, place | (_in_its_place(body) if is_apart else {}))

    async def on_verify(self, ack: Any, body: Body) -> None:
        fields = slack_forms.fields_of(body["view"])
        code = re.sub("[^A-Z0-9-]", "", (fields.get("code") or "").upper())[:20]
        word = Action(Verb.VERIFY, code or "-").word
        await self._take(ack, body, word, whole(slack_forms.text_of(fields)), _in_its_place(body))

    async def on_draft(self, ack: Any, body: Body) -> None:
        view, (team, user) = body["view"], who(body)
        place = _in_its_place(body)
        event = {"kind": "form", "team": team, "user": user, "fields": slack_forms.fields_of(view)} | place
        # Not by the view's own name: somebody who saw an error may mend their text and send the same view again.
        deferred = await self._work.defer(PLATFORM, f"trigger:{body['trigger_id']}", event)
        # Known since the form was opened: to ask Slack for it would keep the acknowledgement waiting.
        language = await self._desk.language(account(team, user))
        await _say_in_view(ack, on_its_way(deferred, language), language, place["stands"])

    async def on_language(self, ack: Any, body: Body) -> None:
        """Chosen in the Home, which says so by speaking it."""
        chosen = (body["actions"][0].get("selected_option") or {}).get("value")
        language = next((each for each in LANGUAGES if each == chosen), None)
        if language:
            await self._desk.speak(account(*who(body)), language)
        await ack()

    async def open(self, trigger: str, user: str, view: Block, language: Language, *, push: bool = False) -> None:
        """A form; if it does not open, that is said. Raises what the client raises."""
        try:
            if push:
                await self._client.views_push(trigger_id=trigger, view=view)
            else:
                await self._client.views_open(trigger_id=trigger, view=view)
        except UNREACHED as error:
            # Delivered twice: it is open already.
            if reason_of(error) != "exchanged_trigger_id":
                again = Wording(language).say("The form did not open in time. Please try again.")
                await self._delivery.direct(user, *slack_blocks.notice(again))
            raise

    async def _opened(self, trigger: str, language: Language) -> dict[str, Any]:
        """A view over the Home in which the answer will stand; without one it comes as a direct message."""
        view = slack_forms.waiting_view(language)
        try:
            opened = await asyncio.wait_for(self._client.views_open(trigger_id=trigger, view=view), _OPENING)
        except UNREACHED as error:
            log.info("slack.view_not_opened", error=type(error).__name__)
            return {}
        return {"view": opened["view"]["id"]}

    async def _take(self, ack: Any, body: Body, word: str, words: str, place: dict[str, Any]) -> None:
        team, user = who(body)
        event = {"kind": "action", "team": team, "user": user, "name": name_of(body), "word": word, "words": words}
        event |= {"at": time.time()} | place
        deferred = await self._work.defer(PLATFORM, f"trigger:{body['trigger_id']}", event)
        language = await self._desk.language(account(team, user))
        said = on_its_way(deferred, language)
        if deferred is Deferred.TAKEN:
            # The form closes where the answer comes to another place: the one in which the button was.
            said = Wording(language).say("One moment…") if "view" in place else ""
        await _say_in_view(ack, said, language, place.get("stands", ""))

    async def _asks(self, action: Action, account: str, language: Language) -> Asks | None:
        asks = await self._desk.asks(action, account, language)
        # Without the draft there is nothing to edit, and nobody should write it anew to hear so.
        return None if action.verb is Verb.EDIT and asks and not asks.given else asks


def _in_its_place(body: Body) -> dict[str, Any]:
    """Where the answer to a form belongs: in the view that its acknowledgement puts in the form's place.

    The answer may be ready before that, and would be overwritten: by the name in `stands` it finds the view only once
    it is there.
    """
    return {"view": body["view"]["id"], "stands": f"answer-{body['trigger_id']}", "at": time.time()}


async def _say_in_view(ack: Any, said: str, language: Language, name: str) -> None:
    """In place of a form that was sent, if there is something to say: its answer may stand there already."""
    if not said:
        await ack()
        return
    await ack(response_action="update", view=slack_forms.waiting_view(language, said, name))


def on_its_way(deferred: Deferred, language: Language) -> str:
    """What is said at once to whoever handed in a draft; nothing for one that is handed in again."""
    wording = Wording(language)
    match deferred:
        case Deferred.TAKEN:
            return wording.say("I am reading it…")
        case Deferred.QUEUED:
            return wording.say("Many drafts are waiting; yours is in the queue and I will answer as soon as I can.")
        case Deferred.DUPLICATE:
            return ""
