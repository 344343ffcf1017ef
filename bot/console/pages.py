"""Pages from templates: in the reader's language, everything escaped, every asset our own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.console.forms import token
from bot.console.gate import Rooms, Visitor
from bot.languages import LANGUAGES, NAMES
from bot.wording import Wording

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_YEAR = "public, max-age=31536000, immutable"

Room = Callable[[Rooms, "Pages"], None]
"""A page adds its routes."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation."""

    path: str
    name: str
    is_here: bool
    waiting: int = 0
    """What waits there for whoever visits."""


class Pages:
    """Renders the console's pages."""

    def __init__(self, rooms: Rooms, default_language: str) -> None:
        self._rooms = rooms
        self._default = default_language
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["asset"] = asset

    def language(self, request: Request) -> str:
        """What was chosen in this session, else what the browser asks for and we speak, else the default."""
        chosen = request.scope.get("session", {}).get("language")
        if chosen in LANGUAGES:
            return str(chosen)
        return _preferred(request.headers.get("accept-language", "")) or self._default

    def wording(self, request: Request) -> Wording:
        return Wording(self.language(request))

    def page(self, request: Request, name: str, *, status: int = 200, **facts: object) -> HTMLResponse:
        """The template `name`, whole or in part. Whatever `facts` say is escaped."""
        wording, session = self.wording(request), request.scope.get("session", {})
        visitor: Visitor | None = getattr(request.state, "visitor", None)
        html = self._templates.get_template(name).render(
            say=wording.say,
            language=wording.language,
            languages=NAMES,
            csrf=token(session),
            visitor=visitor,
            signed_in=visitor is not None,
            has_me=("GET", "/me") in self._rooms.audiences,
            places=self._places(visitor, request.url.path, wording) if visitor else (),
            **{"here": here(request) if visitor else "", **facts},
        )
        return HTMLResponse(html, status)

    def _places(self, visitor: Visitor, path: str, wording: Wording) -> Sequence[Place]:
        """What this visitor may open, in the order in which it is shown."""
        say, audiences = wording.say, self._rooms.audiences
        named = {
            "/try": say("Try"), "/policy": say("Policy"), "/reviews": say("Reviews"), "/audit": say("Record"),
            "/insights": say("Insights"), "/people": say("People"), "/settings": say("Settings"),
        }  # fmt: skip
        return [
            Place(each, name, path == each or path.startswith(f"{each}/"), visitor.waiting if each == "/reviews" else 0)
            for each, name in named.items()
            if ("GET", each) in audiences and visitor.is_among(audiences["GET", each])
        ]

    def notice(self, request: Request, title: str, *sentences: str, status: int) -> HTMLResponse:
        """A page, or for the preview the part of one, that says one thing kindly."""
        name = "notice_part.html" if is_part(request) else "notice.html"
        return self.page(request, name, status=status, title=title, sentences=sentences)


class Assets(StaticFiles):
    """Our own styles and scripts: kept for a year when asked for by their digest, else checked each time."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        is_pinned = scope["query_string"] == f"v={_digest(STATIC / path)}".encode()
        response.headers["Cache-Control"] = _YEAR if is_pinned else "no-cache"
        return response


def asset(name: str) -> str:
    """The address of a file under `static/`, which changes whenever the file does."""
    return f"/static/{name}?v={_digest(STATIC / name)}"


def is_part(request: Request) -> bool:
    """Whether only a part of the page is asked for, to be put into one that is open."""
    return request.headers.get("hx-request") == "true"


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def here(request: Request) -> str:
    """The page that is open, to come back to once the language is changed; of an answer to a form, its page."""
    if request.method != "GET":
        return ""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _preferred(accepted: str) -> str | None:
    """The first of our languages in an `Accept-Language` header, by its weights."""
    weighed: list[tuple[float, str]] = []
    for choice in accepted.split(","):
        tag, _, weight = choice.partition(";")
        code = tag.strip().lower().split("-")[0]
        try:
            value = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if code in LANGUAGES and value > 0:
            weighed.append((-value, code))
    return min(weighed, key=lambda choice: choice[0])[1] if weighed else None
