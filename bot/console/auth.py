"""Who is at the console: a link that works once opens a session, and every form proves that it is one of ours."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

OWNER = "local:owner"
"""The account of whoever opened the link on the machine itself."""
KEY_LIFE = 24 * 60 * 60
"""Seconds for which an unused link works."""
SESSION_LIFE = 12 * 60 * 60
"""Seconds for which a session lasts, however busy it is."""
CSRF = "csrf"
"""The name of the form field that holds the session's token."""
_FIELDS = 20
"""Fields that a form of ours has at most."""

Session = MutableMapping[str, Any]


class Stranger(Exception):
    """Somebody who is not signed in."""


class ForeignForm(Exception):
    """A form that did not come from a page of ours, or from one of a session long gone."""


class SignIn:
    """The one-time link and the sessions that it opens. Thread-safe; knows keys and sessions only by their hash."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._key: tuple[str, float] | None = None
        # A signed cookie cannot be called back, so the ended ones are remembered until they would have expired.
        self._ended: dict[str, float] = {}

    def new_key(self) -> str:
        """A key for `/sign-in?key=...`; the one before it stops working."""
        key = secrets.token_urlsafe(32)
        with self._lock:
            self._key = (_hash(key), self._now() + KEY_LIFE)
        return key

    def use(self, key: str) -> bool:
        """Whether `key` opens the door. It does so once."""
        with self._lock:
            if self._key is None:
                return False
            known, expires = self._key
            if not hmac.compare_digest(_hash(key), known):
                return False
            self._key = None
            return self._now() < expires

    def begin(self, session: Session, account: str) -> None:
        """Sign `account` in. Nothing of the session before it remains but the language."""
        language = session.get("language")
        session.clear()
        session.update(account=account, id=secrets.token_urlsafe(16), since=self._now())
        if language:
            session["language"] = language

    def end(self, session: Session) -> None:
        """Sign out: copies of the session's cookie stop working too."""
        now = self._now()
        with self._lock:
            self._ended = {id: until for id, until in self._ended.items() if until > now}
            if "id" in session:
                self._ended[_hash(str(session["id"]))] = now + SESSION_LIFE
        session.clear()

    def account(self, session: Session) -> str | None:
        """Who is signed in, such as `local:owner`; None is a stranger."""
        account, since = session.get("account"), session.get("since")
        if not isinstance(account, str) or not isinstance(since, int | float):
            return None
        with self._lock:
            has_ended = _hash(str(session.get("id"))) in self._ended
        return None if has_ended or self._now() - since >= SESSION_LIFE else account

    def require(self, request: Request) -> str:
        """The account of whoever asks. Raises `Stranger`."""
        account = self.account(request.session)
        if account is None:
            raise Stranger
        return account


def token(session: Session) -> str:
    """What a form of this session must carry."""
    return str(session.setdefault(CSRF, secrets.token_urlsafe(32)))


async def read_form(request: Request, limit: int) -> FormData:
    """The form, once it has proved to be ours. Raises `ForeignForm`; no field may be longer than `limit` bytes."""
    if not _is_from_us(request):
        raise ForeignForm
    try:
        form = await request.form(max_files=0, max_fields=_FIELDS, max_part_size=limit)
    except (LookupError, UnicodeError):
        raise HTTPException(400) from None  # a charset that nobody knows
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


def is_loopback(name: str) -> bool:
    """Whether a host's name or address means this very machine."""
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def is_on_this_machine(request: Request) -> bool:
    """Whether the request comes from this machine and no proxy here has passed it on for somebody else."""
    passed_on = any(name in request.headers for name in ("forwarded", "x-forwarded-for"))
    return request.client is not None and is_loopback(request.client.host) and not passed_on


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


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
