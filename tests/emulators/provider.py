"""A provider of OpenID Connect on loopback: discovery, codes bound to PKCE, tokens signed with a key of its own."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "client-1", "a client's secret"
TEAM, USER = "https://slack.com/team_id", "https://slack.com/user_id"


@dataclass
class Faults:
    """How the next answers go wrong; each stays so until it is put right."""

    claims: dict[str, Any] = field(default_factory=dict)
    """In place of what the token would say; None: left out."""
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = None
    """What the token is signed with, in place of the key that is told to everybody."""
    tamper: bool = False
    denied: str = ""
    """An error of the protocol, in place of a code."""
    status: int = 200
    """Of the token's address."""
    answer: Any = None
    """What it answers instead, as JSON."""
    broken: str = ""
    """What discovery says of itself is changed: `issuer`, `token_endpoint`, `json`."""


class Provider:
    """Runs on a thread of its own. `person` is who signs in there next."""

    def __init__(self) -> None:
        self.keys = [RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})]
        self.faults = Faults()
        self.person: dict[str, Any] = {"sub": "person-1", "email": "anna@acme.example", "email_verified": True}
        self.asked: list[str] = []
        self.slack = False
        self._codes: dict[str, dict[str, str]] = {}
        self._started = threading.Event()

    def __enter__(self) -> Provider:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._discovery),
                web.get("/authorize", self._authorize),
                web.post("/token", self._token),
                web.get("/keys", self._jwks),
            ]
        )
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    def turn_keys(self) -> None:
        """A new key in place of the one so far."""
        self.keys = [RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})]

    async def _discovery(self, request: web.Request) -> web.Response:
        self.asked.append("discovery")
        if self.faults.broken == "json":
            return web.Response(text="<html>")
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"] if self.slack else ["client_secret_basic"],
        }
        if self.faults.broken:
            said[self.faults.broken] = "http://evil.example/x"
        return web.json_response(said)

    async def _jwks(self, request: web.Request) -> web.Response:
        self.asked.append("keys")
        return web.json_response(KeySet(self.keys).as_dict(private=False))

    async def _authorize(self, request: web.Request) -> web.Response:
        """As if somebody were signed in there and said yes at once."""
        asked = dict(request.query)
        back = {"state": asked["state"]}
        if self.faults.denied:
            back["error"] = self.faults.denied
        else:
            back["code"] = secrets.token_urlsafe(16)
            self._codes[back["code"]] = asked
        return web.Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{urlencode(back)}"})

    async def _token(self, request: web.Request) -> web.Response:
        self.asked.append("token")
        if self.faults.status != 200:
            return web.Response(status=self.faults.status, text="out of order")
        if self.faults.answer is not None:
            return web.json_response(self.faults.answer)
        form = dict(await request.post())
        # A code is good once, for who has the verifier, and for the client whose it is.
        asked = self._codes.pop(str(form.get("code")), None)
        digest = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_ours = self._client(request, form) == (CLIENT, SECRET)
        if (
            not is_ours
            or asked is None
            or asked["code_challenge"] != challenge
            or asked["code_challenge_method"] != "S256"
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = self._signed(asked["nonce"])
        return web.json_response({"access_token": "a", "token_type": "Bearer", "id_token": token})

    def _client(self, request: web.Request, form: dict[str, Any]) -> tuple[str, str]:
        header = request.headers.get("Authorization", "")
        if header.startswith("Basic ") and not self.slack:
            name, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
            return name, secret
        return str(form.get("client_id")), str(form.get("client_secret"))

    def _by_hand(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """What no library would write: unsigned, or "signed" with the public key, which everybody has."""
        signed = b".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
        key = self.keys[0].as_pem(private=False)
        signature = hmac.digest(key, signed, "sha256") if header["alg"] == "HS256" else b""
        return (signed + b"." + _encoded(signature)).decode()

    def _signed(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.person,
            **self.faults.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": self.keys[0].kid, **self.faults.header}
        if header["alg"] in ("none", "HS256"):
            return self._by_hand(header, claims)
        key = self.faults.key or self.keys[0]
        token = jwt.encode(header, claims, key, algorithms=[header["alg"]])
        if not self.faults.tamper:
            return token
        head, _, signature = token.split(".")
        other = jwt.encode(header, {**claims, "sub": "somebody else"}, key, algorithms=[header["alg"]]).split(".")[1]
        return f"{head}.{other}.{signature}"


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def asked_for(url: str) -> dict[str, str]:
    """What the address to which somebody is sent says."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
