"""Who is at the console: a link that works once, or the company's provider, opens a session."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from bot.console.forms import Session
from bot.console.sessions import Sessions, Way
from bot.people import People

OWNER = "local:owner"
"""The account of whoever opened the link on the machine itself."""
KEY_LIFE = 24 * 60 * 60
"""Seconds for which an unused link works."""
_TRIES = 10
"""Keys that one address may try in a minute."""
_MINUTE = 60.0
_ADDRESSES = 10_000
"""Whose tries are remembered."""


class Stranger(Exception):
    """Somebody who is not signed in."""


@dataclass(frozen=True, slots=True)
class Known:
    """Who a session belongs to."""

    account: str
    person: str


class SignIn:
    """The one-time link, and the sessions that are opened by it or otherwise. Thread-safe; knows keys by their hash."""

    def __init__(self, sessions: Sessions, people: People, now: Callable[[], float] = time.time) -> None:
        self.sessions = sessions
        self.now = now
        self._people = people
        self._lock = threading.Lock()
        self._key: tuple[str, float] | None = None

    def new_key(self) -> str:
        """A key for `/sign-in?key=...`; the one before it stops working."""
        key = secrets.token_urlsafe(32)
        with self._lock:
            self._key = (_hash(key), self.now() + KEY_LIFE)
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
            return self.now() < expires

    def begin(self, session: Session, account: str, way: Way) -> str:
        """Sign `account` in; their pseudonym. Nothing of the session before it remains but the language."""
        person = self._people.person(account)
        secret = self.sessions.begin(person, way, self.now())
        language = session.get("language")
        session.clear()
        session.update(account=account, id=secret, way=way)
        if language:
            session["language"] = language
        return person

    def end(self, session: Session) -> None:
        """Sign out: copies of the session's cookie stop working too."""
        self.sessions.end(str(session.get("id")))
        session.clear()

    def known(self, session: Session) -> Known | None:
        """Whose session it is; None is a stranger's, and whoever's account is not theirs any more."""
        account, secret = session.get("account"), session.get("id")
        if not isinstance(account, str) or not isinstance(secret, str):
            return None
        person = self.sessions.person(secret, self.now())
        # Linked to somebody else since, or taken away: whoever ends that person's sessions could not see this one.
        if person is None or not self._people.is_known(account) or self._people.person(account) != person:
            return None
        return Known(account, person)


class Tries:
    """How often each address has tried to get in within a minute. Thread-safe."""

    def __init__(self, now: Callable[[], float] = time.time, most: int = _TRIES) -> None:
        self._now, self._most = now, most
        self._lock = threading.Lock()
        self._tried: dict[str, deque[float]] = {}

    def admit(self, address: str) -> bool:
        """Whether one more try is let in; it counts."""
        now = self._now()
        with self._lock:
            tried = self._tried.setdefault(address, deque())
            while tried and now - tried[0] >= _MINUTE:
                tried.popleft()
            if len(tried) >= self._most:
                return False
            tried.append(now)
            if len(self._tried) > _ADDRESSES:
                # Whoever has been quiet for longest is forgotten first.
                del self._tried[min(self._tried, key=lambda each: self._tried[each][-1] if self._tried[each] else 0)]
            return True


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


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
