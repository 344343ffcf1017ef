"""What went wrong, as RFC 9457 says it: never with a word of the draft, nor with a name that the program made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

log = structlog.get_logger("vaglio.api")

MEDIA_TYPE = "application/problem+json"
Code = Literal[
    "request", "token", "nothing-here", "method", "too-large", "form", "empty", "too-long", "rate", "busy", "record",
    "not-checked",
]  # fmt: skip
_CODES: Mapping[int, Code] = {401: "token", 404: "nothing-here", 405: "method", 413: "too-large"}
_DETAILS: Mapping[Code, str] = {
    "request": "The request cannot be read: send JSON in UTF-8.",
    "token": "Send the token of a program that was let in: Authorization: Bearer vgl_...",
    "nothing-here": "There is nothing here, or it is not yours.",
    "method": "This address does not take that method.",
    "too-large": "That is more than two drafts of the greatest length. Nothing was checked.",
    "form": "The request is not of the form that openapi.json gives. Nothing was checked.",
    "busy": "Too many drafts are waiting, and this one was NOT checked. Try again in a moment.",
    "record": "The record cannot be used, and so the draft was NOT checked. Vaglio's log says more.",
    "not-checked": "Something went wrong, and the draft was NOT checked. Try again in a few minutes.",
}
_LONGEST = 20
"""Faults of one request that are told."""


class Fault(BaseModel):
    """A place in the request, and what is wrong with it."""

    model_config = ConfigDict(extra="forbid")

    field: str | None = Field(description="The field's name; null for the whole, or for one that nobody knows.")
    reason: str


class ProblemBody(BaseModel):
    """An RFC 9457 problem."""

    model_config = ConfigDict(extra="forbid", title="Problem")

    type: str = Field(description="A URN that ends in the code.")
    title: str
    status: int
    code: Code
    detail: str
    faults: list[Fault] = []
    length: int | None = Field(default=None, description="Of a draft that is too long: its characters.")
    limit: int | None = Field(default=None, description="Of a draft that is too long: how many there may be.")


class Problem(Exception):
    """Ends a request. `detail` is a sentence for people, in whichever language is asked for."""

    def __init__(
        self,
        status: int,
        code: Code,
        detail: str | None = None,
        *,
        retry_after: int | None = None,
        **more: Any,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.more = status, code, more
        self.detail = detail or _DETAILS[code]
        self.headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
        if status == 401:
            self.headers["WWW-Authenticate"] = 'Bearer realm="vaglio"'

    def response(self) -> JSONResponse:
        body = ProblemBody(
            type=f"urn:vaglio:problem:{self.code}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            code=self.code,
            detail=self.detail,
            **self.more,
        )
        unsaid = {name for name in ("length", "limit") if name not in self.more}
        said = body.model_dump(mode="json", exclude=unsaid)
        return JSONResponse(said, self.status, self.headers, MEDIA_TYPE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.response()(scope, receive, send)


def say_problems(app: FastAPI, known: frozenset[str]) -> None:
    """Every error of `app` becomes a problem; `known` are the fields that may be named."""

    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> JSONResponse:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return Problem(422, "form", faults=_faults(error.errors(), known)).response()

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        answer = Problem(error.status_code, _CODES.get(error.status_code, "request"))
        # Which methods there are, of a 405.
        answer.headers.update({name: value for name, value in (error.headers or {}).items() if name == "Allow"})
        return answer.response()

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> JSONResponse:
        # Its message may hold the draft.
        log.error("the API failed", error=type(error).__name__)
        return Problem(500, "not-checked").response()


def _faults(errors: Sequence[Any], known: frozenset[str]) -> list[Fault]:
    return [Fault(field=_field(each["loc"], known), reason=_reason(each)) for each in errors[:_LONGEST]]


def _field(place: Sequence[object], known: frozenset[str]) -> str | None:
    return next((part for part in place if isinstance(part, str) and part in known), None)


def _reason(error: Mapping[str, Any]) -> str:
    """Pydantic's own words, which tell what was expected and not what came."""
    if error["type"] == "extra_forbidden":
        return "There is no field of this name"
    if error["type"] == "json_invalid":
        return "This is not JSON"
    return str(error["msg"])
