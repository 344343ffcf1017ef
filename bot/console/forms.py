"""Forms: every one proves that it is ours, before anything is done that it asks for."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

CSRF = "csrf"
"""The name of the form field that holds the session's token."""
_FIELDS = 60
"""Fields that a form of ours has at most."""

Session = MutableMapping[str, Any]


class ForeignForm(Exception):
    """A form that did not come from a page of ours, or from one of a session long gone."""


def token(session: Session) -> str:
    """What a form of this session must carry."""
    return str(session.setdefault(CSRF, secrets.token_urlsafe(32)))


async def read_form(request: Request, limit: int) -> FormData:
    """The form, once it has proved to be ours. Raises `ForeignForm`; no field may be longer than `limit` bytes."""
    if not _is_from_us(request):
        raise ForeignForm
    try:
        form = await request.form(max_files=0, max_fields=_FIELDS, max_part_size=limit)
        for _, value in form.multi_items():
            str(value).encode()
    except (LookupError, UnicodeError):
        # A charset that nobody knows, or one in which half a character can be written: nothing could be kept of it.
        raise HTTPException(400) from None
    sent, expected = form.get(CSRF), request.session.get(CSRF)
    if not (isinstance(sent, str) and isinstance(expected, str)):
        raise ForeignForm
    if not hmac.compare_digest(sent.encode(errors="replace"), expected.encode()):
        raise ForeignForm
    return form


def field(form: FormData, name: str) -> str:
    """What was written in a field, with the line ends that the rest of Vaglio counts by; empty if it is not there."""
    value = form.get(name, "")
    if not isinstance(value, str):
        raise HTTPException(400)
    return value.replace("\r\n", "\n").replace("\r", "\n")


def local_path(written: str) -> str | None:
    """A path of ours to go back to; None for whatever might lead elsewhere."""
    if not written.startswith("/") or written.startswith("//") or "\\" in written or not written.isprintable():
        return None
    return written


def _is_from_us(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    # Our own pages send no referrer, and a browser then writes "null" here: that much is no sign of a stranger.
    origin = request.headers.get("origin", "null")
    try:
        return origin == "null" or urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:
        return False
