"""What Slack sends: mutated from what the emulator sends, through the real handlers."""

from __future__ import annotations

import copy
import json
from contextlib import AsyncExitStack
from typing import Any

import httpx
from emulators.loopback import Json
from emulators.slack import SlackEmulator
from emulators.slack_limits import live_parts
from emulators.slack_link import Ack, signed
from fastapi import FastAPI, Request, Response
from fuzzing.asking import emptied
from fuzzing.chatting import SECRET, STEERING, Chat, opened_over, said
from fuzzing.target import Target
from fuzzing.words import edits, mutated
from hypothesis import strategies as st
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler

from bot.chat.slack import SlackChat, slack_client


class _TapedSlack(SlackEmulator):
    tape: list[Json]

    async def _deliver(self, envelope: Json) -> Ack:
        self.tape.append(copy.deepcopy(envelope["payload"]))
        return await super()._deliver(envelope)


class _Slack(Chat):
    async def open(self, stack: AsyncExitStack) -> None:
        self.slack = await stack.enter_async_context(_TapedSlack())
        slack = self.slack
        slack.tape = []
        slack.users["U3"] = {"name": "carla", "locale": "fr-FR"}
        slack.channels |= {"#stampa": "C10", "#legale": "C11"}
        for user in ("U1", "U2", "U3"):
            self.house.people.person(f"slack:T1:{user}")
        chat = SlackChat(
            client=slack_client("xoxb-test", slack.api, retries=0),
            signing_secret=SECRET,
            work=self.house.work,
            desk=self.house.desk,
            clock=self.house.clock,
            cards=self.house.cards,
        )
        web, handler = FastAPI(), AsyncSlackRequestHandler(chat.app)

        @web.post("/slack/events")
        async def events(request: Request) -> Response:
            return await handler.handle(request)

        http = await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(web, raise_app_exceptions=False), base_url="http://bot")
        )

        async def deliver(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
            answer = await http.post("/slack/events", content=body, headers=headers)
            return answer.status_code, answer.content

        slack.over_http(deliver, SECRET)
        await self._recorded()

    async def _recorded(self) -> None:
        """Everything that people do here, once, as Slack sends it."""
        slack = self.slack
        for command in (
            "zibaldone un trimestre record",
            "private zibaldone",
            "new",
            "mine",
            "policy",
            "quiz",
            "language it",
            "verify ABCDEFGH",
            "",
        ):
            await slack.slash(command)
            await self.quiet()
        await slack.app_home_opened()
        await slack.message_shortcut("check_message", "zibaldone vaglietto", "U1")
        await slack.message_shortcut("check_message", "zibaldone vaglietto", "U2")
        await slack.direct_message(
            "zibaldone un trimestre record @carla <vaglietto> https://a.it", files=[{"mimetype": "image/png"}]
        )
        await self.quiet()
        await slack.press("Chiedi a: Ufficio legale")
        await self.quiet()
        await slack.global_shortcut("new_draft")
        await slack.opened()
        await slack.submit(text="zibaldone vaglietto", in_reply_to="zibaldone")
        await self.quiet()
        for user in ("U1", "U3"):
            for surface in slack.screen(user):
                for label in slack._all_labels(surface)[:6]:
                    await slack.press(label, user, on=surface)
                    await self.quiet()
                    if surface.key not in slack.surfaces:
                        break
        self.payloads, slack.tape = slack.tape[:], []
        emptied(self.log)
        slack.refused.clear()
        self.taken = 0

    async def one(self, case: tuple[Any, ...]) -> None:
        which, changes, words = case
        body = mutated(
            self.payloads[which % len(self.payloads)], [*changes, (which, "say", words, 0)] if words else changes
        )
        if not isinstance(body, dict) or isinstance(body.get("type"), list | dict):
            return
        slack = self.slack
        ways = slack._ways("U1", respond=True)
        for name, each in (("trigger_id", ways["trigger_id"]), ("event_id", f"Ev{next(slack._ids)}")):
            if isinstance(body.get(name), str) and body[name]:
                body[name] = each
        if str(body.get("response_url")).startswith(slack.url):
            body["response_url"] = ways["response_url"]
        slack.calls.clear()
        content, headers = signed(body, SECRET)
        status, said = await slack.deliver(content, headers)
        assert status in (200, 400, 401, 404, 500), status
        asking = ("users.", "auth.", "conversations.")
        await self.after(lambda: bool(said) or any(not call.method.startswith(asking) for call in slack.calls))
        # What a view showed comes back with it, from Slack alone: another one than was shown is none of ours.
        whole = self.payloads[which % len(self.payloads)].get("view")
        assert not slack.refused or body.get("view") != whole, slack.refused[0]
        slack.refused.clear()
        for call in slack.calls:
            if call.method.startswith(("chat.", "views.", "response_url")):
                shown = call.payload.get("view", call.payload)
                assert live_parts(shown) == [], "something is live"
                assert not STEERING.search(json.dumps(_spoken(shown), ensure_ascii=False)), (
                    "something steers the reader"
                )


def _spoken(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["text"].replace("\n", " ").replace("\t", " ")] if isinstance(node.get("text"), str) else []
        return own + [each for value in node.values() for each in _spoken(value)]
    return [each for value in node for each in _spoken(value)] if isinstance(node, list) else []


_events = st.tuples(st.integers(0, 200), edits, said)

TARGETS = (Target("slack", _events, opened_over(lambda folder, log: _Slack(folder, log, "slack")), few=15),)
