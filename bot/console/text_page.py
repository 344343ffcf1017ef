"""A policy's file as text: CodeMirror where there is a script, a field where there is none; checked in place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.console.forms import field
from bot.console.gate import Visitor
from bot.console.pages import Pages
from bot.console.proposal_shown import Fault, faults_of, refusal
from bot.proposals.proposals import Proposals
from bot.proposals.proposed import File, ProposalError
from bot.wording import Wording
from rules.localized import say
from rules.policy import schema
from rules.problems import PolicyError


@dataclass(frozen=True, slots=True)
class TextPage:
    """What the page's routes need."""

    pages: Pages
    proposals: Proposals
    now: Callable[[], datetime]

    async def open(self, request: Request, visitor: Visitor) -> Response:
        file = await asyncio.to_thread(self._file, request.path_params["id"], request.query_params.get("file", ""))
        line = request.query_params.get("line", "")
        return await self._page(request, file, file.text, line=line if line.isdecimal() and len(line) < 8 else "0")

    async def save(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Also what does not load yet: it cannot be published, and is told what is wrong."""
        id, wording, name = request.path_params["id"], self.pages.wording(request), field(form, "file")
        file = await asyncio.to_thread(self._file, id, name)
        text = _as_before(field(form, "text"), file)
        facts = {"upon": field(form, "version"), "person": visitor.person, "at": self.now()}
        try:
            await asyncio.to_thread(lambda: self.proposals.edit(id, file.name, text, **facts))  # type: ignore[arg-type]
        except ProposalError as error:
            return await self._page(request, file, text, wrong=refusal(error, wording))
        if await asyncio.to_thread(self._faults, id, file, text, wording.language):
            return RedirectResponse(f"/policy/proposals/{id}/text?file={quote(file.name)}&said=faults", 303)
        return RedirectResponse(f"/policy/proposals/{id}?said=saved", 303)

    async def check(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """What is wrong with a text that is not saved, as JSON for the editor."""
        id = request.path_params["id"]
        file = await asyncio.to_thread(self._file, id, field(form, "file"))
        text = _as_before(field(form, "text"), file)
        faults = await asyncio.to_thread(self._faults, id, file, text, self.pages.language(request))
        problems = [
            {
                "line": one.line, "column": one.column, "file": one.shown, "here": one.name == file.name,
                "message": one.message,
            }
            for one in faults
        ]  # fmt: skip
        return JSONResponse({"ok": not problems, "problems": problems})

    async def words(self, request: Request, visitor: Visitor) -> Response:
        """What the editor completes by: the schema, and the policy's own ids."""
        return JSONResponse(
            await asyncio.to_thread(self._words, request.path_params["id"], self.pages.language(request))
        )

    async def _page(self, request: Request, file: File, text: str, *, line: str = "0", wrong: str = "") -> Response:
        id, wording = request.path_params["id"], self.pages.wording(request)
        return self.pages.page(
            request,
            "policy_text.html",
            status=409 if wrong else 200,
            id=id,
            file=file,
            text=text,
            line=line,
            wrong=wrong,
            said=request.query_params.get("said", ""),
            faults=await asyncio.to_thread(self._faults, id, file, text, wording.language),
            phrases=_phrases(wording),
        )

    def _file(self, id: str, name: str) -> File:
        """By its name; without one, the policy itself. Raises a 404."""
        try:
            files = self.proposals.files(id)
        except ProposalError:
            raise HTTPException(404) from None
        found = next((file for file in files if file.name == name), None) if name else files[0]
        if found is None:
            raise HTTPException(404)
        return found

    def _faults(self, id: str, file: File, text: str, language: str) -> list[Fault]:
        try:
            self.proposals.policy(id, {file.name: text})
        except PolicyError as error:
            return faults_of(error.problems, language)
        return []

    def _words(self, id: str, language: str) -> dict[str, object]:
        found: dict[str, object] = {"schema": _schema(), "clauses": [], "owners": [], "rules": []}
        for read in (self.proposals.policy, self.proposals.before):
            try:
                policy = read(id)
            except ProposalError:
                raise HTTPException(404) from None
            except PolicyError:  # the one it builds on has most of its words; without either, the schema is left
                continue
            return found | {
                "clauses": [{"id": one.id, "title": say(one.title, language)} for one in policy.clauses],
                "owners": [{"id": one.id, "title": say(one.name, language)} for one in policy.owners],
                "rules": [{"id": one.id, "title": say(one.message, language)} for one in policy.rules],
            }
        return found


@cache
def _schema() -> dict[str, object]:
    return schema()


def _as_before(text: str, file: File) -> str:
    """With the line ends that the file has; a browser sends its own."""
    return text.replace("\n", "\r\n") if "\r\n" in file.text else text


def _phrases(wording: Wording) -> dict[str, str]:
    """What CodeMirror itself says."""
    say = wording.say
    return {
        "Find": say("Find"), "Replace": say("Replace"), "next": say("next one"), "previous": say("previous"),
        "all": say("all of them"), "match case": say("capitals count"), "regexp": say("pattern"),
        "by word": say("whole words"), "replace": say("replace it"), "replace all": say("replace all"),
        "close": say("close"), "Diagnostics": say("What is wrong"), "No diagnostics": say("Nothing is wrong"),
        "Completions": say("What could stand here"),
    }  # fmt: skip
