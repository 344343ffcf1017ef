"""Pages from templates: in the reader's language, everything escaped, every asset our own."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.console import auth
from bot.people import LANGUAGES
from bot.wording import Wording

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_YEAR = "public, max-age=31536000, immutable"
_SPOKEN = {"it": "Italiano", "en": "English"}


class Pages:
    """Renders the console's pages."""

    def __init__(self, sign_in: auth.SignIn, default_language: str) -> None:
        self._sign_in = sign_in
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
        html = self._templates.get_template(name).render(
            say=wording.say,
            language=wording.language,
            languages=_SPOKEN,
            csrf=auth.token(session),
            signed_in=self._sign_in.account(session) is not None,
            **facts,
        )
        return HTMLResponse(html, status)

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
